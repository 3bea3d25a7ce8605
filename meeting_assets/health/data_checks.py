"""Claims about whole tables and the whole ledger, each a question in SQL for what breaks it. Nothing is written here.

A claim never speaks of a run's days: it holds again only when nothing is wrong any more. `ledger_claims` cost little
and are asked after every run, `table_claims` walk whole tables and are asked once a night.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Date,
    Select,
    Subquery,
    and_,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlmodel import SQLModel

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.artifacts.participants import Participants
from meeting_assets.artifacts.speaker_timeline import SpeakerTimeline
from meeting_assets.artifacts.transcript import Transcripts, TranscriptUtterances, TranscriptWords
from meeting_assets.artifacts.wire import UNKNOWN
from meeting_assets.health.status import MANY_ATTEMPTS
from meeting_assets.metrics import COUNTED_IN
from meeting_assets.metrics.tables import MeetingMetrics
from meeting_assets.pipeline.deletion.retention import UNCONFIRMED_DAYS, WAITING
from meeting_assets.pipeline.derive import is_measurable
from meeting_assets.recall.objects import FINISHED
from meeting_assets.schema.columns import Instant
from meeting_assets.store.database import META, table_of
from meeting_assets.store.ledger import LEDGER, RECORDINGS
from meeting_assets.store.states import DELETED, FETCHED, INTERRUPTED, PENDING, QUARANTINED
from meeting_assets.store.tombstones import is_purged_artifact

MOST_NAMED = 20
SOON = timedelta(hours=24)
STUCK_AFTER = timedelta(hours=24)
# Nothing brings back what is lost: it is named until somebody had a week to see it.
LOSSES_NAMED_FOR = timedelta(days=7)
# A run fetches before it derives; what came within this time may be in its hands.
LONGEST_WORK = timedelta(hours=1)
# Who talks that long is no cough, and who says that many words is no mix-up of a word or two.
SUBSTANTIAL_TALK_S = 60.0
SUBSTANTIAL_WORDS = 50

WORDS = table_of(TranscriptWords).c
UTTERANCES = table_of(TranscriptUtterances).c
TRANSCRIPTS = table_of(Transcripts).c
TIMELINE = table_of(SpeakerTimeline).c
PARTICIPANTS = table_of(Participants).c


class Violation(NamedTuple):
    """Something that breaks a claim: where it is, without a word of what was said or a name."""

    recording_id: str
    day: date | None
    about: str
    place: str


@dataclass(frozen=True, slots=True)
class Violations:
    """How often a claim is broken, and where, the newest first; at most `MOST_NAMED` are named."""

    count: int
    newest: tuple[Violation, ...]


Place = Callable[[Any], str]


def _as_it_says(row: Any) -> str:
    return str(row.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A sentence that should be true of a table, and the question for what breaks it."""

    name: str
    description: str
    table: str
    is_error: bool
    """Whether numbers are wrong or data will be lost where it is broken."""
    breaches: Callable[[datetime], Select[Any]]
    """At an instant, as `recording_id`, `day`, `about` (an artifact kind or a table) and what `place` is made from."""
    place: Place = _as_it_says

    def broken(self, connection: Connection, at: datetime) -> Violations:
        """What breaks the claim at an instant."""
        found = self.breaches(at).subquery()
        query = (
            select(found, func.count().over().label("breach_count"))
            .order_by(found.c.day.desc(), *(column for column in found.c if column.name != "day"))
            .limit(MOST_NAMED)
        )
        rows = connection.execute(query).all()
        newest = tuple(Violation(row.recording_id, row.day, row.about, self.place(row)) for row in rows)
        return Violations(rows[0].breach_count if rows else 0, newest)


def ledger_checks() -> list[Check]:
    """What the ledger and `recordings` alone can tell."""
    return [
        *(_nothing_is_quarantined(kind) for kind in ARTIFACTS),
        Check(
            name="nothing_expires_unfetched",
            description=(
                "No artifact that is not home belongs to a recording that expires at the API within 24 h, and none was "
                "lost in the last 7 days: deleted there before it was fetched. To settle it, run "
                "`meeting-assets sync --recording ID --refetch` or lengthen the retention at Recall.ai; a loss is "
                "final and is named for a week."
            ),
            table=RECORDINGS.name,
            is_error=True,
            breaches=_expiring_unfetched,
            place=_loss,
        ),
        Check(
            name="nothing_is_stuck_at_the_api",
            description=(
                "No recording is unfinished and no artifact is being made 24 h after it began, and none that the API "
                f"says is done has failed to come {MANY_ATTEMPTS} times. To settle it, look the recording up in the "
                "Recall.ai dashboard and ask their support with its id."
            ),
            table=RECORDINGS.name,
            is_error=False,
            breaches=_stuck,
            place=_wait,
        ),
        Check(
            name="retention_needs_confirmation",
            description=(
                "No retention waits for a confirmation. A night that would purge more than "
                f"{UNCONFIRMED_DAYS} days purges nothing, since a wrong clock looks like that. To settle it, run "
                "`meeting-assets purge --expired`, which shows what it would purge and asks."
            ),
            table=RECORDINGS.name,
            is_error=True,
            breaches=_waiting_retention,
        ),
        Check(
            name="every_finished_recording_has_metrics",
            description=(
                "Every finished recording has a row, but those that a run is at work on. To settle it, run "
                "`meeting-assets sync` for the day of the recording."
            ),
            table=table_of(MeetingMetrics).name,
            is_error=True,
            breaches=_without_metrics,
        ),
    ]


def table_checks() -> list[Check]:
    """What only a walk through whole tables can tell."""
    return [
        Check(
            name="every_utterances_words_lie_inside_it",
            description=(
                "Every word belongs to an utterance of its transcript and lies between its start and its end. To "
                "settle it, run `meeting-assets rebuild` for the day."
            ),
            table=table_of(TranscriptWords).name,
            is_error=True,
            breaches=_words_outside,
            place=lambda row: f"utterance {row.utterance_index}, word {row.word_index}",
        ),
        Check(
            name="timeline_and_transcript_name_the_same_people",
            description=(
                f"Who talks for {SUBSTANTIAL_TALK_S:.0f} s in the speaker timeline says a word in the primary "
                f"transcript, and who says {SUBSTANTIAL_WORDS} words there is in the timeline. Left out: bots, "
                "recordings that lack one of the two, and where the other one does not say who speaks (machine "
                "diarization). Where it is broken, one of the two has the wrong people: compare them with the video."
            ),
            table=table_of(TranscriptUtterances).name,
            is_error=False,
            breaches=_people_in_one_only,
            place=_absence,
        ),
        *(_every_counted_row_is_there(model, counted) for model, counted in _tallies().items()),
    ]


def _nothing_is_quarantined(kind: str) -> Check:
    def breaches(_at: datetime) -> Select[Any]:
        return _of_ledger(LEDGER.c.error.label("place")).where(LEDGER.c.kind == kind, LEDGER.c.status == QUARANTINED)

    return Check(
        name="nothing_is_quarantined",
        description=(
            f"Every {kind} artifact that is home can be read. Those that cannot have no rows; their bytes are kept. To "
            "settle it, have the artifact issued again at Recall.ai or upgrade, then run "
            "`meeting-assets sync --recording ID --refetch`."
        ),
        table=_finest(kind),
        is_error=True,
        breaches=breaches,
    )


def _expiring_unfetched(at: datetime) -> Select[Any]:
    seen_at = func.coalesce(RECORDINGS.c.deleted_at, LEDGER.c.api_updated_at, RECORDINGS.c.created_at)
    return _of_ledger(LEDGER.c.status, RECORDINGS.c.expires_at).where(
        or_(
            and_(LEDGER.c.status == PENDING, RECORDINGS.c.expires_at <= at + SOON),
            and_(LEDGER.c.status == DELETED, seen_at >= literal(at - LOSSES_NAMED_FOR, Instant), ~is_purged_artifact()),
        )
    )


def _waiting_retention(_at: datetime) -> Select[Any]:
    return select(
        literal("").label("recording_id"),
        cast(null(), Date()).label("day"),
        literal(RECORDINGS.name).label("about"),
        META.value.label("place"),
    ).where(META.name == WAITING)


def _loss(row: Any) -> str:
    if row.status == DELETED:
        return "deleted at the API before it was fetched"
    return f"not home, expires at {row.expires_at:%Y-%m-%d %H:%M} UTC"


def _stuck(at: datetime) -> Select[Any]:
    long_ago = literal(at - STUCK_AFTER, Instant)
    unfinished = select(
        RECORDINGS.c.recording_id,
        RECORDINGS.c.day,
        literal("recording").label("about"),
        RECORDINGS.c.status.label("api_status"),
        RECORDINGS.c.created_at.label("since"),
        null().label("error"),
    ).where(RECORDINGS.c.status.not_in([*FINISHED, DELETED]), RECORDINGS.c.created_at < long_ago)
    since = func.coalesce(LEDGER.c.api_updated_at, LEDGER.c.api_created_at, RECORDINGS.c.created_at)
    waiting = _of_ledger(LEDGER.c.api_status, since.label("since"), LEDGER.c.error).where(
        LEDGER.c.status == PENDING,
        or_(
            and_(LEDGER.c.api_status == "processing", since < long_ago),
            and_(LEDGER.c.api_status == "done", LEDGER.c.attempts >= MANY_ATTEMPTS),
        ),
    )
    return select(union_all(unfinished, waiting).subquery())


def _wait(row: Any) -> str:
    if row.api_status == "done":
        return row.error or "does not come"
    return f"{row.api_status} since {row.since:%Y-%m-%d %H:%M} UTC"


def _without_metrics(at: datetime) -> Select[Any]:
    metrics = table_of(MeetingMetrics)
    has_metrics = exists().where(metrics.c.recording_id == RECORDINGS.c.recording_id)
    # An attempt that goes on is counted already.
    is_first = or_(LEDGER.c.attempts == 0, and_(LEDGER.c.attempts == 1, LEDGER.c.error == INTERRUPTED))
    is_untried = and_(LEDGER.c.status == PENDING, LEDGER.c.api_status == "done", is_first)
    is_in_hand = exists().where(
        LEDGER.c.recording_id == RECORDINGS.c.recording_id,
        or_(LEDGER.c.status == FETCHED, is_untried, LEDGER.c.fetched_at > at - LONGEST_WORK),
    )
    return select(
        RECORDINGS.c.recording_id,
        RECORDINGS.c.day,
        literal(metrics.name).label("about"),
        literal("no row").label("place"),
    ).where(is_measurable(), ~has_metrics, ~is_in_hand)


def _words_outside(_at: datetime) -> Select[Any]:
    is_its_utterance = and_(
        UTTERANCES.recording_id == WORDS.recording_id,
        UTTERANCES.transcript_id == WORDS.transcript_id,
        UTTERANCES.utterance_index == WORDS.utterance_index,
    )
    is_outside = or_(
        UTTERANCES.recording_id.is_(None),
        *(time < UTTERANCES.start_s for time in (WORDS.start_s, WORDS.end_s)),
        *(time > UTTERANCES.end_s for time in (WORDS.start_s, WORDS.end_s)),
    )
    return (
        select(
            WORDS.recording_id,
            RECORDINGS.c.day,
            literal(table_of(TranscriptWords).name).label("about"),
            WORDS.utterance_index,
            WORDS.word_index,
        )
        .join_from(table_of(TranscriptWords), table_of(TranscriptUtterances), is_its_utterance, isouter=True)
        .join(RECORDINGS, RECORDINGS.c.recording_id == WORDS.recording_id, isouter=True)
        .where(is_outside)
    )


def _people_in_one_only(_at: datetime) -> Select[Any]:
    talk = _talk()
    words = _words()
    silent_in_transcript = _absent(talk, talk.c.talk_s >= SUBSTANTIAL_TALK_S, words, words.c.word_count > 0)
    absent_from_timeline = _absent(words, words.c.word_count >= SUBSTANTIAL_WORDS, talk, talk.c.segment_count > 0)
    return select(union_all(silent_in_transcript, absent_from_timeline).subquery())


def _talk() -> Subquery:
    """How long each speaker of the timeline talks."""
    length_s = func.coalesce(TIMELINE.end_s, TIMELINE.start_s) - TIMELINE.start_s
    return (
        select(
            TIMELINE.recording_id,
            TIMELINE.participant_key,
            literal(table_of(SpeakerTimeline).name).label("source"),
            func.sum(length_s).label("talk_s"),
            func.count().label("segment_count"),
        )
        .group_by(TIMELINE.recording_id, TIMELINE.participant_key)
        .subquery()
    )


def _words() -> Subquery:
    """How many words each speaker of the primary transcript says."""
    is_of_primary = and_(
        TRANSCRIPTS.recording_id == UTTERANCES.recording_id,
        TRANSCRIPTS.transcript_id == UTTERANCES.transcript_id,
        TRANSCRIPTS.is_primary,
    )
    return (
        select(
            UTTERANCES.recording_id,
            UTTERANCES.participant_key,
            literal(table_of(TranscriptUtterances).name).label("source"),
            func.sum(UTTERANCES.word_count).label("word_count"),
        )
        .join_from(table_of(TranscriptUtterances), table_of(Transcripts), is_of_primary)
        .group_by(UTTERANCES.recording_id, UTTERANCES.participant_key)
        .subquery()
    )


def _absent(
    speakers: Subquery, is_substantial: ColumnElement[bool], others: Subquery, is_present: ColumnElement[bool]
) -> Select[Any]:
    """Speakers with a name of their own of whom there is nothing in another source that names all its speakers."""
    by_recording = (
        select(
            others.c.recording_id,
            func.count().filter(_is_nobody(others.c.participant_key)).label("nobody_count"),
        )
        .where(is_present)
        .group_by(others.c.recording_id)
        .subquery()
    )
    is_there = and_(
        others.c.recording_id == speakers.c.recording_id,
        others.c.participant_key == speakers.c.participant_key,
        is_present,
    )
    is_bot = exists().where(
        PARTICIPANTS.recording_id == speakers.c.recording_id,
        PARTICIPANTS.participant_key == speakers.c.participant_key,
        PARTICIPANTS.is_bot,
    )
    return (
        select(
            speakers.c.recording_id,
            RECORDINGS.c.day,
            speakers.c.source.label("about"),
            speakers.c.participant_key,
        )
        .join_from(speakers, by_recording, by_recording.c.recording_id == speakers.c.recording_id)
        .join(others, is_there, isouter=True)
        .join(RECORDINGS, RECORDINGS.c.recording_id == speakers.c.recording_id)
        .where(
            is_substantial,
            ~_is_nobody(speakers.c.participant_key),
            ~is_bot,
            others.c.recording_id.is_(None),
            by_recording.c.nobody_count == 0,
        )
    )


def _is_nobody(participant_key: Any) -> ColumnElement[bool]:
    """Whether a key says nothing of who it is: keys with a label hold a name, and stay out of sight."""
    return or_(participant_key == UNKNOWN, participant_key.startswith("label:"))


def _absence(row: Any) -> str:
    return f"participant {row.participant_key} is here alone"


def _tallies() -> dict[type[SQLModel], Any]:
    """Per table the column of a smaller one that sums up its rows; None where the ledger does."""
    tallies: dict[type[SQLModel], Any] = dict(COUNTED_IN)
    for artifact in ARTIFACTS.values():
        tallies |= {**artifact.row_count_source, artifact.tables[-1]: None}
    return tallies


def _every_counted_row_is_there(model: type[SQLModel], counted_in: Any) -> Check:
    source = "the ledger" if counted_in is None else f"`{table_of(counted_in.class_).name}.{counted_in.key}`"

    def breaches(_at: datetime) -> Select[Any]:
        return _miscounted(model, counted_in)

    return Check(
        name="every_counted_row_is_there",
        description=(
            f"Each recording has as many rows as {source} says. To settle it, run `meeting-assets rebuild` for the day."
        ),
        table=table_of(model).name,
        is_error=True,
        breaches=breaches,
        place=lambda row: f"{row.counted} rows counted, {row.present} there",
    )


def _miscounted(model: type[SQLModel], counted_in: Any) -> Select[Any]:
    table = table_of(model)
    if counted_in is None:
        (kind,) = (artifact.kind for artifact in ARTIFACTS.values() if artifact.tables[-1] is model)
        where, counter = LEDGER, LEDGER.c.row_count
        is_of_kind: ColumnElement[bool] = LEDGER.c.kind == kind
    else:
        where, counter, is_of_kind = table_of(counted_in.class_), counted_in, true()
    counted = select(where.c.recording_id, counter.label("counted"), literal(0).label("present")).where(is_of_kind)
    present = select(table.c.recording_id, literal(0), func.count()).group_by(table.c.recording_id)
    both = union_all(counted, present).subquery()
    sums = (
        select(
            both.c.recording_id,
            func.coalesce(func.sum(both.c.counted), 0).label("counted"),
            func.sum(both.c.present).label("present"),
        )
        .group_by(both.c.recording_id)
        .subquery()
    )
    return (
        select(
            sums.c.recording_id,
            RECORDINGS.c.day,
            literal(table.name).label("about"),
            sums.c.counted,
            sums.c.present,
        )
        .join_from(sums, RECORDINGS, RECORDINGS.c.recording_id == sums.c.recording_id, isouter=True)
        .where(sums.c.counted != sums.c.present)
    )


def _of_ledger(*columns: Any) -> Select[Any]:
    """Ledger rows with the day of their recording."""
    joined = LEDGER.join(RECORDINGS, RECORDINGS.c.recording_id == LEDGER.c.recording_id)
    return select(LEDGER.c.recording_id, RECORDINGS.c.day, LEDGER.c.kind.label("about"), *columns).select_from(joined)


def _finest(kind: str) -> str:
    return table_of(ARTIFACTS[kind].tables[-1]).name
