"""Highlights of a meeting: its longest monologue, longest silence, questions and interruptions, each with its moment.

The numbers are those of `meeting_metrics`. The tables of metrics have no moments of silences, questions and
interruptions; they are found again by the functions of the metrics, and shown only if they agree with the numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from meeting_assets.artifacts.person_keys import person_key
from meeting_assets.core.speaker_keys import LABEL_PREFIX, UNKNOWN
from meeting_assets.metrics.floor import ordered_ipus
from meeting_assets.metrics.identity import persons_of
from meeting_assets.metrics.interruptions import Interruption, interruptions_of
from meeting_assets.metrics.meeting import Attendee
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.timeline.intervals import Interval, to_microseconds, to_seconds, union
from meeting_assets.metrics.timeline.speech_segments import segments_in_order, talk_times_us
from meeting_assets.metrics.words import question_count
from meeting_assets.publications.pages.meeting_data import MeetingData, Said
from meeting_assets.publications.pages.values import shortened

MOST_MOMENTS = 200
"""Longer lists of moments are cut."""
QUESTION_LENGTH = 160
_SENTENCES = re.compile(r"(?<=[.!?\u2026])\s+|(?<=[\u3002\uff1f\uff01\u061f])")


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment of the meeting; `at_s` is None if the words have no time."""

    at_s: float | None
    text: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Highlights:
    """The highlights of a meeting; None where the metrics are unknown."""

    monologue: Moment | None
    silence: Moment | None
    questions: Sequence[Moment] | None
    interruptions: Sequence[Moment] | None
    """None also if they cannot be found again, as after a change of the parameters."""


def highlights_of(meeting: MeetingData, parameters: Parameters) -> Highlights:
    """The highlights; `parameters` are those in force."""
    return Highlights(_monologue(meeting), _silence(meeting), _questions(meeting), _interruptions(meeting, parameters))


def _monologue(meeting: MeetingData) -> Moment | None:
    metrics = meeting.metrics
    if metrics is None or not metrics.longest_monologue_s:
        return None
    key = metrics.longest_monologue_key
    return Moment(metrics.longest_monologue_start_s, "", meeting.names.get(key) or key)


def _silence(meeting: MeetingData) -> Moment | None:
    """The first of the longest silences."""
    metrics = meeting.metrics
    if metrics is None or not metrics.longest_silence_s:
        return None
    length_us, start_us = longest_gap(union(each for own in meeting.speech.values() for each in own))
    is_equal = length_us == to_microseconds(metrics.longest_silence_s)
    return Moment(to_seconds(start_us), "") if is_equal else None


def longest_gap(ordered: Sequence[Interval]) -> Interval:
    """The length and the start of the first longest gap between intervals; the length is 0 if there is none.

    >>> longest_gap([(0, 3), (5, 6), (8, 9)])
    (2, 3)
    """
    gaps = [(after[0] - before[1], before[1]) for before, after in pairwise(ordered)]
    return max(gaps, key=lambda gap: gap[0], default=(0, 0))


def _questions(meeting: MeetingData) -> list[Moment] | None:
    if meeting.metrics is None or meeting.metrics.question_count is None:
        return None
    members = {each.key for each in meeting.members}
    asked = [
        Moment(each.start_s, sentence, each.name)
        for each in meeting.said
        if question_count(each.text) and (each.key in members or _is_unresolved(meeting, each.key))
        for sentence in questions_in(each)
    ]
    return sorted(asked, key=lambda each: each.at_s or 0.0)


def _is_unresolved(meeting: MeetingData, key: str) -> bool:
    """Whether the speaker has no participant; bots, which ask no questions that count, have one."""
    return key not in meeting.bots and (key == UNKNOWN or key.startswith(LABEL_PREFIX))


def questions_in(said: Said) -> list[str]:
    """The sentences of an utterance that end in a question mark, one for each that `question_count` counts.

    >>> questions_in(Said(0, "1", "Ada", 0.0, 1.0, "Fine. Shall we start? Is a?b=1 right?", 7))
    ['Shall we start?', 'Is a?b=1 right?']
    """
    return [
        shortened(sentence, QUESTION_LENGTH)
        for sentence in _SENTENCES.split(said.text)
        for _ in range(question_count(sentence))
    ]


def _interruptions(meeting: MeetingData, parameters: Parameters) -> list[Moment] | None:
    metrics = meeting.metrics
    if metrics is None or metrics.interruption_count is None:
        return None
    found = found_interruptions(meeting, parameters)
    if metrics.config_version != parameters.config_version or len(found) != metrics.interruption_count:
        return None
    return [
        Moment(
            to_seconds(each.start_us),
            meeting.names[each.interrupted] if each.interrupted else "several speakers",
            meeting.names[each.interrupter],
        )
        for each in sorted(found, key=lambda each: each.start_us)
    ]


def found_interruptions(meeting: MeetingData, parameters: Parameters) -> list[Interruption]:
    """The interruptions that `interruption_count` counts, from the tables `speech` and `turns`."""
    speech = {key: own for key, own in meeting.speech.items() if key != UNKNOWN}
    ipu_gap_us = to_microseconds(parameters.ipu_gap_s)
    ipus, _ = ordered_ipus(segments_in_order(speech, gap_us=ipu_gap_us), talk_times_us(speech))
    candidates = [ipu for ipu in ipus if ipu not in meeting.backchannels]
    return interruptions_of(candidates, speech, _persons(meeting), parameters)


def _persons(meeting: MeetingData) -> dict[str, str]:
    """The person of each identified participant."""
    attendees = []
    for each in meeting.members:
        own, email = meeting.persons.get(each.key, (None, None))
        attendees.append(Attendee(each.key, each.name, False, own or each.metrics.person_key, person_key(None, email)))
    return dict(persons_of(attendees))
