"""Turns: their number and length, monologues, and the transitions between speakers. `floor` finds the turns."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

from sqlmodel import SQLModel

from meeting_assets.core.speaker_keys import UNKNOWN
from meeting_assets.metrics.arithmetic import median, ratio, seconds_or_none
from meeting_assets.metrics.floor import Role, TurnTaking
from meeting_assets.metrics.lineage import ATTENDEES, FLOOR, LENGTH, SPEECH, SPEECH_AND_WORDS
from meeting_assets.metrics.speech import Columns, Row, SpokenMeeting
from meeting_assets.metrics.timeline.intervals import to_seconds
from meeting_assets.schema import fields
from meeting_assets.schema.columns import KEYED, RecordingRow


class ParticipantTurns(SQLModel):
    """Columns of `participant_metrics`."""

    turn_count: int | None = fields.count(
        "turns of the participant; one lasts until another speaker takes the floor or an own pause reaches dead_air_s; "
        "NULL without a timing source, or if too little speech is attributed",
        derived_from=FLOOR,
    )
    run_count: int | None = fields.count(
        "maximal sequences of the participant's turns without another's turn between, however long the pauses; NULL "
        "as turn_count (Fireflies' `monologues_count` counts these)",
        derived_from=FLOOR,
    )
    mean_turn_s: float | None = fields.seconds("mean length of the participant's turns", derived_from=FLOOR)
    median_turn_s: float | None = fields.seconds("median length of the participant's turns", derived_from=FLOOR)
    longest_monologue_s: float | None = fields.seconds(
        "the participant's longest turn, pauses under dead_air_s included, not broken by speech inside it "
        "(Gong's longest monologue)",
        derived_from=FLOOR,
    )
    longest_uninterrupted_s: float | None = fields.seconds(
        "longest time in which the participant speaks alone, pauses under dead_air_s included; any speech of another "
        "ends it (Zoom's longest spiel)",
        derived_from=SPEECH,
    )


class MeetingTurns(SQLModel):
    """Columns of `meeting_metrics`."""

    turn_count: int | None = fields.count("turns of all speakers", derived_from=FLOOR)
    run_count: int | None = fields.count(
        "turns, consecutive turns of one speaker counted once; speaker_switches + 1", derived_from=FLOOR
    )
    mean_turn_s: float | None = fields.seconds("mean length of all turns", derived_from=FLOOR)
    median_turn_s: float | None = fields.seconds("median length of all turns", derived_from=FLOOR)
    longest_monologue_s: float | None = fields.seconds("the longest turn", derived_from=FLOOR)
    longest_monologue_start_s: float | None = fields.seconds(
        "start of the longest turn, the first of several", derived_from=FLOOR
    )
    longest_monologue_key: str | None = fields.text("participant_key of the longest turn", derived_from=FLOOR)
    longest_uninterrupted_s: float | None = fields.seconds(
        "longest time in which one speaker speaks alone, defined as for participants; `unknown` is left out",
        derived_from=SPEECH,
    )
    speaker_switches: int | None = fields.count(
        "changes of speaker between consecutive turns; the sum of speaker_transitions", derived_from=FLOOR
    )
    interactivity_per_min: float | None = fields.number(
        "speaker_switches / (duration_s / 60) (Gong scores it from 0 to 10 as interactivity)",
        unit="1/min",
        derived_from=(*FLOOR, *LENGTH),
    )
    tied_ipus: int | None = fields.count(
        "IPUs that took no floor because another speaker with the same talk time has one of the same start and end",
        derived_from=FLOOR,
    )
    turn_count_sd: float | None = fields.number(
        "population standard deviation of turn_count over all attendees (Woolley et al. 2010); NULL where the "
        "participants' turns are unknown",
        unit="turns",
        derived_from=(*FLOOR, *ATTENDEES),
    )


class Turns(RecordingRow, table=True):
    """Turns and backchannels.

    Grain: one row per (recording, turn or backchannel).
    """

    __tablename__ = "turns"
    __table_args__ = KEYED

    turn_index: int = fields.position("by start, then end", primary_key=True, derived_from=SPEECH_AND_WORDS)
    participant_key: str = fields.text(
        "speaker: a row of participant_metrics, or an unresolved label", index=True, derived_from=SPEECH_AND_WORDS
    )
    start_s: float = fields.seconds("start of the turn, from the start of the recording", derived_from=SPEECH_AND_WORDS)
    end_s: float = fields.seconds("end of the turn, from the start of the recording", derived_from=SPEECH_AND_WORDS)
    kind: str = fields.text(
        "turn, or backchannel: a listener's short response, such as mm-hm", derived_from=SPEECH_AND_WORDS
    )


class SpeakerTransitions(RecordingRow, table=True):
    """Transitions of the floor from one speaker to another.

    Grain: one row per (recording, speaker, next speaker), for pairs that occur; the two always differ.
    """

    __tablename__ = "speaker_transitions"
    __table_args__ = KEYED

    from_key: str = fields.text("participant_key of the earlier turn", primary_key=True, derived_from=FLOOR)
    to_key: str = fields.text("participant_key of the later turn", primary_key=True, derived_from=FLOOR)
    switch_count: int = fields.count("number of such transitions; sums to speaker_switches", derived_from=FLOOR)


def participant_turns(meeting: SpokenMeeting, taking: TurnTaking) -> dict[str, Columns]:
    """The columns of `ParticipantTurns` for each participant."""
    if not meeting.measures_participants:
        return {key: dict.fromkeys(ParticipantTurns.model_fields) for key in meeting.people}
    lengths_us: dict[str, list[int]] = defaultdict(list)
    for turn in taking.turns:
        lengths_us[turn.speaker].append(turn.length_us)
    run_counts = Counter(switch.after for switch in taking.switches)
    run_counts.update(turn.speaker for turn in taking.turns[:1])
    return {
        key: {
            "turn_count": len(lengths_us[key]),
            "run_count": run_counts[key],
            **_length_columns(lengths_us[key]),
            "longest_uninterrupted_s": seconds_or_none(taking.uninterrupted_us.get(key)),
        }
        for key in meeting.people
    }


def meeting_turns(meeting: SpokenMeeting, taking: TurnTaking) -> Columns:
    """The columns of `MeetingTurns`."""
    if meeting.timing_source is None:
        return dict.fromkeys(MeetingTurns.model_fields)
    turns, switch_count = taking.turns, len(taking.switches)
    longest = max(turns, key=lambda turn: turn.length_us, default=None)
    uninterrupted_us = [length_us for key, length_us in taking.uninterrupted_us.items() if key != UNKNOWN]
    turn_counts = Counter(turn.speaker for turn in turns)
    return {
        "turn_count": len(turns),
        "run_count": switch_count + 1 if turns else 0,
        **_length_columns([turn.length_us for turn in turns]),
        "longest_monologue_start_s": to_seconds(longest.start_us) if longest else None,
        "longest_monologue_key": longest.speaker if longest else None,
        "longest_uninterrupted_s": seconds_or_none(max(uninterrupted_us, default=None)),
        "speaker_switches": switch_count,
        "interactivity_per_min": ratio(60_000_000 * switch_count, meeting.clean.duration_us),
        "tied_ipus": taking.roles.count(Role.TIED),
        "turn_count_sd": _population_sd([turn_counts[key] for key in meeting.people])
        if meeting.is_speech_attributed
        else None,
    }


def turn_rows(recording_id: str, taking: TurnTaking) -> list[Row]:
    """Rows of `Turns`, in column order."""
    entries = [(turn.start_us, turn.end_us, "turn", turn.speaker) for turn in taking.turns]
    entries += [(unit.start_us, unit.end_us, "backchannel", unit.speaker) for unit in taking.backchannels]
    return [
        (recording_id, index, speaker, to_seconds(start_us), to_seconds(end_us), kind)
        for index, (start_us, end_us, kind, speaker) in enumerate(sorted(entries))
    ]


def transition_rows(recording_id: str, taking: TurnTaking) -> list[Row]:
    """Rows of `SpeakerTransitions`, in column order."""
    counts = Counter((switch.before, switch.after) for switch in taking.switches)
    return [(recording_id, before, after, count) for (before, after), count in sorted(counts.items())]


def _length_columns(lengths_us: Sequence[int]) -> Columns:
    return {
        "mean_turn_s": ratio(to_seconds(sum(lengths_us)), len(lengths_us)),
        "median_turn_s": seconds_or_none(median(lengths_us)),
        "longest_monologue_s": seconds_or_none(max(lengths_us, default=None)),
    }


def _population_sd(counts: Sequence[int]) -> float | None:
    """Population standard deviation; None without counts."""
    n = len(counts)
    if n == 0:
        return None
    return math.sqrt(n * sum(count * count for count in counts) - sum(counts) ** 2) / n
