"""Interruptions and backchannels.

    ann  ━━━━━━━━━━━━━━━━━━━━━━━━━━              speech, bridged over gaps shorter than `bridge_s`
    bo          ━━        ━━━━━━━━━━━━━
                ↑ backchannel
                          ↑ interruption: starts strictly inside ann's speech, overlaps it for more than
                            `interruption_grace_s`; successful, for bo still speaks when ann has ended

An IPU overlaps for as long as the speech of others, taken together, continues under it. The interrupted speaker is the
one who started first. Of several with the same start, it is the one with the most talk time in the meeting; if two
share the most talk time, the interruption counts for no interrupted speaker. IPUs with equal starts do not interrupt
each other. Backchannels are no interruptions. `unknown` neither interrupts nor is interrupted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlmodel import SQLModel

from meeting_assets.metrics.floor import Role, TurnTaking
from meeting_assets.metrics.lineage import FLOOR
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.speech import Columns, SpokenMeeting
from meeting_assets.metrics.timeline.intervals import to_microseconds
from meeting_assets.metrics.timeline.speech_segments import SpeechSegment, segments_in_order
from meeting_assets.schema import fields


class Interruption(NamedTuple):
    """One speaker starts to talk over others, for longer than happens by chance."""

    interrupter: str
    interrupted: str | None
    """None if two speakers qualify equally."""
    is_successful: bool


class ParticipantInterruptions(SQLModel):
    """Columns of `participant_metrics`."""

    interruptions_made: int | None = fields.count(
        "IPUs that start strictly inside another's speech (bridged over bridge_s) and overlap it for more than "
        "interruption_grace_s, backchannels left out",
        derived_from=FLOOR,
    )
    interruptions_successful: int | None = fields.count(
        "of interruptions_made those that continue after the interrupted speaker has ended", derived_from=FLOOR
    )
    interruptions_received: int | None = fields.count(
        "interruptions of the participant, as the first of all interrupted speakers to start", derived_from=FLOOR
    )
    backchannel_count: int | None = fields.count(
        "IPUs of at most backchannel_max_s and backchannel_max_words, inside another's floor or between two parts of "
        "it",
        derived_from=FLOOR,
    )


class MeetingInterruptions(SQLModel):
    """Columns of `meeting_metrics`."""

    interruption_count: int | None = fields.count("sum of interruptions_made over the participants", derived_from=FLOOR)
    backchannel_count: int | None = fields.count("sum of backchannel_count over the participants", derived_from=FLOOR)


def interruptions(meeting: SpokenMeeting, taking: TurnTaking, parameters: Parameters) -> list[Interruption]:
    """All interruptions of a meeting, in order; devices of one person do not interrupt each other."""
    return interruptions_among(
        [ipu for ipu, role in zip(taking.ipus, taking.roles, strict=True) if role is not Role.BACKCHANNEL],
        segments_in_order(meeting.known_speech, gap_us=to_microseconds(parameters.bridge_s)),
        talk_us=meeting.talk_us,
        persons=meeting.persons,
        bridge_us=to_microseconds(parameters.bridge_s),
        grace_us=to_microseconds(parameters.interruption_grace_s),
    )


def interruptions_among(
    ipus: Iterable[SpeechSegment],
    speech: Sequence[SpeechSegment],
    *,
    talk_us: Mapping[str, int],
    persons: Mapping[str, str],
    bridge_us: int,
    grace_us: int,
) -> list[Interruption]:
    """The interruptions among some IPUs.

    Args:
        ipus: candidates, ordered by start.
        speech: all speech, bridged and ordered by start.
        talk_us: talk time of each speaker in the meeting.
        persons: the person of each identified speaker.
        bridge_us: others' speech continues across shorter gaps.
        grace_us: an overlap up to this length is no interruption.
    """
    found: list[Interruption] = []
    underway: list[SpeechSegment] = []
    begun = 0
    for ipu in ipus:
        if ipu.length_us <= grace_us:
            continue
        while begun < len(speech) and speech[begun].start_us < ipu.start_us:
            underway.append(speech[begun])
            begun += 1
        underway = [segment for segment in underway if segment.end_us > ipu.start_us]
        others = [segment for segment in underway if not _is_same_person(segment, ipu, persons)]
        if not others:
            continue
        others_end_us = max(segment.end_us for segment in others)
        limit_us = ipu.start_us + grace_us
        # Others may take over from each other; beyond the limit it does not matter.
        end_us = others_end_us
        for index in range(begun, len(speech)):
            if end_us > limit_us or speech[index].start_us - end_us >= bridge_us:
                break
            if not _is_same_person(speech[index], ipu, persons):
                end_us = max(end_us, speech[index].end_us)
        if end_us > limit_us:
            found.append(_interruption(ipu, _first_to_start(others, talk_us), others_end_us))
    return found


def participant_interruptions(
    meeting: SpokenMeeting, taking: TurnTaking, found: Sequence[Interruption]
) -> dict[str, Columns]:
    """The columns of `ParticipantInterruptions` for each participant."""
    if not meeting.measures_participants:
        return {key: dict.fromkeys(ParticipantInterruptions.model_fields) for key in meeting.people}
    made = Counter(each.interrupter for each in found)
    successful = Counter(each.interrupter for each in found if each.is_successful)
    received = Counter(each.interrupted for each in found)
    backchannels = Counter(unit.speaker for unit in taking.backchannels)
    return {
        key: {
            "interruptions_made": made[key],
            "interruptions_successful": successful[key],
            "interruptions_received": received[key],
            "backchannel_count": backchannels[key],
        }
        for key in meeting.people
    }


def meeting_interruptions(meeting: SpokenMeeting, taking: TurnTaking, found: Sequence[Interruption]) -> Columns:
    """The columns of `MeetingInterruptions`."""
    if meeting.timing_source is None:
        return dict.fromkeys(MeetingInterruptions.model_fields)
    return {"interruption_count": len(found), "backchannel_count": len(taking.backchannels)}


def _interruption(ipu: SpeechSegment, victim: SpeechSegment | None, others_end_us: int) -> Interruption:
    if victim is None:
        return Interruption(ipu.speaker, None, ipu.end_us > others_end_us)
    return Interruption(ipu.speaker, victim.speaker, ipu.end_us > victim.end_us)


def _is_same_person(one: SpeechSegment, other: SpeechSegment, persons: Mapping[str, str]) -> bool:
    if one.speaker == other.speaker:
        return True
    return one.speaker in persons and persons[one.speaker] == persons.get(other.speaker)


def _first_to_start(segments: Iterable[SpeechSegment], talk_us: Mapping[str, int]) -> SpeechSegment | None:
    """The segment that started first; of several the one whose speaker talks most, None if two talk equally much."""
    ranked = sorted(segments, key=lambda segment: (segment.start_us, -talk_us.get(segment.speaker, 0)))
    first, *others = ranked
    if others and others[0].start_us == first.start_us:
        is_tied = talk_us.get(others[0].speaker, 0) == talk_us.get(first.speaker, 0)
        return None if is_tied else first
    return first
