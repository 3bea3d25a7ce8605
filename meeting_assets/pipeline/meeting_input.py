"""Reads the inputs of the metrics of one meeting from the parsed tables, the ledger and the voice activity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table, func, null, select

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.artifacts.audio_separate import AudioParts
from meeting_assets.artifacts.participant_events import ParticipantEvents
from meeting_assets.artifacts.participants import Participants
from meeting_assets.artifacts.person_keys import person_key
from meeting_assets.artifacts.speaker_timeline import SpeakerTimeline
from meeting_assets.artifacts.transcript import Transcripts, TranscriptUtterances, TranscriptWords
from meeting_assets.artifacts.video_separate import VideoParts
from meeting_assets.metrics.meeting import Attendee, Correction, Event, MeetingInput, RawSegment, Utterance
from meeting_assets.store import audio_activity, corrections, ledger
from meeting_assets.store.database import table_of

PARTICIPANTS = table_of(Participants).c
EVENTS = table_of(ParticipantEvents).c
TIMELINE = table_of(SpeakerTimeline).c
TRANSCRIPTS = table_of(Transcripts).c
UTTERANCES = table_of(TranscriptUtterances).c
WORDS = table_of(TranscriptWords).c
ACTIVITY, AUDIO = audio_activity.ACTIVITY.c, audio_activity.ANALYSES.c
MEDIA_PARTS = [table_of(VideoParts).c, table_of(AudioParts).c]


def meeting_input(connection: Connection, recording: Row[Any], bot_names: frozenset[str]) -> MeetingInput:
    """Reads the inputs of the metrics of a recording, given as its row of `recordings`."""
    recording_id = recording.recording_id
    tables = _ParsedTables(connection, recording_id)
    rows, transcript = tables.rows, tables.transcript
    events = rows(
        (EVENTS.participant_key, EVENTS.participant_name, EVENTS.action, EVENTS.at_s, EVENTS.chat_text, EVENTS.at)
    )
    artifacts = select(ledger.LEDGER.c.kind, ledger.LEDGER.c.status).where(ledger.LEDGER.c.recording_id == recording_id)
    return MeetingInput(
        recording_id,
        started_at=recording.started_at,
        completed_at=recording.completed_at,
        scheduled_at=recording.scheduled_at,
        latest_end_s=None if (recording.duration_s or 0) > 0 else _latest_end_s(connection, recording_id),
        bot_names=bot_names,
        attendees=tables.attendees(),
        timeline=[
            RawSegment(*row)
            for row in rows((TIMELINE.participant_key, TIMELINE.speaker_name, TIMELINE.start_s, TIMELINE.end_s))
        ],
        words=tables.transcript_rows(WORDS.participant_key, WORDS.start_s, WORDS.end_s, WORDS.text),
        events=[Event(*event[:-1]) for event in events],
        audio=[RawSegment(*row) for row in rows((ACTIVITY.participant_key, null(), ACTIVITY.start_s, ACTIVITY.end_s))],
        audio_tracks=tuple(sorted({key for (key,) in rows((AUDIO.participant_key,), AUDIO.error.is_(None))})),
        transcript_id=transcript.transcript_id if transcript else None,
        corrections=[Correction(*each) for each in corrections.statements_of(connection, recording_id)],
        utterances=[
            Utterance(*row)
            for row in tables.transcript_rows(
                UTTERANCES.participant_key, UTTERANCES.speaker_name, UTTERANCES.word_count, UTTERANCES.text
            )
        ],
        attribution=transcript.attribution if transcript else None,
        language_codes=transcript.language_codes.split(",") if transcript and transcript.language_codes else (),
        provider=transcript.provider if transcript else None,
        is_unspaced=bool(transcript and transcript.is_unspaced),
        clock_readings=[(each.at_s, each.at) for each in events if each.at is not None and each.at_s is not None],
        artifact_kinds=[*ARTIFACTS],
        artifacts=[(kind, status) for kind, status in connection.execute(artifacts)],
    )


class _ParsedTables:
    """Reads the parsed rows of one recording, in the order of their keys."""

    def __init__(self, connection: Connection, recording_id: str) -> None:
        self._connection = connection
        self._recording_id = recording_id
        self.transcript = connection.execute(
            select(
                TRANSCRIPTS.transcript_id,
                TRANSCRIPTS.is_unspaced,
                TRANSCRIPTS.attribution,
                TRANSCRIPTS.language_codes,
                TRANSCRIPTS.provider,
            ).where(TRANSCRIPTS.recording_id == recording_id, TRANSCRIPTS.is_primary)
        ).first()
        """The primary transcript."""

    def rows(self, columns: Sequence[Any], *conditions: Any) -> Sequence[Any]:
        table: Table = columns[0].table
        query = select(*columns).where(table.c.recording_id == self._recording_id, *conditions)
        return self._connection.execute(query.order_by(*table.primary_key)).all()

    def transcript_rows(self, *columns: Any) -> Sequence[Any]:
        if self.transcript is None:
            return ()
        return self.rows(columns, columns[0].table.c.transcript_id == self.transcript.transcript_id)

    def attendees(self) -> list[Attendee]:
        c = PARTICIPANTS
        rows = self.rows((c.participant_key, c.name, c.is_bot, c.person_key, c.email))
        return [
            Attendee(key, name, is_bot, person, person_key(None, email)) for key, name, is_bot, person, email in rows
        ]


def _latest_end_s(connection: Connection, recording_id: str) -> float | None:
    """The latest end in any artifact, in seconds from the start; None if no artifact has a time."""
    ends = [
        (TIMELINE, func.coalesce(TIMELINE.end_s, TIMELINE.start_s)),
        (WORDS, func.coalesce(WORDS.end_s, WORDS.start_s)),
        (EVENTS, EVENTS.at_s),
        *((parts, parts.start_s + func.coalesce(parts.duration_s, 0.0)) for parts in MEDIA_PARTS),
    ]
    queries = (select(func.max(end)).where(columns.recording_id == recording_id) for columns, end in ends)
    return max((end for end in map(connection.scalar, queries) if end is not None), default=None)
