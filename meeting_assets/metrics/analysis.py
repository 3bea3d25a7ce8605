"""The analysis of one meeting: the intermediate results that several metrics share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from meeting_assets.metrics.affiliation import participant_affiliation
from meeting_assets.metrics.airtime import participant_airtime
from meeting_assets.metrics.attendance import participant_attendance
from meeting_assets.metrics.floor import TurnTaking, turn_taking
from meeting_assets.metrics.interruptions import Interruption, interruptions, participant_interruptions
from meeting_assets.metrics.meeting import MeetingInput
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.presence import Presence, presence
from meeting_assets.metrics.speakers import Speaker, resolve_speakers
from meeting_assets.metrics.speech import Columns, SpokenMeeting, spoken_meeting
from meeting_assets.metrics.timing import participant_replies
from meeting_assets.metrics.turns import participant_turns
from meeting_assets.metrics.word_times import WordTimes
from meeting_assets.metrics.words import participant_words


@dataclass(frozen=True, slots=True)
class MeetingAnalysis:
    """One meeting with its speakers, speech, turns, interruptions, presence, and the columns of each participant."""

    speakers: Sequence[Speaker]
    spoken: SpokenMeeting
    parameters: Parameters
    words: WordTimes
    taking: TurnTaking
    interruptions: Sequence[Interruption]
    presence: Presence
    participants: Mapping[str, Columns]
    """Metric columns by `participant_key`."""


def analyse(meeting: MeetingInput, parameters: Parameters) -> MeetingAnalysis:
    """Analyses a meeting."""
    resolved = resolve_speakers(meeting, parameters)
    spoken = spoken_meeting(resolved.meeting, parameters)
    words = WordTimes(resolved.meeting.words)
    taking = turn_taking(spoken, words, parameters)
    found = interruptions(spoken, taking, parameters)
    present = presence(spoken)
    by_metric = (
        participant_affiliation(spoken, parameters),
        participant_airtime(spoken),
        participant_words(spoken),
        participant_turns(spoken, taking),
        participant_replies(spoken, taking),
        participant_interruptions(spoken, taking, found),
        participant_attendance(spoken, present),
    )
    participants = {
        key: {name: value for columns in by_metric for name, value in columns[key].items()} for key in spoken.people
    }
    return MeetingAnalysis(resolved.speakers, spoken, parameters, words, taking, found, present, participants)
