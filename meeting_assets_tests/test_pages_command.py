"""The command `pages`: files, permissions, and refusals."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from meeting_assets.cli.exit_codes import ExitCode
from meeting_assets.health.diagnostics.report import Severity
from meeting_assets.sandbox import Sandbox
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.diagnoses import HUSH, only_finding
from meeting_assets_tests.support.planted_texts import DAY, planted_sandbox
from meeting_assets_tests.support.snapshots import sync_once

pytestmark = sqlite_first


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with planted_sandbox(monkeypatch) as running:
        sync_once("planted texts", [DAY])
        yield running


def test_pages_writes_the_site_and_prints_where_it_begins(sandbox: Sandbox, home: Path) -> None:
    first, second = command("pages"), command("pages")

    index = home / "publications" / "index.html"
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert str(index) in first.stdout.splitlines()
    assert second.stdout.startswith("0 files were written, ")
    assert all(each.id in index.read_text() for each in sandbox.world.recordings)
    modes = {oct(path.stat().st_mode)[-3:]: path.is_dir() for path in [index.parent, *index.parent.rglob("*")]}
    assert modes == {"700": True, "600": False}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a display and without a chosen browser."""
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)


def browser_script(folder: Path, exit_status: int) -> Path:
    """A program that writes the address that it should open to a file beside it."""
    script = folder / "browser"
    script.write_text(f'#!/bin/sh\nprintf %s "$1" > "{folder}/address"\nexit {exit_status}\n')
    script.chmod(0o700)
    return script


@pytest.mark.usefixtures("server")
def test_pages_open_starts_the_chosen_browser_with_the_index(
    sandbox: Sandbox, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER", str(browser_script(tmp_path, exit_status=0)))

    done = command("pages", "--open")

    index = home / "publications" / "index.html"
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "address").read_text() == index.as_uri()
    assert done.stdout.splitlines()[-1] == str(index)


@pytest.mark.usefixtures("server")
def test_pages_open_names_the_file_if_the_browser_fails(
    sandbox: Sandbox, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER", str(browser_script(tmp_path, exit_status=1)))

    done = command("pages", "--open")

    assert done.returncode == 0, done.stderr
    index = str(home / "publications" / "index.html")
    assert done.stdout.splitlines()[-2:] == [index, "No browser could be started. Open the file above."]


@pytest.mark.usefixtures("server")
def test_pages_open_starts_no_browser_in_a_terminal_without_a_display(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser_script(tmp_path, exit_status=0).rename(tmp_path / "w3m")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("TERM", "xterm")

    done = command("pages", "--open")

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "No browser could be started. Open the file above."
    assert not (tmp_path / "address").exists()


def test_pages_of_other_days_are_left_out(sandbox: Sandbox, home: Path) -> None:
    done = command("pages", "--from", "2026-03-03")

    assert done.returncode == 0, done.stderr
    assert not (home / "publications" / "meetings").exists()


def test_pages_is_refused_where_pages_are_off(sandbox: Sandbox, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_PAGES", "off")

    done = command("pages")

    assert done.returncode == ExitCode.SETTINGS
    assert "MEETING_ASSETS_PAGES=on" in done.stderr
    assert not (home / "publications").exists()


def test_pages_in_an_empty_home_creates_nothing(home: Path) -> None:
    done = command("pages")

    assert done.returncode == ExitCode.UNAVAILABLE
    assert "meeting-assets sync" in done.stderr
    assert [*home.iterdir()] == []


def test_doctor_examines_the_store_and_removes_its_probe(sandbox: Sandbox, home: Path) -> None:
    found = only_finding("publications")

    assert found.severity is Severity.OK
    assert "It receives pages." in found.sentence
    assert [*(home / "publications").iterdir()] == []


def test_doctor_creates_nothing_where_pages_and_exports_are_off(
    sandbox: Sandbox, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_PAGES", "off")

    assert only_finding("publications").severity is Severity.OK
    assert not (home / "publications").exists()


@pytest.mark.parametrize("url", ["/dev/null/pages", f"foo://{HUSH}:{HUSH}%2F@bucket/pages?token={HUSH}"])
def test_doctor_names_the_setting_of_a_store_that_cannot_be_used(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_PUBLICATIONS_URL", url)

    done = command("doctor")

    assert done.returncode == ExitCode.UNAVAILABLE
    assert "check MEETING_ASSETS_PUBLICATIONS_URL" in done.stdout
    assert HUSH not in done.stdout + done.stderr


@pytest.mark.parametrize("url", ["", "raw", "{home}", "file://{home}/raw", "s3://bucket/all/"])
def test_a_store_that_contains_other_data_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("MEETING_ASSETS_RAW_URL", "s3://bucket/all/raw" if url.startswith("s3") else "raw")
    monkeypatch.setenv("MEETING_ASSETS_PUBLICATIONS_URL", url.format(home=home) or ".")

    done = command("pages")

    assert done.returncode == ExitCode.SETTINGS
    assert "MEETING_ASSETS_PUBLICATIONS_URL is wrong" in done.stderr
