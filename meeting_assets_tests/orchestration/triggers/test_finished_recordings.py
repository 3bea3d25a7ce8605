"""The sensor `finished_recordings`: requests each run once, and infers nothing from a list that failed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from meeting_assets.core.errors import Refused
from meeting_assets.core.instants import now
from meeting_assets.orchestration.runs import JOB, dagster_instance, run_days
from meeting_assets.orchestration.triggers.finished_recordings import Cursor
from meeting_assets.orchestration.triggers.run_requests import MAX_RUNS_PER_HOUR, FetchRun
from meeting_assets.pipeline.arrival_lists import ListingPass
from meeting_assets.pipeline.arrivals import PendingRecording, list_arrivals
from meeting_assets.pipeline.fetch import fetch_days
from meeting_assets.pipeline.storage import Storage, access_of
from meeting_assets.sandbox import Fault, Recording, Sandbox, empty, uniform
from meeting_assets.settings import read_settings
from meeting_assets.store.ledger import LEDGER
from meeting_assets_tests.support.environments import (
    keep_collections,
    ledger_row,
    open_test_storage,
    table_rows,
    use_sandbox,
)

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(empty(), limits=False) as running:
        use_sandbox(running, monkeypatch)
        monkeypatch.setenv("MEETING_ASSETS_FIRST_DAY", (now() - timedelta(days=40)).date().isoformat())
        yield running


def tick(defs: dg.Definitions, cursor: str | None = None) -> dg.SensorResult | dg.SkipReason:
    """The result of one evaluation of the sensor."""
    with (
        dagster_instance() as instance,
        dg.build_sensor_context(instance, cursor=cursor, repository_def=defs.get_repository_def()) as context,
    ):
        answer: Any = defs.resolve_sensor_def("finished_recordings")(context)
    assert isinstance(answer, dg.SensorResult | dg.SkipReason)
    return answer


def requested(defs: dg.Definitions) -> list[tuple[str | None, list[str]]]:
    """The days a tick asks for, with the recordings."""
    answer = tick(defs)
    assert isinstance(answer, dg.SensorResult)
    return [(request.partition_key, ids_of(request.run_config)) for request in answer.run_requests or []]


def ids_of(run_config: Any) -> list[str]:
    return list(run_config.get("ops", {}).get("raw_artifacts", {}).get("config", {}).get("recording_ids", []))


def bring(defs: dg.Definitions, recording: Recording) -> None:
    assert run_days(defs, [recording.day], recording_ids=[recording.id]).succeeded


def queue(defs: dg.Definitions, recording: Recording, recording_ids: list[str]) -> None:
    """A run of the recording's day that waits for its turn."""
    config = {"ops": {"raw_artifacts": {"config": {"recording_ids": recording_ids}}}}
    with dagster_instance() as instance:
        instance.create_run_for_job(
            defs.resolve_job_def(JOB),
            run_config=config,
            tags={"dagster/partition": recording.day.isoformat()},
            status=dg.DagsterRunStatus.NOT_STARTED,
        )


def test_finished_recording_is_requested_by_its_id(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording()

    assert requested(defs) == [(recording.day.isoformat(), [recording.id])]


def test_ongoing_meeting_is_not_requested_before_its_end(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording(processing=True)
    before = requested(defs)

    sandbox.finish(recording.id)

    assert (before, requested(defs)) == ([], [(recording.day.isoformat(), [recording.id])])


def test_stored_recording_is_not_requested(sandbox: Sandbox, defs: dg.Definitions) -> None:
    bring(defs, sandbox.add_recording())

    assert requested(defs) == []


def test_recordings_of_days_without_a_partition_are_reported_and_block_no_other(
    sandbox: Sandbox, defs: dg.Definitions
) -> None:
    sandbox.add_recording(now() + timedelta(days=400))
    alone = tick(defs)
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

    queue(defs, recording, [recording.id] if is_named else [])

    assert requested(defs) == []


def test_recording_that_a_queued_run_omits_is_requested(sandbox: Sandbox, defs: dg.Definitions) -> None:
    at = now()
    first, second = sandbox.add_recording(at), sandbox.add_recording(at)

    queue(defs, first, [first.id])

    assert requested(defs) == [(second.day.isoformat(), [second.id])]


def test_artifact_that_is_ready_hours_later_is_requested_then(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording()
    transcript = sandbox.add_transcript(recording.id, processing=True)
    bring(defs, recording)
    before = requested(defs)

    sandbox.finish_artifact(transcript)

    assert (before, requested(defs)) == ([], [(recording.day.isoformat(), [recording.id])])


def test_artifact_that_never_becomes_ready_is_requested_at_growing_intervals(
    sandbox: Sandbox, defs: dg.Definitions
) -> None:
    recording = sandbox.add_recording()
    audio = recording.of("audio_separate")[0].id
    sandbox.set_url(audio, "audio_separate", None)
    bring(defs, recording)

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

    bring(defs, recording)

    assert (before, requested(defs)) == ([(recording.day.isoformat(), [recording.id])], [])
    assert len(table_rows()["recordings"]) == 1


def test_a_day_whose_run_has_just_failed_waits(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording()
    sandbox.inject(Fault(status=500, match="/api/v1/recording/", times=None))
    failed = run_days(defs, [recording.day])
    sandbox.clear_faults()

    assert not failed.succeeded
    assert requested(defs) == []


def test_unreachable_api_is_not_read_as_an_empty_list(sandbox: Sandbox, defs: dg.Definitions) -> None:
    sandbox.add_recording()
    sandbox.inject(Fault(status=503, match="/api/v1/transcript/", times=None))

    answer = tick(defs, Cursor(completed_at="2026-01-01T00:00:00+00:00").encode())

    assert isinstance(answer, dg.SensorResult)
    assert not answer.run_requests
    assert "cannot be read at the moment" in str(answer.skip_reason)
    assert Cursor.decode(answer.cursor).completed_at == "2026-01-01T00:00:00+00:00"


def test_wrong_key_is_not_a_transient_error(
    sandbox: Sandbox, defs: dg.Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECALL_API_KEY", "wrong")

    with pytest.raises(Exception, match="RECALL_API_KEY") as caught:
        tick(defs)

    assert isinstance(caught.value.__cause__ or caught.value, Refused)


def test_sensor_without_a_key_names_the_setting(defs: dg.Definitions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECALL_API_KEY")

    answer = tick(defs)

    assert isinstance(answer, dg.SkipReason)
    assert "RECALL_API_KEY is not set" in str(answer.skip_message)


def test_listing_pass_after_an_outage_starts_before_it() -> None:
    at = datetime(2026, 3, 9, 12, tzinfo=UTC)
    week_old = Cursor(completed_at="2026-03-02T12:00:00+00:00")

    _, listing = week_old.listing_pass(at)

    assert "2026-03-02T10%3A59%3A59" in listing.pages["recording"]


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        '{"of_another_version": 1}',
        '{"whole_at": "x"}',
        '{"whole_at": 5}',
        '{"whole_at": "2026-01-01T00:00:00"}',
        '{"pages": []}',
        '{"pages": {"elsewhere": "x"}}',
        '{"pages": {"recording": 5}}',
        '{"whole_at": "0001-01-01T00:00:00+00:00"}',
        '{"whole_at": "0001-01-01T00:00:00+14:00"}',
        '{"whole_at": "9999-12-31T23:59:59-12:00"}',
        '{"began_at": "0001-01-01T00:00:00+00:00", "pages": {"recording": "cursor=x"}}',
        '{"whole_at": NaN}',
        "[" * 100_000,
    ],
)
def test_invalid_cursor_is_replaced(text: str) -> None:
    assert Cursor.decode(text) == Cursor()


@pytest.mark.parametrize("year", [2, 1970, 9998], ids=str)
@pytest.mark.parametrize("name", ["whole_at", "began_at"])
def test_cursor_with_an_absurd_date_starts_a_new_listing_pass(
    sandbox: Sandbox, defs: dg.Definitions, year: int, name: str
) -> None:
    recording = sandbox.add_recording()
    absurd = Cursor(completed_at=far(year))
    if name == "began_at":
        absurd = Cursor(began_at=far(year), pages={"recording": "cursor=old"})

    answer = tick(defs, absurd.encode())

    assert isinstance(answer, dg.SensorResult)
    assert [request.partition_key for request in answer.run_requests or []] == [recording.day.isoformat()]
    whole_at = Cursor.decode(answer.cursor).completed_at
    assert whole_at is not None
    assert abs(datetime.fromisoformat(whole_at) - now()) < timedelta(hours=1)


def far(year: int) -> str:
    return datetime(year, 1, 1, tzinfo=UTC).isoformat()


@pytest.mark.parametrize("ahead", [timedelta(days=-400), timedelta(0), timedelta(days=400)], ids=str)
def test_wrong_clock_of_the_api_neither_skips_a_recording_nor_repeats_runs(
    sandbox: Sandbox, defs: dg.Definitions, ahead: timedelta
) -> None:
    """While a run of the whole day goes on, which may have looked before the meeting was done."""
    recording = sandbox.add_recording()
    recording.status = replace(recording.status, updated_at=recording.status.updated_at + ahead)
    for artifact in recording.artifacts:
        artifact.status = replace(artifact.status, updated_at=artifact.status.updated_at + ahead)
    run = FetchRun(recording.day.isoformat(), recording.day.isoformat(), frozenset(), now())
    (unrecorded,) = due_now()
    with open_test_storage() as storage:
        asyncio.run(fetch_recordings(storage, recording))
    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.execute(LEDGER.update().values(status="pending", sha256=None))
    recorded = due_now()

    assert not replace(run, started_at=now() - timedelta(hours=1)).covers(unrecorded)
    assert replace(run, started_at=now() + timedelta(seconds=1)).covers(unrecorded)
    assert all(replace(run, started_at=now() - timedelta(hours=1)).covers(each) for each in recorded)
    assert recorded


def due_now() -> list[PendingRecording]:
    """What a tick finds due."""
    with open_test_storage() as storage:
        due, _ = list_arrivals(
            storage, access_of(read_settings()), ListingPass.since(now() - timedelta(days=999)), budget_s=60.0
        )
    return due


async def fetch_recordings(storage: Storage, recording: Recording) -> None:
    await fetch_days(storage, access_of(read_settings()), [recording.day])


@pytest.mark.parametrize(
    "fetched_at", [timedelta(minutes=-6), timedelta(days=3650)], ids=["a-while-ago", "in-ten-years"]
)
def test_recording_that_a_run_left_incomplete_is_requested_later(
    sandbox: Sandbox, defs: dg.Definitions, fetched_at: timedelta
) -> None:
    recording = sandbox.add_recording()
    bring(defs, recording)
    with open_test_storage() as storage, storage.database.writing() as connection:
        values = {"status": "fetched", "parser_version": None, "fetched_at": now() + fetched_at}
        connection.execute(LEDGER.update().values(values))

    assert requested(defs) == [(recording.day.isoformat(), [recording.id])]


def test_listing_pass_with_an_expired_page_restarts(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording()
    amid = Cursor(began_at=now().isoformat(), pages={"recording": "cursor=forgotten"})

    sandbox.inject(Fault(match="/api/v1/recording/", status=404, body=b'{"detail": "Invalid cursor"}'))
    answer = tick(defs, amid.encode())

    assert isinstance(answer, dg.SensorResult)
    assert not answer.run_requests
    assert Cursor.decode(answer.cursor) == Cursor()
    assert requested(defs) == [(recording.day.isoformat(), [recording.id])]


def test_old_listing_pass_is_not_resumed() -> None:
    at = datetime(2026, 3, 9, 12, tzinfo=UTC)

    _, listing = Cursor(began_at="2026-03-09T09:00:00+00:00", pages={"recording": "cursor=old"}).listing_pass(at)

    assert len(listing.pages) > 1


@pytest.mark.deployment
def test_recording_with_many_fruitless_runs_waits_an_hour(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording()
    for _ in range(MAX_RUNS_PER_HOUR):
        bring(defs, recording)
    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.execute(LEDGER.update().values(status="pending"))

    assert requested(defs) == []
