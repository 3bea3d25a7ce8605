"""Calendar events of API v2, and their invitees.

An event contains the object of its calendar as `raw`: of Google or Outlook, as an object or as JSON text. Only titles,
addresses, names, responses and ids are read from it. Descriptions, locations, links, dial-in numbers, passcodes and
attachments are not, and no error quotes an event.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from meeting_assets.core.errors import PayloadError
from meeting_assets.core.ids import uuid_of
from meeting_assets.core.instants import check_created_at, utc
from meeting_assets.core.urls import without_link_secrets
from meeting_assets.recall.json_decoding import MalformedObject, decode_json

CALENDAR_EVENTS = "calendar-events"
"""The collection of calendar events."""
ACCEPTED, NEEDS_ACTION = "accepted", "needs_action"

MAX_ADDRESS, MAX_ID = 320, 600
"""Characters; longer ones do not fit into an index of PostgreSQL and are no addresses or ids."""

_RESPONSES = {
    "needsaction": NEEDS_ACTION,
    "none": NEEDS_ACTION,
    "notresponded": NEEDS_ACTION,
    "organizer": ACCEPTED,
    "tentativelyaccepted": "tentative",
}
"""Responses of Google and Outlook that have another name here."""
_URL = re.compile(r"[a-z][a-z0-9+.-]*://\S*|\bwww\.\S+", re.IGNORECASE)

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Invitee:
    """A person who is invited to an event."""

    email: str
    name: str | None
    response: str | None
    is_organizer: bool
    is_optional: bool


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """A calendar event. Values that the calendar does not give are None."""

    calendar_event_id: str
    calendar_id: str | None
    platform: str | None
    title: str | None
    organizer_email: str | None
    start_at: datetime
    end_at: datetime | None
    is_deleted: bool
    ical_uid: str | None
    recurring_id: str | None
    meeting_platform: str | None
    bot_ids: tuple[str, ...]
    """The linked bots, in the API's order."""
    invitees: tuple[Invitee, ...]
    """One per address, rooms and other resources excluded."""
    created_at: datetime | None
    updated_at: datetime | None


def decode_calendar_event(document: Document) -> CalendarEvent:
    """Converts a listed calendar event. Unusable values of optional fields become None.

    Raises:
        PayloadError: the event has no usable id or start. The text names the event by its id and quotes nothing else.
    """
    event_id = uuid_of(document.get("id"))
    if isinstance(document, MalformedObject):
        raise PayloadError(f"calendar event {event_id or 'without a usable id'}: the object is not valid JSON")
    if event_id is None:
        raise PayloadError("a calendar event has no usable id")
    raw = _raw(document.get("raw"))
    start_at = _instant(document.get("start_time")) or _time_in_calendar(raw.get("start"))
    if start_at is None:
        raise PayloadError(f"calendar event {event_id}: start_time is missing or unusable")
    organizer = _organizer(raw)
    return CalendarEvent(
        calendar_event_id=event_id,
        calendar_id=uuid_of(document.get("calendar_id")),
        platform=_text(document.get("platform")),
        title=_printable(raw.get("summary")) or _printable(raw.get("subject")),
        organizer_email=organizer.email if organizer else None,
        start_at=start_at,
        end_at=_instant(document.get("end_time")) or _time_in_calendar(raw.get("end")),
        is_deleted=document.get("is_deleted") is True or raw.get("status") == "cancelled" or _is(raw, "isCancelled"),
        ical_uid=_id(document.get("ical_uid")) or _id(raw.get("iCalUID")) or _id(raw.get("iCalUId")),
        recurring_id=_id(raw.get("recurringEventId")) or _id(raw.get("seriesMasterId")),
        meeting_platform=_text(document.get("meeting_platform")),
        bot_ids=tuple(dict.fromkeys(_bot_ids(document.get("bots")))),
        invitees=_invitees(raw, organizer),
        created_at=_instant(document.get("created_at")),
        updated_at=_instant(document.get("updated_at")),
    )


def _raw(given: Any) -> Document:
    """The calendar's own object; empty if it is missing or unusable."""
    if isinstance(given, str):
        try:
            given = decode_json(given.encode(errors="surrogatepass"))
        except (ValueError, RecursionError):
            return {}
    return given if isinstance(given, Mapping) else {}


def _organizer(raw: Document) -> Invitee | None:
    """The organizer, who counts as accepting."""
    organizer = raw.get("organizer")
    address = _address(organizer)
    if address is None:
        return None
    return Invitee(address, _name(organizer), ACCEPTED, is_organizer=True, is_optional=False)


def _invitees(raw: Document, organizer: Invitee | None) -> tuple[Invitee, ...]:
    """Invitees by address; of a repeated address, the first one.

    Outlook does not list the organizer among the attendees. Google does, unless the organizer does not attend.
    """
    attendees = raw.get("attendees")
    found: dict[str, Invitee] = {}
    for attendee in attendees if isinstance(attendees, list) else []:
        address = _address(attendee)
        if address is None or _is(attendee, "resource") or attendee.get("type") == "resource":
            continue
        is_organizer = _is(attendee, "organizer") or (organizer is not None and address == organizer.email)
        is_optional = _is(attendee, "optional") or attendee.get("type") == "optional"
        found.setdefault(address, Invitee(address, _name(attendee), _response(attendee), is_organizer, is_optional))
    if organizer is not None and "subject" in raw:
        found.setdefault(organizer.email, organizer)
    return tuple(found.values())


def _response(attendee: Document) -> str | None:
    status = attendee.get("status")
    given = _text(attendee.get("responseStatus")) or _text(status.get("response") if isinstance(status, dict) else None)
    return _RESPONSES.get(given.lower(), given.lower()) if given else None


def _address(person: Any) -> str | None:
    """The e-mail address of an attendee or organizer, in lower case; other identifiers are no addresses."""
    if not isinstance(person, Mapping):
        return None
    nested = person.get("emailAddress")
    address = _text(person.get("email")) or _text(nested.get("address") if isinstance(nested, Mapping) else None)
    is_address = address and "@" in address and len(address) <= MAX_ADDRESS and not _URL.search(address)
    return address.lower() if address and is_address else None


def _name(person: Any) -> str | None:
    nested = person.get("emailAddress")
    return _printable(person.get("displayName")) or _printable(
        nested.get("name") if isinstance(nested, Mapping) else None
    )


def _bot_ids(bots: Any) -> Iterator[str]:
    for bot in bots if isinstance(bots, list) else []:
        if isinstance(bot, Mapping) and (bot_id := uuid_of(bot.get("bot_id"))):
            yield bot_id


def _time_in_calendar(given: Any) -> datetime | None:
    """An instant as calendars give it: `dateTime` with an offset or with `timeZone`, or the `date` of a whole day.

    >>> _time_in_calendar({"dateTime": "2026-03-02T09:00:00.0000000", "timeZone": "Europe/Paris"})
    datetime.datetime(2026, 3, 2, 8, 0, tzinfo=datetime.timezone.utc)
    """
    if not isinstance(given, Mapping):
        return None
    return _instant(given.get("dateTime"), zone=given.get("timeZone")) or _instant(given.get("date"))


def _instant(given: Any, zone: Any = None) -> datetime | None:
    """An instant in UTC. A day is its first instant. A time without offset is of the zone; without a zone, of UTC."""
    if not isinstance(given, str):
        return None
    try:
        at = datetime.fromisoformat(given) if len(given) > 10 else datetime.combine(date.fromisoformat(given), time())
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC if zone in (None, "UTC") else ZoneInfo(zone))
        at = utc(at)
        check_created_at(at)
    # OSError, TypeError: names of time zones are looked up as files.
    except (ValueError, LookupError, TypeError, OSError, OverflowError):
        return None
    # Not the zone of the calendar, which is equal but prints differently.
    return at.replace(tzinfo=UTC)


def _text(given: Any) -> str | None:
    return given.strip() or None if isinstance(given, str) else None


def _id(given: Any) -> str | None:
    text = _text(given)
    return text if text and len(text) <= MAX_ID else None


def _printable(given: Any) -> str | None:
    """Text without URLs, because links of meetings admit to them, and without passwords of other links."""
    return " ".join(without_link_secrets(_URL.sub(" ", given)).split()) or None if isinstance(given, str) else None


def _is(document: Document, name: str) -> bool:
    return document.get(name) is True
