"""Each threshold of a data check, with a value that the check accepts and the next one that it reports."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table
from sqlmodel import SQLModel

from meeting_assets.artifacts.speaker_timeline import SpeakerTimeline
from meeting_assets.artifacts.transcript import Transcripts, TranscriptUtterances
from meeting_assets.health.ledger_checks import ledger_checks
from meeting_assets.health.metric_checks import metric_checks
from meeting_assets.health.table_checks import table_checks
from meeting_assets.metrics.persons import PersonMetrics
from meeting_assets.metrics.quality import DataQuality
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.pipeline.storage import Storage
from meeting_assets.schema.persistent import Artifacts, Recordings
from meeting_assets.store.database import table_of
from meeting_assets_tests.support.environments import open_test_storage

RECORDING_ID = "0b6e4a60-5d4f-4f0e-8d1c-2f8f1c7d9a01"
ARTIFACT_ID = "7f3f0f9e-9d35-4c3b-9a5e-1f8f0a3b2c02"
AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
DAY, HOUR, WEEK = timedelta(days=1), timedelta(hours=1), timedelta(days=7)
BASE: dict[str, Any] = {
    "recording_id": RECORDING_ID,
    "participant_key": "1",
    "transcript_id": ARTIFACT_ID,
    "artifact_id": ARTIFACT_ID,
    "kind": "transcript",
    "day": date(2026, 3, 10),
    "created_at": AT,
    "status": "done",
}
EMPTY: dict[type, Any] = {int: 0, float: 0.0, bool: False}

Rows = list[tuple[type[SQLModel], dict[str, Any]]]
RECORDING: tuple[type[SQLModel], dict[str, Any]] = (Recordings, {})


@pytest.fixture
def storage(home: Path) -> Iterator[Storage]:
    with open_test_storage() as storage:
        yield storage


def complete(table: Table, values: dict[str, Any]) -> dict[str, Any]:
    """A row with the given values; other columns are NULL or, if that is not allowed, empty."""
    given = {**BASE, **values}
    return {
        column.name: given.get(column.name, None if column.nullable else EMPTY.get(column.type.python_type, ""))
        for column in table.columns
    }


def is_violated(storage: Storage, name: str, rows: Rows) -> bool:
    with storage.database.writing() as connection:
        for model, values in rows if rows[0][0] is Recordings else [RECORDING, *rows]:
            table = table_of(model)
            connection.execute(table.insert(), complete(table, values))
    checks = [check for check in [*ledger_checks(), *table_checks(), *metric_checks()] if check.name == name]
    with storage.database.reading() as connection:
        return any(check.violations(connection, AT).count for check in checks)


def quality(**values: Any) -> Rows:
    return [(DataQuality, values)]


def attendance(talk_s: float) -> Rows:
    return [(ParticipantMetrics, {"talk_time_s": talk_s, "attended_s": 100.0})]


def meeting(**values: Any) -> Rows:
    sound = {"speech_s": 60.0, "silence_s": 40.0, "span_s": 100.0, "overlap_s": 0.0, "duration_s": 100.0}
    return [(MeetingMetrics, sound | values)]


def participant(**values: Any) -> Rows:
    sound = {"solo_talk_s": 30.0, "overlapped_talk_s": 30.0, "talk_time_s": 60.0, "attended_s": 100.0}
    return [(MeetingMetrics, {"duration_s": 100.0}), (ParticipantMetrics, sound | values)]


def person(**values: Any) -> Rows:
    sound = {"person_key": "zoom:ann", "talk_time_s": 60.0, "persons_talk_s": 100.0, "attended_s": 100.0}
    return [(MeetingMetrics, {"duration_s": 100.0}), (PersonMetrics, sound | values)]


def artifact(recording: dict[str, Any] | None = None, **values: Any) -> Rows:
    return [(Recordings, recording or {}), (Artifacts, values)]


def in_timeline_only(talk_s: float) -> Rows:
    """Two speakers in both sources, one of them with this much talk in the timeline and none in the transcript."""
    return [
        (SpeakerTimeline, {"participant_id": 1, "start_s": 0.0, "end_s": talk_s}),
        (SpeakerTimeline, {"participant_key": "2", "participant_id": 2, "segment_index": 1, "end_s": 100.0}),
        (Transcripts, {"is_primary": True, "word_count": 90}),
        (TranscriptUtterances, {"participant_key": "2", "participant_id": 2, "word_count": 90}),
    ]


def in_transcript_only(word_count: int) -> Rows:
    """Two speakers in both sources, one of them with so many words in the transcript and none in the timeline."""
    return [
        (SpeakerTimeline, {"participant_key": "2", "participant_id": 2, "end_s": 100.0}),
        (Transcripts, {"is_primary": True, "word_count": 90 + word_count}),
        (TranscriptUtterances, {"participant_id": 1, "word_count": word_count}),
        (
            TranscriptUtterances,
            {"participant_key": "2", "participant_id": 2, "word_count": 90, "utterance_index": 1},
        ),
    ]


LOST: dict[str, Any] = {"status": "deleted"}
AWAITED: dict[str, Any] = {"status": "pending", "api_status": "done"}
CASES: list[tuple[str, Rows, Rows]] = [
    (
        "timeline_and_words_agree",
        quality(timeline_word_coverage=0.5, word_timeline_coverage=0.5),
        quality(timeline_word_coverage=0.4999, word_timeline_coverage=0.5),
    ),
    (
        "timeline_and_words_agree",
        quality(timeline_word_coverage=0.5, word_timeline_coverage=0.5),
        quality(timeline_word_coverage=0.5, word_timeline_coverage=0.4999),
    ),
    (
        "speech_events_and_timeline_agree",
        quality(speech_event_agreement=0.8),
        quality(speech_event_agreement=0.7999),
    ),
    ("words_have_participants", quality(attributed_word_share=0.8), quality(attributed_word_share=0.7999)),
    ("clocks_agree", quality(clock_skew_s=5.0), quality(clock_skew_s=5.0001)),
    ("clocks_agree", quality(clock_skew_s=-5.0), quality(clock_skew_s=-5.0001)),
    ("talk_time_is_within_attendance", attendance(105.0), attendance(105.0001)),
    ("every_meetings_numbers_add_up", meeting(silence_s=40.00009), meeting(silence_s=40.00011)),
    ("every_meetings_numbers_add_up", meeting(overlap_s=60.00009), meeting(overlap_s=60.00011)),
    ("every_meetings_numbers_add_up", meeting(duration_s=59.99991), meeting(duration_s=59.99989)),
    ("every_meetings_numbers_add_up", meeting(overlap_ratio=1.0000009), meeting(overlap_ratio=1.0000011)),
    ("every_meetings_numbers_add_up", meeting(overlap_ratio=-0.0000009), meeting(overlap_ratio=-0.0000011)),
    ("every_participants_numbers_add_up", participant(solo_talk_s=30.00009), participant(solo_talk_s=30.00011)),
    ("every_participants_numbers_add_up", participant(attended_s=100.00009), participant(attended_s=100.00011)),
    ("every_participants_numbers_add_up", participant(webcam_on_s=100.00009), participant(webcam_on_s=100.00011)),
    ("every_participants_numbers_add_up", participant(screenshare_s=100.00009), participant(screenshare_s=100.00011)),
    (
        "every_participants_numbers_add_up",
        participant(interruptions_successful=2, interruptions_made=2),
        participant(interruptions_successful=3, interruptions_made=2),
    ),
    (
        "every_participants_numbers_add_up",
        participant(run_count=2, turn_count=2),
        participant(run_count=3, turn_count=2),
    ),
    ("every_persons_numbers_add_up", person(attended_s=100.00009), person(attended_s=100.00011)),
    ("every_persons_numbers_add_up", person(persons_talk_s=59.99991), person(persons_talk_s=59.99989)),
    (
        "every_persons_numbers_add_up",
        person(interruptions_successful=2, interruptions_made=2),
        person(interruptions_successful=3, interruptions_made=2),
    ),
    (
        "nothing_expires_unfetched",
        artifact({"expires_at": AT + DAY + TICK}, **AWAITED),
        artifact({"expires_at": AT + DAY}, **AWAITED),
    ),
    (
        "nothing_expires_unfetched",
        artifact({"deleted_at": AT - WEEK - TICK}, **LOST),
        artifact({"deleted_at": AT - WEEK}, **LOST),
    ),
    (
        "nothing_is_stuck_at_the_api",
        [(Recordings, {"status": "processing", "created_at": AT - DAY})],
        [(Recordings, {"status": "processing", "created_at": AT - DAY - TICK})],
    ),
    (
        "nothing_is_stuck_at_the_api",
        artifact(status="pending", api_status="processing", api_updated_at=AT - DAY),
        artifact(status="pending", api_status="processing", api_updated_at=AT - DAY - TICK),
    ),
    ("nothing_is_stuck_at_the_api", artifact(**AWAITED, attempts=2), artifact(**AWAITED, attempts=3)),
    (
        "every_finished_recording_has_metrics",
        artifact(status="parsed", fetched_at=AT - HOUR + TICK),
        artifact(status="parsed", fetched_at=AT - HOUR),
    ),
]


@pytest.mark.parametrize(
    ("name", "rows"), [(name, sound) for name, sound, _ in CASES], ids=[f"{i}-{c[0]}" for i, c in enumerate(CASES)]
)
def test_check_accepts_a_value_at_its_threshold(storage: Storage, name: str, rows: Rows) -> None:
    assert not is_violated(storage, name, rows)


@pytest.mark.parametrize(
    ("name", "rows"), [(name, wrong) for name, _, wrong in CASES], ids=[f"{i}-{c[0]}" for i, c in enumerate(CASES)]
)
def test_check_reports_a_value_beyond_its_threshold(storage: Storage, name: str, rows: Rows) -> None:
    assert is_violated(storage, name, rows)


@pytest.mark.parametrize(
    ("rows", "is_reported"),
    [
        (in_timeline_only(60.0), True),
        (in_timeline_only(59.99), False),
        (in_transcript_only(50), True),
        (in_transcript_only(49), False),
    ],
    ids=["60-s-of-talk", "less-talk", "50-words", "fewer-words"],
)
def test_speaker_in_one_source_counts_from_a_minute_or_fifty_words(
    storage: Storage, rows: Rows, is_reported: bool
) -> None:
    [name] = {check.name for check in table_checks() if check.name.endswith("the_same_people")}

    assert is_violated(storage, name, rows) is is_reported
