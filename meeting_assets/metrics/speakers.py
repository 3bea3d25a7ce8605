"""Speakers: the participant of each speaker key in each source of a meeting.

A source names its speakers by participant ids, voices, labels or names. Each speaker key is resolved by the first rule
that applies:

    correction         the user names the participant
    platform_id        the key is a participant's id
    voice_id           `200-0` is a voice at the device of participant 200, who occurs in the recording
    name               exactly one participant has the name
    timeline_overlap   the speaker timeline has one participant in (nearly) all of the label's speech
    none               the speaker stays a speaker of its own, without a participant

The metrics read the meeting with resolved keys in place of the original ones: there, a `label:` key that no list of
participants contains is an unresolved speaker.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, TypeAlias, TypeVar

from meeting_assets.core.speaker_keys import UNKNOWN, VOICES
from meeting_assets.metrics.lineage import LATEST_END, WORD_TIMES
from meeting_assets.metrics.meeting import Attendee, Event, MeetingInput, RawSegment, Utterance, Word
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.resolution import (
    Method,
    NamesByKey,
    Resolver,
    effective_corrections,
    participants_of,
)
from meeting_assets.metrics.speech import Row, plausible_recording_us
from meeting_assets.metrics.timeline.hygiene import clean_speech
from meeting_assets.metrics.timeline.intervals import Interval, to_microseconds, union
from meeting_assets.metrics.timeline.label_shares import LabelShare, label_shares
from meeting_assets.schema import fields
from meeting_assets.schema.columns import KEYED, RecordingRow

Source: TypeAlias = Literal["participant_events", "speaker_timeline", "transcript"]
Named = TypeVar("Named", Event, RawSegment, Utterance)

IDS = (
    "participant_events.participant_key",
    "speaker_timeline.participant_key",
    "transcript_utterances.participant_key",
    "transcripts.is_primary",
)
NAMES = (
    "participants.participant_key",
    "participants.name",
    "participant_events.participant_name",
    "speaker_timeline.speaker_name",
    "transcript_utterances.speaker_name",
)
# The timeline is clipped to the duration of the recording, which may depend on LATEST_END.
EVIDENCE = (
    *("speaker_timeline.participant_key", "speaker_timeline.start_s", "speaker_timeline.end_s"),
    *(source for source in WORD_TIMES if not source.endswith("text")),
    *LATEST_END,
)


class Speakers(RecordingRow, table=True):
    """The participant of each speaker, and how it was found.

    Grain: one row per (recording, source, speaker key of that source).
    """

    __tablename__ = "speakers"
    __table_args__ = KEYED

    source: str = fields.text(
        "participant_events, speaker_timeline or transcript (the primary one)", primary_key=True, derived_from=IDS
    )
    speaker_key: str = fields.text("participant_key in the rows of the source", primary_key=True, derived_from=IDS)
    participant_key: str | None = fields.text(
        "the participant; NULL if the speaker is not resolved",
        derived_from=(*IDS, *NAMES, *EVIDENCE, "transcripts.attribution"),
    )
    name: str | None = fields.text(
        "display name: the user's, else the participant's, else the source's",
        derived_from=(*IDS, *NAMES, *EVIDENCE, "transcripts.attribution"),
    )
    method: str = fields.text(
        "correction, platform_id, voice_id, name, timeline_overlap, or none if the speaker is not resolved",
        derived_from=(*IDS, *NAMES, *EVIDENCE, "transcripts.attribution"),
    )
    evidence: float | None = fields.share(
        "of the label's speech that can be compared (one speaker in the timeline, label_collar_s from the edges), the "
        "share inside the speech of the best match; NULL for ids, and if under 10 % can be compared",
        derived_from=EVIDENCE,
    )
    runner_up: float | None = fields.share(
        "the same share of the second-best match; 0 if there is none, NULL where evidence is", derived_from=EVIDENCE
    )
    word_count: int | None = fields.count(
        "words of the speaker in the transcript; NULL for other sources",
        derived_from=("transcript_utterances.participant_key", "transcript_utterances.word_count"),
    )


class Speaker(NamedTuple):
    """A row of `Speakers`, without the recording's id."""

    source: Source
    speaker_key: str
    participant_key: str | None
    name: str | None
    method: Method
    evidence: float | None = None
    runner_up: float | None = None
    word_count: int | None = None


@dataclass(frozen=True, slots=True)
class ResolvedMeeting:
    """A meeting in which the keys of resolved speakers are those of their participants."""

    meeting: MeetingInput
    speakers: Sequence[Speaker]
    """By source and speaker key."""


def resolve_speakers(meeting: MeetingInput, parameters: Parameters) -> ResolvedMeeting:
    """Resolves all speakers of a meeting; the order of its rows does not matter."""
    sources: dict[Source, NamesByKey] = {
        "participant_events": _names_by_key(meeting.events),
        "speaker_timeline": _names_by_key(meeting.timeline),
        "transcript": {**dict.fromkeys({word[0] for word in meeting.words}, ()), **_names_by_key(meeting.utterances)},
    }
    participants = participants_of(meeting.attendees, sources.values())
    corrections = effective_corrections(
        meeting.corrections, {key for own in sources.values() for key in own}, participants
    )
    resolver = Resolver(participants, corrections, meeting.attribution == VOICES, parameters)
    speakers = [
        *_speakers("participant_events", sources["participant_events"], resolver),
        *_speakers("speaker_timeline", sources["speaker_timeline"], resolver),
    ]
    timeline = _renamed(meeting.timeline, _new_keys("speaker_timeline", speakers, resolver))
    shares = _shares(replace(meeting, timeline=timeline), sources["transcript"], resolver)
    counts = Counter[str]()
    for key, _, count, _ in meeting.utterances:
        counts[key] += count
    speakers += _speakers("transcript", sources["transcript"], resolver, shares, counts)
    of_events, of_words = (_new_keys(name, speakers, resolver) for name in ("participant_events", "transcript"))
    of_audio = {key: resolver.resolution(key, (), None)[0] or key for key in meeting.audio_tracks}
    resolved = replace(
        meeting,
        attendees=_merged_attendees(meeting.attendees, resolver),
        timeline=timeline,
        events=_renamed(meeting.events, of_events),
        utterances=_renamed(meeting.utterances, of_words),
        words=_with_new_keys(meeting.words, of_words),
        audio=_renamed(meeting.audio, of_audio),
        audio_tracks=tuple(sorted({of_audio[key] for key in meeting.audio_tracks})),
        display_names={key: name for key, name in corrections.names.items() if key in participants.names},
    )
    return ResolvedMeeting(resolved, speakers)


def speaker_rows(recording_id: str, speakers: Sequence[Speaker]) -> Iterator[Row]:
    """Rows of `Speakers`, in column order."""
    for speaker in speakers:
        yield recording_id, *speaker


def _names_by_key(rows: Sequence[Named]) -> dict[str, set[str]]:
    names: dict[str, set[str]] = defaultdict(set)
    # perf: slices are faster than attributes, and most rows repeat a speaker (benchmarks metrics)
    for key, name in {row[:2] for row in rows}:
        names[key].update({name} if name else ())
    return names


def _speakers(
    source: Source,
    names: NamesByKey,
    resolver: Resolver,
    shares: Mapping[str, LabelShare] | None = None,
    counts: Mapping[str, int] | None = None,
) -> Iterator[Speaker]:
    """The speakers of a source; only those of the transcript have shares and word counts."""
    user_names, participant_names = resolver.corrections.names, resolver.participants.names
    for key in sorted(names):
        share = (shares or {}).get(key)
        participant, method = resolver.resolution(key, names[key], share)
        own_name = user_names.get(key) or (
            participant and (user_names.get(participant) or participant_names[participant])
        )
        yield Speaker(
            source,
            key,
            participant,
            own_name or min(names[key], default=None),
            method,
            share.share if share else None,
            share.runner_up if share else None,
            None if counts is None else counts.get(key, 0),
        )


def _new_keys(source: Source, speakers: Sequence[Speaker], resolver: Resolver) -> dict[str, str]:
    """The keys that replace others: of the participant, or of the speaker that a speaker is the same as."""
    roots = resolver.corrections.root
    new = {
        each.speaker_key: each.participant_key or roots.get(each.speaker_key, each.speaker_key)
        for each in speakers
        if each.source == source
    }
    return {key: other for key, other in new.items() if key != other}


def _renamed(rows: Sequence[Named], new: Mapping[str, str]) -> Sequence[Named]:
    """Rows with new keys. A label is no name of its participant, so renamed rows have none."""
    if not new:
        return rows
    return [
        row._replace(participant_key=new[row.participant_key], speaker_name=None) if row.participant_key in new else row
        for row in rows
    ]


def _merged_attendees(attendees: Sequence[Attendee], resolver: Resolver) -> Sequence[Attendee]:
    """The attendees, with those whom a user named as another participant merged into it.

    The participant keeps its own name; it has the person of the other if its own is unknown.
    """
    new = {each.participant_key: resolver.resolution(each.participant_key, (), None)[0] for each in attendees}
    if all(new[each.participant_key] in (None, each.participant_key) for each in attendees):
        return attendees
    listed = {each.participant_key: each for each in attendees}
    merged: dict[str, Attendee] = {}
    for each in attendees:
        key = new[each.participant_key] or each.participant_key
        own = (
            merged.get(key)
            or listed.get(key)
            or each._replace(participant_key=key, name=resolver.participants.names[key])
        )
        if own.person_key is None:
            own = own._replace(person_key=each.person_key, address_key=each.address_key)
        merged[key] = own
    return [*merged.values()]


def _with_new_keys(words: Sequence[Word], new: Mapping[str, str]) -> Sequence[Word]:
    return [(new.get(key, key), start_s, end_s, text) for key, start_s, end_s, text in words] if new else words


def _shares(meeting: MeetingInput, names: NamesByKey, resolver: Resolver) -> dict[str, LabelShare]:
    """The best candidate in the timeline for each speaker without an id, by the key in the transcript."""
    known, roots = resolver.participants.names, resolver.corrections.root
    labels = {key: roots.get(key, key) for key in names if key not in known and key != UNKNOWN}
    if not labels or not meeting.timeline:
        return {}
    spoken: dict[str, list[Interval]] = defaultdict(list)
    for key, start_s, end_s, _ in meeting.words:
        label = labels.get(key)
        if label is not None and start_s is not None and end_s is not None and end_s > start_s:
            spoken[label].append((to_microseconds(start_s), to_microseconds(end_s)))
    # Bots are candidates too: their words are not those of people.
    duration_us = plausible_recording_us(meeting, resolver.parameters)
    timeline = clean_speech(meeting.timeline, bot_keys=(), duration_us=duration_us).speech
    collar_us = to_microseconds(resolver.parameters.label_collar_s)
    shares = label_shares({label: union(own) for label, own in spoken.items()}, timeline, collar_us)
    return {key: shares[label] for key, label in labels.items() if label in shares}
