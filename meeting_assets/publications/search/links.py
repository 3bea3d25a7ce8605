"""Links from a hit to its moment on the published page of the meeting."""

from __future__ import annotations

from collections.abc import Sequence

from meeting_assets.pipeline.storage import Storage
from meeting_assets.publications.search.finding import Hit
from meeting_assets.store.publications import INDEX, meeting_prefix
from meeting_assets.store.published_files import PUBLISHED, read_published


class PageLinks:
    """The links to the published pages of some hits."""

    def __init__(self, storage: Storage, hits: Sequence[Hit]) -> None:
        self._store = storage.publications
        keys = {_key(each) for each in hits}
        published = storage.database.read(lambda connection: read_published(connection, PUBLISHED.c.key.in_(keys)))
        self._keys = {key for key, row in published.items() if row.size_bytes is not None}

    def of(self, hit: Hit) -> str | None:
        """The path or URL of the page of a hit with its moment; None if there is no page."""
        key = _key(hit)
        if key not in self._keys:
            return None
        page = self._store.location(key)
        return f"{page}#t={max(0, int(hit.at_s))}" if hit.at_s is not None else page


def _key(hit: Hit) -> str:
    return meeting_prefix(hit.day, hit.recording_id) + INDEX
