"""The input of the metrics: one meeting as plain rows, as SQL queries return them.

`participant_key` is the same key everywhere: the participant's id as text, else `label:` and a name, else
`unknown`. Seconds count from the start of the recording; they may be negative, out of order or missing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, TypeAlias


class Attendee(NamedTuple):
    """A row of `participants`."""

    participant_key: str
    name: str | None
    is_bot: bool
    person_key: str | None = None
    address_key: str | None = None
    """The person key of the e-mail address; it may equal `person_key`."""


class RawSegment(NamedTuple):
    """A raw segment of one speaker's speech. A segment without end was never closed."""

    participant_key: str
    speaker_name: str | None
    start_s: float | None
    end_s: float | None


class Correction(NamedTuple):
    """A user's statement about one speaker of a meeting: a row of `corrections`."""

    speaker_key: str
    kind: str
    """`assign`: the speaker is the participant `target`. `same_as`: the speaker is the speaker `target`. `name`: the
    speaker's display name is `target`."""
    target: str


class Utterance(NamedTuple):
    """An entry of the primary transcript."""

    participant_key: str
    speaker_name: str | None
    word_count: int
    text: str = ""


class Event(NamedTuple):
    """A participant event: join, leave, speech_on, webcam_off, chat_message, ..."""

    participant_key: str
    speaker_name: str | None
    action: str
    at_s: float | None
    chat_text: str | None = None


Word: TypeAlias = tuple[str, float | None, float | None, str]
"""participant_key, start_s, end_s and text of a timed unit: a database row, unconverted, because there are many."""
Moment: TypeAlias = tuple[float, datetime]
"""Seconds from the start, and the clock time of the same moment."""


@dataclass(frozen=True, slots=True)
class MeetingInput:
    """One recording. Both an empty artifact and one that is not parsed have no rows here."""

    recording_id: str

    started_at: datetime | None = None
    completed_at: datetime | None = None
    scheduled_at: datetime | None = None
    """The start of the meeting in the calendar."""
    latest_end_s: float | None = None
    """The latest end in any artifact: the duration if an instant is missing."""

    bot_names: Collection[str] = ()
    """Names of the recording's bot and other note-takers, compared by `core.names`."""
    attendees: Sequence[Attendee] = ()

    timeline: Sequence[RawSegment] = ()
    words: Sequence[Word] = ()
    """Timed units of the primary transcript."""
    events: Sequence[Event] = ()
    audio: Sequence[RawSegment] = ()
    """Voice activity of the participants' separate audio."""
    audio_tracks: Collection[str] = ()
    """Keys of the participants whose separate audio was analysed, silent ones too."""

    transcript_id: str | None = None
    """The primary transcript; without one, word counts are None."""
    utterances: Sequence[Utterance] = ()
    attribution: str | None = None
    """How the primary transcript names its speakers: `platform`, `voices`, `labels` or `none`."""
    language_codes: Collection[str] = ()
    """The languages of the primary transcript, as the provider states them."""
    provider: str | None = None
    """The provider of the primary transcript."""
    corrections: Collection[Correction] = ()
    """The user's corrections of this meeting's speakers."""
    display_names: Mapping[str, str] = field(default_factory=dict)
    """Names that the user gave to participants, by `participant_key`."""
    is_unspaced: bool = False
    """Whether the transcript's script has no blanks between words, so that word rates are undefined."""

    clock_readings: Iterable[Moment] = ()
    """Moments that an artifact states by both clocks."""
    artifacts: Collection[tuple[str, str]] = ()
    """Kind and status of every artifact in the ledger."""
    artifact_kinds: Sequence[str] = ()
    """All kinds of artifacts that a recording can have."""
