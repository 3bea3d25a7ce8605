from __future__ import annotations

import random
import time
from dataclasses import replace

from meeting_assets.metrics.meeting import MeetingInput, Utterance
from meeting_assets_tests.support.meeting_builder import (
    TRANSCRIPT_ID,
    Metrics,
    attendees,
    meeting_of,
    metrics_of,
    said,
    word,
)

LIMIT_S = 10.0
"""An idle machine takes one to two seconds (benchmarks metrics), a machine busy with other tests twice as long. A sweep
that compares all speakers with each other takes minutes."""


def test_twelve_hours_with_two_hundred_people_are_measured_within_seconds() -> None:
    meeting = long_meeting()

    metrics, elapsed_s = timed(meeting)

    assert len(meeting.timeline) > 20_000
    assert len(metrics.participants) == 200
    assert elapsed_s < LIMIT_S


def test_twelve_hours_with_two_hundred_labels_are_measured_within_seconds() -> None:
    meeting = long_meeting()
    words = [
        word(f"label:{speaker}x", start_s + at_s, start_s + at_s + 1)
        for speaker, _, start_s, end_s in meeting.timeline
        if start_s is not None and end_s is not None
        for at_s in range(round(end_s - start_s))
    ][:100_000]
    utterances = [Utterance(label, None, 1) for label in {each[0] for each in words}]
    transcript = {"words": words, "utterances": utterances, "transcript_id": TRANSCRIPT_ID, "attribution": "labels"}

    metrics, elapsed_s = timed(replace(meeting, attendees=attendees(*map(str, range(200))), **transcript))  # type: ignore[arg-type]

    assert len(words) == 100_000
    assert len(metrics.participants) == 200
    assert elapsed_s < LIMIT_S


def long_meeting() -> MeetingInput:
    """Twelve hours with two hundred speakers."""
    chance = random.Random(0)
    timeline = []
    for number in range(200):
        at_s = chance.uniform(0, 60)
        while at_s < 43_000:
            end_s = at_s + chance.uniform(0.5, 20)
            timeline.append(said(str(number), round(at_s, 3), round(end_s, 3) if chance.random() < 0.95 else None))
            at_s = end_s + chance.expovariate(1 / 300)
    chance.shuffle(timeline)
    return meeting_of(*timeline, duration_s=43_200)


def timed(meeting: MeetingInput) -> tuple[Metrics, float]:
    started = time.process_time()
    metrics = metrics_of(meeting)
    return metrics, time.process_time() - started
