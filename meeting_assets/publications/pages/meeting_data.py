"""Reads everything that the page of a meeting shows: numbers from the tables of metrics, text with display names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Table, or_, select

from meeting_assets.artifacts.participant_events import ParticipantEvents
from meeting_assets.artifacts.participants import Participants
from meeting_assets.artifacts.transcript import Transcripts, TranscriptUtterances, TranscriptWords
from meeting_assets.metrics.attendance import Attendance
from meeting_assets.metrics.meeting import Event
from meeting_assets.metrics.presence import Session
from meeting_assets.metrics.quality import DataQuality
from meeting_assets.metrics.speakers import Speakers
from meeting_assets.metrics.speech_table import SpeechRows
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.metrics.timeline.intervals import Interval, to_microseconds
from meeting_assets.metrics.timeline.speech_segments import SpeechBySpeaker, SpeechSegment
from meeting_assets.metrics.turns import SpeakerTransitions, Turns
from meeting_assets.metrics.windows import BalanceWindows
from meeting_assets.pipeline.everyday_views import EVERYDAY_VIEWS, TITLE
from meeting_assets.publications.meeting_text import TimedUnit, separator
from meeting_assets.publications.reading import DisplayNames
from meeting_assets.recall.objects import FINISHED
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER, RECORDINGS

METRICS, MEMBERS, QUALITY = (table_of(model) for model in (MeetingMetrics, ParticipantMetrics, DataQuality))
SPEECH, TURNS, SESSIONS = (table_of(model) for model in (SpeechRows, Turns, Attendance))
TRANSITIONS, WINDOWS = table_of(SpeakerTransitions), table_of(BalanceWindows)
EVENTS, LISTED, SPEAKERS = (table_of(model) for model in (ParticipantEvents, Participants, Speakers))
TRANSCRIPTS, UTTERANCES, WORDS = (table_of(model) for model in (Transcripts, TranscriptUtterances, TranscriptWords))
SPOKEN, CHAT = (EVERYDAY_VIEWS[name].subquery(name) for name in ("utterances", "chat"))

DEVICES = ("webcam_on", "webcam_off", "screenshare_on", "screenshare_off")
LONG_WORDS = 90
"""Utterances with more words are split into paragraphs by the times of their words."""


class Member(NamedTuple):
    """A participant, with the row of `participant_metrics`."""

    key: str
    name: str
    email: str | None
    is_host: bool
    metrics: Row[Any]


class Said(NamedTuple):
    """An utterance. Its times are None if none of its words has one."""

    position: int
    """Its index in the payload."""
    key: str
    name: str
    start_s: float | None
    end_s: float | None
    text: str
    word_count: int


class Message(NamedTuple):
    """A chat message; `recipient` is `everyone` or `only_bot`."""

    key: str
    name: str
    at_s: float | None
    at: datetime | None
    recipient: str | None
    text: str


@dataclass(frozen=True, slots=True)
class MeetingData:
    """A meeting in one state of the database."""

    recording: Row[Any]
    """`recordings`, with `title` for readers."""
    metrics: Row[Any] | None
    """`meeting_metrics`; None until they are computed."""
    quality: Row[Any] | None
    transcript: Row[Any] | None
    """The primary transcript."""
    artifacts: Sequence[Row[Any]]
    """The ledger."""
    members: Sequence[Member]
    """Those with most talk first, then by name."""
    names: Mapping[str, str]
    """The display name of each key of a participant or unresolved speaker that occurs below."""
    bots: Mapping[str, str]
    """The names of the listed bots, by key."""
    persons: Mapping[str, tuple[str | None, str | None]]
    """Person key and e-mail address of each listed participant."""
    speech: SpeechBySpeaker
    backchannels: frozenset[SpeechSegment]
    sessions: Mapping[str, Sequence[Session]]
    devices: Sequence[Event]
    transitions: Sequence[Row[Any]]
    windows: Sequence[Row[Any]]
    said: Sequence[Said]
    """The utterances in the order of the payload."""
    units: Mapping[int, Sequence[TimedUnit]]
    """The timed units of long utterances, by the index of the utterance."""
    chat: Sequence[Message]

    @property
    def duration_s(self) -> float | None:
        """The duration as the metrics use it; None if it is unknown."""
        duration_s: float | None = (self.metrics or self.recording).duration_s
        return duration_s


def read_meeting_data(connection: Connection, recording_id: str) -> MeetingData | None:
    """Reads a finished meeting; None if the recording is not stored or not finished.

    The connection should be in a snapshot (`Connections.read_snapshot`), so that all parts have the same state.
    """
    columns = [column for column in RECORDINGS.c if column.name != TITLE.name]
    recording = connection.execute(select(*columns, TITLE).where(RECORDINGS.c.recording_id == recording_id)).first()
    metrics = _first(connection, METRICS, recording_id)
    if recording is None or (recording.status not in FINISHED and metrics is None):
        return None
    names = DisplayNames(connection, recording_id)
    return _Reader(connection, recording_id, names).meeting(recording, metrics)


def _first(connection: Connection, table: Table, recording_id: str, *conditions: Any) -> Row[Any] | None:
    return connection.execute(table.select().where(table.c.recording_id == recording_id, *conditions)).first()


class _Reader:
    """Reads the parts of one recording."""

    def __init__(self, connection: Connection, recording_id: str, names: DisplayNames) -> None:
        self._connection = connection
        self._recording_id = recording_id
        self._names = names

    def meeting(self, recording: Any, metrics: Row[Any] | None) -> MeetingData:
        transcript = _first(self._connection, TRANSCRIPTS, self._recording_id, TRANSCRIPTS.c.is_primary)
        listed = self._rows(LISTED.c.participant_key, LISTED.c.name, *_named(LISTED, "email person_key is_host is_bot"))
        speech = self._speech()
        transitions, windows = (self._rows(*table.c, order=table) for table in (TRANSITIONS, WINDOWS))
        members = self._members({each.participant_key: each for each in listed})
        of_transitions = {key for row in transitions for key in (row.from_key, row.to_key)}
        keys = {each.key for each in members} | speech.keys() | of_transitions
        said = self._said(is_unspaced=bool(transcript and transcript.is_unspaced))
        return MeetingData(
            recording,
            metrics,
            _first(self._connection, QUALITY, self._recording_id),
            transcript,
            self._rows(*LEDGER.c, order=LEDGER),
            members,
            {key: self._names.of(key) for key in sorted(keys)},
            {each.participant_key: self._names.of(each.participant_key) for each in listed if each.is_bot},
            {each.participant_key: (each.person_key, each.email) for each in listed if not each.is_bot},
            speech,
            self._backchannels(),
            self._sessions(),
            self._devices(),
            transitions,
            windows,
            said,
            self._units(transcript, has_long=any(each.word_count > LONG_WORDS for each in said)),
            self._chat(),
        )

    def _rows(self, *columns: Any, order: Table | None = None, where: Iterable[Any] = ()) -> Sequence[Any]:
        of_recording = columns[0].table.c.recording_id == self._recording_id
        keys = columns[0].table.primary_key if order is None else order.primary_key
        return self._connection.execute(select(*columns).where(of_recording, *where).order_by(*keys)).all()

    def _members(self, listed: Mapping[str, Row[Any]]) -> Sequence[Member]:
        found = []
        for row in self._rows(*MEMBERS.c, order=MEMBERS):
            key, entry = row.participant_key, listed.get(row.participant_key)
            email, is_host = (entry.email, bool(entry.is_host)) if entry else (None, False)
            found.append(Member(key, self._names.of(key), email, is_host, row))
        return sorted(found, key=lambda each: (-(each.metrics.talk_time_s or 0.0), each.name.casefold(), each.key))

    def _speech(self) -> SpeechBySpeaker:
        speech: dict[str, list[Interval]] = defaultdict(list)
        for key, start_s, end_s in self._rows(*_named(SPEECH, "participant_key start_s end_s")):
            speech[key].append((to_microseconds(start_s), to_microseconds(end_s)))
        return dict(speech)

    def _backchannels(self) -> frozenset[SpeechSegment]:
        rows = self._rows(
            *_named(TURNS, "start_s end_s participant_key"), order=TURNS, where=[TURNS.c.kind == "backchannel"]
        )
        return frozenset(SpeechSegment(to_microseconds(row[0]), to_microseconds(row[1]), row[2]) for row in rows)

    def _sessions(self) -> Mapping[str, Sequence[Session]]:
        sessions: dict[str, list[Session]] = defaultdict(list)
        columns = _named(SESSIONS, "participant_key join_s leave_s is_open_start is_open_end")
        for key, join_s, leave_s, *is_open in self._rows(*columns):
            sessions[key].append(Session(to_microseconds(join_s), to_microseconds(leave_s), *is_open))
        return dict(sessions)

    def _devices(self) -> Sequence[Event]:
        """Switches of cameras and shared screens, by the participants to which their speakers resolve."""
        names = _named(SPEAKERS, "speaker_key participant_key")
        resolved = dict(map(tuple, self._rows(*names, where=[SPEAKERS.c.source == "participant_events"])))
        columns = _named(EVENTS, "participant_key action at_s")
        rows = self._rows(*columns, where=[or_(*(EVENTS.c.action == action for action in DEVICES))])
        return [Event(resolved.get(key) or key, None, action, at_s) for key, action, at_s in rows]

    def _said(self, *, is_unspaced: bool) -> Sequence[Said]:
        columns = _named(SPOKEN, "utterance_index participant_key speaker start_s end_s text word_count")
        query = select(*columns).where(SPOKEN.c.recording_id == self._recording_id).order_by(SPOKEN.c.utterance_index)
        found = []
        for index, key, speaker, start_s, end_s, text, words in map(tuple, self._connection.execute(query)):
            spoken = _joined(text) if is_unspaced else text
            found.append(Said(index, key, self._names.of(key, speaker), start_s, end_s, spoken, words))
        return found

    def _units(self, transcript: Row[Any] | None, *, has_long: bool) -> Mapping[int, Sequence[TimedUnit]]:
        units: dict[int, list[TimedUnit]] = defaultdict(list)
        if transcript is None or not has_long:
            return units
        c, transcript_id = UTTERANCES.c, transcript.transcript_id
        is_own = c.recording_id == self._recording_id, c.transcript_id == transcript_id
        is_long = WORDS.c.utterance_index.in_(select(c.utterance_index).where(*is_own, c.word_count > LONG_WORDS))
        columns = _named(WORDS, "utterance_index text start_s end_s")
        for row in self._rows(*columns, where=[WORDS.c.transcript_id == transcript_id, is_long]):
            units[row.utterance_index].append(TimedUnit(row.text, row.start_s, row.end_s))
        return units

    def _chat(self) -> Sequence[Message]:
        columns = _named(CHAT, "participant_key sender at_s at recipient text")
        is_message = CHAT.c.recording_id == self._recording_id, CHAT.c.text.is_not(None)
        query = select(*columns).where(*is_message).order_by(CHAT.c.event_index)
        rows = map(tuple, self._connection.execute(query))
        return [Message(key, self._names.of(key, sender), *others) for key, sender, *others in rows]


def _named(table: Any, names: str) -> list[Any]:
    return [table.c[name] for name in names.split()]


def _joined(text: str) -> str:
    """The words of a script without blanks between them.

    >>> _joined("会議 は Google Meet")
    '会議はGoogle Meet'
    """
    parts: list[str] = []
    for word in text.split():
        if parts:
            parts.append(separator(parts[-1], word, is_unspaced=True))
        parts.append(word)
    return "".join(parts)
