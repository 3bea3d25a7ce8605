"""Runs tests with the clock set to special dates: `python -m tools.dates [--count N] [pytest arguments]`.

Tests must not depend on the day they run on. A small library (`shift_clock.c`, compiled here) shifts the wall clock of
all processes that the tests start, PostgreSQL included. Without pytest arguments, the tests run that read the clock.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from tools.language import ROOT

SOURCE = Path(__file__).with_name("shift_clock.c")
DATES = {
    "2026-12-31 23:50": "end of a year; ISO week 53",
    "2028-02-29 12:00": "leap day",
    "2027-03-28 00:50": "start of daylight-saving time in Europe",
    "2026-11-30 10:00": "end of a month; the busiest sample day is the last one",
    "2027-01-01 00:05": "first day of a year, in ISO week 53 of the year before",
    "2027-01-03 23:55": "last day of ISO week 53",
    "2027-01-04 00:05": "first day of ISO week 1",
    "2027-01-31 23:50": "end of January",
    "2027-02-28 23:50": "end of February",
    "2027-03-01 00:05": "first day after February",
    "2027-03-14 06:50": "start of daylight-saving time in the United States",
    "2027-04-30 12:00": "end of April",
    "2027-06-30 23:59": "end of a half-year",
    "2027-08-01 00:01": "a Sunday, first of a month",
    "2027-10-31 00:50": "end of daylight-saving time in Europe",
    "2027-11-07 05:50": "end of daylight-saving time in the United States",
    "2028-03-01 00:05": "day after a leap day",
    "2028-12-31 23:50": "end of a leap year",
    "2029-12-31 12:00": "a Monday, in ISO week 1 of the year after",
    "2032-12-31 23:50": "end of a year with 53 ISO weeks, six years ahead",
}
ZONES = "UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo"
READS_THE_CLOCK = (
    "core/test_instants.py",
    "metrics/test_trends.py",
    "orchestration/triggers/test_nightly.py",
    "pipeline/test_rollup.py",
    "sandbox/test_fortnight.py",
    "sandbox/test_workday.py",
)


def main() -> int:
    """Runs pytest once per date; 1 if any run failed."""
    parser = argparse.ArgumentParser(description="Runs tests with the clock set to special dates.")
    parser.add_argument("--count", type=int, default=len(DATES), help="how many of the dates, in their order here")
    given, arguments = parser.parse_known_args()
    compiler = shutil.which("cc")
    if compiler is None:
        print("There is no C compiler, so no test ran with another date.")
        return 0
    with TemporaryDirectory() as folder:
        library = Path(folder) / "shift_clock.so"
        # If root runs the tests, PostgreSQL runs as another user, which has to read the library.
        Path(folder).chmod(0o755)
        subprocess.run([compiler, "-shared", "-fPIC", "-o", library, SOURCE], check=True)
        return run_tests(library, given.count, arguments)


def run_tests(library: Path, count: int, arguments: list[str]) -> int:
    """Runs pytest on the first dates and prints the result of each; 1 if any run failed."""
    paths = arguments or ["-m", "not deployment", *(f"meeting_assets_tests/{path}" for path in READS_THE_CLOCK)]
    failed = 0
    for number, (date, reason) in enumerate([*DATES.items()][:count]):
        zone = ZONES[number % len(ZONES)]
        shift = datetime.fromisoformat(date).replace(tzinfo=ZoneInfo(zone)) - datetime.now(UTC)
        environment = os.environ | {"LD_PRELOAD": str(library), "SHIFT_S": f"{shift.total_seconds():.0f}", "TZ": zone}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header", *paths]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        lines = done.stdout.splitlines()
        print(f"{date} {zone} ({reason}): {lines[-1] if lines else done.stderr[-300:]}", flush=True)
        if done.returncode:
            failed += 1
            print(*(line for line in lines if line.startswith(("FAILED", "ERROR"))), sep="\n", flush=True)
    print(f"{min(count, len(DATES))} dates, {failed} with failures")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
