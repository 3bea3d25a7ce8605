"""The text of one meeting as readers see it: utterances with resolved speakers and a time for every word.

Recall.ai leaves some words without times, and captions give one time to a whole sentence. Formats for subtitles and
speech research need a time for each word. Missing times are interpolated:

    given:   |--"so we"--|      "then"      "go"      |--"on"--|
    result:  |-so-|--we--|-----then------|---go------|---on---|

Words share the gap between the known times around them in proportion to their lengths. Words before the first known
time, and words with a start alone, last as long as at a usual speaking rate, if the times around them allow it. Times
before the start of the recording become 0, because most formats have no negative times.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain, count
from typing import NamedTuple, TypeVar

Speaker = TypeVar("Speaker", bound=Hashable)
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
    is_unspaced: bool = False
    """Whether the script of its transcript writes no blanks between words."""

    @property
    def start_s(self) -> float:
        return min(word.start_s for word in self.words)

    @property
    def end_s(self) -> float:
        return max(word.end_s for word in self.words)

    @property
    def text(self) -> str:
        """The words as their script writes them."""
        return joined_words(self.words, is_unspaced=self.is_unspaced)

    @property
    def spaced_text(self) -> str:
        """The words separated by blanks, also in scripts that write none."""
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
    """In the order of the joins."""
    speakers: Sequence[str] = field(default=())
    """Display names, in the order of their first words."""


def joined_words(words: Iterable[TimedWord], *, is_unspaced: bool) -> str:
    """The text of some words for readers.

    >>> words = [TimedWord(text, 0.0, 0.0) for text in ("会議", "は", "Google", "Meet")]
    >>> joined_words(words, is_unspaced=True), joined_words(words, is_unspaced=False)
    ('会議はGoogle Meet', '会議 は Google Meet')
    """
    parts: list[str] = []
    for word in words:
        if parts:
            parts.append(separator(parts[-1], word.text, is_unspaced=is_unspaced))
        parts.append(word.text)
    return "".join(parts)


def separator(left: str, right: str, *, is_unspaced: bool) -> str:
    """The text between two words: in scripts without blanks, only Latin words have a blank between them."""
    return "" if is_unspaced and not (left[-1:].isascii() and right[:1].isascii()) else " "


def distinct_names(names: Iterable[tuple[Speaker, str | None]]) -> dict[Speaker, str]:
    """A display name for each speaker. Speakers with the same name get a number.

    >>> distinct_names([("100", "Ada"), ("200", "Ada"), ("label:A", "A"), ("unknown", None)])
    {'100': 'Ada', '200': 'Ada (2)', 'label:A': 'A', 'unknown': 'Unknown speaker'}
    """
    chosen: dict[Speaker, str] = {}
    taken: set[str] = set()
    for key, given in names:
        chosen[key] = free_name(" ".join((given or "").split()) or UNKNOWN_SPEAKER, taken, "{} ({})")
        taken.add(chosen[key])
    return chosen


def free_name(base: str, taken: Collection[str], numbered: str) -> str:
    """A name that is not taken: the base, or the base with the first free number from 2 on.

    >>> free_name("Ada", {"Ada", "Ada (2)"}, "{} ({})")
    'Ada (3)'
    """
    return next(name for name in chain([base], (numbered.format(base, n) for n in count(2))) if name not in taken)


def timed_words(units: Sequence[TimedUnit], earliest_s: float = 0.0) -> list[TimedWord]:
    """The words of an utterance, each with a start and an end that is not earlier.

    `earliest_s` is the earliest start of words before the first known time, and their start if no time is known.

    >>> timed_words([TimedUnit("so we", 1.0, 2.0), TimedUnit("go", None, None)], 0.0)
    [TimedWord(text='so', start_s=1.0, end_s=1.5), TimedWord(text='we', start_s=1.5, end_s=2.0), \
TimedWord(text='go', start_s=2.0, end_s=2.12)]
    """
    words: list[TimedWord] = []
    waiting: list[TimedUnit] = []
    last_s: float | None = None
    for index, unit in enumerate(units):
        if unit.start_s is None:
            waiting.append(unit)
            if unit.end_s is None:
                continue
            end_s = max(unit.end_s, last_s or 0.0)
            words += _shared(waiting, _begin_s(waiting, last_s, earliest_s, end_s), end_s)
        else:
            start_s = max(unit.start_s, 0.0)
            words += _shared(waiting, _begin_s(waiting, last_s, earliest_s, start_s), start_s)
            end_s = _end_s(units, index, start_s)
            words += _shared([unit], start_s, end_s)
        waiting, last_s = [], end_s
    begin_s = last_s if last_s is not None else earliest_s
    words += _shared(waiting, begin_s, begin_s + _spoken_s(waiting))
    return words


def _begin_s(waiting: Sequence[TimedUnit], last_s: float | None, earliest_s: float, end_s: float) -> float:
    """The start of units without one, which end at a known time."""
    return last_s if last_s is not None else min(max(earliest_s, end_s - _spoken_s(waiting), 0.0), end_s)


def _end_s(units: Sequence[TimedUnit], index: int, start_s: float) -> float:
    """The end of a unit with a start. An unknown end leaves the units before the next known time their share of it."""
    unit = units[index]
    if unit.end_s is not None:
        return max(unit.end_s, start_s)
    own_s = others_s = _spoken_s([unit])
    for position in range(index + 1, len(units)):
        following = units[position]
        next_s = following.end_s if following.start_s is None else following.start_s
        if following.start_s is None:
            others_s += _spoken_s([following])
        if next_s is not None:
            limit_s = max(next_s - start_s, 0.0)
            return start_s + min(own_s, limit_s * own_s / others_s if others_s else limit_s)
    return start_s + own_s


def _spoken_s(units: Iterable[TimedUnit]) -> float:
    """The duration of units at a usual speaking rate."""
    return sum(map(_characters, units)) * CHARACTER_S


def _characters(unit: TimedUnit) -> int:
    """The number of characters without blanks."""
    return sum(map(len, unit.text.split()))


def _shared(units: Sequence[TimedUnit], start_s: float, end_s: float) -> Iterator[TimedWord]:
    """The words of units that share an interval in proportion to their numbers of characters."""
    texts = [text for unit in units for text in unit.text.split()]
    total = sum(map(len, texts))
    span_s, spoken = max(end_s - start_s, 0.0), 0
    for text in texts:
        begin_s = start_s + span_s * spoken / total
        spoken += len(text)
        yield TimedWord(text, round(begin_s, 6), round(start_s + span_s * spoken / total, 6))
