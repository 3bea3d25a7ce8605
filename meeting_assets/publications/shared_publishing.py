"""Publishes the shared files of the site: the index, the pages of persons and series, data health, and definitions."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from time import monotonic

from sqlalchemy import Connection

from meeting_assets.core.errors import bug_message
from meeting_assets.pipeline.storage import Storage
from meeting_assets.publications.inputs import digest
from meeting_assets.publications.pages import PAGES_VERSION
from meeting_assets.publications.pages.shared_pages import SharedPage, shared_pages
from meeting_assets.publications.publish_report import FileCounts, Kind, PublishReport
from meeting_assets.publications.writing import remove_files, write_files
from meeting_assets.settings import Settings
from meeting_assets.store.publications import ids_in
from meeting_assets.store.published_files import PUBLISHED, NewFile, PublishedFile, read_published

logger = logging.getLogger(__name__)

SHARED_PAGES: Kind = "shared_pages"
IS_SHARED = PUBLISHED.c.recording_id.is_(None)


def publish_shared(storage: Storage, settings: Settings) -> PublishReport:
    """Makes the shared files equal to the tables; writes nothing if pages are off.

    A page that cannot be rendered keeps its file, and is reported as a fault.

    Raises:
        StoreError: the database or the publications store cannot be used.
    """
    started_s = monotonic()
    if not settings.pages:
        return PublishReport({SHARED_PAGES: FileCounts()})
    published, pages = storage.database.read_snapshot(partial(_read, storage))
    run = _SharedRun(storage, published, storage.publications.sizes_of_shared())
    for page in pages:
        run.publish(*page)
    report = run.finished()
    counts = report.of(SHARED_PAGES)
    report.publish_s = round(monotonic() - started_s, 3)
    logger.info("%d shared files published, %d unchanged", counts.written, counts.unchanged)
    return report


def republish_shared(storage: Storage, settings: Settings) -> PublishReport:
    """Writes the shared files again that a purge has deleted; none if no run has written them yet.

    Raises:
        StoreError: the database or the publications store cannot be used.
    """
    is_published = storage.database.read(lambda connection: bool(read_published(connection, IS_SHARED)))
    return publish_shared(storage, settings) if is_published else PublishReport()


def _read(storage: Storage, connection: Connection) -> tuple[dict[str, PublishedFile], list[SharedPage]]:
    """The published files, and all pages of one state of the database, which are not rendered yet."""
    published = read_published(connection, IS_SHARED)
    return published, [*shared_pages(connection, storage.parameters)]


@dataclass(slots=True)
class _SharedRun:
    storage: Storage
    published: dict[str, PublishedFile]
    listed: dict[str, int]
    report: PublishReport = field(default_factory=PublishReport)
    hashes: dict[str, str] = field(default_factory=dict)

    def publish(self, key: str, inputs_hash: str, render: Callable[[], bytes]) -> None:
        """Writes a file, unless it is up to date."""
        counts, row = self.report.of(SHARED_PAGES), self.published.get(key)
        self.hashes[key] = inputs_hash
        if row is not None and row.inputs_hash == inputs_hash and row.size_bytes == self.listed.get(key):
            counts.unchanged += 1
            return
        try:
            content = render()
        except Exception as error:  # noqa: BLE001 - our bug; the others go on and the step fails at its end
            self.report.faults.append(f"{key}: {bug_message(error)}")
            logger.error("%s: %s", key, bug_message(error))
            return
        # A page that mentions a recording that was purged since the snapshot is deleted again.
        file = NewFile(key, None, inputs_hash, content, frozenset(ids_in(content)), PAGES_VERSION)
        counts.written += len(write_files(self.storage, [file]))

    def finished(self) -> PublishReport:
        """Removes the files of pages that no longer exist."""
        surplus = self.published.keys() - self.hashes.keys()
        remove_files(self.storage, surplus)
        self.report.of(SHARED_PAGES).removed += len(surplus & self.listed.keys())
        self.report.version = digest(sorted(self.hashes.items()))
        return self.report
