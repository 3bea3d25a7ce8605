"""Links to the published pages of meetings, and to moments on them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from meeting_assets.pipeline.storage import Storage
from meeting_assets.store.publications import INDEX, meeting_prefix
from meeting_assets.store.published_files import PUBLISHED, read_published


class PageLinks:
    """Links to the pages of some recordings, each given by its day and id."""

    def __init__(self, storage: Storage, recordings: Iterable[tuple[date, str]]) -> None:
        self._store = storage.publications
        keys = {_key(*each) for each in recordings}
        published = storage.database.read(lambda connection: read_published(connection, PUBLISHED.c.key.in_(keys)))
        self._keys = {key for key, row in published.items() if row.size_bytes is not None}

    def of(self, day: date, recording_id: str, at_s: float | None = None) -> str | None:
        """The path or URL of a page, with a moment in seconds of the recording; None if there is no page."""
        key = _key(day, recording_id)
        if key not in self._keys:
            return None
        page = self._store.location(key)
        return page if at_s is None else f"{page}#t={max(0, int(at_s))}"


def _key(day: date, recording_id: str) -> str:
    return meeting_prefix(day, recording_id) + INDEX
