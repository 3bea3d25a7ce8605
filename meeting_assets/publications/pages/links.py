"""The keys of pages in the publications store, and the relative links between them."""

from __future__ import annotations

import posixpath
from datetime import date
from hashlib import sha256

from meeting_assets.store.publications import DEFINITIONS, INDEX, meeting_prefix

__all__ = ["DEFINITIONS", "INDEX"]

PEOPLE = "people/index.html"
SERIES = "series/index.html"
HEALTH = "health.html"
STYLESHEET = "style.css"
SCRIPT = "site.js"


def meeting_key(day: date, recording_id: str) -> str:
    """The key of a meeting's page.

    >>> meeting_key(date(2026, 1, 5), "0193c5fa-0000-7000-8000-000000000000")
    'meetings/2026-01-05/0193c5fa-0000-7000-8000-000000000000/index.html'
    """
    return meeting_prefix(day, recording_id) + INDEX


def person_key_page(person_key: str) -> str:
    """The key of a person's page. It contains a hash, since a person's key may be an e-mail address.

    >>> person_key_page("email:ana@example.com")
    'people/f8c3c203b618ed9e.html'
    """
    return f"people/{page_id(person_key)}.html"


def series_page(series_id: str) -> str:
    """The key of the page of a series."""
    return f"series/{page_id(series_id)}.html"


def relative(from_key: str, to_key: str) -> str:
    """The link from one page to another one, or to any other key of the store. It works from disk, too.

    >>> relative("meetings/2026-01-05/a/index.html", "people/index.html")
    '../../../people/index.html'
    >>> relative("index.html", "definitions.html#talk_share")
    'definitions.html#talk_share'
    """
    target, mark, fragment = to_key.partition("#")
    return posixpath.relpath(target, posixpath.dirname(from_key) or ".") + mark + fragment


def definition(column: str, table: str | None = None) -> str:
    """The key and anchor of a column's definition.

    Columns of the same name in several tables have one entry, `#column`, with a part for each table, `#table.column`.

    >>> definition("talk_share"), definition("talk_share", "person_metrics")
    ('definitions.html#talk_share', 'definitions.html#person_metrics.talk_share')
    """
    return f"{DEFINITIONS}#{table}.{column}" if table else f"{DEFINITIONS}#{column}"


def page_id(identity: str) -> str:
    """A hash of the key of a person or of the id of a series, for names of files and for filters in addresses."""
    return sha256(identity.encode()).hexdigest()[:16]
