"""Reads the text of a meeting from the tables: names as the users corrected them, times for every word.

Utterances and chat messages are those of the views `utterances` and `chat`. Unlike the views, speakers that a user
declared to be the same are one speaker here, even if neither is resolved to a participant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, select

from meeting_assets.artifacts.participants import Participants
from meeting_assets.artifacts.transcript import Transcripts, TranscriptWords
from meeting_assets.core.speaker_keys import LABEL_PREFIX, UNKNOWN
from meeting_assets.metrics import resolution
from meeting_assets.metrics.attendance import Attendance
from meeting_assets.metrics.meeting import Correction
from meeting_assets.metrics.speakers import Speakers
from meeting_assets.metrics.speech_table import SpeechRows
from meeting_assets.pipeline.everyday_views import EVERYDAY_VIEWS, TITLE
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
from meeting_assets.store.corrections import statements_of
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import RECORDINGS

WORDS, TRANSCRIPTS, LISTED = (table_of(model).c for model in (TranscriptWords, Transcripts, Participants))
SPEAKERS, SPEECH, SESSIONS = (table_of(model).c for model in (Speakers, SpeechRows, Attendance))
SPOKEN, CHAT = (EVERYDAY_VIEWS[name].subquery(name).c for name in ("utterances", "chat"))
Identity: TypeAlias = tuple[str, str | None]
"""The key of a participant, or of a speaker without one, and a name: voices of one participant differ by name."""


def recordings_of_days(connection: Connection, first: date, last: date) -> list[str]:
    """The ids of the stored recordings of some days, both included, in the order of their creation."""
    query = select(RECORDINGS.c.recording_id).where(RECORDINGS.c.day.between(first, last))
    return [*connection.scalars(query.order_by(RECORDINGS.c.created_at, RECORDINGS.c.recording_id))]


def read_meeting(connection: Connection, recording_id: str) -> MeetingText | None:
    """The text of a recording; without a parsed transcript it has no utterances. None if it is not stored.

    The connection should be in a snapshot (`Connections.read_snapshot`), so that all parts have the same state.
    """
    columns = (RECORDINGS.c[name] for name in ("day", "platform", "started_at", "duration_s"))
    facts = connection.execute(select(TITLE, *columns).where(RECORDINGS.c.recording_id == recording_id)).first()
    if facts is None:
        return None
    primary = connection.execute(
        select(TRANSCRIPTS.transcript_id, TRANSCRIPTS.language_codes, TRANSCRIPTS.is_unspaced).where(
            TRANSCRIPTS.recording_id == recording_id, TRANSCRIPTS.is_primary
        )
    ).first()
    names = DisplayNames(connection, recording_id)
    utterances = _utterances(connection, recording_id, primary, names) if primary else []
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


class DisplayNames:
    """The display names of a recording's speakers, the same in all parts of its text."""

    def __init__(self, connection: Connection, recording_id: str) -> None:
        columns = (SPEAKERS.source, SPEAKERS.speaker_key, SPEAKERS.participant_key, SPEAKERS.name)
        # Sorted here: the order of texts in PostgreSQL depends on the database's locale.
        rows = sorted(
            connection.execute(select(*columns).where(SPEAKERS.recording_id == recording_id)),
            key=lambda row: (row.source, row.speaker_key),
        )
        listed = connection.execute(
            select(LISTED.participant_key, LISTED.name, LISTED.email).where(LISTED.recording_id == recording_id)
        ).all()
        self.emails: dict[str, str | None] = {row.participant_key: row.email for row in listed}
        self._roots = _roots(connection, recording_id, {row.speaker_key for row in rows}, {*self.emails})
        self._resolved = {row.participant_key or row.speaker_key for row in rows}
        self._own: dict[str, str | None] = {}
        """The name of each participant and of each speaker without one."""
        for row in rows:
            if row.name and row.speaker_key == (row.participant_key or row.speaker_key):
                self._own.setdefault(row.speaker_key, row.name)
        for each in listed:
            self._own.setdefault(each.participant_key, each.name)
        identities = {self._identity(row.participant_key or row.speaker_key, row.name) for row in rows}
        identities |= {self._identity(row.participant_key, None) for row in listed}
        self._names = self._distinct(sorted(identities, key=lambda each: (len(each[0]), each[0], each[1] or "")))

    def of(self, key: str, given: str | None = None) -> str:
        """The name of a participant or speaker: the given one, which is that of a row of `speakers`, or its own."""
        identity = self._identity(key, given)
        if identity not in self._names:
            self._names = self._distinct([*self._names, identity])
        return self._names[identity]

    def _identity(self, key: str, given: str | None) -> Identity:
        root = self._roots.get(key, key)
        if root != key:
            return root, self._own.get(root) or root.removeprefix(LABEL_PREFIX)
        # Without a row of `speakers`, the rows of one speaker may have several names; the first one counts.
        name = given if key in self._resolved else self._own.setdefault(key, given)
        return key, name or self._own.get(key)

    @staticmethod
    def _distinct(identities: Sequence[Identity]) -> dict[Identity, str]:
        return distinct_names((identity, identity[1]) for identity in identities)


def _roots(connection: Connection, recording_id: str, speakers: set[str], listed: set[str]) -> Mapping[str, str]:
    """The speaker that each speaker is the same as by the users' corrections."""
    participants = listed | {key for key in speakers if not key.startswith(LABEL_PREFIX)} - {UNKNOWN}
    known = resolution.Participants(dict.fromkeys(participants), {})
    given = [Correction(*each) for each in statements_of(connection, recording_id)]
    return resolution.effective_corrections(given, speakers, known).root


def _utterances(
    connection: Connection, recording_id: str, transcript: Row[Any, Any, Any], names: DisplayNames
) -> Sequence[SpokenUtterance]:
    speakers = {
        row.utterance_index: names.of(row.participant_key, row.speaker)
        for row in connection.execute(
            select(SPOKEN.utterance_index, SPOKEN.participant_key, SPOKEN.speaker)
            .where(SPOKEN.recording_id == recording_id)
            .order_by(SPOKEN.utterance_index)
        )
    }
    words = connection.execute(
        select(WORDS.utterance_index, WORDS.text, WORDS.start_s, WORDS.end_s)
        .where(WORDS.recording_id == recording_id, WORDS.transcript_id == transcript.transcript_id)
        .order_by(WORDS.word_index)
    )
    found: list[SpokenUtterance] = []
    earliest_s = 0.0
    for index, units in groupby(words, key=lambda row: row.utterance_index):
        spoken = timed_words([TimedUnit(row.text, row.start_s, row.end_s) for row in units], earliest_s)
        if spoken:
            found.append(SpokenUtterance(speakers[index], spoken, transcript.is_unspaced))
            earliest_s = found[-1].end_s
    return sorted(found, key=lambda each: each.start_s)


def _segments(connection: Connection, recording_id: str, names: DisplayNames) -> Sequence[SpeechSegment]:
    rows = connection.execute(
        select(SPEECH.participant_key, SPEECH.start_s, SPEECH.end_s)
        .where(SPEECH.recording_id == recording_id)
        .order_by(SPEECH.segment_index)
    )
    return [SpeechSegment(names.of(row.participant_key), row.start_s, row.end_s) for row in rows]


def _chat(connection: Connection, recording_id: str, names: DisplayNames) -> Sequence[ChatMessage]:
    """The chat messages in the order of their times."""
    columns = ("participant_key", "sender", "at_s", "at", "recipient", "text")
    rows = connection.execute(
        select(*(CHAT[name] for name in columns))
        .where(CHAT.recording_id == recording_id, CHAT.text.is_not(None))
        .order_by(CHAT.event_index)
    )
    messages = [
        ChatMessage(names.of(row.participant_key, row.sender), row.at_s, row.at, row.recipient, row.text)
        for row in rows
    ]
    return sorted(messages, key=lambda each: (each.at_s is None, each.at_s or 0.0))


def _sessions(connection: Connection, recording_id: str, names: DisplayNames) -> Sequence[Session]:
    columns = ("participant_key", "join_s", "leave_s", "is_open_start", "is_open_end")
    rows = connection.execute(
        select(*(SESSIONS[name] for name in columns))
        .where(SESSIONS.recording_id == recording_id)
        .order_by(SESSIONS.session_index)
    )
    found = [Session(names.of(row[0]), names.emails.get(row[0]), *row[1:]) for row in rows]
    return sorted(found, key=lambda each: (each.join_s, each.name))
