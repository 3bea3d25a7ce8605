"""Contents of webhooks: status changes of recordings, media objects, bots and uploads, and changes of calendars.

recording.done          {event, data: {data: {code, sub_code, updated_at}, recording, bot}}
transcript.done         {event, data: {data: {code, sub_code, updated_at}, transcript, recording, bot}}
bot.call_ended          {event, data: {data: {code, sub_code, updated_at}, bot}}
sdk_upload.complete     {event, data: {data: {code, sub_code, updated_at}, recording, sdk_upload}}
calendar.sync_events    {event, data: {calendar_id, last_updated_ts}}
"""

from datetime import datetime

from .clock import iso
from .world import Artifact, Bot, Json, Recording

UPLOAD_CODES = {"processing": "uploading", "done": "complete", "failed": "failed"}
"""Status of an upload by status of its recording."""


def status_message(item: Recording | Artifact, recording: Recording, bot: Bot | None) -> Json:
    """Current status of a recording or of one of its media objects."""
    noun = item.collection if isinstance(item, Artifact) else "recording"
    return {
        "event": f"{noun}.{item.status.code}",
        "data": {
            "data": {
                "code": item.status.code,
                "sub_code": item.status.sub_code,
                "updated_at": iso(item.status.updated_at),
            },
            noun: _reference(item),
            "recording": _reference(recording),
            "bot": _reference(bot) if bot else None,
        },
    }


def bot_message(bot: Bot, change: Json) -> Json:
    """One status change of a bot."""
    return {
        "event": f"bot.{change['code']}",
        "data": {
            "data": {"code": change["code"], "sub_code": change["sub_code"], "updated_at": change["created_at"]},
            "bot": _reference(bot),
        },
    }


def upload_message(recording: Recording) -> Json | None:
    """Status of the upload that made a recording; None if the recording has no upload or the status no event."""
    upload_id = recording.desktop_sdk_upload_id or recording.mobile_sdk_upload_id
    code = UPLOAD_CODES.get(recording.status.code)
    if not upload_id or not code:
        return None
    updated_at = iso(recording.status.updated_at)
    return {
        "event": f"sdk_upload.{code}",
        "data": {
            "data": {"code": code, "sub_code": recording.status.sub_code, "updated_at": updated_at},
            "recording": _reference(recording),
            "sdk_upload": {"id": upload_id, "metadata": recording.source_metadata},
        },
    }


def calendar_message(change: str, calendar_id: str, last_updated_at: datetime | None = None) -> Json:
    """Change of a calendar: `update`, or `sync_events` with the time of the earliest changed event."""
    data: Json = {"calendar_id": calendar_id}
    if last_updated_at:
        data["last_updated_ts"] = iso(last_updated_at)
    return {"event": f"calendar.{change}", "data": data}


def _reference(item: Recording | Artifact | Bot) -> Json:
    return {"id": item.id, "metadata": item.metadata}
