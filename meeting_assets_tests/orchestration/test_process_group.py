"""Processes of a group end together, and no signal reaches a group that has ended."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from meeting_assets.orchestration.process_group import ProcessGroup
from meeting_assets_tests.support.ui import until

# Processes inherit an ignored SIGTERM, for example from a job in the background.
WAITING = (
    sys.executable,
    "-c",
    "import signal, pathlib, sys, time; signal.signal(signal.SIGTERM, signal.SIG_DFL);"
    "pathlib.Path(sys.argv[1]).touch(); time.sleep(600)",
)
STUBBORN = (
    sys.executable,
    "-c",
    "import signal, pathlib, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "pathlib.Path('ready').touch(); time.sleep(600)",
)


@pytest.fixture
def killed_groups(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids of all groups that are killed."""
    killed: list[int] = []
    kill = os.killpg

    def record(group: int, number: int) -> None:
        killed.append(group)
        kill(group, number)

    monkeypatch.setattr(os, "killpg", record)
    return killed


def test_group_whose_processes_have_ended_is_not_killed(tmp_path: Path, killed_groups: list[int]) -> None:
    group = ProcessGroup(tmp_path, os.environ)
    for name in ("first", "second"):
        group.start(name, *WAITING, name)
        until((tmp_path / name).exists, "the process", within_s=60)

    group.stop(within_s=60)

    assert killed_groups == []
    assert group.ended() == "first"


def test_processes_that_ignore_sigterm_are_killed(tmp_path: Path, killed_groups: list[int]) -> None:
    group = ProcessGroup(tmp_path, os.environ)
    group.start("stubborn", *STUBBORN)
    until((tmp_path / "ready").exists, "the process", within_s=60)

    group.stop(within_s=0)

    assert killed_groups == [group.id]
    assert group.ended() == "stubborn"


def test_group_without_processes_stops(tmp_path: Path, killed_groups: list[int]) -> None:
    ProcessGroup(tmp_path, os.environ).stop(within_s=0)

    assert killed_groups == []
