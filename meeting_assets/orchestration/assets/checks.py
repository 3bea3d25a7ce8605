"""Asset checks: each of two steps evaluates checks of `health`.

Checks are not partitioned: Dagster shows only the last evaluation, so the evaluation of one day would hide the
violations of another. Dagster shows a check as not evaluated after the next run of its asset. Every run therefore
evaluates the checks of the ledger and of the metrics. For metrics, a run reads the recordings of its days only, if the
check passed before: no other rows can have changed.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import dagster as dg

from meeting_assets.core.instants import now
from meeting_assets.health.check import Check, Violation, Violations
from meeting_assets.health.ledger_checks import ledger_checks
from meeting_assets.health.media_checks import media_checks
from meeting_assets.health.metric_checks import metric_checks
from meeting_assets.health.table_checks import table_checks
from meeting_assets.orchestration.assets.partitions import days_of_run
from meeting_assets.orchestration.resources import storage_key, storage_of
from meeting_assets.orchestration.workspace import CHECK_TABLES, DEFAULT, Workspace

MAX_EVALUATIONS_READ = 5
VIOLATIONS = "violations"
"""Metadata key of the number of violations."""
_COLUMNS = dg.TableSchema(
    [
        dg.TableColumn("recording_id", description="id of the recording at Recall.ai"),
        dg.TableColumn("day", description="partition of the recording"),
        dg.TableColumn("about", description="kind of artifact, table, or category of a missed meeting"),
        dg.TableColumn("location", description="position in the payload or table, or start of the violation"),
    ]
)

Key = dg.AssetCheckKey


def run_check_step(workspace: Workspace = DEFAULT) -> dg.AssetChecksDefinition:
    """The checks of the ledger and of the metrics, which every run of days evaluates at its end."""
    return check_step("run_checks", [*ledger_checks(), *media_checks(), *metric_checks()], workspace)


def table_check_step(workspace: Workspace = DEFAULT) -> dg.AssetChecksDefinition:
    """The checks that read all rows of large tables. They run at night."""
    return check_step("table_checks", table_checks(), workspace)


def check_tables_job(*checks: dg.AssetChecksDefinition, workspace: Workspace = DEFAULT) -> Any:
    """The job that evaluates all checks for all recordings, and materializes nothing."""
    return dg.define_asset_job(
        workspace.named(CHECK_TABLES),
        selection=dg.AssetSelection.checks(*checks),
        executor_def=dg.in_process_executor,
        description=(
            "Evaluates all checks for all recordings, and checks that yesterday was ingested. Takes about "
            "a minute for 50 million words."
        ),
    )


def check_step(name: str, checks: Sequence[Check], workspace: Workspace = DEFAULT) -> dg.AssetChecksDefinition:
    """One step that evaluates the selected checks."""
    by_key = {Key(workspace.key(check.table), check.name): check for check in checks}
    of_metrics = {Key(workspace.key(check.table), check.name) for check in metric_checks()}

    @dg.multi_asset_check(
        name=workspace.named(name),
        specs=[check_spec(check, workspace) for check in by_key.values()],
        can_subset=True,
        required_resource_keys={storage_key(workspace)},
    )
    def _evaluate(context: dg.AssetCheckExecutionContext) -> Iterable[dg.AssetCheckResult]:
        selected = [key for key in by_key if key in context.selected_asset_check_keys]
        days = days_of_run(context.run)
        passed = passed_before(context.instance, of_metrics.intersection(selected)) if days else frozenset()
        with (
            storage_of(context, workspace).open_storage() as (_, opened_storage),
            opened_storage.database.reading() as connection,
        ):
            violations = {
                key: by_key[key].violations(connection, now(), days if key in passed else None) for key in selected
            }
        for key, found in violations.items():
            yield check_result(key.asset_key, by_key[key], found)

    return _evaluate


def check_spec(check: Check, workspace: Workspace) -> dg.AssetCheckSpec:
    """The spec of a check of a workspace."""
    return dg.AssetCheckSpec(check.name, asset=workspace.key(check.table), description=check.description)


def passed_before(instance: dg.DagsterInstance, keys: Iterable[dg.AssetCheckKey]) -> frozenset[dg.AssetCheckKey]:
    """The checks whose last evaluation passed."""
    return frozenset(key for key in keys if (last := last_evaluation(instance, key)) is not None and last.passed)


def last_evaluation(instance: dg.DagsterInstance, key: dg.AssetCheckKey) -> dg.AssetCheckEvaluation | None:
    """The last evaluation of a check; plans of runs that are in progress or have died are no evaluations."""
    records = instance.event_log_storage.get_asset_check_execution_history(key, MAX_EVALUATIONS_READ)
    return next((each.evaluation for each in records if isinstance(each.evaluation, dg.AssetCheckEvaluation)), None)


def check_result(asset_key: dg.AssetKey, check: Check, violations: Violations) -> dg.AssetCheckResult:
    """The result of an evaluation in Dagster, with numbers and places but without names and titles."""
    return dg.AssetCheckResult(
        asset_key=asset_key,
        check_name=check.name,
        passed=violations.count == 0,
        severity=dg.AssetCheckSeverity.ERROR if check.is_error else dg.AssetCheckSeverity.WARN,
        metadata={VIOLATIONS: violations.count, **violations.count_by_source}
        | ({"newest": _table(violations.newest)} if violations.newest else {}),
    )


def _table(violations: Iterable[Violation]) -> dg.TableMetadataValue:
    return dg.MetadataValue.table(
        [
            dg.TableRecord(
                {
                    "recording_id": violation.recording_id,
                    "day": violation.day.isoformat() if violation.day else None,
                    "about": violation.source,
                    "location": violation.location,
                }
            )
            for violation in violations
        ],
        schema=_COLUMNS,
    )
