"""Series: which recordings are one meeting, and the numbers of a series, of its members and of its weeks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from meeting_assets.metrics.occurrences import SeriesRecording, meetings_of
from meeting_assets.metrics.series import SeriesAttendee, is_regular, member_columns, series_columns, series_trends
from meeting_assets_tests.support.meeting_builder import meeting_of, metrics_of, said

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR_S = 3600.0


def recorded(name: str, *, hours: float = 0, **given: Any) -> SeriesRecording:
    """A recording of an hour that starts some hours after Monday morning."""
    at = MONDAY + timedelta(hours=hours)
    return SeriesRecording(name, at.date(), at, **{"duration_s": HOUR_S, **given})


def weekly(count: int, **given: Any) -> list[SeriesRecording]:
    """Recordings `r0`, `r1`, ... of one hour, a week apart."""
    return [recorded(f"r{n}", hours=n * 7 * 24, **given) for n in range(count)]


def names(*recordings: SeriesRecording) -> list[list[str]]:
    return [[each.recording_id for each in meeting] for meeting in meetings_of(recordings)]


def columns(*recordings: SeriesRecording, attendees: list[SeriesAttendee] | None = None) -> dict[str, Any]:
    meetings = meetings_of(recordings)
    return series_columns(meetings, member_columns(meetings, attendees or [], late_grace_s=60).values())


def members(recordings: list[SeriesRecording], *attendees: SeriesAttendee) -> dict[str, Any]:
    return member_columns(meetings_of(recordings), attendees, late_grace_s=60)


@pytest.mark.parametrize("shared", ["bot_id", "calendar_event_id", "meeting_uuid"])
def test_recordings_that_share_an_id_are_one_meeting(shared: str) -> None:
    same: dict[str, Any] = {shared: "x"}
    first, second = recorded("a", **same), recorded("b", hours=2, **same)
    other = recorded("c", hours=4, **same | {shared: "y"})

    assert names(first, second, other) == [["a", "b"], ["c"]]


def test_equal_ids_of_different_kinds_are_not_shared() -> None:
    assert names(recorded("a", bot_id="x"), recorded("b", hours=2, meeting_uuid="x")) == [["a"], ["b"]]


@pytest.mark.parametrize(("hours", "meetings"), [(0.999, [["a", "b"]]), (1, [["a"], ["b"]])])
def test_recordings_that_overlap_are_one_meeting(hours: float, meetings: list[list[str]]) -> None:
    assert names(recorded("a"), recorded("b", hours=hours)) == meetings


def test_recording_may_join_two_others_in_any_order() -> None:
    given = [recorded("a", bot_id="x"), recorded("b", hours=0.5, bot_id="y"), recorded("c", hours=3, bot_id="y")]

    assert {str(names(*order)) for order in permutations(given)} == {"[['a', 'b', 'c']]"}


def test_long_recording_overlaps_all_later_ones_within_it() -> None:
    given = [
        recorded("a", duration_s=5 * HOUR_S),
        recorded("b", hours=1),
        recorded("c", hours=4),
        recorded("d", hours=6),
    ]

    assert names(*given) == [["a", "b", "c"], ["d"]]


def test_series_counts_meetings_and_recordings() -> None:
    first, second = weekly(2)
    again = recorded("again", hours=0.5)

    found = columns(first, second, again)

    assert (found["meeting_count"], found["recording_count"]) == (2, 3)
    assert (found["first_at"], found["last_at"]) == (first.at, second.at)


def test_cadence_is_the_median_time_between_three_meetings_or_more() -> None:
    assert columns(*weekly(2))["cadence_days"] is None
    assert columns(*weekly(3))["cadence_days"] == 7
    assert columns(*weekly(3), recorded("late", hours=24 * 30))["cadence_days"] == 7


def test_title_and_platform_are_those_of_the_latest_recording() -> None:
    given = [recorded("a", title="Old", platform="zoom"), recorded("b", hours=24, title="New", platform="webex")]

    found = columns(*reversed(given))

    assert (found["title"], found["platform"]) == ("New", "webex")


def test_time_that_two_recordings_share_counts_once() -> None:
    found = columns(recorded("a"), recorded("b", hours=0.5), recorded("c", hours=24))

    assert found["mean_duration_s"] == (1.5 * HOUR_S + HOUR_S) / 2


def test_lengths_are_unknown_without_any() -> None:
    found = columns(*weekly(2, duration_s=None))

    assert (found["mean_duration_s"], found["mean_planned_s"], found["median_start_delay_s"]) == (None, None, None)


def test_planned_length_is_a_mean_over_meetings_with_a_plan() -> None:
    plan: dict[str, Any] = {"scheduled_at": MONDAY, "scheduled_end_at": MONDAY + timedelta(minutes=30)}
    backwards: dict[str, Any] = {"scheduled_at": MONDAY, "scheduled_end_at": MONDAY}

    found = columns(recorded("a", **plan), recorded("b", hours=24), recorded("c", hours=48, **backwards))

    assert found["mean_planned_s"] == 1800


@pytest.mark.parametrize(
    ("scheduled_s", "first_speech_s", "delay_s"),
    [(0, 90.0, 90), (0, None, 0), (120, 30.0, -90), (-6 * 3600, 0.0, 6 * 3600), (-6 * 3600 - 1, 0.0, None)],
)
def test_start_delay_counts_from_the_schedule_to_the_first_speech(
    scheduled_s: float, first_speech_s: float | None, delay_s: float | None
) -> None:
    scheduled_at = MONDAY + timedelta(seconds=scheduled_s)

    found = columns(recorded("a", scheduled_at=scheduled_at, first_speech_s=first_speech_s), recorded("b", hours=24))

    assert found["median_start_delay_s"] == delay_s


def test_person_attends_a_meeting_once_on_any_number_of_devices_and_recordings() -> None:
    recordings = [*weekly(2), recorded("again", hours=0.5)]
    attended = [SeriesAttendee(name, "ann", "Ann") for name in ("r0", "r0", "again", "r1")]

    found = members(recordings, *attended)

    assert found["ann"] == {
        "name": "Ann",
        "meetings_attended": 2,
        "attendance_share": 1.0,
        "late_count": 0,
        "is_regular": True,
    }


def test_member_has_the_name_of_the_latest_meeting_with_one() -> None:
    attended = [SeriesAttendee("r0", "ann", "Ann"), SeriesAttendee("r1", "ann", "Ann B."), SeriesAttendee("r2", "ann")]

    assert members(weekly(3), *reversed(attended))["ann"]["name"] == "Ann B."


@pytest.mark.parametrize(
    ("devices", "is_late"),
    [
        ([(61.0, 61.0)], True),
        ([(60.0, 60.0)], False),
        ([(600.0, 600.0), (5.0, 5.0)], False),
        ([(600.0, 600.0), (0.0, None)], False),
        ([(None, None)], False),
    ],
    ids=["over-60-s", "60-s", "another-device-in-time", "another-device-from-the-start", "unknown"],
)
def test_person_is_late_if_the_first_device_joins_over_a_minute_after_the_start(
    devices: list[tuple[float | None, float | None]], *, is_late: bool
) -> None:
    found = members(weekly(2), *(SeriesAttendee("r0", "ann", "Ann", *device) for device in devices))

    assert found["ann"]["late_count"] == int(is_late)


def test_person_who_returns_in_a_second_recording_of_the_meeting_is_not_late() -> None:
    recordings = [*weekly(2), recorded("again", hours=0.5)]
    attended = [SeriesAttendee("r0", "ann", "Ann", 0.0), SeriesAttendee("again", "ann", "Ann", 900.0, 900.0)]

    assert members(recordings, *attended)["ann"]["late_count"] == 0


@pytest.mark.parametrize(
    ("attended", "meetings", "regular"),
    [(2, 4, True), (2, 5, False), (3, 6, True), (3, 7, False), (1, 2, False), (1, 1, False), (2, 2, True)],
)
def test_regular_participant_attends_half_of_the_meetings_and_at_least_two(
    attended: int, meetings: int, *, regular: bool
) -> None:
    assert is_regular(attended, meetings) is regular
    found = members(weekly(meetings), *(SeriesAttendee(f"r{n}", "ann") for n in range(attended)))
    assert found["ann"]["is_regular"] is regular


def test_series_counts_its_regular_participants() -> None:
    attended = [SeriesAttendee(f"r{n}", "ann") for n in range(4)] + [SeriesAttendee("r0", "bo")]

    found = columns(*weekly(4), attendees=attended)

    assert (found["member_count"], found["regular_count"]) == (2, 1)


def test_weeks_of_a_series_have_the_measures_of_its_recordings() -> None:
    row = metrics_of(meeting_of(said("ann", 0, 40), said("bo", 50, 100))).meeting
    days = (date(2026, 3, 2), date(2026, 3, 8), date(2026, 3, 9), date(2026, 3, 30))

    found = series_trends([{**row, "day": day} for day in days])

    assert {week.isoformat(): each["recording_count"] for week, each in found.items()} == {
        "2026-03-02": 2,
        "2026-03-09": 1,
        "2026-03-30": 1,
    }
    silence = {week: (each["silence_ratio_mean"], each["silence_ratio_change"]) for week, each in found.items()}
    assert silence == {
        date(2026, 3, 2): (0.1, None),
        date(2026, 3, 9): (0.1, 0.0),
        date(2026, 3, 30): (0.1, None),
    }
