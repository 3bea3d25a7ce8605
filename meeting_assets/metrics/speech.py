"""Who was there and who spoke when: one timing source per recording, cleaned, with bots set apart.

Sources are asked in the order `speaker_timeline`, `words` of the primary transcript, `speech_events`; a
preferred one goes first. The first with speech of people inside the recording is the one, and no other is
looked at. Failing that, the first with speech of a bot: a source is present, and nobody spoke. Failing that
there is none, and nothing is known about speech: an artifact that says `[]` is no source, just like one
that is not there.

The speaker `unknown` holds the floor like everybody else, but is nobody in particular: no row, no share.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from sqlmodel import Field, SQLModel

from meeting_assets.core.instants import utc
from meeting_assets.core.names import comparable_name, is_one_of
from meeting_assets.core.timing_source import TimingSource
from meeting_assets.metrics.identity import persons_of
from meeting_assets.metrics.lineage import SPEECH
from meeting_assets.metrics.meeting import (
    UNKNOWN,
    Attendee,
    Event,
    MeetingInput,
    Speech,
    Utterance,
)
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.timeline.hygiene import CleanSpeech, clean_speech
from meeting_assets.metrics.timeline.intervals import microseconds
from meeting_assets.metrics.timeline.speech_segments import Floor, Stretches, floor
from meeting_assets.metrics.timeline.switches import OFF, ON, stretches, switched
from meeting_assets.schema.lineage import derived_from

# Part of a row: values by column name.
Columns: TypeAlias = dict[str, object]
# A whole row, in column order.
Row: TypeAlias = tuple[object, ...]

SPEECH_SWITCHES = {"speech_on": ON, "speech_off": OFF}


class MeetingTiming(SQLModel):
    """Columns of `meeting_metrics`: where speech times come from, and what had to be done to them."""

    timing_source: str | None = Field(
        description="where speech times come from: speaker_timeline, words (of the primary transcript) or "
        "speech_events; NULL if none holds speech, and then every quantity of speech is NULL",
        sa_column_kwargs=derived_from(*SPEECH),
    )
    dropped_intervals: int | None = Field(
        description="intervals of the timing source left out: no start, or an end that is not after the start",
        sa_column_kwargs=derived_from(*SPEECH),
    )
    open_intervals: int | None = Field(
        description="intervals of the timing source without end, closed at the same speaker's next start or "
        "the end of the recording, whichever is first",
        sa_column_kwargs=derived_from(*SPEECH),
    )
    clipped_intervals: int | None = Field(
        description="intervals of the timing source that reach out of the recording: cut, or left out where "
        "wholly outside",
        sa_column_kwargs=derived_from(*SPEECH),
    )


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who was there: `is_listed` by the participants artifact, or else as a speaker."""

    name: str | None
    is_listed: bool
    is_bot: bool
    person_key: str | None = None


@dataclass(frozen=True, slots=True)
class SpokenMeeting:
    """One meeting, ready to be measured. Bots are nowhere but in `clean.bot_speech_us`."""

    given: MeetingInput
    people: Mapping[str, Person]
    """By `participant_key`, without `unknown`: one row each."""
    bot_keys: frozenset[str]
    timing_source: TimingSource | None
    clean: CleanSpeech
    """The source's speech by `participant_key`, with `unknown`; nothing without a source."""
    extension_us: int
    floor: Floor
    talk_us: Mapping[str, int]
    """Of all `people`, 0 for the silent; nothing without a source."""
    unattributed_us: int
    """Speech of `unknown`."""
    persons: Mapping[str, str]
    """The person of each participant that has one, by `participant_key`."""

    @property
    def known_speech(self) -> Stretches:
        """The speech of `people`: whoever `unknown` is, nobody can be said to take turns with them."""
        speech = self.clean.speech
        return speech.at(speech.who != speech.names.index(UNKNOWN)) if UNKNOWN in speech.names else speech


def spoken_meeting(meeting: MeetingInput, parameters: Parameters) -> SpokenMeeting:
    """The meeting as its timing source has it."""
    duration_us = recording_us(meeting) if implausible_us(meeting, parameters) is None else None
    source, people, bot_keys, clean = _heard(meeting, parameters.timing_source, duration_us)
    talk_us = clean.speech.lengths_us()
    return SpokenMeeting(
        given=meeting,
        people=people,
        bot_keys=bot_keys,
        timing_source=source,
        clean=clean,
        extension_us=(clean.duration_us or 0) - (duration_us or 0),
        floor=floor(clean.speech),
        talk_us={key: talk_us.get(key, 0) for key in people} if source else {},
        unattributed_us=talk_us.get(UNKNOWN, 0),
        persons={key: person for key, person in persons_of(meeting.attendees).items() if key in people},
    )


def meeting_timing(meeting: SpokenMeeting) -> Columns:
    """The columns of `MeetingTiming`."""
    is_known = meeting.timing_source is not None
    return {
        "timing_source": meeting.timing_source,
        "dropped_intervals": meeting.clean.dropped_intervals if is_known else None,
        "open_intervals": meeting.clean.open_intervals if is_known else None,
        "clipped_intervals": meeting.clean.clipped_intervals if is_known else None,
    }


def recording_us(meeting: MeetingInput) -> int | None:
    """`completed_at - started_at`; where one is missing or they are swapped, the latest end anywhere."""
    if meeting.started_at is not None and meeting.completed_at is not None:
        recorded = utc(meeting.completed_at) - utc(meeting.started_at)
        if recorded.total_seconds() >= 0:
            return microseconds(recorded.total_seconds())
    if meeting.latest_end_s is not None and meeting.latest_end_s >= 0:
        return microseconds(meeting.latest_end_s)
    return None


def implausible_us(meeting: MeetingInput, parameters: Parameters) -> int | None:
    """What is said of the duration where that is longer than a meeting can be; None where it is plausible or unknown.

    The number of rows must not depend on an instant in a payload, which can be off by years.
    """
    said_us = recording_us(meeting)
    longest_us = microseconds(parameters.longest_meeting_s)
    return said_us if said_us is not None and said_us > longest_us else None


def event_speech(events: Iterable[Event]) -> Iterator[Speech]:
    """Speech between `speech_on` and the same speaker's next `speech_off`, in whatever order the events came.

    An `on` without `off` yields an open interval, an `off` without `on` one without start, for hygiene to drop and
    count.
    """
    spoken = [event for event in events if event[2] in SPEECH_SWITCHES]
    names: dict[str, set[str]] = defaultdict(set)
    for key, name in {event[:2] for event in spoken}:
        names[key].update({name} if name else ())
    for key, edges in switched(spoken, SPEECH_SWITCHES).items():
        for start_s, end_s in stretches(edges):
            yield Speech(key, min(names[key], default=None), start_s, end_s)


def _spoken_words(meeting: MeetingInput) -> list[Speech]:
    """Every timed unit: hygiene closes those without an end, and drops and counts those without a start."""
    return [Speech(key, None, start_s, end_s) for key, start_s, end_s, _ in meeting.words]


# In the order they are asked.
_CLAIMS: dict[TimingSource, Callable[[MeetingInput], Sequence[Speech]]] = {
    "speaker_timeline": lambda meeting: meeting.timeline,
    "words": _spoken_words,
    "speech_events": lambda meeting: list(event_speech(meeting.events)),
}


class _Heard(NamedTuple):
    """A candidate for the timing source, cleaned."""

    source: TimingSource | None
    people: dict[str, Person]
    bot_keys: frozenset[str]
    clean: CleanSpeech


def _heard(meeting: MeetingInput, preferred: TimingSource, duration_us: int | None) -> _Heard:
    bots_only: _Heard | None = None
    for source in sorted(_CLAIMS, key=lambda name: name != preferred):
        heard = _heard_in(source, _CLAIMS[source](meeting), meeting, duration_us)
        if len(heard.clean.speech):
            return heard
        if heard.clean.bot_speech_us and bots_only is None:
            bots_only = heard
    return bots_only or _heard_in(None, (), meeting, duration_us)


def _heard_in(
    source: TimingSource | None, claims: Sequence[Speech], meeting: MeetingInput, duration_us: int | None
) -> _Heard:
    everybody = _everybody(meeting, claims)
    bot_keys = frozenset(key for key, person in everybody.items() if person.is_bot)
    people = {key: person for key, person in everybody.items() if not person.is_bot}
    return _Heard(source, people, bot_keys, clean_speech(claims, bot_keys=bot_keys, duration_us=duration_us))


def _everybody(meeting: MeetingInput, claims: Sequence[Speech]) -> dict[str, Person]:
    """The attendees, then those only named elsewhere; of several names the first in the alphabet."""
    bot_names = {comparable_name(name) for name in meeting.bot_names} - {""}
    listed = {attendee.participant_key: attendee for attendee in meeting.attendees}
    names = _names(meeting, claims)
    everybody: dict[str, Person] = {}
    for key in [*listed, *sorted(names.keys() - listed.keys())]:
        attendee = listed.get(key, Attendee(key, None, is_bot=False))
        called = [attendee.name] if attendee.name else sorted(names.get(key, ()))
        is_bot = attendee.is_bot or any(is_one_of(name, bot_names) for name in called)
        everybody[key] = Person(called[0] if called else None, key in listed, is_bot, attendee.person_key)
    everybody.pop(UNKNOWN, None)
    return everybody


def _names(meeting: MeetingInput, claims: Sequence[Speech]) -> dict[str, set[str]]:
    """What each `participant_key` is called wherever it occurs; nothing where it never has a name."""
    names: dict[str, set[str]] = defaultdict(set)
    sources: list[Sequence[Event | Speech | Utterance]] = [meeting.events, meeting.timeline, meeting.utterances]
    if claims is not meeting.timeline:
        sources.append(claims)
    for rows in filter(None, sources):
        keys, called, *_ = zip(*rows, strict=True)
        for key, name in {*zip(keys, called, strict=True)}:
            names[key].update({name} if name else ())
    return names
