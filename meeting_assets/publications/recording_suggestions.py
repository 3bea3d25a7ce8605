"""Recordings that a user may have meant by an argument that is no id of a stored recording."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from difflib import get_close_matches
from typing import NamedTuple

from sqlalchemy import Connection, select

from meeting_assets.core.ids import SHORTEST_PREFIX
from meeting_assets.core.search_tokens import folded, search_tokens
from meeting_assets.pipeline.everyday_views import TITLE
from meeting_assets.store.ledger import RECORDINGS

MOST_SUGGESTED = 5
MOST_COMPARED = 10_000
"""The newest recordings whose ids and titles are compared."""
LARGEST_DIFFERENCE = 2
"""Digits in which a mistyped id differs at most."""
LEAST_SIMILARITY = 0.75


class Suggestion(NamedTuple):
    """A stored recording."""

    recording_id: str
    day: date
    title: str | None


def suggestions(connection: Connection, given: str) -> Sequence[Suggestion]:
    """Up to `MOST_SUGGESTED` recordings, newest first: those with a nearly equal id, or with the words of a title.

    If no title has all words of the argument, those with a similar title.
    """
    query = select(RECORDINGS.c.recording_id, RECORDINGS.c.day, TITLE)
    newest = query.order_by(RECORDINGS.c.day.desc(), RECORDINGS.c.created_at.desc(), RECORDINGS.c.recording_id)
    rows = [Suggestion(*row) for row in connection.execute(newest.limit(MOST_COMPARED))]
    found = [each for each in rows if _is_near(each.recording_id, given)] or _with_title(rows, given)
    return found[:MOST_SUGGESTED]


def _is_near(recording_id: str, given: str) -> bool:
    """Whether an argument is an id, or the beginning of an id, with a few wrong digits.

    >>> _is_near("0206f11b-68ab", "0206F11c"), _is_near("0206f11b-68ab", "1111f11b"), _is_near("0206f11b", "weekly")
    (True, False, False)
    """
    digits, typed = recording_id.replace("-", ""), given.strip().replace("-", "").lower()
    if len(typed) < SHORTEST_PREFIX or {*typed} - {*"0123456789abcdef"}:
        return False
    allowed = LARGEST_DIFFERENCE if len(typed) >= 2 * SHORTEST_PREFIX else 0
    return sum(one != other for one, other in zip(digits, typed, strict=False)) <= allowed


def _with_title(rows: Sequence[Suggestion], given: str) -> list[Suggestion]:
    words = {*search_tokens(given)}
    if not words:
        return []
    exact = [each for each in rows if each.title and words <= {*search_tokens(each.title)}]
    if exact:
        return exact
    titles = {folded(each.title) for each in rows if each.title}
    near = {*get_close_matches(folded(given), titles, n=MOST_SUGGESTED, cutoff=LEAST_SIMILARITY)}
    return [each for each in rows if each.title and folded(each.title) in near]
