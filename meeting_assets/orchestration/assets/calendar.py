"""The calendar step: events of connected calendars and their invitees, if MEETING_ASSETS_CALENDAR is on."""

from collections.abc import Iterable
from dataclasses import asdict
from functools import partial
from typing import Any

import dagster as dg

from meeting_assets.core.instants import now
from meeting_assets.orchestration.assets.materializations import DATA_VERSION, materializations
from meeting_assets.orchestration.assets.specs import database_kind, table_spec
from meeting_assets.orchestration.resources import storage_key, storage_of
from meeting_assets.orchestration.workspace import Workspace
from meeting_assets.pipeline.calendar import CALENDAR_VERSION, CalendarReport, row_counts, rows_version, update_calendar
from meeting_assets.pipeline.storage import Storage, access_of, bind_origin
from meeting_assets.schema.bots import Bots
from meeting_assets.schema.calendar import CalendarEvents, CalendarInvitees
from meeting_assets.settings import Settings
from meeting_assets.store.database import table_of
from meeting_assets.webhooks import object_inbox
from meeting_assets.webhooks.event import CALENDAR

GROUP = "context"
STEP = "calendar"
TABLES = (CalendarEvents, CalendarInvitees)


def calendar_assets(settings: Settings, workspace: Workspace) -> list[dg.AssetsDefinition]:
    """The definition of the calendar step; empty if the setting is off."""
    if not settings.calendar:
        return []

    @dg.multi_asset(
        name=workspace.named(STEP),
        specs=[
            table_spec(
                table,
                workspace,
                database=database_kind(settings),
                group_name=workspace.group(GROUP),
                code_version=CALENDAR_VERSION,
                # Events are linked to the bots that are stored before.
                deps=[workspace.key(table_of(Bots).name)],
            )
            for table in TABLES
        ],
        required_resource_keys={storage_key(workspace)},
    )
    def _update(context: dg.AssetExecutionContext) -> Iterable[dg.MaterializeResult[None]]:
        with storage_of(context, workspace).open_storage() as (settings, opened_storage):
            bind_origin(opened_storage, settings)
            report = _update_calendar(opened_storage, settings)
            counts = opened_storage.database.read(row_counts)
            version = opened_storage.database.read(rows_version)
        yield from materializations(context, workspace, _totals(report), counts, {}, {DATA_VERSION: version})

    return [_update]


def _update_calendar(storage: Storage, settings: Settings) -> CalendarReport:
    """Runs a calendar pass, and marks the webhook messages as handled that were received before it.

    A pass that raises leaves them, so that the sensor requests another run.
    """
    messages = storage.database.read(partial(object_inbox.unhandled, family=CALENDAR))
    report = update_calendar(storage, access_of(settings))
    if messages:
        handled = object_inbox.ids_of(messages)
        storage.database.write(partial(object_inbox.mark_handled, message_ids=handled, at=now()))
    return report


def _totals(report: CalendarReport) -> dict[str, Any]:
    """Totals of a run. Faults name events by their ids."""
    totals = asdict(report) | {"faults": "\n".join(report.faults)}
    return {name: value for name, value in totals.items() if value not in ("", None)}
