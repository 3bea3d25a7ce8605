"""`meeting-assets dev` recognizes a daemon by its heartbeats, also after a wrong clock."""

from __future__ import annotations

from datetime import timedelta
from time import monotonic, time
from types import SimpleNamespace
from typing import Any

import pytest

from meeting_assets.core.errors import CommandRefused
from meeting_assets.orchestration import dev
from meeting_assets.settings import read_settings

A_YEAR_S = timedelta(days=365).total_seconds()


class Dagster:
    """An instance whose daemon reports at these seconds since 1970, one at each question."""

    def __init__(self, *reported_s: float) -> None:
        self._left = [*reported_s]
        self._until_s = monotonic() + 30.0

    def get_daemon_heartbeats(self) -> dict[str, Any]:
        assert monotonic() < self._until_s, "dev waits too long"
        reported_s = self._left.pop(0) if len(self._left) > 1 else self._left[0]
        return {"SENSOR": SimpleNamespace(timestamp=reported_s)}


def check(instance: Any, ended_at_s: float = 0.0) -> None:
    dev._check_no_daemon(instance, read_settings(), ended_at_s)


@pytest.fixture(autouse=True)
def _quick(home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "SILENT_S", 0.3)
    monkeypatch.setattr(dev, "POLL_S", 0.01)


@pytest.mark.parametrize("ahead_s", [-A_YEAR_S, 0.0, A_YEAR_S])
def test_ended_daemon_delays_dev_only_briefly(ahead_s: float) -> None:
    began_s = monotonic()

    check(Dagster(time() + ahead_s))

    assert monotonic() < began_s + 10.0


@pytest.mark.parametrize("ahead_s", [0.0, A_YEAR_S])
def test_a_daemon_that_reports_again_is_refused(ahead_s: float) -> None:
    with pytest.raises(CommandRefused, match="already runs"):
        check(Dagster(time() + ahead_s, time() + ahead_s + 1.0))
