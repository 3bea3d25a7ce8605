"""The persistent tables of bots: every bot that the API lists, also bots that never recorded."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlmodel import SQLModel

from meeting_assets.schema import fields
from meeting_assets.schema.columns import KEYED


class Bots(SQLModel, table=True):
    """Every bot that the API has listed, with or without a recording.

    Grain: one row per bot. A bot that stops recording and starts again has several recordings.
    """

    __tablename__ = "bots"
    __table_args__ = KEYED

    bot_id: str = fields.uuid("the API's id of the bot", primary_key=True)
    bot_name: str | None = fields.text("display name of the bot")
    platform: str | None = fields.text("zoom, google_meet, microsoft_teams, webex, ..., from the meeting URL")
    meeting_id: str | None = fields.text(
        "the platform's id of the meeting; passwords and join tokens are not stored", index=True
    )
    bot_metadata: Any = fields.json("the customer's metadata of the bot, text by key")
    join_at: datetime | None = fields.instant("when the bot was to join; the API clears it later")
    scheduled_at: datetime | None = fields.instant("scheduled start of the meeting, from the bot's calendar events")
    scheduled_end_at: datetime | None = fields.instant("scheduled end of the meeting, from the bot's calendar events")
    calendar_event_id: str | None = fields.text("the API's id of the calendar event", index=True)
    calendar_user_id: str | None = fields.text("the API's id of the calendar's user")
    day: date | None = fields.day("UTC day of first_status_at, else of join_at or scheduled_at", index=True)
    status: str | None = fields.text("code of the latest status change; NULL before the first one")
    status_at: datetime | None = fields.instant("when the latest status change happened")
    first_status_at: datetime | None = fields.instant("when the bot began to join: first status change but `ready`")
    sub_code: str | None = fields.text("the API's reason: of fatal, else of call_ended, else of a denied permission")
    is_recording_off: bool | None = fields.flag(
        "true if the bot was sent without a recording_config, so that it records only on request"
    )
    recording_count: int | None = fields.count("recordings that the API shows for the bot")
    outcome: str | None = fields.text(
        "recorded: ended with a recording, also if it was removed since; missed: ended without one; in_progress: not "
        "ended; scheduled: not yet joining; unknown: no final status within 30 days"
    )
    dashboard_url: str | None = fields.text("the bot's page in Recall.ai's dashboard; it needs a login")
    observed_at: datetime | None = fields.instant("when the request was sent that the row reflects (store.observation)")
    modified_at: datetime | None = fields.instant("when a column other than observed_at last changed")


class BotStatusChanges(SQLModel, table=True):
    """The status changes of every bot, as the API lists them.

    Grain: one row per (bot, position in the API's list).
    """

    __tablename__ = "bot_status_changes"
    __table_args__ = KEYED

    bot_id: str = fields.uuid("the API's id of the bot", primary_key=True)
    change_index: int = fields.position("in the API's list of status changes", primary_key=True)
    code: str = fields.text("joining_call, in_waiting_room, in_call_recording, call_ended, done, fatal, ...")
    sub_code: str | None = fields.text("the API's reason for the change; not a closed set")
    message: str | None = fields.text("the API's explanation, without URLs' secrets")
    at: datetime | None = fields.instant("when the status changed, by the API's clock")
