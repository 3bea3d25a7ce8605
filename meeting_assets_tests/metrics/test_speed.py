from __future__ import annotations

import random
import time

from meeting_assets_tests.support.meeting_builder import meeting_of, metrics_of, said


def test_twelve_hours_with_two_hundred_people_are_measured_in_less_than_two_seconds() -> None:
    chance = random.Random(0)
    timeline = []
    for number in range(200):
        at_s = chance.uniform(0, 60)
        while at_s < 43_000:
            end_s = at_s + chance.uniform(0.5, 20)
            timeline.append(said(str(number), round(at_s, 3), round(end_s, 3) if chance.random() < 0.95 else None))
            at_s = end_s + chance.expovariate(1 / 300)
    chance.shuffle(timeline)
    meeting = meeting_of(*timeline, duration_s=43_200)

    started = time.process_time()
    metrics = metrics_of(meeting)
    elapsed_s = time.process_time() - started

    assert len(timeline) > 20_000
    assert len(metrics.participants) == 200
    assert elapsed_s < 2
