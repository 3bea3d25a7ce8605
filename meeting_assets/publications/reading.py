"""Reads the text of a meeting from the tables: names as the users corrected them, times for every word."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, select

from meeting_assets.artifacts.participant_events import ParticipantEvents
from meeting_assets.artifacts.participants import Participants
from meeting_assets.artifacts.transcript import Transcripts, TranscriptUtterances, TranscriptWords
from meeting_assets.metrics.attendance import Attendance
from meeting_assets.metrics.speakers import Speakers
from meeting_assets.metrics.speech_table import SpeechRows
from meeting_assets.publications.meeting_text import (
    ChatMessage,
    MeetingText,
    Session,
    SpeechSegment,
    SpokenUtterance,
    TimedUnit,
    distinct_names,
    timed_words,
)
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import RECORDINGS

UTTERANCES, WORDS = table_of(TranscriptUtterances).c, table_of(TranscriptWords).c
TRANSCRIPTS, EVENTS, LISTED = table_of(Transcripts).c, table_of(ParticipantEvents).c, table_of(Participants).c
SPEAKERS, SPEECH, SESSIONS = table_of(Speakers).c, table_of(SpeechRows).c, table_of(Attendance).c
CHAT_MESSAGE = "chat_message"


def recordings_of_days(connection: Connection, first: date, last: date) -> list[str]:
    """The ids of the stored recordings of some days, both included, in the order of their creation."""
    query = select(RECORDINGS.c.recording_id).where(RECORDINGS.c.day.between(first, last))
    return [*connection.scalars(query.order_by(RECORDINGS.c.created_at, RECORDINGS.c.recording_id))]


def read_meeting(connection: Connection, recording_id: str) -> MeetingText:
    """The text of a stored recording; without a parsed transcript it has no utterances."""
    columns = ("title", "day", "platform", "started_at", "duration_s")
    facts = connection.execute(
        select(*(RECORDINGS.c[name] for name in columns)).where(RECORDINGS.c.recording_id == recording_id)
    ).one()
    primary = connection.execute(
        select(TRANSCRIPTS.transcript_id, TRANSCRIPTS.language_codes).where(
            TRANSCRIPTS.recording_id == recording_id, TRANSCRIPTS.is_primary
        )
    ).first()
    names = _Names(connection, recording_id)
    utterances = _utterances(connection, recording_id, primary.transcript_id, names) if primary else []
    return MeetingText(
        recording_id,
        facts.day,
        facts.title,
        facts.platform,
        facts.started_at,
        facts.duration_s,
        language=primary.language_codes.split(",")[0] if primary and primary.language_codes else None,
        utterances=utterances,
        segments=_segments(connection, recording_id, names),
        chat=_chat(connection, recording_id, names),
        sessions=_sessions(connection, recording_id, names),
        speakers=[*dict.fromkeys(each.speaker for each in utterances)],
    )


class _Names:
    """The display names of a recording's speakers, the same in all parts of its text."""

    def __init__(self, connection: Connection, recording_id: str) -> None:
        rows = connection.execute(
            select(SPEAKERS.source, SPEAKERS.speaker_key, SPEAKERS.participant_key, SPEAKERS.name)
            .where(SPEAKERS.recording_id == recording_id)
            .order_by(SPEAKERS.speaker_key)
        ).all()
        listed = connection.execute(
            select(LISTED.participant_key, LISTED.name, LISTED.email)
            .where(LISTED.recording_id == recording_id)
            .order_by(LISTED.participant_key)
        ).all()
        self._resolved = {(row.source, row.speaker_key): row.participant_key or row.speaker_key for row in rows}
        given: dict[str, str | None] = {row.participant_key: row.name for row in listed}
        given |= {row.participant_key or row.speaker_key: row.name for row in rows if row.name}
        self._names = distinct_names(sorted(given.items(), key=lambda item: (len(item[0]), item[0])))
        self.emails: dict[str, str | None] = {row.participant_key: row.email for row in listed}

    def of(self, source: str, speaker_key: str, fallback: str | None) -> str:
        """The name of a speaker of a source."""
        return self.of_participant(self._resolved.get((source, speaker_key), speaker_key), fallback)

    def of_participant(self, key: str, fallback: str | None = None) -> str:
        """The name of a resolved speaker. A speaker that no table names gets the fallback."""
        if key not in self._names:
            self._names = distinct_names([*self._names.items(), (key, fallback)])
        return self._names[key]


def _utterances(
    connection: Connection, recording_id: str, transcript_id: str, names: _Names
) -> Sequence[SpokenUtterance]:
    of_transcript = UTTERANCES.recording_id == recording_id, UTTERANCES.transcript_id == transcript_id
    speakers = {
        row.utterance_index: names.of("transcript", row.participant_key, row.speaker_name)
        for row in connection.execute(
            select(UTTERANCES.utterance_index, UTTERANCES.participant_key, UTTERANCES.speaker_name)
            .where(*of_transcript)
            .order_by(UTTERANCES.utterance_index)
        )
    }
    words = connection.execute(
        select(WORDS.utterance_index, WORDS.text, WORDS.start_s, WORDS.end_s)
        .where(WORDS.recording_id == recording_id, WORDS.transcript_id == transcript_id)
        .order_by(WORDS.word_index)
    )
    found: list[SpokenUtterance] = []
    earliest_s = 0.0
    for index, units in groupby(words, key=lambda row: row.utterance_index):
        spoken = timed_words([TimedUnit(row.text, row.start_s, row.end_s) for row in units], earliest_s)
        if spoken:
            found.append(SpokenUtterance(speakers[index], spoken))
            earliest_s = found[-1].end_s
    return sorted(found, key=lambda each: each.start_s)


def _segments(connection: Connection, recording_id: str, names: _Names) -> Sequence[SpeechSegment]:
    rows = connection.execute(
        select(SPEECH.participant_key, SPEECH.start_s, SPEECH.end_s)
        .where(SPEECH.recording_id == recording_id)
        .order_by(SPEECH.segment_index)
    )
    return [SpeechSegment(names.of_participant(row.participant_key), row.start_s, row.end_s) for row in rows]


def _chat(connection: Connection, recording_id: str, names: _Names) -> Sequence[ChatMessage]:
    """The chat messages in the order of their times; an event that was delivered twice counts once."""
    columns = ("event_id", "participant_key", "participant_name", "at_s", "at", "chat_to", "chat_text")
    rows = connection.execute(
        select(*(EVENTS[name] for name in columns))
        .where(EVENTS.recording_id == recording_id, EVENTS.action == CHAT_MESSAGE, EVENTS.chat_text.is_not(None))
        .order_by(EVENTS.event_index)
    )
    messages: dict[Any, ChatMessage] = {}
    for row in rows:
        sender = names.of("participant_events", row.participant_key, row.participant_name)
        message = ChatMessage(sender, row.at_s, row.at, row.chat_to, row.chat_text)
        messages.setdefault(message, message)
    return sorted(messages.values(), key=lambda each: (each.at_s is None, each.at_s or 0.0))


def _sessions(connection: Connection, recording_id: str, names: _Names) -> Sequence[Session]:
    columns = ("participant_key", "join_s", "leave_s", "is_open_start", "is_open_end")
    rows = connection.execute(
        select(*(SESSIONS[name] for name in columns))
        .where(SESSIONS.recording_id == recording_id)
        .order_by(SESSIONS.participant_key, SESSIONS.session_index)
    )
    return [Session(names.of_participant(row[0]), names.emails.get(row[0]), *row[1:]) for row in rows]
