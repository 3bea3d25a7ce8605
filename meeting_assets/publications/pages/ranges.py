"""Published ranges of measures, each with its source. Measures without a published range have none."""

from __future__ import annotations

from typing import NamedTuple


class PublishedRange(NamedTuple):
    """A published range of a measure, in the unit of the measure."""

    low: float
    high: float
    statement: str


PERSON_RANGES = {
    "words_per_minute": PublishedRange(
        130.0, 175.0, "Read.ai's band for speaking rates is 130 to 175 words per minute"
    ),
    "fillers_per_100_words": PublishedRange(0.0, 4.0, "Read.ai advises fewer than 4 filler words per 100 words"),
}
"""Ranges of `PERSON_MEASURES`."""

MEETING_RANGES = {
    "words_per_minute": PublishedRange(
        145.0, 190.0, "research meetings of the AMI corpus have 145 to 190 words per minute of speech"
    ),
}
"""Ranges of `MEETING_MEASURES`."""
