"""The text of one meeting as readers see it: utterances with resolved speakers and a time for every word.

Recall.ai leaves some words without times, and captions give one time to a whole sentence. Formats for subtitles and
speech research need a time for each word. Missing times are interpolated:

    given:   |--"so we"--|      "then"      "go"      |--"on"--|
    result:  |-so-|--we--|-----then------|---go------|---on---|

Words share the gap between the known times around them in proportion to their lengths. Times before the start of the
recording become 0, because most formats have no negative times.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

UNKNOWN_SPEAKER = "Unknown speaker"
CHARACTER_S = 0.06
"""Duration of a character of text without any time: 1,000 characters a minute, a usual speaking rate."""


class TimedWord(NamedTuple):
    """A word without blanks, and its times in seconds from the start of the recording."""

    text: str
    start_s: float
    end_s: float


class TimedUnit(NamedTuple):
    """An element of `words[]` of the payload: mostly a word, under captions a sentence; times may be unknown."""

    text: str
    start_s: float | None
    end_s: float | None


@dataclass(frozen=True, slots=True)
class SpokenUtterance:
    """An utterance with at least one word."""

    speaker: str
    """Display name, different for different speakers of the meeting."""
    words: Sequence[TimedWord]

    @property
    def start_s(self) -> float:
        return min(word.start_s for word in self.words)

    @property
    def end_s(self) -> float:
        return max(word.end_s for word in self.words)

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


class SpeechSegment(NamedTuple):
    """A row of `speech`: an uninterrupted interval of one speaker's speech, in seconds."""

    speaker: str
    start_s: float
    end_s: float


class ChatMessage(NamedTuple):
    """A chat message; `recipient` is `everyone` or `only_bot`."""

    sender: str
    at_s: float | None
    at: datetime | None
    recipient: str | None
    text: str


class Session(NamedTuple):
    """One stay of a participant in the meeting, in seconds from the start of the recording."""

    name: str
    email: str | None
    join_s: float
    leave_s: float
    is_open_start: bool
    is_open_end: bool


@dataclass(frozen=True, slots=True)
class MeetingText:
    """A meeting as text, with its chat and attendance."""

    recording_id: str
    day: date
    title: str | None = None
    platform: str | None = None
    started_at: datetime | None = None
    duration_s: float | None = None
    language: str | None = None
    utterances: Sequence[SpokenUtterance] = ()
    """In the order of their starts."""
    segments: Sequence[SpeechSegment] = ()
    chat: Sequence[ChatMessage] = ()
    sessions: Sequence[Session] = ()
    speakers: Sequence[str] = field(default=())
    """Display names, in the order of their first words."""


def distinct_names(names: Iterable[tuple[str, str | None]]) -> dict[str, str]:
    """A display name for each speaker key. Speakers with the same name get a number.

    >>> distinct_names([("100", "Ada"), ("200", "Ada"), ("label:A", "A"), ("unknown", None)])
    {'100': 'Ada', '200': 'Ada (2)', 'label:A': 'A', 'unknown': 'Unknown speaker'}
    """
    chosen: dict[str, str] = {}
    taken: set[str] = set()
    for key, given in names:
        name = base = " ".join((given or "").split()) or UNKNOWN_SPEAKER
        number = 1
        while name in taken:
            number += 1
            name = f"{base} ({number})"
        taken.add(name)
        chosen[key] = name
    return chosen


def timed_words(units: Sequence[TimedUnit], earliest_s: float = 0.0) -> list[TimedWord]:
    """The words of an utterance, each with a start and a later end.

    `earliest_s` is the start of words before the first known time, if no time of the utterance is known.

    >>> timed_words([TimedUnit("so we", 1.0, 2.0), TimedUnit("go", None, None)], 0.0)
    [TimedWord(text='so', start_s=1.0, end_s=1.5), TimedWord(text='we', start_s=1.5, end_s=2.0), \
TimedWord(text='go', start_s=2.0, end_s=2.12)]
    """
    words: list[TimedWord] = []
    waiting: list[TimedUnit] = []
    last_s: float | None = None
    for unit in units:
        if unit.start_s is None:
            waiting.append(unit)
            continue
        start_s = max(unit.start_s, 0.0)
        words += _shared(waiting, last_s if last_s is not None else min(earliest_s, start_s), start_s)
        waiting = []
        natural_s = start_s + len(unit.text) * CHARACTER_S
        last_s = max(unit.end_s if unit.end_s is not None else natural_s, start_s)
        words += _shared([unit], start_s, last_s)
    begin_s = last_s if last_s is not None else earliest_s
    words += _shared(waiting, begin_s, begin_s + sum(len(unit.text) for unit in waiting) * CHARACTER_S)
    return words


def _shared(units: Sequence[TimedUnit], start_s: float, end_s: float) -> Iterator[TimedWord]:
    """The words of units that share an interval in proportion to their numbers of characters."""
    texts = [text for unit in units for text in unit.text.split()]
    total = sum(map(len, texts))
    span_s, spoken = max(end_s - start_s, 0.0), 0
    for text in texts:
        begin_s = start_s + span_s * spoken / total
        spoken += len(text)
        yield TimedWord(text, round(begin_s, 6), round(start_s + span_s * spoken / total, 6))
