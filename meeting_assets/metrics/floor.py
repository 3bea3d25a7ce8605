"""Turn taking: the effect of each inter-pausal unit (IPU) on the floor, and the turns that follow.

    ann  ━━━━━━━  ━━━━━━            ━━━━━━━        an IPU: one speaker's speech, pauses under `ipu_gap_s` included
    bo        ━       ━━━━━━━━━                    an IPU inside ann's floor opens no turn, one that goes on does
    cy              ─                              short, between two IPUs of ann: a backchannel
      = ━━━━━━━━━━━━━━━
                      ━━━━━━━━━
                                    ━━━━━━━        turns; two speaker switches

IPUs are ordered by (start, end). Among IPUs that agree in both, the speaker with the most talk time in the meeting
comes first; if two speakers share the most talk time, none of these IPUs takes the floor (*tied*), because names must
not decide. An IPU that starts inside the floor of the turn's holder and ends at most `backchannel_edge_s` after it is
*inside* and opens no turn. IPUs of one speaker with pauses up to `turn_gap_s` form one turn if no other speaker took
the floor between them (Sacks, Schegloff & Jefferson 1974).

`unknown` takes no turns.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import groupby, pairwise
from typing import NamedTuple

from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.speech import SpokenMeeting
from meeting_assets.metrics.timeline.intervals import to_microseconds
from meeting_assets.metrics.timeline.speech_segments import FloorState, SpeechSegment, segments_in_order
from meeting_assets.metrics.words import WordTimes


class Role(Enum):
    """The effect of an IPU on the floor."""

    TURN = auto()
    """Takes or keeps the floor."""
    INSIDE = auto()
    """Lies inside another speaker's floor."""
    BACKCHANNEL = auto()
    """Responds briefly and leaves the floor to its holder."""
    TIED = auto()
    """Could take the floor just as well as another speaker's IPU of the same start and end."""


class Switch(NamedTuple):
    """Two consecutive turns of different speakers."""

    before: str
    after: str
    offset_us: int
    """Floor transfer offset: start of the later turn - end of the earlier one; negative if they overlap."""


@dataclass(frozen=True, slots=True)
class TurnTaking:
    """The IPUs of a meeting in order, their roles, and the turns that follow."""

    ipus: Sequence[SpeechSegment]
    roles: Sequence[Role]
    turns: Sequence[SpeechSegment]
    switches: Sequence[Switch]
    uninterrupted_us: Mapping[str, int]
    """Per speaker the longest uninterrupted speech."""

    @property
    def backchannels(self) -> list[SpeechSegment]:
        return [ipu for ipu, role in zip(self.ipus, self.roles, strict=True) if role is Role.BACKCHANNEL]


def turn_taking(meeting: SpokenMeeting, words: WordTimes, parameters: Parameters) -> TurnTaking:
    """Finds the turns and backchannels of a meeting."""
    turn_gap_us = to_microseconds(parameters.dead_air_s)
    ipus, tied = ordered_ipus(
        segments_in_order(meeting.known_speech, gap_us=to_microseconds(parameters.ipu_gap_s)), meeting.talk_us
    )
    roles = floor_roles(
        ipus,
        tied=tied,
        short=[_is_short(ipu, words, parameters) for ipu in ipus],
        edge_us=to_microseconds(parameters.backchannel_edge_s),
    )
    turns = turns_of((ipu for ipu, role in zip(ipus, roles, strict=True) if role is Role.TURN), turn_gap_us)
    return TurnTaking(ipus, roles, turns, switches_of(turns), longest_uninterrupted_us(meeting.floor, turn_gap_us))


def ordered_ipus(
    ipus: Iterable[SpeechSegment], talk_us: Mapping[str, int]
) -> tuple[list[SpeechSegment], frozenset[int]]:
    """IPUs in the order in which they may take the floor, and the indices of tied ones.

    >>> both = [SpeechSegment(0, 5, "ann"), SpeechSegment(0, 5, "bo")]
    >>> [ipu.speaker for ipu in ordered_ipus(both, {"ann": 5, "bo": 9})[0]]
    ['bo', 'ann']
    >>> sorted(ordered_ipus(both, {"ann": 5, "bo": 5})[1])
    [0, 1]
    """
    ordered = sorted(ipus, key=lambda ipu: (ipu.start_us, ipu.end_us, -talk_us.get(ipu.speaker, 0), ipu.speaker))
    tied: set[int] = set()
    for _, same_times in groupby(enumerate(ordered), key=lambda indexed: indexed[1][:2]):
        first, *others = same_times
        if others and talk_us.get(first[1].speaker, 0) == talk_us.get(others[0][1].speaker, 0):
            tied.update(index for index, _ in (first, *others))
    return ordered, frozenset(tied)


def floor_roles(
    ipus: Sequence[SpeechSegment], *, tied: Collection[int], short: Sequence[bool], edge_us: int
) -> list[Role]:
    """The role of each IPU.

    A short IPU is a backchannel if it lies inside the holder's floor, or if the holder speaks next; other speakers'
    short IPUs between do not count.

    Args:
        ipus: in the order of `ordered_ipus`.
        tied: indices of tied IPUs.
        short: for each IPU, whether it is short enough to be a backchannel.
        edge_us: an IPU inside another's floor may end so much later.
    """
    indices: dict[str, list[int]] = defaultdict(list)
    for index, ipu in enumerate(ipus):
        indices[ipu.speaker].append(index)
    next_long = _next_long(short)
    roles: list[Role] = []
    holder, floor_end_us = None, 0
    for index, (start_us, end_us, speaker) in enumerate(ipus):
        is_other = holder is not None and speaker != holder
        if is_other and start_us < floor_end_us and end_us <= floor_end_us + edge_us:
            roles.append(Role.BACKCHANNEL if short[index] else Role.INSIDE)
        elif index in tied:
            roles.append(Role.TIED)
        elif is_other and short[index] and _first_after(index, indices[holder or ""]) <= next_long[index]:
            roles.append(Role.BACKCHANNEL)
        else:
            roles.append(Role.TURN)
            holder, floor_end_us = speaker, end_us
    return roles


def turns_of(ipus: Iterable[SpeechSegment], gap_us: int) -> list[SpeechSegment]:
    """Turns made of IPUs that take the floor: consecutive IPUs of one speaker with gaps up to `gap_us` are one turn."""
    turns: list[SpeechSegment] = []
    for ipu in ipus:
        if turns and turns[-1].speaker == ipu.speaker and ipu.start_us - turns[-1].end_us <= gap_us:
            turns[-1] = turns[-1]._replace(end_us=ipu.end_us)
        else:
            turns.append(ipu)
    return turns


def switches_of(turns: Iterable[SpeechSegment]) -> list[Switch]:
    """The changes of speaker between consecutive turns."""
    return [
        Switch(before.speaker, after.speaker, after.start_us - before.end_us)
        for before, after in pairwise(turns)
        if before.speaker != after.speaker
    ]


def longest_uninterrupted_us(floor: Iterable[FloorState], gap_us: int) -> dict[str, int]:
    """Per speaker the longest speech that no other speech interrupts, own pauses up to `gap_us` included."""
    longest_us: dict[str, int] = {}
    speaker, start_us, end_us = None, 0, 0
    for state in floor:
        if state.speaker_count == 0:
            continue
        if state.speaker != speaker or state.start_us - end_us > gap_us:
            speaker, start_us = state.speaker, state.start_us
        end_us = state.end_us
        if speaker is not None:
            longest_us[speaker] = max(longest_us.get(speaker, 0), end_us - start_us)
    return longest_us


def _is_short(ipu: SpeechSegment, words: WordTimes, parameters: Parameters) -> bool:
    """Whether an IPU is short enough to be a backchannel."""
    if ipu.length_us > to_microseconds(parameters.backchannel_max_s):
        return False
    return words.is_empty or words.count_in(ipu) <= parameters.backchannel_max_words


def _next_long(short: Sequence[bool]) -> list[int]:
    """For each IPU the index of the next one that is not short; the number of IPUs if there is none."""
    following = len(short)
    next_long: list[int] = []
    for index in reversed(range(len(short))):
        next_long.append(following)
        following = following if short[index] else index
    return next_long[::-1]


def _first_after(index: int, ordered: Sequence[int]) -> float:
    """The first of some ordered indices after `index`; infinite if there is none."""
    after = bisect_right(ordered, index)
    return ordered[after] if after < len(ordered) else float("inf")
