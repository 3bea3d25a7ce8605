"""The `meeting-assets` command."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from meeting_assets.console import progress, show
from meeting_assets.core.errors import MeetingAssetsError, SettingsError
from meeting_assets.core.instants import days_between
from meeting_assets.settings import Settings, read_settings

if TYPE_CHECKING:
    from meeting_assets.orchestration.sync import SyncReport
    from meeting_assets.sandbox import World

PRIVATE = 0o077
DEFAULT_DAYS = 7
SANDBOX_PORT = 8461
FIRST_QUERY = "select name, talk_share, words_per_minute from participant_metrics order by 2 desc limit 5"

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="Brings finished Recall.ai meetings home.")
out = Console()
err = Console(stderr=True)

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DAY")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON document and nothing else")]


def main() -> None:
    """Runs the command; what this package raises on purpose becomes one sentence and exit status 1."""
    os.umask(PRIVATE)
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    for chatty in ("httpx", "httpcore", "stamina"):
        # httpx logs whole URLs, whose signatures are secrets.
        logging.getLogger(chatty).setLevel(logging.ERROR)
    try:
        app()
    except MeetingAssetsError as error:
        _complain(str(error))
        sys.exit(1)


@app.command()
def demo() -> None:
    """Brings a fortnight of made-up meetings home from a stand-in API, and says what arrived."""
    from meeting_assets.sandbox import Sandbox, fortnight

    world = fortnight(_yesterday())
    with Sandbox(world) as sandbox:
        _use(sandbox.url, sandbox.api_key, world.first_day)
        settings = read_settings()
        days = days_between(world.first_day, world.last_day)
        report = _synced(settings, days, is_quiet=False)
    show(out, report.seen, f"A fortnight of made-up meetings, {days[0]} to {days[-1]}")
    _say_where_to_look(settings)
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

    world = _world(from_folder, first_day.date() if first_day else None, per_day)
    serving = Sandbox(world, limits=not no_limits, port=port)
    try:
        serving.start()
    except OSError as error:
        raise SettingsError(f"--port {port} cannot be used: {error.strerror}.") from None
    _say_how_to_use(serving.url, serving.api_key, world)
    serve_forever(serving)


@app.command()
def sync(
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DAY")] = None,
    recording: Annotated[str | None, typer.Option(help="only this recording", metavar="ID")] = None,
    refetch: Annotated[bool, typer.Option("--refetch", help="download again what is home already")] = False,
    as_json: AsJson = False,
) -> None:
    """Brings days home, both included (default: the last 7 days to today), or one recording."""
    settings = read_settings()
    if recording is not None:
        if first or last:
            raise SettingsError("--recording finds its day by itself: leave --from and --to out.")
        days = [_within(settings, _day_of(settings, recording))]
    else:
        days = _days(settings, first, last)
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
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DAY")] = None,
    outdated: Annotated[bool, typer.Option("--outdated", help="only what another version made")] = False,
) -> None:
    """Makes the tables again from the raw store, of some days or of all; the API is not asked."""
    from meeting_assets.pipeline.overview import overview
    from meeting_assets.pipeline.rebuild import rebuild as make_again
    from meeting_assets.pipeline.rebuild import refresh
    from meeting_assets.pipeline.warehouse import opened

    if outdated and (first or last):
        raise SettingsError("--outdated finds its days by itself: leave --from and --to out.")
    settings = read_settings()
    beginning = first or datetime.combine(settings.first_day, datetime.min.time())
    days = _days(settings, beginning, last) if first or last else None
    with opened(settings) as warehouse, progress(err, "Making the tables again", is_quiet=False):
        report = refresh(warehouse) if outdated else make_again(warehouse, days)
        seen = overview(warehouse, report.days)
    for fault in report.faults:
        _complain(fault)
    show(out, seen, f"{len(report.days)} days made again, {report.artifacts} artifacts")
    raise typer.Exit(1 if report.faults else 0)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Says what is home, what is waited for, and what needs a person."""
    from meeting_assets.pipeline.overview import overview
    from meeting_assets.pipeline.warehouse import opened

    with opened(read_settings()) as warehouse:
        seen = overview(warehouse)
    if as_json:
        print(json.dumps(seen.as_json(), indent=2))  # noqa: T201 - this is the output
    else:
        show(out, seen, "All days")


def _synced(
    settings: Settings,
    days: list[date],
    *,
    is_quiet: bool,
    recording_ids: list[str] | None = None,
    refetch: bool = False,
) -> SyncReport:
    """Runs a sync, shows its progress, and complains about what failed."""
    from meeting_assets.pipeline.warehouse import access_of

    access_of(settings)  # what is missing is said at once, Dagster takes seconds to start
    with progress(err, "Bringing meetings home", is_quiet=is_quiet), _no_chatter():
        from meeting_assets.orchestration import runs

        runs.prepare_home(settings)
        from meeting_assets.definitions import defs
        from meeting_assets.orchestration.sync import sync as bring_home

        report = bring_home(defs, settings, days, recording_ids=recording_ids or [], refetch=refetch)
    for fault in report.faults:
        _complain(fault)
    return report


@contextmanager
def _no_chatter() -> Iterator[None]:
    """Dagster tells a console all it does; here its runs speak through their results."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _days(settings: Settings, first: datetime | None, last: datetime | None) -> list[date]:
    today = datetime.now(UTC).date()
    until = last.date() if last else today
    since = first.date() if first else max(until - timedelta(days=DEFAULT_DAYS), settings.first_day)
    if since > until:
        raise SettingsError(f"--from {since} is later than --to {until}.")
    if until > today:
        raise SettingsError(f"--to {until} is in the future: today is {today} UTC.")
    return days_between(_within(settings, since), until)


def _within(settings: Settings, day: date) -> date:
    if day < settings.first_day:
        raise SettingsError(f"{day} is before the first day, {settings.first_day}: set MEETING_ASSETS_FIRST_DAY.")
    return day


def _day_of(settings: Settings, recording_id: str) -> date:
    from meeting_assets.pipeline.discover import day_of_recording
    from meeting_assets.pipeline.warehouse import access_of

    return asyncio.run(day_of_recording(access_of(settings), recording_id))


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


def _say_how_to_use(url: str, key: str, world: World) -> None:
    out.print(
        f"A stand-in for the Recall.ai API is at {url}, with {len(world.recordings)} meetings "
        f"from {world.first_day} to {world.last_day}. Stop it with Ctrl-C. In another terminal:\n\n"
        f"  export RECALL_BASE_URL={url} RECALL_API_KEY={key} MEETING_ASSETS_FIRST_DAY={world.first_day}\n"
        f"  meeting-assets sync --from {world.first_day} --to {world.last_day}\n",
        highlight=False,
        soft_wrap=True,
    )


def _say_where_to_look(settings: Settings) -> None:
    database = settings.database_url.removeprefix("sqlite:///")
    out.print(
        "\nWhere to look next:\n"
        f"  tables     sqlite3 {_short(database)} '{FIRST_QUERY}'\n"
        f"  raw bytes  {_short(settings.raw_url)}\n"
        f"  runs       DAGSTER_HOME={settings.dagster_home} .venv/bin/dagster dev\n"
        "  ledger     .venv/bin/meeting-assets status",
        highlight=False,
        soft_wrap=True,
    )


def _say_next(report: SyncReport) -> None:
    if report.is_complete:
        out.print("Everything that could be brought home is home.", highlight=False)


def _short(path: str) -> str:
    """A path as one would type it from here."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return path


def _complain(sentence: str) -> None:
    err.print(f"[red]Error:[/red] {sentence}", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
