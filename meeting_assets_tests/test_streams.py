"""Commands work with every encoding of the standard streams, and with closed or full ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from meeting_assets.cli.exit_codes import ExitCode
from meeting_assets.cli.streams import ERRORS, prepare_streams
from meeting_assets.pipeline.search_index import index_days
from meeting_assets.pipeline.storage import open_storage
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets.settings import read_settings
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.environments import use_sandbox
from meeting_assets_tests.support.stored_texts import FIRST, store_meeting

DAY = date(2026, 3, 2)
MAIN = (sys.executable, "-m", "meeting_assets.cli")
TIMEOUT_S = 120
PIPE_BYTES = 65_536
"""The capacity of a pipe: a command with less output may end before its reader does."""


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=1, words=20)) as running:
        use_sandbox(running, monkeypatch)
        yield running


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*MAIN, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=TIMEOUT_S,
        check=False,
    )


def shell(script: str) -> subprocess.CompletedProcess[bytes]:
    """Runs a shell script in which `$MA` is the command."""
    return subprocess.run(
        ["bash", "-c", f'MA="{" ".join(MAIN)}"; {script}'], capture_output=True, timeout=TIMEOUT_S, check=False
    )


COMMANDS = [("status",), ("doctor",), ("--help",), ("doctor", "--json")]
ENCODINGS = ["ascii", "cp1252", "latin-1", "utf-16", "shift_jis"]
CASES = [*product(COMMANDS, ["ascii", "utf-16"]), *product([("doctor", "--json")], ["cp1252", "latin-1", "shift_jis"])]
FAST = {(("status",), "ascii"), (("doctor", "--json"), "cp1252")}


def slow(*values: object, unless: bool = False) -> Any:
    """A case that only `make test-deployment` runs."""
    return pytest.param(*values, marks=[] if unless else pytest.mark.deployment)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_symbol_can_be_encoded_in_every_encoding(encoding: str) -> None:
    prepare_streams()

    text = "✓ ✗ … · → Zoë 会議 \ud83d".encode(encoding, ERRORS).decode(encoding)

    assert "Zo" in text
    assert ("+ x ... . ->" in text) == (encoding == "ascii")


@pytest.mark.parametrize(("arguments", "encoding"), [slow(*each, unless=each in FAST) for each in CASES])
def test_commands_work_in_every_encoding(home: Path, arguments: tuple[str, ...], encoding: str) -> None:
    done = run(*arguments, PYTHONIOENCODING=encoding)

    assert done.returncode == (3 if "doctor" in arguments else 0), done.stderr
    assert b"Traceback" not in done.stderr
    text = done.stdout.decode(encoding)
    if "--json" in arguments:
        assert json.loads(text)["is_healthy"] is False


@pytest.mark.deployment
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_sync_works_in_every_encoding(sandbox: Sandbox, encoding: str) -> None:
    done = run("sync", "--from", str(DAY), "--to", str(DAY), PYTHONIOENCODING=encoding)

    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr
    assert b"in tables" in done.stdout


@pytest.mark.deployment
def test_symbols_are_readable_in_ascii(home: Path) -> None:
    output = run("doctor", PYTHONIOENCODING="ascii").stdout.decode("ascii")

    assert "\n+ database" in output
    assert "\nx API" in output


@pytest.mark.deployment
def test_commands_work_in_the_c_locale(home: Path) -> None:
    done = run("doctor", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")

    assert (done.returncode, b"Traceback" in done.stderr) == (3, False)


@pytest.mark.parametrize(
    "script",
    [
        "$MA status | head -1",
        "$MA status >&- 2>&- <&-",
        slow("$MA status --json | true"),
        slow("$MA doctor | head -1"),
        slow("$MA status 2>&1 | true"),
        slow("$MA status >&-"),
        slow("$MA status 2>&-"),
        slow("$MA --help | true"),
    ],
)
def test_closed_output_is_no_error(home: Path, script: str) -> None:
    done = shell(script)

    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr


@pytest.mark.parametrize(
    "script",
    [
        "$MA search budget --limit 1000 | head -1",
        "$MA search budget --limit 1000 --json | head -1",
        "$MA search budget --limit 1000 2>&1 | head -1",
        "$MA --help | true",
    ],
)
def test_command_whose_reader_ends_has_code_141(home: Path, script: str) -> None:
    with open_storage(read_settings()) as storage:
        with storage.database.writing() as connection:
            store_meeting(connection, 1, [("Ben", f"budget {'draft ' * 30}")] * 1000)
        index_days([FIRST.date()], storage)
    assert "--help" in script or len(shell(script.partition(" |")[0]).stdout) > PIPE_BYTES

    done = shell(f"{script} > /dev/null; echo ${{PIPESTATUS[0]}}")

    assert (int(done.stdout), done.stderr) == (ExitCode.NO_READER, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("arguments", ["status --json", slow("status"), slow("doctor")])
def test_unwritable_output_is_reported(home: Path, arguments: str) -> None:
    done = shell(f"$MA {arguments} > /dev/full")

    assert done.returncode == 5
    assert done.stderr == b"Error: standard output cannot be written: No space left on device.\n"


def test_unwritable_dagster_home_is_reported(sandbox: Sandbox, home: Path) -> None:
    (home / "dagster").write_text("a file in its place")

    done = command("sync")

    assert done.returncode == 3
    assert f"File exists: {home / 'dagster'}. Make room there, or let this user" in done.stderr
    assert "Or set DAGSTER_HOME to another folder" in done.stderr
    assert "Traceback" not in done.stderr
