"""The sensor `finished_recordings` requests each run once."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg
import pytest

from meeting_assets.core.instants import now
from meeting_assets.orchestration.runs import run_days
from meeting_assets.orchestration.triggers.run_requests import MAX_RUNS_PER_HOUR
from meeting_assets.sandbox import Fault, Recording, Sandbox, uniform
from meeting_assets.store.ledger import LEDGER
from meeting_assets_tests.support.environments import (
    keep_collections,
    ledger_row,
    open_test_storage,
    sync_days,
    table_rows,
)
from meeting_assets_tests.support.runs import run_successfully
from meeting_assets_tests.support.sensor_ticks import Requested, queue, requested_by, tick

SENSOR = "finished_recordings"

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")


def requested(defs: dg.Definitions) -> Requested:
    return requested_by(tick(defs, SENSOR))


def sync(recording: Recording) -> None:
    """Syncs a recording without a run of Dagster."""
    sync_days([recording.day], recording_ids=[recording.id])


def test_finished_recording_is_requested_by_its_id(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording()

    assert requested(defs) == [(recording.day.isoformat(), [recording.id])]


def test_ongoing_meeting_is_not_requested_before_its_end(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording(processing=True)
    before = requested(defs)

    sandbox.finish(recording.id)

    assert (before, requested(defs)) == ([], [(recording.day.isoformat(), [recording.id])])


def test_stored_recording_is_not_requested(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording()
    run_successfully(defs, [recording.day], recording_ids=[recording.id])

    assert requested(defs) == []


def test_recordings_of_days_without_a_partition_are_reported_and_block_no_other(
    sandbox: Sandbox, defs: dg.Definitions
) -> None:
    sandbox.add_recording(now() + timedelta(days=400))
    alone = tick(defs, SENSOR)
    recording = sandbox.add_recording()

    assert isinstance(alone, dg.SensorResult)
    assert "1 recordings belong to days from" in str(alone.skip_reason)
    assert requested(defs) == [(recording.day.isoformat(), [recording.id])]


def test_many_recordings_of_a_day_are_requested_as_a_day(sandbox: Sandbox, defs: dg.Definitions) -> None:
    yesterday = now() - timedelta(hours=20)
    recordings = [sandbox.add_recording(yesterday + timedelta(seconds=n)) for n in range(11)]

    assert requested(defs) == [(recordings[0].day.isoformat(), [])]


@pytest.mark.parametrize("is_named", [True, False])
def test_recording_that_a_queued_run_covers_is_not_requested_again(
    sandbox: Sandbox, defs: dg.Definitions, is_named: bool
) -> None:
    recording = sandbox.add_recording()

    queue(recording, [recording.id] if is_named else [])

    assert requested(defs) == []


def test_recording_that_a_queued_run_omits_is_requested(sandbox: Sandbox, defs: dg.Definitions) -> None:
    at = now()
    first, second = sandbox.add_recording(at), sandbox.add_recording(at)

    queue(first, [first.id])

    assert requested(defs) == [(second.day.isoformat(), [second.id])]


def test_artifact_that_is_ready_hours_later_is_requested_then(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording()
    transcript = sandbox.add_transcript(recording.id, processing=True)
    sync(recording)
    before = requested(defs)

    sandbox.finish_artifact(transcript)

    assert (before, requested(defs)) == ([], [(recording.day.isoformat(), [recording.id])])


def test_artifact_that_never_becomes_ready_is_requested_at_growing_intervals(
    sandbox: Sandbox, defs: dg.Definitions
) -> None:
    recording = sandbox.add_recording()
    audio = recording.of("audio_separate")[0].id
    sandbox.set_url(audio, "audio_separate", None)
    sync(recording)

    row = ledger_row(audio, "audio_separate")

    assert requested(defs) == []
    assert (row["attempts"], row["next_attempt_at"] > now()) == (1, True)


def test_late_transcript_of_an_unknown_recording_is_requested_on_its_day(
    sandbox: Sandbox, defs: dg.Definitions
) -> None:
    recording = sandbox.add_recording(now() - timedelta(days=30))
    sandbox.add_transcript(recording.id)

    assert requested(defs) == [(recording.day.isoformat(), [recording.id])]


def test_a_recording_before_the_first_day_is_left_alone(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording(now() - timedelta(days=50))
    sandbox.add_transcript(recording.id)

    assert requested(defs) == []


def test_recording_without_artifacts_is_requested_once(sandbox: Sandbox, defs: dg.Definitions) -> None:
    sandbox.add_world(keep_collections(uniform(now().date(), recordings=1)))
    recording = sandbox.world.recordings[0]
    before = requested(defs)

    sync(recording)

    assert (before, requested(defs)) == ([(recording.day.isoformat(), [recording.id])], [])
    assert len(table_rows()["recordings"]) == 1


def test_a_day_whose_run_has_just_failed_waits(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording()
    sandbox.inject(Fault(status=500, match="/api/v1/recording/", times=None))
    failed = run_days(defs, [recording.day])
    sandbox.clear_faults()

    assert not failed.succeeded
    assert requested(defs) == []


@pytest.mark.parametrize(
    "fetched_at", [timedelta(minutes=-6), timedelta(days=3650)], ids=["a-while-ago", "in-ten-years"]
)
def test_recording_that_a_run_left_incomplete_is_requested_later(
    sandbox: Sandbox, defs: dg.Definitions, fetched_at: timedelta
) -> None:
    recording = sandbox.add_recording()
    sync(recording)
    with open_test_storage() as storage, storage.database.writing() as connection:
        values = {"status": "fetched", "parser_version": None, "fetched_at": now() + fetched_at}
        connection.execute(LEDGER.update().values(values))

    assert requested(defs) == [(recording.day.isoformat(), [recording.id])]


@pytest.mark.deployment
def test_recording_with_many_fruitless_runs_waits_an_hour(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording()
    for _ in range(MAX_RUNS_PER_HOUR):
        run_successfully(defs, [recording.day], recording_ids=[recording.id])
    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.execute(LEDGER.update().values(status="pending"))

    assert requested(defs) == []
