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
    segments, dropped = _segments(claim for claim in claims if claim.participant_key not in bot_keys)
    bot_segments, _ = _segments(claim for claim in claims if claim.participant_key in bot_keys)
    unions = _unions(segments)
    duration_us = extended_us(duration_us, unions.values())
    end_us = _last_edge_us(segments.values()) if duration_us is None else duration_us
    of_people = list(chain.from_iterable(segments.values()))
    speech = _inside(unions, end_us)
    said_us = sum(_said_us(of_speaker, end_us) for of_speaker in segments.values())
    return CleanSpeech(
        speech=speech,
        bot_speech=merged(chain.from_iterable(_inside(_unions(bot_segments), end_us).values())),
        duration_us=duration_us,
        dropped_intervals=dropped,
        open_intervals=sum(end is None for _, end in of_people),
        clipped_intervals=sum(
            start < 0 or start >= end_us or (end is not None and end > end_us) for start, end in of_people
        ),
        self_overlap_us=said_us - sum(map(length_us, speech.values())),
    )


def closed(segments: Iterable[Segment]) -> list[Interval]:
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
    segments = list(segments)
    if all(end is not None for _, end in segments):
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
    ends = (end for union in unions for _, end in union if duration_us < end <= latest_us)
    return max(ends, default=duration_us)


def _segments(claims: Iterable[Speech]) -> tuple[dict[str, list[Segment]], int]:
    """What is left per speaker after dropping, and how many were dropped."""
    segments: dict[str, list[Segment]] = defaultdict(list)
    dropped = 0
    for speaker, _, start_s, end_s in claims:
        if start_s is None:
            dropped += 1
            continue
        # The hot path: `microseconds` without a call.
        start = round(start_s * 1_000_000)
        end = None if end_s is None else round(end_s * 1_000_000)
        if end is None or end > start:
            segments[speaker].append((start, end))
        else:
            dropped += 1
    return segments, dropped


def _unions(segments: dict[str, list[Segment]]) -> SpeechBySpeaker:
    return {speaker: merged(closed(of_speaker)) for speaker, of_speaker in segments.items()}


def _inside(unions: SpeechBySpeaker, end_us: int) -> SpeechBySpeaker:
    inside = {speaker: clipped(union, start=0, end=end_us) for speaker, union in unions.items()}
    return {speaker: union for speaker, union in inside.items() if union}


def _last_edge_us(segments: Iterable[Sequence[Segment]]) -> int:
    edges = (edge for of_speaker in segments for segment in of_speaker for edge in segment if edge is not None)
    return max(edges, default=0)


def _said_us(segments: Sequence[Segment], end_us: int) -> int:
    """Length inside the recording of one speaker's segments, what is said twice counted twice."""
    return length_us(clipped(closed(segments), start=0, end=end_us))
