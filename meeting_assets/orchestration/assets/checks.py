"""Asset checks: one step evaluates the checks of `health`.

Checks are not partitioned: Dagster shows only the last evaluation, so the evaluation of one day would hide the
violations of another. Dagster shows a check as not evaluated after the next run of its asset. Every run of
`sync_recordings` therefore evaluates all checks, but reads only recordings whose result can differ from the last one
(`evaluations`).
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import dagster as dg

from meeting_assets.core.instants import now
from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.health.check import Check, Violations
from meeting_assets.health.ledger_checks import ledger_checks
from meeting_assets.health.media_checks import media_checks
from meeting_assets.health.metric_checks import metric_checks
from meeting_assets.health.table_checks import table_checks
from meeting_assets.orchestration.assets.evaluations import (
    IS_PARTIAL,
    NEWEST,
    READ_AT,
    VIOLATIONS,
    Evaluation,
    Evaluator,
    last_evaluation,
    violation_table,
)
from meeting_assets.orchestration.assets.partitions import days_of_run
from meeting_assets.orchestration.resources import storage_key, storage_of
from meeting_assets.orchestration.workspace import CHECK_TABLES, DEFAULT, Workspace

Key = dg.AssetCheckKey


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


def check_step(media_kinds: Collection[MediaKind], workspace: Workspace = DEFAULT) -> dg.AssetChecksDefinition:
    """The step that evaluates the selected checks. It is the last one of every run of `sync_recordings`.

    `media_kinds` are the kinds of media that are downloaded.
    """
    by_key = {
        Key(workspace.key(check.table), check.name): (check, evaluate)
        for checks, evaluate in (
            ([*ledger_checks(), *media_checks(media_kinds)], _of_all),
            (metric_checks(), Evaluator.of_days),
            (table_checks(), Evaluator.of_written),
        )
        for check in checks
    }

    @dg.multi_asset_check(
        name=workspace.named("run_checks"),
        specs=[check_spec(check, workspace) for check, _ in by_key.values()],
        can_subset=True,
        required_resource_keys={storage_key(workspace)},
    )
    def _evaluate(context: dg.AssetCheckExecutionContext) -> Iterable[dg.AssetCheckResult]:
        selected = [key for key in by_key if key in context.selected_asset_check_keys]
        days = days_of_run(context.run)
        # Before the transaction, whose reads begin after the last evaluation that is known here.
        compared = [key for key in selected if days and by_key[key][1] is not _of_all]
        last = {key: last_evaluation(context.instance, key) for key in compared}
        with (
            storage_of(context, workspace).open_storage() as (_, opened_storage),
            opened_storage.database.reading() as connection,
        ):
            evaluator = Evaluator(connection, now(), days)
            found = {key: by_key[key][1](evaluator, by_key[key][0], last.get(key)) for key in selected}
        for key, evaluation in found.items():
            yield check_result(
                key.asset_key,
                by_key[key][0],
                evaluation.violations,
                description=evaluation.scope,
                metadata={READ_AT: dg.MetadataValue.timestamp(evaluator.read_at)}
                | ({IS_PARTIAL: True} if evaluation.is_partial else {}),
            )

    return _evaluate


def _of_all(evaluator: Evaluator, check: Check, _last: dg.AssetCheckEvaluation | None) -> Evaluation:
    return evaluator.of_all(check)


def check_spec(check: Check, workspace: Workspace) -> dg.AssetCheckSpec:
    """The spec of a check of a workspace."""
    return dg.AssetCheckSpec(check.name, asset=workspace.key(check.table), description=check.description)


def check_result(
    asset_key: dg.AssetKey,
    check: Check,
    violations: Violations,
    *,
    description: str | None = None,
    metadata: Mapping[str, Any] = {},
) -> dg.AssetCheckResult:
    """The result of an evaluation in Dagster, with numbers and places but without names and titles."""
    newest = {NEWEST: violation_table(violations.newest)} if violations.newest else {}
    return dg.AssetCheckResult(
        asset_key=asset_key,
        check_name=check.name,
        passed=violations.count == 0,
        severity=dg.AssetCheckSeverity.ERROR if check.is_error else dg.AssetCheckSeverity.WARN,
        description=description,
        metadata={VIOLATIONS: violations.count, **violations.count_by_source, **newest, **metadata},
    )
