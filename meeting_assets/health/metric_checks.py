"""Claims about the metrics: the laws that every row keeps, and how well their sources agree.

A broken law means that a number is wrong, and is our fault. A broken agreement means that numbers are right about
sources that contradict each other: they warn, and name the recordings to look at.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, or_, select
from sqlmodel import SQLModel

from meeting_assets.health.data_checks import STUCK_AFTER, Check
from meeting_assets.metrics.persons import PersonMetrics
from meeting_assets.metrics.quality import DataQuality
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.metrics.turns import SpeakerTransitions
from meeting_assets.recall.objects import FINISHED
from meeting_assets.schema.columns import Instant
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER, RECORDINGS
from meeting_assets.store.states import FETCHED, PENDING

# What adds up in microseconds adds up in floats to less than this.
EXACT_S = 1e-4
EXACT = 1e-6
# A platform's join and leave, and what it says of speech, are not told by one clock.
ATTENDANCE_SLACK_S = 5.0
LEAST_COVERAGE = 0.5
LEAST_AGREEMENT = 0.8
LARGEST_SKEW_S = 5.0
MEASURED_KINDS = ("participants", "participant_events", "speaker_timeline", "transcript")
# What a workspace may do without; the others are missing from all meetings only where a setting has gone wrong.
CHOSEN_KIND = "transcript"

MEETINGS, MEMBERS = table_of(MeetingMetrics).c, table_of(ParticipantMetrics).c
QUALITY = table_of(DataQuality).c
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
    """What should be true of every row of the metrics."""
    return [
        Check(
            name="every_meetings_numbers_add_up",
            description=(
                "Of every meeting, speech and silence make the span, the participants' talk times, shares and turns "
                "make the meeting's, the transitions its speaker switches, and ratios are from 0 to 1. Where it is "
                "broken, a number is wrong and we are at fault: run `meeting-assets rebuild` for the day, and report "
                "it if that does not settle it."
            ),
            table=table_of(MeetingMetrics).name,
            is_error=True,
            breaches=_unlawful_meetings,
        ),
        Check(
            name="every_participants_numbers_add_up",
            description=(
                "Of every participant, time alone and overlapped make the talk time, no time is longer than the "
                "recording, no part is more than its whole, and ratios are from 0 to 1. To settle it, as for meetings."
            ),
            table=table_of(ParticipantMetrics).name,
            is_error=True,
            breaches=_unlawful_participants,
        ),
        Check(
            name="every_persons_numbers_add_up",
            description=(
                "Of every person, on all devices together, no time is longer than the recording, talk is no more than "
                "that of all persons, and ratios are from 0 to 1. To settle it, as for meetings."
            ),
            table=table_of(PersonMetrics).name,
            is_error=True,
            breaches=_unlawful_persons,
        ),
        Check(
            name="nobody_talks_longer_than_they_attend",
            description=(
                f"No participant's talk time exceeds their time there by more than {ATTENDANCE_SLACK_S:.0f} s. "
                "Where it is broken, joins or leaves were lost, or speech is somebody else's. To settle it, compare "
                "both with the video."
            ),
            table=table_of(ParticipantMetrics).name,
            is_error=False,
            breaches=_absent_talkers,
            place=_talk_and_stay,
        ),
        _agrees(
            "timeline_and_words_agree",
            f"At least {LEAST_COVERAGE:.0%} of the speaker timeline's speech has words, and at least as much of the "
            "time with words has speech. Where it is broken, one of the two is shifted or incomplete: compare them "
            "with the video.",
            lambda _at: or_(
                QUALITY.timeline_word_coverage < LEAST_COVERAGE, QUALITY.word_timeline_coverage < LEAST_COVERAGE
            ),
            lambda row: f"{row.timeline_word_coverage:.0%} of speech has words, {row.word_timeline_coverage:.0%} back",
        ),
        _agrees(
            "speech_events_and_timeline_agree",
            f"Speech events and speaker timeline have at least {LEAST_AGREEMENT:.0%} of their speech in common "
            "(Jaccard). Where it is broken, one of the two was cut short. To settle it, compare them with the video, "
            "then prefer the better one with MEETING_ASSETS_TIMING_SOURCE.",
            lambda _at: QUALITY.speech_event_agreement < LEAST_AGREEMENT,
            lambda row: f"{row.speech_event_agreement:.0%} in common",
        ),
        _agrees(
            "clocks_agree",
            f"The clock times of events and their seconds from the start differ by less than {LARGEST_SKEW_S:.0f} s. "
            "Where it is broken, its times count from another instant than its start. To settle it, ask Recall.ai's "
            "support with its id.",
            lambda _at: func.abs(QUALITY.clock_skew_s) > LARGEST_SKEW_S,
            lambda row: f"off by {row.clock_skew_s:.1f} s",
        ),
        _agrees(
            "nothing_that_is_measured_is_missing",
            "Every recording with metrics has participants, events, speaker timeline and, if any recording has one, a "
            "transcript. An artifact that is being made or fetched counts as missing after "
            f"{STUCK_AFTER.total_seconds() / 3600:.0f} h. Where it is broken, its metrics are made from less. To "
            "settle it, see in the Recall.ai dashboard why it is not there.",
            lambda at: or_(*(_is_missing(kind, at) for kind in MEASURED_KINDS)),
            lambda row: f"without {row.missing_kinds.replace(',', ', ')}",
        ),
    ]


def _talk_and_stay(row: Any) -> str:
    return f"participant {row.participant_key} talks {row.talk_time_s:.0f} s and attends {row.attended_s:.0f} s"


def _is_missing(kind: str, at: datetime) -> ColumnElement[bool]:
    is_named = ("," + QUALITY.missing_kinds + ",").contains(f",{kind},", autoescape=True)
    is_missing = and_(is_named, ~_is_on_its_way(kind, at))
    if kind != CHOSEN_KIND:
        return is_missing
    return and_(is_missing, exists().where(LEDGER.c.kind == kind, LEDGER.c.sha256.is_not(None)).correlate(None))


def _is_on_its_way(kind: str, at: datetime) -> ColumnElement[bool]:
    """Whether the recording's artifact is being made at the API, or made and not fetched or parsed yet; not overdue."""
    since = func.coalesce(LEDGER.c.api_updated_at, LEDGER.c.api_created_at, RECORDINGS.c.created_at)
    is_made_now = and_(LEDGER.c.status == PENDING, or_(LEDGER.c.api_status.not_in(FINISHED), LEDGER.c.attempts == 0))
    return exists().where(
        LEDGER.c.recording_id == RECORDINGS.c.recording_id,
        LEDGER.c.kind == kind,
        or_(LEDGER.c.status == FETCHED, is_made_now),
        since >= literal(at - STUCK_AFTER, Instant),
    )


def _agrees(
    name: str, description: str, is_broken: Callable[[datetime], ColumnElement[bool]], place: Callable[[Any], str]
) -> Check:
    def breaches(at: datetime) -> Select[Any]:
        columns = (
            *(QUALITY.timeline_word_coverage, QUALITY.word_timeline_coverage, QUALITY.speech_event_agreement),
            *(QUALITY.clock_skew_s, QUALITY.missing_kinds),
        )
        return _about(DataQuality, *columns).where(is_broken(at))

    return Check(
        name=name,
        description=description,
        table=table_of(DataQuality).name,
        is_error=False,
        breaches=breaches,
        place=place,
    )


def _unlawful_meetings(_at: datetime) -> Select[Any]:
    sums = (
        select(
            MEMBERS.recording_id,
            func.sum(MEMBERS.talk_time_s).label("talk_s"),
            func.sum(MEMBERS.talk_share).label("share"),
            func.sum(MEMBERS.turn_count).label("turns"),
            func.sum(MEMBERS.interruptions_made).label("interruptions"),
        )
        .group_by(MEMBERS.recording_id)
        .subquery()
    )
    transitions = table_of(SpeakerTransitions).c
    switches = (
        select(transitions.recording_id, func.sum(transitions.switch_count).label("switches"))
        .group_by(transitions.recording_id)
        .subquery()
    )
    is_broken = or_(
        func.abs(MEETINGS.speech_s + MEETINGS.silence_s - MEETINGS.span_s) > EXACT_S,
        MEETINGS.overlap_s > MEETINGS.speech_s + EXACT_S,
        MEETINGS.speech_s > MEETINGS.duration_s + EXACT_S,
        func.abs(MEETINGS.talk_s - sums.c.talk_s) > EXACT_S,
        func.abs(sums.c.share - 1) > EXACT,
        MEETINGS.turn_count != sums.c.turns,
        MEETINGS.interruption_count != sums.c.interruptions,
        MEETINGS.speaker_switches != func.coalesce(switches.c.switches, 0),
        _is_no_ratio(MeetingMetrics),
    )
    return (
        _about(MeetingMetrics, literal("the row contradicts itself or its participants").label("place"))
        .join(sums, sums.c.recording_id == MEETINGS.recording_id, isouter=True)
        .join(switches, switches.c.recording_id == MEETINGS.recording_id, isouter=True)
        .where(is_broken)
    )


def _unlawful_participants(_at: datetime) -> Select[Any]:
    is_broken = or_(
        func.abs(MEMBERS.solo_talk_s + MEMBERS.overlapped_talk_s - MEMBERS.talk_time_s) > EXACT_S,
        MEMBERS.talk_time_s > MEETINGS.duration_s + EXACT_S,
        MEMBERS.attended_s > MEETINGS.duration_s + EXACT_S,
        MEMBERS.webcam_on_s > MEMBERS.attended_s + EXACT_S,
        MEMBERS.screenshare_s > MEMBERS.attended_s + EXACT_S,
        MEMBERS.interruptions_successful > MEMBERS.interruptions_made,
        MEMBERS.run_count > MEMBERS.turn_count,
        _is_no_ratio(ParticipantMetrics),
    )
    return (
        _about(ParticipantMetrics, literal("a row contradicts itself").label("place"))
        .join(table_of(MeetingMetrics), MEETINGS.recording_id == MEMBERS.recording_id)
        .where(is_broken)
        .distinct()
    )


def _unlawful_persons(_at: datetime) -> Select[Any]:
    is_broken = or_(
        PERSONS.talk_time_s > MEETINGS.duration_s + EXACT_S,
        PERSONS.attended_s > MEETINGS.duration_s + EXACT_S,
        PERSONS.talk_time_s > PERSONS.persons_talk_s + EXACT_S,
        PERSONS.interruptions_successful > PERSONS.interruptions_made,
        _is_no_ratio(PersonMetrics),
    )
    return (
        _about(PersonMetrics, literal("a row contradicts itself").label("place"))
        .join(table_of(MeetingMetrics), MEETINGS.recording_id == PERSONS.recording_id)
        .where(is_broken)
        .distinct()
    )


def _absent_talkers(_at: datetime) -> Select[Any]:
    # Keys without an id hold a name, which stays out of sight; nobody joins under such a key either.
    has_id = ~MEMBERS.participant_key.startswith("label:")
    return _about(ParticipantMetrics, MEMBERS.participant_key, MEMBERS.talk_time_s, MEMBERS.attended_s).where(
        has_id, MEMBERS.talk_time_s > MEMBERS.attended_s + ATTENDANCE_SLACK_S
    )


def _is_no_ratio(model: type[SQLModel]) -> ColumnElement[bool]:
    columns = table_of(model).c
    return or_(*(or_(columns[name] < -EXACT, columns[name] > 1 + EXACT) for name in RATIOS[model]))


def _about(model: type[SQLModel], *columns: Any) -> Select[Any]:
    """Rows of a table with the day of their recording."""
    table = table_of(model)
    return select(table.c.recording_id, RECORDINGS.c.day, literal(table.name).label("about"), *columns).join_from(
        table, RECORDINGS, RECORDINGS.c.recording_id == table.c.recording_id
    )
