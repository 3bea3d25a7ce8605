"""Checks of the metrics: arithmetic rules for every row, and agreement between sources (`agreement_checks`).

A violated arithmetic rule means a wrong number, caused by a bug in this package. Every run of `sync_recordings`
evaluates these checks for its days and for recordings written since the last evaluation, and a schedule for all
recordings once a night.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, or_, select
from sqlmodel import SQLModel

from meeting_assets.core.speaker_keys import LABEL_PREFIX
from meeting_assets.health.agreement_checks import agreement_checks
from meeting_assets.health.check import Check
from meeting_assets.health.metric_rows import rows_of
from meeting_assets.metrics.persons import PersonMetrics
from meeting_assets.metrics.speech_table import SpeechRows
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.metrics.turns import SpeakerTransitions
from meeting_assets.store.database import table_of

# Sums of floats differ from exact sums by less than this.
EXACT_S = 1e-4
EXACT = 1e-6

MEETINGS, PARTICIPANTS = table_of(MeetingMetrics).c, table_of(ParticipantMetrics).c
SPEECH = table_of(SpeechRows).c
PERSONS = table_of(PersonMetrics).c
RATIOS = {
    PersonMetrics: ("talk_share", "word_share", "presence_talk_ratio"),
    ParticipantMetrics: (
        *("talk_ratio", "talk_share", "word_share", "presence_talk_ratio", "attendance_ratio", "webcam_ratio"),
    ),
    MeetingMetrics: (
        *("silence_ratio", "overlap_ratio", "overlap_ratio_span"),
        *("gini_talk", "gini_talk_attendees", "entropy_talk", "dominance"),
    ),
}


def metric_checks() -> list[Check]:
    """Checks that every row of the metrics should pass."""
    return [*_arithmetic_checks(), *agreement_checks()]


def _arithmetic_checks() -> list[Check]:
    return [
        Check(
            name="every_meetings_numbers_add_up",
            description=(
                "In every meeting, speech and silence add up to the span; talk times, shares and turns of the "
                "participants add up to those of the meeting; transitions add up to the speaker switches; ratios are "
                "from 0 to 1. A violation is a wrong number, caused by a bug in meeting_assets. To fix it, run "
                "`meeting-assets rebuild` for the day, and report the bug if the check still fails."
            ),
            table=table_of(MeetingMetrics).name,
            is_error=True,
            violating_rows=_inconsistent_meetings,
        ),
        Check(
            name="every_participants_numbers_add_up",
            description=(
                "For every participant, time alone and overlapped time add up to the talk time, no time exceeds the "
                "recording, no part exceeds its whole, and ratios are from 0 to 1. To fix a violation, run "
                "`meeting-assets rebuild` for the day, and report the bug if the check still fails."
            ),
            table=table_of(ParticipantMetrics).name,
            is_error=True,
            violating_rows=_inconsistent_participants,
        ),
        Check(
            name="every_persons_numbers_add_up",
            description=(
                "For every person, on all their devices together, no time exceeds the recording, talk time does not "
                "exceed that of all persons, and ratios are from 0 to 1. To fix a violation, run "
                "`meeting-assets rebuild` for the day, and report the bug if the check still fails."
            ),
            table=table_of(PersonMetrics).name,
            is_error=True,
            violating_rows=_inconsistent_persons,
        ),
    ]


def _inconsistent_meetings(_at: datetime) -> Select[Any]:
    sums = (
        select(
            PARTICIPANTS.recording_id,
            func.sum(PARTICIPANTS.talk_time_s).label("talk_s"),
            func.sum(PARTICIPANTS.talk_share).label("share"),
            func.sum(PARTICIPANTS.turn_count).label("turns"),
            func.sum(PARTICIPANTS.interruptions_made).label("interruptions"),
        )
        .group_by(PARTICIPANTS.recording_id)
        .subquery()
    )
    transitions = table_of(SpeakerTransitions).c
    switches = (
        select(transitions.recording_id, func.sum(transitions.switch_count).label("switches"))
        .group_by(transitions.recording_id)
        .subquery()
    )
    is_violated = or_(
        func.abs(MEETINGS.speech_s + MEETINGS.silence_s - MEETINGS.span_s) > EXACT_S,
        MEETINGS.overlap_s > MEETINGS.speech_s + EXACT_S,
        MEETINGS.speech_s > MEETINGS.duration_s + EXACT_S,
        func.abs(MEETINGS.talk_s - sums.c.talk_s) > EXACT_S,
        func.abs(sums.c.share - 1) > EXACT,
        _differs(MEETINGS.turn_count, sums.c.turns),
        _differs(MEETINGS.interruption_count, sums.c.interruptions),
        MEETINGS.speaker_switches != func.coalesce(switches.c.switches, 0),
        _is_outside_ratio_range(MeetingMetrics),
    )
    return (
        rows_of(MeetingMetrics, literal("the row contradicts itself or its participants").label("location"))
        .join(sums, sums.c.recording_id == MEETINGS.recording_id, isouter=True)
        .join(switches, switches.c.recording_id == MEETINGS.recording_id, isouter=True)
        .where(is_violated)
    )


def _differs(of_meeting: Any, of_participants: Any) -> ColumnElement[bool]:
    """True if the participants' sum is not that of the meeting, or exceeds it where unresolved speakers have a part."""
    has_unresolved = exists().where(
        SPEECH.recording_id == MEETINGS.recording_id, SPEECH.participant_key.startswith(LABEL_PREFIX)
    )
    return or_(of_participants > of_meeting, and_(of_participants < of_meeting, ~has_unresolved))


def _inconsistent_participants(_at: datetime) -> Select[Any]:
    is_violated = or_(
        func.abs(PARTICIPANTS.solo_talk_s + PARTICIPANTS.overlapped_talk_s - PARTICIPANTS.talk_time_s) > EXACT_S,
        PARTICIPANTS.talk_time_s > MEETINGS.duration_s + EXACT_S,
        PARTICIPANTS.attended_s > MEETINGS.duration_s + EXACT_S,
        PARTICIPANTS.webcam_on_s > PARTICIPANTS.attended_s + EXACT_S,
        PARTICIPANTS.screenshare_s > PARTICIPANTS.attended_s + EXACT_S,
        PARTICIPANTS.interruptions_successful > PARTICIPANTS.interruptions_made,
        PARTICIPANTS.run_count > PARTICIPANTS.turn_count,
        _is_outside_ratio_range(ParticipantMetrics),
    )
    return (
        rows_of(ParticipantMetrics, literal("a row contradicts itself").label("location"))
        .join(table_of(MeetingMetrics), MEETINGS.recording_id == PARTICIPANTS.recording_id)
        .where(is_violated)
        .distinct()
    )


def _inconsistent_persons(_at: datetime) -> Select[Any]:
    is_violated = or_(
        PERSONS.talk_time_s > MEETINGS.duration_s + EXACT_S,
        PERSONS.attended_s > MEETINGS.duration_s + EXACT_S,
        PERSONS.talk_time_s > PERSONS.persons_talk_s + EXACT_S,
        PERSONS.interruptions_successful > PERSONS.interruptions_made,
        _is_outside_ratio_range(PersonMetrics),
    )
    return (
        rows_of(PersonMetrics, literal("a row contradicts itself").label("location"))
        .join(table_of(MeetingMetrics), MEETINGS.recording_id == PERSONS.recording_id)
        .where(is_violated)
        .distinct()
    )


def _is_outside_ratio_range(model: type[SQLModel]) -> ColumnElement[bool]:
    columns = table_of(model).c
    return or_(*(or_(columns[name] < -EXACT, columns[name] > 1 + EXACT) for name in RATIOS[model]))
