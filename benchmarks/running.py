"""Benchmarks of whole runs: `meeting-assets sync` with process start and Dagster, against a sandbox.

The sandbox runs in this process and takes CPU time of the same machine, unlike the real API.
"""

from __future__ import annotations

import os
import sqlite3
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path

from benchmarks.fixtures import FIRST_DAY, HOUR_WORDS, Fixtures, Sample, environment, out, settings, show, timed, world
from benchmarks.loading import floor
from meeting_assets.sandbox import Sandbox, World, uniform
from meeting_assets_tests.support.deployment import Deployment
from meeting_assets_tests.support.webhook_sender import SECRET, ReceiverCommand

SMALL_WORDS = 200
TIMEOUT_S = 300


def sync(fixtures: Fixtures, *, recordings: int = 60, rounds: int = 2) -> None:
    """Sync of a day of one-hour meetings with all artifacts and metrics, relative to the floor's transcripts."""
    meetings = fixtures.meetings(per_day=recordings)
    data = warm(world([FIRST_DAY], recordings, HOUR_WORDS))
    for kind in ("sqlite", "postgresql"):
        floors, syncs = [], []
        for number in range(rounds):
            floors.append(floor(fixtures, kind, meetings))
            with Sandbox(data, limits=False) as sandbox:
                url = "" if kind == "sqlite" else fixtures.database(kind)
                syncs.append(synced(sandbox, fixtures.folder / f"sync-{kind}-{number}", [FIRST_DAY], url).wall_s)
            out.print(f"[dim]round {number + 1}: floor {floors[-1]:.1f} s, sync {syncs[-1]:.1f} s")
        ratios = [low / whole for low, whole in zip(floors, syncs, strict=True)]
        show(
            f"{kind}: sync of {recordings} one-hour meetings, all seven artifacts and metrics",
            ("", "seconds", "words/s"),
            [
                ["floor", f"{statistics.median(floors):.1f}", f"{meetings.words / statistics.median(floors):,.0f}"],
                ["sync", f"{statistics.median(syncs):.1f}", f"{meetings.words / statistics.median(syncs):,.0f}"],
                [
                    "sync relative to floor",
                    f"{statistics.median(ratios):.2f}",
                    f"{min(ratios):.2f} to {max(ratios):.2f}",
                ],
            ],
        )


def idle(fixtures: Fixtures, *, rounds: int = 7) -> None:
    """Sync of a day with nothing to do, compared with importing Dagster."""
    home = fixtures.folder / "idle"
    with Sandbox(world([FIRST_DAY], 20, SMALL_WORDS), limits=False) as sandbox:
        synced(sandbox, home, [FIRST_DAY])
        imports, syncs, runs = [], [], []
        for _ in range(rounds):
            imports.append(timed((sys.executable, "-c", "import dagster"), environment(home)))
            syncs.append(synced(sandbox, home, [FIRST_DAY]))
            runs.append(last_run(home))  # the run of the day, because no weekly rollup is outdated
    run_s, steps = statistics.median(seconds for seconds, _ in runs), runs[0][1]
    ratios = [run.wall_s / start.wall_s for start, run in zip(imports, syncs, strict=True)]
    cpu = [run.cpu_s / start.cpu_s for start, run in zip(imports, syncs, strict=True)]
    show(
        "A sync of a day with nothing to do, process start included",
        ("", "seconds", "processor seconds"),
        [
            ["import dagster", *(f"{each:.2f}" for each in medians(imports))],
            ["sync", *(f"{each:.2f}" for each in medians(syncs))],
            ["sync relative to import", f"{statistics.median(ratios):.2f}", f"{statistics.median(cpu):.2f}"],
            [
                "part in Dagster's run",
                f"{run_s:.2f}",
                f"{1000 * run_s / steps:.0f} ms for each of {steps} steps (wall)",
            ],
        ],
    )


def calls(fixtures: Fixtures, *, days: int = 10, per_day: int = 100) -> None:
    """API calls of a backfill with 50 items per page."""
    span = [FIRST_DAY + timedelta(days=number) for number in range(days)]
    with Sandbox(world(span, per_day, 50), limits=False) as sandbox:
        synced(sandbox, fixtures.folder / "calls", span)
        stats, count = sandbox.stats, days * per_day
        rows = [[name, number, f"{number / count:.3f}"] for name, number in sorted(stats.list_calls.items())]
        rows.append(["all lists", stats.list_calls_total, f"{stats.list_calls_total / count:.3f}"])
        rows.append(["retrieves", stats.retrieve_calls, f"{stats.retrieve_calls / count:.3f}"])
    show(f"Calls for {count:,} recordings over {days} days", ("call", "calls", "per recording"), rows)


def memory(fixtures: Fixtures, *, small: int = 40, large: int = 120) -> None:
    """Peak memory of all processes of a sync, for days with few and with many one-hour meetings."""
    rows = []
    for kind in ("sqlite", "postgresql"):
        for recordings in (small, large):
            with Sandbox(world([FIRST_DAY], recordings, HOUR_WORDS), limits=False) as sandbox:
                url = "" if kind == "sqlite" else fixtures.database(kind)
                sample = synced(sandbox, fixtures.folder / f"memory-{kind}-{recordings}", [FIRST_DAY], url)
            rows.append([kind, recordings, f"{sample.peak_mb:.0f}", f"{sample.wall_s:.0f}"])
    show("Peak resident memory of a sync's processes", ("database", "one-hour meetings", "MB", "seconds"), rows)


def bookkeeping(fixtures: Fixtures, *, days: int = 60, per_day: int = 20) -> None:
    """Cost of a day with nothing to do, in a range and alone: Dagster's events and a few queries."""
    span = [FIRST_DAY + timedelta(days=number) for number in range(days)]
    home = fixtures.folder / "bookkeeping"
    with Sandbox(world(span, per_day, SMALL_WORDS), limits=False) as sandbox:
        first = synced(sandbox, home, span)
        start = synced(sandbox, home, span[:1])
        again = synced(sandbox, home, span)
        run_s, _ = last_run(home)
        alone = [synced(sandbox, home, [day]) for day in span[:5]]
    run_alone_s, _ = last_run(home)
    per_range = (again.wall_s - start.wall_s + run_alone_s) / days
    show(
        f"{days} days of {per_day} meetings of {SMALL_WORDS} words, ranges of 30 days, SQLite",
        ("", "seconds"),
        [
            ["a day of the backfill, with downloads and process start", f"{first.wall_s / days:.2f}"],
            ["a day in a range, nothing to do, without process start", f"{per_range:.2f}"],
            ["a day alone, nothing to do, with process start", f"{statistics.median(e.wall_s for e in alone):.2f}"],
            ["a day alone, nothing to do, Dagster's run only", f"{run_alone_s:.2f}"],
            ["the last range's run", f"{run_s:.2f}"],
        ],
    )


def warm(data: World) -> World:
    """Generates all payloads, so that no contender waits for them."""
    for recording in data.recordings:
        for artifact in recording.artifacts:
            for payload in artifact.payloads.values():
                payload.body()
    return data


def synced(sandbox: Sandbox, home: Path, days: Sequence[date], database_url: str = "") -> Sample:
    command = (sys.executable, "-m", "meeting_assets.cli", "sync", "--from", days[0], "--to", days[-1], "--json")
    return timed(command, environment(home, sandbox, database_url))


def last_run(home: Path) -> tuple[float, int]:
    """Seconds and steps of the newest run of a home."""
    import dagster as dg

    with settings(home):
        os.environ["DAGSTER_HOME"] = str(home / "dagster")
        with dg.DagsterInstance.get() as instance:
            record = instance.get_run_records(limit=1)[0]
            steps = instance.get_run_step_stats(record.dagster_run.run_id)
    return (record.end_time or 0.0) - (record.start_time or 0.0), len(steps)


def medians(samples: Sequence[Sample]) -> tuple[float, float]:
    return statistics.median(each.wall_s for each in samples), statistics.median(each.cpu_s for each in samples)


def latency(fixtures: Fixtures, *, rounds: int = 4) -> None:
    """Time from a meeting's end to its metrics, by polling and by webhook, with all of Dagster's processes."""
    rows = []
    for mode in ("polling", "webhook"):
        home = fixtures.folder / f"latency-{mode}"
        home.mkdir()
        # With webhook secrets, the sensor lists recordings only every ten minutes.
        secrets = {"RECALL_WEBHOOK_SECRETS": SECRET} if mode == "webhook" else {}
        with (
            ExitStack() as stack,
            Sandbox(uniform(date.today(), recordings=1), limits=False) as sandbox,
            Deployment(home, sandbox, **secrets) as deployment,
        ):
            if mode == "webhook":
                receiver = stack.enter_context(ReceiverCommand(deployment.settings))
                sandbox.notify(receiver.url, SECRET)
            waits = [_wait_s(sandbox, home, number) for number in range(rounds + 1)][1:]
            sandbox.stop_notifying()
        spread = f"{min(waits):.1f} to {max(waits):.1f}"
        rows.append([mode, f"{statistics.median(waits):.1f}", spread])
    show("Seconds from a meeting's end to its metrics", ("by", "median", "range"), rows)


def _wait_s(sandbox: Sandbox, home: Path, number: int) -> float:
    """Seconds until a new meeting has metrics; it ends at a varying moment of the sensor's interval."""
    time.sleep(1.0 + 2.3 * number)
    recording = sandbox.add_recording(processing=True)
    sandbox.finish(recording.id)
    ended_s = time.perf_counter()
    while time.perf_counter() - ended_s < TIMEOUT_S:
        try:
            with sqlite3.connect(f"file:{home / 'meetings.db'}?mode=ro", uri=True) as connection:
                query = "SELECT count(*) FROM meeting_metrics WHERE recording_id = ?"
                if connection.execute(query, [recording.id]).fetchone()[0]:
                    return time.perf_counter() - ended_s
        except sqlite3.Error:
            pass
        time.sleep(0.05)
    sys.exit(f"no metrics of recording {recording.id} within {TIMEOUT_S} s")
