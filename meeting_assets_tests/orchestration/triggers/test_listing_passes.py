"""A listing pass resumes, restarts after an outage, and infers nothing from a list that failed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from meeting_assets.core.errors import Refused
from meeting_assets.core.instants import now
from meeting_assets.orchestration.triggers.finished_recordings import Cursor
from meeting_assets.orchestration.triggers.run_requests import FetchRun
from meeting_assets.pipeline.fetch import fetch_days
from meeting_assets.pipeline.listing_pass import ListingPass
from meeting_assets.pipeline.pending_recordings import PendingRecording, list_arrivals
from meeting_assets.pipeline.storage import Storage, access_of
from meeting_assets.sandbox import Fault, Recording, Sandbox
from meeting_assets.settings import read_settings
from meeting_assets.store.ledger import LEDGER
from meeting_assets_tests.support.environments import (
    open_test_storage,
)
from meeting_assets_tests.support.sensor_ticks import Requested, requested_by, tick

SENSOR = "finished_recordings"

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")


def requested(defs: dg.Definitions) -> Requested:
    return requested_by(tick(defs, SENSOR))


def test_unreachable_api_is_not_read_as_an_empty_list(sandbox: Sandbox, defs: dg.Definitions) -> None:
    sandbox.add_recording()
    sandbox.inject(Fault(status=503, match="/api/v1/transcript/", times=None))

    answer = tick(defs, SENSOR, Cursor(completed_at="2026-01-01T00:00:00+00:00").encode())

    assert isinstance(answer, dg.SensorResult)
    assert not answer.run_requests
    assert "cannot be read at the moment" in str(answer.skip_reason)
    assert Cursor.decode(answer.cursor).completed_at == "2026-01-01T00:00:00+00:00"


def test_wrong_key_is_not_a_transient_error(
    sandbox: Sandbox, defs: dg.Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECALL_API_KEY", "wrong")

    with pytest.raises(Exception, match="RECALL_API_KEY") as caught:
        tick(defs, SENSOR)

    assert isinstance(caught.value.__cause__ or caught.value, Refused)


def test_sensor_without_a_key_names_the_setting(defs: dg.Definitions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECALL_API_KEY")

    answer = tick(defs, SENSOR)

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

    answer = tick(defs, SENSOR, absurd.encode())

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


def test_listing_pass_with_an_expired_page_restarts(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording()
    amid = Cursor(began_at=now().isoformat(), pages={"recording": "cursor=forgotten"})

    sandbox.inject(Fault(match="/api/v1/recording/", status=404, body=b'{"detail": "Invalid cursor"}'))
    answer = tick(defs, SENSOR, amid.encode())

    assert isinstance(answer, dg.SensorResult)
    assert not answer.run_requests
    assert Cursor.decode(answer.cursor) == Cursor()
    assert requested(defs) == [(recording.day.isoformat(), [recording.id])]


def test_old_listing_pass_is_not_resumed() -> None:
    at = datetime(2026, 3, 9, 12, tzinfo=UTC)

    _, listing = Cursor(began_at="2026-03-09T09:00:00+00:00", pages={"recording": "cursor=old"}).listing_pass(at)

    assert len(listing.pages) > 1
