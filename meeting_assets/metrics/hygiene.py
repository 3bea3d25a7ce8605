"""From what a source claims to speech that can be measured: interval hygiene.

    dropped   no start, or an end that is not after the start
    open      no end: the same speaker's next start or the end of the recording closes it, whichever is first
    clipped   reaches out of the recording, or lies outside

The end of the recording is settled before anything is clipped: speech that ends up to 5 s after it extends
it, later speech does not. Nothing but the three counts depends on the order of the claims, on how often one
is repeated or into how many it is cut.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias

from meeting_assets.core.intervals import Interval, clipped, length_us, merged
from meeting_assets.metrics.meeting import Speech

EXTENSION_US = 5_000_000

# An end that nobody has said; later than any recording.
NEVER = 2**62

Segment: TypeAlias = tuple[int, int | None]
SpeechBySpeaker: TypeAlias = dict[str, list[Interval]]


@dataclass(frozen=True, slots=True)
class CleanSpeech:
    """One source's speech inside the recording: per speaker the union, in order; the silent are not in it."""

    speech: SpeechBySpeaker
    bot_speech: list[Interval]
    duration_us: int | None
    dropped_intervals: int
    open_intervals: int
    clipped_intervals: int
    self_overlap_us: int
    """How much of it one speaker's own segments say more than once."""


def clean_speech(claims: Sequence[Speech], *, bot_keys: Collection[str], duration_us: int | None) -> CleanSpeech:
    """The claims, freed of what cannot be. Bots neither extend the recording nor count.

    Where nobody knows when the recording ended, it ends with the last known edge of its speech.
    """
    segments, dropped = _segments(claims)
    bot_segments = {key: segments.pop(key) for key in bot_keys if key in segments}
    said = {speaker: closed(of_speaker) for speaker, of_speaker in segments.items()}
    unions = {speaker: merged(of_speaker) for speaker, of_speaker in said.items()}
    duration_us = extended_us(duration_us, unions.values())
    end_us = _last_edge_us(segments.values()) if duration_us is None else duration_us
    speech = _inside(unions, end_us)
    bot_unions = {key: merged(closed(of_bot)) for key, of_bot in bot_segments.items()}
    return CleanSpeech(
        speech=speech,
        bot_speech=merged(chain.from_iterable(_inside(bot_unions, end_us).values())),
        duration_us=duration_us,
        dropped_intervals=sum(key not in bot_keys for key in dropped),
        # What is closed as it was said is another's list otherwise.
        open_intervals=sum(
            end is None for key, of_speaker in segments.items() if said[key] is not of_speaker for _, end in of_speaker
        ),
        clipped_intervals=sum(
            start < 0 or start >= end_us or (end is not None and end > end_us)
            for key, of_speaker in segments.items()
            if not _is_inside(unions[key], end_us)
            for start, end in of_speaker
        ),
        # Where no two were joined, none overlap.
        self_overlap_us=sum(
            length_us(_cut(of_speaker, unions[key], end_us)) - length_us(speech.get(key, ()))
            for key, of_speaker in said.items()
            if len(of_speaker) > len(unions[key])
        ),
    )


def closed(segments: list[Segment]) -> list[Interval]:
    """One speaker's segments, the open ones closed at the next later start, or else at `NEVER`.

        ━━━━━?                   never closed
                 ━━━━━━          the same speaker's next segment
      = ━━━━━━━━━━━━━━━

    Segments with the same start are copies of one, so an open end does not close at its own start: it ends
    with a closed copy, or else at the next start that is later.

    >>> closed([(0, None), (7, 12)])
    [(0, 7), (7, 12)]
    >>> closed([(0, None), (0, 3), (7, 12)])
    [(0, 3), (0, 3), (7, 12)]
    """
    if None not in [end for _, end in segments]:
        return segments  # type: ignore[return-value]
    starts = sorted({start for start, _ in segments})
    ends = dict(zip(starts, [*starts[1:], NEVER], strict=True))
    ends.update((start, end) for start, end in segments if end is not None)
    return [(start, ends[start] if end is None else end) for start, end in segments]


def extended_us(duration_us: int | None, unions: Iterable[Sequence[Interval]]) -> int | None:
    """The duration, or the latest end of speech that is at most 5 s later.

    Looks at unions, since a segment that ends much later may have been cut in two inside these 5 s.
    """
    if duration_us is None:
        return None
    latest_us = duration_us + EXTENSION_US
    late = [union for union in unions if union and union[-1][1] > duration_us]
    ends = (end for union in late for _, end in union if duration_us < end <= latest_us)
    return max(ends, default=duration_us)


def _segments(claims: Iterable[Speech]) -> tuple[dict[str, list[Segment]], list[str]]:
    """What is left per speaker after dropping, and whose were dropped."""
    segments: dict[str, list[Segment]] = defaultdict(list)
    dropped: list[str] = []
    rounded = float.__round__  # the hot path: `microseconds` without a call, and a third of the time of `round`
    for speaker, _, start_s, end_s in claims:
        if start_s is None:
            dropped.append(speaker)
            continue
        start = rounded(start_s * 1e6)
        end = None if end_s is None else rounded(end_s * 1e6)
        if end is None or end > start:
            segments[speaker].append((start, end))
        else:
            dropped.append(speaker)
    return segments, dropped


def _is_inside(union: Sequence[Interval], end_us: int) -> bool:
    return union[0][0] >= 0 and union[-1][1] <= end_us


def _cut(segments: list[Interval], union: Sequence[Interval], end_us: int) -> list[Interval]:
    """What of some segments lies inside the recording; nothing needs a cut where their union does."""
    return segments if _is_inside(union, end_us) else clipped(segments, start=0, end=end_us)


def _inside(unions: SpeechBySpeaker, end_us: int) -> SpeechBySpeaker:
    inside = {speaker: _cut(union, union, end_us) for speaker, union in unions.items()}
    return {speaker: union for speaker, union in inside.items() if union}


def _last_edge_us(segments: Iterable[Sequence[Segment]]) -> int:
    edges = (edge for of_speaker in segments for segment in of_speaker for edge in segment if edge is not None)
    return max(edges, default=0)
