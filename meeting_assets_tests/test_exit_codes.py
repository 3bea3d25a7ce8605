"""Exit codes of the commands: one real command for each code, and each class of errors."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from meeting_assets.cli.exit_codes import CODES, ExitCode, exit_code_of, exit_code_of_kinds
from meeting_assets.core import errors
from meeting_assets.core.search_tokens import MAX_QUERY_TOKENS
from meeting_assets.sandbox import Fault, Sandbox, uniform
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.environments import sync_days, use_sandbox

DAY = date(2026, 3, 2)
SYNC = ("sync", "--from", str(DAY), "--to", str(DAY))
UNKNOWN = "3b9d8f3e-0000-4000-8000-000000000000"
ROOT = Path(__file__).parent.parent


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=1, words=20)) as running:
        use_sandbox(running, monkeypatch)
        yield running


Change = Callable[[Sandbox, pytest.MonkeyPatch], None]


def nothing(_sandbox: Sandbox, _environment: pytest.MonkeyPatch) -> None:
    """Everything works."""


def missing_transcript(sandbox: Sandbox, _environment: pytest.MonkeyPatch) -> None:
    sandbox.inject(Fault("transcript:", times=None, status=500))


def wrong_key(_sandbox: Sandbox, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("RECALL_API_KEY", "not-the-key")


def no_key(_sandbox: Sandbox, environment: pytest.MonkeyPatch) -> None:
    environment.delenv("RECALL_API_KEY")


def no_api(_sandbox: Sandbox, environment: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    environment.setenv("RECALL_BASE_URL", f"http://127.0.0.1:{port}")


def no_database(_sandbox: Sandbox, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("MEETING_ASSETS_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/db")


def pages_off(_sandbox: Sandbox, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("MEETING_ASSETS_PAGES", "off")


CASES: list[tuple[tuple[str, ...], Change, ExitCode]] = [
    (SYNC, nothing, ExitCode.DONE),
    (("status",), nothing, ExitCode.DONE),
    (("no-such-command",), nothing, ExitCode.USAGE),
    (("sync", "--from", "yesterday"), nothing, ExitCode.USAGE),
    (("sync", "--from", "2026-03-03", "--to", "2026-03-02"), nothing, ExitCode.USAGE),
    (("sync", "--recording", UNKNOWN), nothing, ExitCode.USAGE),
    (("rebuild", "--outdated", "--from", str(DAY)), nothing, ExitCode.USAGE),
    (("export", "0000", "--format", "docx"), nothing, ExitCode.USAGE),
    (("speakers",), nothing, ExitCode.USAGE),
    (("purge", "--yes"), nothing, ExitCode.USAGE),
    (("show", UNKNOWN), nothing, ExitCode.UNAVAILABLE),
    (("show",), nothing, ExitCode.USAGE),
    (("queries", "no_such_query"), nothing, ExitCode.USAGE),
    (("queries", "late_starts", "--param", "minutes=many"), nothing, ExitCode.USAGE),
    (("pages", "--from", "2026-03-03", "--to", "2026-03-02"), nothing, ExitCode.USAGE),
    (("pages",), pages_off, ExitCode.SETTINGS),
    (("pages",), nothing, ExitCode.UNAVAILABLE),
    (("search", "budget", "--from", "2026-03-03", "--to", "2026-03-02"), nothing, ExitCode.USAGE),
    (("search", "budget"), nothing, ExitCode.UNAVAILABLE),
    (SYNC, wrong_key, ExitCode.SETTINGS),
    (SYNC, no_key, ExitCode.SETTINGS),
    (("doctor",), wrong_key, ExitCode.SETTINGS),
    (SYNC, missing_transcript, ExitCode.INCOMPLETE),
    (("sync", "--recording", UNKNOWN), no_api, ExitCode.UNAVAILABLE),
    (("doctor",), no_api, ExitCode.UNAVAILABLE),
    (("status",), no_database, ExitCode.UNAVAILABLE),
    (("purge", UNKNOWN), nothing, ExitCode.REFUSED),
]


@pytest.mark.parametrize(("arguments", "change", "code"), CASES)
def test_command_ends_with_the_code_of_its_result(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], change: Change, code: ExitCode
) -> None:
    change(sandbox, monkeypatch)

    done = command(*arguments)

    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


STORED_CASES: list[tuple[tuple[str, ...], ExitCode]] = [
    (("show", UNKNOWN), ExitCode.USAGE),
    (("queries", "late_starts"), ExitCode.DONE),
    (("pages",), ExitCode.DONE),
    (("search", "abracadabra"), ExitCode.DONE),
    (("search", "..."), ExitCode.USAGE),
    (("search", "--", "-budget"), ExitCode.USAGE),
    (("search", " ".join(f"word{n}" for n in range(MAX_QUERY_TOKENS + 1))), ExitCode.USAGE),
    (("search", "budget", "--speaker", "Nobody"), ExitCode.USAGE),
    (("search", "budget", "--series", "Nothing"), ExitCode.USAGE),
]


def test_commands_about_stored_meetings_end_with_the_code_of_their_result(sandbox: Sandbox) -> None:
    sync_days([DAY])

    codes = {arguments: command(*arguments).returncode for arguments, _ in STORED_CASES}

    assert codes == dict(STORED_CASES)


def test_failed_runs_of_a_sync_have_the_code_of_their_cause(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox.inject(Fault("/api/v1/recording/", times=None, status=503))

    done = command(*SYNC)

    assert done.returncode == ExitCode.UNAVAILABLE, done.stderr


def test_fault_of_this_package_ends_with_1_and_a_traceback(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    (home / "meetings.db").mkdir()
    (home / "defect.py").write_text(
        "from meeting_assets.cli import application, main\n"
        "def defect(): raise KeyError('a defect')\n"
        "application.build_app = defect\n"
        "main()\n"
    )
    import subprocess
    import sys

    done = subprocess.run([sys.executable, home / "defect.py"], capture_output=True, text=True, check=False)

    assert done.returncode == ExitCode.UNEXPECTED
    assert "KeyError: 'a defect'" in done.stderr


def test_every_class_of_errors_has_a_code() -> None:
    classes = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Exception)]

    unexpected = {each for each in classes if exit_code_of(each) is ExitCode.UNEXPECTED}

    # The base class is raised where Dagster ends without a cause. Unreadable payloads and media files are
    # quarantined and end no command.
    assert unexpected == {errors.MeetingAssetsError, errors.PayloadError, errors.UnreadableMediaError}
    assert {exit_code_of(each) for each in CODES} == {*ExitCode} - {
        ExitCode.DONE,
        ExitCode.UNEXPECTED,
        ExitCode.INCOMPLETE,
    }


def test_lowest_code_counts() -> None:
    assert exit_code_of_kinds([errors.Transient, errors.Refused]) is ExitCode.SETTINGS
    assert exit_code_of_kinds([]) is ExitCode.DONE


def test_every_code_is_documented() -> None:
    table = (ROOT / "docs" / "commands.md").read_text()

    documented = {int(number) for number in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}

    assert documented == {*map(int, ExitCode)}
