"""Commands whose home, database or disk cannot be used end with one sentence instead of a traceback."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from meeting_assets_tests.pipeline.test_infrastructure_failures import mount, small_disk
from meeting_assets_tests.support.commands import command

DAYS = ("--from", "2026-03-02", "--to", "2026-03-02")
COMMANDS = (
    ("status",),
    ("doctor",),
    ("sync", *DAYS),
    ("rebuild",),
    ("purge", "--yes", "0f7a4f0e-0000-4000-8000-000000000000"),
    ("webhooks", "--port", "0"),
)


@pytest.fixture(autouse=True)
def _unreachable_api(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECALL_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("RECALL_API_KEY", "key-of-nobody")
    monkeypatch.setenv("RECALL_WEBHOOK_SECRETS", "whsec_YWJj")


def sentence_of(arguments: tuple[str, ...]) -> str:
    done = command(*arguments)
    output = done.stdout + done.stderr

    assert done.returncode in {3, 5}, output
    assert "Traceback" not in output
    assert "unexpected" not in output
    return output


@pytest.mark.parametrize("arguments", COMMANDS[1:], ids=lambda each: each[0])
def test_home_that_cannot_be_created_is_reported(monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]) -> None:
    monkeypatch.setenv("MEETING_ASSETS_HOME", "/proc/nowhere")

    output = sentence_of(arguments)

    assert "/proc" in output
    assert "let this user read and write it" in output or re.search("cannot be (made|opened)", output)


def test_dagster_home_that_cannot_be_created_names_its_setting(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "/proc/nowhere")

    output = [sentence_of(arguments) for arguments in (("demo",), ("sync", *DAYS))]

    for each in output:
        assert "/proc/nowhere. Make room there, or let this user read and write it." in each
        assert "Or set DAGSTER_HOME to another folder" in each


@pytest.mark.parametrize("name", ["team?notes", "a%41"])
def test_home_path_that_dagster_misreads_is_refused_and_nothing_is_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_HOME", str(tmp_path / "homes" / name))

    assert "Set DAGSTER_HOME to a folder without these characters" in sentence_of(("sync", *DAYS)).replace("\n", " ")
    assert {each.name for each in tmp_path.glob("homes/*")} <= {name}


def test_status_of_a_home_that_cannot_be_created_reports_that_nothing_is_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_HOME", "/proc/nowhere")

    done = command("status")

    assert done.returncode == 0
    assert "There is no database at /proc/nowhere/meetings.db yet" in done.stderr.replace("\n", " ")


@pytest.mark.parametrize("arguments", COMMANDS[1:], ids=lambda each: each[0])
def test_read_only_file_system_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    with small_disk(tmp_path / "disk", size_kb=400) as disk:
        mount(disk, "remount,ro")
        monkeypatch.setenv("MEETING_ASSETS_HOME", str(disk / "home"))

        assert "Read-only file system" in sentence_of(arguments)


def test_full_disk_of_dagster_home_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with small_disk(tmp_path / "disk", size_kb=200) as disk:
        monkeypatch.setenv("DAGSTER_HOME", str(disk / "dagster"))

        output = sentence_of(("sync", *DAYS))

    assert "Dagster's own storage cannot be used (database or disk is full)" in output


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda each: each[0])
def test_unavailable_database_server_is_reported(monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]) -> None:
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", "postgresql://me:pw-1e7d02c9@127.0.0.1:1/meetings")

    output = sentence_of(arguments)

    assert "does not answer" in output
    assert "Connection refused" in output
    assert "pw-1e7d02c9" not in output
