"""Participants and speech of a meeting: one timing source per recording, cleaned, with bots set apart.

Sources are tried in the order `speaker_timeline`, `words` of the primary transcript, `speech_events`, `audio` (voice
activity of the participants' separate audio, if it was analysed); a preferred source comes first. The first source with
speech of people inside the recording is the timing source. If there is none, the first source with speech of a bot
counts as present and silent. Otherwise there is no timing source and every quantity of speech is unknown: an artifact
that says `[]` is no source, just like a missing one.

Speakers that `speakers` could not resolve hold the floor like any other speaker, under their labels or as `unknown`,
but are no participants: they have no row and no share.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from sqlmodel import SQLModel

from meeting_assets.core.instants import utc
from meeting_assets.core.names import comparable_name, is_one_of
from meeting_assets.core.speaker_keys import LABEL_PREFIX, UNKNOWN
from meeting_assets.core.timing_source import TimingSource
from meeting_assets.metrics.arithmetic import ratio
from meeting_assets.metrics.identity import persons_of
from meeting_assets.metrics.lineage import REPAIRS
from meeting_assets.metrics.meeting import Attendee, Event, MeetingInput, RawSegment, Utterance
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.single_stream import is_single_stream
from meeting_assets.metrics.timeline.hygiene import CleanSpeech, clean_speech
from meeting_assets.metrics.timeline.intervals import to_microseconds
from meeting_assets.metrics.timeline.speech_segments import (
    FloorState,
    SpeechBySpeaker,
    floor_states,
    talk_times_us,
)
from meeting_assets.metrics.timeline.switches import OFF, ON, switched_intervals, switches_by_participant
from meeting_assets.schema import fields

Columns: TypeAlias = dict[str, object]
"""Part of a row: values by column name."""
Row: TypeAlias = tuple[object, ...]
"""A whole row, in column order."""

SPEECH_SWITCHES = {"speech_on": ON, "speech_off": OFF}


class MeetingTiming(SQLModel):
    """Columns of `meeting_metrics`: the timing source and the repairs that interval hygiene made."""

    timing_source: str | None = fields.text(
        "source of speech times: speaker_timeline, words (of the primary transcript), speech_events or audio (voice "
        "activity of separate audio); NULL if none holds speech, and then every quantity of speech is NULL",
        derived_from=REPAIRS,
    )
    dropped_intervals: int | None = fields.count(
        "intervals of the timing source left out: no start, or an end that is not after the start",
        derived_from=REPAIRS,
    )
    open_intervals: int | None = fields.count(
        "intervals of the timing source without end, closed at the same speaker's next start or the end of the "
        "recording, whichever is first",
        derived_from=REPAIRS,
    )
    clipped_intervals: int | None = fields.count(
        "intervals of the timing source that reach out of the recording: cut, or left out if wholly outside",
        derived_from=REPAIRS,
    )


@dataclass(frozen=True, slots=True)
class Person:
    """A participant of the meeting.

    `is_listed` tells whether the participants artifact lists the participant; others occur only as speakers.
    """

    name: str | None
    is_listed: bool
    is_bot: bool
    person_key: str | None = None


@dataclass(frozen=True, slots=True)
class SpokenMeeting:
    """One meeting, ready to be measured. Bots occur in `bot_keys` and `clean.bot_speech_us` alone."""

    given: MeetingInput
    people: Mapping[str, Person]
    """By `participant_key`, without unresolved speakers: one row each."""
    bot_keys: frozenset[str]
    timing_source: TimingSource | None
    clean: CleanSpeech
    """The source's speech by `participant_key`, with unresolved speakers; empty without a source."""
    extension_us: int
    floor: Sequence[FloorState]
    talk_us: Mapping[str, int]
    """Talk time of all `people`, 0 for silent ones; empty without a source."""
    unattributed_us: int
    """Speech of `unknown`."""
    persons: Mapping[str, str]
    """The person of each identified participant, by `participant_key`."""
    is_single_stream: bool
    """Whether the timing source cannot show overlap (`single_stream`)."""
    attributed_word_share: float | None = None
    """Part of the words of the primary transcript whose speaker is a participant or a bot; None without words."""
    are_words_attributed: bool = True
    """Whether enough words have a participant for the word columns of participants (`attributed_share`)."""
    is_speech_attributed: bool = True
    """Whether enough of the timing source's speech has a participant for the speech columns of participants."""

    @property
    def measures_participants(self) -> bool:
        """Whether participants have columns of speech: there is a timing source, and it has enough participants."""
        return self.timing_source is not None and self.is_speech_attributed

    @property
    def known_speech(self) -> SpeechBySpeaker:
        """The speech without `unknown`, which takes no turns."""
        return {speaker: intervals for speaker, intervals in self.clean.speech.items() if speaker != UNKNOWN}

    @property
    def participant_speech(self) -> SpeechBySpeaker:
        """The speech of participants, without unresolved speakers."""
        return {speaker: intervals for speaker, intervals in self.clean.speech.items() if speaker in self.people}


def spoken_meeting(meeting: MeetingInput, parameters: Parameters) -> SpokenMeeting:
    """Chooses the timing source of a meeting and cleans its speech."""
    duration_us = plausible_recording_us(meeting, parameters)
    source, people, bot_keys, clean = _timing_source(meeting, parameters.timing_source, duration_us)
    talk_us = talk_times_us(clean.speech)
    floor = floor_states(clean.speech)
    word_share = _attributed_word_share(meeting.utterances, {*people, *bot_keys})
    speech_share = _attributed_speech_share(talk_us, people)
    return SpokenMeeting(
        given=meeting,
        people=people,
        bot_keys=bot_keys,
        timing_source=source,
        clean=clean,
        extension_us=(clean.duration_us or 0) - (duration_us or 0),
        floor=floor,
        talk_us={key: talk_us.get(key, 0) for key in people} if source else {},
        unattributed_us=talk_us.get(UNKNOWN, 0),
        persons={key: person for key, person in persons_of(meeting.attendees).items() if key in people},
        is_single_stream=is_single_stream(source, meeting.provider, floor, len(clean.speech)),
        attributed_word_share=word_share,
        are_words_attributed=word_share is None or word_share >= parameters.attributed_share,
        is_speech_attributed=speech_share is None or speech_share >= parameters.attributed_share,
    )


def meeting_timing(meeting: SpokenMeeting) -> Columns:
    """The columns of `MeetingTiming`."""
    has_source = meeting.timing_source is not None
    return {
        "timing_source": meeting.timing_source,
        "dropped_intervals": meeting.clean.dropped_intervals if has_source else None,
        "open_intervals": meeting.clean.open_intervals if has_source else None,
        "clipped_intervals": meeting.clean.clipped_intervals if has_source else None,
    }


def plausible_recording_us(meeting: MeetingInput, parameters: Parameters) -> int | None:
    """The duration of a recording; None if it is unknown or exceeds `longest_meeting_s`."""
    return recording_us(meeting) if implausible_us(meeting, parameters) is None else None


def recording_us(meeting: MeetingInput) -> int | None:
    """`completed_at - started_at`; the latest end in any artifact if one is missing or they are swapped."""
    if meeting.started_at is not None and meeting.completed_at is not None:
        recorded = utc(meeting.completed_at) - utc(meeting.started_at)
        if recorded.total_seconds() >= 0:
            return to_microseconds(recorded.total_seconds())
    if meeting.latest_end_s is not None and meeting.latest_end_s >= 0:
        return to_microseconds(meeting.latest_end_s)
    return None


def implausible_us(meeting: MeetingInput, parameters: Parameters) -> int | None:
    """A duration that exceeds `longest_meeting_s`; None if the duration is plausible or unknown.

    The number of rows must not depend on an instant in a payload, which can be off by years.
    """
    duration_us = recording_us(meeting)
    longest_us = to_microseconds(parameters.longest_meeting_s)
    return duration_us if duration_us is not None and duration_us > longest_us else None


def event_speech(events: Iterable[Event]) -> Iterator[RawSegment]:
    """Speech between `speech_on` and the same speaker's next `speech_off`; the order of the events does not matter.

    An `on` without `off` yields an open interval, an `off` without `on` one without start, for hygiene to drop and
    count.
    """
    speech_events = [event for event in events if event.action in SPEECH_SWITCHES]
    names: dict[str, set[str]] = defaultdict(set)
    for key, name in {(event.participant_key, event.speaker_name) for event in speech_events}:
        if name:
            names[key].add(name)
    for key, switches in switches_by_participant(speech_events, SPEECH_SWITCHES).items():
        for start_s, end_s in switched_intervals(switches):
            yield RawSegment(key, min(names[key], default=None), start_s, end_s)


def _spoken_words(meeting: MeetingInput) -> list[RawSegment]:
    """Every timed unit as a segment: hygiene closes, drops and counts incomplete ones."""
    return [RawSegment(key, None, start_s, end_s) for key, start_s, end_s, _ in meeting.words]


# In the order of preference.
_SEGMENTS: dict[TimingSource, Callable[[MeetingInput], Sequence[RawSegment]]] = {
    "speaker_timeline": lambda meeting: meeting.timeline,
    "words": _spoken_words,
    "speech_events": lambda meeting: list(event_speech(meeting.events)),
    "audio": lambda meeting: meeting.audio,
}


class _CleanSource(NamedTuple):
    """A candidate for the timing source, cleaned."""

    source: TimingSource | None
    people: dict[str, Person]
    bot_keys: frozenset[str]
    clean: CleanSpeech


def _timing_source(meeting: MeetingInput, preferred: TimingSource, duration_us: int | None) -> _CleanSource:
    """The first source with speech of people, else the first with speech of a bot, else no source."""
    bots_only: _CleanSource | None = None
    for source in sorted(_SEGMENTS, key=lambda name: name != preferred):
        candidate = _cleaned(source, _SEGMENTS[source](meeting), meeting, duration_us)
        if candidate.clean.speech:
            return candidate
        if candidate.clean.bot_speech_us and bots_only is None:
            bots_only = candidate
    return bots_only or _cleaned(None, (), meeting, duration_us)


def _cleaned(
    source: TimingSource | None, segments: Sequence[RawSegment], meeting: MeetingInput, duration_us: int | None
) -> _CleanSource:
    participants = _participants(meeting, segments)
    bot_keys = frozenset(key for key, person in participants.items() if person.is_bot)
    people = {
        key: person
        for key, person in participants.items()
        if not person.is_bot and (person.is_listed or not key.startswith(LABEL_PREFIX))
    }
    return _CleanSource(source, people, bot_keys, clean_speech(segments, bot_keys=bot_keys, duration_us=duration_us))


def _participants(meeting: MeetingInput, segments: Sequence[RawSegment]) -> dict[str, Person]:
    """The attendees, then speakers that only other artifacts name; of several names the alphabetically first."""
    bot_names = {comparable_name(name) for name in meeting.bot_names} - {""}
    listed = {attendee.participant_key: attendee for attendee in meeting.attendees}
    names = _names(meeting, segments)
    participants: dict[str, Person] = {}
    for key in [*listed, *sorted(names.keys() - listed.keys())]:
        attendee = listed.get(key, Attendee(key, None, is_bot=False))
        own_names = [attendee.name] if attendee.name else sorted(names.get(key, ()))
        is_bot = attendee.is_bot or any(is_one_of(name, bot_names) for name in own_names)
        name = meeting.display_names.get(key) or (own_names[0] if own_names else None)
        participants[key] = Person(name, key in listed, is_bot, attendee.person_key)
    participants.pop(UNKNOWN, None)
    return participants


def _names(meeting: MeetingInput, segments: Sequence[RawSegment]) -> dict[str, set[str]]:
    """All names of each `participant_key` that occurs; an empty set if the key never has a name."""
    names: dict[str, set[str]] = defaultdict(set)
    sources: list[Sequence[Event | RawSegment | Utterance]] = [meeting.events, meeting.timeline, meeting.utterances]
    if segments is not meeting.timeline:
        sources.append(segments)
    for rows in sources:
        for key, name in {(row.participant_key, row.speaker_name) for row in rows}:
            names[key].update({name} if name else ())
    return names


def _attributed_word_share(utterances: Iterable[Utterance], participants: Collection[str]) -> float | None:
    words = Counter[bool]()
    for key, _, count, _ in utterances:
        words[key in participants] += count
    return ratio(words[True], words.total())


def _attributed_speech_share(talk_us: Mapping[str, int], people: Collection[str]) -> float | None:
    """Part of the talk, without bots, whose speaker is a participant, not an unresolved label or `unknown`."""
    return ratio(sum(length_us for key, length_us in talk_us.items() if key in people), sum(talk_us.values()))
