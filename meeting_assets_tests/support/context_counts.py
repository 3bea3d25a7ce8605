"""The context of meetings in numbers: as the database stores it, and as the sandbox's world has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from meeting_assets.sandbox import Artifact, Bot, CalendarEvent, Recording, World

Counts = Counter[Any]

RESPONSES = {"needsAction": "needs_action"}
"""Responses whose stored names differ from those of the sandbox."""
HASHED = "hashed"
"""Substitute for ids of Webex meetings that are tokens: only their hashes are stored."""


@dataclass(frozen=True)
class Count:
    """Labels and numbers from a query whose last column is the number, and from the world."""

    query: str
    of_world: Callable[[World], Counts]

    def stored(self, connection: Connection) -> Counts:
        found: Counts = Counter()
        for *label, number in connection.execute(text(self.query)):
            found[label[0] if len(label) == 1 else tuple(label)] += int(number)
        return found


def sources(world: World) -> Counts:
    return Counter(each.source for each in world.recordings)


def metadata_keys(world: World) -> Counts:
    return Counter((of, key) for of, metadata in _metadata(world) for key in metadata)


def metadata_values(world: World) -> Counts:
    """Values without URLs, whose secrets are not stored."""
    return Counter(
        (of, key, value) for of, metadata in _metadata(world) for key, value in metadata.items() if "://" not in value
    )


def _metadata(world: World) -> Iterator[tuple[str, dict[str, str]]]:
    for each in world.recordings:
        yield "recording", each.metadata
        if each.bot_id:
            yield "bot", world.bot(each.bot_id).metadata


def meeting_ids(world: World) -> Counts:
    found = (meeting_key(world.bot(each.bot_id)) for each in world.recordings if each.bot_id)
    return Counter(each for each in found if each)


def meeting_ids_of_bots(world: World) -> Counts:
    return Counter(each for each in map(meeting_key, world.bots) if each)


def meeting_key(bot: Bot) -> tuple[str, str] | None:
    """Platform and meeting id of a bot; None if the API shows no meeting URL, or shows it as text."""
    url = bot.meeting_url
    if not isinstance(url, dict):
        return None
    if url["platform"] != "webex":
        return url["platform"], url["meeting_id"]
    is_room = url["meeting_mtid"] is None
    return "webex", f"{url['meeting_subdomain']}/{url['meeting_path']}" if is_room else HASHED


def series(world: World) -> Counts:
    """Recordings by series: that of the calendar event, else the meeting."""
    found = (_series_of(each, world) for each in world.recordings if each.bot_id)
    return Counter(each for each in found if each)


def recurring_series(world: World) -> Counts:
    """Meetings of series with several meetings. The recordings of one bot are one meeting."""
    of_bots = {each.bot_id: _series_of(each, world) for each in world.recordings if each.bot_id}
    counts = Counter(each for each in of_bots.values() if each)
    return Counter({series_id: count for series_id, count in counts.items() if count > 1})


def _series_of(recording: Recording, world: World) -> str | None:
    bot = world.bot(str(recording.bot_id))
    recurring = {each.recurring_id for each in events_of(bot, world) if each.recurring_id}
    if recurring:
        return f"calendar:{min(recurring)}"
    key = meeting_key(bot)
    return f"{key[0]}:{key[1]}" if key else None


def events_of(bot: Bot, world: World) -> list[CalendarEvent]:
    return [each for each in world.calendar_events.values() if bot.id in each.bot_ids]


def bot_outcomes(world: World) -> Counts:
    return Counter("recorded" if world.recordings_of(each.id) else "missed" for each in world.bots)


def recordings_of_bots(world: World) -> Counts:
    return Counter(len(world.recordings_of(each.id)) for each in world.bots)


def status_changes(world: World) -> Counts:
    return Counter((change["code"], change["sub_code"]) for bot in world.bots for change in bot.status_changes)


def missed_meetings(world: World) -> Counts:
    """Missed meetings by their reason: that of a denied permission, else of the last status change but `done`."""
    missed = (each for each in world.bots if not world.recordings_of(each.id))
    return Counter(map(_reason, missed))


def _reason(bot: Bot) -> str:
    reasons = {change["code"]: change["sub_code"] for change in bot.status_changes if change["code"] != "done"}
    denied: str | None = reasons.get("recording_permission_denied")
    return denied or str([*reasons.values()][-1])


def calendar_events(world: World) -> Counts:
    return Counter((each.platform, each.is_deleted, bool(each.bot_ids)) for each in world.calendar_events.values())


def recurring_events(world: World) -> Counts:
    return Counter(each.recurring_id for each in world.calendar_events.values() if each.recurring_id)


def planned_minutes(world: World) -> Counts:
    return Counter(round((each.end_at - each.start_at).total_seconds() / 60) for each in world.calendar_events.values())


def invitees(world: World) -> Counts:
    """Invitees by address, rooms excluded."""
    return Counter(each.email for _, each in _invited(world))


def responses(world: World) -> Counts:
    """Invitees but organizers by response."""
    return Counter(
        (RESPONSES.get(each.response, each.response), each.is_optional)
        for event, each in _invited(world)
        if event.organizer is None or each.email != event.organizer.email
    )


def _invited(world: World) -> Iterator[tuple[CalendarEvent, Any]]:
    for event in world.calendar_events.values():
        yield from ((event, each) for each in event.invitees if not each.is_room)


def _listed(world: World) -> Iterator[Artifact]:
    """Media objects that the API shows: of older recordings no mixed audio."""
    for each in world.artifacts:
        if each.collection != "audio_mixed" or world.recording(each.recording_id).has_audio_mixed_key:
            yield each


def media_objects(world: World) -> Counts:
    return Counter((each.collection, each.status.code) for each in _listed(world))


def media_bytes(world: World) -> Counts:
    return _sums((each.collection, each.size_bytes) for each in _listed(world) if each.size_bytes is not None)


def media_with_expiry(world: World) -> Counts:
    return Counter(each.collection for each in _listed(world) if each.expires_at is not None)


def titles(world: World) -> Counts:
    data = [each.details["data"] for each in world.artifacts if each.collection == "meeting_metadata"]
    return Counter((each["title"], each["zoom"] is not None) for each in data)


def _sums(pairs: Iterable[tuple[str, int]]) -> Counts:
    found: Counts = Counter()
    for label, number in pairs:
        found[label] += number
    return found


_MEETING_ID = f"CASE WHEN platform = 'webex' AND meeting_id NOT LIKE '%/%' THEN '{HASHED}' ELSE meeting_id END"
_SERIES = f"CASE WHEN series_id LIKE 'webex:%' AND series_id NOT LIKE '%/%' THEN 'webex:{HASHED}' ELSE series_id END"
_MINUTES = "CAST(round(planned_s / 60) AS INTEGER)"

CONTEXT = {
    "recordings by source": Count("SELECT source, count(*) FROM recordings GROUP BY source", sources),
    "metadata by key": Count(
        "SELECT metadata_of, key, count(*) FROM meeting_keys GROUP BY metadata_of, key", metadata_keys
    ),
    "metadata by value": Count(
        "SELECT metadata_of, key, value, count(*) FROM meeting_keys WHERE value NOT LIKE '%://%' "
        "GROUP BY metadata_of, key, value",
        metadata_values,
    ),
    "recordings by meeting id": Count(
        f"SELECT platform, {_MEETING_ID}, count(*) FROM recordings WHERE meeting_id IS NOT NULL GROUP BY 1, 2",
        meeting_ids,
    ),
    "bots by meeting id": Count(
        f"SELECT platform, {_MEETING_ID}, count(*) FROM bots WHERE meeting_id IS NOT NULL GROUP BY 1, 2",
        meeting_ids_of_bots,
    ),
    "recordings by series": Count(
        f"SELECT {_SERIES}, count(*) FROM recordings WHERE series_id IS NOT NULL GROUP BY 1", series
    ),
    "series of several meetings": Count("SELECT series_id, meeting_count FROM recording_series", recurring_series),
    "bots by outcome": Count("SELECT outcome, count(*) FROM bots GROUP BY outcome", bot_outcomes),
    "bots by number of recordings": Count(
        "SELECT recording_count, count(*) FROM bots GROUP BY recording_count", recordings_of_bots
    ),
    "status changes by code and sub code": Count(
        "SELECT code, sub_code, count(*) FROM bot_status_changes GROUP BY code, sub_code", status_changes
    ),
    "missed meetings by sub code": Count(
        "SELECT sub_code, count(*) FROM missed_meetings GROUP BY sub_code", missed_meetings
    ),
    "calendar events by platform": Count(
        "SELECT platform, is_deleted, bot_id IS NOT NULL, count(*) FROM calendar_events GROUP BY 1, 2, 3",
        calendar_events,
    ),
    "calendar events by series": Count(
        "SELECT recurring_id, count(*) FROM calendar_events WHERE recurring_id IS NOT NULL GROUP BY recurring_id",
        recurring_events,
    ),
    "calendar events by planned minutes": Count(
        f"SELECT {_MINUTES}, count(*) FROM calendar_events GROUP BY 1", planned_minutes
    ),
    "invitees by address": Count("SELECT email, count(*) FROM calendar_invitees GROUP BY email", invitees),
    "invitees by response": Count(
        "SELECT response, is_optional, count(*) FROM calendar_invitees WHERE NOT is_organizer GROUP BY 1, 2", responses
    ),
    "media objects by collection": Count(
        "SELECT collection, status, count(*) FROM media_objects GROUP BY collection, status", media_objects
    ),
    "bytes by collection": Count(
        "SELECT collection, sum(size_bytes) FROM media_objects WHERE size_bytes IS NOT NULL GROUP BY collection",
        media_bytes,
    ),
    "media objects with an expiry": Count(
        "SELECT collection, count(*) FROM media_objects WHERE expires_at IS NOT NULL GROUP BY collection",
        media_with_expiry,
    ),
    "meeting metadata by title": Count(
        "SELECT title, meeting_uuid IS NOT NULL, count(*) FROM meeting_metadata GROUP BY 1, 2", titles
    ),
}
"""Counts by their subjects."""
