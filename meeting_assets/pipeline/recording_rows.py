"""Rows of `recordings` as a discovery or recording.json shows them: facts of the recording, its bot and its metadata.

What the API no longer shows keeps its value: it clears a bot's schedule and meeting URL, and a deleted recording's
times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from meeting_assets.pipeline.discovered import Found
from meeting_assets.pipeline.titles import substitute_title, usable_title
from meeting_assets.recall.dashboard import dashboard_url
from meeting_assets.recall.objects import BOT_COLUMNS, DELETED, Recording, customer_metadata, text_of
from meeting_assets.schema.bots import Bots
from meeting_assets.store.calendar_events import CALENDAR_SERIES
from meeting_assets.store.database import API_ORIGIN, meta_value, table_of

SOURCES = {
    "bot": "bot",
    "desktop_sdk_upload": "desktop_sdk",
    # Recall.ai documents recordings of these two sources, but not their key. These follow the names of its endpoints.
    "mobile_sdk_upload": "mobile_sdk",
    "meeting_direct_connect": "direct_connect",
}
"""The source of a recording, by the key of the object that the API shows."""
KEPT_COLUMNS = ("title", "meeting_uuid", "source", "recording_metadata", "series_id", "display_title")
"""Columns beside `BOT_COLUMNS` that are stored in recording.json: they may come from an earlier listing or from the
calendar."""
CONTEXT_COLUMNS = (*BOT_COLUMNS, *KEPT_COLUMNS, "dashboard_url")
"""Columns that a rebuild fills where they are NULL."""

_NONE: Mapping[str, Any] = {}


def recording_rows(
    connection: Connection, founds: Sequence[Found], before: Mapping[str, Mapping[str, Any]], at: datetime
) -> list[dict[str, Any]]:
    """The rows of recordings after a discovery at an instant; `before` has their present rows by id."""
    origin = meta_value(connection, API_ORIGIN)
    former = [before.get(found.recording_id, _NONE) for found in founds]
    stored = stored_bots(connection, [found for found in founds if found.bot is None])
    return [
        recording_row(found, row, at, stored_bot=stored.get(bot_id_of(found, row) or "", _NONE), origin=origin)
        for found, row in zip(founds, former, strict=True)
    ]


def stored_bots(connection: Connection, founds: Sequence[Found]) -> dict[str, Mapping[str, Any]]:
    """Rows of `bots` for the bots of recordings, by id."""
    bots = table_of(Bots)
    ids = {str(found.recording.bot.id) for found in founds if found.recording.bot}
    if not ids:
        return {}
    query = bots.select().where(bots.c.bot_id.in_(ids))
    return {row["bot_id"]: dict(row) for row in connection.execute(query).mappings()}


def recording_row(
    found: Found,
    before: Mapping[str, Any],
    at: datetime,
    *,
    stored_bot: Mapping[str, Any] = _NONE,
    origin: str | None = None,
) -> dict[str, Any]:
    """The row of `recordings` after a discovery at an instant.

    Without a bot object, its columns keep their `before` values; where these are NULL, they are those of `stored_bot`,
    a row of `bots`. `origin` is the API origin.
    """
    row = {
        "recording_id": found.recording_id,
        "bot_id": bot_id_of(found, before),
        **_bot_columns(found, before, stored_bot),
        **_recording_columns(found.recording, before, at),
        "day": found.day,
        "observed_at": found.observed_at,
        **_context_columns(found.listed, before),
    }
    return row | {
        "series_id": _series_id(row, before),
        "display_title": _display_title(row, before),
        "dashboard_url": dashboard_url(origin, row["bot_id"]) or before.get("dashboard_url"),
    }


def bot_id_of(found: Found, before: Mapping[str, Any]) -> str | None:
    """The bot of a recording, as listed now, else as before."""
    return str(found.recording.bot.id) if found.recording.bot else before.get("bot_id")


def listed_meeting_metadata(listed: Mapping[str, Any]) -> Mapping[str, Any]:
    """The `meeting_metadata` object that a listed recording contains; an empty one without it."""
    return mapping_in(mapping_in(listed, "media_shortcuts"), "meeting_metadata")


def title_in(data: Mapping[str, Any]) -> str | None:
    """The title in the data of a `meeting_metadata` object."""
    return text_of(data.get("title"))


def meeting_uuid_in(data: Mapping[str, Any]) -> str | None:
    """Zoom's id of the occurrence in the data of a `meeting_metadata` object; in 2024 its key was another one."""
    return text_of(mapping_in(data, "zoom").get("meeting_uuid")) or text_of(data.get("zoom_meeting_uuid"))


def mapping_in(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The JSON object under a key; an empty one if there is none."""
    value = document.get(name)
    return value if isinstance(value, Mapping) else _NONE


def _recording_columns(recording: Recording, before: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """The columns about status and times of a recording."""
    # The API may show a deleted recording again without its times.
    started_at = recording.started_at or before.get("started_at")
    completed_at = recording.completed_at or before.get("completed_at")
    return {
        "status": recording.status.code,
        "sub_code": recording.status.sub_code,
        "api_updated_at": recording.status.updated_at,
        "created_at": recording.created_at,
        "started_at": started_at,
        "completed_at": completed_at,
        "expires_at": recording.expires_at,
        "duration_s": (completed_at - started_at).total_seconds() if started_at and completed_at else None,
        # Cleared when the API shows the recording again.
        "deleted_at": (before.get("deleted_at") or at) if recording.status.code == DELETED else None,
    }


def _bot_columns(found: Found, before: Mapping[str, Any], stored_bot: Mapping[str, Any]) -> dict[str, Any]:
    """The columns about the bot: as listed now, else as before, else as `bots` has them."""
    columns = dict(found.bot.columns) if found.bot else dict.fromkeys(BOT_COLUMNS)
    # Every listing of the recording shows the bot's metadata; the bot object may be older.
    if (metadata := customer_metadata(_source_object(found.listed, "bot").get("metadata"))) is not None:
        columns["bot_metadata"] = metadata
    for name, value in columns.items():
        if value is None:
            kept = before.get(name)
            columns[name] = stored_bot.get(name) if kept is None else kept
    if found.bot is not None:
        columns["bot_name"] = found.bot.columns["bot_name"]
    return columns


def _context_columns(listed: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The columns about source and metadata of a recording."""
    data = mapping_in(listed_meeting_metadata(listed), "data")
    metadata = customer_metadata(listed.get("metadata"))
    return {
        "title": title_in(data) or before.get("title"),
        "meeting_uuid": meeting_uuid_in(data) or before.get("meeting_uuid"),
        "source": next((source for key, source in SOURCES.items() if _source_object(listed, key)), None)
        or before.get("source"),
        "recording_metadata": before.get("recording_metadata") if metadata is None else metadata,
    }


def _source_object(listed: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The object of a recording's source; in 2024 it was inside `source`."""
    return mapping_in(listed, key) or mapping_in(mapping_in(listed, "source"), key)


def _series_id(row: Mapping[str, Any], before: Mapping[str, Any]) -> str | None:
    kept: str | None = before.get("series_id")
    if kept is not None and kept.startswith(CALENDAR_SERIES):
        return kept
    return f"{row['platform']}:{row['meeting_id']}" if row["platform"] and row["meeting_id"] else kept


def _display_title(row: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    """The title if it is usable, else the calendar's title, which the row already has, else a substitute."""
    title = usable_title(row["title"], row["meeting_id"])
    if title is not None:
        return title
    kept: str | None = before.get("display_title")
    own = {None, before.get("title"), substitute_title({**row, "platform": before.get("platform")})}
    return substitute_title(row) if kept in own else str(kept)
