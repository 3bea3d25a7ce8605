"""Meetings with given texts, written to the tables directly, as if they had been fetched, parsed and measured."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection

from meeting_assets.artifacts.transcript import ARTIFACT, Transcripts, TranscriptUtterances
from meeting_assets.core.words import is_unspaced, word_count
from meeting_assets.metrics.speakers import Speakers
from meeting_assets.schema.persistent import Artifacts, Recordings
from meeting_assets.store.bulk import insert_rows
from meeting_assets.store.database import table_of

FIRST = datetime(2026, 3, 2, 9, tzinfo=UTC)
Said = Sequence[tuple[str, str]]
"""Utterances: names of speakers and texts."""


def store_meeting(
    connection: Connection, number: int, said: Said, *, created_at: datetime | None = None, series_id: str | None = None
) -> str:
    """Stores a meeting; later numbers are later meetings. Each utterance takes five seconds. Returns its id."""
    recording_id, transcript_id = str(UUID(int=number)), str(UUID(int=number + 2**64))
    created_at = created_at or FIRST + timedelta(hours=number)
    recording = {
        "recording_id": recording_id,
        "title": f"Meeting {number}",
        "status": "done",
        "created_at": created_at,
        "started_at": created_at,
        "day": created_at.date(),
        "series_id": series_id,
    }
    connection.execute(table_of(Recordings).insert(), recording)
    utterances = [
        (
            recording_id,
            transcript_id,
            n,
            speaker,
            None,
            speaker,
            None,
            None,
            5.0 * n,
            5.0 * n + 5,
            word_count(text),
            text,
        )
        for n, (speaker, text) in enumerate(said)
    ]
    insert_rows(connection, TranscriptUtterances, utterances)
    _store_transcript(connection, recording_id, transcript_id, [text for _, text in said], created_at)
    speakers = [
        {
            "recording_id": recording_id,
            "source": "transcript",
            "speaker_key": name,
            "participant_key": name,
            "name": name,
            "method": "platform_id",
        }
        for name in dict.fromkeys(name for name, _ in said)
    ]
    if speakers:
        connection.execute(table_of(Speakers).insert(), speakers)
    return recording_id


def _store_transcript(
    connection: Connection, recording_id: str, transcript_id: str, texts: Sequence[str], at: datetime
) -> None:
    count = sum(map(word_count, texts))
    ledger_row = {
        "recording_id": recording_id,
        "kind": ARTIFACT.kind,
        "artifact_id": transcript_id,
        "status": "parsed",
        "attempts": 0,
        "parsed_at": at,
    }
    connection.execute(table_of(Artifacts).insert(), ledger_row)
    transcript = {
        "recording_id": recording_id,
        "transcript_id": transcript_id,
        "created_at": at,
        "is_primary": count > 0,
        "is_unspaced": is_unspaced(" ".join(texts)),
        "utterance_count": len(texts),
        "timed_unit_count": count,
        "word_count": count,
    }
    connection.execute(table_of(Transcripts).insert(), transcript)
