"""Adds noise to speaker timelines: different segments with the same speech.

All noise keeps the union of each speaker's speech inside the recording, so every metric of speech must equal that of
the clean timeline. Payloads stay in the API's format, and times are whole milliseconds.

    cut        a segment becomes two, which touch or overlap
    doubled    a segment comes twice
    open       an end is null if the same speaker's next start, or the end of the recording, is the same instant
    early      speech that begins at 0 begins before it; speech before the recording is added
    empty      segments of zero or negative length, also at the starts of others and inside open ones
    shuffled   in any order
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any, TypeAlias

Segment: TypeAlias = dict[str, Any]


def with_noise(segments: Sequence[Segment], *, seed: int, duration_s: float | None = None) -> list[Segment]:
    """The timeline with every kind of noise, the same for the same seed.

    Args:
        segments: payload of a clean timeline: every segment closed, none before 0. It is not changed.
        seed: seed of all random choices.
        duration_s: duration of the recording; if given, an end may also be null at the end of the recording.
    """
    chance = random.Random(seed)
    pieces = [piece for segment in segments for piece in _cut(segment, chance)]
    pieces += [deepcopy(piece) for piece in pieces if chance.random() < 0.2]
    pieces = _with_open_ends(pieces, chance, duration_s)
    pieces += [litter for segment in segments for litter in _empty(segment, chance)]
    pieces += _early(segments, chance)
    chance.shuffle(pieces)
    return pieces


def _cut(segment: Segment, chance: random.Random) -> list[Segment]:
    start_ms, end_ms = _start_ms(segment), _end_ms(segment)
    if start_ms == 0 and chance.random() < 0.5:
        start_ms = -chance.randint(1, 5000)
    if end_ms - max(start_ms, 0) < 2 or chance.random() < 0.5:
        return [_moved(segment, start_ms, end_ms)]
    cut_ms = chance.randint(max(start_ms, 0) + 1, end_ms - 1)
    overlap_ms = chance.choice([0, 0, chance.randint(0, end_ms - cut_ms)])
    return [_moved(segment, start_ms, cut_ms + overlap_ms), _moved(segment, cut_ms, end_ms)]


def _with_open_ends(pieces: list[Segment], chance: random.Random, duration_s: float | None) -> list[Segment]:
    starts: dict[str, list[int]] = defaultdict(list)
    for piece in pieces:
        starts[_speaker(piece)].append(_start_ms(piece))
    for of_speaker in starts.values():
        of_speaker.sort()
    end_of_recording = None if duration_s is None else round(duration_s * 1000)
    result = []
    for piece in pieces:
        later = starts[_speaker(piece)]
        position = bisect_right(later, _start_ms(piece))
        closes_at = later[position] if position < len(later) else end_of_recording
        is_opened = closes_at == _end_ms(piece) and chance.random() < 0.5
        unknown_end = chance.choice([None, {"absolute": None, "relative": None}])
        result.append({**piece, "end_timestamp": unknown_end} if is_opened else piece)
    return result


def _empty(segment: Segment, chance: random.Random) -> Iterator[Segment]:
    start_ms, end_ms = _start_ms(segment), _end_ms(segment)
    anywhere_ms = chance.randint(start_ms, end_ms)
    if chance.random() < 0.2:
        at_ms = chance.choice([start_ms, end_ms, anywhere_ms])
        yield _moved(segment, at_ms, at_ms)
    if chance.random() < 0.2:
        yield _moved(segment, anywhere_ms, anywhere_ms - chance.randint(1, 3000))


def _early(segments: Sequence[Segment], chance: random.Random) -> list[Segment]:
    first_of_speaker = {_speaker(segment): segment for segment in reversed(segments)}
    early = []
    for segment in first_of_speaker.values():
        end_ms = -chance.choice([0, chance.randint(0, 2000)])
        early.append(_moved(segment, end_ms - chance.randint(1, 4000), end_ms))
    return early


def _moved(segment: Segment, start_ms: int, end_ms: int) -> Segment:
    """A copy with other times; `absolute` moves too and keeps its number of decimals."""
    shift_ms = start_ms - _start_ms(segment)
    start = segment["start_timestamp"]
    return {
        **deepcopy(segment),
        "start_timestamp": {"absolute": _later(start["absolute"], shift_ms), "relative": start_ms / 1000},
        "end_timestamp": {
            "absolute": _later(start["absolute"], shift_ms + end_ms - start_ms),
            "relative": end_ms / 1000,
        },
    }


def _later(absolute: str, shift_ms: int) -> str:
    fraction = absolute.rstrip("Z").rpartition(".")[2]
    instant = datetime.fromisoformat(absolute) + timedelta(milliseconds=shift_ms)
    timespec = "milliseconds" if len(fraction) == 3 else "microseconds"
    return instant.isoformat(timespec=timespec).replace("+00:00", "Z")


def _speaker(segment: Segment) -> str:
    return f"{segment['participant']['id']} {segment['participant']['name']}"


def _start_ms(segment: Segment) -> int:
    return _ms(segment["start_timestamp"])


def _end_ms(segment: Segment) -> int:
    return _ms(segment["end_timestamp"])


def _ms(timestamp: dict[str, float]) -> int:
    return round(timestamp["relative"] * 1000)
