"""Changed content at the API changes the tables accordingly."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.metrics.tables import MeetingMetrics
from meeting_assets.pipeline.storage import open_storage
from meeting_assets.sandbox import Recording, Sandbox, uniform
from meeting_assets.schema.persistent import Artifacts, Recordings
from meeting_assets.settings import read_settings
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.environments import (
    TIMES_OF_WORK,
    ledger_row,
    statuses_by_kind,
    sync_days,
    table_rows,
    transcript_words,
    use_sandbox,
)
from meeting_assets_tests.support.sample_day import sync_sample_day

pytestmark = [sqlite_first, pytest.mark.with_tables]

DAY = date(2026, 3, 2)
CREATED = datetime(2026, 3, 2, 9, tzinfo=UTC)


def metrics_hash(recording_id: str) -> str:
    (row,) = [row for row in table_rows()["meeting_metrics"] if row[0] == recording_id]
    return str(row[list(MeetingMetrics.model_fields).index("inputs_hash")])


def test_shorter_transcript_leaves_no_rows_of_the_longer_one(sandbox: Sandbox, recording: Recording) -> None:
    transcript = recording.of("transcript")[0]
    sync_sample_day()
    before = transcript_words(transcript.id)
    sandbox.reissue(transcript.id)

    sync_days([DAY])

    assert 0 < len(transcript_words(transcript.id)) < len(before)
    assert ledger_row(transcript.id, "transcript")["row_count"] == len(transcript_words(transcript.id))


def test_new_bytes_change_the_metrics(sandbox: Sandbox, recording: Recording) -> None:
    sync_sample_day()
    before = metrics_hash(recording.id)
    sandbox.reissue(recording.of("transcript")[0].id)

    sync_days([DAY])

    assert metrics_hash(recording.id) != before


def test_touched_artifact_with_the_same_bytes_keeps_its_rows(sandbox: Sandbox, recording: Recording) -> None:
    sync_sample_day()
    before = table_rows()["transcript_words"]
    sandbox.touch(recording.of("transcript")[0].id)

    sync_days([DAY])

    assert table_rows()["transcript_words"] == before
    assert set(statuses_by_kind(recording.id).values()) == {"parsed"}


def test_second_transcript_becomes_primary(sandbox: Sandbox, recording: Recording) -> None:
    first = recording.of("transcript")[0]
    sync_sample_day()
    later = sandbox.add_transcript(recording.id, first.created_at + timedelta(hours=1))

    sync_days([DAY])

    primaries = [row[1] for row in table_rows()["transcripts"] if row[0] == recording.id and row[5]]
    assert primaries == [later]


def test_new_parser_version_parses_again_from_raw(
    sandbox: Sandbox, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_sample_day()
    before = table_rows(without=frozenset({"parsed_at"}))
    outdate("transcript")
    sandbox.stats.reset()

    sync_days([DAY])

    assert sandbox.stats.downloads == 0
    assert table_rows(without=frozenset({"parsed_at"})) == before


def outdate(kind: str) -> None:
    """Marks the rows of a kind as parsed by an older parser version."""
    with open_storage(read_settings()) as storage, storage.database.writing() as connection:
        connection.execute(LEDGER.update().where(LEDGER.c.kind == kind).values(parser_version="0"))


def test_lost_raw_object_is_fetched_again(sandbox: Sandbox, recording: Recording, home: Path) -> None:
    transcript = recording.of("transcript")[0]
    sync_sample_day()
    before = table_rows(without=frozenset({"parsed_at", "fetched_at"}))
    key = ledger_row(transcript.id, "transcript")["raw_key"]
    (home / "raw" / key).unlink()
    outdate("transcript")

    sync_days([DAY])
    sync_days([DAY])

    assert table_rows(without=frozenset({"parsed_at", "fetched_at"})) == before


def test_newer_separate_audio_supersedes_the_older_one(sandbox: Sandbox, recording: Recording) -> None:
    older = recording.of("audio_separate")[0]
    sync_sample_day()
    newer = replace(older, id="00000000-0000-4000-8000-000000000001", created_at=older.created_at + timedelta(hours=1))
    sandbox.world.add_artifact(newer)

    sync_days([DAY])

    assert ledger_row(older.id, "audio_separate")["status"] == "superseded"
    assert ledger_row(older.id, "audio_separate")["row_count"] is None
    assert ledger_row(newer.id, "audio_separate")["status"] == "parsed"
    before = table_rows()
    sync_days([DAY])
    assert table_rows() == before


@pytest.mark.parametrize("is_issued_again", [True, False], ids=["issued-again", "by-a-later-parser"])
def test_quarantined_payload_is_parsed_after_its_bytes_or_the_parser_changed(
    sandbox: Sandbox, recording: Recording, is_issued_again: bool
) -> None:
    transcript = recording.of("transcript")[0]
    whole = sandbox.payload(transcript.id, "transcript")
    sandbox.set_payload(transcript.id, "transcript", whole if not is_issued_again else b"[7]")
    sync_days([DAY])
    if is_issued_again:
        sync_days([DAY])
        assert ledger_row(transcript.id, "transcript")["status"] == "quarantined"
        sandbox.reissue(transcript.id, {"transcript": whole})
    else:
        quarantine_by_an_older_parser("transcript")

    sync_days([DAY])

    row = ledger_row(transcript.id, "transcript")
    assert (row["status"], row["error"]) == ("parsed", None)
    assert transcript_words(transcript.id)


def quarantine_by_an_older_parser(kind: str) -> None:
    """Marks a kind as quarantined by an older parser version."""
    with open_storage(read_settings()) as storage, storage.database.writing() as connection:
        for model in ARTIFACTS[kind].tables:
            connection.execute(table_of(model).delete())
        values = {"status": "quarantined", "row_count": None, "error": "[0]: too new", "parser_version": "0"}
        connection.execute(LEDGER.update().where(LEDGER.c.kind == kind).values(values))


def test_recording_that_is_processed_again_is_fetched_again(sandbox: Sandbox, recording: Recording) -> None:
    transcript = recording.of("transcript")[0]
    sync_sample_day()
    before = transcript_words(transcript.id)
    for thing in (recording, transcript):
        thing.status = replace(
            thing.status, code="processing", updated_at=thing.status.updated_at + timedelta(minutes=1)
        )

    sync_days([DAY])

    assert transcript_words(transcript.id) == before
    assert statuses_by_kind(recording.id)["transcript"] == "pending"

    sandbox.reissue(transcript.id)
    sandbox.finish(recording.id)
    sync_days([DAY])

    assert 0 < len(transcript_words(transcript.id)) < len(before)
    assert statuses_by_kind(recording.id)["transcript"] == "parsed"


def test_several_recordings_of_one_bot_are_several_meetings(sandbox: Sandbox) -> None:
    first, *others = sandbox.world.recordings
    for each in others:
        each.bot_id = first.bot_id

    sync_days([DAY])

    fields = [each for each in Recordings.model_fields if each not in TIMES_OF_WORK]
    rows = [dict(zip(fields, row, strict=True)) for row in table_rows()["recordings"]]
    assert {row["bot_id"] for row in rows} == {first.bot_id}
    assert {row[0] for row in table_rows()["meeting_metrics"]} == {first.id, *(each.id for each in others)}


def test_recording_without_a_bot_is_stored(sandbox: Sandbox) -> None:
    alone = sandbox.add_recording(CREATED, has_bot=False)

    sync_days([DAY])

    assert set(statuses_by_kind(alone.id).values()) == {"parsed"}
    assert alone.id in {row[0] for row in table_rows()["meeting_metrics"]}


def test_artifacts_are_fetched_in_order_of_expiry(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(uniform(DAY, recordings=12), limits=False) as sandbox:
        use_sandbox(sandbox, monkeypatch)
        urgent = max(sandbox.world.recordings, key=lambda each: each.id)  # the last one in order of ids
        assert urgent.expires_at
        urgent.expires_at -= timedelta(days=1)

        sync_days([DAY])

        column = [*Artifacts.model_fields].index("fetched_at")
        fetched = sorted(table_rows()["artifacts"], key=lambda row: row[column])
        assert {row[0] for row in fetched[-len(fetched) // 2 :]}.isdisjoint({urgent.id})
