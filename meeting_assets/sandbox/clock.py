"""Clock of a sandbox: wall time plus an offset that tests can change."""

import time
from datetime import UTC, datetime, timedelta
from threading import Lock


class Clock:
    """Wall time plus an offset; `at` is the time at creation, by default the wall time."""

    def __init__(self, at: datetime | None = None) -> None:
        self._lock = Lock()
        self._offset_s = at.timestamp() - time.time() if at else 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._offset_s)

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._offset_s += seconds


def iso(instant: datetime) -> str:
    """An instant in the API's format: UTC, microseconds, `Z`.

    >>> iso(datetime(2026, 1, 5, 9, 30, tzinfo=UTC))
    '2026-01-05T09:30:00.000000Z'
    """
    return instant.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
