"""Time values in a payload do not determine the number of rows, the memory or the time that a meeting takes."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meeting_assets.metrics import metric_rows
from meeting_assets.metrics.meeting import Attendee, Event, MeetingInput, RawSegment, Word
from meeting_assets.metrics.parameters import Parameters
from meeting_assets_tests.support.meeting_builder import (
    STARTED_AT,
    TRANSCRIPT_ID,
    attendees,
    meeting_of,
    metrics_of,
    on,
    said,
    word,
)

LARGEST_S = 9e12
PARAMETERS = Parameters()
MOST_WINDOWS = int((PARAMETERS.longest_meeting_s - PARAMETERS.window_s) / PARAMETERS.window_step_s) + 1
MOST_BYTES = 50_000_000
A_YEAR = timedelta(days=366)
ABSURD_S = [3e8, -3e8, LARGEST_S, -LARGEST_S, 86_400 * 366.0, PARAMETERS.longest_meeting_s + 1]
KEYS = ("100", "200", "300", "label:A", "unknown")

times = (
    st.none()
    | st.floats(-LARGEST_S, LARGEST_S)
    | st.floats(-10, 4000)
    | st.sampled_from([*ABSURD_S, PARAMETERS.longest_meeting_s, 1e-9, 0.0])
)
instants = st.none() | st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=st.just(UTC))
keys = st.sampled_from(KEYS)
actions = st.sampled_from(["join", "leave", "speech_on", "speech_off", "webcam_on", "screenshare_off", "chat_message"])
events = st.lists(st.builds(Event, keys, st.none(), actions, times), max_size=12)
timelines = st.lists(st.builds(RawSegment, keys, st.none(), times, times), max_size=12)
words = st.lists(st.tuples(keys, times, times, st.sampled_from(["yes", "we should talk"])), max_size=12)


def row_count(meeting: MeetingInput) -> int:
    return sum(len(rows) for rows in metric_rows(meeting, PARAMETERS, "hash").values())


@settings(deadline=5000)
@given(instants, instants, instants, times, timelines, words, events)
def test_the_number_of_rows_is_bounded_by_the_number_of_entries(
    started_at: datetime | None,
    completed_at: datetime | None,
    scheduled_at: datetime | None,
    latest_end_s: float | None,
    timeline: list[RawSegment],
    spoken: list[Word],
    moves: list[Event],
) -> None:
    people = [*attendees("100"), Attendee("200", "Bo", False, "zoom:b"), Attendee("300", "Bo", False, "zoom:b")]
    meeting = MeetingInput(
        "r",
        started_at=started_at,
        completed_at=completed_at,
        scheduled_at=scheduled_at,
        latest_end_s=latest_end_s,
        attendees=people,
        timeline=timeline,
        words=spoken,
        events=moves,
        transcript_id=TRANSCRIPT_ID,
    )

    entries = len(people) + len(timeline) + len(spoken) + len(moves)
    assert row_count(meeting) <= 4 * entries + MOST_WINDOWS + 2


@pytest.mark.parametrize("absurd_s", ABSURD_S)
@pytest.mark.parametrize("field", ["completed_at", "latest_end_s", "segment", "word", "event"])
def test_one_absurd_time_costs_no_memory_and_no_rows(field: str, absurd_s: float) -> None:
    meeting = meeting_of(said("ann", 0, 60), said("bo", 50, 90), attendees=attendees("ann", "bo"))
    end_at = STARTED_AT + timedelta(seconds=max(-3e8, min(absurd_s, 2e11)))
    absurd = {
        "completed_at": replace(meeting, completed_at=end_at, latest_end_s=absurd_s),
        "latest_end_s": replace(meeting, completed_at=None, latest_end_s=absurd_s),
        "segment": replace(
            meeting, timeline=[*meeting.timeline, said("ann", absurd_s, absurd_s + 4), said("bo", 1, absurd_s)]
        ),
        "word": replace(meeting, timeline=(), words=[word("ann", 0, 1), word("ann", absurd_s, None)]),
        "event": replace(
            meeting, events=[on("ann", absurd_s), Event("ann", None, "join", absurd_s)], completed_at=None
        ),
    }[field]

    tracemalloc.start()
    count = row_count(absurd)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count <= row_count(meeting) + 6
    assert peak_bytes < MOST_BYTES


def test_implausible_duration_is_unknown_and_kept_in_data_quality() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 60), completed_at=STARTED_AT + A_YEAR))

    assert (metrics.meeting["duration_s"], metrics.windows) == (None, [])
    assert metrics.quality["implausible_duration_s"] == A_YEAR.total_seconds()
    assert metrics.talk_times_s() == {"ann": 60}


def test_a_meeting_of_twelve_hours_is_measured_to_its_end() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 43_100), duration_s=43_200))

    assert (metrics.meeting["duration_s"], metrics.quality["implausible_duration_s"]) == (43_200, None)
    assert len(metrics.windows) == (43_200 - 150) // 30 + 1


def test_longest_plausible_meeting_is_a_parameter() -> None:
    meeting = meeting_of(said("ann", 0, 60), duration_s=300_000)

    assert metrics_of(meeting).meeting["duration_s"] is None
    assert metrics_of(meeting, Parameters(longest_meeting_s=300_000)).meeting["duration_s"] == 300_000
