"""The persistent tables: recordings, the ledger, webhooks, tombstones, users' corrections, heartbeats and metadata.

All other tables are derived from the raw store and can be dropped and rebuilt.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy import text as sql
from sqlmodel import SQLModel

from meeting_assets.schema import fields
from meeting_assets.schema.columns import KEYED, RecordingRow


def waiting_index(table_name: str) -> Index:
    """The index of a table of messages that contains only unhandled ones."""
    # perf: a sensor queries unhandled messages every 3 s, and there are few
    is_unhandled = sql("handled_at IS NULL")
    return Index(f"{table_name}_waiting", "received_at", sqlite_where=is_unhandled, postgresql_where=is_unhandled)


class Recordings(RecordingRow, table=True):
    """Every recording that the API has listed, in any status.

    Grain: one row per recording.
    """

    __tablename__ = "recordings"
    __table_args__ = KEYED

    bot_id: str | None = fields.uuid("the API's id of the bot; NULL for the desktop SDK")
    bot_name: str | None = fields.text("display name of the bot")
    platform: str | None = fields.text("zoom, google_meet, microsoft_teams, webex, ..., as the bot states it")
    title: str | None = fields.text("title of the meeting")
    status: str = fields.text("the API's status: processing, paused, done, failed or deleted")
    sub_code: str | None = fields.text("the API's reason for the status")
    api_updated_at: datetime | None = fields.instant("the API's status.updated_at")
    created_at: datetime = fields.instant("when the API created the recording")
    started_at: datetime | None = fields.instant("when recording started")
    completed_at: datetime | None = fields.instant("when recording ended")
    expires_at: datetime | None = fields.instant("when the API deletes the recording; NULL for never")
    duration_s: float | None = fields.seconds("completed_at - started_at; NULL if one is missing")
    scheduled_at: datetime | None = fields.instant("scheduled start of the meeting, from the bot's calendar events")
    day: date = fields.day("UTC day of created_at; the partition of the recording", index=True)
    deleted_at: datetime | None = fields.instant("when the recording was first observed as deleted at the API")
    observed_at: datetime | None = fields.instant("when the request was sent that the row reflects (store.observation)")
    missing_since: datetime | None = fields.instant(
        "first of the consecutive observations of the recording as deleted at the API"
    )
    source: str | None = fields.text(
        "bot, desktop_sdk, mobile_sdk or direct_connect; NULL if the API shows none of them"
    )
    recording_metadata: Any = fields.json(
        "the customer's metadata of the recording, text by key; without keys that name secrets or URLs"
    )
    bot_metadata: Any = fields.json(
        "the customer's metadata of the bot, text by key; without keys that name secrets or URLs"
    )
    meeting_id: str | None = fields.text(
        "the platform's id of the meeting, from the bot's meeting URL; for Teams links without an id, of the thread"
    )
    meeting_uuid: str | None = fields.text("Zoom's id of this occurrence of the meeting")
    join_at: datetime | None = fields.instant("when the bot was to join; the API clears it later")
    scheduled_end_at: datetime | None = fields.instant("scheduled end of the meeting, from the bot's calendar events")
    calendar_event_id: str | None = fields.text("the API's id of the calendar event", index=True)
    calendar_user_id: str | None = fields.text("the API's id of the calendar's user")
    series_id: str | None = fields.text(
        "`calendar:` and the calendar's id of the recurring event, else platform, colon and meeting_id", index=True
    )
    display_title: str | None = fields.text(
        "title, unless it is empty or only the meeting's code; else the calendar event's title; else the platform and "
        "the UTC minute of created_at"
    )
    dashboard_url: str | None = fields.text("the bot's page in Recall.ai's dashboard; it needs a login")
    listing_sha256: str | None = fields.text("of recording.json in the raw store, without the bot object")
    modified_at: datetime | None = fields.instant("when a column other than observed_at last changed")


class Artifacts(RecordingRow, table=True):
    """The ledger: the state of every artifact.

    Grain: one row per (recording, kind, artifact). `artifact_id` is text because absent artifacts have ''.
    """

    __tablename__ = "artifacts"
    __table_args__ = KEYED

    kind: str = fields.text("artifact kind", primary_key=True)
    artifact_id: str = fields.text("the API's id of the media object; '' if absent", primary_key=True)
    status: str = fields.text(
        "absent, pending, fetched, parsed, quarantined, failed, superseded or deleted", index=True
    )
    api_status: str | None = fields.text("the API's status: processing, done, failed or deleted")
    sub_code: str | None = fields.text("the API's reason for the status")
    api_updated_at: datetime | None = fields.instant("the API's status.updated_at")
    api_created_at: datetime | None = fields.instant("the API's created_at")
    missing_since: datetime | None = fields.instant(
        "first of the consecutive observations of the artifact as deleted at the API"
    )
    provider: str | None = fields.text("the API's key of the transcription provider")
    raw_key: str | None = fields.text("key of the bytes in the raw store")
    sha256: str | None = fields.text("of the uncompressed bytes")
    size_bytes: int | None = fields.integer64("of the uncompressed bytes")
    row_count: int | None = fields.integer64("rows in the table with the finest grain; NULL without rows")
    replaced_rows: int | None = fields.count("entries of the payload that a later entry with the same key replaced")
    repaired_chars: int | None = fields.integer64("characters replaced by U+FFFD")
    parser_version: str | None = fields.text("version that parsed or quarantined these bytes")
    error: str | None = fields.text("why the last attempt failed, or the place and cause of the quarantine")
    attempts: int = fields.count("attempts to fetch since the last success, each counted before it begins")
    next_attempt_at: datetime | None = fields.instant("earliest time of the next attempt to fetch")
    is_waiting: bool | None = fields.flag(
        "true if a sync of the day does not fetch it before next_attempt_at, because its bytes are missing, too large "
        "or rejected twice"
    )
    worker: str | None = fields.text("process of an attempt to fetch or load that has not ended")
    load_attempts: int | None = fields.count("attempts to load these bytes that ended the process; NULL for none")
    fetched_at: datetime | None = fields.instant("when the bytes were stored")
    parsed_at: datetime | None = fields.instant("when the bytes were parsed or quarantined")
    observed_at: datetime | None = fields.instant("when the request was sent that the row reflects (store.observation)")
    modified_at: datetime | None = fields.instant("when a column other than observed_at last changed")


class WebhookEvents(SQLModel, table=True):
    """The inbox of Recall.ai's webhooks: events that require a request to the API. Payloads are not stored.

    Grain: one row per message, however often it was delivered.
    """

    __tablename__ = "webhook_events"
    __table_args__ = (waiting_index("webhook_events"), KEYED)

    message_id: str = fields.text("the sender's id of the message, equal for repeated deliveries", primary_key=True)
    event: str = fields.text("the API's event: recording.done, transcript.failed, ...")
    recording_id: str = fields.uuid("the API's id of the recording", index=True)
    artifact_id: str | None = fields.uuid("the API's id of the media object; NULL for the recording itself")
    received_at: datetime = fields.instant("when the first delivery arrived")
    handled_at: datetime | None = fields.instant("when the event required no further action")


class WebhookObjectEvents(SQLModel, table=True):
    """Webhook messages about objects other than recordings and their media: bots, calendars, SDK uploads.

    Grain: one row per message, however often it was delivered. Payloads are not stored. Messages that need no action
    are counted here only.
    """

    __tablename__ = "webhook_object_events"
    __table_args__ = (waiting_index("webhook_object_events"), KEYED)

    message_id: str = fields.text("the sender's id of the message, equal for repeated deliveries", primary_key=True)
    event: str = fields.text("the API's event: bot.fatal, calendar.sync_events, sdk_upload.complete, ...")
    object_id: str | None = fields.uuid("the API's id of the object; NULL if the message names none", index=True)
    received_at: datetime = fields.instant("when the first delivery arrived")
    handled_at: datetime | None = fields.instant("when the event required no further action")


class Tombstones(RecordingRow, table=True):
    """Purged recordings. They are not fetched again.

    Grain: one row per purged recording; no other data about it remains.
    """

    __tablename__ = "tombstones"
    __table_args__ = KEYED

    day: date | None = fields.day("the recording's day, which is part of its raw keys; NULL if it was never stored")
    purged_at: datetime = fields.instant("when the purge began")
    reason: str = fields.text("asked for, deleted at the API, retention, or unknown")
    finished_at: datetime | None = fields.instant("when its rows and raw objects were removed; NULL until then")
    bot_id: str | None = fields.uuid("the recording's bot, whose rows and calendar events are not stored again")
    calendar_event_ids: Any = fields.json("ids of the recording's calendar events, which are not stored again")


class ArtifactTombstones(RecordingRow, table=True):
    """Artifacts that were purged because the API deleted them. A rebuild does not restore them.

    Grain: one row per purged artifact of a recording that was not purged.
    """

    __tablename__ = "artifact_tombstones"
    __table_args__ = KEYED

    kind: str = fields.text("artifact kind", primary_key=True)
    artifact_id: str = fields.text("the API's id of the media object", primary_key=True)
    day: date | None = fields.day("the recording's day")
    purged_at: datetime = fields.instant("when the purge began")
    reason: str = fields.text("deleted at the API")
    finished_at: datetime | None = fields.instant("when its rows and raw objects were removed; NULL until then")


class Corrections(RecordingRow, table=True):
    """Users' corrections of speakers. They persist through rebuilds; the raw store holds a copy of each.

    Grain: one row per (recording, speaker key); a later correction replaces an earlier one.
    """

    __tablename__ = "corrections"
    __table_args__ = KEYED

    speaker_key: str = fields.text("the speaker, as the tables of the artifacts name it", primary_key=True)
    kind: str = fields.text("assign: to a participant; same_as: another speaker key; name: a display name")
    target: str = fields.text("participant_key, speaker key or name, by kind")
    author: str = fields.text("who made the correction")
    at: datetime = fields.instant("when the correction was made")
    note: str | None = fields.text("reason, as the author gave it")


class PersonAliases(SQLModel, table=True):
    """Users' statements that a key of a person belongs to another person.

    Grain: one row per key.
    """

    __tablename__ = "person_aliases"
    __table_args__ = KEYED

    person_key: str = fields.text(
        "a key of a participant, or `name:` and the display name of participants without a key", primary_key=True
    )
    target: str = fields.text("the person_key of the person", index=True)
    author: str = fields.text("who made the statement")
    at: datetime = fields.instant("when the statement was made")
    note: str | None = fields.text("reason, as the author gave it")


class RunHeartbeats(SQLModel, table=True):
    """Runs with their process and the time of their last heartbeat, by the database's clock.

    Grain: one row per run that is in progress or had a heartbeat in the last days.
    """

    __tablename__ = "run_heartbeats"
    __table_args__ = KEYED

    run_id: str = fields.text("Dagster's id of the run", primary_key=True)
    boot_id: str | None = fields.text("the kernel's boot id; NULL if unknown")
    pid_namespace: str | None = fields.text("process namespace in which pid is valid")
    pid: int | None = fields.integer64("process id")
    start_ticks: int | None = fields.integer64("clock ticks from boot to the start of the process")
    hostname: str | None = fields.text("for display only")
    started_at: datetime | None = fields.instant("when the run started")
    beat_at: datetime | None = fields.instant("time of the last heartbeat")
    suspected_at: datetime | None = fields.instant("when the run was first found without a recent heartbeat")
    failed_at: datetime | None = fields.instant("when the run was declared orphaned")


class Meta(SQLModel, table=True):
    """Metadata of the database: schema version, database id, API origin, shape of the derived tables.

    Grain: one row per name.
    """

    __tablename__ = "meta"
    __table_args__ = KEYED

    name: str = fields.text("name of the entry", primary_key=True)
    value: str = fields.text("value of the entry")
