"""Nightly schedules: reconciliation of days with the API, and the checks that scan whole tables."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import date, timedelta

import dagster as dg

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.errors import ApiError, SettingsError
from meeting_assets.core.instants import now
from meeting_assets.orchestration.assets.ingestion_check import NIGHTLY_RECONCILIATION
from meeting_assets.orchestration.assets.partitions import range_tags
from meeting_assets.orchestration.resources import apply_settings
from meeting_assets.orchestration.run_tags import for_this_database
from meeting_assets.orchestration.runs import JOB, LONGEST_RUN_S, MAX_RUNTIME
from meeting_assets.orchestration.triggers.finished_recordings import BUDGET_S, sensor_access
from meeting_assets.orchestration.triggers.run_requests import request_for
from meeting_assets.orchestration.workspace import CHECK_TABLES, Workspace
from meeting_assets.pipeline.derive import days_of_outdated_metrics
from meeting_assets.pipeline.listing_pass import ListingPass
from meeting_assets.pipeline.missing_pages import days_without_pages
from meeting_assets.pipeline.pending_recordings import list_arrivals
from meeting_assets.pipeline.search_index import days_of_outdated_index
from meeting_assets.pipeline.storage import Storage, bind_origin, open_storage
from meeting_assets.publications.pages import PAGES_VERSION
from meeting_assets.settings import Settings
from meeting_assets.store import absence, worklist

LAST_DAYS = 7
MAX_OUTDATED_DAYS = 30
MAX_UNCONFIRMED = 500


def nightly_checks(workspace: Workspace) -> dg.ScheduleDefinition:
    """Defines the schedule of the checks."""
    return dg.ScheduleDefinition(
        name=workspace.named("nightly_checks"),
        job_name=workspace.named(CHECK_TABLES),
        cron_schedule="0 5 * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=(
            "Evaluates the checks that scan whole tables, and whether yesterday was ingested. Every sync evaluates the "
            "checks of the ledger."
        ),
    )


def nightly_reconciliation(days: dg.DailyPartitionsDefinition, workspace: Workspace) -> dg.ScheduleDefinition:
    """Defines the schedule."""

    @dg.schedule(
        name=workspace.named(NIGHTLY_RECONCILIATION),
        job_name=workspace.named(JOB),
        cron_schedule="0 3 * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=(
            f"Syncs the last {LAST_DAYS} days again, and every older day with late artifacts, unfinished recordings, "
            "rows or pages of another version, or missing pages (the "
            f"{MAX_OUTDATED_DAYS} oldest of these days per night)."
        ),
    )
    def _schedule(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest]:
        partitions = [date.fromisoformat(key) for key in days.get_partition_keys()]
        recent = partitions[-(LAST_DAYS + 1) :]
        settings = apply_settings(workspace)
        with open_storage(settings) as storage:
            bind_origin(storage, settings)
            older = older_days(storage, settings, context, until=recent[0])
            tonight = now().date()
            tags = {MAX_RUNTIME: LONGEST_RUN_S, **range_tags(recent[0], recent[-1])}
            requests = [
                dg.RunRequest(f"{tonight} recent", tags=tags),
                *(
                    request_for(day, older[day], workspace, run_key=f"{tonight} {day}")
                    for day in sorted(older)
                    if day >= settings.first_day
                ),
            ]
            return for_this_database(requests, storage.database, workspace)

    return _schedule


def older_days(
    storage: Storage, settings: Settings, context: dg.ScheduleEvaluationContext, *, until: date
) -> dict[date, Collection[str]]:
    """Days before `until` to sync, each with its recordings; an empty set stands for all recordings of the day.

    Days with rows of another version or without current pages are whole days, the oldest first, at most
    `MAX_OUTDATED_DAYS`.
    """
    days: dict[date, set[str]] = defaultdict(set)
    with storage.database.reading() as connection:
        unfinished = worklist.unfinished_recordings(connection)
        versions = {kind: artifact.parser_version for kind, artifact in ARTIFACTS.items()}
        unconfirmed = absence.unconfirmed_deletions(connection) if storage.purges_deleted else set()
        outdated = {*worklist.outdated_days(connection, versions), *days_of_outdated_index(connection)}
        outdated |= days_without_pages(connection, settings, PAGES_VERSION)
        outdated |= days_of_outdated_metrics(storage)
    for day, recording_id in [
        *unfinished,
        *sorted(unconfirmed)[-MAX_UNCONFIRMED:],
        *_late_arrivals(storage, settings, context),
    ]:
        days[day].add(recording_id)
    # Days that no run may sync would take the place of others every night.
    possible = sorted(day for day in outdated if settings.first_day <= day < until)
    whole: dict[date, set[str]] = {day: set() for day in possible[:MAX_OUTDATED_DAYS]}
    return {day: recording_ids for day, recording_ids in (days | whole).items() if day < until}


def _late_arrivals(
    storage: Storage, settings: Settings, context: dg.ScheduleEvaluationContext
) -> Iterator[tuple[date, str]]:
    since = now() - timedelta(days=LAST_DAYS)
    try:
        pending, rest = list_arrivals(storage, sensor_access(settings), ListingPass.since(since), budget_s=BUDGET_S)
    except (ApiError, SettingsError) as error:
        context.log.warning(f"Late arrivals could not be listed: {error}")
        return
    if rest is not None:
        context.log.warning(
            f"Listing late arrivals took more than {BUDGET_S} s and stopped early; the next night continues."
        )
    yield from ((each.day, each.recording_id) for each in pending)
