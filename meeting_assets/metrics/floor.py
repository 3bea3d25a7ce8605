"""Turn taking: the effect of each inter-pausal unit (IPU) on the floor, and the turns that follow.

    ann  ━━━━━━━  ━━━━━━            ━━━━━━━        an IPU: one speaker's speech, pauses under `ipu_gap_s` included
    bo        ━       ━━━━━━━━━                    an IPU inside ann's floor opens no turn, one that goes on does
    cy              ─                              "mm-hm": a backchannel
      = ━━━━━━━━━━━━━━━
                      ━━━━━━━━━
                                    ━━━━━━━        turns; two speaker switches

IPUs are ordered by (start, end). Among IPUs that agree in both, the speaker with the most talk time in the meeting
comes first; if two speakers share the most talk time, none of these IPUs takes the floor (*tied*), because names must
not decide. An IPU that starts inside the floor of the turn's holder and ends at most `backchannel_edge_s` after it is
*inside* and opens no turn. The IPUs of one speaker form one turn while no other speaker takes the floor and the pauses
stay under `dead_air_s` (Sacks, Schegloff & Jefferson 1974).

A *backchannel* is a listener's short response. Its words tell it from other short speech: all of them are listening
words (`listening`), and it answers no question. Only where its words are unknown do length and floor decide.

    ann  ━━━━━━━━━━━━   ━━━━━━━     ━━━━━━━━?       ━━━━━━
    bo           Mm-hm      Great.             Yes.             only "Mm-hm" is a backchannel

`unknown` takes no turns.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import groupby, pairwise
from typing import NamedTuple

from meeting_assets.core.words import word_count
from meeting_assets.metrics.listening import is_listening, listening_words
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.speech import SpokenMeeting
from meeting_assets.metrics.timeline.intervals import to_microseconds
from meeting_assets.metrics.timeline.speech_segments import FloorState, SpeechSegment, segments_in_order, talk_times_us
from meeting_assets.metrics.word_times import WordTimes

# A question mark at the end of a text; quotation marks and other signs may follow.
_QUESTION = re.compile(r"[?\uff1f\u061f]\W*$")


class Role(Enum):
    """The effect of an IPU on the floor."""

    TURN = auto()
    """Takes or keeps the floor."""
    INSIDE = auto()
    """Lies inside another speaker's floor."""
    BACKCHANNEL = auto()
    """A listener's short response, which leaves the floor to its holder."""
    TIED = auto()
    """Could take the floor just as well as another speaker's IPU of the same start and end."""


class Response(Enum):
    """Whether an IPU can be a backchannel."""

    BY_WORDS = auto()
    """It has listening words alone: a listener's response, unless it answers a question."""
    BY_FLOOR = auto()
    """It is short and its words are unknown: a response if the floor stays with its holder."""
    NONE = auto()
    """It is too long, or has other words."""


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
    dead_air_us = to_microseconds(parameters.dead_air_s)
    speech = meeting.known_speech
    ipus, tied = ordered_ipus(
        segments_in_order(speech, gap_us=to_microseconds(parameters.ipu_gap_s)), talk_times_us(speech)
    )
    roles = floor_roles(
        ipus,
        tied=tied,
        responses=responses_of(ipus, words, listening_words(meeting.given.language_codes), parameters),
        is_asked=lambda holder, ipu: is_asked(words, holder, ipu),
        edge_us=to_microseconds(parameters.backchannel_edge_s),
    )
    turns = turns_of((ipu for ipu, role in zip(ipus, roles, strict=True) if role is Role.TURN), dead_air_us)
    return TurnTaking(ipus, roles, turns, switches_of(turns), longest_uninterrupted_us(meeting.floor, dead_air_us))


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


def responses_of(
    ipus: Sequence[SpeechSegment], words: WordTimes, listening: Collection[str], parameters: Parameters
) -> list[Response]:
    """Whether each IPU can be a backchannel.

    Args:
        ipus: by start.
        words: of the transcript.
        listening: listening words of the transcript's languages; empty if they have no list.
        parameters: the settings in force.
    """
    most_words, longest_us = parameters.backchannel_max_words, to_microseconds(parameters.backchannel_max_s)
    responses: list[Response] = []
    for ipu, text in zip(ipus, words.texts_in(ipus, most_words=most_words), strict=True):
        if text is not None and word_count(text) > most_words:
            responses.append(Response.NONE)
        elif text is not None and listening:
            responses.append(Response.BY_WORDS if is_listening(text, listening) else Response.NONE)
        else:
            responses.append(Response.BY_FLOOR if ipu.length_us <= longest_us else Response.NONE)
    return responses


def is_asked(words: WordTimes, holder: str, ipu: SpeechSegment) -> bool:
    """Whether the holder of the floor has just asked a question.

    holder  ...  agree?                 the last word before the IPU ends in a question mark
    ipu             Yes.                and ends no later than the IPU, for an answer may overlap the question
    """
    last = words.last_before(holder, ipu.start_us)
    if last is None:
        return False
    _, asked_us, text = last
    return asked_us <= ipu.end_us and _QUESTION.search(text) is not None


def floor_roles(
    ipus: Sequence[SpeechSegment],
    *,
    tied: Collection[int],
    responses: Sequence[Response],
    is_asked: Callable[[str, SpeechSegment], bool],
    edge_us: int,
) -> list[Role]:
    """The role of each IPU.

    A response comes from a listener: the holder's own IPUs are part of the turn, also with listening words. By the
    floor, an IPU is a backchannel if it lies inside the holder's floor, or if the holder speaks next; possible
    responses of other speakers between do not count.

    Args:
        ipus: in the order of `ordered_ipus`.
        tied: indices of tied IPUs.
        responses: from `responses_of`.
        is_asked: whether the first speaker has just asked what the IPU may answer.
        edge_us: an IPU inside another's floor may end so much later.
    """
    continues_after = _continuation(ipus, responses)
    roles: list[Role] = []
    holder, floor_end_us = "", 0
    for index, (start_us, end_us, speaker) in enumerate(ipus):
        is_listener = bool(holder) and speaker != holder
        is_inside = is_listener and start_us < floor_end_us and end_us <= floor_end_us + edge_us
        by_floor = responses[index] is Response.BY_FLOOR
        if is_listener and responses[index] is Response.BY_WORDS and not is_asked(holder, ipus[index]):
            roles.append(Role.BACKCHANNEL)
        elif is_inside:
            roles.append(Role.BACKCHANNEL if by_floor else Role.INSIDE)
        elif index in tied:
            roles.append(Role.TIED)
        elif is_listener and by_floor and continues_after(holder, index):
            roles.append(Role.BACKCHANNEL)
        else:
            roles.append(Role.TURN)
            holder, floor_end_us = speaker, end_us
    return roles


def turns_of(ipus: Iterable[SpeechSegment], dead_air_us: int) -> list[SpeechSegment]:
    """Turns made of IPUs that take the floor: consecutive IPUs of one speaker with shorter gaps are one turn.

    ann  ━━━━━━    ━━━━━            ━━━━━━     gaps of 2 s and 12 s
       = ━━━━━━━━━━━━━━━            ━━━━━━     two turns, one run
    """
    turns: list[SpeechSegment] = []
    for ipu in ipus:
        if turns and turns[-1].speaker == ipu.speaker and ipu.start_us - turns[-1].end_us < dead_air_us:
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


def longest_uninterrupted_us(floor: Iterable[FloorState], dead_air_us: int) -> dict[str, int]:
    """Per speaker the longest speech that no other speech interrupts, own pauses under `dead_air_us` included."""
    longest_us: dict[str, int] = {}
    speaker, start_us, end_us = None, 0, 0
    for state in floor:
        if state.speaker_count == 0:
            continue
        if state.speaker != speaker or state.start_us - end_us >= dead_air_us:
            speaker, start_us = state.speaker, state.start_us
        end_us = state.end_us
        if speaker is not None:
            longest_us[speaker] = max(longest_us.get(speaker, 0), end_us - start_us)
    return longest_us


def _continuation(ipus: Iterable[SpeechSegment], responses: Sequence[Response]) -> Callable[[str, int], bool]:
    """Whether a speaker goes on after an IPU, before another speaker has an IPU that cannot be a response."""
    indices: dict[str, list[int]] = defaultdict(list)
    for index, ipu in enumerate(ipus):
        indices[ipu.speaker].append(index)
    next_other = _next_other(responses)
    return lambda speaker, index: _first_after(index, indices[speaker]) <= next_other[index]


def _next_other(responses: Sequence[Response]) -> list[int]:
    """For each IPU the index of the next one that cannot be a response; the number of IPUs if there is none."""
    following = len(responses)
    next_other: list[int] = []
    for index in reversed(range(len(responses))):
        next_other.append(following)
        following = index if responses[index] is Response.NONE else following
    return next_other[::-1]


def _first_after(index: int, ordered: Sequence[int]) -> float:
    """The first of some ordered indices after `index`; infinite if there is none."""
    after = bisect_right(ordered, index)
    return ordered[after] if after < len(ordered) else float("inf")
