"""What is known of one meeting before anything is measured: plain rows, as SQL queries return them.

`participant_key` is one key everywhere: the participant's id as text, else `label:` and a name, else
`unknown`. Seconds count from the start of the recording; they may be negative, out of order or missing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeAlias

UNKNOWN = "unknown"


class Attendee(NamedTuple):
    """A row of `participants`."""

    participant_key: str
    name: str | None
    is_bot: bool
    person_key: str | None = None
    address_key: str | None = None
    """The key of the e-mail address beside `person_key`; it may equal `person_key`."""


class Speech(NamedTuple):
    """A segment of the timeline. One without end was never closed."""

    participant_key: str
    speaker_name: str | None
    start_s: float | None
    end_s: float | None


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


# participant_key, start_s, end_s and text of a timed unit. A row of the database as it is, for there are many.
Word: TypeAlias = tuple[str, float | None, float | None, str]
# Seconds from the start, and the clock time of the same moment.
Moment: TypeAlias = tuple[float, datetime]


@dataclass(frozen=True, slots=True)
class MeetingInput:
    """One recording. An artifact that is not parsed and one that holds nothing are the same here: no rows."""

    recording_id: str

    started_at: datetime | None = None
    completed_at: datetime | None = None
    scheduled_at: datetime | None = None
    """When the calendar says that it starts."""
    latest_end_s: float | None = None
    """The latest end in any artifact; stands in for the duration where an instant is missing."""

    bot_names: Collection[str] = ()
    """The recording's bot and other note-takers; compared as `core.names` does."""
    attendees: Sequence[Attendee] = ()

    timeline: Sequence[Speech] = ()
    words: Sequence[Word] = ()
    """Timed units of the primary transcript."""
    events: Sequence[Event] = ()

    transcript_id: str | None = None
    """The primary transcript; None where there is none, and then nobody's words are counted."""
    utterances: Sequence[Utterance] = ()
    is_unspaced: bool = False
    """Whether the transcript's script puts no blanks between words, so that counting words says nothing."""

    moments: Iterable[Moment] = ()
    """Moments of any artifact that are told by both clocks."""
    artifacts: Collection[tuple[str, str]] = ()
    """Kind and status of every artifact in the ledger."""
