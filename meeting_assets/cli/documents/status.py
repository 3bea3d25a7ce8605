"""The documents of `status --json` and `sync --json`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta, Struct

from meeting_assets.cli.documents.values import Day, Instant
from meeting_assets.core.instants import to_iso8601

if TYPE_CHECKING:
    from meeting_assets.health.media_status import MediaStatus
    from meeting_assets.health.status import Status
    from meeting_assets.orchestration.sync import SyncReport


class MetricCounts(Struct, frozen=True):
    """Numbers of recordings by the state of their metrics."""

    derived: Annotated[int, Meta(description="recordings with metrics")]
    outdated: Annotated[int, Meta(description="recordings whose inputs have changed since, or without metrics yet")]


class StoredAtRecallAi(Struct, frozen=True):
    """The recordings that Recall.ai stores now."""

    recording_count: Annotated[int, Meta(description="recordings")]
    media_hours: Annotated[float, Meta(description="h; their media")]
    size_bytes: Annotated[int | None, Meta(description="sum of the known sizes; null if none is known")]
    earliest_expires_at: Annotated[
        Instant | None, Meta(description="when Recall.ai deletes the first of them; null if none expires")
    ]
    expiring_within_7_days: Annotated[int, Meta(description="recordings that expire within 7 days")]
    hours_beyond_free_storage: Annotated[float, Meta(description="h; media older than the free days")]
    monthly_storage_cost: Annotated[
        float, Meta(description="cost of 30 days of these hours, in the currency of MEETING_ASSETS_STORAGE_PRICE")
    ]


class MediaCounts(Struct, frozen=True):
    """Numbers of media files of one kind."""

    stored: Annotated[int, Meta(description="stored files")]
    stored_bytes: Annotated[int, Meta(description="bytes of the stored files")]
    quarantined: Annotated[int, Meta(description="stored files that cannot be read")]
    pending: Annotated[int, Meta(description="files that wait for their download")]
    pending_bytes: Annotated[int, Meta(description="announced bytes of the waiting files, as far as known")]
    failing: Annotated[int, Meta(description="waiting files whose last attempt failed")]
    failed: Annotated[int, Meta(description="files that Recall.ai could not produce")]
    lost: Annotated[int, Meta(description="files that Recall.ai deleted before they were stored")]
    expiring_within_24_hours: Annotated[int, Meta(description="waiting files that Recall.ai deletes within 24 h")]
    earliest_expires_at: Annotated[
        Instant | None, Meta(description="when Recall.ai deletes the first waiting file; null if none expires")
    ]


class ActionItem(Struct, frozen=True):
    """An artifact that needs a person's action."""

    recording_id: Annotated[str, Meta(description="id of the recording")]
    day: Annotated[Day, Meta(description="the recording's day")]
    kind: Annotated[str, Meta(description="artifact kind")]
    artifact_id: Annotated[str, Meta(description="id of the media object")]
    problem: Annotated[str, Meta(description="the problem, as a sentence without its subject")]
    advice: Annotated[str, Meta(description="the action to take, as a sentence")]


class StatusCounts(Struct, frozen=True):
    """The keys that `status` and `sync` have in common."""

    recordings: Annotated[dict[str, int], Meta(description="recordings by `recordings.status`")]
    artifacts: Annotated[
        dict[str, dict[str, int]],
        Meta(description="by kind: artifacts by `artifacts.status`, and `outdated`, those of another parser version"),
    ]
    row_count: Annotated[dict[str, int], Meta(description="by kind: sum of `artifacts.row_count`")]
    repaired_chars: Annotated[int, Meta(description="sum of `artifacts.repaired_chars`")]
    metrics: Annotated[MetricCounts, Meta(description="recordings by the state of their metrics")]
    missing_artifacts: Annotated[int, Meta(description="artifacts that the API offers and that are not in tables yet")]
    processing_artifacts: Annotated[int, Meta(description="artifacts that the API has not finished yet")]
    next_attempt_at: Annotated[
        Instant | None, Meta(description="earliest `artifacts.next_attempt_at` of a missing artifact")
    ]
    unreadable_objects: Annotated[
        list[str], Meta(description="objects in the API's lists that cannot be decoded, each with the reason")
    ]
    calendar_fault: Annotated[
        str | None, Meta(description="why calendar events could not be listed, with the remedy; null if they could")
    ]
    purged_recordings: Annotated[int, Meta(description="purged recordings of any day")]
    purged_artifacts: Annotated[int, Meta(description="purged artifacts of recordings that were kept")]
    stored_at_recall_ai: Annotated[StoredAtRecallAi, Meta(description="the recordings that Recall.ai stores now")]
    media: Annotated[dict[str, MediaCounts], Meta(description="media files by kind; kinds without files are left out")]
    action_items: Annotated[list[ActionItem], Meta(description="artifacts that need a person's action")]


class StatusDocument(StatusCounts, frozen=True, tag_field="schema", tag="meeting_assets/status/1"):
    """Counts of stored, missing and unreadable artifacts of all days: `status --json`."""


class SyncRun(Struct, frozen=True):
    """A run of Dagster."""

    run_id: Annotated[str, Meta(description="Dagster's id of the run")]
    has_succeeded: Annotated[bool, Meta(description="whether the run succeeded")]


class SyncDocument(StatusCounts, frozen=True, tag_field="schema", tag="meeting_assets/sync/1"):
    """The result of `sync --json`, with the counts of its days and recordings."""

    is_complete: Annotated[bool, Meta(description="whether every available artifact is stored")]
    first_day: Annotated[Day, Meta(description="first day of the sync")]
    last_day: Annotated[Day, Meta(description="last day of the sync, included")]
    runs: Annotated[list[SyncRun], Meta(description="the runs of Dagster")]
    errors: Annotated[list[str], Meta(description="errors, one sentence each")]


def status_document(status: Status) -> StatusDocument:
    """The document of a status."""
    return StatusDocument(**_counts(status))


def sync_document(report: SyncReport, days: Sequence[date]) -> SyncDocument:
    """The document of a sync of some days."""
    return SyncDocument(
        **_counts(report.seen),
        is_complete=report.is_complete,
        first_day=days[0].isoformat(),
        last_day=days[-1].isoformat(),
        runs=[SyncRun(run.run_id, run.succeeded) for run in report.runs],
        errors=[*report.faults],
    )


def _counts(status: Status) -> dict[str, Any]:
    items = (
        ActionItem(each.recording_id, each.day.isoformat(), each.kind, each.artifact_id, each.problem, each.advice)
        for each in status.action_items
    )
    return {
        "recordings": dict(status.recordings),
        "artifacts": {kind: {**each, "outdated": status.outdated[kind]} for kind, each in status.artifacts.items()},
        "row_count": dict(status.rows),
        "repaired_chars": status.repaired_chars,
        "metrics": MetricCounts(status.metrics_derived, status.metrics_outdated),
        "missing_artifacts": status.missing,
        "processing_artifacts": status.processing,
        "next_attempt_at": to_iso8601(status.next_attempt_at) if status.next_attempt_at else None,
        "unreadable_objects": status.unreadable,
        "calendar_fault": status.calendar_fault,
        "purged_recordings": status.purged,
        "purged_artifacts": status.purged_artifacts,
        "stored_at_recall_ai": _stored(status),
        "media": {kind: _media(found) for kind, found in status.media.items()},
        "action_items": [*items],
    }


def _media(found: MediaStatus) -> MediaCounts:
    return MediaCounts(
        found.stored,
        found.stored_bytes,
        found.quarantined,
        found.pending,
        found.pending_bytes,
        found.failing,
        found.failed,
        found.lost,
        found.expiring_soon,
        to_iso8601(found.earliest_expiry) if found.earliest_expiry else None,
    )


def _stored(status: Status) -> StoredAtRecallAi:
    stored = status.stored_at_api
    return StoredAtRecallAi(
        stored.recordings,
        round(stored.media_hours, 3),
        stored.size_bytes,
        to_iso8601(stored.earliest_expiry) if stored.earliest_expiry else None,
        stored.expiring_soon,
        round(stored.paid_hours, 3),
        round(stored.monthly_cost, 2),
    )
