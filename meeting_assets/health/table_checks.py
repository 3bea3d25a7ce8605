"""Checks of row counts and of parsed tables: they read all rows of large tables, or those of some recordings.

A run evaluates them for the recordings that were written since the last evaluation, and a schedule for all recordings
once a night.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, exists, func, literal, or_, select, true, union_all
from sqlmodel import SQLModel

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.artifacts.participants import Participants
from meeting_assets.artifacts.speaker_timeline import SpeakerTimeline
from meeting_assets.artifacts.transcript import Transcripts, TranscriptUtterances, TranscriptWords
from meeting_assets.core.speaker_keys import LABEL_PREFIX, UNKNOWN
from meeting_assets.health.check import Check, RecordingFilter, RecordingQuery, every_recording
from meeting_assets.metrics import ROW_COUNT_SOURCE
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER, RECORDINGS

# Speakers below these thresholds in only one source are treated as noise.
SUBSTANTIAL_TALK_S = 60.0
SUBSTANTIAL_WORDS = 50

WORDS = table_of(TranscriptWords).c
UTTERANCES = table_of(TranscriptUtterances).c
TRANSCRIPTS = table_of(Transcripts).c
TIMELINE = table_of(SpeakerTimeline).c
PARTICIPANTS = table_of(Participants).c


def table_checks() -> list[Check]:
    """Checks that compare the rows of parsed tables with each other and with the ledger."""
    return [
        _check(
            name="words_lie_inside_their_utterance",
            description=(
                "Every word belongs to an utterance of its transcript and lies between its start and its end. To fix "
                "it, run `meeting-assets rebuild` for the day."
            ),
            table=table_of(TranscriptWords).name,
            is_error=True,
            query=_words_outside,
            location_of=lambda row: f"utterance {row.utterance_index}, word {row.word_index}",
        ),
        _check(
            name="timeline_and_transcript_name_the_same_people",
            description=(
                f"A participant with {SUBSTANTIAL_TALK_S:.0f} s of speech in the speaker timeline has words in the "
                f"primary transcript, and a participant with {SUBSTANTIAL_WORDS} words there is in the timeline. "
                "Skipped: bots, recordings without one of the two sources, and sources that do not identify their "
                "speakers (machine diarization). If it fails, one source names the wrong people: compare both with "
                "the video."
            ),
            table=table_of(TranscriptUtterances).name,
            is_error=False,
            query=_people_in_one_source,
            location_of=lambda row: f"participant {row.participant_key} is in this source only",
        ),
        *(_every_counted_row_is_there(model, counter) for model, counter in row_counters().items()),
    ]


def _check(*, query: RecordingQuery, **fields: Any) -> Check:
    """A check of large tables, whose query can read some recordings alone."""
    return Check(violating_rows=lambda _at: query(every_recording), rows_of_recordings=query, **fields)


def _words_outside(is_read: RecordingFilter) -> Select[Any]:
    is_its_utterance = and_(
        UTTERANCES.recording_id == WORDS.recording_id,
        UTTERANCES.transcript_id == WORDS.transcript_id,
        UTTERANCES.utterance_index == WORDS.utterance_index,
    )
    is_outside = or_(
        UTTERANCES.recording_id.is_(None),
        *(time < UTTERANCES.start_s for time in (WORDS.start_s, WORDS.end_s)),
        *(time > UTTERANCES.end_s for time in (WORDS.start_s, WORDS.end_s)),
    )
    return (
        select(
            WORDS.recording_id,
            RECORDINGS.c.day,
            literal(table_of(TranscriptWords).name).label("source"),
            WORDS.utterance_index,
            WORDS.word_index,
        )
        .join_from(table_of(TranscriptWords), table_of(TranscriptUtterances), is_its_utterance, isouter=True)
        .join(RECORDINGS, RECORDINGS.c.recording_id == WORDS.recording_id, isouter=True)
        .where(is_outside, is_read(WORDS.recording_id))
    )


def _people_in_one_source(is_read: RecordingFilter) -> Select[Any]:
    timeline, transcript = _timeline_speakers(is_read), _transcript_speakers(is_read)
    only_in_timeline = _only_in(
        timeline, timeline.c.talk_s >= SUBSTANTIAL_TALK_S, transcript, transcript.c.word_count > 0
    )
    only_in_transcript = _only_in(
        transcript, transcript.c.word_count >= SUBSTANTIAL_WORDS, timeline, timeline.c.segment_count > 0
    )
    return select(union_all(only_in_timeline, only_in_transcript).subquery())


def _timeline_speakers(is_read: RecordingFilter) -> Subquery:
    """The talk time of each speaker of the timeline."""
    length_s = func.coalesce(TIMELINE.end_s, TIMELINE.start_s) - TIMELINE.start_s
    return (
        select(
            TIMELINE.recording_id,
            TIMELINE.participant_key,
            literal(table_of(SpeakerTimeline).name).label("source"),
            func.sum(length_s).label("talk_s"),
            func.count().label("segment_count"),
        )
        .where(is_read(TIMELINE.recording_id))
        .group_by(TIMELINE.recording_id, TIMELINE.participant_key)
        .subquery()
    )


def _transcript_speakers(is_read: RecordingFilter) -> Subquery:
    """The word count of each speaker of the primary transcript."""
    is_of_primary = and_(
        TRANSCRIPTS.recording_id == UTTERANCES.recording_id,
        TRANSCRIPTS.transcript_id == UTTERANCES.transcript_id,
        TRANSCRIPTS.is_primary,
    )
    return (
        select(
            UTTERANCES.recording_id,
            UTTERANCES.participant_key,
            literal(table_of(TranscriptUtterances).name).label("source"),
            func.sum(UTTERANCES.word_count).label("word_count"),
        )
        .join_from(table_of(TranscriptUtterances), table_of(Transcripts), is_of_primary)
        .where(is_read(UTTERANCES.recording_id))
        .group_by(UTTERANCES.recording_id, UTTERANCES.participant_key)
        .subquery()
    )


def _only_in(
    speakers: Subquery, is_substantial: ColumnElement[bool], others: Subquery, is_present: ColumnElement[bool]
) -> Select[Any]:
    """Identified speakers of one source without rows in the other one, if that source identifies all its speakers."""
    by_recording = (
        select(
            others.c.recording_id,
            func.count().filter(_is_unidentified(others.c.participant_key)).label("unidentified_count"),
        )
        .where(is_present)
        .group_by(others.c.recording_id)
        .subquery()
    )
    is_same_speaker = and_(
        others.c.recording_id == speakers.c.recording_id,
        others.c.participant_key == speakers.c.participant_key,
        is_present,
    )
    is_bot = exists().where(
        PARTICIPANTS.recording_id == speakers.c.recording_id,
        PARTICIPANTS.participant_key == speakers.c.participant_key,
        PARTICIPANTS.is_bot,
    )
    return (
        select(speakers.c.recording_id, RECORDINGS.c.day, speakers.c.source, speakers.c.participant_key)
        .join_from(speakers, by_recording, by_recording.c.recording_id == speakers.c.recording_id)
        .join(others, is_same_speaker, isouter=True)
        .join(RECORDINGS, RECORDINGS.c.recording_id == speakers.c.recording_id)
        .where(
            is_substantial,
            ~_is_unidentified(speakers.c.participant_key),
            ~is_bot,
            others.c.recording_id.is_(None),
            by_recording.c.unidentified_count == 0,
        )
    )


def _is_unidentified(participant_key: Any) -> ColumnElement[bool]:
    """True for speakers without a participant id. Keys with a label contain a name and must not be shown."""
    return or_(participant_key == UNKNOWN, participant_key.startswith(LABEL_PREFIX))


def row_counters() -> dict[type[SQLModel], Any]:
    """For each table the column of a smaller table that counts its rows; None if the ledger counts them."""
    counters: dict[type[SQLModel], Any] = dict(ROW_COUNT_SOURCE)
    for artifact in ARTIFACTS.values():
        counters |= {**artifact.row_count_source, artifact.tables[-1]: None}
    return counters


def _every_counted_row_is_there(model: type[SQLModel], counter: Any) -> Check:
    source = "the ledger" if counter is None else f"`{table_of(counter.class_).name}.{counter.key}`"
    return _check(
        name="every_counted_row_is_there",
        description=(
            f"The row count of each recording equals {source}. To fix it, run `meeting-assets rebuild` for the day."
        ),
        table=table_of(model).name,
        is_error=True,
        query=partial(_miscounted, model, counter),
        location_of=lambda row: f"{row.counted} rows expected, {row.present} found",
    )


def _miscounted(model: type[SQLModel], counter: Any, is_read: RecordingFilter) -> Select[Any]:
    table = table_of(model)
    present = (
        select(table.c.recording_id, literal(0), func.count())
        .where(is_read(table.c.recording_id))
        .group_by(table.c.recording_id)
    )
    both = union_all(_counted(model, counter, is_read), present).subquery()
    sums = (
        select(
            both.c.recording_id,
            func.coalesce(func.sum(both.c.counted), 0).label("counted"),
            func.sum(both.c.present).label("present"),
        )
        .group_by(both.c.recording_id)
        .subquery()
    )
    return (
        select(
            sums.c.recording_id,
            RECORDINGS.c.day,
            literal(table.name).label("source"),
            sums.c.counted,
            sums.c.present,
        )
        .join_from(sums, RECORDINGS, RECORDINGS.c.recording_id == sums.c.recording_id, isouter=True)
        .where(sums.c.counted != sums.c.present)
    )


def _counted(model: type[SQLModel], counter: Any, is_read: RecordingFilter) -> Select[Any]:
    """The expected row counts of a table, by recording."""
    if counter is None:
        (kind,) = (artifact.kind for artifact in ARTIFACTS.values() if artifact.tables[-1] is model)
        source, counter, is_of_model = LEDGER, LEDGER.c.row_count, LEDGER.c.kind == kind
    else:
        source, is_of_model = table_of(counter.class_), true()
    return select(source.c.recording_id, counter.label("counted"), literal(0).label("present")).where(
        is_of_model, is_read(source.c.recording_id)
    )
