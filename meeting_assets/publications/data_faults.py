"""Bad data: the faults for which numbers of a meeting are unknown or doubtful.

This is the only definition. The index, data health, the pages of series and meetings, `show` and the query `bad_data`
agree on it: a meeting has bad data if and only if it has a fault. Repairs are no faults.
The query repeats the conditions in SQL, and a test compares both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select

from meeting_assets.metrics.quality import (
    LARGEST_SKEW_S,
    LEAST_AGREEMENT,
    LEAST_COVERAGE,
    MEASURED_KINDS,
    DataQuality,
)
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER
from meeting_assets.store.ledger_states import PARSED, QUARANTINED

METRICS, QUALITY, MEMBERS = (table_of(model) for model in (MeetingMetrics, DataQuality, ParticipantMetrics))
FACTS = (
    *(METRICS.c.timing_source, METRICS.c.transcript_id, METRICS.c.speech_s),
    *(QUALITY.c.is_single_stream, QUALITY.c.attributed_word_share, QUALITY.c.timeline_word_coverage),
    *(QUALITY.c.word_timeline_coverage, QUALITY.c.speech_event_agreement, QUALITY.c.clock_skew_s),
    QUALITY.c.implausible_duration_s,
)
"""The columns of a meeting on which its faults depend, besides its ledger and the talk of its participants."""


class Fault(StrEnum):
    """A fault as a short reason, in the order in which a meeting's reasons are listed."""

    NOT_MEASURED = "numbers not computed yet"
    NO_PARTICIPANTS = "participant list missing"
    BAD_PARTICIPANTS = "participant list unreadable"
    NO_EVENTS = "participant events missing"
    BAD_EVENTS = "participant events unreadable"
    NO_TIMELINE = "speaker timeline missing"
    BAD_TIMELINE = "speaker timeline unreadable"
    NO_TRANSCRIPT = "transcript missing"
    BAD_TRANSCRIPT = "transcript unreadable"
    NO_WORDS = "transcript without words"
    NO_SPEECH_TIMES = "no speech times"
    NO_OVERLAP = "source cannot show overlap"
    FEW_KNOWN_SPEAKERS = "too much speech has no participant"
    FEW_ATTRIBUTED_WORDS = "too many words have no participant"
    FEW_WORDS = "transcript covers too little of the speech"
    LITTLE_SPEECH = "speaker timeline covers too little of the transcript"
    DISAGREEMENT = "sources of speech times disagree"
    SKEWED_CLOCKS = "clocks differ"
    IMPLAUSIBLE_DURATION = "implausible duration"


MISSING: Mapping[str, Fault] = dict(
    zip(
        MEASURED_KINDS,
        (Fault.NO_PARTICIPANTS, Fault.NO_EVENTS, Fault.NO_TIMELINE, Fault.NO_TRANSCRIPT),
        strict=True,
    )
)
"""The fault of a kind of artifact of which the tables have no rows."""
UNREADABLE: Mapping[str, Fault] = dict(
    zip(
        MEASURED_KINDS,
        (Fault.BAD_PARTICIPANTS, Fault.BAD_EVENTS, Fault.BAD_TIMELINE, Fault.BAD_TRANSCRIPT),
        strict=True,
    )
)
"""The fault of a kind of artifact of which all stored bytes are unreadable."""


def faults_of(
    facts: Mapping[str, Any] | None,
    ledger: Iterable[tuple[str, str]],
    *,
    has_unknown_talk: bool,
    attributed_share: float,
) -> tuple[Fault, ...]:
    """The faults of a meeting; empty if its data are good.

    Args:
        facts: values of `FACTS` by column; None if the metrics are not computed yet.
        ledger: kind and status of the meeting's artifacts.
        has_unknown_talk: whether the talk time of a participant is NULL.
        attributed_share: the parameter of the metrics. Below this share of attributed words, the word counts of
            participants are unknown.
    """
    states = defaultdict(set)
    for kind, status in ledger:
        states[kind].add(status)
    found = {*_of_ledger(states)}
    if facts is None:
        found.add(Fault.NOT_MEASURED)
    else:
        found.update(_of_speech(facts, has_unknown_talk=has_unknown_talk))
        found.update(_of_words(facts, has_transcript=PARSED in states["transcript"], least_share=attributed_share))
        found.update(_of_agreement(facts))
    return tuple(each for each in Fault if each in found)


def read_faults(
    connection: Connection, recording_ids: Iterable[str], *, attributed_share: float
) -> Mapping[str, tuple[Fault, ...]]:
    """The faults of some finished recordings, by recording."""
    ledger: dict[str, list[tuple[str, str]]] = defaultdict(list)
    columns = LEDGER.c.recording_id, LEDGER.c.kind, LEDGER.c.status
    for recording_id, kind, status in connection.execute(select(*columns).where(LEDGER.c.kind.in_(MEASURED_KINDS))):
        ledger[recording_id].append((kind, status))
    unknown = {*connection.scalars(select(MEMBERS.c.recording_id).distinct().where(MEMBERS.c.talk_time_s.is_(None)))}
    measured = select(METRICS.c.recording_id, *FACTS).join(QUALITY, QUALITY.c.recording_id == METRICS.c.recording_id)
    facts = {row["recording_id"]: dict(row) for row in connection.execute(measured).mappings()}
    return {
        recording_id: faults_of(
            facts.get(recording_id),
            ledger.get(recording_id, ()),
            has_unknown_talk=recording_id in unknown,
            attributed_share=attributed_share,
        )
        for recording_id in recording_ids
    }


def _of_ledger(states: Mapping[str, set[str]]) -> Iterator[Fault]:
    """Faults of kinds without rows in the tables. An artifact that another one of its kind replaces is no fault."""
    for kind in MEASURED_KINDS:
        if PARSED not in states[kind]:
            yield UNREADABLE[kind] if QUARANTINED in states[kind] else MISSING[kind]


def _of_speech(facts: Mapping[str, Any], *, has_unknown_talk: bool) -> Iterator[Fault]:
    if facts["timing_source"] is None:
        yield Fault.NO_SPEECH_TIMES
    if facts["is_single_stream"]:
        yield Fault.NO_OVERLAP
    if facts["speech_s"] and has_unknown_talk:
        yield Fault.FEW_KNOWN_SPEAKERS
    if facts["implausible_duration_s"] is not None:
        yield Fault.IMPLAUSIBLE_DURATION


def _of_words(facts: Mapping[str, Any], *, has_transcript: bool, least_share: float) -> Iterator[Fault]:
    if has_transcript and facts["transcript_id"] is None:
        yield Fault.NO_WORDS
    if _is_below(facts["attributed_word_share"], least_share):
        yield Fault.FEW_ATTRIBUTED_WORDS


def _of_agreement(facts: Mapping[str, Any]) -> Iterator[Fault]:
    if _is_below(facts["timeline_word_coverage"], LEAST_COVERAGE):
        yield Fault.FEW_WORDS
    if _is_below(facts["word_timeline_coverage"], LEAST_COVERAGE):
        yield Fault.LITTLE_SPEECH
    if _is_below(facts["speech_event_agreement"], LEAST_AGREEMENT):
        yield Fault.DISAGREEMENT
    if facts["clock_skew_s"] is not None and abs(facts["clock_skew_s"]) > LARGEST_SKEW_S:
        yield Fault.SKEWED_CLOCKS


def _is_below(value: float | None, least: float) -> bool:
    return value is not None and value < least
