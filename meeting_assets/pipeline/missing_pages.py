"""Pages that are not published although pages are on: after an upgrade, after pages were switched on, or after a purge.

Pages that another version of the pages wrote count as missing.

They are found by the rows of `published_files` alone, so that sensors need no access to the publications store.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, and_, func, select

from meeting_assets.pipeline.storage import Storage
from meeting_assets.settings import Settings
from meeting_assets.store.ledger import RECORDINGS
from meeting_assets.store.publications import HEALTH, INDEX
from meeting_assets.store.published_files import PUBLISHED

ALWAYS_PUBLISHED = (INDEX, HEALTH)
"""Shared pages that every site has, and that a purge deletes."""


def are_shared_pages_missing(storage: Storage, settings: Settings) -> bool:
    """True if pages are on and the next roll-up has to write the index or the page of the data's health."""
    if not settings.pages:
        return False
    query = select(func.count()).select_from(PUBLISHED).where(PUBLISHED.c.key.in_(ALWAYS_PUBLISHED))
    return storage.database.read(lambda connection: connection.scalar(query)) != len(ALWAYS_PUBLISHED)


def days_without_pages(connection: Connection, settings: Settings, version: str) -> set[date]:
    """Days with recordings for which no run of a version has written a page or noted that they have none.

    There are none if pages are off. Rows with an unknown version count as written by another one.
    """
    if not settings.pages:
        return set()
    is_page = and_(
        PUBLISHED.c.recording_id == RECORDINGS.c.recording_id,
        PUBLISHED.c.key.endswith(f"/{INDEX}", autoescape=True),
        PUBLISHED.c.version == version,
    )
    has_page = select(PUBLISHED.c.key).where(is_page).exists()
    return {*connection.scalars(select(RECORDINGS.c.day).distinct().where(~has_page))}
