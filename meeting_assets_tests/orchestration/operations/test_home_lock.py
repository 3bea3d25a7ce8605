"""One `dev` or `demo` at a time per home; the second says where the first can be reached, and changes nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from meeting_assets.core.errors import CommandRefused, SettingsError
from meeting_assets.orchestration.home_lock import HomeLock
from meeting_assets.settings import read_settings
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.environments import free_port
from meeting_assets_tests.support.ui import until

URL = "http://127.0.0.1:3999"
# Takes the lock, starts a process as `dev` starts Dagster, and waits to be killed.
OWNER = """
import os, subprocess, sys
from meeting_assets.orchestration.home_lock import HomeLock
from meeting_assets.settings import read_settings

settings = read_settings()
with HomeLock(settings, "dev", sys.argv[1]) as lock:
    environment = os.environ | {"DAGSTER_HOME": str(settings.dagster_home)}
    waiting = [sys.executable, "-c", "import time; time.sleep(600)"]
    child = subprocess.Popen(waiting, env=environment, start_new_session=True, stdout=subprocess.DEVNULL)
    lock.announce(group=child.pid)
    print(child.pid, flush=True)
    sys.stdin.read()
"""


@contextmanager
def owner() -> Iterator[tuple[subprocess.Popen[str], psutil.Process]]:
    """A process that holds the lock, and the one that it has started."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, URL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    assert process.stdout is not None
    child = psutil.Process(int(process.stdout.readline()))
    try:
        yield process, child
    finally:
        process.kill()
        process.communicate()
        if child.is_running():
            child.kill()


@pytest.mark.parametrize("arguments", [("dev", "--port"), ("demo",)], ids=["dev", "demo"])
def test_a_second_command_names_the_address_of_the_first_and_changes_nothing(
    home: Path, arguments: tuple[str, ...]
) -> None:
    with HomeLock(read_settings(), "dev", URL):
        before = sorted(home.rglob("*"))

        done = command(*arguments, *([str(free_port())] if "--port" in arguments else []))

        assert done.returncode == 6
        assert f"`meeting-assets dev` already runs at {URL} (process {os.getpid()})" in done.stderr
        assert "Traceback" not in done.stderr
        assert sorted(home.rglob("*")) == before


@pytest.mark.parametrize("shared", ["MEETING_ASSETS_HOME", "DAGSTER_HOME"])
def test_one_shared_home_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared: str) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster of the first"))
    first = read_settings()
    for name in {"MEETING_ASSETS_HOME", "DAGSTER_HOME"} - {shared}:
        monkeypatch.setenv(name, str(tmp_path / f"another {name}"))

    with HomeLock(first, "dev", URL), pytest.raises(CommandRefused, match=URL):
        HomeLock(read_settings(), "dev").__enter__()


def test_a_command_on_another_home_is_not_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with HomeLock(read_settings(), "dev", URL):
        monkeypatch.setenv("MEETING_ASSETS_HOME", str(tmp_path / "another"))

        with HomeLock(read_settings(), "dev"):
            pass


def test_a_link_to_the_home_is_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "home")
    monkeypatch.setenv("MEETING_ASSETS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "link"))

    with HomeLock(read_settings(), "dev", URL), pytest.raises(CommandRefused, match=URL):
        HomeLock(read_settings(), "dev").__enter__()


def test_the_lock_ends_with_its_command(home: Path) -> None:
    for _ in range(2):
        with HomeLock(read_settings(), "dev", URL):
            pass


def test_next_command_ends_the_processes_of_a_killed_one_and_runs(home: Path) -> None:
    with owner() as (first, child):
        with pytest.raises(CommandRefused, match=URL):
            HomeLock(read_settings(), "dev").__enter__()
        first.kill()
        first.wait()

        with HomeLock(read_settings(), "dev") as lock:
            assert lock.ended_at_s is not None
        until(
            lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE,
            "the end of the child",
            within_s=10,
        )


def test_processes_of_another_home_are_never_ended(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of a process group may be used again."""
    waiting = [sys.executable, "-c", "input()"]
    stranger = subprocess.Popen(
        waiting, stdin=subprocess.PIPE, env={**os.environ, "DAGSTER_HOME": "/elsewhere"}, start_new_session=True
    )
    with HomeLock(read_settings(), "dev", URL) as lock:
        lock.announce(group=stranger.pid)

    with HomeLock(read_settings(), "dev"):
        assert stranger.poll() is None
    stranger.kill()
    stranger.communicate()


def test_a_damaged_file_stops_no_command(home: Path) -> None:
    (home / "in_use.json").write_bytes(b"\xff{")

    with HomeLock(read_settings(), "dev", URL):
        pass


def test_home_that_cannot_be_created_is_reported_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_HOME", "/dev/null/home")

    with pytest.raises(SettingsError, match="MEETING_ASSETS_HOME"):
        HomeLock(read_settings(), "dev").__enter__()
