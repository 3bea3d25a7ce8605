"""The tables that cannot be made again from raw bytes alone: recordings, the ledger, and what the database is.

All other tables are a cache of the raw store and may be dropped and rebuilt.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from meeting_assets.schema.columns import KEYED, Instant, Integer64, RecordingRow, Uuid


class Recordings(RecordingRow, table=True):
    """Every recording the API has listed, whatever its status.

    Grain: one row per recording.
    """

    __tablename__ = "recordings"
    __table_args__ = KEYED

    bot_id: str | None = Field(sa_type=Uuid, description="NULL for the desktop SDK")
    bot_name: str | None
    platform: str | None = Field(description="zoom, google_meet, microsoft_teams, webex, ...; known from the bot")
    title: str | None
    status: str = Field(description="processing, paused, done, failed or deleted, as the API says")
    sub_code: str | None
    api_updated_at: datetime | None = Field(sa_type=Instant, description="the API's status.updated_at")
    created_at: datetime = Field(sa_type=Instant)
    started_at: datetime | None = Field(sa_type=Instant)
    completed_at: datetime | None = Field(sa_type=Instant)
    expires_at: datetime | None = Field(sa_type=Instant, description="when the API deletes it; NULL for never")
    duration_s: float | None = Field(description="completed_at - started_at; NULL where one is missing")
    scheduled_at: datetime | None = Field(
        sa_type=Instant, description="when the calendar says that the meeting starts; known from the bot"
    )
    day: date = Field(index=True, description="the UTC day of created_at, which is its partition")
    deleted_at: datetime | None = Field(sa_type=Instant, description="when it was first seen deleted at the API")
    observed_at: datetime | None = Field(
        default=None,
        sa_type=Instant,
        description="when the request was sent whose answer the row follows; see store.observation",
    )
    missing_since: datetime | None = Field(
        default=None,
        sa_type=Instant,
        description="first of the consecutive observations that found it deleted at the API",
    )
    listing_sha256: str | None = Field(description="of recording.json in the raw store")


class Artifacts(RecordingRow, table=True):
    """The ledger: what is known of every artifact, and what is to be done.

    Grain: one row per (recording, kind, artifact). `artifact_id` is text because absent artifacts have ''.
    """

    __tablename__ = "artifacts"
    __table_args__ = KEYED

    kind: str = Field(primary_key=True)
    artifact_id: str = Field(primary_key=True, description="the API's id of the media object; '' if absent")
    status: str = Field(
        index=True,
        description="absent, pending, fetched, parsed, quarantined, failed, superseded or deleted",
    )
    api_status: str | None = Field(description="processing, done, failed or deleted, as the API says")
    sub_code: str | None
    api_updated_at: datetime | None = Field(sa_type=Instant, description="the API's status.updated_at")
    api_created_at: datetime | None = Field(sa_type=Instant)
    missing_since: datetime | None = Field(
        default=None,
        sa_type=Instant,
        description="first of the consecutive observations that found it deleted at the API",
    )
    provider: str | None = Field(description="the transcription provider's key at the API")
    raw_key: str | None = Field(description="where the bytes are in the raw store")
    sha256: str | None = Field(description="of the uncompressed bytes")
    size_bytes: int | None = Field(sa_type=Integer64, description="of the uncompressed bytes")
    row_count: int | None = Field(sa_type=Integer64, description="in the finest table; NULL without rows")
    replaced_rows: int | None = Field(description="entries of the payload whose key came again later")
    repaired_chars: int | None = Field(sa_type=Integer64, description="characters replaced by U+FFFD")
    parser_version: str | None = Field(description="that parsed or quarantined these bytes")
    error: str | None = Field(description="why the last attempt failed, or the place of the fault")
    attempts: int = Field(description="attempts to fetch since the last success, counted before each begins")
    next_attempt_at: datetime | None = Field(sa_type=Instant)
    is_waiting: bool | None = Field(
        default=None,
        description=(
            "true if a sync of the day does not fetch it before next_attempt_at: its bytes are missing, too large, or "
            "rejected twice"
        ),
    )
    worker: str | None = Field(
        default=None, description="process that made the last attempt to fetch or load it, while that has not ended"
    )
    load_attempts: int | None = Field(
        default=None, description="attempts to load these bytes that ended the process; NULL for none"
    )
    fetched_at: datetime | None = Field(sa_type=Instant)
    parsed_at: datetime | None = Field(sa_type=Instant)
    observed_at: datetime | None = Field(
        default=None,
        sa_type=Instant,
        description="when the request was sent whose answer the row follows; see store.observation",
    )


class WebhookEvents(SQLModel, table=True):
    """The inbox: what Recall.ai has announced by webhook. Only what asks for a look at the API; never a payload.

    Grain: one row per message, however often it was delivered.
    """

    __tablename__ = "webhook_events"
    __table_args__ = (
        # Looked at every few seconds, and hardly ever anything in it.
        Index(
            "webhook_events_waiting",
            "received_at",
            sqlite_where=text("handled_at IS NULL"),
            postgresql_where=text("handled_at IS NULL"),
        ),
        KEYED,
    )

    message_id: str = Field(primary_key=True, description="the sender's id of the message, the same for each delivery")
    event: str = Field(description="recording.done, transcript.failed, ..., as the API says")
    recording_id: str = Field(sa_type=Uuid, index=True)
    artifact_id: str | None = Field(sa_type=Uuid, description="the media object; NULL for the recording itself")
    received_at: datetime = Field(sa_type=Instant)
    handled_at: datetime | None = Field(sa_type=Instant, description="when nothing was to be done any more")


class Tombstones(RecordingRow, table=True):
    """Recordings that were purged: no look at the API brings them back.

    Grain: one row per purged recording; nothing else is known of it any more.
    """

    __tablename__ = "tombstones"
    __table_args__ = KEYED

    day: date | None = Field(description="where its raw bytes were; NULL if it was never home")
    purged_at: datetime = Field(sa_type=Instant)
    reason: str = Field(description="asked for, deleted at the API, retention, or unknown")
    finished_at: datetime | None = Field(
        default=None, sa_type=Instant, description="when its rows and raw objects were removed; NULL until then"
    )


class ArtifactTombstones(RecordingRow, table=True):
    """Artifacts that were purged because the API deleted them: no rebuild brings their bytes back.

    Grain: one row per purged artifact of a recording that is still here.
    """

    __tablename__ = "artifact_tombstones"
    __table_args__ = KEYED

    kind: str = Field(primary_key=True)
    artifact_id: str = Field(primary_key=True, description="the API's id of the media object")
    day: date | None = Field(description="the day of its recording")
    purged_at: datetime = Field(sa_type=Instant)
    reason: str = Field(description="deleted at the API")
    finished_at: datetime | None = Field(
        default=None, sa_type=Instant, description="when its rows and raw objects were removed; NULL until then"
    )


class RunHeartbeats(SQLModel, table=True):
    """Runs, the process of each, and when it last reported, by the database's clock.

    Grain: one row per run that is in progress or reported in the last days.
    """

    __tablename__ = "run_heartbeats"
    __table_args__ = KEYED

    run_id: str = Field(primary_key=True, description="Dagster's id of the run")
    boot_id: str | None = Field(default=None, description="of the kernel that runs the process; NULL where unknown")
    pid_namespace: str | None = Field(default=None, description="in which the process id is valid")
    pid: int | None = Field(default=None, sa_type=Integer64)
    start_ticks: int | None = Field(
        default=None, sa_type=Integer64, description="clock ticks from the boot to the start of the process"
    )
    hostname: str | None = Field(default=None, description="for people; no decision rests on it")
    started_at: datetime | None = Field(default=None, sa_type=Instant)
    beat_at: datetime | None = Field(default=None, sa_type=Instant, description="when the run last reported")
    suspected_at: datetime | None = Field(
        default=None, sa_type=Instant, description="when the run was first found silent since it last reported"
    )
    failed_at: datetime | None = Field(default=None, sa_type=Instant, description="when it was declared orphaned")


class Meta(SQLModel, table=True):
    """What this database is: its schema's version, whose meetings it holds, the shape of its derived tables.

    Grain: one row per name.
    """

    __tablename__ = "meta"
    __table_args__ = KEYED

    name: str = Field(primary_key=True)
    value: str
