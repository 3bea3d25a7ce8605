"""Checks that the sources of a meeting agree.

A violation means that two sources contradict each other, or that one is incomplete. It is a warning and names the
recordings to inspect.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, exists, func, literal, or_, select

from meeting_assets.core.speaker_keys import LABEL_PREFIX, UNKNOWN
from meeting_assets.health.check import Check
from meeting_assets.health.ledger_checks import STUCK_AFTER
from meeting_assets.health.metric_rows import rows_of
from meeting_assets.metrics.quality import (
    LARGEST_SKEW_S,
    LEAST_AGREEMENT,
    LEAST_COVERAGE,
    MEASURED_KINDS,
    DataQuality,
)
from meeting_assets.metrics.speakers import Speakers
from meeting_assets.metrics.tables import ParticipantMetrics
from meeting_assets.recall.objects import FINISHED
from meeting_assets.schema.columns import Instant
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER, RECORDINGS
from meeting_assets.store.ledger_states import FETCHED, PENDING

# The times of joins and leaves and the times of speech come from different clocks.
ATTENDANCE_SLACK_S = 5.0
LEAST_ATTRIBUTED = 0.8
# A workspace may record without transcripts. The other kinds are missing from all meetings only after a wrong setting.
OPTIONAL_KIND = "transcript"

QUALITY, PARTICIPANTS, SPEAKERS = table_of(DataQuality).c, table_of(ParticipantMetrics).c, table_of(Speakers).c


def agreement_checks() -> list[Check]:
    """Checks that compare the sources of each meeting."""
    return [_talk_is_within_attendance(), *_checks_of_speech(), _words_have_participants(), *_checks_of_artifacts()]


def _talk_is_within_attendance() -> Check:
    return Check(
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
    )


def _checks_of_speech() -> list[Check]:
    return [
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
    ]


def _words_have_participants() -> Check:
    return _quality_check(
        "words_have_participants",
        f"At least {LEAST_ATTRIBUTED:.0%} of the words of each meeting's primary transcript have a participant. "
        "Words under labels: the diarization mixes people, or the speaker timeline is incomplete. To fix it, inspect "
        "the meeting with `meeting-assets speakers RECORDING`, and correct its labels there. Words without any "
        "speaker: the transcription provider names no speakers. To fix it, turn on diarization in the settings of the "
        "bot's transcription, and transcribe the recording again.",
        lambda _at: QUALITY.attributed_word_share < LEAST_ATTRIBUTED,
        lambda row: (
            f"{1 - row.attributed_word_share:.0%} of the words without a participant: "
            f"{row.labelled_words or 0} words under labels, {row.unknown_words or 0} without any speaker"
        ),
        _words(SPEAKERS.speaker_key.startswith(LABEL_PREFIX)).label("labelled_words"),
        _words(SPEAKERS.speaker_key == UNKNOWN).label("unknown_words"),
    )


def _words(is_counted: ColumnElement[bool]) -> ScalarSelect[Any]:
    """The number of words of the unresolved speakers of a recording that satisfy a condition."""
    return (
        select(func.sum(SPEAKERS.word_count))
        .where(
            SPEAKERS.recording_id == QUALITY.recording_id,
            SPEAKERS.source == "transcript",
            SPEAKERS.participant_key.is_(None),
            is_counted,
        )
        .correlate(table_of(DataQuality))
        .scalar_subquery()
    )


def _checks_of_artifacts() -> list[Check]:
    return [
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
            always_reads_all=True,
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
    *others: ColumnElement[Any],
    always_reads_all: bool = False,
) -> Check:
    columns = (
        *(QUALITY.timeline_word_coverage, QUALITY.word_timeline_coverage, QUALITY.speech_event_agreement),
        *(QUALITY.clock_skew_s, QUALITY.missing_kinds, QUALITY.attributed_word_share),
        *others,
    )
    return Check(
        name=name,
        description=description,
        table=table_of(DataQuality).name,
        is_error=False,
        violating_rows=lambda at: rows_of(DataQuality, *columns).where(is_violated(at)),
        location_of=location_of,
        always_reads_all=always_reads_all,
    )


def _talk_without_attendance(_at: datetime) -> Select[Any]:
    # Keys with a label contain a name, which must not be shown. They have no attendance to compare with either.
    has_id = ~PARTICIPANTS.participant_key.startswith(LABEL_PREFIX)
    return rows_of(
        ParticipantMetrics, PARTICIPANTS.participant_key, PARTICIPANTS.talk_time_s, PARTICIPANTS.attended_s
    ).where(has_id, PARTICIPANTS.talk_time_s > PARTICIPANTS.attended_s + ATTENDANCE_SLACK_S)
