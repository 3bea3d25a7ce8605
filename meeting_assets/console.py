"""How things look at a terminal: progress while days come home, and what a ledger's overview says to a person.

Where the output is no terminal, the same in plain lines.
"""

from __future__ import annotations

import logging
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.urls import printable
from meeting_assets.health.diagnostics import Diagnostics, Severity
from meeting_assets.health.status import Status
from meeting_assets.settings import Settings
from meeting_assets.store.states import ABSENT, DELETED, FAILED, FETCHED, PARSED, PENDING, QUARANTINED, SUPERSEDED

COLUMNS = {
    PARSED: "in tables",
    ABSENT: "absent",
    PENDING: "waiting",
    FAILED: "failed",
    QUARANTINED: "unreadable",
}
SELDOM = {FETCHED: "not parsed", DELETED: "deleted", SUPERSEDED: "replaced"}
"""Shown where there are any: bytes without rows, artifacts deleted before they came, older objects."""
NEEDS_SHOWN = 10
MARKS = {Severity.OK: "[green]✓[/green]", Severity.WARNING: "[yellow]![/yellow]", Severity.ERROR: "[red]✗[/red]"}
FIRST_QUERY = "select name, talk_share, words_per_minute from participant_metrics order by 2 desc limit 5"

if TYPE_CHECKING:
    from meeting_assets.sandbox import World


class _Told(logging.Handler):
    """Passes what the pipeline logs on to the terminal."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.INFO)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        self._tell(record.getMessage())


@contextmanager
def progress(console: Console, title: str, *, is_quiet: bool) -> Iterator[None]:
    """Shows what the pipeline logs: in one line that changes on a terminal, line by line elsewhere."""
    logger = logging.getLogger("meeting_assets")
    logger.setLevel(logging.INFO)
    if is_quiet:
        yield
        return
    if not console.is_terminal:
        console.print(title)
        handler = _Told(lambda message: console.print(f"  {message}", highlight=False, soft_wrap=True))
        with _handling(logger, handler):
            yield
        return
    with console.status(title) as status:
        handler = _Told(lambda message: status.update(f"{title}  [dim]{message}[/dim]"))
        with _handling(logger, handler):
            yield


@contextmanager
def _handling(logger: logging.Logger, handler: logging.Handler) -> Iterator[None]:
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def show(console: Console, seen: Status, title: str) -> None:
    """The overview as a table, and below it what needs a person."""
    columns = COLUMNS | {
        status: heading
        for status, heading in SELDOM.items()
        if any(counts[status] for counts in seen.artifacts.values())
    }
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    table.add_column("artifact", no_wrap=True)
    for heading in (*columns.values(), *(["outdated"] if seen.outdated.total() else []), "rows"):
        table.add_column(heading, justify="right")
    for kind in ARTIFACTS:
        counts = [seen.artifacts[kind][status] for status in columns]
        if seen.outdated.total():
            counts.append(seen.outdated[kind])
        table.add_row(kind, *(str(count) if count else "·" for count in counts), f"{seen.rows[kind]:,}")
    console.print(table)
    recordings = sum(seen.recordings.values())
    console.print(f"{recordings} recordings, metrics of {seen.metrics_derived}.", highlight=False)
    for sentence in _remarks(seen):
        console.print(sentence, highlight=False, soft_wrap=True)


def _remarks(seen: Status) -> Iterator[str]:
    if seen.processing:
        yield f"{seen.processing} artifacts are still being made at Recall.ai; a later sync brings them."
    if seen.left:
        yield f"[yellow]{seen.left} artifacts should have come and did not; {_when_again(seen)}.[/yellow]"
    lost = sum(counts[DELETED] for counts in seen.artifacts.values()) - seen.purged_artifacts
    if lost > 0:
        yield f"[yellow]{lost} artifacts were deleted at Recall.ai before they could be fetched.[/yellow]"
    for name in seen.unreadable[:NEEDS_SHOWN]:
        yield f"[yellow]![/yellow] the API gives no usable answer about {name}"
    outdated = sum(seen.outdated.values()) + seen.metrics_outdated
    if outdated:
        yield f"{outdated} entries are out of date; a sync of their days brings them up to date."
    if seen.repaired_chars:
        yield f"{seen.repaired_chars} characters that no database takes were replaced."
    if seen.purged_artifacts:
        yield f"{seen.purged_artifacts} artifacts were deleted at Recall.ai and purged here."
    if seen.purged:
        yield f"{seen.purged} recordings were purged and are kept out."
    for need in seen.needs[:NEEDS_SHOWN]:
        yield f"[yellow]![/yellow] {need.day} {need.kind} of {need.recording_id} {need.what}\n  {need.advice}"
    if len(seen.needs) > NEEDS_SHOWN:
        yield f"... and {len(seen.needs) - NEEDS_SHOWN} more: `meeting-assets status --json` lists all."


def _when_again(seen: Status) -> str:
    if seen.next_attempt_at is None:
        return "run the same sync again"
    due = f"{seen.next_attempt_at:%Y-%m-%d %H:%M} UTC"
    return f"run the same sync again; those whose bytes are missing at Recall.ai are tried at {due} at the earliest"


def show_examination(console: Console, found: Diagnostics) -> bool:
    """Every setting, then a line per finding as soon as it is known; whether nothing has to be mended."""
    width = max((len(each.name) for each in found.settings), default=0)
    for each in found.settings:
        source = f"[dim]{each.source:<11}[/dim]" if each.source == "default" else each.source
        console.print(f"{each.name:<{width}} {source} {escape(each.value)}", highlight=False, soft_wrap=True)
    if found.settings:
        console.print()
    broken = 0
    for finding in found.findings:
        broken += finding.verdict is Severity.ERROR
        line = f"{MARKS[finding.verdict]} {finding.subject:<12}  {escape(finding.sentence)}"
        console.print(line, highlight=False, soft_wrap=True)
    console.print(f"\n{broken} to be mended (✗)." if broken else "\nNothing has to be mended.", highlight=False)
    return not broken


def say_how_to_use(console: Console, url: str, key: str, world: World) -> None:
    """How to bring the meetings of a sandbox home."""
    console.print(
        f"A stand-in for the Recall.ai API is at {url}, with {len(world.recordings)} meetings "
        f"from {world.first_day} to {world.last_day}. Stop it with Ctrl-C. In another terminal:\n\n"
        f"  export RECALL_BASE_URL={url} RECALL_API_KEY={key} MEETING_ASSETS_FIRST_DAY={world.first_day}\n"
        f"  meeting-assets sync --from {world.first_day} --to {world.last_day}\n",
        highlight=False,
        soft_wrap=True,
    )


def say_where_to_look(console: Console, settings: Settings) -> None:
    """Where everything is after a demo."""
    file = settings.database_file
    tables = f"sqlite3 {shlex.quote(_short(str(file)))} '{FIRST_QUERY}'" if file else printable(settings.database_url)
    console.print(
        "\nWhere to look next:\n"
        f"  tables     {tables}\n"
        f"  raw bytes  {_short(printable(settings.raw_url))}\n"
        "  runs       make dev\n"
        "  ledger     .venv/bin/meeting-assets status",
        highlight=False,
        soft_wrap=True,
    )


def say_what_runs(console: Console, settings: Settings, url: str, *, is_sandbox: bool) -> None:
    """What is where while Dagster runs."""
    place = str(settings.database_file or printable(settings.database_url))
    source = "a sandbox, in which a meeting finishes about every minute" if is_sandbox else settings.base_url
    console.print(
        f"Dagster's UI   {url}\nMeetings       from {source}, into {_short(place)}\nStop           Ctrl-C",
        highlight=False,
        soft_wrap=True,
    )


def _short(place: str) -> str:
    """A path as one would type it from here; what is no path stays."""
    try:
        return str(Path(place).relative_to(Path.cwd()))
    except ValueError:
        return place
