"""Weekly trends of measures, over all meetings and per person.

`metrics.weeks` defines weeks and the numbers of a measure. A person is identified by a `person_key`; several devices of
a person in one meeting are merged (`metrics.persons`), never summed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from math import fsum

from sqlmodel import SQLModel

from meeting_assets.metrics.measures import MEETING_MEASURES, PERSON_MEASURES, Numbers
from meeting_assets.metrics.series import SERIES_TABLES
from meeting_assets.metrics.speech import Columns
from meeting_assets.metrics.weeks import measure_columns, trend_columns
from meeting_assets.schema import fields
from meeting_assets.schema.columns import KEYED

# Raise it whenever a code change changes a number of these tables.
TRENDS_VERSION = "3"


def _covered_talk_share(meetings: str) -> float | None:
    """The column that states the share of talk that the rows of persons cover."""
    return fields.share(
        "talk time of participants that belong to a person / talk time of all speakers, summed over "
        f"{meetings}; meetings without a timing source do not count; NULL without any speech",
        derived_from=(
            *("participant_metrics.talk_time_s", "participant_metrics.person_key", "participant_metrics.name"),
            "meeting_metrics.speakers_talk_s",
        ),
    )


class _Week(SQLModel):
    week: date = fields.day("the Monday of the ISO week in UTC", primary_key=True, derived_from="recordings.day")


class _MeetingWeek(_Week):
    meeting_count: int = fields.count("recordings with metrics", derived_from="meeting_metrics.recording_id")
    meeting_hours: float = fields.number(
        "sum of duration_s / 3600", unit="h", derived_from="meeting_metrics.duration_s"
    )
    covered_talk_share: float | None = _covered_talk_share("all meetings of the week")
    inputs_hash: str = fields.text(
        "hash over inputs_hash of the meetings of this week and the one before, and over the aliases of their persons; "
        "the row, and those of person_trends, are out of date if and only if it differs",
        derived_from=("meeting_metrics.inputs_hash", "participants.person_key", "participants.email"),
    )


class MeetingTrends(measure_columns(MEETING_MEASURES), _MeetingWeek, table=True):  # type: ignore[misc]
    """Metrics of all meetings, week by week.

    Grain: one row per ISO week with meetings.
    """

    __tablename__ = "meeting_trends"
    __table_args__ = KEYED


class _PersonWeek(_Week):
    person_key: str = fields.text(
        "person: a row of people", primary_key=True, derived_from=("person_metrics.person_key", "participants.email")
    )
    meeting_count: int = fields.count("recordings of the person", derived_from="person_metrics.recording_id")
    talk_time_s: float | None = fields.seconds(
        "sum of talk_time_s; NULL if unknown in all meetings", derived_from="person_metrics.talk_time_s"
    )
    attended_s: float | None = fields.seconds(
        "sum of attended_s; NULL if unknown in all meetings", derived_from="person_metrics.attended_s"
    )
    covered_talk_share: float | None = _covered_talk_share("all meetings of the week")


class PersonTrends(measure_columns(PERSON_MEASURES), _PersonWeek, table=True):  # type: ignore[misc]
    """Metrics of each person, week by week.

    Grain: one row per (ISO week, person with a person_key, or a display name with an alias, in one of its meetings).
    """

    __tablename__ = "person_trends"
    __table_args__ = KEYED


class People(SQLModel, table=True):
    """All persons with a platform id or an e-mail address, or with a display name that an alias gives a person.

    Grain: one row per person; keys that occur together on one participant, or in an alias, are one person.
    """

    __tablename__ = "people"
    __table_args__ = KEYED

    person_key: str = fields.text(
        "the target of the person's aliases, else the platform's stable id, else `email:` and the address; of several "
        "the alphabetically first",
        primary_key=True,
        derived_from=("participants.person_key", "participants.email"),
    )
    name: str | None = fields.text("display name in the latest meeting", derived_from="participant_metrics.name")
    email: str | None = fields.text("address in the latest meeting that has one", derived_from="participants.email")
    meeting_count: int = fields.count("recordings of the person", derived_from="person_metrics.recording_id")
    talk_time_s: float | None = fields.seconds(
        "sum of talk_time_s; NULL if unknown in all meetings", derived_from="person_metrics.talk_time_s"
    )
    attended_s: float | None = fields.seconds(
        "sum of attended_s; NULL if unknown in all meetings", derived_from="person_metrics.attended_s"
    )
    first_seen_at: datetime = fields.instant(
        "start of the person's first recording", derived_from=("recordings.started_at", "recordings.created_at")
    )
    last_seen_at: datetime = fields.instant(
        "start of the person's last recording", derived_from=("recordings.started_at", "recordings.created_at")
    )
    covered_talk_share: float | None = _covered_talk_share("all meetings")
    modified_at: datetime | None = fields.instant("when another column last changed", derived_from=())


class PersonKeys(SQLModel, table=True):
    """The person of each key: leads from `participant_metrics.person_key` to `people`.

    Grain: one row per key that occurs: a participant's own, `email:` and the address beside it, or `name:` and the
    comparable form of an aliased display name.
    """

    __tablename__ = "person_keys"
    __table_args__ = KEYED

    known_key: str = fields.text(
        "a person_key of participants and participant_metrics, or a `name:` key of person_aliases",
        primary_key=True,
        derived_from=("participants.person_key", "participants.email"),
    )
    person_key: str = fields.text(
        "person: a row of people", index=True, derived_from=("participants.person_key", "participants.email")
    )


ROLLUPS: tuple[type[SQLModel], ...] = (MeetingTrends, PersonTrends, People, PersonKeys, *SERIES_TABLES)


def person_trends(rows: Sequence[Numbers], before: Sequence[Numbers]) -> dict[str, Columns]:
    """The columns of `PersonTrends` without its key, by person, from one row per meeting and person of two weeks.

    Rows have the columns of `person_metrics`, with the meeting's `duration_s`.
    """
    now, then = _by_person(rows), _by_person(before)
    return {
        key: {
            "meeting_count": len(meetings),
            "talk_time_s": total(row["talk_time_s"] for row in meetings),
            "attended_s": total(row["attended_s"] for row in meetings),
            **trend_columns(PERSON_MEASURES, meetings, then.get(key, ())),
        }
        for key, meetings in now.items()
    }


def total(values: Iterable[float | None]) -> float | None:
    """The sum of the known values; None if there is none."""
    known = [value for value in values if value is not None]
    return fsum(known) if known else None


def _by_person(rows: Sequence[Numbers]) -> dict[str, list[Numbers]]:
    """Groups rows by person, and adds the word count of meetings that have word rates."""
    people: dict[str, list[Numbers]] = {}
    for row in rows:
        count = row["word_count"] if row["word_share"] is not None else None
        people.setdefault(row["person_key"], []).append({**row, "word_count_of_speech": count})
    return people
