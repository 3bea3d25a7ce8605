"""How one speaker follows another: offsets of the floor, latencies, gaps, pauses and overlaps.

    ann  ━━━━━━━           ━━━━━            ━━━━━━━━━━
    bo            ━━━━━━━━━━━      ━━━━                ━━━━━
                ↑ gap    ↑ overlap ↑ gap    ↑ gap     ↑ floor transfer offset: bo starts after ann ends, > 0

The floor transfer offset of a turn is its start minus the end of the turn before it, by another: negative where they
overlap (Levinson & Torreira 2015). Gaps, pauses and overlaps are those of Heldner & Edlund (2010): what lies between
two stretches in which somebody speaks alone is *between* speakers if those differ, else *within* one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

from sqlmodel import Field, SQLModel

from meeting_assets.core.intervals import FloorState
from meeting_assets.metrics.arithmetic import median, seconds_or_none
from meeting_assets.metrics.meeting import UNKNOWN
from meeting_assets.metrics.sources import SPEECH
from meeting_assets.metrics.speech import Columns, SpokenMeeting
from meeting_assets.metrics.turns import FLOOR, Switch, TurnTaking
from meeting_assets.store.lineage import made_from

# A silence shorter than this is articulation, not a pause (Heldner & Edlund 2010).
SILENCE_US = 180_000
# What is further apart is no reply.
FTO_LIMIT_US = 10_000_000


class ParticipantReplies(SQLModel):
    """Columns of `participant_metrics`."""

    reply_count: int | None = Field(description="turns that follow another's", sa_column_kwargs=made_from(*FLOOR))
    response_latency_s: float | None = Field(
        description="s; median over their replies of max(0, start of the reply - end of the turn before it); NULL "
        "without replies (Gong calls it patience)",
        sa_column_kwargs=made_from(*FLOOR),
    )


class MeetingReplies(SQLModel):
    """Columns of `meeting_metrics`."""

    fto_median_s: float | None = Field(
        description="s; median floor transfer offset: start of a turn - end of the turn before it by another, "
        "negative where they overlap; offsets over 10 s left out (CANDOR's video calls: 0.08)",
        sa_column_kwargs=made_from(*FLOOR),
    )
    fto_count: int | None = Field(
        description="offsets that fto_median_s is the median of", sa_column_kwargs=made_from(*FLOOR)
    )
    response_latency_s: float | None = Field(
        description="s; median of max(0, floor transfer offset) over all replies", sa_column_kwargs=made_from(*FLOOR)
    )
    gap_count: int | None = Field(
        description="silences of at least 0.18 s between two speakers (Heldner & Edlund 2010)",
        sa_column_kwargs=made_from(*SPEECH),
    )
    pause_count: int | None = Field(
        description="silences of at least 0.18 s after which the same speaker goes on (Heldner & Edlund 2010)",
        sa_column_kwargs=made_from(*SPEECH),
    )
    overlap_between_count: int | None = Field(
        description="overlaps after which another speaks alone than before (Heldner & Edlund 2010; they and AMI: "
        "about 40 % of speaker changes)",
        sa_column_kwargs=made_from(*SPEECH),
    )
    overlap_within_count: int | None = Field(
        description="overlaps after which the same speaks alone as before (Heldner & Edlund 2010)",
        sa_column_kwargs=made_from(*SPEECH),
    )


def offsets_us(switches: Iterable[Switch]) -> list[int]:
    """Floor transfer offsets, all of them."""
    return [after[0] - before[1] for before, after in switches]


def latencies_us(switches: Iterable[Switch]) -> dict[str, list[int]]:
    """Per speaker the silence before each of their replies, 0 where it overlaps what it replies to."""
    latencies: dict[str, list[int]] = defaultdict(list)
    for (_, until, _), (start, _, speaker) in switches:
        latencies[speaker].append(start - until if start > until else 0)
    return latencies


def participant_replies(meeting: SpokenMeeting, taking: TurnTaking) -> dict[str, Columns]:
    """The columns of `ParticipantReplies` for each of the people."""
    if meeting.timing_source is None:
        return {key: dict.fromkeys(ParticipantReplies.model_fields) for key in meeting.people}
    latencies = latencies_us(taking.switches)
    return {
        key: {
            "reply_count": len(latencies[key]),
            "response_latency_s": seconds_or_none(median(latencies[key])),
        }
        for key in meeting.people
    }


def meeting_replies(meeting: SpokenMeeting, taking: TurnTaking) -> Columns:
    """The columns of `MeetingReplies`."""
    if meeting.timing_source is None:
        return dict.fromkeys(MeetingReplies.model_fields)
    offsets = sorted(offsets_us(taking.switches))
    near = [offset for offset in offsets if abs(offset) <= FTO_LIMIT_US]
    return {
        "fto_median_s": seconds_or_none(median(near)),
        "fto_count": len(near),
        "response_latency_s": seconds_or_none(median([offset if offset > 0 else 0 for offset in offsets])),
        **_counted(meeting),
    }


def _counted(meeting: SpokenMeeting) -> Columns:
    """Gaps, pauses and overlaps, over speech joined across silences too short to count."""
    gaps = pauses = overlaps_between = overlaps_within = 0
    # Since somebody last spoke alone, and who that was. Whether `unknown` is another or the same nobody can tell.
    silences = overlaps = 0
    is_overlapped = False
    before: str | None = None
    for start, end, count, sole in _states(meeting):
        if sole is not None:
            if (silences or overlaps) and before is not None and before != UNKNOWN and sole != UNKNOWN:
                if before == sole:
                    pauses += silences
                    overlaps_within += overlaps
                else:
                    gaps += silences
                    overlaps_between += overlaps
            silences = overlaps = 0
            is_overlapped = False
            before = sole
        elif count:
            # Those who overlap may change; it is one overlap until there is silence.
            if not is_overlapped:
                overlaps += 1
                is_overlapped = True
        elif end - start >= SILENCE_US:
            silences += 1
            is_overlapped = False
    return {
        "gap_count": gaps,
        "pause_count": pauses,
        "overlap_between_count": overlaps_between,
        "overlap_within_count": overlaps_within,
    }


def _states(meeting: SpokenMeeting) -> Sequence[FloorState]:
    """The states of the floor as if who pauses for too short to count went on."""
    states = [*meeting.floor]
    for speaker, spoken in meeting.clean.speech.items():
        for (_, until), (start, _) in pairwise(spoken):
            if start - until >= SILENCE_US:
                continue
            # The edges of their speech are edges of states.
            place = bisect_left(states, (until,))
            while place < len(states) and states[place][0] < start:
                since, to, count, _ = states[place]
                states[place] = (since, to, count + 1, None if count else speaker)
                place += 1
    return states
