"""Calendar events are decoded as Google and Outlook give them, without their links and secrets."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.core.errors import PayloadError
from meeting_assets.recall.calendar_objects import MAX_ADDRESS, CalendarEvent, Invitee, decode_calendar_event
from meeting_assets.recall.json_decoding import INVALID_NUMBER, MalformedObject

ID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
START = datetime(2026, 3, 2, 9, tzinfo=UTC)

# The documented shapes: https://docs.recall.ai/reference/calendar-event-platform-data
GOOGLE = {
    "summary": "Meeting Summary",
    "status": "confirmed",
    "iCalUID": "raw-uid@google.com",
    "start": {"dateTime": "2024-05-01T17:30:00-04:00", "timeZone": "America/New_York"},
    "end": {"dateTime": "2024-05-01T18:00:00-04:00", "timeZone": "America/New_York"},
    "organizer": {"email": "Dummy@Example.com"},
    "attendees": [
        {"email": "dummy@example.com", "organizer": True, "responseStatus": "accepted"},
        {"email": "dummy1@example.com", "displayName": "One", "responseStatus": "needsAction", "optional": True},
        {"email": "room@resource.calendar.google.com", "resource": True, "responseStatus": "accepted"},
        {"self": True, "email": "dummy4@example.com", "responseStatus": "declined"},
    ],
    "recurringEventId": "dummy_recurring_event_id",
}
OUTLOOK = {
    "subject": "Dummy Meeting Subject",
    "iCalUId": "040000008200E000",
    "isCancelled": False,
    "start": {"dateTime": "2024-07-01T05:00:00.0000000", "timeZone": "UTC"},
    "end": {"dateTime": "2024-07-01T05:30:00.0000000", "timeZone": "UTC"},
    "organizer": {"emailAddress": {"name": "John Doe", "address": "john.doe@example.com"}},
    "attendees": [
        {
            "type": "required",
            "status": {"response": "tentativelyAccepted", "time": "0001-01-01T00:00:00Z"},
            "emailAddress": {"name": "Jane", "address": "jane@example.com"},
        },
        {"type": "optional", "status": {"response": "none"}, "emailAddress": {"address": "max@example.com"}},
        {"type": "resource", "status": {"response": "accepted"}, "emailAddress": {"address": "room@example.com"}},
    ],
    "seriesMasterId": "AAMk-master",
}


def decoded(raw: Any = None, **fields: Any) -> CalendarEvent:
    """An event with this `raw`; fields that are given as None are missing."""
    document = {"id": ID, "start_time": "2026-03-02T09:00:00Z", "raw": raw, **fields}
    return decode_calendar_event({name: value for name, value in document.items() if value is not None})


def test_google_event_has_title_series_and_invitees_without_rooms() -> None:
    event = decoded(GOOGLE)

    assert (event.title, event.organizer_email) == ("Meeting Summary", "dummy@example.com")
    assert (event.recurring_id, event.ical_uid) == ("dummy_recurring_event_id", "raw-uid@google.com")
    assert event.invitees == (
        Invitee("dummy@example.com", None, "accepted", is_organizer=True, is_optional=False),
        Invitee("dummy1@example.com", "One", "needs_action", is_organizer=False, is_optional=True),
        Invitee("dummy4@example.com", None, "declined", is_organizer=False, is_optional=False),
    )


def test_outlook_event_has_its_organizer_among_the_invitees() -> None:
    event = decoded(OUTLOOK)

    assert (event.title, event.recurring_id) == ("Dummy Meeting Subject", "AAMk-master")
    assert event.invitees == (
        Invitee("jane@example.com", "Jane", "tentative", is_organizer=False, is_optional=False),
        Invitee("max@example.com", None, "needs_action", is_organizer=False, is_optional=True),
        Invitee("john.doe@example.com", "John Doe", "accepted", is_organizer=True, is_optional=False),
    )


@pytest.mark.parametrize("raw", [GOOGLE, OUTLOOK])
def test_raw_may_be_json_text(raw: dict[str, Any]) -> None:
    assert decoded(json.dumps(raw)) == decoded(raw)


@pytest.mark.parametrize("raw", [None, "", "{", "null", "[]", 7, [], "<html>", "[" * 100_000, INVALID_NUMBER])
def test_event_with_unusable_raw_keeps_its_times(raw: Any) -> None:
    event = decoded(raw)

    assert (event.start_at, event.title, event.invitees) == (START, None, ())


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ({"dateTime": "2026-03-02T10:00:00+01:00"}, START),
        ({"dateTime": "2026-03-02T09:00:00.0000000", "timeZone": "UTC"}, START),
        ({"dateTime": "2026-03-02T10:00:00", "timeZone": "Europe/Paris"}, START),
        ({"dateTime": "2026-03-02T09:00:00"}, START),
        ({"date": "2026-03-02"}, START.replace(hour=0)),
        ({"dateTime": None, "date": "2026-03-02"}, START.replace(hour=0)),
    ],
)
def test_missing_start_comes_from_the_calendar(start: dict[str, Any], expected: datetime) -> None:
    assert decoded({"start": start}, start_time=None).start_at == expected


def test_day_without_time_starts_at_midnight_utc() -> None:
    assert decoded(start_time="2026-03-02").start_at == START.replace(hour=0)


@pytest.mark.parametrize(
    "start",
    [
        "soon",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-14:00",
        7,
        {"dateTime": "2026-03-02T10:00:00", "timeZone": "Tokyo Standard Time"},
        {"dateTime": "2026-03-02T10:00:00", "timeZone": "../../etc/passwd"},
        {"dateTime": "2026-03-02T10:00:00", "timeZone": "a\0b"},
        {"dateTime": "2026-03-02T10:00:00", "timeZone": ["UTC"]},
        {"date": {}},
    ],
)
def test_event_without_a_usable_start_is_rejected_by_its_id_alone(start: Any) -> None:
    with pytest.raises(PayloadError) as raised:
        decode_calendar_event({"id": ID, "start_time": start, "raw": {"start": start, "summary": "Layoffs"}})

    assert str(raised.value) == f"calendar event {ID}: start_time is missing or unusable"


@pytest.mark.parametrize("document", [{}, {"id": None}, {"id": "secret-id"}, {"id": 7}, MalformedObject()])
def test_event_without_a_usable_id_is_rejected_without_a_quote(document: dict[str, Any]) -> None:
    with pytest.raises(PayloadError, match="usable id") as raised:
        decode_calendar_event(document)

    assert "secret-id" not in str(raised.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"end_time": "later", "created_at": 3, "updated_at": {}, "calendar_id": "x", "platform": [], "bots": {}},
        {"bots": [None, {}, {"bot_id": None}, {"bot_id": "x"}]},
        {"ical_uid": 5, "meeting_platform": {}, "is_deleted": "yes"},
    ],
)
def test_unusable_optional_values_become_none(fields: dict[str, Any]) -> None:
    assert decoded(**fields) == decoded()


def test_bots_are_listed_once_in_their_order() -> None:
    first, second = ID.replace("3fa", "aaa"), ID

    event = decoded(bots=[{"bot_id": first}, {"bot_id": second.upper()}, {"bot_id": first}])

    assert event.bot_ids == (first, second)


@pytest.mark.parametrize(
    ("raw", "fields"),
    [({}, {"is_deleted": True}), ({"status": "cancelled"}, {}), ({"isCancelled": True}, {"is_deleted": False})],
)
def test_removed_and_cancelled_events_are_deleted(raw: dict[str, Any], fields: dict[str, Any]) -> None:
    assert decoded(raw, **fields).is_deleted


def test_repeated_address_is_one_invitee() -> None:
    event = decoded({"attendees": [{"email": " Ana@x.example "}, {"email": "ana@X.example", "organizer": True}]})

    assert [each.email for each in event.invitees] == ["ana@x.example"]


@pytest.mark.parametrize(
    "attendee",
    [
        None,
        7,
        "ana@x.example",
        {},
        {"email": None},
        {"email": "/O=EXCHANGE/CN=ANA"},
        {"emailAddress": "x@y"},
        {"email": "mailto://x@y?pin=1"},
        {"email": f"{'a' * MAX_ADDRESS}@x.example"},
    ],
)
def test_attendees_without_an_address_are_left_out(attendee: Any) -> None:
    assert decoded({"attendees": [attendee], "organizer": attendee}).invitees == ()


def test_organizer_who_does_not_attend_is_no_invitee_at_google() -> None:
    event = decoded({"summary": "Review", "organizer": {"email": "office@x.example"}})

    assert (event.organizer_email, event.invitees) == ("office@x.example", ())


@pytest.mark.parametrize(
    ("title", "stored"),
    [
        ("Join https://zoom.us/j/1?pwd=secret now", "Join now"),
        ("zoommtg://zoom.us/join?pwd=secret", None),
        ("Sync (www.zoom.us/j/1?pwd=secret", "Sync ("),
        ("Sync zoom.us/j/1?pwd=hunter2x Passcode: 998877", "Sync zoom.us/j/1 Passcode: …"),
        ("Sync (zoom.us/j/1?pwd=hunter2x&uname=Ana)", "Sync (zoom.us/j/1"),
        ("meet.example/r#pwd=hunter2x or example/r?&tk=hunter2x", "meet.example/r or example/r"),
        ("PIN\n998877# for guests", "PIN … for guests"),
        ("password is hunter2x", "password is …"),
        ("Password=hunter2x, 9:00", "Password= … 9:00"),
        ("定例 パスコード：hunter2x", "定例 パスコード： …"),
        ("Kennwort: hunter2x", "Kennwort: …"),
        ("Password reset, pin board and Q&A? 100%", "Password reset, pin board and Q&A? 100%"),
        ("Spin: tokenizer #3", "Spin: tokenizer #3"),
        ("  Planning \n Q2 ", "Planning Q2"),
        ("", None),
    ],
)
def test_titles_and_names_contain_no_urls_and_no_passwords(title: str, stored: str | None) -> None:
    event = decoded({"summary": title, "attendees": [{"email": "a@x.example", "displayName": title}]})

    assert (event.title, event.invitees[0].name) == (stored, stored)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = [*GOOGLE, *OUTLOOK, "id", "raw", "start_time", "end_time", "bots", "bot_id", "email", "dateTime", "timeZone"]


@given(st.dictionaries(st.sampled_from(NAMES), JSON), st.dictionaries(st.sampled_from(NAMES), JSON))
def test_any_event_is_decoded_or_rejected(fields: dict[str, Any], raw: dict[str, Any]) -> None:
    document = {"id": ID, "start_time": "2026-03-02T09:00:00Z", "raw": raw, **fields}

    try:
        event = decode_calendar_event(document)
    except PayloadError:
        return

    assert event.start_at.tzinfo is UTC
