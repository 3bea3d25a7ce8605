"""How one speaker follows another: offsets of the floor, latencies, gaps, pauses and overlaps.

    ann  ━━━━━━━           ━━━━━            ━━━━━━━━━━
    bo            ━━━━━━━━━━━      ━━━━                ━━━━━
                ↑ gap    ↑ overlap ↑ gap    ↑ gap     ↑ floor transfer offset: bo starts after ann ends, > 0

The floor transfer offset of a turn is its start minus the end of the turn before it, by another: negative where they
overlap (Levinson & Torreira 2015). Gaps, pauses and overlaps are those of Heldner & Edlund (2010): what lies between
two stretches in which somebody speaks alone is *between* speakers if those differ, else *within* one.
"""

from __future__ import annotations

from sqlmodel import Field, SQLModel

from meeting_assets.metrics.arithmetic import median, seconds_or_none
from meeting_assets.metrics.lineage import SPEECH
from meeting_assets.metrics.meeting import UNKNOWN
from meeting_assets.metrics.speech import Columns, SpokenMeeting
from meeting_assets.metrics.timeline.arrays import np
from meeting_assets.metrics.timeline.speech_segments import floor, of_each
from meeting_assets.metrics.turns import FLOOR, Switches, TurnTaking
from meeting_assets.schema.lineage import derived_from

# A silence shorter than this is articulation, not a pause (Heldner & Edlund 2010).
SILENCE_US = 180_000
# What is further apart is no reply.
FTO_LIMIT_US = 10_000_000


class ParticipantReplies(SQLModel):
    """Columns of `participant_metrics`."""

    reply_count: int | None = Field(description="turns that follow another's", sa_column_kwargs=derived_from(*FLOOR))
    response_latency_s: float | None = Field(
        description="s; median over their replies of max(0, start of the reply - end of the turn before it); NULL "
        "without replies (Gong calls it patience)",
        sa_column_kwargs=derived_from(*FLOOR),
    )


class MeetingReplies(SQLModel):
    """Columns of `meeting_metrics`."""

    fto_median_s: float | None = Field(
        description="s; median floor transfer offset: start of a turn - end of the turn before it by another, "
        "negative where they overlap; offsets over 10 s left out (CANDOR's video calls: 0.08)",
        sa_column_kwargs=derived_from(*FLOOR),
    )
    fto_count: int | None = Field(
        description="offsets that fto_median_s is the median of", sa_column_kwargs=derived_from(*FLOOR)
    )
    response_latency_s: float | None = Field(
        description="s; median of max(0, floor transfer offset) over all replies", sa_column_kwargs=derived_from(*FLOOR)
    )
    gap_count: int | None = Field(
        description="silences of at least 0.18 s between two speakers (Heldner & Edlund 2010)",
        sa_column_kwargs=derived_from(*SPEECH),
    )
    pause_count: int | None = Field(
        description="silences of at least 0.18 s after which the same speaker goes on (Heldner & Edlund 2010)",
        sa_column_kwargs=derived_from(*SPEECH),
    )
    overlap_between_count: int | None = Field(
        description="overlaps after which another speaks alone than before (Heldner & Edlund 2010; they and AMI: "
        "about 40 % of speaker changes)",
        sa_column_kwargs=derived_from(*SPEECH),
    )
    overlap_within_count: int | None = Field(
        description="overlaps after which the same speaks alone as before (Heldner & Edlund 2010)",
        sa_column_kwargs=derived_from(*SPEECH),
    )


def latencies_us(switches: Switches) -> dict[str, list[int]]:
    """Per speaker the silences before their replies, 0 where one overlaps what it replies to, in ascending order."""
    return of_each(np.maximum(switches.offset_us, 0), switches.after, switches.names)


def participant_replies(meeting: SpokenMeeting, taking: TurnTaking) -> dict[str, Columns]:
    """The columns of `ParticipantReplies` for each of the people."""
    if meeting.timing_source is None:
        return {key: dict.fromkeys(ParticipantReplies.model_fields) for key in meeting.people}
    latencies = latencies_us(taking.switches)
    return {
        key: {
            "reply_count": len(latencies.get(key, ())),
            "response_latency_s": seconds_or_none(median(latencies.get(key, ()))),
        }
        for key in meeting.people
    }


def meeting_replies(meeting: SpokenMeeting, taking: TurnTaking) -> Columns:
    """The columns of `MeetingReplies`."""
    if meeting.timing_source is None:
        return dict.fromkeys(MeetingReplies.model_fields)
    offsets = np.sort(taking.switches.offset_us)
    near = offsets[abs(offsets) <= FTO_LIMIT_US].tolist()
    return {
        "fto_median_s": seconds_or_none(median(near)),
        "fto_count": len(near),
        "response_latency_s": seconds_or_none(median(np.maximum(offsets, 0).tolist())),
        **_counted(meeting),
    }


def _counted(meeting: SpokenMeeting) -> Columns:
    """Gaps, pauses and overlaps, over speech joined across silences too short to count."""
    states = floor(meeting.clean.speech.joined(SILENCE_US))
    counts = (states.count > 0) | (states.end - states.start >= SILENCE_US)
    count, sole = states.count[counts], states.sole[counts]
    alone = (count == 1).nonzero()[0]
    # Those who overlap may change; it is one overlap until there is silence.
    overlapped = count > 1
    overlapped[1:] &= count[:-1] <= 1
    silences, overlaps = (np.diff(each.cumsum()[alone]) for each in (count == 0, overlapped))
    before, after = sole[alone][:-1], sole[alone][1:]
    if UNKNOWN in states.names:
        # Whether they are another or the same nobody can tell.
        unknown = states.names.index(UNKNOWN)
        are_known = (before != unknown) & (after != unknown)
        before, after, silences, overlaps = (each[are_known] for each in (before, after, silences, overlaps))
    is_same = before == after
    return {
        "gap_count": int(silences[~is_same].sum()),
        "pause_count": int(silences[is_same].sum()),
        "overlap_between_count": int(overlaps[~is_same].sum()),
        "overlap_within_count": int(overlaps[is_same].sum()),
    }
