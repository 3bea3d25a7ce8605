"""Subtitle cues: utterances divided at word times, so that each cue can be read while it is shown.

A cue lasts at most 7 s and has at most two lines of 42 columns. It ends at a pause, or at the end of a sentence once a
line is full. Short cues are shown until 5/6 s have passed or the next one starts. The limits are those of Netflix's
timed text style guide for adults' programmes in English; a Han, Kana or Hangul character takes two columns, as on a
terminal. Overlapping speech gives overlapping cues of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from rich.cells import cell_len

from meeting_assets.publications.meeting_text import SpokenUtterance, TimedWord, separator

MAX_CUE_S = 7.0
READABLE_S = 5 / 6
"""Shortest duration of cues that no other cue follows earlier."""
MIN_CUE_S = 0.1
"""Shortest duration of any cue; a cue of length zero is never shown."""
MAX_LINES, MAX_LINE_WIDTH = 2, 42
PAUSE_S = 1.0
"""A longer pause between two words begins another cue."""
SENTENCE_ENDS = (".", "?", "!", "…", "。", "？", "！")  # noqa: RUF001 - full-width punctuation
_TAIL = 8
"""Characters of a long name after the ellipsis, which keep the number of speakers with equal names."""


class Cue(NamedTuple):
    """A text that is shown for some time, in seconds from the start of the recording."""

    start_s: float
    end_s: float
    speaker: str
    lines: tuple[str, ...]


def cues_of(utterances: Sequence[SpokenUtterance], *, shows_speaker: bool = False) -> list[Cue]:
    """The cues of all utterances in the order of their starts.

    With `shows_speaker` the first words of each utterance follow the speaker's name and a colon. Names that are longer
    than a line are shortened.
    """
    cues = [cue for utterance in utterances for cue in _cues(utterance, shows_speaker=shows_speaker)]
    return _readable(sorted(cues, key=lambda cue: cue.start_s))


def shortened(name: str, width: int) -> str:
    """A name of at most some columns, with an ellipsis instead of the characters in its middle.

    >>> shortened("Ada", 12), shortened("Ada Lovelace-Byron (2)", 16)
    ('Ada', 'Ada Lov…yron (2)')
    """
    if cell_len(name) <= width:
        return name
    tail = name[-_TAIL:]
    head = name[:width]
    while head and cell_len(f"{head}…{tail}") > width:
        head = head[:-1]
    return f"{head}…{tail}"


class _Block:
    """The words of a cue that is being filled, in lines."""

    def __init__(self, prefix: str, *, is_unspaced: bool) -> None:
        self.words: list[TimedWord] = []
        self.lines = [prefix] if prefix else []
        self._is_unspaced = is_unspaced

    def with_word(self, text: str) -> list[str]:
        """The lines after another word; a word that does not fit into the last line begins one."""
        if not self.lines:
            return [text]
        is_unspaced = self._is_unspaced and bool(self.words)
        longer = f"{self.lines[-1]}{separator(self.lines[-1], text, is_unspaced=is_unspaced)}{text}"
        if cell_len(longer) <= MAX_LINE_WIDTH:
            return [*self.lines[:-1], longer]
        return [*self.lines, text]

    def add(self, word: TimedWord) -> None:
        self.lines = self.with_word(word.text)
        self.words.append(word)

    def is_before(self, word: TimedWord) -> bool:
        """True if a word belongs into the next cue."""
        last = self.words[-1]
        is_sentence = len(self.lines) == MAX_LINES and last.text.endswith(SENTENCE_ENDS)
        is_late = word.end_s - self.words[0].start_s > MAX_CUE_S or word.start_s - last.end_s > PAUSE_S
        return is_sentence or is_late or len(self.with_word(word.text)) > MAX_LINES

    def cue(self, speaker: str) -> Cue:
        start_s = min(word.start_s for word in self.words)
        end_s = min(max(word.end_s for word in self.words), start_s + MAX_CUE_S)
        return Cue(start_s, max(end_s, start_s + MIN_CUE_S), speaker, tuple(self.lines))


def _cues(utterance: SpokenUtterance, *, shows_speaker: bool) -> Iterator[Cue]:
    prefix = f"{shortened(utterance.speaker, MAX_LINE_WIDTH - 1)}:" if shows_speaker else ""
    block = _Block(prefix, is_unspaced=utterance.is_unspaced)
    for word in (piece for whole in utterance.words for piece in _pieces(whole)):
        if block.words and block.is_before(word):
            yield block.cue(utterance.speaker)
            block = _Block("", is_unspaced=utterance.is_unspaced)
        block.add(word)
    if block.words:
        yield block.cue(utterance.speaker)


def _readable(cues: Sequence[Cue]) -> list[Cue]:
    """Cues in the order of their starts, with later ends of short ones."""
    if not cues:
        return []
    limits_s = [following.start_s for _, following in pairwise(cues)]
    return [
        cue._replace(end_s=max(cue.end_s, min(limit_s, cue.start_s + READABLE_S)))
        for cue, limit_s in zip(cues, [*limits_s, float("inf")], strict=True)
    ]


def _pieces(word: TimedWord) -> Iterator[TimedWord]:
    """The parts of a word that is wider than a line, as text without blanks is; each with its share of the time."""
    if cell_len(word.text) <= MAX_LINE_WIDTH:
        yield word
        return
    parts = [""]
    for character in word.text:
        if cell_len(parts[-1] + character) > MAX_LINE_WIDTH:
            parts.append("")
        parts[-1] += character
    share_s = (word.end_s - word.start_s) / len(word.text)
    begin_s = word.start_s
    for part in parts:
        end_s = begin_s + share_s * len(part)
        yield TimedWord(part, begin_s, end_s)
        begin_s = end_s
