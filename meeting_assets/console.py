"""Terminal output: progress of a sync, the status table, diagnostics, and instructions.

Without a terminal the same text is printed in plain lines.
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
from rich.text import Text

from meeting_assets.core.urls import printable_url
from meeting_assets.store.ledger_states import (
    ABSENT,
    DELETED,
    FAILED,
    FETCHED,
    PARSED,
    PENDING,
    QUARANTINED,
    SUPERSEDED,
)

COLUMNS = {
    PARSED: "in tables",
    ABSENT: "absent",
    PENDING: "pending",
    FAILED: "failed",
    QUARANTINED: "unreadable",
}
RARE_COLUMNS = {FETCHED: "not parsed", DELETED: "deleted", SUPERSEDED: "replaced"}
"""Shown only if a count is not zero: bytes without rows, artifacts deleted before they were fetched, older objects."""
MAX_ITEMS_SHOWN = 10
UNBOUNDED_WIDTH = 500
FIRST_QUERY = "select name, talk_share, words_per_minute from participant_metrics order by 2 desc limit 5"

if TYPE_CHECKING:
    from meeting_assets.health.diagnostics.report import Diagnostics
    from meeting_assets.health.status import Status
    from meeting_assets.sandbox import World
    from meeting_assets.settings import Settings


class MessageHandler(logging.Handler):
    """Passes log messages of the pipeline to a function."""

    def __init__(self, show: Callable[[str], None], level: int = logging.INFO) -> None:
        super().__init__(level)
        self._show = show

    def emit(self, record: logging.LogRecord) -> None:
        self._show(record.getMessage())


@contextmanager
def progress(console: Console, title: str, *, is_quiet: bool) -> Iterator[None]:
    """Shows log messages of the pipeline: in one changing line on a terminal, line by line elsewhere."""
    logger = logging.getLogger("meeting_assets")
    logger.setLevel(logging.INFO)
    if is_quiet:
        yield
        return
    if not console.is_terminal:
        console.print(title)
        handler = MessageHandler(lambda message: console.print(f"  {message}", highlight=False, soft_wrap=True))
        with handling(logger, handler):
            yield
        return
    with console.status(title) as line:
        handler = MessageHandler(lambda message: line.update(f"{title}  [dim]{message}[/dim]"))
        with handling(logger, handler):
            yield


@contextmanager
def handling(logger: logging.Logger, handler: logging.Handler) -> Iterator[None]:
    """Passes messages to a handler in the block."""
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def print_status(console: Console, status: Status, title: str) -> None:
    """Prints the status as a table, followed by remarks and action items."""
    from meeting_assets.artifacts import ARTIFACTS

    columns = COLUMNS | {
        ledger_status: heading
        for ledger_status, heading in RARE_COLUMNS.items()
        if any(counts[ledger_status] for counts in status.artifacts.values())
    }
    has_outdated = bool(status.outdated.total())
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    table.add_column("artifact", no_wrap=True)
    for heading in (*columns.values(), *(["outdated"] if has_outdated else []), "rows"):
        table.add_column(heading, justify="right", no_wrap=True)
    for kind in ARTIFACTS:
        counts = [status.artifacts[kind][ledger_status] for ledger_status in columns]
        if has_outdated:
            counts.append(status.outdated[kind])
        table.add_row(kind, *(str(count) if count else "·" for count in counts), f"{status.rows[kind]:,}")
    _print_whole(console, table)
    recordings = sum(status.recordings.values())
    console.print(f"{recordings} recordings, {status.metrics_derived} of them with metrics.", highlight=False)
    for sentence in (*_stored_at_api(status), *_media(status), *_remarks(status), *_action_items(status)):
        console.print(sentence, highlight=False, soft_wrap=True)


def _print_whole(console: Console, table: Table) -> None:
    """Prints a table, or one line per row where it is too wide: a cut number would be a wrong one."""
    whole = console.measure(table, options=console.options.update(max_width=UNBOUNDED_WIDTH)).maximum
    if whole <= console.width:
        console.print(table)
        return
    if not console.is_terminal:
        # `print` cannot exceed the width of its console, which is 80 where no terminal has another one.
        type(console)(file=console.file, width=whole).print(table)
        return
    console.print(table.title, highlight=False)
    names, *numbers = table.columns
    for row, name in enumerate(names.cells):
        cells = [f"{column.header}: {[*column.cells][row]}" for column in numbers]
        console.print(Text(f"{name}\n  {', '.join(cells)}"))


def _stored_at_api(status: Status) -> Iterator[str]:
    """The recordings at Recall.ai and their expiry, and the cost of their storage, if it costs anything."""
    from meeting_assets.health.stored_at_api import SOON_DAYS

    stored, price = status.stored_at_api, status.price
    if not stored.recordings:
        return
    size = f", at least {stored.size_bytes / 1e9:,.1f} GB" if stored.size_bytes is not None else ""
    first = f" The first expires at {stored.earliest_expiry:%Y-%m-%d %H:%M} UTC," if stored.earliest_expiry else ""
    soon = f"{first} {stored.expiring_soon} within {SOON_DAYS} days." if first else " None of them expires."
    yield f"Recall.ai stores {stored.recordings:,} recordings, {stored.media_hours:,.1f} media hours{size}.{soon}"
    if price is not None and stored.monthly_cost:
        yield (
            f"{stored.paid_hours:,.1f} of these hours are older than {price.free_days} free days. Their storage costs "
            f"about {stored.monthly_cost:,.2f} per 30 days, at {price.per_hour:g} an hour."
        )


def _media(status: Status) -> Iterator[str]:
    """Media files by kind, and those that will be lost."""
    from meeting_assets.health.diagnostics.report import shown_size

    for kind, found in status.media.items():
        numbers = [f"{found.stored} stored ({shown_size(found.stored_bytes)})", f"{found.pending} waiting"]
        others = {"unreadable": found.quarantined, "failed at Recall.ai": found.failed, "lost": found.lost}
        numbers += [f"{count} {name}" for name, count in others.items() if count]
        yield f"Media {kind}: {', '.join(numbers)}."
        if found.earliest_expiry is not None:
            yield (
                f"  Recall.ai deletes the first waiting file on {found.earliest_expiry:%Y-%m-%d %H:%M} UTC; "
                f"{found.expiring_soon} expire within 24 hours."
            )


def _remarks(status: Status) -> Iterator[str]:
    if status.processing:
        yield f"{status.processing} artifacts are not finished at Recall.ai yet. A later sync fetches them."
    if status.missing:
        yield f"[yellow]{status.missing} available artifacts are missing. {_retry_advice(status)}[/yellow]"
    lost = sum(counts[DELETED] for counts in status.artifacts.values()) - status.purged_artifacts
    if lost > 0:
        yield f"[yellow]{lost} artifacts were deleted at Recall.ai before they could be fetched.[/yellow]"
    for name in status.unreadable[:MAX_ITEMS_SHOWN]:
        yield f"[yellow]![/yellow] The API lists an object that cannot be read: {name}"
    if status.calendar_fault:
        yield f"[yellow]![/yellow] {escape(status.calendar_fault)}"
    outdated = sum(status.outdated.values()) + status.metrics_outdated
    if outdated:
        yield f"{outdated} entries are outdated. Run `meeting-assets rebuild --outdated` to update them."
    if status.repaired_chars:
        yield f"{status.repaired_chars} characters that databases do not accept were replaced by U+FFFD."
    if status.purged_artifacts:
        yield f"{status.purged_artifacts} artifacts were purged, because they were deleted at Recall.ai."
    if status.purged:
        yield f"{status.purged} recordings were purged. They will not be fetched again."


def _action_items(status: Status) -> Iterator[str]:
    for item in status.action_items[:MAX_ITEMS_SHOWN]:
        yield f"[yellow]![/yellow] {item.day} {item.kind} of {item.recording_id} {item.problem}\n  {item.advice}"
    if len(status.action_items) > MAX_ITEMS_SHOWN:
        more = len(status.action_items) - MAX_ITEMS_SHOWN
        yield f"... and {more} more. Run `meeting-assets status --json` to list all of them."


def _retry_advice(status: Status) -> str:
    if status.next_attempt_at is None:
        return "Run the same sync again."
    next_attempt = f"{status.next_attempt_at:%Y-%m-%d %H:%M} UTC"
    return f"Run the same sync again. Artifacts without bytes at Recall.ai are retried after {next_attempt}."


def print_diagnostics(console: Console, diagnostics: Diagnostics) -> None:
    """Prints the settings, then each health check as soon as it is done."""
    from meeting_assets.health.diagnostics.report import Severity

    marks = {Severity.OK: "[green]✓[/green]", Severity.WARNING: "[yellow]![/yellow]", Severity.ERROR: "[red]✗[/red]"}
    width = max((len(each.name) for each in diagnostics.settings), default=0)
    for each in diagnostics.settings:
        source = f"[dim]{each.source:<11}[/dim]" if each.source == "default" else each.source
        console.print(f"{each.name:<{width}} {source} {escape(each.value)}", highlight=False, soft_wrap=True)
    if diagnostics.settings:
        console.print()
    errors = 0
    for check in diagnostics.checks:
        errors += check.severity is Severity.ERROR
        line = f"{marks[check.severity]} {check.subject:<12}  {escape(check.sentence)}"
        console.print(line, highlight=False, soft_wrap=True)
    summary = f"{errors} {'problem has' if errors == 1 else 'problems have'} to be fixed (✗)."
    console.print(f"\n{summary if errors else 'No problem has to be fixed.'}", highlight=False)


def print_sandbox_instructions(console: Console, url: str, key: str, world: World) -> None:
    """Prints the commands that sync the meetings of a sandbox."""
    console.print(
        f"A stand-in for the Recall.ai API is at {url}, with {len(world.recordings)} meetings "
        f"from {world.first_day} to {world.last_day}. Stop it with Ctrl-C. In another terminal:\n\n"
        f"  export RECALL_BASE_URL={url} RECALL_API_KEY={key} MEETING_ASSETS_FIRST_DAY={world.first_day}\n"
        f"  meeting-assets sync --from {world.first_day} --to {world.last_day}\n",
        highlight=False,
        soft_wrap=True,
    )


def print_next_steps(console: Console, settings: Settings) -> None:
    """Prints the location of tables and raw bytes, and the commands that show runs and the ledger."""
    file = settings.database_file
    tables = (
        f"sqlite3 {shlex.quote(_short(str(file)))} '{FIRST_QUERY}'" if file else printable_url(settings.database_url)
    )
    console.print(
        "\nWhere to look next:\n"
        f"  tables     {tables}\n"
        f"  raw bytes  {_short(printable_url(settings.raw_url))}\n"
        "  runs       make dev\n"
        "  ledger     .venv/bin/meeting-assets status",
        highlight=False,
        soft_wrap=True,
    )


def print_dev_addresses(console: Console, settings: Settings, url: str, *, is_sandbox: bool) -> None:
    """Prints the addresses of Dagster's UI, of the API and of the database."""
    database = str(settings.database_file or printable_url(settings.database_url))
    source = "a sandbox, where a meeting finishes about every minute" if is_sandbox else settings.base_url
    console.print(
        f"Dagster's UI   {url}\nMeetings       from {source}, stored in {_short(database)}\nStop           Ctrl-C",
        highlight=False,
        soft_wrap=True,
    )


def _short(location: str) -> str:
    """A path relative to the current folder; other paths and URLs stay as they are."""
    try:
        return str(Path(location).relative_to(Path.cwd()))
    except ValueError:
        return location
