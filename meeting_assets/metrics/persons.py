"""Each person's part in a meeting, on all devices together.

    laptop   ━━━━━━━━━━━━━━━━                     sessions and speech of one person's participants are merged: time that
    phone          ━━━━━━━━━━━━━━━━               two devices share counts once
    person   ━━━━━━━━━━━━━━━━━━━━━━

Words and fillers are summed, since no word is in the transcript twice; a sum is NULL if one of its values is. Turns and
interruptions are found again in the merged speech, so devices of one person do not interrupt each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from meeting_assets.core.speaker_keys import UNKNOWN
from meeting_assets.metrics.affiliation import ADDRESSES
from meeting_assets.metrics.analysis import MeetingAnalysis
from meeting_assets.metrics.arithmetic import ratio
from meeting_assets.metrics.floor import turn_taking
from meeting_assets.metrics.interruptions import interruptions, participant_interruptions
from meeting_assets.metrics.lineage import FLOOR, LENGTH, PERSONS, PRESENCE, SPEECH
from meeting_assets.metrics.speech import Columns, SpokenMeeting
from meeting_assets.metrics.timeline.intervals import Interval, intersection_us, length_us, to_seconds, union
from meeting_assets.metrics.timeline.speech_segments import SpeechBySpeaker, floor_states, talk_times_us
from meeting_assets.metrics.word_times import WordTimes
from meeting_assets.metrics.words import words_per_minute
from meeting_assets.schema import fields
from meeting_assets.schema.columns import KEYED, RecordingRow

_SUMMED = ("word_count", "word_share", "filler_count")
_INTERRUPTIONS = ("interruptions_made", "interruptions_successful", "interruptions_received")


class PersonMetrics(RecordingRow, table=True):
    """Each person's part in a meeting, on all devices together.

    Grain: one row per (recording, person with a person_key); bots have none.
    """

    __tablename__ = "person_metrics"
    __table_args__ = KEYED

    person_key: str = fields.text(
        "the person's key; of several in this recording the platform's, then the alphabetically first; person_keys "
        "leads from it to people",
        primary_key=True,
        derived_from=(*PERSONS, "participants.email"),
    )
    participant_count: int = fields.count(
        "rows of participant_metrics: devices, or returns under another id",
        derived_from=(*PERSONS, "participants.email"),
    )
    is_external: bool | None = fields.flag(
        "is_external of the person's participants, which agree", derived_from=ADDRESSES
    )
    talk_time_s: float | None = fields.seconds(
        "length of the union of the speech of all the person's participants; NULL without a timing source, or if too "
        "little speech is attributed",
        derived_from=(*SPEECH, *PERSONS),
    )
    persons_talk_s: float | None = fields.seconds(
        "sum of talk_time_s over the meeting's persons; a participant without person_key is one person; NULL as "
        "talk_time_s",
        derived_from=(*SPEECH, *PERSONS),
    )
    talk_share: float | None = fields.share("talk_time_s / persons_talk_s", derived_from=(*SPEECH, *PERSONS))
    attended_s: float | None = fields.seconds(
        "length of the union of the sessions of all the person's participants inside the recording",
        derived_from=(*PRESENCE, *LENGTH, *PERSONS),
    )
    presence_talk_ratio: float | None = fields.share(
        "talk while attending / attended_s; NULL if too little speech is attributed",
        derived_from=(*SPEECH, *PRESENCE, *LENGTH, *PERSONS),
    )
    word_count: int | None = fields.count(
        "sum of word_count over the person's participants", derived_from=("participant_metrics.word_count", *PERSONS)
    )
    word_share: float | None = fields.share(
        "sum of word_share over the person's participants", derived_from=("participant_metrics.word_share", *PERSONS)
    )
    words_per_minute: float | None = fields.number(
        "word_count / (talk_time_s / 60); NULL under the same conditions as in participant_metrics",
        unit="1/min",
        derived_from=("participant_metrics.word_count", "participant_metrics.words_per_minute", *SPEECH, *PERSONS),
    )
    filler_count: int | None = fields.count(
        "sum of filler_count over the person's participants",
        derived_from=("participant_metrics.filler_count", *PERSONS),
    )
    interruptions_made: int | None = fields.count(
        "interruptions of other persons, found in the merged speech; NULL if is_single_stream, or if too little "
        "speech is attributed",
        derived_from=(*FLOOR, *PERSONS, "participant_metrics.interruptions_made"),
    )
    interruptions_successful: int | None = fields.count(
        "of interruptions_made those that continue after the interrupted person has ended; NULL as interruptions_made",
        derived_from=(*FLOOR, *PERSONS, "participant_metrics.interruptions_made"),
    )
    interruptions_received: int | None = fields.count(
        "interruptions by other persons, found in the merged speech; NULL as interruptions_made",
        derived_from=(*FLOOR, *PERSONS, "participant_metrics.interruptions_made"),
    )


@dataclass(frozen=True, slots=True)
class _PersonSpeech:
    """The meeting with each person as one speaker, named by the key of the person's first participant."""

    talk_us: Mapping[str, int]
    speech: SpeechBySpeaker
    inside: Mapping[str, Sequence[Interval]]
    interruptions: Mapping[str, Columns]


def person_rows(meeting: MeetingAnalysis) -> Iterator[Columns]:
    """Rows of `PersonMetrics`, in the order of each person's first participant."""
    devices: dict[str, list[str]] = defaultdict(list)
    for key, person in meeting.spoken.persons.items():
        devices[person].append(key)
    has_several = any(len(keys) > 1 for keys in devices.values())
    merged = _merged_devices(meeting, devices) if has_several else _as_participants(meeting)
    for person, keys in devices.items():
        yield {
            "person_key": person,
            "participant_count": len(keys),
            "is_external": meeting.participants[keys[0]]["is_external"],
            **_airtime(meeting, keys[0], merged),
            **_words(meeting, keys, merged.talk_us.get(keys[0], 0)),
            **{name: merged.interruptions[keys[0]][name] for name in _INTERRUPTIONS},
        }


def _airtime(meeting: MeetingAnalysis, key: str, merged: _PersonSpeech) -> Columns:
    """Times of talk and attendance; NULL if their source is missing."""
    inside, is_known = merged.inside.get(key), meeting.spoken.measures_participants
    total_us, talk_us = sum(merged.talk_us.values()), merged.talk_us.get(key) if is_known else None
    attended_us = None if inside is None else length_us(inside)
    heard_us = intersection_us(merged.speech.get(key, ()), inside) if is_known and inside is not None else None
    return {
        "talk_time_s": None if talk_us is None else to_seconds(talk_us),
        "persons_talk_s": to_seconds(total_us) if is_known else None,
        "talk_share": None if talk_us is None else ratio(talk_us, total_us),
        "attended_s": None if attended_us is None else to_seconds(attended_us),
        "presence_talk_ratio": None if heard_us is None else ratio(heard_us, attended_us),
    }


def _words(meeting: MeetingAnalysis, keys: Sequence[str], talk_us: int) -> Columns:
    summed = {name: _sum([meeting.participants[key][name] for key in keys]) for name in _SUMMED}
    count = summed["word_count"]
    is_rated = meeting.spoken.is_speech_attributed and not meeting.spoken.given.is_unspaced
    rate = words_per_minute(int(count), talk_us) if is_rated and count is not None else None
    return {**summed, "words_per_minute": rate}


def _sum(values: Sequence[object]) -> float | int | None:
    """The sum of the values of all devices; None if one is unknown, since a part of the sum would be missing."""
    known = [value for value in values if isinstance(value, int | float)]
    return sum(known) if len(known) == len(values) else None


def _as_participants(meeting: MeetingAnalysis) -> _PersonSpeech:
    """The meeting unchanged, for meetings in which each person has one participant."""
    spoken = meeting.spoken
    return _PersonSpeech(spoken.talk_us, spoken.clean.speech, meeting.presence.inside, meeting.participants)


def _merged_devices(meeting: MeetingAnalysis, devices: Mapping[str, Sequence[str]]) -> _PersonSpeech:
    """The meeting with the speech and the sessions of each person's participants merged."""
    first = {key: keys[0] for keys in devices.values() for key in keys}
    spoken = _spoken_by_persons(meeting.spoken, first)
    words = WordTimes(
        [(first.get(key, key), start_s, end_s, text) for key, start_s, end_s, text in meeting.spoken.given.words]
    )
    taking = turn_taking(spoken, words, meeting.parameters)
    found = interruptions(spoken, taking, meeting.parameters)
    return _PersonSpeech(
        spoken.talk_us,
        spoken.clean.speech,
        _merged(meeting.presence.inside, first),
        participant_interruptions(spoken, taking, found),
    )


def _spoken_by_persons(meeting: SpokenMeeting, first: Mapping[str, str]) -> SpokenMeeting:
    speech = _merged(meeting.clean.speech, first)
    talk_us = talk_times_us(speech)
    people = {key: person for key, person in meeting.people.items() if first.get(key, key) == key}
    return replace(
        meeting,
        people=people,
        clean=replace(meeting.clean, speech=speech),
        floor=floor_states(speech),
        talk_us={key: talk_us.get(key, 0) for key in people} if meeting.timing_source else {},
        unattributed_us=talk_us.get(UNKNOWN, 0),
        persons={},
    )


def _merged(intervals: Mapping[str, Sequence[Interval]], first: Mapping[str, str]) -> dict[str, list[Interval]]:
    """The union of the intervals of each person, by the key of the person's first participant."""
    by_person: dict[str, list[Sequence[Interval]]] = defaultdict(list)
    for key, own in intervals.items():
        by_person[first.get(key, key)].append(own)
    return {key: union(chain.from_iterable(own)) for key, own in by_person.items()}
