"""Checks of the metrics: arithmetic rules for every row, and agreement between sources.

A violated arithmetic rule means a wrong number, caused by a bug in this package. A violated agreement means that two
sources contradict each other; it is a warning and names the recordings to inspect.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, or_, select
from sqlmodel import SQLModel

from meeting_assets.health.check import Check
from meeting_assets.health.ledger_checks import STUCK_AFTER
from meeting_assets.metrics.persons import PersonMetrics
from meeting_assets.metrics.quality import DataQuality
from meeting_assets.metrics.segments import SpeechSegments
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.metrics.turns import SpeakerTransitions
from meeting_assets.recall.objects import FINISHED
from meeting_assets.schema.columns import Instant
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER, RECORDINGS
from meeting_assets.store.ledger_states import FETCHED, PENDING

# Sums of floats differ from exact sums by less than this.
EXACT_S = 1e-4
EXACT = 1e-6
# The times of joins and leaves and the times of speech come from different clocks.
ATTENDANCE_SLACK_S = 5.0
LEAST_COVERAGE = 0.5
LEAST_AGREEMENT = 0.8
LARGEST_SKEW_S = 5.0
LEAST_ATTRIBUTED = 0.8
MEASURED_KINDS = ("participants", "participant_events", "speaker_timeline", "transcript")
# A workspace may record without transcripts. The other kinds are missing from all meetings only after a wrong setting.
OPTIONAL_KIND = "transcript"

MEETINGS, PARTICIPANTS = table_of(MeetingMetrics).c, table_of(ParticipantMetrics).c
QUALITY = table_of(DataQuality).c
SPEECH = table_of(SpeechSegments).c
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
    return [*_arithmetic_checks(), *_agreement_checks()]


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


def _agreement_checks() -> list[Check]:
    return [
        Check(
            name="talk_time_is_within_attendance",
            description=(
                f"No participant's talk time exceeds their attendance by more than {ATTENDANCE_SLACK_S:.0f} s. If it "
                "fails, joins or leaves are missing, or speech is attributed to the wrong participant: compare both "
                "with the video."
            ),
            table=table_of(ParticipantMetrics).name,
            is_error=False,
            violating_rows=_talk_without_attendance,
            location_of=_talk_and_attendance,
        ),
        _quality_check(
            "timeline_and_words_agree",
            f"Words cover at least {LEAST_COVERAGE:.0%} of the speech in the speaker timeline, and the timeline covers "
            "at least as much of the time with words. If it fails, one of the two is shifted or incomplete: compare "
            "both with the video.",
            lambda _at: or_(
                QUALITY.timeline_word_coverage < LEAST_COVERAGE, QUALITY.word_timeline_coverage < LEAST_COVERAGE
            ),
            lambda row: (
                f"words cover {row.timeline_word_coverage:.0%} of the timeline, "
                f"the timeline covers {row.word_timeline_coverage:.0%} of the words"
            ),
        ),
        _quality_check(
            "speech_events_and_timeline_agree",
            f"Speech events and speaker timeline have at least {LEAST_AGREEMENT:.0%} of their speech in common "
            "(Jaccard index). If it fails, one of the two is incomplete: compare both with the video, then prefer the "
            "better one with MEETING_ASSETS_TIMING_SOURCE.",
            lambda _at: QUALITY.speech_event_agreement < LEAST_AGREEMENT,
            lambda row: f"{row.speech_event_agreement:.0%} in common",
        ),
        _quality_check(
            "words_have_participants",
            f"At least {LEAST_ATTRIBUTED:.0%} of the words of each meeting's primary transcript have a participant. If "
            "it fails, labels of the diarization mix people, or the speaker timeline is incomplete. To fix it, inspect "
            "the meeting with `meeting-assets speakers RECORDING`, and correct its labels there.",
            lambda _at: QUALITY.attributed_word_share < LEAST_ATTRIBUTED,
            lambda row: f"{1 - row.attributed_word_share:.0%} of the words without a participant",
        ),
        _quality_check(
            "clocks_agree",
            "The clock times of events and their seconds from the start of the recording differ by less than "
            f"{LARGEST_SKEW_S:.0f} s. If it fails, the seconds are counted from another instant than the start. To fix "
            "it, send the id of the recording to Recall.ai's support.",
            lambda _at: func.abs(QUALITY.clock_skew_s) > LARGEST_SKEW_S,
            lambda row: f"off by {row.clock_skew_s:.1f} s",
        ),
        _quality_check(
            "nothing_that_is_measured_is_missing",
            "Every recording with metrics has participants, events, a speaker timeline and, if any recording has one, "
            "a transcript. An artifact that is in progress at the API or not fetched yet counts as missing after "
            f"{STUCK_AFTER.total_seconds() / 3600:.0f} h. If it fails, metrics are derived from fewer sources. To fix "
            "it, find the cause in the Recall.ai dashboard.",
            lambda at: or_(*(_is_missing(kind, at) for kind in MEASURED_KINDS)),
            lambda row: f"without {row.missing_kinds.replace(',', ', ')}",
        ),
    ]


def _talk_and_attendance(row: Any) -> str:
    return f"participant {row.participant_key} talks {row.talk_time_s:.0f} s and attends {row.attended_s:.0f} s"


def _is_missing(kind: str, at: datetime) -> ColumnElement[bool]:
    is_named = ("," + QUALITY.missing_kinds + ",").contains(f",{kind},", autoescape=True)
    is_missing = and_(is_named, ~_is_arriving(kind, at))
    if kind != OPTIONAL_KIND:
        return is_missing
    return and_(is_missing, exists().where(LEDGER.c.kind == kind, LEDGER.c.sha256.is_not(None)).correlate(None))


def _is_arriving(kind: str, at: datetime) -> ColumnElement[bool]:
    """True if the API is processing the artifact, or a run has not fetched or parsed it yet, for less than a day."""
    since = func.coalesce(LEDGER.c.api_updated_at, LEDGER.c.api_created_at, RECORDINGS.c.created_at)
    is_awaited = and_(LEDGER.c.status == PENDING, or_(LEDGER.c.api_status.not_in(FINISHED), LEDGER.c.attempts == 0))
    return exists().where(
        LEDGER.c.recording_id == RECORDINGS.c.recording_id,
        LEDGER.c.kind == kind,
        or_(LEDGER.c.status == FETCHED, is_awaited),
        since >= literal(at - STUCK_AFTER, Instant),
    )


def _quality_check(
    name: str,
    description: str,
    is_violated: Callable[[datetime], ColumnElement[bool]],
    location_of: Callable[[Any], str],
) -> Check:
    columns = (
        *(QUALITY.timeline_word_coverage, QUALITY.word_timeline_coverage, QUALITY.speech_event_agreement),
        *(QUALITY.clock_skew_s, QUALITY.missing_kinds, QUALITY.attributed_word_share),
    )
    return Check(
        name=name,
        description=description,
        table=table_of(DataQuality).name,
        is_error=False,
        violating_rows=lambda at: _rows_of(DataQuality, *columns).where(is_violated(at)),
        location_of=location_of,
    )


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
        _rows_of(MeetingMetrics, literal("the row contradicts itself or its participants").label("location"))
        .join(sums, sums.c.recording_id == MEETINGS.recording_id, isouter=True)
        .join(switches, switches.c.recording_id == MEETINGS.recording_id, isouter=True)
        .where(is_violated)
    )


def _differs(of_meeting: Any, of_participants: Any) -> ColumnElement[bool]:
    """True if the participants' sum is not that of the meeting, or exceeds it where unresolved speakers have a part."""
    has_unresolved = exists().where(
        SPEECH.recording_id == MEETINGS.recording_id, SPEECH.participant_key.startswith("label:")
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
        _rows_of(ParticipantMetrics, literal("a row contradicts itself").label("location"))
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
        _rows_of(PersonMetrics, literal("a row contradicts itself").label("location"))
        .join(table_of(MeetingMetrics), MEETINGS.recording_id == PERSONS.recording_id)
        .where(is_violated)
        .distinct()
    )


def _talk_without_attendance(_at: datetime) -> Select[Any]:
    # Keys with a label contain a name, which must not be shown. They have no attendance to compare with either.
    has_id = ~PARTICIPANTS.participant_key.startswith("label:")
    return _rows_of(
        ParticipantMetrics, PARTICIPANTS.participant_key, PARTICIPANTS.talk_time_s, PARTICIPANTS.attended_s
    ).where(has_id, PARTICIPANTS.talk_time_s > PARTICIPANTS.attended_s + ATTENDANCE_SLACK_S)


def _is_outside_ratio_range(model: type[SQLModel]) -> ColumnElement[bool]:
    columns = table_of(model).c
    return or_(*(or_(columns[name] < -EXACT, columns[name] > 1 + EXACT) for name in RATIOS[model]))


def _rows_of(model: type[SQLModel], *columns: Any) -> Select[Any]:
    """Rows of a table with the day of their recording."""
    table = table_of(model)
    return select(table.c.recording_id, RECORDINGS.c.day, literal(table.name).label("source"), *columns).join_from(
        table, RECORDINGS, RECORDINGS.c.recording_id == table.c.recording_id
    )
