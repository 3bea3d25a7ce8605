"""Objects that the API lists: recordings, their media objects, and bots.

The classes declare only the fields that this package reads. New fields, nulls and missing fields are tolerated, and so
are the field names of 2024. Before an object is stored, its URLs and secrets are removed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, TypeVar, get_args, get_type_hints
from uuid import UUID

import msgspec

from meeting_assets.core.errors import PayloadError
from meeting_assets.core.instants import check_created_at, check_year, make_aware, utc
from meeting_assets.core.urls import without_url_secrets
from meeting_assets.recall.json_decoding import InvalidNumber, MalformedObject
from meeting_assets.recall.meeting_urls import meeting_id_in, platform_in

FINISHED = frozenset({"done", "failed"})
DELETED = "deleted"
RECORDING = "recording"
"""The collection of recordings."""
BOT_COLUMNS = (
    "bot_name",
    "platform",
    "meeting_id",
    "bot_metadata",
    "join_at",
    "scheduled_at",
    "scheduled_end_at",
    "calendar_event_id",
    "calendar_user_id",
)
"""Columns about bots that the tables `recordings` and `bots` share."""
MAX_LEVELS = 100
"""Levels of nesting of a listed object that are read and stored; recursion needs a limit."""

_WORD = re.compile(r"[A-Z]+s?(?![a-z])|[A-Z]?[a-z]+")
"""A word of a key in any of the usual forms: `api_key`, `Api-Key`, `apiKey`, `APIKey`, `downloadURLs`."""
_SECRET = re.compile(
    r"(url|pass ?(word|code|phrase|wd)|pwd|secret|token|credential|bearer|authori[sz]ation|signature|cookie"
    r"|(api|access|private|signing|encryption|secret|auth|session|deduplication) ?key)s?\b"
)
"""Ends of words, so that `accesstoken` is secret and `hourly_rate` is not."""
_SECRET_UNLESS_LABEL = re.compile(
    r"\b(o?auth[nz]?|authenticat(ion|or)|session)s?\b(?!.*\b(id|ids|uuid|name|number|type|title|date)$)"
)
"""Words that are secret, unless the key names an id or a label, such as `session_id`."""


class ApiObject(msgspec.Struct, frozen=True):
    """Base of every class with instants: each is aware, in UTC, and inside the calendar in every time zone."""

    def __post_init__(self) -> None:
        for name in instant_fields(type(self)):
            make_aware(self, name)


@cache
def instant_fields(kind: type[ApiObject]) -> tuple[str, ...]:
    """Names of the fields that contain instants."""
    hints = get_type_hints(kind)
    return tuple(name for name, hint in hints.items() if datetime in {hint, *get_args(hint)})


class Status(ApiObject, frozen=True):
    """Status of an object at the API. An object without a status counts as unfinished."""

    code: str = "processing"
    sub_code: str | None = None
    updated_at: datetime | None = None


class Ref(msgspec.Struct, frozen=True):
    """A reference to another object."""

    id: UUID


class Media(ApiObject, frozen=True):
    """A media object of a recording, from `media_shortcuts` or from a list of its own."""

    id: UUID
    status: Status = Status()
    created_at: datetime | None = None
    recording: Ref | None = None
    data: Mapping[str, Any] = {}
    """Signed URLs. They are secrets and expire: they stay in memory."""
    provider: dict[str, Any] | None = None
    format: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, value in self.data.items():
            if name.endswith("download_url") and not isinstance(value, str):
                raise ValueError(f"data.{name} is not text")


class Shortcuts(msgspec.Struct, frozen=True):
    """The media objects that the API embeds in a recording, as far as they have artifacts.

    All of them, with any field, are rows of `media_objects` (`pipeline.media_objects`).
    """

    transcript: Media | None = None
    participant_events: Media | None = None


class Recording(ApiObject, frozen=True):
    """A listed recording. Recordings of the desktop SDK have no bot."""

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
        check_created_at(self.created_at)


class Bot(msgspec.Struct, frozen=True):
    """A listed bot, the only source of the meeting's platform, id and schedule.

    Except for the id, an invalid field counts as missing: the bot's other fields remain usable.
    """

    id: UUID
    bot_name: Any = None
    meeting_url: Any = None
    join_at: Any = None
    metadata: Any = None
    calendar_meetings: Any = None
    status_changes: Any = None
    recordings: Any = None
    is_recording_off: bool | None = None
    """True if `recording_config` is null, so that the bot records only on request; None if the object lacks it."""

    @property
    def columns(self) -> dict[str, Any]:
        """Values of `BOT_COLUMNS`; None for a field that is missing or invalid."""
        meeting = self._calendar_meeting
        user = meeting.get("calendar_user")
        return {
            "bot_name": text_of(self.bot_name),
            "platform": self.platform,
            "meeting_id": meeting_id_in(self.meeting_url),
            "bot_metadata": customer_metadata(self.metadata),
            "join_at": instant_of(self.join_at),
            "scheduled_at": instant_of(meeting.get("start_time")),
            "scheduled_end_at": instant_of(meeting.get("end_time")),
            "calendar_event_id": text_of(meeting.get("id")),
            "calendar_user_id": text_of(user.get("id")) if isinstance(user, Mapping) else None,
        }

    @property
    def scheduled_at(self) -> datetime | None:
        """Start of the meeting in the calendar; the earliest, if several calendars contain the meeting."""
        return instant_of(self._calendar_meeting.get("start_time"))

    @property
    def platform(self) -> str | None:
        return platform_in(self.meeting_url)

    @property
    def _calendar_meeting(self) -> Mapping[str, Any]:
        """The earliest meeting of the bot's calendars; without a valid start the first one, without any an empty one.

        An all-day event has a date instead of an instant, which is not a valid start.
        """
        listed = self.calendar_meetings if isinstance(self.calendar_meetings, list) else []
        meetings = [each for each in listed if isinstance(each, Mapping)]
        starts = [(start, n) for n, each in enumerate(meetings) if (start := instant_of(each.get("start_time")))]
        if starts:
            return meetings[min(starts)[1]]
        return meetings[0] if meetings else {}


def instant_of(value: Any) -> datetime | None:
    """An instant in UTC; None for any other value."""
    try:
        at = msgspec.convert(value, datetime)
        check_year(at)
    except (msgspec.ValidationError, ValueError):
        return None
    return utc(at)


def text_of(value: Any) -> str | None:
    """Text without secrets in URLs; None for an empty text and any other value."""
    return str(without_secrets(value)) if isinstance(value, str) and value else None


def customer_metadata(value: Any) -> dict[str, Any] | None:
    """The customer's metadata of an object without secrets, in the order of its keys; None for any other value."""
    if not isinstance(value, Mapping):
        return None
    return {key: without_secrets(value[key]) for key in sorted(value) if not is_secret_key(key)}


# perf: all listed objects have the same keys, and judging a key costs 50 times as much as finding it in the cache
@lru_cache(maxsize=4096)
def is_secret_key(key: str) -> bool:
    """True if the value of a key in a listed object may be a URL or a secret, judged by the words of the key.

    >>> [is_secret_key(key) for key in ("api_key", "accessToken", "author", "session_id")]
    [True, True, False, False]
    """
    words = " ".join(_WORD.findall(key)).lower()
    # Compounds without separators too: `PassWord` and `pass_word` are one word.
    unsplit = " ".join(re.split(r"[^a-z]+", key.lower()))
    return any(_SECRET.search(each) or _SECRET_UNLESS_LABEL.search(each) for each in (words, unsplit))


ObjectT = TypeVar("ObjectT", Recording, Media, Bot)


def decode_object(document: Any, kind: type[ObjectT], location: str) -> ObjectT:
    """Converts a listed object to its class.

    Raises:
        PayloadError: the object is malformed; the text names `location` and the field.
    """
    if isinstance(document, MalformedObject):
        raise PayloadError(f"{location}: the object is not valid JSON")
    current = _with_current_names(_without_nulls(document))
    if kind is Bot and isinstance(document, Mapping):
        is_shown = "recording_config" in document
        current["is_recording_off"] = document["recording_config"] is None if is_shown else None
    try:
        return msgspec.convert(current, kind)
    except msgspec.ValidationError as error:
        raise PayloadError(f"{location}: {error}") from None


def without_secrets(document: Any, levels: int = MAX_LEVELS) -> Any:
    """A copy of a listed object without fields for URLs or secrets, and without secrets inside text."""
    if isinstance(document, str):
        return without_url_secrets(document.encode(errors="surrogatepass")).decode(errors="surrogatepass")
    if not levels or isinstance(document, InvalidNumber):
        return None
    if isinstance(document, Mapping):
        return {key: without_secrets(value, levels - 1) for key, value in document.items() if not is_secret_key(key)}
    if isinstance(document, list):
        return [without_secrets(value, levels - 1) for value in document]
    return document


def _without_nulls(document: Any, levels: int = MAX_LEVELS) -> Any:
    """Removes nulls, which mean the same as missing fields."""
    if isinstance(document, Mapping) and levels:
        return {key: _without_nulls(value, levels - 1) for key, value in document.items() if value is not None}
    return document


def _with_current_names(document: Any) -> Any:
    """Translates the field names of 2024: `recording_id`, and `bot` inside `source`."""
    if not isinstance(document, Mapping):
        return document
    renamed: dict[str, Any] = {}
    if "recording_id" in document:
        renamed["recording"] = {"id": document["recording_id"]}
    if isinstance(source := document.get("source"), Mapping) and "bot" in source:
        renamed["bot"] = source["bot"]
    return renamed | dict(document)
