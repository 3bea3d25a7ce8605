"""The context of meetings: bots and their status changes, also of meetings that were not recorded.

They belong to no day, so one unpartitioned step updates them, in a job of its own. The check of missed meetings is
evaluated in the same step, after every pass.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import dagster as dg
from pydantic import Field
from sqlalchemy import Connection
from sqlmodel import SQLModel

from meeting_assets.core.coroutines import run_coroutine
from meeting_assets.core.ids import canonical_uuid
from meeting_assets.core.instants import now
from meeting_assets.health.bot_checks import bot_checks
from meeting_assets.health.check import Check, Violations
from meeting_assets.orchestration.assets.checks import check_result, check_spec
from meeting_assets.orchestration.assets.materializations import ROW_COUNT, materialization
from meeting_assets.orchestration.assets.raw import POOL
from meeting_assets.orchestration.assets.specs import FRESHNESS, table_spec
from meeting_assets.orchestration.resources import storage_key, storage_of
from meeting_assets.orchestration.runs import RETRY_WHOLE, dagster_instance
from meeting_assets.orchestration.workspace import DEFAULT, MEETING_CONTEXT, Workspace
from meeting_assets.pipeline.bots import bot_count, change_count
from meeting_assets.pipeline.bots_pass import BotsReport, sync_bots
from meeting_assets.pipeline.bots_probe import are_bots_current
from meeting_assets.pipeline.storage import Storage, access_of, bind_origin
from meeting_assets.schema.bots import Bots, BotStatusChanges
from meeting_assets.settings import Settings
from meeting_assets.store.database import table_of
from meeting_assets.webhooks import object_inbox
from meeting_assets.webhooks.event import BOT, CALENDAR
from meeting_assets.webhooks.object_inbox import ObjectMessage, ids_of

GROUP = "context"
STEP = "context_objects"
JOB = MEETING_CONTEXT
CONTEXT_VERSION = "1"
TABLES: tuple[type[SQLModel], ...] = (Bots, BotStatusChanges)
MAX_AGE = timedelta(hours=20)
"""A sync runs the job after this time in any case: meetings stop being missed last week, and assets must stay fresh."""


class ContextConfig(dg.Config):
    """Run config of the step. By default a run lists new bots, and retrieves those that had not ended."""

    bot_ids: list[str] = Field(
        default=[], description="Retrieve only these bots, by their ids at Recall.ai, and list none. Empty: all bots."
    )
    only_webhooks: bool = Field(
        default=False, description="Retrieve only the bots of unhandled webhook messages, and list none."
    )


def context_config(workspace: Workspace = DEFAULT, *, only_webhooks: bool = False) -> dict[str, Any]:
    """Run config of a run whose step has this `ContextConfig`."""
    return {"ops": {workspace.named(STEP): {"config": {"only_webhooks": only_webhooks}}}}


def context_assets(database: str, workspace: Workspace) -> dg.AssetsDefinition:
    """Defines bots and their status changes."""
    checks = bot_checks()

    @dg.multi_asset(
        name=workspace.named(STEP),
        specs=[
            table_spec(
                table,
                workspace,
                database=database,
                group_name=workspace.group(GROUP),
                code_version=CONTEXT_VERSION,
                freshness_policy=FRESHNESS,
            )
            for table in TABLES
        ],
        check_specs=[check_spec(check, workspace) for check in checks],
        pool=workspace.named(POOL),
        required_resource_keys={storage_key(workspace)},
    )
    def _update(
        context: dg.AssetExecutionContext, config: ContextConfig
    ) -> Iterable[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        with storage_of(context, workspace).open_storage() as (settings, opened_storage):
            bind_origin(opened_storage, settings)
            report = _update_bots(opened_storage, settings, config)
            with opened_storage.database.reading() as connection:
                counts = row_counts(connection)
                violations = _violations(connection, checks)
        for table, row_count in counts.items():
            yield materialization(
                context,
                workspace.key(table_of(table).name),
                run_metadata=run_metadata(report),
                table_metadata={ROW_COUNT: row_count},
            ).result
        for check, found in violations:
            yield check_result(workspace.key(check.table), check, found)

    return _update


def context_job(assets: Sequence[dg.AssetsDefinition], workspace: Workspace = DEFAULT) -> Any:
    """The job that updates the context of meetings: bots, and calendars where they are on."""
    return dg.define_asset_job(
        workspace.named(JOB),
        selection=dg.AssetSelection.assets(*assets),
        executor_def=dg.in_process_executor,
        tags=RETRY_WHOLE,
        description="Stores new bots, status changes and calendar events, and evaluates the check of missed meetings.",
    )


def is_context_due(storage: Storage, settings: Settings, workspace: Workspace = DEFAULT) -> bool:
    """False if a run of the job would change nothing, and its last one is recent.

    perf: a run takes 0.5 s of processor time, asking the API whether it is needed 0.1 s (benchmarks idle)
    """
    if settings.calendar or not _is_recent(workspace):
        return True
    return not run_coroutine(are_bots_current(storage, access_of(settings)))


def _is_recent(workspace: Workspace) -> bool:
    """Whether Dagster shows a materialization of bots that is at most `MAX_AGE` old."""
    with dagster_instance() as instance:
        latest = instance.get_latest_materialization_event(workspace.key(table_of(Bots).name))
    return latest is not None and latest.timestamp > (now() - MAX_AGE).timestamp()


def run_metadata(report: BotsReport) -> dict[str, Any]:
    """Totals of a run: bots by result, list calls, and seconds."""
    return {
        "new": report.new,
        "retrieved": report.retrieved,
        "gone": report.gone,
        "unreadable": report.unreadable,
        "failed": len(report.failed),
        "list_calls": report.list_calls,
        "bots_s": report.bots_s,
    }


def row_counts(connection: Connection) -> dict[type[SQLModel], int]:
    """The row count of each table."""
    return {Bots: bot_count(connection), BotStatusChanges: change_count(connection)}


def _update_bots(storage: Storage, settings: Settings, config: ContextConfig) -> BotsReport:
    """Runs a pass over the bots, or retrieves the bots of webhook messages and marks these messages as handled."""
    access = access_of(settings)
    if not config.only_webhooks:
        return run_coroutine(sync_bots(storage, access, [canonical_uuid(each) for each in config.bot_ids]))
    messages = _unhandled(storage, BOT)
    bot_ids = {message.object_id for message in messages}
    report = run_coroutine(sync_bots(storage, access, bot_ids)) if bot_ids else BotsReport()
    handled = [message for message in messages if message.object_id not in report.failed]
    if not settings.calendar:
        # Otherwise the calendar step marks them, after its pass.
        handled += _unhandled(storage, CALENDAR)
    storage.database.write(partial(object_inbox.mark_handled, message_ids=ids_of(handled), at=now()))
    return report


def _unhandled(storage: Storage, family: str) -> list[ObjectMessage]:
    return storage.database.read(partial(object_inbox.unhandled, family=family))


def _violations(connection: Connection, checks: Iterable[Check]) -> list[tuple[Check, Violations]]:
    return [(check, check.violations(connection, now())) for check in checks]
