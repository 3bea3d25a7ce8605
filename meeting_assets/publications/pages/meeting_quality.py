"""Data quality of one meeting in plain sentences: missing and doubtful data, and the consequences for the numbers.

`data_faults` decides which notes are faults. The others are about repairs and about data on which no number depends.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from meeting_assets.core.speaker_keys import LABELS, VOICES
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.publications.data_faults import Fault, faults_of
from meeting_assets.publications.pages.meeting_data import MeetingData
from meeting_assets.publications.pages.values import KIND_NAMES, duration, number, percent
from meeting_assets.store.ledger_states import ABSENT, DELETED, FAILED, FETCHED, PARSED, PENDING, QUARANTINED


@dataclass(frozen=True, slots=True)
class Note:
    """One sentence about the data, and its consequence."""

    fact: str
    meaning: str = ""
    is_fault: bool = False
    """Whether the meeting has bad data because of it."""
    column: str | None = None
    """The column of `data_quality` or `meeting_metrics` that the fact states."""


WITHOUT: Mapping[str, str] = {
    "participants": "Names, hosts and e-mail addresses are unknown.",
    "participant_events": "Attendance, late arrivals, cameras, shared screens and chat are unknown.",
    "speaker_timeline": "Times of speech come from the transcript or the participant events, if they have any.",
    "transcript": "Words, questions, fillers and the text are unknown.",
}
"""The consequence of a missing artifact, for the kinds on which numbers of a meeting depend."""
_STATES = {
    ABSENT: "Recall.ai has no {name} for this meeting.",
    PENDING: "Not fetched yet, but tried again: {name}.",
    FETCHED: "Fetched, but not in the tables yet: {name}.",
    QUARANTINED: "Stored, but unreadable: {name}.",
    FAILED: "Recall.ai could not make the {name}.",
    DELETED: "Recall.ai deleted the {name} before the fetch.",
}
_SOURCES = {
    "words": "Times of speech come from the words of the transcript, because the speaker timeline has none.",
    "speech_events": "Times of speech come from the participant events, because the speaker timeline has none.",
}


def notes_of(meeting: MeetingData, parameters: Parameters) -> list[Note]:
    """The notes about a meeting, faults first; at least one for each fault."""
    faults = faults_of_meeting(meeting, parameters)
    notes = [*_ledger(meeting)]
    if meeting.metrics is None or meeting.quality is None:
        notes.append(
            Note("The numbers of this meeting are not computed yet.", "The next run computes them.", is_fault=True)
        )
    else:
        notes += _speech(meeting.metrics, meeting.quality, faults)
        notes += _words(meeting, meeting.quality, faults)
        notes += _agreement(meeting.quality, faults)
        notes += _times(meeting.metrics, meeting.quality, faults)
    return sorted(notes, key=lambda note: not note.is_fault)


def faults_of_meeting(meeting: MeetingData, parameters: Parameters) -> Collection[Fault]:
    """The faults of a meeting."""
    metrics, quality = meeting.metrics, meeting.quality
    facts = {**metrics._mapping, **quality._mapping} if metrics is not None and quality is not None else None
    return faults_of(
        facts,
        [(row.kind, row.status) for row in meeting.artifacts],
        has_unknown_talk=any(each.metrics.talk_time_s is None for each in meeting.members),
        attributed_share=parameters.attributed_share,
    )


def _ledger(meeting: MeetingData) -> Iterator[Note]:
    """Artifacts that are not in the tables. An artifact that another one of its kind replaces is not missed."""
    parsed = {row.kind for row in meeting.artifacts if row.status == PARSED}
    unneeded: list[str] = []
    for row in meeting.artifacts:
        if row.kind not in KIND_NAMES or row.status not in _STATES:
            continue
        fact = _STATES[row.status].format(name=KIND_NAMES[row.kind]) + _cause(row)
        if row.kind in parsed:
            yield Note(fact, "Another one is used.")
        elif row.kind in WITHOUT:
            yield Note(fact, WITHOUT[row.kind], is_fault=True)
        elif row.status == ABSENT:
            unneeded.append(KIND_NAMES[row.kind])
        else:
            yield Note(fact, "No number on this page depends on it.")
    stated = {row.kind for row in meeting.artifacts if row.status in _STATES} | parsed
    for kind in (each for each in WITHOUT if each not in stated):
        yield Note(f"The tables have no {KIND_NAMES[kind]}.", WITHOUT[kind], is_fault=True)
    if unneeded:
        names = " and ".join(filter(None, (", ".join(unneeded[:-1]), unneeded[-1])))
        yield Note(f"Recall.ai has no {names} for this meeting.", "No number on this page depends on it.")
    repaired = sum(row.repaired_chars or 0 for row in meeting.artifacts)
    if repaired:
        yield Note(f"{_count(repaired, 'character')} could not be stored and became U+FFFD.", "No number changes.")


def _cause(row: Row[Any]) -> str:
    cause = row.error if row.status in (PENDING, QUARANTINED) else row.sub_code
    return f" Reason: {cause}." if cause else ""


def _speech(metrics: Row[Any], quality: Row[Any], faults: Collection[Fault]) -> Iterator[Note]:
    if Fault.NO_SPEECH_TIMES in faults:
        yield Note(
            "No source says who spoke when.",
            "Talk shares, turns, silence and interruptions are unknown, not zero.",
            is_fault=True,
            column="timing_source",
        )
        return
    if metrics.timing_source in _SOURCES:
        yield Note(_SOURCES[metrics.timing_source], "Pauses and overlaps are less exact.", column="timing_source")
    if Fault.NO_OVERLAP in faults:
        yield Note(
            "The source of speech times never shows two speakers at once.",
            "Overlaps and interruptions are unknown, not zero.",
            is_fault=True,
            column="is_single_stream",
        )
    if quality.unattributed_speech_s:
        yield Note(
            f"{duration(quality.unattributed_speech_s)} of speech have no speaker.",
            "They count in speech, silence and overlap, but in nobody's talk share.",
            column="unattributed_speech_s",
        )
    if Fault.FEW_KNOWN_SPEAKERS in faults:
        yield Note(
            "Too much of the speech has no participant.",
            "Talk time, talk share, turns and balance are unknown for all participants; the lanes show the speakers "
            "as the source names them.",
            is_fault=True,
            column="talk_time_s",
        )


def _words(meeting: MeetingData, quality: Row[Any], faults: Collection[Fault]) -> Iterator[Note]:
    transcript = meeting.transcript
    if Fault.NO_WORDS in faults:
        yield Note("The transcript has no words.", "Word counts and questions are unknown.", is_fault=True)
    if transcript is None:
        return
    if transcript.attribution in (LABELS, VOICES):
        yield Note(
            "A machine told the voices of the transcript apart.",
            "A label that no participant clearly matches stays a speaker of its own.",
        )
    share = quality.attributed_word_share
    if share is not None and share < 1:
        is_too_small = Fault.FEW_ATTRIBUTED_WORDS in faults
        yield Note(
            f"Only {percent(share)} of the words have a participant."
            if is_too_small
            else f"{percent(1 - share)} of the words have no participant.",
            "Words and questions are unknown for all participants; those of the meeting are complete."
            if is_too_small
            else "They count for the meeting, but for nobody's words.",
            is_fault=is_too_small,
            column="attributed_word_share",
        )
    if quality.untimed_words:
        yield Note(
            f"{number(quality.untimed_words)} of {number(transcript.timed_unit_count)} words or captions have no time.",
            "They count as words. Times of paragraphs that begin with them are estimated and marked with ~.",
            column="untimed_words",
        )
    if quality.nonpositive_words:
        yield Note(
            f"{_count(quality.nonpositive_words, 'word')} of the transcript last no time.",
            "They count as words, but add no speech.",
            column="nonpositive_words",
        )


def _agreement(quality: Row[Any], faults: Collection[Fault]) -> Iterator[Note]:
    if Fault.FEW_WORDS in faults:
        yield Note(
            f"The transcript has words in only {percent(quality.timeline_word_coverage)} of the time with speech.",
            "Part of the meeting is not transcribed, or its times are shifted: word counts may be too low.",
            is_fault=True,
            column="timeline_word_coverage",
        )
    if Fault.LITTLE_SPEECH in faults:
        covered = percent(quality.word_timeline_coverage)
        yield Note(
            f"The speaker timeline has speech in only {covered} of the time with words.",
            "The timeline is incomplete or shifted: talk times may be too low.",
            is_fault=True,
            column="word_timeline_coverage",
        )
    if Fault.DISAGREEMENT in faults:
        yield Note(
            f"Two sources of speech times agree on only {percent(quality.speech_event_agreement)} of the speech.",
            "One of them is incomplete; talk times may be wrong by that much.",
            is_fault=True,
            column="speech_event_agreement",
        )


def _times(metrics: Row[Any], quality: Row[Any], faults: Collection[Fault]) -> Iterator[Note]:
    if Fault.IMPLAUSIBLE_DURATION in faults:
        yield Note(
            f"The recording claims to last {duration(quality.implausible_duration_s)}.",
            "Its duration counts as unknown, and so do ratios to it and the balance over time.",
            is_fault=True,
            column="implausible_duration_s",
        )
    if Fault.SKEWED_CLOCKS in faults:
        yield Note(
            f"The clocks of the platform and of the recording differ by {duration(abs(quality.clock_skew_s))}.",
            "Clock times of joins and chat messages may be off by that much.",
            is_fault=True,
            column="clock_skew_s",
        )
    if metrics.duration_extended_s:
        yield Note(
            f"Speech goes on for {metrics.duration_extended_s:.1f} s after the end of the recording.",
            "The meeting counts as that much longer.",
            column="duration_extended_s",
        )
    yield from _repairs(metrics)


def _repairs(metrics: Row[Any]) -> Iterator[Note]:
    repairs = (
        ("open_intervals", "had no end", "They end where the same speaker starts again, or with the recording."),
        ("clipped_intervals", "reached out of the recording", "The parts outside do not count."),
        ("dropped_intervals", "had no length", "They do not count."),
    )
    for column, fault, meaning in repairs:
        count = getattr(metrics, column)
        if count:
            yield Note(f"{_count(count, 'interval')} of speech {fault}.", meaning, column=column)


def _count(count: int, noun: str) -> str:
    return f"{number(count)} {noun}" + ("" if count == 1 else "s")
