"""Across meetings: what became of a measure from week to week, of all meetings and of each person.

Each measure is a ratio that every meeting has for itself. Of a week there are always four numbers together:

    NAME_n        meetings that have a value
    NAME_mean     mean of their values: every meeting counts the same, a short one like a long one (Gong's rule)
    NAME_pooled   sum of numerators / sum of denominators: every second counts the same
    NAME_change   NAME_mean - NAME_mean of the week before; NULL if one of them has none

Weeks are ISO weeks in UTC, named by their Monday; a meeting belongs to the week of its recording's day. A person is
identified by a `person_key`; several devices of a person in one meeting are united (`metrics.persons`), never summed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import fsum
from typing import Any, cast

from sqlmodel import Field, SQLModel

from meeting_assets.metrics.arithmetic import ratio
from meeting_assets.metrics.speech import Columns
from meeting_assets.metrics.words import WORDS_PER_MINUTE_MIN_TALK_US
from meeting_assets.schema.columns import KEYED, Instant
from meeting_assets.schema.lineage import derived_from

# Raised whenever a change of code changes a number here.
TRENDS_VERSION = "2"
WEEK = timedelta(days=7)

# A row of numbers by name; what is undefined is None or missing.
Numbers = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Measure:
    """A ratio that meetings have, and how to say it."""

    name: str
    unit: str
    formula: str
    numerator: str
    denominator: str
    per: float = 1.0
    """What the denominator is counted in."""
    least: float = 0.0
    """The denominator of a meeting that says anything."""
    sources: tuple[str, ...] = ()

    def of(self, row: Numbers) -> tuple[float, float] | None:
        """Numerator and denominator of one meeting; None if one is unknown, or there is too little of it."""
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
        *("words_per_minute", "1/min", "word_count / minutes of talk", "word_count_of_speech", "talk_s", 60.0),
        sources=("meeting_metrics.word_count", "meeting_metrics.words_per_minute", "meeting_metrics.talk_s"),
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


def _columns(measures: Iterable[Measure]) -> Any:
    """A class that declares the four columns of every measure."""
    fields: dict[str, Any] = {}
    types: dict[str, Any] = {}
    for each in measures:
        for suffix, of, description in (
            ("n", int, f"meetings that have a {each.name}"),
            ("mean", float | None, f"{each.unit}; mean over meetings of {each.formula}"),
            ("pooled", float | None, f"{each.unit}; {each.formula}, numerators and denominators summed over meetings"),
            ("change", float | None, f"{each.unit}; {each.name}_mean - that of the week before"),
        ):
            types[f"{each.name}_{suffix}"] = of
            fields[f"{each.name}_{suffix}"] = Field(
                description=description, sa_column_kwargs=derived_from(*each.sources, "recordings.day")
            )
    declared = {"__annotations__": types, "__module__": __name__, **fields}
    return cast(Any, type(SQLModel))("MeasureColumns", (SQLModel,), declared)


class _Week(SQLModel):
    week: date = Field(
        primary_key=True,
        description="the Monday of the ISO week in UTC",
        sa_column_kwargs=derived_from("recordings.day"),
    )


class _MeetingWeek(_Week):
    meeting_count: int = Field(
        description="recordings with metrics", sa_column_kwargs=derived_from("meeting_metrics.recording_id")
    )
    meeting_hours: float = Field(
        description="h; sum of duration_s / 3600", sa_column_kwargs=derived_from("meeting_metrics.duration_s")
    )
    inputs_hash: str = Field(
        description="hash over inputs_hash of the meetings of this week and the one before; the row, and those of "
        "person_trends, are out of date if and only if it differs",
        sa_column_kwargs=derived_from("meeting_metrics.inputs_hash", "participants.person_key", "participants.email"),
    )


class MeetingTrends(_columns(MEETING_MEASURES), _MeetingWeek, table=True):  # type: ignore[misc]
    """How meetings went, week by week.

    Grain: one row per ISO week with meetings.
    """

    __tablename__ = "meeting_trends"
    __table_args__ = KEYED


class _PersonWeek(_Week):
    person_key: str = Field(
        primary_key=True,
        description="who: a row of people",
        sa_column_kwargs=derived_from("person_metrics.person_key", "participants.email"),
    )
    meeting_count: int = Field(
        description="recordings they are in", sa_column_kwargs=derived_from("person_metrics.recording_id")
    )
    talk_time_s: float | None = Field(
        description="s; sum of talk_time_s; NULL if unknown of all meetings",
        sa_column_kwargs=derived_from("person_metrics.talk_time_s"),
    )
    attended_s: float | None = Field(
        description="s; sum of attended_s; NULL if unknown of all meetings",
        sa_column_kwargs=derived_from("person_metrics.attended_s"),
    )


class PersonTrends(_columns(PERSON_MEASURES), _PersonWeek, table=True):  # type: ignore[misc]
    """How people took part, week by week.

    Grain: one row per (ISO week, person) of those who were in a meeting and have a person_key.
    """

    __tablename__ = "person_trends"
    __table_args__ = KEYED


class People(SQLModel, table=True):
    """Everybody whom the platform or an address book knows.

    Grain: one row per person; keys that were seen together on one participant are one person.
    """

    __tablename__ = "people"
    __table_args__ = KEYED

    person_key: str = Field(
        primary_key=True,
        description="the platform's stable id, else `email:` and the address; of several the first in the alphabet",
        sa_column_kwargs=derived_from("participants.person_key", "participants.email"),
    )
    name: str | None = Field(
        description="display name in the latest meeting", sa_column_kwargs=derived_from("participant_metrics.name")
    )
    email: str | None = Field(
        description="address in the latest meeting that has one", sa_column_kwargs=derived_from("participants.email")
    )
    meeting_count: int = Field(
        description="recordings they are in", sa_column_kwargs=derived_from("person_metrics.recording_id")
    )
    talk_time_s: float | None = Field(
        description="s; sum of talk_time_s; NULL if unknown of all meetings",
        sa_column_kwargs=derived_from("person_metrics.talk_time_s"),
    )
    attended_s: float | None = Field(
        description="s; sum of attended_s; NULL if unknown of all meetings",
        sa_column_kwargs=derived_from("person_metrics.attended_s"),
    )
    first_seen_at: datetime = Field(
        sa_type=Instant,
        description="start of the first recording they are in",
        sa_column_kwargs=derived_from("recordings.started_at", "recordings.created_at"),
    )
    last_seen_at: datetime = Field(
        sa_type=Instant,
        description="start of the last recording they are in",
        sa_column_kwargs=derived_from("recordings.started_at", "recordings.created_at"),
    )


class PersonKeys(SQLModel, table=True):
    """Which person a key of a participant means: the way from `participant_metrics.person_key` to `people`.

    Grain: one row per key that was seen: a participant's own, or `email:` and the address beside it.
    """

    __tablename__ = "person_keys"
    __table_args__ = KEYED

    known_key: str = Field(
        primary_key=True,
        description="as in participants and participant_metrics, there called person_key",
        sa_column_kwargs=derived_from("participants.person_key"),
    )
    person_key: str = Field(
        index=True,
        description="who: a row of people",
        sa_column_kwargs=derived_from("participants.person_key", "participants.email"),
    )


ROLLUPS: tuple[type[SQLModel], ...] = (MeetingTrends, PersonTrends, People, PersonKeys)


def monday(day: date) -> date:
    """The first day of a day's ISO week.

    >>> monday(date(2026, 1, 1)).isoformat()
    '2025-12-29'
    """
    return day - timedelta(days=day.weekday())


def meeting_trend(meetings: Sequence[Numbers], before: Sequence[Numbers]) -> Columns:
    """The columns of `MeetingTrends` but for its key and hash, from rows of `meeting_metrics` of two weeks."""
    return {
        "meeting_count": len(meetings),
        "meeting_hours": fsum(row["duration_s"] or 0 for row in meetings) / 3600,
        **_trend(MEETING_MEASURES, [_of_meeting(row) for row in meetings], [_of_meeting(row) for row in before]),
    }


def person_trends(rows: Sequence[Numbers], before: Sequence[Numbers]) -> dict[str, Columns]:
    """The columns of `PersonTrends` but for its key, by person, from one row per meeting and person of two weeks.

    Rows have the columns of `person_metrics`, with the meeting's `duration_s`.
    """
    now, then = _by_person(rows), _by_person(before)
    return {
        key: {
            "meeting_count": len(meetings),
            "talk_time_s": total(row["talk_time_s"] for row in meetings),
            "attended_s": total(row["attended_s"] for row in meetings),
            **_trend(PERSON_MEASURES, meetings, then.get(key, ())),
        }
        for key, meetings in now.items()
    }


def total(values: Iterable[float | None]) -> float | None:
    """The sum of what is known; None if nothing is."""
    known = [value for value in values if value is not None]
    return fsum(known) if known else None


def _of_meeting(row: Numbers) -> Numbers:
    """With what measures divide: nothing where the meeting does not say it itself."""
    gini, talk_s = row["gini_talk"], row["talk_s"]
    return {
        **row,
        "word_count_of_speech": row["word_count"] if row["words_per_minute"] is not None else None,
        "gini_talk_s": None if gini is None else gini * talk_s,
    }


def _by_person(rows: Sequence[Numbers]) -> dict[str, list[Numbers]]:
    """The rows of each person's meetings."""
    people: dict[str, list[Numbers]] = {}
    for row in rows:
        count = row["word_count"] if row["word_share"] is not None else None
        people.setdefault(row["person_key"], []).append({**row, "word_count_of_speech": count})
    return people


def _trend(measures: Iterable[Measure], rows: Iterable[Numbers], before: Iterable[Numbers]) -> Columns:
    rows, before = [*rows], [*before]
    columns: Columns = {}
    for measure in measures:
        pairs = [pair for row in rows if (pair := measure.of(row)) is not None]
        mean, mean_before = _mean(pairs), _mean([pair for row in before if (pair := measure.of(row)) is not None])
        columns |= {
            f"{measure.name}_n": len(pairs),
            f"{measure.name}_mean": mean,
            f"{measure.name}_pooled": ratio(fsum(above for above, _ in pairs), fsum(below for _, below in pairs)),
            f"{measure.name}_change": None if mean is None or mean_before is None else mean - mean_before,
        }
    return columns


def _mean(pairs: Sequence[tuple[float, float]]) -> float | None:
    return ratio(fsum(above / below for above, below in pairs), len(pairs))
