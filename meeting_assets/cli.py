"""The `meeting-assets` command."""

from __future__ import annotations

import errno
import json
import logging
import math
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from meeting_assets.console import (
    progress,
    say_how_to_use,
    say_what_runs,
    say_where_to_look,
    show,
    show_examination,
)
from meeting_assets.core.errors import MeetingAssetsError, NothingStored, SettingsError
from meeting_assets.core.files import unusable
from meeting_assets.core.gc_tuning import raise_threshold
from meeting_assets.core.ids import canonical_uuid
from meeting_assets.core.instants import days_between
from meeting_assets.core.logs import is_json, write_json
from meeting_assets.core.streams import flushed_streams, prepare_streams
from meeting_assets.settings import Settings, read_settings

if TYPE_CHECKING:
    from meeting_assets.orchestration.sync import SyncReport
    from meeting_assets.pipeline.storage import Storage
    from meeting_assets.sandbox import World

PRIVATE = 0o077
SANDBOX_PORT = 8461
UI_PORT = 3000
WEBHOOK_PORT = 8462
OF_MACHINE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO})
"""What a file system answers that is full, read-only or broken."""

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="Brings finished Recall.ai meetings home.")
out = Console()
err = Console(stderr=True)
logger = logging.getLogger("meeting_assets.cli")  # not by this module's name, which is `__main__` when it runs

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DAY")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON document and nothing else")]


def main() -> None:
    """Runs the command; what this package raises on purpose becomes one sentence and exit status 1."""
    os.umask(PRIVATE)
    prepare_streams()
    raise_threshold()
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    for chatty in ("httpx", "httpcore", "stamina"):
        # httpx logs whole URLs, whose signatures are secrets.
        logging.getLogger(chatty).setLevel(logging.ERROR)
    with flushed_streams():
        _run()


def _run() -> None:
    try:
        with suppress(SettingsError):  # what is wrong is said by the command that needs it
            if (settings := read_settings()).log_format == "json":
                write_json(settings.secrets)
        app()
    except MeetingAssetsError as error:
        _complain(str(error))
        sys.exit(1)
    except Exception as error:
        sentence = _of_machine(error)
        if sentence is None:
            raise
        _complain(sentence)
        sys.exit(1)


def _of_machine(error: BaseException | None) -> str | None:
    """What the machine lacks, such as room on a disk; None for errors that are faults of this package."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in OF_MACHINE and error.filename:
            return unusable(error, error.filename)
        if "sqlite_errorcode" in dir(error) and type(error).__module__ == "sqlite3":
            home = "Make room in Dagster's home, make it writable, or end the process that locks it (DAGSTER_HOME)."
            return f"Dagster's own storage cannot be used ({error}). {home}"
        error = error.__cause__ or error.__context__
    return None


@app.command()
def demo() -> None:
    """Brings a fortnight of made-up meetings home from a stand-in API, and says what arrived."""
    from meeting_assets.orchestration.operations.home_lock import HomeLock
    from meeting_assets.sandbox import Sandbox, fortnight

    world = fortnight(_yesterday())
    with HomeLock(read_settings(), "demo") as lock, Sandbox(world) as sandbox:
        lock.announce(url=sandbox.url)
        _use(sandbox.url, sandbox.api_key, world.first_day)
        settings = read_settings()
        days = days_between(world.first_day, world.last_day)
        report = _synced(settings, days, is_quiet=False)
    show(out, report.seen, f"A fortnight of made-up meetings, {days[0]} to {days[-1]}")
    say_where_to_look(out, settings)
    raise typer.Exit(_status(report))


@app.command()
def sandbox(
    from_folder: Annotated[Path | None, typer.Option(help="serve the real meetings found below this folder")] = None,
    first_day: Day = None,
    per_day: Annotated[int, typer.Option(min=1, help="real meetings per day")] = 4,
    port: Annotated[int, typer.Option(help="port of the API; 0 for any free one")] = SANDBOX_PORT,
    no_limits: Annotated[bool, typer.Option("--no-limits", help="without the API's rate limits")] = False,
) -> None:
    """Serves a stand-in Recall.ai API on this machine until stopped."""
    from meeting_assets.sandbox import Sandbox, serve_forever

    world = _world(from_folder, _date(first_day), per_day)
    serving = Sandbox(world, limits=not no_limits, port=port)
    try:
        serving.start()
    except OSError as error:
        raise SettingsError(f"--port {port} cannot be used: {error.strerror}.") from None
    say_how_to_use(out, serving.url, serving.api_key, world)
    serve_forever(serving)


@app.command()
def sync(
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY", help="first day, UTC")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DAY", help="last day, UTC")
    ] = None,
    recording: Annotated[str | None, typer.Option(help="only this recording", metavar="ID")] = None,
    refetch: Annotated[bool, typer.Option("--refetch", help="download again what is home already")] = False,
    as_json: AsJson = False,
) -> None:
    """Brings days home, both included (default: the last 7 days to today), or one recording."""
    from meeting_assets.pipeline.days import day_of_recording, requested_days

    settings = read_settings()
    if recording is not None:
        if first or last:
            raise SettingsError("--recording finds its day by itself: leave --from and --to out.")
        recording = canonical_uuid(recording)
        days = [day_of_recording(settings, recording)]
    else:
        days = requested_days(settings, _date(first), _date(last))
    report = _synced(settings, days, recording_ids=[recording] if recording else [], refetch=refetch, is_quiet=as_json)
    if as_json:
        document = {
            "complete": report.is_complete,
            "days": [days[0].isoformat(), days[-1].isoformat()],
            "runs": [{"run_id": run.run_id, "succeeded": run.succeeded} for run in report.runs],
            "faults": report.faults,
            **report.seen.as_json(),
        }
        print(json.dumps(document, indent=2))  # noqa: T201 - this is the output
    elif report.runs and not report.faults:
        show(out, report.seen, f"{days[0]} to {days[-1]}" if len(days) > 1 else str(days[0]))
        _say_next(report)
    raise typer.Exit(_status(report))


@app.command()
def rebuild(
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY", help="first day, UTC")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DAY", help="last day, UTC")
    ] = None,
    outdated: Annotated[bool, typer.Option("--outdated", help="only what another version made")] = False,
) -> None:
    """Makes the tables again from the raw store, of some days or of all; the API is not asked."""
    from meeting_assets.health.status import status_of
    from meeting_assets.orchestration.operations.database_replacement import replacement_notice
    from meeting_assets.pipeline.days import requested_days
    from meeting_assets.pipeline.rebuild import rebuild as make_again
    from meeting_assets.pipeline.rebuild import refresh
    from meeting_assets.pipeline.storage import open_storage
    from meeting_assets.store.database_id import bind_ids

    if outdated and (first or last):
        raise SettingsError("--outdated finds its days by itself: leave --from and --to out.")
    settings = read_settings()
    days = requested_days(settings, _date(first) or settings.first_day, _date(last)) if first or last else None
    with (
        open_storage(settings) as storage,
        progress(err, "Making the tables again", is_quiet=is_json()),
    ):
        notice = replacement_notice(storage)
        bind_ids(storage.database, storage.raw, adopts=True)
        report = refresh(storage) if outdated else make_again(storage, days)
        seen = status_of(storage, report.days)
    if notice:
        _note(notice)
    for fault in report.faults:
        _complain(fault)
    show(out, seen, f"{len(report.days)} days made again, {report.artifacts} artifacts")
    raise typer.Exit(1 if report.faults else 0)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Says what is home, what is waited for, and what needs a person."""
    from meeting_assets.health.status import Status, status_of
    from meeting_assets.pipeline.storage import open_storage_read_only

    try:
        with open_storage_read_only(read_settings()) as storage:
            seen, remark = status_of(storage), None
    except NothingStored as error:
        seen, remark = Status(), str(error)
    if as_json:
        print(json.dumps(seen.as_json(), indent=2))  # noqa: T201 - this is the output
    else:
        show(out, seen, "All days")
    if remark:
        _note(remark)


@app.command()
def migrate(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="print the steps and change nothing")] = False,
) -> None:
    """Upgrades the tables to this version; keeps rows and grants."""
    from meeting_assets.pipeline.storage import whole_schema
    from meeting_assets.store.database import Database
    from meeting_assets.store.migrations.migrate import migrate as change_tables
    from meeting_assets.store.migrations.migrate import steps

    settings = read_settings()
    address = settings.database_url, settings.database_schema
    try:
        with closing(Database.at(*address, is_read_only=True)) as database:
            planned = steps(database, whole_schema())
    except NothingStored as error:
        out.print(str(error), highlight=False, soft_wrap=True)
        return
    for step in planned:
        out.print(f"{step}.", highlight=False, soft_wrap=True)
    if not planned:
        out.print("The tables match this version; nothing to do.", highlight=False, soft_wrap=True)
    if dry_run or not planned:
        return
    with closing(Database.at(*address)) as database, progress(err, "Changing tables", is_quiet=is_json()):
        is_outdated = change_tables(database, whole_schema())
    out.print("The tables are now those of this version.", highlight=False, soft_wrap=True)
    if is_outdated:
        out.print("Run `meeting-assets rebuild --outdated` to fill what the old rows lack.", soft_wrap=True)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Examines settings, key and region, database, raw store and Dagster's home, and says what to fix.

    Changes nothing, but writes and deletes a probe in the raw store and a probe run in Dagster's storage.
    """
    with _no_chatter():
        from meeting_assets.orchestration.operations.doctor import diagnostics

        found = diagnostics()
        if as_json:
            document = found.as_json()
            is_healthy = document["healthy"]
            print(json.dumps(document, indent=2))  # noqa: T201 - this is the output
        else:
            is_healthy = show_examination(out, found)
    raise typer.Exit(0 if is_healthy else 1)


@app.command()
def dev(port: Annotated[int, typer.Option(help="port of Dagster's UI")] = UI_PORT) -> None:
    """Opens Dagster's UI with daemon, sensors and schedules; without a key over a sandbox whose meetings go on."""
    from meeting_assets.orchestration.operations.home_lock import HomeLock

    with ExitStack() as running:
        settings = read_settings()
        lock = running.enter_context(HomeLock(settings, "dev", f"http://127.0.0.1:{port}"))
        is_sandbox = settings.api_key is None
        if is_sandbox:
            running.enter_context(_living_sandbox())
        settings = read_settings()
        with progress(err, "Starting Dagster", is_quiet=is_json()), _no_chatter():
            from meeting_assets.orchestration.dev import DagsterDev

            dagster = running.enter_context(DagsterDev(settings, port, lock))
            is_ready = dagster.wait_until_ready()
        if dagster.notice:
            _note(dagster.notice)
        if is_ready:
            say_what_runs(out, settings, dagster.url, is_sandbox=is_sandbox)
            dagster.wait_until_told()
            _note("Ending; a run in progress has a few seconds left.")


@app.command()
def webhooks(
    host: Annotated[str, typer.Option(help="address to listen at, behind a proxy that does TLS")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port to listen at; 0 for any free one")] = WEBHOOK_PORT,
) -> None:
    """Receives Recall.ai's webhooks until stopped, so that meetings come home within seconds of their end."""
    from meeting_assets.webhooks.receiver import Receiver

    with Receiver(read_settings(), host=host, port=port) as receiver:
        out.print(f"Webhooks are received at {receiver.url}", highlight=False, soft_wrap=True)
        receiver.serve()


@app.command()
def purge(
    recordings: Annotated[list[str] | None, typer.Argument(metavar="RECORDING", help="ids of recordings")] = None,
    expired: Annotated[
        bool, typer.Option("--expired", help="purge all recordings older than MEETING_ASSETS_RETENTION_DAYS")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="purge without asking; required without a terminal")] = False,
) -> None:
    """Removes recordings for good, keeps them out, and (without `--expired`) searches for what may be left of them."""
    from meeting_assets.pipeline.storage import open_storage
    from meeting_assets.store.database_id import bind_ids

    if expired == bool(recordings):
        raise SettingsError("Name the recordings to purge, or give --expired: one of the two.")
    if not yes and not sys.stdin.isatty():
        raise SettingsError("Nothing was purged: there is no terminal to confirm. Give --yes.")
    settings = read_settings()
    if expired and settings.retention_days is None:
        raise SettingsError("MEETING_ASSETS_RETENTION_DAYS is not set: nothing expires.")
    with open_storage(settings) as storage:
        # Adopts nothing: if a setting names another, empty database, the real one would keep its rows.
        bind_ids(storage.database, storage.raw)
        if expired:
            raise typer.Exit(_purge_expired(settings, storage, is_asking=not yes))
        raise typer.Exit(_purge_recordings(settings, storage, recordings or [], is_asking=not yes))


@contextmanager
def _living_sandbox() -> Iterator[None]:
    """A sandbox of a fortnight and of meetings that go on, to which the settings point meanwhile."""
    from meeting_assets.sandbox import Sandbox, Workday, fortnight

    world = fortnight(_yesterday())
    with Sandbox(world) as sandbox, Workday(sandbox):
        _use(sandbox.url, sandbox.api_key, world.first_day)
        yield


def _synced(
    settings: Settings,
    days: list[date],
    *,
    is_quiet: bool,
    recording_ids: list[str] | None = None,
    refetch: bool = False,
) -> SyncReport:
    """Runs a sync, shows its progress, and complains about what failed."""
    from meeting_assets.pipeline.storage import access_of

    access_of(settings)  # what is missing is said at once, Dagster takes seconds to start
    with progress(err, "Bringing meetings home", is_quiet=is_quiet or is_json()), _no_chatter():
        from meeting_assets.orchestration import runs

        runs.prepare_home(settings)
        with runs.dagster_instance():
            _fail_orphaned_runs(settings)
            from meeting_assets.definitions import defs
            from meeting_assets.orchestration.sync import sync as bring_home

            report = bring_home(defs, settings, days, recording_ids=recording_ids or [], refetch=refetch)
    if report.notice:
        _note(report.notice)
    for fault in report.faults:
        _complain(fault)
    return report


def _fail_orphaned_runs(settings: Settings) -> None:
    """Runs whose process has ended hold their days no longer."""
    from meeting_assets.orchestration.operations.orphaned_runs import fail_orphaned_runs
    from meeting_assets.orchestration.runs import dagster_instance

    with dagster_instance() as instance:
        for run_id in fail_orphaned_runs(instance, settings).failed:
            _note(f"The process of run {run_id} has ended without telling Dagster; the run is failed now.")


@contextmanager
def _no_chatter() -> Iterator[None]:
    """Dagster tells a console all it does; here its runs speak through their results."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _purge_recordings(settings: Settings, storage: Storage, recordings: list[str], *, is_asking: bool) -> int:
    """Purges recordings, searches for what is left of them, and returns the exit status."""
    from meeting_assets.health.purge_verification import find_remains, fingerprints_of
    from meeting_assets.pipeline.deletion.recordings import day_at_api, holding, purge
    from meeting_assets.store.tombstones import ASKED_FOR

    held = [holding(storage, each) for each in dict.fromkeys(map(canonical_uuid, recordings))]
    days = {each.recording_id: each.day if each.is_known else day_at_api(settings, each.recording_id) for each in held}
    _ask([each.as_sentence() for each in held], is_asking=is_asking)
    words = fingerprints_of(storage, days)
    report = purge(storage, days, ASKED_FOR, days=days)
    result = find_remains(storage, settings, words)
    result.is_certain = report.is_scrubbed
    out.print(report.as_sentence(), highlight=False, soft_wrap=True)
    out.print(result.as_sentence(), highlight=False, soft_wrap=True)
    return _complain_of([*report.obstacles], is_failed=bool(result.found))


def _purge_expired(settings: Settings, storage: Storage, *, is_asking: bool) -> int:
    """Purges what is older than the retention, however much that is, and returns the exit status."""
    from meeting_assets.pipeline.deletion.retention import expired, retain
    from meeting_assets.pipeline.deletion.today import confirmed_today
    from meeting_assets.pipeline.deletion.tombstone_sync import synchronize_tombstones
    from meeting_assets.pipeline.storage import access_of

    synchronize_tombstones(storage)
    today = confirmed_today(storage, access_of(settings) if settings.api_key is not None else None)
    found = expired(storage, today.day)
    clocks = f"Today is {today.day}, the earliest of what these clocks show: {today.as_sentence()}."
    _ask([clocks, found.as_sentence()], is_asking=is_asking and bool(found.recordings))
    report, _ = retain(storage, today, limit=len(found.recordings), budget_s=math.inf, is_released=True)
    out.print(report.as_sentence(), highlight=False, soft_wrap=True)
    left = expired(storage, today.day)
    obstacles = [f"Not everything was purged. {left.as_sentence()}"] if left.recordings else []
    return _complain_of([*report.obstacles, *obstacles])


def _ask(sentences: list[str], *, is_asking: bool) -> None:
    """Says what a purge would remove, and asks for a confirmation."""
    for sentence in sentences:
        out.print(sentence, highlight=False, soft_wrap=True)
    if is_asking:
        typer.confirm("Remove all of this for good?", abort=True)


def _complain_of(obstacles: list[str], *, is_failed: bool = False) -> int:
    for obstacle in obstacles:
        _complain(obstacle)
    return 1 if obstacles or is_failed else 0


def _date(given: datetime | None) -> date | None:
    """The day of an option, which typer gives as an instant."""
    return given.date() if given else None


def _world(folder: Path | None, first_day: date | None, per_day: int) -> World:
    from meeting_assets.sandbox import fortnight
    from meeting_assets.sandbox import from_folder as world_from_folder

    if folder is None:
        return fortnight(_yesterday())
    if not folder.is_dir():
        raise SettingsError(f"--from-folder {folder}: there is no such folder.")
    world = world_from_folder(folder, first_day=first_day, per_day=per_day)
    if not world.recordings:
        raise SettingsError(f"--from-folder {folder}: no meeting.json below it.")
    return world


def _yesterday() -> date:
    return datetime.now(UTC).date() - timedelta(days=1)


def _use(url: str, key: str, first_day: date) -> None:
    """Points the settings of this process at a sandbox."""
    os.environ["RECALL_BASE_URL"] = url
    os.environ["RECALL_API_KEY"] = key
    os.environ.setdefault("MEETING_ASSETS_FIRST_DAY", first_day.isoformat())


def _status(report: SyncReport) -> int:
    return 0 if report.is_complete else 1


def _say_next(report: SyncReport) -> None:
    if report.is_complete:
        out.print("Everything that could be brought home is home.", highlight=False)


def _note(sentence: str) -> None:
    if is_json():
        logger.info(sentence)
    else:
        err.print(sentence, highlight=False, soft_wrap=True)


def _complain(sentence: str) -> None:
    if is_json():
        logger.error(sentence)
    else:
        err.print(f"[red]Error:[/red] {sentence}", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
