"""Filters and pages of list calls: query parameters, cursor pages, numbered pages."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Generic, TypeVar
from urllib.parse import parse_qs, urlencode
from uuid import UUID

from starlette.datastructures import QueryParams

from .addresses import address
from .state import Habits
from .world import Artifact, Bot, Recording, sort_key

RECORDING_STATUSES = ("processing", "paused", "done", "failed")
ARTIFACT_STATUSES = ("processing", "done", "failed")
METADATA = "metadata__"
"""Prefix of query parameters that compare a key of the metadata."""

Listed = TypeVar("Listed", Recording, Artifact, Bot)


class BadQueryError(Exception):
    """A query parameter is invalid; the API responds with 400."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.body = {parameter: [message]}


class NoSuchPageError(Exception):
    """A cursor or page number is invalid; the API responds with 404."""


@dataclass(frozen=True)
class Cursor:
    """A position between two items of a list; `backwards` in `previous` links."""

    position: tuple[datetime, str]
    backwards: bool = False

    def __str__(self) -> str:
        created_at, item_id = self.position
        fields = {"p": created_at.isoformat(), "i": item_id} | ({"r": "1"} if self.backwards else {})
        return urlsafe_b64encode(urlencode(fields).encode()).decode()

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        try:
            fields = parse_qs(urlsafe_b64decode(text).decode())
            position = datetime.fromisoformat(fields["p"][0]), fields["i"][0]
        except (ValueError, KeyError) as error:
            raise NoSuchPageError("Invalid cursor") from error
        return cls(position, "r" in fields)


@dataclass(frozen=True)
class Page(Generic[Listed]):
    results: list[Listed]
    next: Cursor | None
    previous: Cursor | None


def cursor_page(
    items: Sequence[Listed], keep: Callable[[Listed], bool], cursor: Cursor | None, habits: Habits
) -> Page[Listed]:
    """Page of `items`, which are in order of `sort_key`, at `cursor`; without a cursor, the first page."""
    backwards = cursor is not None and cursor.backwards
    descending = habits.newest_first != backwards
    candidates: Iterable[Listed]
    if descending:
        end = bisect_left(items, cursor.position, key=sort_key) if cursor else len(items)
        candidates = reversed(items[:end])
    else:
        candidates = items[bisect_right(items, cursor.position, key=sort_key) :] if cursor else items
    found = list(islice(filter(keep, candidates), habits.page_size + 1))
    more, found = len(found) > habits.page_size, found[: habits.page_size]
    if backwards:
        found.reverse()
    has_next, has_previous = (bool(found), more) if backwards else (more, bool(cursor and found))
    # At least one item of the page is not repeated on the next one, so that paging ends.
    last = max(0, len(found) - 1 - habits.pages_repeat)
    return Page(
        found,
        Cursor(sort_key(found[last])) if has_next else None,
        Cursor(sort_key(found[0]), backwards=True) if has_previous else None,
    )


def in_window(items: Sequence[Listed], query: QueryParams, habits: Habits) -> Sequence[Listed]:
    """Items that match `created_at_after` and `created_at_before`."""
    after, before = instant(query, "created_at_after"), instant(query, "created_at_before")
    start, end = 0, len(items)
    if after:
        cut = bisect_left if habits.after_is_inclusive else bisect_right
        start = cut(items, after, key=lambda each: each.created_at)
    if before:
        cut = bisect_right if habits.before_is_inclusive else bisect_left
        end = cut(items, before, key=lambda each: each.created_at)
    return items[start:end]


def recording_filter(query: QueryParams) -> Callable[[Recording], bool]:
    bot_id, upload_id = uuid(query, "bot_id"), uuid(query, "desktop_sdk_upload_id")
    code = status_code(query, RECORDING_STATUSES)

    def keep(recording: Recording) -> bool:
        return (
            recording.status.code != "deleted"
            and code in (None, recording.status.code)
            and bot_id in (None, recording.bot_id)
            and upload_id in (None, recording.desktop_sdk_upload_id)
        )

    return keep


def artifact_filter(query: QueryParams, collection: str) -> Callable[[Artifact], bool]:
    code = status_code(query, ARTIFACT_STATUSES)

    def keep(artifact: Artifact) -> bool:
        return (
            artifact.collection == collection
            and artifact.status.code != "deleted"
            and code in (None, artifact.status.code)
        )

    return keep


def bot_filter(query: QueryParams) -> Callable[[Bot], bool]:
    """Filter of bots. A window of `join_at` excludes bots without one, which most have lost on joining."""
    after, before = instant(query, "join_at_after"), instant(query, "join_at_before")
    platforms = query.getlist("platform") + query.getlist("platform[]")
    statuses = query.getlist("status") + query.getlist("status[]")
    meeting_url = query.get("meeting_url", "").partition("?")[0]
    metadata = [(key[len(METADATA) :], value) for key, value in query.multi_items() if key.startswith(METADATA)]

    def keep(bot: Bot) -> bool:
        if (after or before) and bot.join_at is None:
            return False
        return (
            (not after or bool(bot.join_at and bot.join_at >= after))
            and (not before or bool(bot.join_at and bot.join_at < before))
            and (not platforms or bot.platform in platforms)
            and (not statuses or bot.status in statuses)
            and (not meeting_url or address(bot.meeting_url) == meeting_url)
            and all(bot.metadata.get(key) == value for key, value in metadata)
        )

    return keep


def page_number(query: QueryParams) -> int:
    text = query.get("page", "1")
    if not text.isdecimal() or int(text) < 1:
        raise NoSuchPageError("Invalid page.")
    return int(text)


def instant(query: QueryParams, name: str) -> datetime | None:
    text = query.get(name)
    if not text:
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadQueryError(name, "Enter a valid date/time.") from error
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def uuid(query: QueryParams, name: str) -> str | None:
    text = query.get(name)
    if not text:
        return None
    try:
        return str(UUID(text))
    except ValueError as error:
        raise BadQueryError(name, "Enter a valid UUID.") from error


def status_code(query: QueryParams, known: Iterable[str]) -> str | None:
    text = query.get("status_code")
    if text and text not in known:
        raise BadQueryError("status_code", f"Select a valid choice. {text} is not one of the available choices.")
    return text or None
