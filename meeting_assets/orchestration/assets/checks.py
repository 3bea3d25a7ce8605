"""Asset checks: the claims of `health`, one step per group, each check about the asset its claim speaks of.

They have no partitions and read none: Dagster shows a check's last evaluation, and one about a day would hide another's
fault.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import dagster as dg

from meeting_assets.core.instants import now
from meeting_assets.health.check import Check, Violation, Violations
from meeting_assets.health.ledger_checks import ledger_checks
from meeting_assets.health.metric_checks import metric_checks
from meeting_assets.health.table_checks import table_checks
from meeting_assets.orchestration.resources import StorageResource

CHECK_TABLES = "check_tables"
_COLUMNS = dg.TableSchema(
    [
        dg.TableColumn("recording_id", description="the API's id of the recording"),
        dg.TableColumn("day", description="the partition it belongs to"),
        dg.TableColumn("about", description="the kind of artifact, or the table"),
        dg.TableColumn("place", description="where in the payload or the table, or since when"),
    ]
)

Key = dg.AssetCheckKey


def ledger_check_step() -> dg.AssetChecksDefinition:
    """What costs little to ask, at the end of every run."""
    return claim_checks("ledger_claims", ledger_checks())


def table_check_step() -> dg.AssetChecksDefinition:
    """What walks whole tables, in a job of its own."""
    return claim_checks("table_claims", [*table_checks(), *metric_checks()])


def check_tables_job(checks: dg.AssetChecksDefinition) -> Any:
    """The job that asks the claims about whole tables and materializes nothing."""
    return dg.define_asset_job(
        CHECK_TABLES,
        selection=dg.AssetSelection.checks(checks),
        description="Walks all tables for rows that contradict each other. A minute at fifty million words.",
    )


def claim_checks(name: str, claims: Sequence[Check]) -> dg.AssetChecksDefinition:
    """One step that evaluates claims, or those of them that are selected."""
    by_key = {Key(dg.AssetKey(claim.table), claim.name): claim for claim in claims}

    @dg.multi_asset_check(
        name=name,
        specs=[
            dg.AssetCheckSpec(key.name, asset=key.asset_key, description=claim.description)
            for key, claim in by_key.items()
        ],
        can_subset=True,
    )
    def _evaluate(context: dg.AssetCheckExecutionContext, storage: StorageResource) -> Iterable[dg.AssetCheckResult]:
        with storage.open_storage() as (_, place), place.database.reading() as connection:
            broken = {
                key: claim.violations(connection, now())
                for key, claim in by_key.items()
                if key in context.selected_asset_check_keys
            }
        for key, found in broken.items():
            yield _result(key, by_key[key], found)

    return _evaluate


def _result(key: dg.AssetCheckKey, claim: Check, broken: Violations) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=broken.count == 0,
        severity=dg.AssetCheckSeverity.ERROR if claim.is_error else dg.AssetCheckSeverity.WARN,
        metadata={"broken": broken.count} | ({"newest": _table(broken.newest)} if broken.newest else {}),
    )


def _table(breaches: Iterable[Violation]) -> dg.TableMetadataValue:
    return dg.MetadataValue.table(
        [
            dg.TableRecord(
                {
                    "recording_id": breach.recording_id,
                    "day": breach.day.isoformat() if breach.day else None,
                    "about": breach.source,
                    "place": breach.location,
                }
            )
            for breach in breaches
        ],
        schema=_COLUMNS,
    )
