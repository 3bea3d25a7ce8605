"""Progress of long work: pipeline functions report it, and a command that listens shows it.

Without a listener, such as in a run of Dagster's daemon, a report costs one comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum, auto


class Stage(Enum):
    """The stages of a sync or a rebuild, in their order."""

    START = auto()
    """Imports of Dagster, and opening its storage."""
    BOTS = auto()
    RESTORE = auto()
    """Rows of the ledger from the raw store."""
    LIST = auto()
    FETCH = auto()
    LOAD = auto()
    DERIVE = auto()
    ROLL_UP = auto()
    MEDIA = auto()
    """Downloads of media files, if they are on."""


Listener = Callable[[Stage, int, int, str], None]

_listeners: list[Listener] = []


def report_progress(stage: Stage, done: int, total: int, part: str = "") -> None:
    """Reports that some of a stage's items are done.

    Args:
        stage: the stage in progress.
        done: number of items that are done.
        total: number of all items; 0 while it is unknown.
        part: name of the part of a stage with several parts, each of which has its own items.
    """
    for listener in _listeners:
        listener(stage, done, total, part)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Passes reports of progress in the block to a function."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
