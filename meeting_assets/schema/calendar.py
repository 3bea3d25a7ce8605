"""The persistent tables of calendar events (API v2), stored if MEETING_ASSETS_CALENDAR is on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import SQLModel

from meeting_assets.schema import fields
from meeting_assets.schema.columns import KEYED


class CalendarEvents(SQLModel, table=True):
    """Events of the connected calendars. Meeting URLs and descriptions are not stored.

    Grain: one row per calendar event; each occurrence of a recurring event is an event.
    """

    __tablename__ = "calendar_events"
    __table_args__ = KEYED

    calendar_event_id: str = fields.uuid("the API's id of the calendar event", primary_key=True)
    calendar_id: str | None = fields.uuid("the API's id of the calendar")
    platform: str | None = fields.text("google_calendar or microsoft_outlook")
    title: str | None = fields.text("title of the event, without URLs")
    organizer_email: str | None = fields.text("address of the organizer")
    start_at: datetime = fields.instant("scheduled start", index=True)
    end_at: datetime | None = fields.instant("scheduled end")
    planned_s: float | None = fields.seconds("scheduled length; NULL without an end after the start")
    is_deleted: bool = fields.flag("true if the event was removed from the calendar or cancelled")
    ical_uid: str | None = fields.text("the calendar's id, equal in the calendars of all invitees")
    recurring_id: str | None = fields.text(
        "the calendar's id of the recurring event; NULL for single events", index=True
    )
    meeting_platform: str | None = fields.text("platform of the meeting link")
    bot_id: str | None = fields.uuid("the bot that recorded the event, else the first bot linked to it", index=True)
    other_bot_ids: Any = fields.json("further bots linked to the event; NULL if there are none")
    invitee_count: int = fields.count("invitees, rooms and other resources excluded")
    created_at: datetime | None = fields.instant("when Recall.ai created its copy of the event")
    updated_at: datetime | None = fields.instant("when Recall.ai last changed its copy of the event")
    observed_at: datetime | None = fields.instant("when the request was sent that the row reflects (store.observation)")
    modified_at: datetime | None = fields.instant("when a column other than observed_at last changed")


class CalendarEventBots(SQLModel, table=True):
    """The bots in `calendar_events.other_bot_ids`. An index finds the events of a bot.

    Grain: one row per (bot, calendar event).
    """

    __tablename__ = "calendar_event_bots"
    __table_args__ = KEYED

    bot_id: str = fields.uuid("a bot linked to the event, other than calendar_events.bot_id", primary_key=True)
    calendar_event_id: str = fields.uuid("the API's id of the calendar event", primary_key=True, index=True)


class CalendarInvitees(SQLModel, table=True):
    """The invitees of calendar events.

    Grain: one row per (calendar event, address).
    """

    __tablename__ = "calendar_invitees"
    __table_args__ = KEYED

    calendar_event_id: str = fields.uuid("the API's id of the calendar event", primary_key=True)
    email: str = fields.text("address in lower case", primary_key=True)
    name: str | None = fields.text("display name in the calendar, without URLs")
    response: str | None = fields.text("accepted, declined, tentative, needs_action, or another value of the calendar")
    is_organizer: bool = fields.flag("true for the organizer")
    is_optional: bool = fields.flag("true for optional invitees")
