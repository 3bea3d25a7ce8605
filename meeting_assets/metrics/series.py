"""Series: meetings that repeat, with their regular participants and weekly trends.

A series is all recordings with metrics and one `series_id`, if they show two meetings or more (`metrics.occurrences`).
A regular participant attends half of the meetings or more, and at least two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

from sqlmodel import SQLModel

from meeting_assets.metrics.arithmetic import median, ratio
from meeting_assets.metrics.attendance import person_late_s
from meeting_assets.metrics.measures import MEETING_MEASURES, Numbers
from meeting_assets.metrics.occurrences import Meeting, duration_us, planned_us, start_delay_us
from meeting_assets.metrics.speech import Columns
from meeting_assets.metrics.timeline.intervals import to_seconds
from meeting_assets.metrics.weeks import WEEK, measure_columns, meeting_trend, monday
from meeting_assets.schema import fields
from meeting_assets.schema.columns import KEYED

SERIES_MEETINGS = 2
"""Fewest meetings of a series."""
CADENCE_MEETINGS = 3
"""Fewest meetings of a series that has a cadence."""
REGULAR_MEETINGS = 2
REGULAR_SHARE = 0.5
"""Fewest meetings, and smallest part of the series' meetings, of a regular participant."""

_SERIES = ("recordings.series_id", "meeting_metrics.recording_id")
_TIMES = ("recordings.started_at", "recordings.created_at", "meeting_metrics.duration_s")
_MEETINGS = (*_SERIES, *_TIMES, "recordings.bot_id", "recordings.calendar_event_id", "recordings.meeting_uuid")
_PERSONS = ("participant_metrics.person_key", "participant_metrics.name", "participants.email")
_PLAN = ("recordings.scheduled_at", "recordings.scheduled_end_at")
_DAY_US = 86_400_000_000


class _OfSeries(SQLModel):
    series_id: str = fields.text("series: the series_id of its recordings", primary_key=True, derived_from=_SERIES)


class RecordingSeries(_OfSeries, table=True):
    """Meetings that repeat.

    Grain: one row per series_id with at least two meetings. Several recordings of one meeting count once.
    """

    __tablename__ = "recording_series"
    __table_args__ = KEYED

    title: str | None = fields.text(
        "display title of the latest recording", derived_from=("recordings.display_title", "recordings.title")
    )
    platform: str | None = fields.text("platform of the latest recording", derived_from="recordings.platform")
    meeting_count: int = fields.count("meetings, not recordings", derived_from=_MEETINGS)
    recording_count: int = fields.count("recordings with metrics", derived_from=_SERIES)
    first_at: datetime = fields.instant("start of the first meeting", derived_from=_MEETINGS)
    last_at: datetime = fields.instant("start of the last meeting", derived_from=_MEETINGS)
    cadence_days: float | None = fields.number(
        "median time between the starts of consecutive meetings; NULL for fewer than three meetings",
        unit="days",
        derived_from=_MEETINGS,
    )
    member_count: int = fields.count("rows of series_members", derived_from=(*_MEETINGS, *_PERSONS))
    regular_count: int = fields.count("members with is_regular", derived_from=(*_MEETINGS, *_PERSONS))
    mean_duration_s: float | None = fields.seconds(
        "mean over meetings of the length of the union of their recordings; NULL if unknown in all",
        derived_from=_MEETINGS,
    )
    mean_planned_s: float | None = fields.seconds(
        "mean over meetings of scheduled_end_at - scheduled_at; NULL without any schedule",
        derived_from=(*_MEETINGS, *_PLAN),
    )
    median_start_delay_s: float | None = fields.seconds(
        "median over meetings of their first speech, else the start of the recording, - scheduled_at; negative for "
        "early starts; schedules over 6 hours away do not count; NULL without any schedule",
        derived_from=(*_MEETINGS, *_PLAN, "meeting_metrics.first_speech_s"),
    )
    inputs_hash: str = fields.text(
        "hash over the series' recordings, the inputs_hash of their metrics, and the aliases of their persons; the "
        "rows of the series in all three tables are out of date if and only if it differs",
        derived_from=("meeting_metrics.inputs_hash", *_MEETINGS, *_PLAN, *_PERSONS),
    )
    modified_at: datetime | None = fields.instant("when a column other than inputs_hash last changed", derived_from=())


class SeriesMembers(_OfSeries, table=True):
    """The participants of each series.

    Grain: one row per (series, person with a key or a display name). Bots have none.
    """

    __tablename__ = "series_members"
    __table_args__ = KEYED

    person_key: str = fields.text(
        "person: a row of people; for participants without a key `name:` and the comparable form of the display name, "
        "which has no row there",
        primary_key=True,
        derived_from=_PERSONS,
    )
    name: str | None = fields.text("display name in the latest meeting", derived_from="participant_metrics.name")
    meetings_attended: int = fields.count("meetings of the series that the person attended", derived_from=_MEETINGS)
    attendance_share: float | None = fields.share(
        "meetings_attended / meeting_count of the series", derived_from=_MEETINGS
    )
    late_count: int = fields.count(
        "meetings that the person joined over late_grace_s after the start, as late_joiners of meeting_metrics counts "
        "them; of several recordings of a meeting the first one with the person counts",
        derived_from=(*_MEETINGS, "participant_metrics.joined_late_s", "participant_metrics.first_join_s"),
    )
    is_regular: bool = fields.flag(
        "whether the person attended at least half of the meetings of the series, and at least two",
        derived_from=_MEETINGS,
    )


class _SeriesWeek(_OfSeries):
    week: date = fields.day("the Monday of the ISO week in UTC", primary_key=True, derived_from="recordings.day")
    recording_count: int = fields.count("recordings with metrics", derived_from=_SERIES)
    meeting_hours: float = fields.number(
        "sum of duration_s / 3600 over recordings", unit="h", derived_from="meeting_metrics.duration_s"
    )


class SeriesTrends(measure_columns(MEETING_MEASURES), _SeriesWeek, table=True):  # type: ignore[misc]
    """Metrics of the meetings of each series, week by week. Each recording counts as a meeting.

    Grain: one row per (series, ISO week with recordings of it).
    """

    __tablename__ = "series_trends"
    __table_args__ = KEYED


SERIES_TABLES: tuple[type[SQLModel], ...] = (RecordingSeries, SeriesMembers, SeriesTrends)


@dataclass(frozen=True, slots=True)
class SeriesAttendee:
    """A participant of a recording. `person_key` is the person, or the `name:` key of a participant without a key."""

    recording_id: str
    person_key: str
    name: str | None = None
    first_join_s: float | None = None
    joined_late_s: float | None = None


def series_columns(meetings: Sequence[Meeting], members: Collection[Columns]) -> Columns:
    """The columns of `RecordingSeries` that its meetings and its rows of `SeriesMembers` determine."""
    starts_us = [meeting[0].start_us for meeting in meetings]
    pauses_us = [later - earlier for earlier, later in pairwise(starts_us)]
    cadence_us = median(pauses_us) if len(meetings) >= CADENCE_MEETINGS else None
    delays_us = [delay for meeting in meetings if (delay := start_delay_us(meeting)) is not None]
    latest = max((each for meeting in meetings for each in meeting), key=lambda each: (each.at, each.recording_id))
    return {
        "title": latest.title,
        "platform": latest.platform,
        "meeting_count": len(meetings),
        "recording_count": sum(map(len, meetings)),
        "first_at": meetings[0][0].at,
        "last_at": meetings[-1][0].at,
        "cadence_days": None if cadence_us is None else cadence_us / _DAY_US,
        "member_count": len(members),
        "regular_count": sum(bool(member["is_regular"]) for member in members),
        "mean_duration_s": _mean_s([duration_us(meeting) for meeting in meetings]),
        "mean_planned_s": _mean_s([planned_us(meeting) for meeting in meetings]),
        "median_start_delay_s": None if not delays_us else (median(delays_us) or 0) / 1e6,
    }


def member_columns(
    meetings: Sequence[Meeting], attendees: Iterable[SeriesAttendee], *, late_grace_s: float
) -> dict[str, Columns]:
    """The columns of `SeriesMembers` without its key, by person."""
    present: dict[str, dict[str, list[SeriesAttendee]]] = defaultdict(lambda: defaultdict(list))
    for each in attendees:
        present[each.person_key][each.recording_id].append(each)
    return {
        person: _member(meetings, devices, late_grace_s)
        for person, devices in sorted(present.items())
        if any(each.recording_id in devices for meeting in meetings for each in meeting)
    }


def is_regular(meetings_attended: int, meeting_count: int) -> bool:
    """True for a person who attends enough meetings of a series.

    >>> is_regular(2, 4), is_regular(2, 5), is_regular(1, 2)
    (True, False, False)
    """
    return meetings_attended >= REGULAR_MEETINGS and meetings_attended >= REGULAR_SHARE * meeting_count


def series_trends(rows: Iterable[Numbers]) -> dict[date, Columns]:
    """The columns of `SeriesTrends` without its key, by week.

    Rows have the columns of `meeting_metrics`, with the recording's `day`.
    """
    weeks: dict[date, list[Numbers]] = defaultdict(list)
    for row in rows:
        weeks[monday(row["day"])].append(row)
    trends = {week: meeting_trend(weeks[week], weeks.get(week - WEEK, ())) for week in sorted(weeks)}
    return {
        week: {"recording_count" if name == "meeting_count" else name: value for name, value in trend.items()}
        for week, trend in trends.items()
    }


def _member(meetings: Sequence[Meeting], devices: Mapping[str, Sequence[SeriesAttendee]], grace_s: float) -> Columns:
    """The columns of a person with these participants in each recording."""
    attended = [[each for each in meeting if each.recording_id in devices] for meeting in meetings]
    first = [recordings[0].recording_id for recordings in attended if recordings]
    names = [each.name for recordings in attended for one in recordings for each in devices[one.recording_id]]
    return {
        "name": next((name for name in reversed(names) if name is not None), None),
        "meetings_attended": len(first),
        "attendance_share": ratio(len(first), len(meetings)),
        "late_count": sum(_late_s(devices[recording_id]) > grace_s for recording_id in first),
        "is_regular": is_regular(len(first), len(meetings)),
    }


def _late_s(devices: Sequence[SeriesAttendee]) -> float:
    return person_late_s({"joined_late_s": each.joined_late_s} for each in devices if each.first_join_s is not None)


def _mean_s(lengths_us: Sequence[int | None]) -> float | None:
    known = [each for each in lengths_us if each is not None]
    return to_seconds(sum(known)) / len(known) if known else None
