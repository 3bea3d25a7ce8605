"""The clock that measures how much time has passed."""

from __future__ import annotations

import time
from typing import Final

# On Linux, CLOCK_MONOTONIC and time.monotonic() stand still while the machine is suspended.
_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def elapsed_s() -> float:
    """Seconds since an arbitrary instant; setting the machine's time does not change them, and suspension counts."""
    return time.clock_gettime(_CLOCK)
