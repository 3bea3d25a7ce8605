"""Concurrent commands on one PostgreSQL while the API changes: no run fails, and the tables equal a fresh home's."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random
from threading import Event

import pytest

from meeting_assets.core.instants import days_between, start_of
from meeting_assets.metrics.trends import ROLLUPS
from meeting_assets.pipeline.deletion.recordings import purge
from meeting_assets.pipeline.rollup import roll_up, roll_up_people
from meeting_assets.sandbox import Sandbox, combined, uniform
from meeting_assets.store.database import table_of
from meeting_assets.store.tombstones import ASKED_FOR
from meeting_assets_tests.conftest import fresh_postgresql
from meeting_assets_tests.support.commands import kill, started
from meeting_assets_tests.support.environments import (
    VOLATILE_COLUMNS,
    Row,
    TableRows,
    content_of,
    open_test_storage,
    sync_days,
    table_rows,
)
from meeting_assets_tests.test_killed import environment, settings_of

FIRST_DAY = date(2026, 3, 2)
DAYS = days_between(FIRST_DAY, FIRST_DAY + timedelta(days=7))
COMMAND_TIMEOUT_S = 240
CHANGE_EVERY_S = 0.15
LONG_S = 180 if os.environ.get("LONG") else 60
"""Seconds of chaos in `make test-deployment`; `LONG=1` makes them three minutes."""
SHORT_S = 3
COMPLETE, LEFT_FOR_LATER = 0, (1, 4)
"""Exit statuses of a sync. Artifacts are left for later if the API changed during the sync."""


@dataclass(slots=True)
class Chaos:
    """The commands that have run, and the recordings whose state a fresh home cannot reproduce."""

    sandbox: Sandbox
    home: Path
    database_url: str
    days: Sequence[date]
    ended: Event = field(default_factory=Event)
    commands: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    removed: set[str] = field(default_factory=set)
    """Purged here or deleted at the API."""

    def run(self, number: int, *arguments: str) -> int:
        """Runs a command with a Dagster home of its own; returns its exit status."""
        out, err = (self.home / f"{number}.{stream}" for stream in ("out", "err"))
        for path in (out, err):
            path.unlink(missing_ok=True)
        settings = environment(self.sandbox, self.home, self.database_url)
        settings["DAGSTER_HOME"] = str(self.home / f"dagster-{number}")
        process = started(arguments, settings, out, err)
        process.join(COMMAND_TIMEOUT_S)
        if process.exitcode is None:
            kill(process)
            self.failures.append(f"{arguments}: still running after {COMMAND_TIMEOUT_S} s")
            return 1
        self.commands[arguments[0]] += 1
        errors = err.read_text()
        if "Traceback" in errors or "Error" in errors:
            self.failures.append(f"{arguments}: {errors[-1000:]}")
        if arguments[0] == "sync":
            self._check_runs(arguments, out.read_text())
        return process.exitcode

    def _check_runs(self, arguments: Sequence[str], output: str) -> None:
        report = json.loads(output or "{}")
        if not all(each["has_succeeded"] for each in report.get("runs", [{"has_succeeded": False}])):
            self.failures.append(f"{arguments}: {report.get('errors', 'no report')}")


def random_command(chaos: Chaos, chance: Random) -> tuple[str, ...]:
    """A sync, refetch, rebuild, purge or status command with random days and recordings."""
    first, last = sorted(chance.choices(chaos.days, k=2))
    days = ("--from", str(first), "--to", str(last))
    kind = chance.choices(("sync", "refetch", "rebuild", "purge", "status"), (6, 2, 2, 2, 1))[0]
    match kind:
        case "sync":
            return ("sync", *days, "--json")
        case "refetch":
            return ("sync", "--from", str(first), "--to", str(first), "--refetch", "--json")
        case "purge":
            recording_id = chance.choice(chaos.sandbox.world.recordings).id
            chaos.removed.add(recording_id)
            return ("purge", recording_id, "--yes")
        case "rebuild":
            return ("rebuild", *days)
        case _:
            return (kind, "--json")


def work(chaos: Chaos, number: int) -> None:
    """Runs random commands until the chaos ends."""
    chance = Random(number)
    while not chaos.ended.is_set():
        chaos.run(number, *random_command(chaos, chance))


def change(sandbox: Sandbox, days: Sequence[date], chance: Random) -> str | None:
    """Changes a random object at the API; returns the id of the recording if it deleted anything."""
    recording = chance.choice(sandbox.world.recordings)
    artifact = chance.choice(recording.artifacts)
    match chance.randrange(20):
        case 0:
            sandbox.delete(recording.id)
            return recording.id
        case 1:
            sandbox.delete_artifact(artifact.id)
            return recording.id
        case 2 | 3 | 4:
            created_at = start_of(chance.choice(days)) + timedelta(seconds=chance.randrange(86_000))
            sandbox.add_recording(created_at, words=200)
        case 5 | 6:
            sandbox.add_transcript(recording.id)
        case 7 | 8 | 9:
            sandbox.touch(artifact.id)
        case _ if artifact.status.code == "done":
            sandbox.reissue(artifact.id)
    return None


def disturb(chaos: Chaos, seconds: float) -> None:
    """Changes the API for some time, then ends the chaos."""
    chance = Random(0)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        deleted = change(chaos.sandbox, chaos.days, chance)
        if deleted is not None:
            chaos.removed.add(deleted)
        chaos.ended.wait(CHANGE_EVERY_S)
    chaos.ended.set()


def all_tables() -> TableRows:
    """Every row of every table, trends and people included."""
    found = table_rows(without=VOLATILE_COLUMNS)
    with open_test_storage() as storage, storage.database.reading() as connection:
        found |= {table_of(model).name: content_of(connection, model) for model in ROLLUPS}
    return found


def difference(found: Sequence[Row], expected: Sequence[Row]) -> list[str]:
    """Up to six rows that only one of two tables has."""
    return sorted({*map(repr, found)} ^ {*map(repr, expected)})[:6]


def finish(chaos: Chaos) -> None:
    """Purges the recordings that a fresh home cannot reproduce, and syncs everything else."""
    removed = sorted(chaos.removed)
    if removed:
        assert chaos.run(0, "purge", *removed, "--yes") == 0, chaos.failures
    for _ in range(2):  # artifacts reissued during the last commands may need a second attempt
        status = chaos.run(0, "sync", "--from", str(chaos.days[0]), "--to", str(chaos.days[-1]), "--refetch", "--json")
        if status == COMPLETE:
            break
    assert status == COMPLETE, chaos.failures


def tables_of_fresh_home(chaos: Chaos, home: Path, database_url: str) -> TableRows:
    """The tables of a home that has never stored the removed recordings, synced after the chaos."""
    recording_ids = {each.id for each in chaos.sandbox.world.recordings} - chaos.removed
    with settings_of(chaos.sandbox, home, database_url):
        with open_test_storage() as storage:
            purge(storage, sorted(chaos.removed), ASKED_FOR)
        # Named recordings are listed with all their media objects; lists by day end three days later.
        sync_days(chaos.days, recording_ids=sorted(recording_ids))
        with open_test_storage() as storage:
            roll_up(storage)
            roll_up_people(storage)
        return all_tables()


@pytest.mark.parametrize(
    ("seconds", "days", "recordings", "processes"),
    [(SHORT_S, DAYS[:3], 2, 3), pytest.param(LONG_S, DAYS, 5, 5, marks=pytest.mark.deployment)],
    ids=["short", "long"],
)
def test_concurrent_commands_and_a_changing_api_end_in_the_tables_of_a_fresh_home(
    seconds: int,
    days: Sequence[date],
    recordings: int,
    processes: int,
    postgresql_server: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RECALL_LIST_CALLS_PER_MINUTE", "100000")  # the sandbox has no limits here
    with Sandbox(combined(uniform(day, recordings=recordings, words=200) for day in days), limits=False) as sandbox:
        chaos = Chaos(sandbox, tmp_path / "chaos", fresh_postgresql(postgresql_server), days)
        fresh = tmp_path / "fresh"
        for each in (chaos.home, fresh):
            each.mkdir()

        with ThreadPoolExecutor(processes) as pool:
            workers = [pool.submit(work, chaos, number) for number in range(processes)]
            disturb(chaos, seconds)
            for worker in workers:
                worker.result()
        disturbed = chaos.commands.copy()
        finish(chaos)

        print(f"{seconds} s of chaos: {dict(disturbed)}, {len(chaos.removed)} recordings removed")
        assert chaos.failures == []
        with settings_of(sandbox, chaos.home, chaos.database_url):
            disturbed_tables = all_tables()
        expected = tables_of_fresh_home(chaos, fresh, fresh_postgresql(postgresql_server))
        assert {name: rows for name in expected if (rows := difference(disturbed_tables[name], expected[name]))} == {}
        assert disturbed["sync"] > 0
