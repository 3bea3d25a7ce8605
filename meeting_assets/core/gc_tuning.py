"""Python's search for garbage that refers to itself: rarer in a process of ours, put off while many rows are made."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

NEW_OBJECTS = 10_000


def raise_threshold() -> None:
    """Lets Python look for cycles after 10,000 new objects in place of 700, for as long as the process lives.

    What Dagster and its libraries make at their start stays; to look through all of it, again and again as it becomes
    more, is a tenth of what a sync takes that has nothing to do.
    """
    gc.set_threshold(NEW_OBJECTS)


def freeze() -> None:
    """Leaves what there is now out of every later search for cycles, that at the end of the process included.

    For when all is imported, which stays anyway: the last look at it takes half a second.
    """
    gc.freeze()


@contextmanager
def paused() -> Iterator[None]:
    """Lets Python not look for cycles for a while; what is no longer referred to goes at once all the same.

    A search looks at every tuple there is, again and again as they become more, and costs a tenth of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
