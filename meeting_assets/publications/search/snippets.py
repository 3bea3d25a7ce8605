"""Snippets: the part of an utterance around the first word found, with the places of all words found in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

SNIPPET_CHARS = 160
_BEFORE_CHARS = 50
ELLIPSIS = "…"


class Snippet(NamedTuple):
    """A part of an utterance on one line."""

    text: str
    marks: list[tuple[int, int]]
    """The words found, each as the places of its first character and of the one after its last."""


def snippet_of(text: str, spans: Sequence[tuple[int, int]]) -> Snippet:
    """The part of a text around the first of some spans, which are in order.

    >>> snippet_of("We follow up on Monday.", [(3, 9), (10, 12)])
    Snippet(text='We follow up on Monday.', marks=[(3, 9), (10, 12)])
    """
    start = _start(text, spans[0][0])
    end = _end(text, max(start + SNIPPET_CHARS, spans[0][1]), spans[0][1])
    before, after = ELLIPSIS if start else "", ELLIPSIS if end < len(text) else ""
    shift = len(before) - start
    marks = [(first + shift, last + shift) for first, last in spans if start <= first and last <= end]
    # One character for each, or the marks would move.
    line = "".join(" " if each.isspace() or not each.isprintable() else each for each in text[start:end])
    return Snippet(f"{before}{line}{after}", marks)


def _start(text: str, first: int) -> int:
    """The beginning of the snippet: at a word, if one begins near enough."""
    if first <= _BEFORE_CHARS:
        return 0
    blank = text.find(" ", first - _BEFORE_CHARS, first)
    return blank + 1 if blank >= 0 else first - _BEFORE_CHARS


def _end(text: str, wanted: int, earliest: int) -> int:
    """The end of the snippet: after a word, if one ends after the first word found."""
    if wanted >= len(text):
        return len(text)
    blank = text.rfind(" ", earliest, wanted)
    return blank if blank >= 0 else wanted
