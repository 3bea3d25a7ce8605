"""Downloads all waiting media files in a process of its own, which tests and benchmarks kill.

    python -m meeting_assets_tests.support.media_process [--max-mbit-per-s N] [--max-file-bytes N]

Prints outcomes, received bytes, seconds and peak memory as JSON; an error of this package ends it with status 5.
"""

from __future__ import annotations

import argparse
import json
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

from meeting_assets.core.errors import MeetingAssetsError
from meeting_assets.pipeline.media.report import Outcome
from meeting_assets.settings import read_settings
from meeting_assets_tests.support.media_homes import fetch_at_home
from meeting_assets_tests.support.ui import until

END_S = 600


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--max-mbit-per-s", type=float)
    parser.add_argument("--max-file-bytes", type=int, help="no process can write larger files then")
    given = parser.parse_args()
    if given.max_file_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (given.max_file_bytes, given.max_file_bytes))
    try:
        report = fetch_at_home(read_settings().media_kinds, max_mbit_per_s=given.max_mbit_per_s)
    except MeetingAssetsError as error:
        print(error, file=sys.stderr)
        sys.exit(5)
    outcomes = {outcome.value: report.total(outcome) for outcome in Outcome}
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    figures = {"received_bytes": report.received_bytes, "media_s": report.media_s, "peak_mb": peak_mb}
    print(json.dumps({**outcomes, **figures}))


def started(*arguments: str) -> subprocess.Popen[str]:
    """Starts the process with the settings of this one."""
    command = [sys.executable, "-m", __name__, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What a process printed that ended by itself."""
    said, errors = process.communicate(timeout=END_S)
    assert process.returncode == 0, errors[-3000:]
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found


def killed(process: subprocess.Popen[str], sent_bytes: Callable[[], int], at_bytes: int) -> bool:
    """Kills a process when the server has sent so many bytes; False if it ended before."""
    until(lambda: process.poll() is not None or sent_bytes() >= at_bytes, f"{at_bytes} bytes", within_s=END_S)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return process.returncode == -signal.SIGKILL


def killed_and_repeated(sent_bytes: Callable[[], int], kills: Sequence[int], *arguments: str) -> int:
    """Runs the process until all files are stored, and kills it at some numbers of sent bytes; returns the kills."""
    count = sum(killed(started(*arguments), sent_bytes, at_bytes) for at_bytes in kills)
    ended(started(*arguments))
    return count


if __name__ == "__main__":
    main()
