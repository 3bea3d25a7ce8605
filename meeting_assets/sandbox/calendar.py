"""Serves `/api/v2/calendar-events/`, and changes events while the sandbox serves."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request

from .calendar_event import PASSWORD, CalendarEvent, event_object
from .listing import BadQueryError, Cursor, instant, uuid
from .state import State
from .world import Json

CALENDAR_EVENTS = "calendar-events"


class CalendarApi:
    """List and retrieve calls for calendar events."""

    def __init__(self, state: State, link: Callable[..., str | None]) -> None:
        self._state = state
        self._link = link
        """Returns the request's URL with another cursor."""

    def list_events(self, request: Request) -> Json:
        """A page of events in the order of their start."""
        query, habits = request.query_params, self._state.habits
        cursor = Cursor.parse(query["cursor"]) if query.get("cursor") else None
        found = [
            each
            for each in sorted(self._state.world.calendar_events.values(), key=lambda each: each.sort_key)
            if _matches(each, query) and (cursor is None or each.sort_key > cursor.position)
        ]
        shown = found[: habits.calendar_page_size]
        self._state.stats.list_calls[CALENDAR_EVENTS] += 1
        following = None
        if len(found) > len(shown):
            # At least one event of the page is not repeated on the next one, so that paging ends.
            following = Cursor(shown[max(0, len(shown) - 1 - habits.pages_repeat)].sort_key)
        return {
            "next": self._link(request, cursor=following),
            "previous": None,
            "results": [self._object(each) for each in shown],
        }

    def retrieve_event(self, request: Request) -> Json:
        event = self._state.world.calendar_events.get(request.path_params["id"])
        self._state.stats.retrieve_calls_by_collection[CALENDAR_EVENTS] += 1
        if event is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return self._object(event)

    def _object(self, event: CalendarEvent) -> Json:
        text = json.dumps(event_object(event)).replace(PASSWORD, self._state.markers.password)
        shown: Json = json.loads(text)
        return shown


class CalendarControls:
    """Changes to the calendar events of one sandbox; safe to call from any thread while it serves."""

    _state: State

    def add_events(self, events: Iterable[CalendarEvent]) -> None:
        with self._state.lock:
            self._state.world.calendar_events |= {each.id: each for each in events}

    def change_event(self, event_id: str, **values: Any) -> CalendarEvent:
        """Changes fields of an event, and its `updated_at`; a new start moves the end, too."""
        with self._state.lock:
            event = self._state.world.calendar_events[event_id]
            if "start_at" in values:
                values = {"end_at": values["start_at"] + (event.end_at - event.start_at), **values}
            updated_at = max(self._state.clock.now(), event.updated_at + timedelta(seconds=1))
            changed = replace(event, **{"updated_at": updated_at, **values})
            self._state.world.calendar_events[event_id] = changed
            return changed

    def delete_event(self, event_id: str) -> CalendarEvent:
        """Removes an event from its calendar. The API still lists it, with `is_deleted`."""
        return self.change_event(event_id, is_deleted=True)


def _matches(event: CalendarEvent, query: QueryParams) -> bool:
    """True if an event meets all filters of a query."""
    start, earliest, latest = (instant(query, name) for name in ("start_time", "start_time__gte", "start_time__lte"))
    updated, calendar_id = instant(query, "updated_at__gte"), uuid(query, "calendar_id")
    return (
        start in (None, event.start_at)
        and (earliest is None or event.start_at >= earliest)
        and (latest is None or event.start_at <= latest)
        and (updated is None or event.updated_at >= updated)
        and calendar_id in (None, event.calendar_id)
        and (event.ical_uid or "").startswith(query.get("ical_uid", ""))
        and _flag(query, "is_deleted") in (None, event.is_deleted)
    )


def _flag(query: QueryParams, name: str) -> bool | None:
    text = query.get(name, "").lower()
    if text not in ("", "true", "false"):
        raise BadQueryError(name, "Enter a valid boolean.")
    return text == "true" if text else None
