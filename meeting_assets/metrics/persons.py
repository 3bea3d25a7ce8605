"""How each person took part in a meeting, on all devices together.

    laptop   ━━━━━━━━━━━━━━━━                     sessions and speech of one person's participants are united: time that
    phone          ━━━━━━━━━━━━━━━━               two devices share counts once
    person   ━━━━━━━━━━━━━━━━━━━━━━

Words, fillers and questions are added up, since no word is in the transcript twice. Turns and interruptions are found
again in the united speech, in which no device of a person interrupts another one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from sqlmodel import Field

from meeting_assets.metrics.arithmetic import ratio
from meeting_assets.metrics.interruptions import interruptions, participant_interruptions
from meeting_assets.metrics.lineage import IS_UNSPACED, LENGTH, PERSONS, PRESENCE, SPEECH, TEXTS, WORDS
from meeting_assets.metrics.meeting import UNKNOWN
from meeting_assets.metrics.speech import Columns, SpokenMeeting
from meeting_assets.metrics.timeline.arrays import np
from meeting_assets.metrics.timeline.intervals import Interval, length_us, merged, seconds, shared_us
from meeting_assets.metrics.timeline.speech_segments import Stretches, floor
from meeting_assets.metrics.turns import FLOOR, turn_taking
from meeting_assets.metrics.words import WordTimes, words_per_minute
from meeting_assets.schema.columns import KEYED, RecordingRow
from meeting_assets.schema.lineage import derived_from

if TYPE_CHECKING:
    from meeting_assets.metrics import Measured

_SUMMED = ("word_count", "word_share", "filler_count")
_INTERRUPTIONS = ("interruptions_made", "interruptions_successful", "interruptions_received")


class PersonMetrics(RecordingRow, table=True):
    """How much each person took part, on all devices together.

    Grain: one row per (recording, person) of those whom a person_key identifies; bots have none.
    """

    __tablename__ = "person_metrics"
    __table_args__ = KEYED

    person_key: str = Field(
        primary_key=True,
        description="the person's key; of several in this recording the platform's, then the first in the alphabet; "
        "person_keys leads from it to people",
        sa_column_kwargs=derived_from(*PERSONS, "participants.email"),
    )
    participant_count: int = Field(
        description="rows of participant_metrics: devices, or returns under another id",
        sa_column_kwargs=derived_from(*PERSONS, "participants.email"),
    )
    talk_time_s: float | None = Field(
        description="s; length of the union of the speech of all the person's participants",
        sa_column_kwargs=derived_from(*SPEECH, *PERSONS),
    )
    persons_talk_s: float | None = Field(
        description="s; sum of talk_time_s over the meeting's persons, a participant without person_key being one",
        sa_column_kwargs=derived_from(*SPEECH, *PERSONS),
    )
    talk_share: float | None = Field(
        description="0-1; talk_time_s / persons_talk_s", sa_column_kwargs=derived_from(*SPEECH, *PERSONS)
    )
    attended_s: float | None = Field(
        description="s; length of the union of the sessions of all the person's participants inside the recording",
        sa_column_kwargs=derived_from(*PRESENCE, *LENGTH, *PERSONS),
    )
    presence_talk_ratio: float | None = Field(
        description="0-1; talk while attending / attended_s",
        sa_column_kwargs=derived_from(*SPEECH, *PRESENCE, *LENGTH, *PERSONS),
    )
    word_count: int | None = Field(
        description="sum of word_count over the person's participants", sa_column_kwargs=derived_from(*WORDS, *PERSONS)
    )
    word_share: float | None = Field(
        description="0-1; sum of word_share over the person's participants",
        sa_column_kwargs=derived_from(*WORDS, IS_UNSPACED, *PERSONS),
    )
    words_per_minute: float | None = Field(
        description="1/min; word_count / (talk_time_s / 60); NULL as that of participants is",
        sa_column_kwargs=derived_from(*WORDS, IS_UNSPACED, *SPEECH, *PERSONS),
    )
    filler_count: int | None = Field(
        description="sum of filler_count over the person's participants",
        sa_column_kwargs=derived_from(*TEXTS, IS_UNSPACED, *PERSONS),
    )
    interruptions_made: int | None = Field(
        description="interruptions of other persons, found in the united speech",
        sa_column_kwargs=derived_from(*FLOOR, *PERSONS),
    )
    interruptions_successful: int | None = Field(
        description="of interruptions_made those in which they still speak when the interrupted has ended",
        sa_column_kwargs=derived_from(*FLOOR, *PERSONS),
    )
    interruptions_received: int | None = Field(
        description="interruptions by other persons, found in the united speech",
        sa_column_kwargs=derived_from(*FLOOR, *PERSONS),
    )


@dataclass(frozen=True, slots=True)
class _United:
    """A meeting in which each person is one speaker, called by the key of the person's first participant."""

    talk_us: Mapping[str, int]
    speech: Mapping[str, list[Interval]]
    inside: Mapping[str, list[Interval]]
    interruptions: Mapping[str, Columns]


def person_rows(meeting: Measured) -> Iterator[Columns]:
    """Rows of `PersonMetrics`, in the order of each person's first participant."""
    devices: dict[str, list[str]] = {}
    for key, person in meeting.spoken.persons.items():
        devices.setdefault(person, []).append(key)
    has_several = any(len(keys) > 1 for keys in devices.values())
    found = _united(meeting, devices) if has_several else _as_participants(meeting)
    for person, keys in devices.items():
        yield {
            "person_key": person,
            "participant_count": len(keys),
            **_airtime(meeting, keys[0], found),
            **_words(meeting, keys, found.talk_us.get(keys[0], 0)),
            **{name: found.interruptions[keys[0]][name] for name in _INTERRUPTIONS},
        }


def _airtime(meeting: Measured, key: str, found: _United) -> Columns:
    """Times of talk and attendance, NULL where nothing tells them."""
    total_us, talk_us = sum(found.talk_us.values()), found.talk_us.get(key)
    inside, is_known = found.inside.get(key), meeting.spoken.timing_source is not None
    attended_us = None if inside is None else length_us(inside)
    heard_us = shared_us(found.speech.get(key, []), inside) if is_known and inside is not None else None
    return {
        "talk_time_s": None if talk_us is None else seconds(talk_us),
        "persons_talk_s": seconds(total_us) if is_known else None,
        "talk_share": None if talk_us is None else ratio(talk_us, total_us),
        "attended_s": None if attended_us is None else seconds(attended_us),
        "presence_talk_ratio": None if heard_us is None else ratio(heard_us, attended_us),
    }


def _words(meeting: Measured, keys: list[str], talk_us: int) -> Columns:
    summed = {name: _sum([meeting.participants[key][name] for key in keys]) for name in _SUMMED}
    count = summed["word_count"]
    is_rated = isinstance(count, int) and not meeting.spoken.given.is_unspaced
    return {**summed, "words_per_minute": words_per_minute(int(count or 0), talk_us) if is_rated else None}


def _sum(values: list[object]) -> float | int | None:
    known = [value for value in values if isinstance(value, int | float)]
    return sum(known) if known else None


def _as_participants(meeting: Measured) -> _United:
    """The meeting as it is, where no person has two participants."""
    spoken = meeting.spoken
    inside = {key: [*intervals] for key, intervals in meeting.presence.inside.items()}
    return _United(spoken.talk_us, spoken.clean.speech.by_name(), inside, meeting.participants)


def _united(meeting: Measured, devices: Mapping[str, list[str]]) -> _United:
    """The meeting with the speech and the sessions of each person's participants united."""
    first = {key: keys[0] for keys in devices.values() for key in keys}
    spoken = _spoken_by_persons(meeting.spoken, first)
    words = WordTimes(
        [(first.get(key, key), start_s, end_s, text) for key, start_s, end_s, text in meeting.spoken.given.words],
        meeting.parameters.ipu_gap_s,
    )
    taking = turn_taking(spoken, words, meeting.parameters)
    found = interruptions(spoken, taking, meeting.parameters)
    sessions: dict[str, list[list[Interval]]] = {}
    for key, intervals in meeting.presence.inside.items():
        sessions.setdefault(first.get(key, key), []).append([*intervals])
    return _United(
        spoken.talk_us,
        spoken.clean.speech.by_name(),
        {key: merged(chain.from_iterable(of_person)) for key, of_person in sessions.items()},
        participant_interruptions(spoken, taking, found),
    )


def _spoken_by_persons(meeting: SpokenMeeting, first: Mapping[str, str]) -> SpokenMeeting:
    speech = meeting.clean.speech
    named = [first.get(name, name) for name in speech.names]
    names = sorted(set(named))
    if len(speech):
        places = np.array([names.index(name) for name in named])
        speech = Stretches(speech.start, speech.end, places[speech.who], names).united()
    talk_us = speech.lengths_us()
    people = {key: person for key, person in meeting.people.items() if first.get(key, key) == key}
    return replace(
        meeting,
        people=people,
        clean=replace(meeting.clean, speech=speech),
        floor=floor(speech),
        talk_us={key: talk_us.get(key, 0) for key in people} if meeting.timing_source else {},
        unattributed_us=talk_us.get(UNKNOWN, 0),
        persons={},
    )
