"""Timing of replies: floor transfer offsets, latencies, gaps, pauses and overlaps.

    ann  ━━━━━━━           ━━━━━            ━━━━━━━━━━
    bo            ━━━━━━━━━━━      ━━━━                ━━━━━
                ↑ gap    ↑ overlap ↑ gap    ↑ gap     ↑ floor transfer offset: bo starts after ann ends, > 0

The floor transfer offset of a turn is its start minus the end of the turn before it, by another speaker: negative if
they overlap (Levinson & Torreira 2015). Gaps, pauses and overlaps follow Heldner & Edlund (2010): a silence or overlap
between two intervals of single speech is *between* speakers if the speakers differ, else *within* one speaker.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from sqlmodel import SQLModel

from meeting_assets.core.speaker_keys import UNKNOWN
from meeting_assets.metrics.arithmetic import median, seconds_or_none
from meeting_assets.metrics.floor import Switch, TurnTaking
from meeting_assets.metrics.lineage import FLOOR, SPEECH, STREAMS
from meeting_assets.metrics.speech import Columns, SpokenMeeting
from meeting_assets.metrics.timeline.intervals import bridged
from meeting_assets.metrics.timeline.speech_segments import FloorState, floor_states
from meeting_assets.schema import fields

# A shorter silence is articulation, not a pause (Heldner & Edlund 2010).
SILENCE_US = 180_000
# A turn that starts later is no reply.
FTO_LIMIT_US = 10_000_000
# A median of fewer values says nothing about a speaker or a meeting.
LEAST_VALUES = 5


class ParticipantReplies(SQLModel):
    """Columns of `participant_metrics`."""

    reply_count: int | None = fields.count(
        "turns that follow another speaker's turn; NULL if too little speech is attributed", derived_from=FLOOR
    )
    response_latency_s: float | None = fields.seconds(
        "median over the participant's replies of max(0, start of the reply - end of the turn before it); NULL with "
        "fewer than five replies, and where the source shows no overlap (Gong calls it patience)",
        derived_from=(*FLOOR, *STREAMS),
    )


class MeetingReplies(SQLModel):
    """Columns of `meeting_metrics`."""

    fto_median_s: float | None = fields.seconds(
        "median floor transfer offset: start of a turn - end of the turn before it by another, negative if they "
        "overlap; offsets over 10 s left out (CANDOR's video calls: 0.08); NULL with fewer than five offsets, and "
        "where the source shows no overlap",
        derived_from=(*FLOOR, *STREAMS),
    )
    fto_count: int | None = fields.count(
        "offsets that fto_median_s is the median of; NULL where the source shows no overlap",
        derived_from=(*FLOOR, *STREAMS),
    )
    response_latency_s: float | None = fields.seconds(
        "median of max(0, floor transfer offset) over all replies; NULL under the same conditions as fto_median_s",
        derived_from=(*FLOOR, *STREAMS),
    )
    gap_count: int | None = fields.count(
        "silences of at least 0.18 s between two speakers (Heldner & Edlund 2010)", derived_from=SPEECH
    )
    pause_count: int | None = fields.count(
        "silences of at least 0.18 s after which the same speaker goes on (Heldner & Edlund 2010)",
        derived_from=SPEECH,
    )
    overlap_between_count: int | None = fields.count(
        "overlaps after which another speaker speaks alone than before (Heldner & Edlund 2010; they and AMI: "
        "about 40 % of speaker changes); NULL where the source shows no overlap",
        derived_from=(*SPEECH, *STREAMS),
    )
    overlap_within_count: int | None = fields.count(
        "overlaps after which the same speaker speaks alone as before (Heldner & Edlund 2010); NULL where the "
        "source shows no overlap",
        derived_from=(*SPEECH, *STREAMS),
    )


_NEED_OVERLAP = ("fto_median_s", "fto_count", "response_latency_s", "overlap_between_count", "overlap_within_count")


def latencies_us(switches: Iterable[Switch]) -> dict[str, list[int]]:
    """Per speaker the silence before each reply, 0 if the reply overlaps the turn before it."""
    latencies: dict[str, list[int]] = defaultdict(list)
    for switch in switches:
        latencies[switch.after].append(max(0, switch.offset_us))
    return latencies


def participant_replies(meeting: SpokenMeeting, taking: TurnTaking) -> dict[str, Columns]:
    """The columns of `ParticipantReplies` for each participant."""
    if not meeting.measures_participants:
        return {key: dict.fromkeys(ParticipantReplies.model_fields) for key in meeting.people}
    latencies = latencies_us(taking.switches)
    shows_overlap = not meeting.is_single_stream
    return {
        key: {
            "reply_count": len(latencies.get(key, ())),
            "response_latency_s": median_s(latencies.get(key, ())) if shows_overlap else None,
        }
        for key in meeting.people
    }


def meeting_replies(meeting: SpokenMeeting, taking: TurnTaking) -> Columns:
    """The columns of `MeetingReplies`."""
    if meeting.timing_source is None:
        return dict.fromkeys(MeetingReplies.model_fields)
    offsets_us = [switch.offset_us for switch in taking.switches]
    near_us = [offset_us for offset_us in offsets_us if abs(offset_us) <= FTO_LIMIT_US]
    # A speaker's own silence that is too short to count must not split an overlap into two.
    bridged_speech = {speaker: bridged(own, SILENCE_US) for speaker, own in meeting.clean.speech.items()}
    columns: Columns = {
        "fto_median_s": median_s(near_us),
        "fto_count": len(near_us),
        "response_latency_s": median_s([max(0, offset_us) for offset_us in offsets_us]),
        **transitions_of(floor_states(bridged_speech)),
    }
    return columns | dict.fromkeys(_NEED_OVERLAP) if meeting.is_single_stream else columns


def median_s(values_us: Sequence[int]) -> float | None:
    """The median in seconds; None with fewer than five values.

    >>> median_s([1_000_000] * 5), median_s([1_000_000] * 4)
    (1.0, None)
    """
    return seconds_or_none(median(values_us)) if len(values_us) >= LEAST_VALUES else None


def transitions_of(floor: Iterable[FloorState]) -> dict[str, int]:
    """Counts of silences and overlaps between consecutive intervals of single speech.

    Overlap is one overlap until a silence, even if its speakers change. `unknown` may be the same speaker or another,
    so transitions from and to `unknown` do not count.
    """
    counts = Counter(dict.fromkeys(("gap_count", "pause_count", "overlap_between_count", "overlap_within_count"), 0))
    before: str | None = None
    silences = overlaps = 0
    is_overlap = False
    for start_us, end_us, speaker_count, speaker in floor:
        if speaker_count == 0:
            if end_us - start_us >= SILENCE_US:
                silences += 1
                is_overlap = False
        elif speaker_count > 1:
            overlaps += not is_overlap
            is_overlap = True
        else:
            if before is not None and UNKNOWN not in (before, speaker):
                is_within = before == speaker
                counts["pause_count" if is_within else "gap_count"] += silences
                counts["overlap_within_count" if is_within else "overlap_between_count"] += overlaps
            before = speaker
            silences = overlaps = 0
            is_overlap = False
    return counts
