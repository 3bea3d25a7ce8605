"""A whole deployment: code server, webserver and daemon on one home, a sandbox, and actions in the UI only.

Fixtures of the module start long operations, which continue during other tests.
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Select, select
from sqlmodel import SQLModel

from meeting_assets.metrics.tables import MeetingMetrics
from meeting_assets.metrics.trends import ROLLUPS
from meeting_assets.orchestration.assets.context import TABLES as CONTEXT_TABLES
from meeting_assets.orchestration.workspace import SHARED_PAGES
from meeting_assets.pipeline.storage import derived_tables, open_storage
from meeting_assets.sandbox import Clock, Recording, Sandbox, combined, fortnight, uniform
from meeting_assets.schema.persistent import Artifacts, Recordings
from meeting_assets.settings import read_settings
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER
from meeting_assets_tests.support.deployment import Deployment
from meeting_assets_tests.support.environments import (
    TIMES_OF_WORK,
    VOLATILE_COLUMNS,
    Row,
    TableRows,
    sync_days,
    use_home,
    use_sandbox,
)
from meeting_assets_tests.support.ui import Run, Ui, until

MINUTE_S = 60
PATIENCE_S = 120
OFTEN_S = 0.05
LATE = timedelta(hours=3)
SENSOR, SCHEDULE = "finished_recordings", "nightly_reconciliation"
ASKED_BY = "dagster/sensor_name"
SEVERAL = 3
SENSOR_INTERVAL_S = 20

NOW = datetime.now(UTC)
LONG_AGO, BUSY_DAY, BUSIER_DAY, QUIET_DAY = (NOW.date() - timedelta(days=n) for n in (30, 25, 24, 20))
# Older than the sensor looks, so that it is the backfill that brings them home.
FORTNIGHT = fortnight(NOW.date() - timedelta(days=3))


# Begun before the first test, since these take longest.
pytestmark = [pytest.mark.deployment, pytest.mark.usefixtures("backfill_id", "meetings", "old_run")]


@dataclass(frozen=True, slots=True)
class Meetings:
    """Meetings that have ended at the same moment."""

    finished: Recording
    transcribed_late: Recording
    late_transcript: str
    never_transcribed: Recording
    endless_transcript: str
    without_url: Recording
    finished_s: float

    @property
    def all(self) -> list[Recording]:
        return [self.finished, self.transcribed_late, self.never_transcribed, self.without_url]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """An API whose clock is three hours behind, so that three hours can pass there."""
    world = combined(
        [
            uniform(LONG_AGO, recordings=1),
            *(uniform(day, recordings=20, words=3_000) for day in (BUSY_DAY, BUSIER_DAY)),
            uniform(QUIET_DAY, recordings=2),
            FORTNIGHT,
        ]
    )
    with Sandbox(world, limits=False, clock=Clock(NOW - LATE)) as running:
        yield running


@pytest.fixture(scope="module")
def running(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with Deployment(tmp_path_factory.mktemp("deployment"), sandbox) as deployment:
        yield deployment


@pytest.fixture(scope="module")
def backfill_id(running: Deployment) -> str:
    """A backfill of the fortnight, of every asset."""
    return running.ui.backfill(running.ui.assets(), FORTNIGHT.days)


@pytest.fixture(scope="module")
def meetings(running: Deployment, sandbox: Sandbox) -> Meetings:
    """Four meetings that have just ended; of two a transcript is being made, of one something has no URL."""
    finished, transcribed_late, never_transcribed, without_url = made = [
        sandbox.add_recording(processing=True) for _ in range(4)
    ]
    sandbox.set_url(without_url.of("audio_separate")[0].id, "audio_separate", None)
    for each in made:
        sandbox.finish(each.id)
    late, endless = (sandbox.add_transcript(each.id, processing=True) for each in (transcribed_late, never_transcribed))
    return Meetings(finished, transcribed_late, late, never_transcribed, endless, without_url, time.time())


@pytest.fixture(scope="module")
def old_run(running: Deployment) -> str:
    """A run of a day a month ago."""
    return running.ui.launch(LONG_AGO)


@pytest.fixture
def ui(running: Deployment, monkeypatch: pytest.MonkeyPatch) -> Ui:
    """The deployment's UI; this process reads its tables."""
    running.settle(monkeypatch)
    return running.ui


@pytest.fixture(scope="module")
def late_s(running: Deployment, sandbox: Sandbox, meetings: Meetings) -> float:
    """When the late transcript was done, three hours after its meeting had come home."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        running.settle(monkeypatch)
        wait_until_home(meetings)
    sandbox.clock.advance(LATE.total_seconds())
    sandbox.finish_artifact(meetings.late_transcript)
    return time.time()


def rows(query: Select[Any]) -> list[Row]:
    """What the deployment's database answers."""
    with open_storage(read_settings()) as storage, storage.database.reading() as connection:
        return [tuple(row) for row in connection.execute(query)]


def tables_of(*recordings: Recording) -> TableRows:
    """The sorted rows of some recordings in all tables."""
    models: tuple[type[SQLModel], ...] = (Recordings, Artifacts, *derived_tables())
    ids = [each.id for each in recordings]
    found: TableRows = {}
    for table in map(table_of, models):
        columns = [column for column in table.columns if column.name not in VOLATILE_COLUMNS | TIMES_OF_WORK]
        found[table.name] = sorted(rows(select(*columns).where(table.c.recording_id.in_(ids))), key=repr)
    return found


def at_home(*recordings: Recording) -> set[str]:
    """Those of some recordings that have metrics."""
    column = table_of(MeetingMetrics).c.recording_id
    return {each for (each,) in rows(select(column).where(column.in_([each.id for each in recordings])))}


def ledger(*recordings: Recording) -> list[dict[str, Any]]:
    """The ledger's rows of some recordings."""
    query = LEDGER.select().where(LEDGER.c.recording_id.in_([each.id for each in recordings]))
    return [dict(zip(LEDGER.c.keys(), row, strict=True)) for row in rows(query)]


def statuses(*recordings: Recording, artifact_id: str | None = None) -> set[str]:
    """What the ledger calls the artifacts of some recordings, or one of them."""
    return {row["status"] for row in ledger(*recordings) if artifact_id in {None, row["artifact_id"]}}


def runs_for(ui: Ui, recording: Recording) -> list[Run]:
    """The runs that were to bring a recording home: of its whole day, or of it by name."""
    return [each for each in ui.runs(day=recording.day) if not each.recording_ids or recording.id in each.recording_ids]


def wait_until_home(meetings: Meetings) -> None:
    until(lambda: len(at_home(*meetings.all)) == len(meetings.all), "metrics of what has ended", within_s=MINUTE_S)


def looks_since(ui: Ui, at_s: float) -> int:
    """How often the sensor has looked since then."""
    return sum(tick.at_s > at_s for tick in ui.ticks(SENSOR))


def process_of(ui: Ui, run_id: str) -> int:
    """The process that does a run, as its log says; 0 as long as it says nothing."""
    said = re.search(r"Started process for run \(pid: (\d+)\)", "\n".join(ui.messages(run_id)))
    return int(said[1]) if said else 0


def wait_for_another(ui: Ui, day: date, run_id: str) -> Run:
    """The first other run of a day that has come to a good end."""
    others = until(
        lambda: [each for each in ui.runs(day=day) if each.run_id != run_id and each.status == "SUCCESS"],
        f"another run of {day}",
        within_s=PATIENCE_S,
    )
    return others[-1]


def of_day(sandbox: Sandbox, day: date) -> list[Recording]:
    return [each for each in sandbox.world.recordings if each.day == day]


def undisturbed(day: date, sandbox: Sandbox, home: Path) -> TableRows:
    """What a day's work leaves in a home of its own."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_home(home, monkeypatch)
        use_sandbox(sandbox, monkeypatch)
        sync_days([day])
        return tables_of(*of_day(sandbox, day))


def run_in_progress(ui: Ui, sandbox: Sandbox, day: date) -> str:
    """A run that has parsed some of a day's artifacts."""
    run_id = ui.launch(day)
    until(lambda: "parsed" in statuses(*of_day(sandbox, day)), "the first rows", within_s=MINUTE_S, every_s=OFTEN_S)
    return run_id


def assert_next_run_does_all(ui: Ui, sandbox: Sandbox, day: date, killed: str, expected: TableRows) -> None:
    """Launches a run of a day whose run has just been killed; it starts soon and leaves the right tables."""
    killed_s = time.time()
    left = statuses(*of_day(sandbox, day))
    ui.launch(day)

    run = wait_for_another(ui, day, killed)

    assert "fetched" in left, "the run was done before it could be killed"
    assert ui.run(killed).status == "FAILURE"
    assert (run.started_s or 0) - killed_s < MINUTE_S
    assert tables_of(*of_day(sandbox, day)) == expected


def test_a_run_of_one_recording_touches_no_other(sandbox: Sandbox, ui: Ui) -> None:
    wanted, other = of_day(sandbox, QUIET_DAY)

    ui.wait_for_success(ui.launch(QUIET_DAY, recording_ids=[wanted.id]), within_s=MINUTE_S)

    assert statuses(wanted) == {"parsed"}
    assert at_home(wanted, other) == {wanted.id}
    assert not any(tables_of(other).values())


def test_finished_recording_is_stored_within_a_minute(ui: Ui, meetings: Meetings) -> None:
    wait_until_home(meetings)

    run = ui.wait_for_success(runs_for(ui, meetings.finished)[-1].run_id)
    (words,) = (
        each for each in ui.materializations("transcript_words", day=meetings.finished.day) if each.run_id == run.run_id
    )
    (metrics,) = (
        each for each in ui.materializations("meeting_metrics", day=meetings.finished.day) if each.run_id == run.run_id
    )
    assert run.tags[ASKED_BY] == SENSOR
    assert metrics.at_s - meetings.finished_s < MINUTE_S
    assert statuses(meetings.finished) == {"parsed"}
    assert (words.metadata["run.new"], metrics.metadata["run.new"]) == (len(meetings.all), len(meetings.all))


@pytest.mark.usefixtures("late_s")
def test_next_run_completes_a_day_whose_run_was_killed(sandbox: Sandbox, ui: Ui, tmp_path: Path) -> None:
    expected = undisturbed(BUSY_DAY, sandbox, tmp_path)
    killed = run_in_progress(ui, sandbox, BUSY_DAY)

    os.kill(process_of(ui, killed), signal.SIGKILL)

    assert_next_run_does_all(ui, sandbox, BUSY_DAY, killed, expected)


def test_transcript_completed_three_hours_later_is_stored_automatically(
    ui: Ui, meetings: Meetings, late_s: float
) -> None:
    late, transcript = meetings.transcribed_late, meetings.late_transcript

    until(lambda: statuses(late, artifact_id=transcript) == {"parsed"}, "the late transcript", within_s=PATIENCE_S)

    newest, first = runs_for(ui, late)
    assert (first.tags[ASKED_BY], newest.tags[ASKED_BY]) == (SENSOR, SENSOR)
    assert first.created_s < late_s < newest.created_s


def test_backfill_launched_in_the_ui_succeeds(ui: Ui, backfill_id: str) -> None:
    days = {day.isoformat() for day in FORTNIGHT.days}

    status = ui.wait_for_backfill(backfill_id, within_s=PATIENCE_S)

    assert status == "COMPLETED_SUCCESS"
    without_days = {SHARED_PAGES, *(table_of(model).name for model in (*ROLLUPS, *CONTEXT_TABLES))}
    of_days = {asset: days - {each.partition for each in ui.materializations(asset)} for asset in ui.assets()}
    assert {asset: missing for asset, missing in of_days.items() if missing and asset not in without_days} == {}
    assert at_home(*FORTNIGHT.recordings) == {each.id for each in FORTNIGHT.recordings}
    assert "pending" not in statuses(*FORTNIGHT.recordings)


def test_nightly_reconciliation_stores_a_transcript_created_a_month_later(
    sandbox: Sandbox, ui: Ui, old_run: str
) -> None:
    (recording,) = of_day(sandbox, LONG_AGO)
    ui.wait_for_success(old_run, within_s=MINUTE_S)
    before = statuses(recording)
    ui.stop_sensor(SENSOR)
    second = sandbox.add_transcript(recording.id)

    runs = [ui.wait_for_success(each, within_s=PATIENCE_S) for each in ui.evaluate_schedule(SCHEDULE)]
    ui.start_sensor(SENSOR)

    assert before == {"parsed"}
    assert statuses(recording, artifact_id=second) == {"parsed"}
    newest = runs_for(ui, recording)[0]
    assert newest.recording_ids == [recording.id]
    assert newest.run_id in {each.run_id for each in runs}


def test_next_run_completes_a_day_whose_machine_went_down(
    sandbox: Sandbox, running: Deployment, ui: Ui, tmp_path: Path
) -> None:
    expected = undisturbed(BUSIER_DAY, sandbox, tmp_path)
    until(lambda: all(each.has_ended for each in ui.runs()), "the end of all other runs", within_s=PATIENCE_S)
    killed = run_in_progress(ui, sandbox, BUSIER_DAY)

    running.crash_code_server()

    assert_next_run_does_all(ui, sandbox, BUSIER_DAY, killed, expected)


def test_no_recording_is_requested_twice(ui: Ui, meetings: Meetings) -> None:
    wait_until_home(meetings)

    run = ui.wait_for_success(runs_for(ui, meetings.finished)[-1].run_id)
    until(lambda: looks_since(ui, run.ended_s or 0) >= SEVERAL, "more looks of the sensor", within_s=2 * MINUTE_S)

    assert len(runs_for(ui, meetings.finished)) == 1
    assert statuses(meetings.never_transcribed, artifact_id=meetings.endless_transcript) == {"pending"}
    assert len(runs_for(ui, meetings.never_transcribed)) == 1
    # Tried again after 1, 2, 4, 8, ... minutes: six times in the first hour, then a few times a day.
    tried = runs_for(ui, meetings.without_url)
    between_s = tried[0].created_s - tried[-1].created_s
    assert between_s >= MINUTE_S * (2 ** (len(tried) - 1) - 1) - SENSOR_INTERVAL_S
    assert "pending" in statuses(meetings.without_url)
