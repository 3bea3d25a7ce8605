"""Python's search for garbage that refers to itself, put off while many rows are made: rows never do."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_cycle_search() -> Iterator[None]:
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
