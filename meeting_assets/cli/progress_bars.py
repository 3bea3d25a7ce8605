"""Progress bars with counts and remaining time, on terminals only.

Elsewhere the messages of the pipeline are printed line by line, and with `--json` or logs in JSON nothing is shown.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

from meeting_assets.cli.estimates import Estimate
from meeting_assets.cli.terminal import Terminal
from meeting_assets.console import MessageHandler, handling, progress
from meeting_assets.core.logs import is_json
from meeting_assets.core.progress import Stage, listening

TITLES: Mapping[Stage, str] = {
    Stage.START: "Starting",
    Stage.BOTS: "Listing bots",
    Stage.RESTORE: "Restoring days",
    Stage.LIST: "Listing recordings",
    Stage.FETCH: "Fetching artifacts",
    Stage.LOAD: "Loading artifacts",
    Stage.DERIVE: "Deriving metrics",
    Stage.ROLL_UP: "Rolling up weeks",
    Stage.MEDIA: "Downloading media",
}
KINDS = 7
"""The kinds of artifacts, each of which is one part of the stage that loads them."""
MAX_BAR, TEXT_WIDTH = 40, 44
"""Widths in columns: the longest bar, and the texts beside it. A terminal without room for both shows no bar."""
ROOM_FOR_WORDS = 50
REFRESHES_PER_S = 4


@contextmanager
def stages_shown(console: Console, title: str, stages: Sequence[Stage], *, is_quiet: bool) -> Iterator[None]:
    """Shows the progress of stages that pipeline functions report."""
    if is_quiet or not console.is_terminal:
        with progress(console, title, is_quiet=is_quiet):
            yield
        return
    estimate = Estimate(stages, {Stage.LOAD: KINDS})
    with _bar(console, TITLES[stages[0]], estimate.remaining_s) as (bar, task):

        def show(stage: Stage, done: int, total: int, part: str) -> None:
            estimate.update(stage, done, total, part)
            bar.update(task, completed=estimate.share, description=TITLES[stage], count=_count(done, total))

        with listening(show):
            yield


@contextmanager
def items_shown(console: Console, title: str, total: int, *, is_quiet: bool) -> Iterator[Callable[[], None]]:
    """Shows the progress of some items. The returned function counts one more as done.

    Shows nothing without a terminal: a command prints its own summary.
    """
    if is_quiet or is_json() or not console.is_terminal:
        yield lambda: None
        return
    with _bar(console, title, None) as (bar, task):
        bar.update(task, total=total, count=_count(0, total))
        done = 0

        def advance() -> None:
            nonlocal done
            done += 1
            bar.update(task, completed=done, count=_count(done, total))

        yield advance


@contextmanager
def _bar(console: Console, title: str, remaining_s: Callable[[], float] | None) -> Iterator[tuple[Progress, TaskID]]:
    width = min(console.width - TEXT_WIDTH, MAX_BAR)
    whole = Column(no_wrap=True)
    columns: list[ProgressColumn] = [TextColumn("{task.description}", table_column=whole)]
    columns += [BarColumn(width)] if width >= 5 else []
    columns += [TextColumn("{task.fields[count]}", table_column=Column(no_wrap=True, justify="right"))]
    columns += [_Remaining(remaining_s, " left" if console.width >= ROOM_FOR_WORDS else "")]
    # Dagster redirects the descriptor of standard error into a file in each step. The bar stays on the terminal.
    file = os.fdopen(os.dup(console.file.fileno()), "w", encoding=console.encoding)
    bar = Progress(*columns, console=Terminal(file=file), transient=True, refresh_per_second=REFRESHES_PER_S)
    logger = logging.getLogger("meeting_assets")
    logger.setLevel(logging.INFO)
    handler = MessageHandler(lambda message: bar.console.print(Text(message), soft_wrap=True), logging.WARNING)
    with file, bar, handling(logger, handler):
        yield bar, bar.add_task(title, total=1.0, count="")


class _Remaining(ProgressColumn):
    """The remaining time, by an estimate of ours or else by the pace of the items."""

    max_refresh = None

    def __init__(self, remaining_s: Callable[[], float] | None, word: str) -> None:
        super().__init__(Column(no_wrap=True))
        self._remaining_s = remaining_s
        self._word = word

    def render(self, task: Task) -> Text:
        remaining_s = task.time_remaining if self._remaining_s is None else self._remaining_s()
        return Text("" if remaining_s is None else f"{timedelta(seconds=round(remaining_s))}{self._word}")


def _count(done: int, total: int) -> str:
    return f"{done:,}/{total:,}" if total else ""
