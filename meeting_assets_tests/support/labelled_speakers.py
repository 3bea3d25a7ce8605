"""Meetings whose transcript names speakers by labels, as machine diarization does, and corrections of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import select

from meeting_assets.metrics.speakers import Speakers
from meeting_assets.metrics.tables import MeetingMetrics
from meeting_assets.pipeline.corrections import Change, change_corrections, derive_corrected
from meeting_assets.pipeline.views import VIEWS
from meeting_assets.sandbox import Recording, Sandbox
from meeting_assets.store.corrections import StoredCorrection, corrections_of
from meeting_assets.store.database import table_of
from meeting_assets.store.raw_corrections import read_copy
from meeting_assets_tests.support.environments import open_test_storage

DAY = date(2026, 3, 2)
AT = datetime(2026, 3, 3, 9, 30, 0, 123456, tzinfo=UTC)
LABELS = ("Speaker A", "Speaker B", "x=100=y")
A, B, ODD = (f"label:{label}" for label in LABELS)
ADA, BEA, CHI = "100", "200", "300"
"""The participants of each meeting."""
METRICS = table_of(MeetingMetrics).c
SPEAKERS = table_of(Speakers).c


def labelled(sandbox: Sandbox, recording: Recording, labels: Sequence[str] = LABELS) -> bytes:
    """The transcript of a recording in which each speaker has a label and no id."""
    entries = json.loads(sandbox.payload(recording.of("transcript")[0].id, "transcript"))
    speakers = list(dict.fromkeys(map(_speaker, entries)))
    for entry in entries:
        entry["participant"] |= {"id": None, "name": labels[speakers.index(_speaker(entry))]}
    return json.dumps(entries).encode()


def _speaker(entry: dict[str, Any]) -> tuple[int | None, str]:
    return entry["participant"]["id"], entry["participant"]["name"]


def serve_labels(sandbox: Sandbox, labels: Sequence[str] = LABELS) -> None:
    """Replaces the ids in all transcripts by labels."""
    for recording in sandbox.world.recordings:
        sandbox.set_payload(recording.of("transcript")[0].id, "transcript", labelled(sandbox, recording, labels))


def correction(key: str, kind: str, target: str, **changes: Any) -> StoredCorrection:
    given = StoredCorrection(key, kind, target, author="ada", at=AT, note=None)
    return given._replace(**changes)


def assigned(key: str = A, target: str = BEA, **changes: Any) -> StoredCorrection:
    return correction(key, "assign", target, **changes)


def correct(recording_id: str, *made: StoredCorrection, undone: Sequence[str] = ()) -> Change:
    """Changes corrections and derives the metrics, as the command does."""
    with open_test_storage() as storage:
        change = change_corrections(storage, recording_id, made, undone)
        assert derive_corrected(storage, [recording_id]) == []
        return change


def in_force(recording_id: str) -> list[StoredCorrection]:
    """The corrections of a recording in the database, which must equal those of the raw store."""
    with open_test_storage() as storage:
        held = storage.database.read(lambda connection: corrections_of(connection, recording_id))
        assert read_copy(storage.raw, DAY, recording_id) == held
        return [*held.values()]


def resolution(recording_id: str, key: str = A) -> tuple[str | None, str]:
    """The participant of a speaker of the transcript, and the method that found it."""
    with open_test_storage() as storage, storage.database.reading() as connection:
        is_speaker = SPEAKERS.recording_id == recording_id, SPEAKERS.source == "transcript", SPEAKERS.speaker_key == key
        row = connection.execute(select(SPEAKERS.participant_key, SPEAKERS.method).where(*is_speaker)).one()
        return row[0], row[1]


def fresh_by_view() -> set[str]:
    """The recordings whose metrics are up to date by the view `fresh_meetings`."""
    with open_test_storage() as storage, storage.database.reading() as connection:
        return {*connection.scalars(VIEWS["fresh_meetings"].with_only_columns(METRICS.recording_id))}
