"""Subtitle cues: utterances divided at word times, so that each cue can be read while it is shown.

A cue lasts at most 7 s and has at most two lines of 42 columns. It ends at a pause, or at the end of a sentence once a
line is full. The limits are those of Netflix's timed text style guide for adults' programmes in English; a Han, Kana or
Hangul character takes two columns, as on a terminal. Overlapping speech gives overlapping cues of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from unicodedata import combining, east_asian_width

from meeting_assets.publications.meeting_text import SpokenUtterance, TimedWord

LONGEST_S = 7.0
SHORTEST_S = 0.1
"""Duration of cues whose words have none; a cue of length zero is never shown."""
LINES, COLUMNS = 2, 42
PAUSE_S = 1.0
"""A longer pause between two words begins another cue."""
SENTENCE_ENDS = (".", "?", "!", "…", "。", "？", "！")  # noqa: RUF001 - full-width punctuation


class Cue(NamedTuple):
    """A text that is shown for some time, in seconds from the start of the recording."""

    start_s: float
    end_s: float
    speaker: str
    lines: tuple[str, ...]


def cues_of(utterances: Sequence[SpokenUtterance], *, shows_speaker: bool = False) -> list[Cue]:
    """The cues of all utterances in the order of their starts.

    With `shows_speaker` the first words of each utterance follow the speaker's name and a colon.
    """
    cues = [cue for utterance in utterances for cue in _cues(utterance, shows_speaker=shows_speaker)]
    return sorted(cues, key=lambda cue: cue.start_s)


def display_width(text: str) -> int:
    """The number of columns of a text.

    >>> display_width("Ada"), display_width("会議"), display_width("e\u0301")
    (3, 4, 1)
    """
    return sum(0 if combining(each) else 2 if east_asian_width(each) in "WF" else 1 for each in text)


def wrapped(texts: Sequence[str]) -> list[str]:
    """Words in lines of at most `COLUMNS` columns; a single wider word has a line of its own."""
    lines: list[str] = []
    for text in texts:
        if lines and display_width(lines[-1]) + 1 + display_width(text) <= COLUMNS:
            lines[-1] += f" {text}"
        else:
            lines.append(text)
    return lines


def _cues(utterance: SpokenUtterance, *, shows_speaker: bool) -> Iterator[Cue]:
    prefix = f"{utterance.speaker}:".split() if shows_speaker else []
    held: list[TimedWord] = []
    for word in (piece for whole in utterance.words for piece in _pieces(whole)):
        if held and _begins_cue(held, word, prefix):
            yield _cue(utterance.speaker, held, prefix)
            held, prefix = [], []
        held.append(word)
    if held:
        yield _cue(utterance.speaker, held, prefix)


def _begins_cue(held: Sequence[TimedWord], word: TimedWord, prefix: Sequence[str]) -> bool:
    """True if a word does not fit into the cue of the words before it."""
    lines = wrapped([*prefix, *(each.text for each in held)])
    is_sentence = held[-1].text.endswith(SENTENCE_ENDS) and len(lines) == LINES
    is_late = word.end_s - held[0].start_s > LONGEST_S or word.start_s - held[-1].end_s > PAUSE_S
    return is_sentence or is_late or len(wrapped([*lines, word.text])) > LINES


def _cue(speaker: str, words: Sequence[TimedWord], prefix: Sequence[str]) -> Cue:
    start_s = min(word.start_s for word in words)
    end_s = min(max(word.end_s for word in words), start_s + LONGEST_S)
    lines = wrapped([*prefix, *(word.text for word in words)])
    return Cue(start_s, max(end_s, start_s + SHORTEST_S), speaker, tuple(lines))


def _pieces(word: TimedWord) -> Iterator[TimedWord]:
    """The parts of a word that is wider than a line, as text without blanks is; each with its share of the time."""
    parts = [""]
    for character in word.text:
        if display_width(parts[-1] + character) > COLUMNS:
            parts.append("")
        parts[-1] += character
    share_s = (word.end_s - word.start_s) / len(word.text)
    begin_s = word.start_s
    for part in parts:
        end_s = begin_s + share_s * len(part)
        yield TimedWord(part, begin_s, end_s)
        begin_s = end_s
