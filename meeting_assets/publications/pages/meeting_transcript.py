"""The transcript of a meeting's page: paragraphs and chat messages in the order of their times.

Consecutive utterances of one speaker are one paragraph until it has `PARAGRAPH_WORDS` words, or until a pause of
`PAUSE_S`. Links lead to whole seconds; the first entry of a second has the anchor `t=` and that second.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from meeting_assets.publications.meeting_text import TimedUnit, TimedWord, joined_words, timed_words
from meeting_assets.publications.pages.meeting_data import LONG_WORDS, Message, Said

PARAGRAPH_WORDS = 60
PAUSE_S = 10.0
_SENTENCE_ENDS = (".", "?", "!", "…", "。", "？", "！", "؟")  # noqa: RUF001


class WordSpan(NamedTuple):
    """Consecutive words of one utterance."""

    position: int
    """The index of the utterance in the payload."""
    first: int
    word_count: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A paragraph of one speaker, or a chat message."""

    name: str
    text: str
    at_s: float | None
    """None if no time is known."""
    is_estimated: bool = False
    """Whether the time is that of the words before, because its own words have none."""
    is_chat: bool = False
    recipient: str | None = None
    at: datetime | None = None
    anchor: str | None = None
    """The id of the entry, unless an earlier one has the same second."""
    continues: bool = False
    """Whether the speaker of the entry before goes on."""
    spans: tuple[WordSpan, ...] = field(default=(), compare=False)
    """The words of the entry in the transcript."""

    @property
    def second(self) -> int | None:
        """The second that links to the entry name."""
        return None if self.at_s is None else max(int(self.at_s), 0)


@dataclass(frozen=True, slots=True)
class Part:
    """An utterance, or a part of a long one."""

    key: str
    name: str
    start_s: float | None
    end_s: float | None
    is_estimated: bool
    text: str
    word_count: int
    span: WordSpan | None = None


class Anchors:
    """The entries that links to a time lead to."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._seconds = sorted(each.second for each in entries if each.anchor and each.second is not None)

    def at(self, at_s: float | None) -> str | None:
        """The anchor of the last entry that begins by that time, else of the first entry; None without entries."""
        if at_s is None or not self._seconds:
            return None
        return f"t={self._seconds[max(bisect_right(self._seconds, at_s) - 1, 0)]}"


def entries_of(
    said: Sequence[Said], units: Mapping[int, Sequence[TimedUnit]], chat: Sequence[Message], *, is_unspaced: bool
) -> list[Entry]:
    """The transcript with the chat in place; chat messages without a time come last."""
    parts = list(_parts(said, units, is_unspaced=is_unspaced))
    parts.sort(key=lambda each: each.start_s or 0.0)
    messages = sorted(chat, key=lambda each: (each.at_s is None, each.at_s or 0.0))
    return _anchored(_in_order(parts, messages, is_unspaced=is_unspaced))


def _in_order(parts: Sequence[Part], messages: Sequence[Message], *, is_unspaced: bool) -> Iterator[Entry]:
    waiting = [*messages]
    paragraph: list[Part] = []
    for part in parts:
        before = _sent_before(waiting, part.start_s)
        if paragraph and (before or _is_new(paragraph, part)):
            yield _paragraph(paragraph, is_unspaced=is_unspaced)
            paragraph = []
        yield from map(_message, before)
        del waiting[: len(before)]
        paragraph.append(part)
    if paragraph:
        yield _paragraph(paragraph, is_unspaced=is_unspaced)
    yield from map(_message, waiting)


def _sent_before(waiting: Sequence[Message], start_s: float | None) -> list[Message]:
    """The messages that were sent before a part begins."""
    before: list[Message] = []
    for each in waiting:
        if each.at_s is None or each.at_s >= (start_s or 0.0):
            break
        before.append(each)
    return before


def _is_new(paragraph: Sequence[Part], part: Part) -> bool:
    """Whether a part begins a new paragraph."""
    last = paragraph[-1]
    if part.name != last.name or part.is_estimated != last.is_estimated:
        return True
    if sum(each.word_count for each in paragraph) + part.word_count > LONG_WORDS:
        return True
    pause_s = 0.0 if part.start_s is None or last.end_s is None else part.start_s - last.end_s
    return sum(each.word_count for each in paragraph) >= PARAGRAPH_WORDS or pause_s >= PAUSE_S


def _paragraph(parts: Sequence[Part], *, is_unspaced: bool) -> Entry:
    first = parts[0]
    text = ("" if is_unspaced else " ").join(each.text for each in parts)
    spans = tuple(each.span for each in parts if each.span is not None)
    return Entry(first.name, text, first.start_s, first.is_estimated, spans=spans)


def _message(message: Message) -> Entry:
    return Entry(message.name, message.text, message.at_s, is_chat=True, recipient=message.recipient, at=message.at)


def _anchored(entries: Iterable[Entry]) -> list[Entry]:
    """Entries with anchors; a speaker who goes on after a paragraph is marked."""
    taken: set[int] = set()
    found: list[Entry] = []
    for each in entries:
        before = found[-1] if found else None
        continues = before is not None and not each.is_chat and not before.is_chat and before.name == each.name
        second = each.second
        anchor = f"t={second}" if second is not None and second not in taken else None
        if second is not None:
            taken.add(second)
        found.append(replace(each, anchor=anchor, continues=continues))
    return found


def _parts(said: Sequence[Said], units: Mapping[int, Sequence[TimedUnit]], *, is_unspaced: bool) -> Iterator[Part]:
    """The utterances with text. One without times begins when the one before it ends."""
    last_s: float | None = None
    for each in said:
        if not each.text.strip():
            continue
        start_s, is_estimated = (each.start_s, False) if each.start_s is not None else (last_s, last_s is not None)
        end_s = each.end_s if each.end_s is not None else start_s
        own = units.get(each.position)
        if own and start_s is not None:
            yield from _split(each, timed_words(own, start_s), is_estimated=is_estimated, is_unspaced=is_unspaced)
        else:
            span = WordSpan(each.position, 0, len(each.text.split()))
            yield Part(each.key, each.name, start_s, end_s, is_estimated, each.text, each.word_count, span)
        last_s = end_s if last_s is None or (end_s is not None and end_s > last_s) else last_s


def _split(said: Said, words: Sequence[TimedWord], *, is_estimated: bool, is_unspaced: bool) -> Iterator[Part]:
    """The parts of a long utterance, cut after sentences where possible."""
    begin = 0
    for index, word in enumerate(words, start=1):
        count = index - begin
        is_end = word.text.endswith(_SENTENCE_ENDS) and count >= PARAGRAPH_WORDS
        if index == len(words) or count >= LONG_WORDS or is_end:
            own = words[begin:index]
            text = joined_words(own, is_unspaced=is_unspaced)
            span = WordSpan(said.position, begin, count)
            yield Part(said.key, said.name, own[0].start_s, own[-1].end_s, is_estimated, text, count, span)
            begin = index
