"""What is known of one meeting before anything is measured: plain rows, as SQL queries return them.

`participant_key` is one key everywhere: the participant's id as text, else `label:` and a name, else
`unknown`. Seconds count from the start of the recording; they may be negative, out of order or missing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

UNKNOWN = "unknown"


class Attendee(NamedTuple):
    """A row of `participants`."""

    participant_key: str
    name: str | None
    is_bot: bool


class Mention(NamedTuple):
    """Somebody whom an artifact names, speaking or not."""

    participant_key: str
    speaker_name: str | None


class Speech(NamedTuple):
    """A timeline segment or a word. A segment without end was never closed, a word without one is untimed."""

    participant_key: str
    speaker_name: str | None
    start_s: float | None
    end_s: float | None


class Utterance(NamedTuple):
    """An entry of the primary transcript."""

    participant_key: str
    speaker_name: str | None
    word_count: int


class SpeechEvent(NamedTuple):
    """A `speech_on` or `speech_off` of the meeting platform."""

    participant_key: str
    speaker_name: str | None
    action: Literal["speech_on", "speech_off"]
    at_s: float | None


def nothing() -> tuple[()]:
    """The rows of an artifact that is not there."""
    return ()


@dataclass(frozen=True, slots=True)
class MeetingInput:
    """One recording. An artifact that is not parsed and one that holds nothing are the same here: no rows."""

    recording_id: str

    started_at: datetime | None = None
    completed_at: datetime | None = None
    latest_end_s: float | None = None
    """The latest end in any artifact; stands in for the duration where an instant is missing."""

    bot_names: Collection[str] = ()
    """The recording's bot and other note-takers; compared without regard to case and outer blanks."""
    attendees: Sequence[Attendee] = ()
    mentions: Sequence[Mention] = ()
    """Anybody named by an artifact that is not read here, such as participant events. Doubles do no harm."""

    timeline: Sequence[Speech] = ()
    words: Callable[[], Iterable[Speech]] = nothing
    """Words of the primary transcript; called only if no better source has speech, for there are many."""
    speech_events: Callable[[], Iterable[SpeechEvent]] = nothing
    """Called only if no better source has speech."""

    transcript_id: str | None = None
    """The primary transcript; None where there is none, and then nobody's words are counted."""
    utterances: Sequence[Utterance] = ()
    is_unspaced: bool = False
    """Whether the transcript's script puts no blanks between words, so that counting words says nothing."""
