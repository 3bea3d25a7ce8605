"""CPU time of computing metrics from rows in memory: synthetic meetings of one hour, and one of twelve hours.

    PYTHONPATH=. python benchmarks/metrics.py [--rounds 20] [--corpora ../shared/corpora]

The segment rate comes from meetings with only a speaker timeline, the word rate from the additional time with a
transcript. `--corpora` adds real AMI meetings. Each figure is the best of all rounds, because other load on the
machine only makes rounds slower.
"""

from __future__ import annotations

import argparse
import gc
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from meeting_assets.core.gc_tuning import paused
from meeting_assets.metrics import metric_rows
from meeting_assets.metrics.meeting import Attendee, Event, MeetingInput, RawSegment, Utterance, Word
from meeting_assets.metrics.parameters import Parameters
from meeting_assets_tests.support.corpora import meeting_in

STARTED_AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
RECORDING_ID = "0b6e4a60-5d4f-4f0e-8d1c-2f8f1c7d9a01"
WORDS_PER_S = 2.7


def meeting(people: int, duration_s: float, segments: int, seed: int) -> MeetingInput:
    """A meeting in which participants speak in turn and sometimes at the same time."""
    chance = random.Random(seed)  # noqa: S311 - synthetic data, the same in each run
    timeline: list[RawSegment] = []
    words: list[Word] = []
    utterances: list[Utterance] = []
    at_s = 0.0
    step_s = duration_s / segments
    while at_s < duration_s - 3 * step_s:
        key = str(min(int(chance.expovariate(1 / (people / 4))), people - 1))
        length_s = chance.uniform(0.2, 1.6) * step_s
        timeline.append(RawSegment(key, None, round(at_s, 3), round(at_s + length_s, 3)))
        texts = []
        word_s = at_s
        while word_s < at_s + length_s:
            texts.append(chance.choice(("so", "we", "um", "could", "see", "it.", "right?", "the", "numbers", "again")))
            words.append((key, round(word_s, 3), round(word_s + 0.8 / WORDS_PER_S, 3), texts[-1]))
            word_s += 1 / WORDS_PER_S
        utterances.append(Utterance(key, None, len(texts), " ".join(texts)))
        at_s += length_s + chance.gauss(0.1, 0.4) * step_s
    keys = [str(number) for number in range(people)]
    events = [Event(key, None, action, at) for key in keys for action, at in (("join", 1.0), ("leave", duration_s))]
    return MeetingInput(
        RECORDING_ID,
        started_at=STARTED_AT,
        completed_at=STARTED_AT + timedelta(seconds=duration_s),
        attendees=[Attendee(key, key, is_bot=False) for key in keys],
        timeline=timeline,
        words=words,
        events=events,
        transcript_id=RECORDING_ID,
        utterances=utterances,
    )


def best_s(work: Callable[[], object], rounds: int) -> float:
    """Lowest CPU time of all rounds."""
    times = []
    for _ in range(rounds):
        gc.collect()
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


def compute_all(meetings: Sequence[MeetingInput]) -> None:
    """Computes the metrics of each meeting as the pipeline does."""
    for each in meetings:
        with paused():
            metric_rows(each, Parameters(), "hash")


def real_meetings(corpora: Path) -> list[MeetingInput]:
    """AMI meetings of the corpora, which have a time for each word."""
    return [meeting_in(path.parent) for path in sorted(corpora.glob("ami/*/oracle.json"))]


def print_rates(name: str, meetings: Sequence[MeetingInput], rounds: int) -> None:
    without_words = [replace(each, words=(), utterances=(), events=(), transcript_id=None) for each in meetings]
    without_events = [replace(each, events=()) for each in meetings]
    segments, words = sum(len(each.timeline) for each in meetings), sum(len(each.words) for each in meetings)
    of_segments, of_both = (
        best_s(lambda some=some: compute_all(some), rounds) for some in (without_words, without_events)
    )  # type: ignore[misc]
    of_all = best_s(lambda: compute_all(meetings), rounds)
    print(
        f"{name}: {len(meetings)} meetings, {segments:,} segments, {words:,} words\n"
        f"  {segments / of_segments:12,.0f} segments/s\n"
        f"  {words / max(of_both - of_segments, 1e-9):12,.0f} words/s\n"
        f"  {1000 * of_all / len(meetings):12.1f} ms per meeting with words and events"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--corpora", type=Path)
    given = parser.parse_args()
    print_rates("an hour, 6 people", [meeting(6, 3600, 700, seed) for seed in range(10)], given.rounds)
    print_rates("an hour, 25 people", [meeting(25, 3600, 700, seed) for seed in range(10)], given.rounds)
    print_rates("twelve hours, 200 people", [meeting(200, 43_200, 20_000, 0)], min(given.rounds, 5))
    if given.corpora is not None:
        print_rates("AMI, half an hour, 4 people", real_meetings(given.corpora), given.rounds)


if __name__ == "__main__":
    main()
