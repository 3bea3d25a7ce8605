from __future__ import annotations

from collections import Counter
from datetime import datetime
from itertools import chain

from meeting_assets_tests.support.noise import Segment, with_noise

DURATION_S = 320.0


def timestamp(at_s: float) -> dict[str, object]:
    return {"absolute": f"2026-01-05T09:{int(at_s) // 60:02}:{at_s % 60:06.3f}Z", "relative": at_s}


def timeline() -> list[Segment]:
    """Two speakers take turns of 8 s until the end, without pauses."""
    people = [
        {"id": number, "name": name, "is_host": None, "platform": "desktop", "extra_data": None, "email": None}
        for number, name in ((100, "Ann"), (200, "Bo"))
    ]
    return [
        {
            "participant": people[turn % 2],
            "start_timestamp": timestamp(turn * 8.0),
            "end_timestamp": timestamp(turn * 8.0 + 8),
        }
        for turn in range(40)
    ]


def end_s(segment: Segment) -> float | None:
    end = segment["end_timestamp"]
    return None if end is None else end["relative"]


def start_s(segment: Segment) -> float:
    return float(segment["start_timestamp"]["relative"])


def test_the_same_seed_makes_the_same_noise() -> None:
    assert with_noise(timeline(), seed=7) == with_noise(timeline(), seed=7)
    assert with_noise(timeline(), seed=7) != with_noise(timeline(), seed=8)


def test_noise_does_not_change_its_input() -> None:
    clean = timeline()

    with_noise(clean, seed=7, duration_s=DURATION_S)

    assert clean == timeline()


def test_every_kind_of_noise_occurs() -> None:
    segments = list(chain.from_iterable(with_noise(timeline(), seed=seed, duration_s=DURATION_S) for seed in range(5)))

    closed = [(start_s(segment), end) for segment in segments if (end := end_s(segment)) is not None]
    copies = Counter((segment["participant"]["id"], start_s(segment), end_s(segment)) for segment in segments)
    assert max(copies.values()) > 5, "doubled"
    assert any(segment["end_timestamp"] is None for segment in segments), "open"
    assert any(segment["end_timestamp"] == {"absolute": None, "relative": None} for segment in segments), "open"
    assert any(start == end for start, end in closed), "empty"
    assert any(start > end for start, end in closed), "negative"
    assert any(start < 0 < end for start, end in closed), "begins early"
    assert any(start < end <= 0 for start, end in closed), "wholly early"
    assert len({end - start for start, end in closed if 0 < end - start < 8}) > 5, "cut"
    assert segments != sorted(segments, key=start_s), "shuffled"


def test_segments_keep_the_format_of_the_api() -> None:
    clean = timeline()

    for segment in with_noise(clean, seed=3, duration_s=DURATION_S):
        assert segment.keys() == clean[0].keys()
        assert segment["participant"] in [clean[0]["participant"], clean[1]["participant"]]
        for stamp in (segment["start_timestamp"], segment["end_timestamp"]):
            if stamp is not None and stamp["relative"] is not None:
                seconds = datetime.fromisoformat(stamp["absolute"]) - datetime.fromisoformat("2026-01-05T09:00:00Z")
                assert seconds.total_seconds() == stamp["relative"]
                assert len(stamp["absolute"]) == len("2026-01-05T09:00:00.000Z")
