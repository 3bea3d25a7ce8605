"""What the API lists: recordings, the media objects that artifacts hang on, and bots.

Only what this package reads is spelled out; everything else is tolerated, whether new, null or missing, and so are the
spellings of 2024. What may be stored of an object is what `storable` leaves of it: no URL that works, no password.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, get_args, get_type_hints
from uuid import UUID

import msgspec

from meeting_assets.core.errors import PayloadError
from meeting_assets.core.instants import check_plausible, check_year, make_aware, utc
from meeting_assets.core.urls import without_queries
from meeting_assets.recall.documents import Malformed, Unreadable

FINISHED = frozenset({"done", "failed"})
DELETED = "deleted"
DEEPEST = 100
"""Levels of a listed object that are looked at; what lies deeper is none of ours, and could not be walked through."""

_SECRET_KEY = re.compile(
    r"url|pass(word|code|phrase|wd)|pwd|secret|token|credential|(api|access|private|signing)[-_ ]?key|auth|bearer"
    r"|signature|cookie|session",
    re.IGNORECASE,
)


class Listed(msgspec.Struct, frozen=True):
    """The base of every class with instants: each is aware, in UTC, and inside the calendar in every zone."""

    def __post_init__(self) -> None:
        for name in instants_of(type(self)):
            make_aware(self, name)


@cache
def instants_of(kind: type[Listed]) -> tuple[str, ...]:
    """The fields of a class that hold instants."""
    hints = get_type_hints(kind)
    return tuple(name for name, hint in hints.items() if datetime in {hint, *get_args(hint)})


class Status(Listed, frozen=True):
    """Where an object stands at the API; one that does not say is not finished."""

    code: str = "processing"
    sub_code: str | None = None
    updated_at: datetime | None = None


class Ref(msgspec.Struct, frozen=True):
    """A mention of another object."""

    id: UUID


class Media(Listed, frozen=True):
    """A media object of a recording, from a shortcut or from its own list."""

    id: UUID
    status: Status = Status()
    created_at: datetime | None = None
    recording: Ref | None = None
    data: Mapping[str, Any] = {}
    """Signed URLs, and the title of a meeting. URLs are secrets and expire: they stay in memory."""
    provider: dict[str, Any] | None = None
    format: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, value in self.data.items():
            if (name == "title" or name.endswith("download_url")) and not isinstance(value, str):
                raise ValueError(f"data.{name} is not text")


class Shortcuts(msgspec.Struct, frozen=True):
    """The media objects that come along with a recording."""

    transcript: Media | None = None
    participant_events: Media | None = None
    meeting_metadata: Media | None = None


class Recording(Listed, frozen=True):
    """A recording as listed; `bot` is missing for the desktop SDK."""

    id: UUID
    created_at: datetime
    status: Status = Status()
    started_at: datetime | None = None
    completed_at: datetime | None = None
    expires_at: datetime | None = None
    media_shortcuts: Shortcuts | None = None
    bot: Ref | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_plausible(self.created_at)


class MeetingUrl(msgspec.Struct, frozen=True):
    """Where the bot went; the rest of it (ids, passwords) is nobody's business here."""

    platform: str | None = None


class Bot(msgspec.Struct, frozen=True):
    """A bot as listed. Platform and schedule of a meeting are known from here alone."""

    id: UUID
    bot_name: str | None = None
    meeting_url: MeetingUrl | str | None = None
    calendar_meetings: Any = None

    @property
    def scheduled_at(self) -> datetime | None:
        """When the calendar says that the meeting starts; of several calendars' words the first.

        What is no instant there, like the date of a whole day, tells nothing, and costs nobody the bot's name.
        """
        meetings = self.calendar_meetings if isinstance(self.calendar_meetings, list) else []
        starts = [_instant(each.get("start_time")) for each in meetings if isinstance(each, dict)]
        return min([start for start in starts if start is not None], default=None)

    @property
    def platform(self) -> str | None:
        return self.meeting_url.platform if isinstance(self.meeting_url, MeetingUrl) else None


def _instant(value: Any) -> datetime | None:
    try:
        at = msgspec.convert(value, datetime)
        check_year(at)
    except (msgspec.ValidationError, ValueError):
        return None
    return utc(at)


Thing = TypeVar("Thing", Recording, Media, Bot)


def decode_object(document: Any, kind: type[Thing], place: str) -> Thing:
    """A listed object as its class.

    Raises:
        PayloadError: naming `place` and what is wrong there.
    """
    if isinstance(document, Malformed):
        raise PayloadError(f"{place}: it cannot be decoded")
    try:
        return msgspec.convert(_as_spelled_today(_without_nulls(document)), kind)
    except msgspec.ValidationError as error:
        raise PayloadError(f"{place}: {error}") from None


def storable(document: Any, levels: int = DEEPEST) -> Any:
    """A listed object without the values of keys that hold URLs or secrets, and without secrets inside text."""
    if isinstance(document, str):
        return without_queries(document.encode(errors="surrogatepass")).decode(errors="surrogatepass")
    if not levels or isinstance(document, Unreadable):
        return None
    if isinstance(document, Mapping):
        return {key: storable(value, levels - 1) for key, value in document.items() if not _SECRET_KEY.search(key)}
    if isinstance(document, list):
        return [storable(value, levels - 1) for value in document]
    return document


def _without_nulls(document: Any, levels: int = DEEPEST) -> Any:
    """Null says no more than a missing key."""
    if isinstance(document, Mapping) and levels:
        return {key: _without_nulls(value, levels - 1) for key, value in document.items() if value is not None}
    return document


def _as_spelled_today(document: Any) -> Any:
    """An object of 2024 named its recording by `recording_id`, and its bot inside `source`."""
    if not isinstance(document, Mapping):
        return document
    renamed: dict[str, Any] = {}
    if "recording_id" in document:
        renamed["recording"] = {"id": document["recording_id"]}
    if isinstance(source := document.get("source"), Mapping) and "bot" in source:
        renamed["bot"] = source["bot"]
    return renamed | dict(document)
