"""Calendar events of API v2, and the objects of their calendars as `raw`.

`raw` contains what real calendars contain: descriptions, locations, links, dial-in pins, passcodes and attachments.
Each of these holds `SANDBOX-PASSWORD`, which the sandbox replaces by its password marker.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime

from .clock import iso

GOOGLE, OUTLOOK = "google_calendar", "microsoft_outlook"
PASSWORD = "SANDBOX-PASSWORD"

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Invitee:
    """A person or a room that is invited; `response` as Google names it."""

    email: str
    name: str | None = None
    response: str = "accepted"
    is_optional: bool = False
    is_room: bool = False


@dataclass(slots=True)
class CalendarEvent:
    """One event in one calendar."""

    id: str
    calendar_id: str
    start_at: datetime
    end_at: datetime
    created_at: datetime
    updated_at: datetime
    title: str | None = None
    platform: str = GOOGLE
    ical_uid: str | None = None
    recurring_id: str | None = None
    meeting_platform: str | None = None
    """None for events without a meeting link."""
    organizer: Invitee | None = None
    invitees: tuple[Invitee, ...] = ()
    """The organizer included, if invited."""
    bot_ids: tuple[str, ...] = ()
    is_deleted: bool = False
    is_all_day: bool = False
    moved_from: datetime | None = None
    """Former start of an occurrence that was moved."""
    edits: Json = field(default_factory=dict)
    """Fields of the API's object that replace generated ones."""

    @property
    def sort_key(self) -> tuple[datetime, str]:
        return self.start_at, self.id


def event_object(event: CalendarEvent) -> Json:
    """The event as the API shows it. Google's events come as objects, those of Outlook as JSON text."""
    raw = _google(event) if event.platform == GOOGLE else _outlook(event)
    url = _meeting_url(event)
    shown: Json = {
        "id": event.id,
        "start_time": iso(event.start_at),
        "end_time": iso(event.end_at),
        "calendar_id": event.calendar_id,
        "raw": raw if event.platform == GOOGLE else json.dumps(raw),
        "platform": event.platform,
        "platform_id": f"{event.id[:8]}_{event.start_at:%Y%m%dT%H%M%SZ}",
        "ical_uid": event.ical_uid,
        "meeting_platform": event.meeting_platform,
        "meeting_url": url,
        "created_at": iso(event.created_at),
        "updated_at": iso(event.updated_at),
        "is_deleted": event.is_deleted,
        "bots": [
            {
                "bot_id": bot_id,
                "start_time": iso(event.start_at),
                "deduplication_key": f"{iso(event.start_at)}-{url}",
                "meeting_url": url,
            }
            for bot_id in event.bot_ids
        ],
    }
    return shown | event.edits


def _google(event: CalendarEvent) -> Json:
    organizer = event.organizer
    raw: Json = {
        "id": event.id.replace("-", ""),
        "kind": "calendar#event",
        "status": "cancelled" if event.is_deleted else "confirmed",
        "iCalUID": event.ical_uid,
        "summary": event.title,
        "description": f"Agenda: https://notes.example/{PASSWORD}. Passcode: {PASSWORD}",
        "location": f"Room Harbour, https://meet.example/{PASSWORD}",
        "start": _google_time(event, event.start_at),
        "end": _google_time(event, event.end_at),
        "hangoutLink": f"https://meet.example/{PASSWORD}",
        "htmlLink": f"https://calendar.example/event?eid={PASSWORD}",
        "attachments": [{"title": f"Minutes {PASSWORD}", "fileUrl": f"https://files.example/{PASSWORD}"}],
        "conferenceData": {
            "conferenceId": PASSWORD,
            "entryPoints": [
                {"entryPointType": "phone", "uri": f"tel:+1-555-{PASSWORD}", "pin": PASSWORD, "passcode": PASSWORD}
            ],
        },
    }
    if organizer:
        raw["organizer"] = {"email": organizer.email, "displayName": organizer.name}
    if event.invitees:  # the calendar omits an empty list
        raw["attendees"] = [_google_attendee(each, event) for each in event.invitees]
    if event.recurring_id:
        raw["recurringEventId"] = event.recurring_id
        raw["originalStartTime"] = _google_time(event, event.moved_from or event.start_at)
    return raw


def _google_time(event: CalendarEvent, at: datetime) -> Json:
    if event.is_all_day:
        return {"date": at.date().isoformat()}
    return {"dateTime": iso(at), "timeZone": "UTC"}


def _google_attendee(invitee: Invitee, event: CalendarEvent) -> Json:
    flags = {
        "organizer": event.organizer is not None and invitee.email == event.organizer.email,
        "optional": invitee.is_optional,
        "resource": invitee.is_room,
    }
    name = {"displayName": invitee.name} if invitee.name else {}
    shown = {flag: True for flag, is_set in flags.items() if is_set}
    return {"email": invitee.email, **name, "responseStatus": invitee.response, **shown}


OUTLOOK_RESPONSES = {"needsAction": "notResponded", "tentative": "tentativelyAccepted"}


def _outlook(event: CalendarEvent) -> Json:
    organizer = event.organizer
    return {
        "id": f"AAMk{event.id.replace('-', '')}",
        "iCalUId": event.ical_uid,
        "type": "occurrence" if event.recurring_id else "singleInstance",
        "subject": event.title,
        "body": {"content": f"<p>Join https://teams.example/{PASSWORD}</p>", "contentType": "html"},
        "bodyPreview": f"Meeting ID: 123 Passcode: {PASSWORD}",
        "location": {"displayName": f"Room {PASSWORD}"},
        "start": _outlook_time(event.start_at),
        "end": _outlook_time(event.end_at),
        "isAllDay": event.is_all_day,
        "isCancelled": event.is_deleted,
        "seriesMasterId": event.recurring_id,
        "onlineMeeting": {"joinUrl": f"https://teams.example/{PASSWORD}", "conferenceId": PASSWORD},
        "webLink": f"https://outlook.example/?itemid={PASSWORD}",
        "organizer": {"emailAddress": {"name": organizer.name, "address": organizer.email}} if organizer else None,
        # Outlook does not list the organizer among the attendees.
        "attendees": [_outlook_attendee(each) for each in event.invitees if not organizer or each != organizer],
    }


def _outlook_time(at: datetime) -> Json:
    return {"dateTime": f"{at:%Y-%m-%dT%H:%M:%S}.0000000", "timeZone": "UTC"}


def _outlook_attendee(invitee: Invitee) -> Json:
    kind = "resource" if invitee.is_room else "optional" if invitee.is_optional else "required"
    response = OUTLOOK_RESPONSES.get(invitee.response, invitee.response)
    address = {"name": invitee.name or invitee.email, "address": invitee.email}
    return {"type": kind, "status": {"response": response, "time": "0001-01-01T00:00:00Z"}, "emailAddress": address}


def _meeting_url(event: CalendarEvent) -> str | None:
    return f"https://{event.meeting_platform}.example/j/1?pwd={PASSWORD}" if event.meeting_platform else None
