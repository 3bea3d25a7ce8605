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
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

from sqlmodel import Field, SQLModel

from meeting_assets.core.intervals import FloorState, joined, microseconds, seconds
from meeting_assets.metrics.arithmetic import median, ratio, seconds_or_none
from meeting_assets.metrics.hygiene import SpeechBySpeaker
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.sources import LENGTH, PEOPLE, SPEECH, WORD_TIMES
from meeting_assets.metrics.speech import Columns, Row, SpokenMeeting
from meeting_assets.metrics.words import WordTimes
from meeting_assets.store.columns import KEYED, RecordingRow
from meeting_assets.store.lineage import made_from

FLOOR = (*SPEECH, *WORD_TIMES)
"""What turns are made from: words decide what is short enough to be a backchannel."""

Role: TypeAlias = Literal["floor", "inside", "backchannel", "tied"]


# Start and end in microseconds, and speaker: plain tuples, for there are many. An inter-pausal unit is one speaker's
# speech without a pause worth the name, a turn a stretch in which one holds the floor.
Ipu: TypeAlias = tuple[int, int, str]
Turn: TypeAlias = tuple[int, int, str]
# Consecutive turns of two speakers.
Switch: TypeAlias = tuple[Turn, Turn]


@dataclass(frozen=True, slots=True)
class TurnTaking:
    """The IPUs of a meeting in order, what each does to the floor, and the turns they make."""

    ipus: Sequence[Ipu]
    roles: Sequence[Role]
    turns: Sequence[Turn]
    switches: Sequence[Switch]
    alone_us: Mapping[str, int]
    """Per speaker the longest stretch in which nobody else speaks."""

    @property
    def backchannels(self) -> list[Ipu]:
        """The IPUs that are no more than listening aloud."""
        if "backchannel" not in self.roles:
            return []
        return [unit for unit, role in zip(self.ipus, self.roles, strict=True) if role == "backchannel"]


class ParticipantTurns(SQLModel):
    """Columns of `participant_metrics`."""

    turn_count: int | None = Field(
        description="turns: stretches in which they hold the floor", sa_column_kwargs=made_from(*FLOOR)
    )
    run_count: int | None = Field(
        description="maximal sequences of their turns with nobody else's between, however long the pauses "
        "(Fireflies' `monologues_count` counts these)",
        sa_column_kwargs=made_from(*FLOOR),
    )
    mean_turn_s: float | None = Field(description="s; mean length of their turns", sa_column_kwargs=made_from(*FLOOR))
    median_turn_s: float | None = Field(
        description="s; median length of their turns", sa_column_kwargs=made_from(*FLOOR)
    )
    longest_monologue_s: float | None = Field(
        description="s; their longest turn, pauses up to turn_gap_s included, not broken by speech inside it "
        "(Gong's longest monologue)",
        sa_column_kwargs=made_from(*FLOOR),
    )
    longest_uninterrupted_s: float | None = Field(
        description="s; longest stretch in which only they speak, pauses up to turn_gap_s included; any speech of "
        "another ends it (Zoom's longest spiel)",
        sa_column_kwargs=made_from(*SPEECH),
    )


class MeetingTurns(SQLModel):
    """Columns of `meeting_metrics`."""

    turn_count: int | None = Field(description="turns of all participants", sa_column_kwargs=made_from(*FLOOR))
    run_count: int | None = Field(
        description="turns, those of one participant in a row counted once; speaker_switches + 1",
        sa_column_kwargs=made_from(*FLOOR),
    )
    mean_turn_s: float | None = Field(description="s; mean length of all turns", sa_column_kwargs=made_from(*FLOOR))
    median_turn_s: float | None = Field(description="s; median length of all turns", sa_column_kwargs=made_from(*FLOOR))
    longest_monologue_s: float | None = Field(description="s; the longest turn", sa_column_kwargs=made_from(*FLOOR))
    longest_monologue_start_s: float | None = Field(
        description="s; where the longest turn starts, the first of several", sa_column_kwargs=made_from(*FLOOR)
    )
    longest_monologue_key: str | None = Field(
        description="participant_key of who has the longest turn", sa_column_kwargs=made_from(*FLOOR)
    )
    longest_uninterrupted_s: float | None = Field(
        description="s; the longest of longest_uninterrupted_s of all participants", sa_column_kwargs=made_from(*SPEECH)
    )
    speaker_switches: int | None = Field(
        description="changes of speaker between consecutive turns; the sum of speaker_transitions",
        sa_column_kwargs=made_from(*FLOOR),
    )
    interactivity_per_min: float | None = Field(
        description="1/min; speaker_switches / (duration_s / 60) (what Gong's interactivity scores from 0 to 10)",
        sa_column_kwargs=made_from(*FLOOR, *LENGTH),
    )
    tied_ipus: int | None = Field(
        description="stretches of speech that took no floor because another of the same start and end, by somebody "
        "who talks equally much, might have",
        sa_column_kwargs=made_from(*FLOOR),
    )
    turn_count_sd: float | None = Field(
        description="turns; population standard deviation of turn_count over all attendees (Woolley et al. 2010)",
        sa_column_kwargs=made_from(*FLOOR, *PEOPLE),
    )


class Turns(RecordingRow, table=True):
    """Who held the floor when, and the short sounds of listening between.

    Grain: one row per (recording, turn or backchannel).
    """

    __tablename__ = "turns"
    __table_args__ = KEYED

    turn_index: int = Field(
        primary_key=True, description="0-based, by start, then end", sa_column_kwargs=made_from(*FLOOR)
    )
    participant_key: str = Field(
        index=True, description="who: a row of participant_metrics", sa_column_kwargs=made_from(*FLOOR)
    )
    start_s: float = Field(
        description="s; from the start of the recording to that of the turn", sa_column_kwargs=made_from(*FLOOR)
    )
    end_s: float = Field(
        description="s; from the start of the recording to the end of the turn", sa_column_kwargs=made_from(*FLOOR)
    )
    kind: str = Field(
        description="turn, or backchannel: short, inside another's floor or between two stretches of it",
        sa_column_kwargs=made_from(*FLOOR),
    )


class SpeakerTransitions(RecordingRow, table=True):
    """Who took the floor after whom.

    Grain: one row per (recording, speaker, next speaker), for pairs that occur; nobody follows themselves.
    """

    __tablename__ = "speaker_transitions"
    __table_args__ = KEYED

    from_key: str = Field(
        primary_key=True, description="participant_key of who had the floor", sa_column_kwargs=made_from(*FLOOR)
    )
    to_key: str = Field(
        primary_key=True, description="participant_key of who took it", sa_column_kwargs=made_from(*FLOOR)
    )
    switch_count: int = Field(description="how often; sums to speaker_switches", sa_column_kwargs=made_from(*FLOOR))


def turn_taking(meeting: SpokenMeeting, words: WordTimes, parameters: Parameters) -> TurnTaking:
    """Turns, and what is none."""
    units, tied = settled(ipus(meeting.known_speech, microseconds(parameters.ipu_gap_s)), meeting.talk_us)
    longest_us = microseconds(parameters.backchannel_max_s)
    short = [
        unit[1] - unit[0] <= longest_us and words.within(unit) <= parameters.backchannel_max_words for unit in units
    ]
    roles = floor_roles(units, tied=tied, short=short, edge_us=microseconds(parameters.backchannel_edge_s))
    on_floor = [unit for unit, role in zip(units, roles, strict=True) if role == "floor"]
    turn_gap_us = microseconds(parameters.turn_gap_s)
    turns = turns_of(on_floor, turn_gap_us)
    return TurnTaking(units, roles, turns, switches(turns), alone_us=uninterrupted_us(meeting.floor, turn_gap_us))


def ipus(speech: SpeechBySpeaker, gap_us: int) -> list[Ipu]:
    """All speakers' speech, each joined over gaps shorter than `gap_us`, by start and end."""
    units = [(start, end, speaker) for speaker, spoken in speech.items() for start, end in joined(spoken, gap_us)]
    units.sort()
    return units


def floor_roles(units: Sequence[Ipu], *, tied: Collection[int], short: Sequence[bool], edge_us: int) -> list[Role]:
    """What each IPU does to the floor, given the places of those that are tied and whether each is short.

    A backchannel is short, and either inside the floor of the holder, or such that the next IPU that is the holder's
    or not short is the holder's.
    """
    places: dict[str, list[int]] = defaultdict(list)
    next_long: list[int] = []
    if True in short:
        next_long = _next_long(short)
        for place, (_, _, speaker) in enumerate(units):
            places[speaker].append(place)
    roles: list[Role] = []
    holder, until_us = None, 0
    for place, (start, end, speaker) in enumerate(units):
        if holder is not None and speaker != holder and start < until_us and end <= until_us + edge_us:
            roles.append("backchannel" if short[place] else "inside")
        elif place in tied:
            roles.append("tied")
        elif (
            short[place]
            and holder is not None
            and speaker != holder
            and _goes_on(places[holder], place, next_long[place])
        ):
            roles.append("backchannel")
        else:
            roles.append("floor")
            holder, until_us = speaker, end
    return roles


def turns_of(on_floor: Sequence[Ipu], gap_us: int) -> list[Turn]:
    """IPUs that take the floor, in order, put together: one speaker's with gaps up to `gap_us` are a turn."""
    turns: list[Turn] = []
    rest = iter(on_floor)
    for since, until, holder in rest:
        for start, end, speaker in rest:
            if speaker != holder or start - until > gap_us:
                turns.append((since, until, holder))
                since, holder = start, speaker
            until = end
        turns.append((since, until, holder))
    return turns


def switches(turns: Sequence[Turn]) -> list[Switch]:
    """Consecutive turns of two speakers."""
    return [pair for pair in pairwise(turns) if pair[0][2] != pair[1][2]]


def uninterrupted_us(states: Sequence[FloorState], gap_us: int) -> dict[str, int]:
    """Per speaker the longest stretch in which nobody else speaks, with own pauses of up to `gap_us`."""
    longest: dict[str, int] = {}
    speaker, since_us, until_us = None, 0, 0
    for start, end, count, sole in states:
        if sole is not None:
            if sole != speaker or start - until_us > gap_us:
                speaker, since_us = sole, start
            until_us = end
            if end - since_us > longest.get(sole, 0):
                longest[sole] = end - since_us
        elif count:
            speaker = None
    return longest


def participant_turns(meeting: SpokenMeeting, taking: TurnTaking) -> dict[str, Columns]:
    """The columns of `ParticipantTurns` for each of the people."""
    if meeting.timing_source is None:
        return {key: dict.fromkeys(ParticipantTurns.model_fields) for key in meeting.people}
    lengths: dict[str, list[int]] = defaultdict(list)
    for start, end, speaker in taking.turns:
        lengths[speaker].append(end - start)
    runs = Counter([speaker for _, (_, _, speaker) in taking.switches])
    runs.update(speaker for _, _, speaker in taking.turns[:1])
    return {
        key: {
            "turn_count": len(lengths[key]),
            "run_count": runs[key],
            **_lengths(lengths[key]),
            "longest_uninterrupted_s": seconds_or_none(taking.alone_us.get(key)),
        }
        for key in meeting.people
    }


def meeting_turns(meeting: SpokenMeeting, taking: TurnTaking) -> Columns:
    """The columns of `MeetingTurns`."""
    if meeting.timing_source is None:
        return dict.fromkeys(MeetingTurns.model_fields)
    turns, switch_count = taking.turns, len(taking.switches)
    lengths_us = [end - start for start, end, _ in turns]
    # Turns are in order of their starts.
    longest = turns[lengths_us.index(max(lengths_us))] if turns else None
    alone_us = [taking.alone_us[key] for key in meeting.people if key in taking.alone_us]
    counts = Counter([speaker for _, _, speaker in turns])
    return {
        "turn_count": len(turns),
        "run_count": switch_count + 1 if turns else 0,
        **_lengths(lengths_us),
        "longest_monologue_start_s": seconds(longest[0]) if longest else None,
        "longest_monologue_key": longest[2] if longest else None,
        "longest_uninterrupted_s": seconds_or_none(max(alone_us, default=None)),
        "speaker_switches": switch_count,
        "interactivity_per_min": ratio(60_000_000 * switch_count, meeting.clean.duration_us),
        "tied_ipus": taking.roles.count("tied"),
        "turn_count_sd": _deviation([counts[key] for key in meeting.people]),
    }


def turn_rows(recording_id: str, taking: TurnTaking) -> list[Row]:
    """Rows of `Turns`, in column order."""
    rows = [(start, end, "turn", speaker) for start, end, speaker in taking.turns]
    rows += [(start, end, "backchannel", speaker) for start, end, speaker in taking.backchannels]
    rows.sort()
    return [
        (recording_id, index, speaker, start / 1_000_000, end / 1_000_000, kind)  # `seconds` without a call
        for index, (start, end, kind, speaker) in enumerate(rows)
    ]


def transition_rows(recording_id: str, taking: TurnTaking) -> list[Row]:
    """Rows of `SpeakerTransitions`, in column order."""
    counts = Counter([(before[2], after[2]) for before, after in taking.switches])
    return [(recording_id, from_key, to_key, count) for (from_key, to_key), count in sorted(counts.items())]


def settled(units: Sequence[Ipu], talk_us: Mapping[str, int]) -> tuple[list[Ipu], set[int]]:
    """IPUs with the one first, among several of the same start and end, whose speaker talks most; places of the tied.

    With two who talk most, all of them are tied.
    """
    ordered = [*units]
    tied: set[int] = set()
    if not [one for one, other in pairwise(ordered) if one[0] == other[0] and one[1] == other[1]]:
        return ordered, tied
    place = 0
    while place + 1 < len(ordered):
        start, end, _ = ordered[place]
        if ordered[place + 1][0] != start or ordered[place + 1][1] != end:
            place += 1
            continue
        last = place + 1
        while last < len(ordered) and ordered[last][:2] == (start, end):
            last += 1
        ordered[place:last] = sorted(ordered[place:last], key=lambda unit: -talk_us.get(unit[2], 0))
        most, next_most = (talk_us.get(speaker, 0) for _, _, speaker in ordered[place : place + 2])
        if most == next_most:
            tied.update(range(place, last))
        place = last
    return ordered, tied


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
