"""Settings of Python's cyclic garbage collector. Entry points and bulk operations call them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

NEW_OBJECTS = 10_000


def raise_threshold() -> None:
    """Makes garbage collections rarer: one after 10,000 new objects instead of Python's default."""
    # perf: Dagster's imports create objects that stay; the default takes 0.1 s more at each start (benchmarks idle)
    gc.set_threshold(NEW_OBJECTS)


def freeze() -> None:
    """Excludes all objects alive now from later garbage collections, including the final one at exit."""
    # perf: after Dagster's imports the final collection takes 0.8 s (benchmarks idle)
    gc.freeze()


@contextmanager
def paused() -> Iterator[None]:
    """Disables cyclic garbage collection for the duration of a block; reference counting continues."""
    # perf: each collection visits all rows of a payload; without them loading takes 6 % less time (benchmarks load)
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
