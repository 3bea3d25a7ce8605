"""Who held the floor: turns, runs, monologues, and who followed whom.

    ann  ━━━━━━━  ━━━━━━            ━━━━━━━        an IPU: one speaker's speech, pauses under `ipu_gap_s` included
    bo        ━       ━━━━━━━━━                    one inside ann's floor opens no turn, one that goes on does
    cy              ─                              short, between two of ann: a backchannel
      = ━━━━━━━━━━━━━━━
                      ━━━━━━━━━
                                    ━━━━━━━        turns; two speaker switches

IPUs are taken by (start, end). Where several agree in both, whoever of them talks most in the whole meeting comes
first; if two talk equally much, none of them takes the floor (`tied_ipus`), since names decide nothing. An IPU that
starts inside the floor of the turn's holder and ends no later than `backchannel_edge_s` after it is *inside* and opens
no turn. Floor IPUs of one speaker with pauses up to `turn_gap_s` are one turn if nobody else took the floor between
them (Sacks, Schegloff & Jefferson 1974).

`unknown` takes no turns.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat

from sqlmodel import Field, SQLModel

from meeting_assets.metrics.arithmetic import median, ratio, seconds_or_none
from meeting_assets.metrics.lineage import LENGTH, PEOPLE, SPEECH, WORD_TIMES
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.speech import Columns, Row, SpokenMeeting
from meeting_assets.metrics.timeline.arrays import Column, np
from meeting_assets.metrics.timeline.intervals import microseconds, seconds
from meeting_assets.metrics.timeline.speech_segments import Floor, Stretches, counted, greatest, of_each, runs
from meeting_assets.metrics.words import WordTimes
from meeting_assets.schema.columns import KEYED, RecordingRow
from meeting_assets.schema.lineage import derived_from

FLOOR = (*SPEECH, *WORD_TIMES)
"""What turns are made from: words decide what is short enough to be a backchannel."""

# What an IPU does to the floor: take it or go on with it; nothing, inside another's; listen aloud; nothing, being tied.
ON_FLOOR, INSIDE, BACKCHANNEL, TIED = range(4)


@dataclass(frozen=True, slots=True)
class Switches:
    """Where two speakers have the floor one after the other: who, and from the end of one turn to the next's start."""

    before: Column
    after: Column
    offset_us: Column
    """Negative where they overlap."""
    names: Sequence[str]


@dataclass(frozen=True, slots=True)
class TurnTaking:
    """The IPUs of a meeting in order, what each does to the floor, and the turns they make."""

    ipus: Stretches
    roles: Column
    turns: Stretches
    switches: Switches
    alone_us: Mapping[str, int]
    """Per speaker the longest stretch in which nobody else speaks."""

    @property
    def backchannels(self) -> Stretches:
        """The IPUs that are no more than listening aloud."""
        return self.ipus.at(self.roles == BACKCHANNEL)


class ParticipantTurns(SQLModel):
    """Columns of `participant_metrics`."""

    turn_count: int | None = Field(
        description="turns: stretches in which they hold the floor", sa_column_kwargs=derived_from(*FLOOR)
    )
    run_count: int | None = Field(
        description="maximal sequences of their turns with nobody else's between, however long the pauses "
        "(Fireflies' `monologues_count` counts these)",
        sa_column_kwargs=derived_from(*FLOOR),
    )
    mean_turn_s: float | None = Field(
        description="s; mean length of their turns", sa_column_kwargs=derived_from(*FLOOR)
    )
    median_turn_s: float | None = Field(
        description="s; median length of their turns", sa_column_kwargs=derived_from(*FLOOR)
    )
    longest_monologue_s: float | None = Field(
        description="s; their longest turn, pauses up to turn_gap_s included, not broken by speech inside it "
        "(Gong's longest monologue)",
        sa_column_kwargs=derived_from(*FLOOR),
    )
    longest_uninterrupted_s: float | None = Field(
        description="s; longest stretch in which only they speak, pauses up to turn_gap_s included; any speech of "
        "another ends it (Zoom's longest spiel)",
        sa_column_kwargs=derived_from(*SPEECH),
    )


class MeetingTurns(SQLModel):
    """Columns of `meeting_metrics`."""

    turn_count: int | None = Field(description="turns of all participants", sa_column_kwargs=derived_from(*FLOOR))
    run_count: int | None = Field(
        description="turns, those of one participant in a row counted once; speaker_switches + 1",
        sa_column_kwargs=derived_from(*FLOOR),
    )
    mean_turn_s: float | None = Field(description="s; mean length of all turns", sa_column_kwargs=derived_from(*FLOOR))
    median_turn_s: float | None = Field(
        description="s; median length of all turns", sa_column_kwargs=derived_from(*FLOOR)
    )
    longest_monologue_s: float | None = Field(description="s; the longest turn", sa_column_kwargs=derived_from(*FLOOR))
    longest_monologue_start_s: float | None = Field(
        description="s; where the longest turn starts, the first of several", sa_column_kwargs=derived_from(*FLOOR)
    )
    longest_monologue_key: str | None = Field(
        description="participant_key of who has the longest turn", sa_column_kwargs=derived_from(*FLOOR)
    )
    longest_uninterrupted_s: float | None = Field(
        description="s; the longest of longest_uninterrupted_s of all participants",
        sa_column_kwargs=derived_from(*SPEECH),
    )
    speaker_switches: int | None = Field(
        description="changes of speaker between consecutive turns; the sum of speaker_transitions",
        sa_column_kwargs=derived_from(*FLOOR),
    )
    interactivity_per_min: float | None = Field(
        description="1/min; speaker_switches / (duration_s / 60) (what Gong's interactivity scores from 0 to 10)",
        sa_column_kwargs=derived_from(*FLOOR, *LENGTH),
    )
    tied_ipus: int | None = Field(
        description="stretches of speech that took no floor because another of the same start and end, by somebody "
        "who talks equally much, might have",
        sa_column_kwargs=derived_from(*FLOOR),
    )
    turn_count_sd: float | None = Field(
        description="turns; population standard deviation of turn_count over all attendees (Woolley et al. 2010)",
        sa_column_kwargs=derived_from(*FLOOR, *PEOPLE),
    )


class Turns(RecordingRow, table=True):
    """Who held the floor when, and the short sounds of listening between.

    Grain: one row per (recording, turn or backchannel).
    """

    __tablename__ = "turns"
    __table_args__ = KEYED

    turn_index: int = Field(
        primary_key=True, description="0-based, by start, then end", sa_column_kwargs=derived_from(*FLOOR)
    )
    participant_key: str = Field(
        index=True, description="who: a row of participant_metrics", sa_column_kwargs=derived_from(*FLOOR)
    )
    start_s: float = Field(
        description="s; from the start of the recording to that of the turn", sa_column_kwargs=derived_from(*FLOOR)
    )
    end_s: float = Field(
        description="s; from the start of the recording to the end of the turn", sa_column_kwargs=derived_from(*FLOOR)
    )
    kind: str = Field(
        description="turn, or backchannel: short, inside another's floor or between two stretches of it",
        sa_column_kwargs=derived_from(*FLOOR),
    )


class SpeakerTransitions(RecordingRow, table=True):
    """Who took the floor after whom.

    Grain: one row per (recording, speaker, next speaker), for pairs that occur; nobody follows themselves.
    """

    __tablename__ = "speaker_transitions"
    __table_args__ = KEYED

    from_key: str = Field(
        primary_key=True, description="participant_key of who had the floor", sa_column_kwargs=derived_from(*FLOOR)
    )
    to_key: str = Field(
        primary_key=True, description="participant_key of who took it", sa_column_kwargs=derived_from(*FLOOR)
    )
    switch_count: int = Field(description="how often; sums to speaker_switches", sa_column_kwargs=derived_from(*FLOOR))


def turn_taking(meeting: SpokenMeeting, words: WordTimes, parameters: Parameters) -> TurnTaking:
    """Turns, and what is none."""
    speech = meeting.known_speech
    units, tied = settled(ipus(speech, microseconds(parameters.ipu_gap_s)), meeting.talk_us)
    short = units.end - units.start <= microseconds(parameters.backchannel_max_s)
    if words.are_there:
        are_few = [words.within(unit) <= parameters.backchannel_max_words for unit in units.at(short).rows()]
        short[short] = are_few
    edge_us = microseconds(parameters.backchannel_edge_s)
    roles = floor_roles(units, tied=tied, short=short.tolist(), edge_us=edge_us)
    turn_gap_us = microseconds(parameters.turn_gap_s)
    turns = turns_of(units.at(roles == ON_FLOOR), turn_gap_us)
    return TurnTaking(units, roles, turns, switches(turns), alone_us=uninterrupted_us(meeting.floor, turn_gap_us))


def ipus(speech: Stretches, gap_us: int) -> Stretches:
    """All speakers' speech, each joined over gaps shorter than `gap_us`, by start and end."""
    return speech.joined(gap_us).in_order()


def floor_roles(units: Stretches, *, tied: Collection[int], short: Sequence[bool], edge_us: int) -> Column:
    """What each IPU does to the floor, given the places of those that are tied and whether each is short.

    A backchannel is short, and either inside the floor of the holder, or such that the next IPU that is the holder's
    or not short is the holder's.
    """
    starts, ends, speakers = units.start.tolist(), units.end.tolist(), units.who.tolist()
    places: dict[int, list[int]] = defaultdict(list)
    next_long: list[int] = []
    if True in short:
        next_long = _next_long(short)
        for place, speaker in enumerate(speakers):
            places[speaker].append(place)
    roles = bytearray(len(units))
    holder, until_us = None, 0
    for place, (start, end, speaker) in enumerate(zip(starts, ends, speakers, strict=True)):
        if holder is not None and speaker != holder and start < until_us and end <= until_us + edge_us:
            roles[place] = BACKCHANNEL if short[place] else INSIDE
        elif place in tied:
            roles[place] = TIED
        elif (
            short[place]
            and holder is not None
            and speaker != holder
            and _goes_on(places[holder], place, next_long[place])
        ):
            roles[place] = BACKCHANNEL
        else:
            holder, until_us = speaker, end
    return np.frombuffer(roles, np.uint8)


def turns_of(on_floor: Stretches, gap_us: int) -> Stretches:
    """IPUs that take the floor, in order, put together: one speaker's with gaps up to `gap_us` are a turn."""
    return on_floor.joined(gap_us + 1)


def switches(turns: Stretches) -> Switches:
    """Consecutive turns of two speakers."""
    before, after = turns.who[:-1], turns.who[1:]
    are = before != after
    return Switches(before[are], after[are], (turns.start[1:] - turns.end[:-1])[are], turns.names)


def uninterrupted_us(floor: Floor, gap_us: int) -> dict[str, int]:
    """Per speaker the longest stretch in which nobody else speaks, with own pauses of up to `gap_us`."""
    spoken = floor.count > 0
    alone = Stretches(floor.start[spoken], floor.end[spoken], floor.sole[spoken], floor.names).joined(gap_us + 1)
    return greatest(alone.end - alone.start, alone.who, alone.names)


def participant_turns(meeting: SpokenMeeting, taking: TurnTaking) -> dict[str, Columns]:
    """The columns of `ParticipantTurns` for each of the people."""
    if meeting.timing_source is None:
        return {key: dict.fromkeys(ParticipantTurns.model_fields) for key in meeting.people}
    turns = taking.turns
    lengths = of_each(turns.end - turns.start, turns.who, turns.names)
    run_counts = counted(np.concatenate((turns.who[:1], taking.switches.after)), turns.names)
    return {
        key: {
            "turn_count": len(lengths.get(key, ())),
            "run_count": run_counts.get(key, 0),
            **_lengths(lengths.get(key, ())),
            "longest_uninterrupted_s": seconds_or_none(taking.alone_us.get(key)),
        }
        for key in meeting.people
    }


def meeting_turns(meeting: SpokenMeeting, taking: TurnTaking) -> Columns:
    """The columns of `MeetingTurns`."""
    if meeting.timing_source is None:
        return dict.fromkeys(MeetingTurns.model_fields)
    turns, switch_count = taking.turns, len(taking.switches.after)
    lengths = turns.end - turns.start
    # Turns are in order of their starts.
    place = int(lengths.argmax()) if len(turns) else None
    alone_us = [taking.alone_us[key] for key in meeting.people if key in taking.alone_us]
    counts = counted(turns.who, turns.names)
    return {
        "turn_count": len(turns),
        "run_count": switch_count + 1 if len(turns) else 0,
        **_lengths(np.sort(lengths).tolist()),
        "longest_monologue_start_s": None if place is None else seconds(int(turns.start[place])),
        "longest_monologue_key": None if place is None else turns.names[int(turns.who[place])],
        "longest_uninterrupted_s": seconds_or_none(max(alone_us, default=None)),
        "speaker_switches": switch_count,
        "interactivity_per_min": ratio(60_000_000 * switch_count, meeting.clean.duration_us),
        "tied_ipus": int(np.count_nonzero(taking.roles == TIED)),
        "turn_count_sd": _deviation([counts.get(key, 0) for key in meeting.people]),
    }


def turn_rows(recording_id: str, taking: TurnTaking) -> list[Row]:
    """Rows of `Turns`, in column order."""
    turns, listened = taking.turns, taking.backchannels
    start, end, who = turns.start, turns.end, turns.who
    kinds: Iterable[str] = repeat("turn")
    if len(listened):
        start, end, who = (
            np.concatenate(columns) for columns in ((start, listened.start), (end, listened.end), (who, listened.who))
        )
        is_turn = np.arange(len(who)) < len(turns)
        order = np.lexsort((who, is_turn, end, start))
        start, end, who = start[order], end[order], who[order]
        kinds = map(("backchannel", "turn").__getitem__, is_turn[order].tolist())
    speakers = map(turns.names.__getitem__, who.tolist())
    # `seconds` of all at once.
    times_s = (start / 1_000_000).tolist(), (end / 1_000_000).tolist()
    return [*zip(repeat(recording_id), range(len(who)), speakers, *times_s, kinds, strict=False)]


def transition_rows(recording_id: str, taking: TurnTaking) -> list[Row]:
    """Rows of `SpeakerTransitions`, in column order."""
    switches = taking.switches
    if not len(switches.after):
        return []
    names = switches.names
    pairs = np.sort(switches.before * len(names) + switches.after)
    first, last = runs(pairs[1:] != pairs[:-1])
    return [
        (recording_id, names[pair // len(names)], names[pair % len(names)], count)
        for pair, count in zip(pairs[first].tolist(), (last - first + 1).tolist(), strict=True)
    ]


def settled(units: Stretches, talk_us: Mapping[str, int]) -> tuple[Stretches, set[int]]:
    """IPUs with the one first, among several of the same start and end, whose speaker talks most; places of the tied.

    With two who talk most, all of them are tied.
    """
    apart = (units.start[1:] != units.start[:-1]) | (units.end[1:] != units.end[:-1])
    if apart.all():
        return units, set()
    talk = np.array([talk_us.get(name, 0) for name in units.names], units.start.dtype)[units.who]
    order = np.lexsort((-talk, units.end, units.start))
    talk = talk[order]
    first, last = runs(apart)
    is_tied = (last > first) & (talk[first] == talk[np.minimum(first + 1, last)])
    groups = zip(first[is_tied].tolist(), last[is_tied].tolist(), strict=True)
    return units.at(order), {place for one, other in groups for place in range(one, other + 1)}


def _next_long(short: Sequence[bool]) -> list[int]:
    """For each place the next one of an IPU that is not short; the number of IPUs where there is none."""
    following = [len(short)] * len(short)
    for place in range(len(short) - 2, -1, -1):
        following[place] = following[place + 1] if short[place + 1] else place + 1
    return following


def _goes_on(places: Sequence[int], place: int, next_long: int) -> bool:
    """Whether the next of some places after one comes no later than `next_long`."""
    after = bisect_right(places, place)
    return after < len(places) and places[after] <= next_long


def _lengths(lengths_us: Sequence[int]) -> Columns:
    return {
        "mean_turn_s": ratio(seconds(sum(lengths_us)), len(lengths_us)),
        "median_turn_s": seconds_or_none(median(lengths_us)),
        "longest_monologue_s": seconds_or_none(max(lengths_us, default=None)),
    }


def _deviation(counts: Sequence[int]) -> float | None:
    """Population standard deviation; 0 for one, None for nobody."""
    n = len(counts)
    if n == 0:
        return None
    return math.sqrt(n * sum(count * count for count in counts) - sum(counts) ** 2) / n
