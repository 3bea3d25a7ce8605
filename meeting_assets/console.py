"""How things look at a terminal: progress while days come home, and what a ledger's overview says to a person.

Where the output is no terminal, the same in plain lines.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.pipeline.overview import Overview
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


def show(console: Console, seen: Overview, title: str) -> None:
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


def _remarks(seen: Overview) -> Iterator[str]:
    if seen.processing:
        yield f"{seen.processing} artifacts are still being made at Recall.ai; a later sync brings them."
    if seen.left:
        yield f"[yellow]{seen.left} artifacts should have come and did not; run the same sync again.[/yellow]"
    lost = sum(counts[DELETED] for counts in seen.artifacts.values())
    if lost:
        yield f"[yellow]{lost} artifacts were deleted at Recall.ai before they could be fetched.[/yellow]"
    for name in seen.unreadable[:NEEDS_SHOWN]:
        yield f"[yellow]![/yellow] the API lists something that makes no sense: {name}"
    outdated = sum(seen.outdated.values()) + seen.metrics_outdated
    if outdated:
        yield f"{outdated} entries are out of date; a sync of their days brings them up to date."
    if seen.repaired_chars:
        yield f"{seen.repaired_chars} characters that no database takes were replaced."
    for need in seen.needs[:NEEDS_SHOWN]:
        yield f"[yellow]![/yellow] {need.day} {need.kind} of {need.recording_id} {need.what}\n  {need.advice}"
    if len(seen.needs) > NEEDS_SHOWN:
        yield f"... and {len(seen.needs) - NEEDS_SHOWN} more: `meeting-assets status --json` lists all."
