"""Measures of the weekly trends: ratios that each meeting has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from meeting_assets.metrics.words import WORDS_PER_MINUTE_MIN_TALK_US

Numbers = Mapping[str, Any]
"""Values by column name; undefined ones are None or missing."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A ratio that each meeting has, with its unit and formula."""

    name: str
    unit: str
    formula: str
    numerator: str
    denominator: str
    per: float = 1.0
    """Divisor of the denominator, such as 60 for minutes."""
    least: float = 0.0
    """Smallest denominator; meetings with less have no value."""
    sources: tuple[str, ...] = ()

    def of(self, row: Numbers) -> tuple[float, float] | None:
        """Numerator and denominator of one meeting; None if one is unknown or the denominator is too small."""
        above, below = row.get(self.numerator), row.get(self.denominator)
        if above is None or not below or below < self.least:
            return None
        return float(above), below / self.per


MEETING_MEASURES = (
    Measure(
        *("silence_ratio", "0-1", "silence_s / span_s", "silence_s", "span_s"),
        sources=("meeting_metrics.silence_s", "meeting_metrics.span_s"),
    ),
    Measure(
        *("overlap_ratio", "0-1", "overlap_s / speech_s", "overlap_s", "speech_s"),
        sources=("meeting_metrics.overlap_s", "meeting_metrics.speech_s"),
    ),
    Measure(
        *("interactivity_per_min", "1/min", "speaker_switches / minutes", "speaker_switches", "duration_s", 60.0),
        sources=("meeting_metrics.speaker_switches", "meeting_metrics.duration_s"),
    ),
    Measure(
        *("interruptions_per_hour", "1/h", "interruption_count / hours", "interruption_count", "duration_s", 3600.0),
        sources=("meeting_metrics.interruption_count", "meeting_metrics.duration_s"),
    ),
    Measure(
        *("words_per_minute", "1/min", "word_count / minutes of all speakers' talk"),
        *("word_count_of_speech", "speakers_talk_s", 60.0),
        sources=("meeting_metrics.word_count", "meeting_metrics.words_per_minute", "meeting_metrics.speakers_talk_s"),
    ),
    Measure(
        *("gini_talk", "0-1", "gini_talk, weighted by talk time where pooled", "gini_talk_s", "talk_s"),
        sources=("meeting_metrics.gini_talk", "meeting_metrics.talk_s"),
    ),
)
PERSON_MEASURES = (
    Measure(
        *("talk_share", "0-1", "talk time / that of all persons", "talk_time_s", "persons_talk_s"),
        sources=("person_metrics.talk_time_s", "person_metrics.persons_talk_s"),
    ),
    Measure(
        *("presence_talk_ratio", "0-1", "talk time / time attended", "talk_time_s", "attended_s"),
        sources=("person_metrics.talk_time_s", "person_metrics.attended_s"),
    ),
    Measure(
        *("words_per_minute", "1/min", "words / minutes of own talk", "word_count_of_speech", "talk_time_s", 60.0),
        least=WORDS_PER_MINUTE_MIN_TALK_US / 1e6,
        sources=("person_metrics.word_count", "person_metrics.talk_time_s"),
    ),
    Measure(
        *("fillers_per_100_words", "1/100 words", "fillers / words", "filler_count", "word_count", 100.0),
        sources=("person_metrics.filler_count", "person_metrics.word_count"),
    ),
    Measure(
        *(
            "interruptions_made_per_hour",
            "1/h",
            "interruptions made / hours",
            "interruptions_made",
            "duration_s",
            3600.0,
        ),
        sources=("person_metrics.interruptions_made", "meeting_metrics.duration_s"),
    ),
    Measure(
        *("interruptions_received_per_hour", "1/h", "interruptions received / hours"),
        *("interruptions_received", "duration_s", 3600.0),
        sources=("person_metrics.interruptions_received", "meeting_metrics.duration_s"),
    ),
)
