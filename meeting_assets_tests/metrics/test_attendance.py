from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from meeting_assets.metrics.attendance import participant_attendance
from meeting_assets.metrics.meeting import Attendee, Event
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.presence import presence
from meeting_assets.metrics.speech import spoken_meeting
from meeting_assets_tests.support.meeting_builder import (
    STARTED_AT,
    Metrics,
    attendees,
    bot,
    meeting_of,
    metrics_of,
    said,
)


def did(key: str, **at_s: float) -> list[Event]:
    """Events of one participant: seconds by action."""
    return [Event(key, None, action.rstrip("_0123456789"), each) for action, each in at_s.items()]


def there(*events: Event, **given: Any) -> Metrics:
    keys = dict.fromkeys(event.participant_key for event in events)
    return metrics_of(meeting_of(events=events, **{"attendees": attendees(*keys), **given}))


def ann(metrics: Metrics, *names: str) -> tuple[Any, ...]:
    return tuple(metrics.participants["ann"][name] for name in names)


def sessions(metrics: Metrics) -> list[tuple[Any, ...]]:
    return [tuple(row.values())[1:] for row in metrics.attendance]


def test_session_lasts_from_join_to_leave() -> None:
    metrics = there(*did("ann", join=10, leave=60))

    assert sessions(metrics) == [("ann", 0, 10, 60, False, False)]
    assert ann(metrics, "attended_s", "attendance_ratio", "first_join_s", "last_leave_s") == (50, 0.5, 10, 60)
    assert ann(metrics, "left_early_s", "join_count") == (40, 1)


def test_a_rejoin_is_a_second_session() -> None:
    metrics = there(*did("ann", join=0, leave=20, join_2=50, leave_2=90))

    assert [row[:4] for row in sessions(metrics)] == [("ann", 0, 0, 20), ("ann", 1, 50, 90)]
    assert ann(metrics, "attended_s", "join_count") == (60, 2)


def test_a_repeated_join_and_a_leave_without_join_change_nothing() -> None:
    metrics = there(*did("ann", join=10, join_2=30, leave=60, leave_2=80))

    assert sessions(metrics) == [("ann", 0, 10, 60, False, False)]


def test_who_was_never_seen_to_join_was_there_from_the_start() -> None:
    metrics = there(*did("ann", leave=60))

    assert sessions(metrics) == [("ann", 0, 0, 60, True, False)]
    assert ann(metrics, "attended_s", "joined_late_s") == (60, None)


def test_who_was_never_seen_to_leave_stays_to_the_end() -> None:
    metrics = there(*did("ann", join=40))

    assert sessions(metrics) == [("ann", 0, 40, 100, False, True)]
    assert ann(metrics, "attended_s", "left_early_s") == (60, 0)


def test_attendance_counts_inside_the_recording_only() -> None:
    metrics = there(*did("ann", join=-20, leave=130))

    assert sessions(metrics) == [("ann", 0, -20, 130, False, False)]
    assert ann(metrics, "attended_s", "first_join_s", "left_early_s") == (100, -20, 0)


def test_participant_is_late_relative_to_the_first_join() -> None:
    metrics = there(*did("ann", join=75, leave=100), *did("bo", join=5, leave=100), *did("cy", join=0, leave=100))

    late_s = {key: row["joined_late_s"] for key, row in metrics.participants.items()}
    assert late_s == {"ann": 75, "bo": 5, "cy": None}
    assert metrics.meeting["late_joiners"] == 1


@pytest.mark.parametrize(("scheduled_s", "late_s"), [(-300, (375, 310)), (10, (65, 0)), (80, (0, 0))])
def test_where_a_calendar_tells_the_start_late_is_later_than_that(
    scheduled_s: float, late_s: tuple[float, float]
) -> None:
    scheduled_at = STARTED_AT + timedelta(seconds=scheduled_s)
    metrics = there(
        *did("ann", join=75, leave=100),
        *did("bo", join=10, leave=100),
        *did("cy", join=0, leave=100),
        scheduled_at=scheduled_at,
    )

    late = {key: row["joined_late_s"] for key, row in metrics.participants.items()}
    assert late == {"ann": late_s[0], "bo": late_s[1], "cy": None}
    assert metrics.meeting["late_joiners"] == sum(each > 60 for each in late_s)


@pytest.mark.parametrize("off", [timedelta(days=2), timedelta(days=-2)])
def test_scheduled_start_far_from_the_recording_is_ignored(off: timedelta) -> None:
    metrics = there(*did("ann", join=75), *did("bo", join=5), scheduled_at=STARTED_AT + off)

    assert ann(metrics, "joined_late_s") == (70,)


def test_scheduled_start_is_ignored_if_the_recording_has_no_start() -> None:
    metrics = there(*did("ann", join=75), *did("bo", join=5), started_at=None, scheduled_at=STARTED_AT)

    assert ann(metrics, "joined_late_s") == (70,)


def test_attendance_is_unknown_without_join_and_leave_events() -> None:
    metrics = there(*did("ann", webcam_on=5), *did("bo", join=0, leave=100))

    assert ann(metrics, "attended_s", "webcam_on_s", "join_count") == (None, None, None)


def test_camera_counts_only_while_its_owner_attends() -> None:
    metrics = there(*did("ann", join=10, webcam_on=20, leave=60, join_2=80, leave_2=90))

    assert ann(metrics, "webcam_on_s", "webcam_ratio") == (40, 40 / 60)


def test_camera_with_a_first_off_event_was_on_since_the_join() -> None:
    metrics = there(*did("ann", join=10, webcam_off=40, leave=60))

    assert ann(metrics, "webcam_on_s") == (30,)


def test_a_shared_screen_is_shared_until_it_is_switched_off() -> None:
    metrics = there(*did("ann", join=0, screenshare_on=10, screenshare_off=25, leave=100))

    assert ann(metrics, "screenshare_s") == (15,)


def test_chat_message_delivered_twice_counts_once() -> None:
    message = Event("ann", None, "chat_message", 5.0, "Slides are in the wiki :)")

    metrics = there(message, message, message._replace(at_s=9.0))

    assert ann(metrics, "chat_messages", "chat_words") == (2, 10)


def test_presence_talk_ratio_relates_talk_to_attendance() -> None:
    metrics = there(*did("ann", join=50, leave=90), timeline=[said("ann", 40, 60)])

    assert ann(metrics, "presence_talk_ratio", "talk_ratio") == (0.25, 0.2)


def test_person_with_two_ids_counts_once_in_concurrency() -> None:
    metrics = there(
        *did("100", join=0, leave=60),
        *did("200", join=50, leave=100),
        *did("300", join=0, leave=50),
        attendees=[Attendee("100", "Ann", False, "zoom:a"), Attendee("200", "Ann", False, "zoom:a"), *attendees("300")],
    )

    names = "participant_count", "person_count", "peak_concurrency", "mean_concurrency"
    assert tuple(metrics.meeting[name] for name in names) == (3, 2, 2, 1.5)
    assert metrics.meeting["attended_hours"] == pytest.approx(150 / 3600)


def test_who_leaves_as_another_comes_does_not_meet_them() -> None:
    metrics = there(*did("ann", join=0, leave=50), *did("bo", join=50, leave=100))

    assert metrics.meeting["peak_concurrency"] == 1


def test_bots_attend_nothing() -> None:
    metrics = there(*did("ann", join=0, leave=50), *did("rec", join=0, leave=100), attendees=[bot("rec")])

    assert [row[0] for row in sessions(metrics)] == ["ann"]
    assert metrics.meeting["peak_concurrency"] == 1


def test_without_events_attendance_is_unknown() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10)))

    assert ann(metrics, "attended_s", "chat_messages", "presence_talk_ratio") == (None, None, None)
    assert (metrics.meeting["peak_concurrency"], metrics.meeting["late_joiners"]) == (None, None)
    assert metrics.attendance == []


def test_open_session_ends_with_the_last_event_if_the_duration_is_unknown() -> None:
    metrics = there(*did("ann", join=10, join_2=30), duration_s=None)

    assert sessions(metrics) == [("ann", 0, 10, 30, False, True)]
    assert ann(metrics, "attended_s", "attendance_ratio", "left_early_s") == (20, None, None)


def test_talk_while_attending_is_unknown_if_too_little_speech_has_a_participant() -> None:
    meeting = meeting_of(said("ann", 0, 30), events=[Event("ann", None, "join", 0)])
    spoken = spoken_meeting(meeting, Parameters())
    known = participant_attendance(spoken, presence(spoken))["ann"]

    row = participant_attendance(replace(spoken, is_speech_attributed=False), presence(spoken))["ann"]

    assert known["presence_talk_ratio"] == 0.3
    assert row == known | {"presence_talk_ratio": None}
