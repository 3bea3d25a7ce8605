"""Paragraphs of a transcript: consecutive utterances of one speaker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from meeting_assets.publications.meeting_text import SpokenUtterance


def paragraphs(utterances: Sequence[SpokenUtterance]) -> Iterator[SpokenUtterance]:
    """Consecutive utterances of one speaker as one utterance, in the order of their starts."""
    for (speaker, is_unspaced), spoken in groupby(utterances, key=lambda each: (each.speaker, each.is_unspaced)):
        yield SpokenUtterance(speaker, [word for each in spoken for word in each.words], is_unspaced)


def clock(instant_s: float) -> str:
    """A time from the start of the recording, for readers.

    >>> clock(65.9), clock(3725)
    ('00:01:05', '01:02:05')
    """
    seconds = int(instant_s)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
