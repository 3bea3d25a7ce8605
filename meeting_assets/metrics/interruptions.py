"""Interruptions and backchannels.

    ann  ━━━━━━━━━━━━━━━━━━━━━━━━━━              speech, bridged over gaps shorter than `bridge_s`
    bo          ━━        ━━━━━━━━━━━━━
                ↑ backchannel
                          ↑ interruption: starts strictly inside ann's speech, overlaps it for more than
                            `interruption_grace_s`; successful, for bo still speaks when ann has ended

An IPU overlaps for as long as the speech of others, taken together, continues under it. The interrupted speaker is the
one who started first; if two others started first at the same time, neither is. IPUs with equal starts do not interrupt
each other. `unknown` neither interrupts nor is interrupted.

A backchannel is no interruption. A speaker who goes on after an own pause under `resumption_pause_s` starts nothing
new. If the other began in that pause, this is the *resumption* of one's own turn and no interruption; if the other
spoke before, it is the same interruption:

    ann  ━━━━━━━━    ━━━━━━━━━━━━                ann resumes; neither interrupts
    bo             ━━━━━━━━━━

    ann  ━━━━━━━━━━━━━━━━━━━━━━━━                bo interrupts ann once
    bo         ━━━━  ━━━━━━

One *stretch* of simultaneous talk counts once for two speakers, however often both start anew in it:

    ann  ━━━━━━━━━━━━━━━         ━━━━━━━━━       bo interrupts ann; ann's return belongs to the same stretch
    bo          ━━━━━━━━━━━━━━━━━━━━━━━━━
    cy                ━━━━━━━━━━━━━━━━
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from sqlmodel import SQLModel

from meeting_assets.metrics.floor import Role, TurnTaking
from meeting_assets.metrics.lineage import FLOOR, STREAMS
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.speech import Columns, SpokenMeeting
from meeting_assets.metrics.timeline.intervals import Interval, to_microseconds, union
from meeting_assets.metrics.timeline.speech_segments import (
    SpeechBySpeaker,
    SpeechSegment,
    segments_in_order,
)
from meeting_assets.schema import fields


class Interruption(NamedTuple):
    """One speaker starts to talk over others, for longer than happens by chance."""

    start_us: int
    interrupter: str
    interrupted: str | None
    """None if two speakers started first at the same time."""
    is_successful: bool


class ParticipantInterruptions(SQLModel):
    """Columns of `participant_metrics`."""

    interruptions_made: int | None = fields.count(
        "IPUs that start strictly inside another's speech (bridged over bridge_s) and overlap it for more than "
        "interruption_grace_s; no backchannels, no resumptions of the participant's own turn after a pause under "
        "resumption_pause_s; one per stretch of simultaneous talk and pair; NULL where the source shows no overlap, or "
        "if too little speech is attributed",
        derived_from=(*FLOOR, *STREAMS),
    )
    interruptions_successful: int | None = fields.count(
        "of interruptions_made those that continue after the interrupted speaker has ended",
        derived_from=(*FLOOR, *STREAMS),
    )
    interruptions_received: int | None = fields.count(
        "interruptions of the participant, as the first of all interrupted speakers to start",
        derived_from=(*FLOOR, *STREAMS),
    )
    backchannel_count: int | None = fields.count(
        "responses such as mm-hm: IPUs of up to backchannel_max_words listening words that answer no question; where "
        "the words are unknown, IPUs of at most backchannel_max_s inside another's floor or between two parts of it; "
        "NULL if too little speech is attributed",
        derived_from=FLOOR,
    )


class MeetingInterruptions(SQLModel):
    """Columns of `meeting_metrics`."""

    interruption_count: int | None = fields.count(
        "interruptions by all speakers, defined as interruptions_made; NULL where the source shows no overlap",
        derived_from=(*FLOOR, *STREAMS),
    )
    backchannel_count: int | None = fields.count("backchannels of all speakers", derived_from=FLOOR)


def interruptions(meeting: SpokenMeeting, taking: TurnTaking, parameters: Parameters) -> list[Interruption]:
    """All interruptions of a meeting, in order; devices of one person do not interrupt each other."""
    candidates = [ipu for ipu, role in zip(taking.ipus, taking.roles, strict=True) if role is not Role.BACKCHANNEL]
    return interruptions_of(candidates, meeting.known_speech, meeting.persons, parameters)


def interruptions_of(
    ipus: Sequence[SpeechSegment], known_speech: SpeechBySpeaker, persons: Mapping[str, str], parameters: Parameters
) -> list[Interruption]:
    """All interruptions of a meeting, in order.

    Args:
        ipus: all IPUs but backchannels, ordered by start.
        known_speech: the speech without `unknown`.
        persons: the person of each identified participant.
        parameters: the settings in force.
    """
    bridge_us = to_microseconds(parameters.bridge_s)
    speech = segments_in_order(known_speech, gap_us=bridge_us)
    found = interruptions_among(
        ipus,
        speech,
        persons=persons,
        bridge_us=bridge_us,
        grace_us=to_microseconds(parameters.interruption_grace_s),
        resumption_us=to_microseconds(parameters.resumption_pause_s),
    )
    if len(set(persons.values())) < len(persons):
        speech = segments_in_order(speech_of_persons(known_speech, persons), gap_us=bridge_us)
    return first_per_overlap(found, simultaneous_talk(speech), persons)


def interruptions_among(
    ipus: Sequence[SpeechSegment],
    speech: Sequence[SpeechSegment],
    *,
    persons: Mapping[str, str],
    bridge_us: int,
    grace_us: int,
    resumption_us: int,
) -> list[Interruption]:
    """The interruptions by some IPUs; those that continue an interruption or resume a turn are left out.

    Args:
        ipus: candidates, ordered by start.
        speech: all speech, bridged and ordered by start.
        persons: the person of each identified speaker.
        bridge_us: others' speech continues across shorter gaps.
        grace_us: an overlap up to this length is no interruption.
        resumption_us: a speaker goes on with the same speech after a shorter own pause.
    """
    found: dict[tuple[str, int, str | None], Interruption] = {}
    underway: list[SpeechSegment] = []
    begun = 0
    for ipu, since_us in zip(ipus, speaking_since_us(ipus, resumption_us), strict=True):
        if ipu.length_us <= grace_us:
            continue
        while begun < len(speech) and speech[begun].start_us < ipu.start_us:
            underway.append(speech[begun])
            begun += 1
        underway = [segment for segment in underway if segment.end_us > ipu.start_us]
        others = [segment for segment in underway if not _is_same_person(segment, ipu, persons)]
        first_us = min((segment.start_us for segment in others), default=since_us)
        if first_us >= since_us:
            continue
        limit_us = ipu.start_us + grace_us
        following = map(speech.__getitem__, range(begun, len(speech)))
        later = (segment for segment in following if not _is_same_person(segment, ipu, persons))
        if _continued_until_us(others, later, bridge_us=bridge_us, limit_us=limit_us) > limit_us:
            each = _interruption(ipu, others, first_us)
            found.setdefault((ipu.speaker, since_us, each.interrupted), each)
    return list(found.values())


def speaking_since_us(ipus: Iterable[SpeechSegment], pause_us: int) -> list[int]:
    """For each IPU the start of its speaker's speech since the last own pause of at least `pause_us`.

    >>> ann = [SpeechSegment(0, 10, "ann"), SpeechSegment(12, 15, "ann"), SpeechSegment(20, 30, "ann")]
    >>> speaking_since_us(ann, 5)
    [0, 0, 20]
    """
    since_us: list[int] = []
    last: dict[str, tuple[int, int]] = {}
    for start_us, end_us, speaker in ipus:
        began_us, ended_us = last.get(speaker, (start_us, start_us - pause_us))
        began_us = began_us if start_us - ended_us < pause_us else start_us
        last[speaker] = began_us, end_us
        since_us.append(began_us)
    return since_us


def speech_of_persons(speech: SpeechBySpeaker, persons: Mapping[str, str]) -> dict[str, list[Interval]]:
    """The speech with all devices of one person merged, by person; other speakers keep their keys."""
    by_person: dict[str, list[Sequence[Interval]]] = defaultdict(list)
    for speaker, intervals in speech.items():
        by_person[persons.get(speaker, speaker)].append(intervals)
    return {person: union(chain.from_iterable(own)) for person, own in by_person.items()}


def simultaneous_talk(speech: Iterable[SpeechSegment]) -> list[Interval]:
    """The stretches of time in which two or more speak, in order.

        ann  ━━━━━━━━━━━        ━━━
        bo         ━━━━━━━━━━━━━━
        cy              ━━━
           =       ━━━━━━━━     ━━

    >>> simultaneous_talk([SpeechSegment(0, 11, "ann"), SpeechSegment(6, 20, "bo"), SpeechSegment(10, 13, "cy")])
    [(6, 13)]

    Args:
        speech: ordered by start; segments of one speaker do not overlap.
    """
    overlaps: list[Interval] = []
    latest_us = 0
    for start_us, end_us, _ in speech:
        if start_us < latest_us:
            overlaps.append((start_us, min(end_us, latest_us)))
        latest_us = max(latest_us, end_us)
    return union(overlaps)


def first_per_overlap(
    found: Iterable[Interruption], overlaps: Sequence[Interval], persons: Mapping[str, str]
) -> list[Interruption]:
    """The first interruption between two persons in each stretch of simultaneous talk; either of them may make it."""
    starts = [start_us for start_us, _ in overlaps]
    first: dict[tuple[int, frozenset[str | None]], Interruption] = {}
    for each in found:
        pair = frozenset(key and persons.get(key, key) for key in (each.interrupter, each.interrupted))
        first.setdefault((bisect_right(starts, each.start_us), pair), each)
    return list(first.values())


def participant_interruptions(
    meeting: SpokenMeeting, taking: TurnTaking, found: Sequence[Interruption]
) -> dict[str, Columns]:
    """The columns of `ParticipantInterruptions` for each participant."""
    if not meeting.measures_participants:
        return {key: dict.fromkeys(ParticipantInterruptions.model_fields) for key in meeting.people}
    shows_overlap = not meeting.is_single_stream
    made = Counter(each.interrupter for each in found)
    successful = Counter(each.interrupter for each in found if each.is_successful)
    received = Counter(each.interrupted for each in found)
    backchannels = Counter(unit.speaker for unit in taking.backchannels)
    return {
        key: {
            "interruptions_made": made[key] if shows_overlap else None,
            "interruptions_successful": successful[key] if shows_overlap else None,
            "interruptions_received": received[key] if shows_overlap else None,
            "backchannel_count": backchannels[key],
        }
        for key in meeting.people
    }


def meeting_interruptions(meeting: SpokenMeeting, taking: TurnTaking, found: Sequence[Interruption]) -> Columns:
    """The columns of `MeetingInterruptions`."""
    if meeting.timing_source is None:
        return dict.fromkeys(MeetingInterruptions.model_fields)
    return {
        "interruption_count": None if meeting.is_single_stream else len(found),
        "backchannel_count": len(taking.backchannels),
    }


def _continued_until_us(
    underway: Iterable[SpeechSegment], later: Iterable[SpeechSegment], *, bridge_us: int, limit_us: int
) -> int:
    """The end of the speech of several speakers who take over from each other; any instant after the limit is enough.

    Args:
        underway: speech that has begun.
        later: the speech after it, by start.
        bridge_us: speech continues across shorter gaps.
        limit_us: where the search ends.
    """
    end_us = max(segment.end_us for segment in underway)
    for segment in later:
        if end_us > limit_us or segment.start_us - end_us >= bridge_us:
            break
        end_us = max(end_us, segment.end_us)
    return end_us


def _interruption(ipu: SpeechSegment, others: Sequence[SpeechSegment], first_us: int) -> Interruption:
    """The interruption that an IPU makes among others' speech, of which the first started at `first_us`."""
    first, *tied = [segment for segment in others if segment.start_us == first_us]
    if tied:
        is_successful = ipu.end_us > max(segment.end_us for segment in others)
        return Interruption(ipu.start_us, ipu.speaker, None, is_successful)
    return Interruption(ipu.start_us, ipu.speaker, first.speaker, ipu.end_us > first.end_us)


def _is_same_person(one: SpeechSegment, other: SpeechSegment, persons: Mapping[str, str]) -> bool:
    if one.speaker == other.speaker:
        return True
    return one.speaker in persons and persons[one.speaker] == persons.get(other.speaker)
