"""From what a source claims to speech that can be measured: interval hygiene.

    dropped   no start, or an end that is not after the start
    open      no end: the same speaker's next start or the end of the recording closes it, whichever is first
    clipped   reaches out of the recording, or lies outside

The end of the recording is settled before anything is clipped: speech that ends up to 5 s after it extends
it, later speech does not. Nothing but the three counts depends on the order of the claims, on how often one
is repeated or into how many it is cut.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from meeting_assets.metrics.meeting import Speech
from meeting_assets.metrics.timeline.arrays import Column, np
from meeting_assets.metrics.timeline.intervals import Interval
from meeting_assets.metrics.timeline.speech_segments import Stretches, nothing

EXTENSION_US = 5_000_000

Segment: TypeAlias = tuple[int, int | None]


@dataclass(frozen=True, slots=True)
class CleanSpeech:
    """One source's speech inside the recording: per speaker the union, in order of their names."""

    speech: Stretches
    bot_speech_us: int
    duration_us: int | None
    dropped_intervals: int = 0
    open_intervals: int = 0
    clipped_intervals: int = 0
    self_overlap_us: int = 0
    """How much of it one speaker's own segments say more than once."""


def clean_speech(claims: Sequence[Speech], *, bot_keys: Collection[str], duration_us: int | None) -> CleanSpeech:
    """The claims, freed of what cannot be. Bots neither extend the recording nor count.

    Where nobody knows when the recording ended, it ends with the last known edge of its speech.
    """
    if not claims:
        return CleanSpeech(nothing(), 0, duration_us)
    claimed, is_open, dropped = _segments(claims, duration_us)
    segments, bots, opened = claimed, None, is_open
    bot_places = [place for place, name in enumerate(claimed.names) if name in bot_keys]
    if bot_places:
        is_bot = np.isin(claimed.who, bot_places)
        segments, bots, opened = claimed.at(~is_bot), claimed.at(is_bot), is_open[~is_bot]
    union = segments.united()
    known_end_us = extended_us(duration_us, union.end)
    end_us = _last_edge_us(segments, opened) if known_end_us is None else known_end_us
    speech = union.inside(0, end_us)
    clipped, self_overlap_us = 0, 0
    if speech is not union:
        outside = (segments.start < 0) | (segments.start >= end_us) | ((segments.end > end_us) & ~opened)
        clipped = int(np.count_nonzero(outside))
    # Where no two were joined, none overlap.
    if len(union) < len(segments):
        self_overlap_us = segments.inside(0, end_us).length_us() - speech.length_us()
    return CleanSpeech(
        speech=speech,
        bot_speech_us=bots.together().inside(0, end_us).length_us() if bots else 0,
        duration_us=known_end_us,
        dropped_intervals=sum([name not in bot_keys for name in dropped]),
        open_intervals=int(np.count_nonzero(opened)),
        clipped_intervals=clipped,
        self_overlap_us=self_overlap_us,
    )


def closed(segments: Sequence[Segment], until_us: int) -> list[Interval]:
    """One speaker's segments, the open ones closed at the next later start, or else at the last moment there is.

        ━━━━━?                   never closed
                 ━━━━━━          the same speaker's next segment
      = ━━━━━━━━━━━━━━━

    Segments with the same start are copies of one, so an open end does not close at its own start: it ends
    with a closed copy, or else at the next start that is later.

    >>> closed([(0, None), (7, 12)], 20)
    [(0, 7), (7, 12)]
    >>> closed([(0, None), (0, 3), (7, 12)], 20)
    [(0, 3), (0, 3), (7, 12)]
    """
    starts = sorted({start for start, _ in segments})
    ends = dict(zip(starts, [*starts[1:], until_us], strict=True))
    ends.update((start, end) for start, end in segments if end is not None)
    return [(start, ends[start] if end is None else end) for start, end in segments]


def extended_us(duration_us: int | None, ends: Column) -> int | None:
    """The duration, or the latest end of speech that is at most 5 s later.

    Looks at unions, since a segment that ends much later may have been cut in two inside these 5 s.
    """
    if duration_us is None or not len(ends) or ends.max() <= duration_us:
        return duration_us
    late = ends[(ends > duration_us) & (ends <= duration_us + EXTENSION_US)]
    return int(late.max()) if len(late) else duration_us


def _segments(claims: Sequence[Speech], duration_us: int | None) -> tuple[Stretches, Column, list[str]]:
    """What is left after dropping, closed; which of it was open, and whose were dropped."""
    keys, _, starts_s, ends_s = zip(*claims, strict=True)
    names = sorted(set(keys))
    places = dict(zip(names, range(len(names)), strict=True))
    who = np.fromiter(map(places.__getitem__, keys), int, len(keys))
    with np.errstate(over="ignore"):  # what is infinite then no integer can hold, which `int` says
        # Rounded as `microseconds` does; of None is made not-a-number, which is neither before nor after anything.
        edges = np.rint(np.array(starts_s + ends_s, float) * 1e6)
    start, end = edges[: len(keys)], edges[len(keys) :]
    is_known = end > start
    dropped: list[str] = []
    if not is_known.all():
        is_kept = is_known | (np.isnan(end) & ~np.isnan(start))
        dropped = [keys[place] for place in (~is_kept).nonzero()[0].tolist()]
        start, end, who, is_known = (column[is_kept] for column in (start, end, who, is_known))
        end = np.where(is_known, end, start)
    is_open = ~is_known
    least, most = int(start.min(initial=0)), int(end.max(initial=0))
    until_us = max(most, (duration_us or 0) + EXTENSION_US) + 1
    start, end = (_column(times, max(until_us, -least), len(names)) for times in (start, end))
    for place in {*who[is_open].tolist()}:
        own = (who == place).nonzero()[0]
        known = [
            (since, None if never else until)
            for since, until, never in zip(*(column[own].tolist() for column in (start, end, is_open)), strict=True)
        ]
        end[own] = [until for _, until in closed(known, until_us)]
    return Stretches(start, end, who, names), is_open, dropped


def _column(times: Column, largest: int, name_count: int) -> Column:
    """Whole numbers in floats as integers, of 64 bits where they and all sums of them fit and are exact as floats."""
    if largest * max(4 * len(times), 4 * name_count, 512) < 2**62:
        return times.astype(np.int64)
    column = np.empty(len(times), object)
    column[:] = [*map(int, times.tolist())]
    return column


def _last_edge_us(segments: Stretches, is_open: Column) -> int:
    ends = np.where(is_open, segments.start, segments.end)
    return int(ends.max()) if len(ends) else 0
