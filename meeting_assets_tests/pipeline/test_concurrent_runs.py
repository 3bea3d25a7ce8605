"""Two runs of one day in the worst order: neither undoes a later observation of the other."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.instants import now, utc
from meeting_assets.health.status import status_of
from meeting_assets.pipeline.derive import derive_days
from meeting_assets.pipeline.discover import discover_days
from meeting_assets.pipeline.discovered import Discovery
from meeting_assets.pipeline.fetch import fetch_days
from meeting_assets.pipeline.load import load_days
from meeting_assets.pipeline.rebuild import rebuild
from meeting_assets.pipeline.record import record
from meeting_assets.pipeline.storage import Storage, access_of, derived_tables, open_storage
from meeting_assets.recall.client import RecallClient
from meeting_assets.sandbox import Fault, Recording, Sandbox
from meeting_assets.settings import read_settings
from meeting_assets.store import ledger, ledger_raw, worklist
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import ArtifactKey
from meeting_assets_tests.support.environments import (
    VOLATILE_COLUMNS,
    ledger_row,
    open_test_storage,
    sync_days,
    table_rows,
)
from meeting_assets_tests.support.sample_day import sync_sample_day
from meeting_assets_tests.support.ui import until

pytestmark = pytest.mark.with_tables

DAY = date(2026, 3, 2)
WAIT_S = 30


def discover() -> Discovery:
    """A discovery of the day, held in memory by a slow run."""

    async def ask() -> Discovery:
        async with RecallClient(access_of(read_settings())) as client:
            return await discover_days(client, [DAY])

    return asyncio.run(ask())


def note_fetched(storage: Storage, key: ArtifactKey, body: bytes, discovery: Discovery) -> str:
    """Records a download of a slow run."""
    artifact = ARTIFACTS[key.kind]
    media = discovery.found[key.recording_id].media[artifact.collection][key.artifact_id]
    kept = storage.raw.write(DAY, key.recording_id, key.kind, key.artifact_id, body)
    with storage.database.writing() as connection:
        return ledger_raw.mark_fetched(
            connection,
            key,
            raw_key=kept.key,
            sha256=kept.sha256,
            size_bytes=kept.size_bytes,
            updated_at=utc(media.status.updated_at) if media.status.updated_at else None,
            allows_multiple=artifact.allows_multiple,
            at=now(),
        )


def test_slow_download_does_not_replace_newer_bytes(sandbox: Sandbox, recording: Recording) -> None:
    transcript = recording.of("transcript")[0]
    key = ArtifactKey(recording.id, "transcript", transcript.id)
    sync_sample_day()
    sandbox.touch(transcript.id)
    slow, old = discover(), sandbox.payload(transcript.id, "transcript")
    sandbox.reissue(transcript.id)
    sync_days([DAY])
    before = table_rows()

    with open_test_storage() as storage:
        outcome = note_fetched(storage, key, old, slow)

    assert outcome == "overtaken"
    assert table_rows() == before


def test_slow_parser_does_not_replace_newer_rows(
    sandbox: Sandbox, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A load reads old bytes; another run fetches and loads newer ones before it writes."""
    transcript = recording.of("transcript")[0]
    with open_test_storage() as slow, pytest.MonkeyPatch.context() as at_this_moment:
        asyncio.run(fetch_days(slow, access_of(read_settings()), [DAY]))
        read = slow.raw.read

        def read_and_be_overtaken(key: str, *rest: Any) -> bytes | None:
            payload = read(key, *rest)
            if transcript.id in key:
                sandbox.reissue(transcript.id)
                sync_days([DAY])
            return payload

        at_this_moment.setattr(slow.raw, "read", read_and_be_overtaken)
        load_days(ARTIFACTS["transcript"], [DAY], slow)
    after = table_rows(without=VOLATILE_COLUMNS)

    row = ledger_row(transcript.id, "transcript")
    assert len([each for each in after["transcript_words"] if each[1] == transcript.id]) == row["row_count"]
    empty_database()
    sync_days([DAY])
    assert table_rows(without=VOLATILE_COLUMNS)["transcript_words"] == after["transcript_words"]


def test_slow_failure_does_not_undo_a_success(sandbox: Sandbox, recording: Recording) -> None:
    transcript = recording.of("transcript")[0]
    sync_sample_day()
    before = table_rows()

    with open_test_storage() as storage, storage.database.writing() as connection:
        ledger_raw.mark_attempt_failed(
            connection,
            ArtifactKey(recording.id, "transcript", transcript.id),
            "too slow",
            updated_at=transcript.status.updated_at,
            at=now(),
            expires_at=None,
        )

    assert table_rows() == before


def test_slow_observation_does_not_undo_a_newer_one(sandbox: Sandbox) -> None:
    running = sandbox.add_recording(sandbox.world.recordings[0].created_at, processing=True)
    slow = discover()
    sandbox.finish(running.id)
    sync_days([DAY])
    before = table_rows()

    with open_test_storage() as storage:
        record(storage, slow, now())

    assert table_rows() == before


def test_failed_refetch_keeps_stored_artifacts(sandbox: Sandbox) -> None:
    sync_sample_day()
    before = table_rows(without=VOLATILE_COLUMNS)
    sandbox.inject(Fault("transcript:", times=None, status=500))

    sync_days([DAY], refetch=True)

    assert table_rows(without=VOLATILE_COLUMNS) == before


def test_artifact_reissued_and_then_deleted_keeps_its_stored_bytes(sandbox: Sandbox, recording: Recording) -> None:
    transcript = recording.of("transcript")[0]
    sync_sample_day()
    words = table_rows()["transcript_words"]
    sandbox.reissue(transcript.id)
    sandbox.inject(Fault(f"transcript:{transcript.id}", times=None, status=500))
    sync_days([DAY])
    sandbox.habits.deleted_answers_404 = True
    sandbox.delete_artifact(transcript.id)

    sync_days([DAY])

    row = ledger_row(transcript.id, "transcript")
    assert (row["status"], row["api_status"]) == ("parsed", "deleted")
    assert table_rows()["transcript_words"] == words
    with open_storage(read_settings()) as storage:
        assert status_of(storage).missing == 0


def test_recording_deleted_at_the_api_before_deriving_gets_metrics(sandbox: Sandbox, recording: Recording) -> None:
    with open_test_storage() as storage:
        asyncio.run(fetch_days(storage, access_of(read_settings()), [DAY]))
        sandbox.delete(recording.id)
        asyncio.run(fetch_days(storage, access_of(read_settings()), [DAY], recording_ids=[recording.id]))
        for artifact in ARTIFACTS.values():
            load_days(artifact, [DAY], storage)

        derive_days([DAY], storage)

    assert recording.id in {row[0] for row in table_rows()["meeting_metrics"]}


def test_rebuild_restores_recordings_deleted_at_the_api(sandbox: Sandbox, recording: Recording) -> None:
    sync_sample_day()
    sandbox.delete(recording.id)
    sync_days([DAY], recording_ids=[recording.id])
    before = table_rows(without=VOLATILE_COLUMNS | {"listing_sha256", "deleted_at", "missing_since"})
    empty_database()

    with open_storage(read_settings()) as storage:
        report = rebuild(storage)

    assert report.faults == []
    assert table_rows(without=VOLATILE_COLUMNS | {"listing_sha256", "deleted_at", "missing_since"}) == before


def test_rebuild_restores_deleted_rows(sandbox: Sandbox) -> None:
    sync_sample_day()
    before = table_rows(without=VOLATILE_COLUMNS)
    with open_storage(read_settings()) as storage:
        with storage.database.writing() as connection:
            for table in ("participant_metrics", "transcript_words"):
                model = next(each for each in derived_tables() if each.__tablename__ == table)
                connection.execute(table_of(model).delete())

        rebuild(storage)

    assert table_rows(without=VOLATILE_COLUMNS) == before


def test_undecodable_object_does_not_affect_the_others(sandbox: Sandbox, recording: Recording) -> None:
    sync_sample_day()
    before = table_rows(without=VOLATILE_COLUMNS)
    empty_database()
    broken = b'{"next": null, "previous": null, "results": [{"id": "7", "created_at": "once"}]}'
    sandbox.inject(Fault("/api/v1/video_separate/", times=1, body=broken))

    sync_days([DAY])

    with open_storage(read_settings()) as storage:
        (unreadable,) = status_of(storage).unreadable
        assert unreadable.startswith("video_separate 7: ")
    found = table_rows(without=VOLATILE_COLUMNS)
    assert found["transcript_words"] == before["transcript_words"]
    assert not any(row[1] == "video_separate" for row in found["artifacts"])

    sync_days([DAY])

    with open_storage(read_settings()) as storage:
        assert status_of(storage).unreadable == []
    assert table_rows(without=VOLATILE_COLUMNS)["video_parts"] == before["video_parts"]


def test_undecodable_objects_are_counted_and_not_quoted(sandbox: Sandbox) -> None:
    ids = '"Ada Lovelace"', '{"name": "Ada"}', "7", '""'
    results = ", ".join(f'{{"id": {each}, "created_at": "once"}}' for each in ids)
    sandbox.inject(Fault("/api/v1/video_separate/", body=f'{{"next": null, "results": [{results}]}}'))

    sync_days([DAY])

    with open_storage(read_settings()) as storage:
        unreadable = status_of(storage).unreadable
    assert len(unreadable) == len(ids)
    assert "Ada" not in str(unreadable)


def empty_database() -> None:
    """Deletes all rows, as if an empty database replaced a lost one."""
    with open_storage(read_settings()) as storage, storage.database.writing() as connection:
        for table in (*map(table_of, derived_tables()), ledger.LEDGER, ledger.RECORDINGS):
            connection.execute(table.delete())


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_recording_gone_objects_does_not_deadlock_with_a_load(sandbox: Sandbox) -> None:
    sync_sample_day()
    one, other_one, _ = sorted(sandbox.world.recordings, key=lambda each: each.id)
    first, second = one.id, other_one.id
    seen = Discovery(gone_recordings={second}, gone_media={(first, one.of("transcript")[0].id)})

    with open_test_storage() as storage, ThreadPoolExecutor(1) as other:
        with storage.database.writing() as loading:
            ledger.lock_rows(loading, "transcript", [first])
            noted = other.submit(record, storage, seen, now())
            until(lambda: is_waiting(storage), "the other's wait for the first", within_s=WAIT_S)
            ledger.lock_rows(loading, "transcript", [second])
        noted.result()
        with storage.database.reading() as connection:
            assert worklist.recording_statuses(connection, [DAY])[second] == "deleted"


def is_waiting(storage: Storage) -> bool:
    """True if a transaction waits for another."""
    with storage.database.reading() as connection:
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        return bool(connection.exec_driver_sql(waiting).scalar_one())
