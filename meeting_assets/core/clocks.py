"""A monotonic clock that includes the time a machine is suspended."""

from __future__ import annotations

import time
from typing import Final

# On Linux, CLOCK_MONOTONIC and time.monotonic() stop while the machine is suspended.
_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def elapsed_s() -> float:
    """Seconds since an arbitrary start, suspension included; wall-clock changes have no effect."""
    return time.clock_gettime(_CLOCK)
