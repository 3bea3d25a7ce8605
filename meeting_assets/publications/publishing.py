"""Publishes the pages and exports of meetings: writes the files that are missing or outdated, and no other.

Files of a switched-off format, and files that a recording no longer has content for, are removed if `published_files`
says that they are ours. One list call per day finds missing files.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import groupby
from time import monotonic
from typing import NamedTuple

from sqlalchemy import Connection, select

from meeting_assets.core.errors import MeetingAssetsError, bug_message
from meeting_assets.core.logs import log_context
from meeting_assets.pipeline.media.stored import FILES, StoredFile, stored_files
from meeting_assets.pipeline.storage import Storage
from meeting_assets.publications.exports import FORMATS
from meeting_assets.publications.exports.format import ExportFormat
from meeting_assets.publications.inputs import RecordingInputs, digest, inputs_of_day, linked_pages
from meeting_assets.publications.pages import PAGES_VERSION
from meeting_assets.publications.pages.meeting_header import DOWNLOADS
from meeting_assets.publications.pages.meeting_page import meeting_page
from meeting_assets.publications.pages.meeting_player import MediaFolders
from meeting_assets.publications.pages.site import Site
from meeting_assets.publications.publish_report import DayFiles, FileCounts, Kind, PublishReport
from meeting_assets.publications.reading import read_meeting
from meeting_assets.publications.writing import remove_files, write_files
from meeting_assets.settings import Settings
from meeting_assets.store.ledger import RECORDINGS
from meeting_assets.store.publications import INDEX, MEETINGS, meeting_prefix
from meeting_assets.store.published_files import PUBLISHED, NewFile, PublishedFile, read_published

logger = logging.getLogger(__name__)

EXPORTS: Kind = "exports"
MEETING_PAGES: Kind = "meeting_pages"


@dataclass(frozen=True, slots=True)
class Publication:
    """A file that every recording has, unless it has no content for it: an export, or its page without a format."""

    kind: Kind
    format: ExportFormat | None = None

    @property
    def version(self) -> str:
        """The version of the code that renders the file."""
        return PAGES_VERSION if self.format is None else self.format.version

    def key(self, day: date, recording_id: str) -> str:
        """The key of the file of a recording."""
        name = INDEX if self.format is None else f"{day}_{recording_id}.{self.format.extension}"
        return meeting_prefix(day, recording_id) + name


class _Day(NamedTuple):
    """A day in one state of the database."""

    inputs: list[RecordingInputs]
    links: Mapping[str, object]
    site: Site | None
    published: Mapping[str, PublishedFile]
    media: Mapping[str, list[StoredFile]]
    """The stored media files of each recording that has some."""


def publications_of(settings: Settings) -> list[Publication]:
    """The files that the settings ask for, of every recording."""
    exports = [Publication(EXPORTS, FORMATS[name]) for name in settings.exports]
    if not settings.pages:
        return exports
    downloads = [name for name in DOWNLOADS if name not in settings.exports]
    return [*exports, Publication(MEETING_PAGES), *(Publication(MEETING_PAGES, FORMATS[name]) for name in downloads)]


def publish_days(storage: Storage, settings: Settings, days: Collection[date]) -> PublishReport:
    """Makes the published files of some days equal to the tables and the settings.

    A recording that cannot be rendered keeps its files, and is reported as a fault.

    Raises:
        StoreError: the database or the publications store cannot be used.
    """
    started_s = monotonic()
    wanted, report = publications_of(settings), PublishReport()
    for each in wanted:
        report.of(each.kind)
    for day in sorted(days):
        _DayPublisher(storage, wanted, day).publish(report)
    report.publish_s = round(monotonic() - started_s, 3)
    total = report.total()
    logger.info("%d files published, %d unchanged, %d removed", total.written, total.unchanged, total.removed)
    return report


def stored_days(connection: Connection) -> list[date]:
    """The days of stored recordings."""
    return [*connection.scalars(select(RECORDINGS.c.day).distinct().order_by(RECORDINGS.c.day))]


class _DayPublisher:
    """Publishes the files of one day."""

    def __init__(self, storage: Storage, wanted: list[Publication], day: date) -> None:
        self._storage = storage
        self._wanted = wanted
        self._day = day
        self._folders = MediaFolders.of(storage)
        self._names = [each.format.name for each in wanted if each.format is not None]
        self._state = storage.database.read_snapshot(self._read)
        is_empty = not (self._state.inputs or self._state.published)
        self._listed = {} if is_empty else storage.publications.sizes(f"{MEETINGS}/{day}/")
        self._file_counts: dict[Kind, dict[str, int]] = {each.kind: {} for each in wanted}
        self._hashes: dict[Kind, dict[str, str]] = {each.kind: {} for each in wanted}

    def publish(self, report: PublishReport) -> None:
        """Writes and removes files, and adds their numbers to a report."""
        for inputs in self._state.inputs:
            try:
                self._publish_recording(inputs, report)
            except MeetingAssetsError:
                raise
            except Exception as error:  # noqa: BLE001 - our bug; the others go on and the step fails at its end
                message = f"files of {inputs.recording_id}: {bug_message(error)}"
                report.faults.append(message)
                logger.error(message, extra=log_context(inputs.recording_id))
        for kind, hashes in self._hashes.items():
            version = digest(sorted(hashes.items()))
            report.days.setdefault(kind, {})[self._day] = DayFiles(self._file_counts[kind], version)

    def _read(self, connection: Connection) -> _Day:
        inputs = inputs_of_day(connection, self._day)
        ids = select(RECORDINGS.c.recording_id).where(RECORDINGS.c.day == self._day)
        published = read_published(connection, PUBLISHED.c.recording_id.in_(ids))
        if not inputs or not any(each.format is None for each in self._wanted):
            return _Day(inputs, {}, None, published, {})
        site = Site.read(connection)
        stored = stored_files(connection, FILES.day == self._day) if self._folders is not None else []
        media = {key: [*own] for key, own in groupby(stored, key=lambda each: each.recording_id)}
        return _Day(inputs, linked_pages(connection, self._day, inputs, site), site, published, media)

    def _publish_recording(self, inputs: RecordingInputs, report: PublishReport) -> None:
        recording_id = inputs.recording_id
        files = {each.key(self._day, recording_id): each for each in self._wanted}
        hashes = {key: self._hash(each, inputs) for key, each in files.items()}
        outdated = {key: each for key, each in files.items() if not self._is_current(key, hashes[key])}
        surplus = self._surplus(recording_id, files)
        published = self._write(recording_id, outdated, hashes) if outdated else {}
        remove_files(self._storage, surplus)
        for kind in {each.kind for each in files.values()}:
            keys = [key for key, each in files.items() if each.kind == kind]
            counts = FileCounts(
                written=sum(published.get(key) is not None for key in keys),
                unchanged=sum(key not in outdated and self._has_file(key) for key in keys),
                removed=sum(key in published and published[key] is None and self._has_file(key) for key in keys),
            )
            report.of(kind).add(counts)
            self._file_counts[kind][recording_id] = counts.written + counts.unchanged
            self._hashes[kind] |= {key: hashes[key] for key in keys if key not in outdated or key in published}
        for key in surplus:
            report.of(_kind_of(key)).removed += self._has_file(key)

    def _write(
        self, recording_id: str, outdated: Mapping[str, Publication], hashes: Mapping[str, str]
    ) -> dict[str, bytes | None]:
        """Renders and writes files; returns the contents of the published ones, by key."""
        contents = self._storage.database.read_snapshot(partial(self._rendered, recording_id, outdated))
        files = [
            NewFile(key, recording_id, hashes[key], content, frozenset([recording_id]), outdated[key].version)
            for key, content in contents.items()
        ]
        return {each.key: each.content for each in write_files(self._storage, files)} if files else {}

    def _rendered(
        self, recording_id: str, outdated: Mapping[str, Publication], connection: Connection
    ) -> dict[str, bytes | None]:
        """The contents of some files, all of one state of the database; empty if the recording was purged."""
        formats = {key: each.format for key, each in outdated.items() if each.format is not None}
        contents: dict[str, bytes | None] = {}
        if formats:
            meeting = read_meeting(connection, recording_id)
            if meeting is None:
                return {}
            for key, each in formats.items():
                contents[key] = each.write(meeting).encode() if each.has_content(meeting) else None
        return contents | {key: self._page(recording_id, connection) for key in outdated.keys() - formats.keys()}

    def _page(self, recording_id: str, connection: Connection) -> bytes | None:
        site, parameters = self._state.site or Site.read(connection), self._storage.parameters
        page = meeting_page(
            connection, recording_id, site, parameters=parameters, formats=self._names, folders=self._folders
        )
        return page.encode() if page is not None else None

    def _hash(self, publication: Publication, inputs: RecordingInputs) -> str:
        if publication.format is not None:
            return digest([publication.format.name, publication.format.version, inputs.stored_hash])
        links, config_version = self._state.links[inputs.recording_id], self._storage.parameters.config_version
        document = [PAGES_VERSION, config_version, inputs.stored_hash, links, self._names]
        # Pages without a player keep the hash that versions without media stored.
        played = self._state.media.get(inputs.recording_id)
        if self._folders is None or not played:
            return digest(document)
        # The page links by this path, so a home that moves as a whole keeps its pages.
        return digest([*document, [os.path.relpath(self._folders.raw, self._folders.publications), *played]])

    def _is_current(self, key: str, inputs_hash: str) -> bool:
        row = self._state.published.get(key)
        return row is not None and row.inputs_hash == inputs_hash and row.size_bytes == self._listed.get(key)

    def _surplus(self, recording_id: str, files: Collection[str]) -> list[str]:
        """The files of ours that the settings do not ask for."""
        rows = self._state.published.values()
        return [each.key for each in rows if each.recording_id == recording_id and each.key not in files]

    def _has_file(self, key: str) -> bool:
        return key in self._listed


def _kind_of(key: str) -> Kind:
    """The kind of a file that no setting asks for any more."""
    return MEETING_PAGES if key.endswith(f"/{INDEX}") else EXPORTS
