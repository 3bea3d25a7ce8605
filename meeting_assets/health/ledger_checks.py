"""Checks of the ledger and of `recordings`: cheap queries that run after every pipeline run."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Date, Select, and_, cast, exists, func, literal, null, or_, select, union_all

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.health.check import Check
from meeting_assets.health.status import EXPIRES_SOON, LEDGER_WITH_DAYS, MANY_ATTEMPTS
from meeting_assets.metrics.tables import MeetingMetrics
from meeting_assets.pipeline.deletion.retention import UNCONFIRMED_DAYS, WAITING
from meeting_assets.pipeline.derive import is_measurable
from meeting_assets.recall.objects import FINISHED
from meeting_assets.schema.columns import Instant
from meeting_assets.store.database import META, table_of
from meeting_assets.store.ledger import LEDGER, RECORDINGS
from meeting_assets.store.ledger_states import DELETED, FETCHED, INTERRUPTED, PENDING, QUARANTINED
from meeting_assets.store.tombstones import is_purged_artifact

STUCK_AFTER = timedelta(hours=24)
# A lost artifact cannot be recovered. The check reports it for a week, then passes again.
LOSS_REPORTED_FOR = timedelta(days=7)
# A run fetches artifacts before it derives metrics; a run may still be processing artifacts fetched within this time.
LONGEST_RUN = timedelta(hours=1)


def ledger_checks() -> list[Check]:
    """Checks that read the ledger, `recordings` and `meta` alone."""
    return [
        *(_nothing_is_quarantined(kind) for kind in ARTIFACTS),
        Check(
            name="nothing_expires_unfetched",
            description=(
                "Recall.ai deletes no artifact before it is fetched. Fails for unfetched artifacts that expire within "
                "24 h, and for 7 days after an artifact was lost. To fix it, run "
                "`meeting-assets sync --recording ID --refetch`, or lengthen the retention at Recall.ai. A lost "
                "artifact cannot be recovered."
            ),
            table=RECORDINGS.name,
            is_error=True,
            violating_rows=_expiring_unfetched,
            location_of=_loss,
        ),
        Check(
            name="nothing_is_stuck_at_the_api",
            description=(
                "Every recording and artifact is finished 24 h after it began, and no artifact that the API reports as "
                f"done has failed {MANY_ATTEMPTS} download attempts. To fix it, find the recording in the Recall.ai "
                "dashboard and send its id to their support."
            ),
            table=RECORDINGS.name,
            is_error=False,
            violating_rows=_stuck,
            location_of=_wait,
        ),
        Check(
            name="retention_needs_confirmation",
            description=(
                f"No retention waits for a confirmation. If a nightly retention would purge more than "
                f"{UNCONFIRMED_DAYS} days, it purges nothing, because a wrong clock could be the cause. To fix it, run "
                "`meeting-assets purge --expired`: it lists the expired recordings and asks for a confirmation."
            ),
            table=RECORDINGS.name,
            is_error=True,
            violating_rows=_unconfirmed_retention,
        ),
        Check(
            name="every_finished_recording_has_metrics",
            description=(
                "Every finished recording has a row, except recordings that a run is processing. To fix it, run "
                "`meeting-assets sync` for the day of the recording."
            ),
            table=table_of(MeetingMetrics).name,
            is_error=True,
            violating_rows=_without_metrics,
        ),
    ]


def _nothing_is_quarantined(kind: str) -> Check:
    def violating_rows(_at: datetime) -> Select[Any]:
        is_quarantined = LEDGER.c.kind == kind, LEDGER.c.status == QUARANTINED
        return _of_ledger(LEDGER.c.error.label("location")).where(*is_quarantined)

    return Check(
        name="nothing_is_quarantined",
        description=(
            f"Every fetched {kind} artifact can be parsed. An unreadable artifact has no rows; its bytes are kept. To "
            "fix it, regenerate the artifact at Recall.ai or upgrade meeting_assets, then run "
            "`meeting-assets sync --recording ID --refetch`."
        ),
        table=table_of(ARTIFACTS[kind].tables[-1]).name,
        is_error=True,
        violating_rows=violating_rows,
    )


def _expiring_unfetched(at: datetime) -> Select[Any]:
    lost_at = func.coalesce(RECORDINGS.c.deleted_at, LEDGER.c.api_updated_at, RECORDINGS.c.created_at)
    is_lost = and_(
        LEDGER.c.status == DELETED, lost_at >= literal(at - LOSS_REPORTED_FOR, Instant), ~is_purged_artifact()
    )
    is_expiring = and_(LEDGER.c.status == PENDING, RECORDINGS.c.expires_at <= at + EXPIRES_SOON)
    return _of_ledger(LEDGER.c.status, RECORDINGS.c.expires_at).where(or_(is_expiring, is_lost))


def _loss(row: Any) -> str:
    if row.status == DELETED:
        return "deleted at the API before it was fetched"
    return f"not fetched, expires at {row.expires_at:%Y-%m-%d %H:%M} UTC"


def _unconfirmed_retention(_at: datetime) -> Select[Any]:
    return select(
        literal("").label("recording_id"),
        cast(null(), Date()).label("day"),
        literal(RECORDINGS.name).label("source"),
        META.value.label("location"),
    ).where(META.name == WAITING)


def _stuck(at: datetime) -> Select[Any]:
    deadline = literal(at - STUCK_AFTER, Instant)
    recordings = select(
        RECORDINGS.c.recording_id,
        RECORDINGS.c.day,
        literal("recording").label("source"),
        RECORDINGS.c.status.label("api_status"),
        RECORDINGS.c.created_at.label("since"),
        null().label("error"),
    ).where(RECORDINGS.c.status.not_in([*FINISHED, DELETED]), RECORDINGS.c.created_at < deadline)
    since = func.coalesce(LEDGER.c.api_updated_at, LEDGER.c.api_created_at, RECORDINGS.c.created_at)
    artifacts = _of_ledger(LEDGER.c.api_status, since.label("since"), LEDGER.c.error).where(
        LEDGER.c.status == PENDING,
        or_(
            and_(LEDGER.c.api_status == "processing", since < deadline),
            and_(LEDGER.c.api_status == "done", LEDGER.c.attempts >= MANY_ATTEMPTS),
        ),
    )
    return select(union_all(recordings, artifacts).subquery())


def _wait(row: Any) -> str:
    if row.api_status == "done":
        return row.error or "not fetched"
    return f"{row.api_status} since {row.since:%Y-%m-%d %H:%M} UTC"


def _without_metrics(at: datetime) -> Select[Any]:
    metrics = table_of(MeetingMetrics)
    has_metrics = exists().where(metrics.c.recording_id == RECORDINGS.c.recording_id)
    # `attempts` includes the attempt in progress.
    is_first_attempt = or_(LEDGER.c.attempts == 0, and_(LEDGER.c.attempts == 1, LEDGER.c.error == INTERRUPTED))
    is_downloading = and_(LEDGER.c.status == PENDING, LEDGER.c.api_status == "done", is_first_attempt)
    is_in_progress = exists().where(
        LEDGER.c.recording_id == RECORDINGS.c.recording_id,
        or_(LEDGER.c.status == FETCHED, is_downloading, LEDGER.c.fetched_at > at - LONGEST_RUN),
    )
    return select(
        RECORDINGS.c.recording_id,
        RECORDINGS.c.day,
        literal(metrics.name).label("source"),
        literal("no row").label("location"),
    ).where(is_measurable(), ~has_metrics, ~is_in_progress)


def _of_ledger(*columns: Any) -> Select[Any]:
    """Ledger rows with the day of their recording."""
    row = LEDGER.c.recording_id, RECORDINGS.c.day, LEDGER.c.kind.label("source")
    return select(*row, *columns).select_from(LEDGER_WITH_DAYS)
