"""A fault of this package ends a command with 1, also if the command goes on with everything else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from meeting_assets.cli.exit_codes import ExitCode
from meeting_assets.sandbox import Recording, Sandbox, uniform
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.environments import sync_days, use_sandbox

pytestmark = sqlite_first

DAY = date(2026, 3, 2)
IN_METRICS = "import meeting_assets.pipeline.derive as module; module.metric_rows = defect"
IN_A_PAGE = "import meeting_assets.publications.pages.shared_pages as module; module.index_page = defect"
IN_ALL_PAGES = "import meeting_assets.publications.shared_publishing as module; module.shared_pages = defect"


@pytest.fixture
def recording(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recording]:
    with Sandbox(uniform(DAY, recordings=1, words=20)) as running:
        use_sandbox(running, monkeypatch)
        sync_days([DAY])
        yield running.world.recordings[0]


def with_defect(home: Path, defect: str, *arguments: str) -> CompletedProcess[str]:
    """Runs a command in which one of our functions is defective."""
    script = home / "defect.py"
    script.write_text(
        "def defect(*_arguments, **_options): raise KeyError('a defect')\n"
        f"{defect}\n"
        "from meeting_assets.cli import main\n"
        "main()\n"
    )
    return subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True, check=False)


def test_rebuild_ends_with_1_if_metrics_cannot_be_computed(recording: Recording, home: Path) -> None:
    done = with_defect(home, IN_METRICS, "rebuild")

    assert done.returncode == ExitCode.UNEXPECTED, done.stderr
    assert "unexpected KeyError; this is a fault of meeting_assets" in done.stderr
    assert "1 days rebuilt" in done.stdout


def test_speakers_ends_with_1_if_metrics_cannot_be_computed(recording: Recording, home: Path) -> None:
    key = "100"

    done = with_defect(home, IN_METRICS, "speakers", recording.id, "--name", f"{key}=Somebody")

    assert done.returncode == ExitCode.UNEXPECTED, done.stderr
    assert "The corrections are stored." in done.stderr


def test_rebuild_ends_with_6_if_the_raw_store_lacks_objects(recording: Recording, home: Path) -> None:
    for each in (home / "raw").rglob("*.zst"):
        each.unlink()

    assert command("rebuild").returncode == ExitCode.REFUSED


@pytest.mark.parametrize("defect", [IN_A_PAGE, IN_ALL_PAGES])
def test_purge_ends_with_1_after_its_verification_if_pages_cannot_be_rendered(
    recording: Recording, home: Path, defect: str
) -> None:
    assert command("pages").returncode == ExitCode.DONE

    done = with_defect(home, defect, "purge", "--yes", recording.id)

    assert done.returncode == ExitCode.UNEXPECTED, done.stderr
    assert "Searched " in done.stdout
    assert "The shared pages were not written again." in done.stderr
    assert ("Traceback" in done.stderr) == (defect == IN_ALL_PAGES)
