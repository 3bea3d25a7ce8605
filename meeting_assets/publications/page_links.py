"""Links to the published pages of meetings, and to moments on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import Connection

from meeting_assets.core.batches import batched
from meeting_assets.pipeline.storage import Storage
from meeting_assets.publications.pages import links
from meeting_assets.store.published_files import BATCH, PUBLISHED, read_published


class PageLinks:
    """Links to the pages of some recordings, each given by its day and id."""

    def __init__(self, storage: Storage, recordings: Iterable[tuple[date, str]]) -> None:
        self._store = storage.publications
        keys = sorted({links.meeting_key(*each) for each in recordings})
        self._keys = storage.database.read(lambda connection: _published(connection, keys))

    def of(self, day: date, recording_id: str, at_s: float | None = None) -> str | None:
        """The path or URL of a page, with a moment in seconds of the recording; None if there is no page."""
        key = links.meeting_key(day, recording_id)
        if key not in self._keys:
            return None
        page = self._store.location(key)
        return page if at_s is None else f"{page}#t={max(0, int(at_s))}"


def _published(connection: Connection, keys: Sequence[str]) -> set[str]:
    """Those of some keys that have a file."""
    found: set[str] = set()
    for batch in batched(keys, BATCH):
        rows = read_published(connection, PUBLISHED.c.key.in_(batch))
        found |= {key for key, row in rows.items() if row.size_bytes is not None}
    return found
