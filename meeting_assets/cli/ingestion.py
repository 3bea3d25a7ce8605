"""Commands that fill the tables: `demo`, `sync` and `rebuild`."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from meeting_assets.cli.current_settings import read_settings
from meeting_assets.cli.exit_codes import ExitCode, exit_code_of_sync
from meeting_assets.cli.options import AsJson, FirstDay, LastDay, as_date
from meeting_assets.cli.sandboxes import sample_world, use_sandbox
from meeting_assets.cli.terminal import err, hidden_warnings, out, print_errors, print_json, print_line, print_note
from meeting_assets.console import print_next_steps, print_status
from meeting_assets.core.errors import UsageError
from meeting_assets.core.ids import canonical_uuid
from meeting_assets.core.instants import days_between
from meeting_assets.core.logs import is_json
from meeting_assets.core.progress import Stage

if TYPE_CHECKING:
    from meeting_assets.orchestration.sync import SyncReport
    from meeting_assets.settings import Settings

DAYS_PER_RUN, DEFAULT_DAYS, SAMPLE_DAYS = 30, 8, 14
OF_A_RUN = (Stage.LIST, Stage.FETCH, Stage.LOAD, Stage.DERIVE)
REBUILD_STAGES = (Stage.RESTORE, Stage.LOAD, Stage.DERIVE, Stage.ROLL_UP)


def demo() -> None:
    """Syncs two weeks of sample meetings from a sandbox API, and prints a summary and the location of the tables."""
    with _sync_shown(SAMPLE_DAYS, is_quiet=False):
        from meeting_assets.orchestration.home_lock import HomeLock
        from meeting_assets.sandbox import Sandbox

        world = sample_world()
        days = days_between(world.first_day, world.last_day)
        with HomeLock(read_settings(), "demo") as lock, Sandbox(world) as sandbox:
            lock.announce(url=sandbox.url)
            use_sandbox(sandbox, world.first_day)
            settings = read_settings()
            report = _run_sync(settings, days, command="meeting-assets demo")
    print_status(out, report.seen, f"Sample meetings, {days[0]} to {days[-1]}")
    print_next_steps(out, settings)
    raise typer.Exit(exit_code_of_sync(report))


def sync(
    first: FirstDay = None,
    last: LastDay = None,
    recording: Annotated[
        str | None, typer.Option(help="sync only this recording; its day is found automatically", metavar="ID")
    ] = None,
    refetch: Annotated[bool, typer.Option("--refetch", help="download stored artifacts again")] = False,
    as_json: AsJson = False,
) -> None:
    """Fetches, parses and measures the meetings of some days (default: the last 7 days to today), or one recording."""
    settings = read_settings()
    if recording is not None and (first or last):
        raise UsageError("--recording finds its day automatically. Omit --from and --to.")
    recording_ids = [] if recording is None else [canonical_uuid(recording)]
    # The days are not known yet, but the bar must not wait for them.
    day_count = (last - first).days + 1 if first and last else DEFAULT_DAYS
    with _sync_shown(day_count, has_bots=not recording_ids, is_quiet=as_json):
        days = _days_to_sync(settings, recording_ids, as_date(first), as_date(last))
        report = _run_sync(settings, days, recording_ids=recording_ids, refetch=refetch)
    if as_json:
        from meeting_assets.cli.documents.status import sync_document

        print_json(sync_document(report, days))
    elif report.runs and not report.faults:
        print_status(out, report.seen, f"{days[0]} to {days[-1]}" if len(days) > 1 else str(days[0]))
        if report.is_complete:
            print_line("Every available artifact is stored.")
    raise typer.Exit(exit_code_of_sync(report))


def rebuild(
    first: FirstDay = None,
    last: LastDay = None,
    outdated: Annotated[
        bool, typer.Option("--outdated", help="rebuild only rows that another version of meeting_assets wrote")
    ] = False,
) -> None:
    """Parses and derives the tables again from the raw store, for some days or for all, without the API."""
    from meeting_assets.cli.progress_bars import stages_shown
    from meeting_assets.health.status import status_of
    from meeting_assets.pipeline import rebuild as rebuilding
    from meeting_assets.pipeline.days import requested_days
    from meeting_assets.pipeline.storage import open_storage
    from meeting_assets.store.database_id import bind_ids, replacement_notice

    if outdated and (first or last):
        raise UsageError("--outdated finds its days automatically. Omit --from and --to.")
    settings = read_settings()
    days = requested_days(settings, as_date(first) or settings.first_day, as_date(last)) if first or last else None
    with (
        stages_shown(err, "Rebuilding the tables", REBUILD_STAGES, is_quiet=is_json()),
        open_storage(settings) as storage,
    ):
        notice = replacement_notice(storage.database, storage.raw)
        bind_ids(storage.database, storage.raw, adopts=True)
        report = rebuilding.refresh(storage) if outdated else rebuilding.rebuild(storage, days)
        status = status_of(storage, report.days)
    if notice:
        print_note(notice)
    print_errors(report.faults)
    print_status(out, status, f"{len(report.days)} days rebuilt, {report.artifacts} artifacts")
    if report.bugs:
        raise typer.Exit(ExitCode.UNEXPECTED)
    raise typer.Exit(ExitCode.REFUSED if report.faults else ExitCode.DONE)


def _days_to_sync(settings: Settings, recording_ids: list[str], first: date | None, last: date | None) -> list[date]:
    from meeting_assets.pipeline.days import day_of_recording, requested_days

    if recording_ids:
        return [day_of_recording(settings, recording_ids[0])]
    return requested_days(settings, first, last)


def _run_sync(
    settings: Settings,
    days: list[date],
    *,
    recording_ids: list[str] | None = None,
    refetch: bool = False,
    command: str = "meeting-assets sync",
) -> SyncReport:
    """Runs a sync and prints its errors."""
    from meeting_assets.pipeline.storage import access_of

    access_of(settings)  # reports missing settings at once; Dagster takes seconds to start
    with hidden_warnings():
        from meeting_assets.orchestration.home import prepare_home

        prepare_home(settings)
        from meeting_assets.orchestration.runs import dagster_instance

        with dagster_instance():
            _fail_orphaned_runs(settings)
            from meeting_assets.definitions import defs
            from meeting_assets.orchestration.sync import sync as sync_days

            report = sync_days(
                defs(), settings, days, recording_ids=recording_ids or [], refetch=refetch, command=command
            )
    if report.notice:
        print_note(report.notice)
    print_errors(report.faults)
    return report


def _sync_shown(day_count: int, *, is_quiet: bool, has_bots: bool = True) -> AbstractContextManager[None]:
    """Shows the progress of a sync."""
    from meeting_assets.cli.progress_bars import stages_shown

    stages = sync_stages(day_count, has_bots=has_bots, has_media=bool(read_settings().media_kinds))
    return stages_shown(err, "Syncing meetings", stages, is_quiet=is_quiet or is_json())


def sync_stages(day_count: int, *, has_bots: bool, has_media: bool = False) -> list[Stage]:
    """The stages of a sync, for the progress bar."""
    runs = max(1, math.ceil(day_count / DAYS_PER_RUN))
    media = [Stage.MEDIA] if has_media else []
    return [Stage.START, *([Stage.BOTS] if has_bots else []), *OF_A_RUN * runs, Stage.ROLL_UP, *media]


def _fail_orphaned_runs(settings: Settings) -> None:
    """Fails runs whose process has ended, because they would block their days."""
    from meeting_assets.orchestration.operations.orphaned_runs import fail_orphaned_runs
    from meeting_assets.orchestration.runs import dagster_instance

    with dagster_instance() as instance:
        for run_id in fail_orphaned_runs(instance, settings).failed:
            print_note(f"Run {run_id} was marked as failed, because its process ended without reporting to Dagster.")
