"""Downloading media files: the earliest expiry first, a few at once, each recorded in the ledger `media_files`.

    begin       the attempt is marked in the ledger, so that a file that ends the process is set aside in the end
    download    into the spool, with fresh URLs until it is complete (`recall.media_downloads`)
    prepare     raw PCM is converted, and the file is inspected
    upload      to the raw store, in parts
    record      in the ledger; if the recording was purged meanwhile, the upload is deleted again

A failed file is recorded, blocks no other one, and is repeated later; its partial download stays in the spool. A full
disk or store ends the run.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from time import monotonic

from meeting_assets.core.audio_formats import AudioFormat
from meeting_assets.core.errors import (
    ApiError,
    Gone,
    MeetingAssetsError,
    Refused,
    SettingsError,
    StoreError,
    Transient,
    UrlExpired,
)
from meeting_assets.core.instants import now
from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.core.progress import Stage, report_progress
from meeting_assets.pipeline.media.expected import expect_files
from meeting_assets.pipeline.media.libraries import pyav
from meeting_assets.pipeline.media.preparation import Prepared, file_sha256, format_of, prepared
from meeting_assets.pipeline.media.report import MediaReport, Outcome
from meeting_assets.pipeline.media.results import MediaResults, is_suspect, pending_stems, reopen_complete, wanted_files
from meeting_assets.pipeline.media.sources import MediaSource, MediaSources, WantedSource
from meeting_assets.pipeline.media.spool import Spool, SpoolFile, stem_of
from meeting_assets.pipeline.media.spool_state import Completed, complete_files
from meeting_assets.pipeline.storage import Storage
from meeting_assets.recall.bandwidth import Bandwidth
from meeting_assets.recall.client import Access, RecallClient
from meeting_assets.recall.media_downloads import Downloaded, MediaClient
from meeting_assets.store.media_ledger import MediaFile, StoredMedia
from meeting_assets.store.raw_layout import media_key
from meeting_assets.store.raw_media import write_description

CONCURRENT_FILES = 4
CONCURRENT_UPLOADS = 2
"""Each takes about 15 MB of memory, which the client of the object store holds."""
BYTES_PER_GB = 1_000_000_000

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MediaOptions:
    """Kinds, speed and amount of the downloads of one run."""

    kinds: Collection[MediaKind]
    home: Path
    """The folder that contains the spool."""
    audio_format: AudioFormat = AudioFormat.FLAC
    max_mbit_per_s: float | None = None
    max_bytes_per_run: int | None = None


async def fetch_media(
    storage: Storage, access: Access, options: MediaOptions, days: Collection[date] | None = None
) -> MediaReport:
    """Stores the wanted media files of some days, by default of all days.

    Raises:
        SettingsError: PyAV is not installed.
        Refused: the API refuses the key.
        StoreError: the disk, the raw store or the database cannot be written.
    """
    pyav()
    began_s, report, bandwidth = monotonic(), MediaReport(), Bandwidth(options.max_mbit_per_s)
    spool = Spool(options.home)
    reopen_complete(storage.database, complete_files(spool.folder))
    report.abandoned = spool.remove_abandoned(pending_stems(storage.database))
    expect_files(storage, options.kinds, days)
    wanted = wanted_files(storage.database, options.kinds, days, at=now())
    report_progress(Stage.MEDIA, 0, len(wanted))
    if wanted:
        async with RecallClient(access) as api, MediaClient(access, bandwidth) as media:
            downloads = MediaDownloads(storage, options, MediaSources(api), media, spool, report)
            try:
                await downloads.run(wanted)
            finally:
                report.received_bytes = bandwidth.received_bytes
                report.media_s = round(monotonic() - began_s, 3)
    return report


class MediaDownloads:
    """The media downloads of one run."""

    def __init__(
        self,
        storage: Storage,
        options: MediaOptions,
        sources: MediaSources,
        media: MediaClient,
        spool: Spool,
        report: MediaReport,
    ) -> None:
        self._storage = storage
        self._options = options
        self._sources = sources
        self._media = media
        self._spool = spool
        self._report = report
        self._results = MediaResults(storage, report)
        self._slots = asyncio.Semaphore(CONCURRENT_FILES)
        self._uploads = asyncio.Semaphore(CONCURRENT_UPLOADS)
        self._promised_bytes = 0
        self._ended_count = 0

    async def run(self, wanted: Sequence[MediaFile]) -> None:
        """Downloads all files within the byte budget; raises only errors that concern all of them.

        Files whose last attempt ended the process are downloaded last, one at a time.
        """
        usual = [each for each in wanted if not is_suspect(each)]
        suspects = sorted((each for each in wanted if is_suspect(each)), key=lambda each: each.attempts)
        try:
            async with asyncio.TaskGroup() as tasks:
                for file in usual:
                    await self._slots.acquire()
                    tasks.create_task(self._fetch(file, len(wanted)))
            for file in suspects:
                await self._slots.acquire()
                await self._fetch(file, len(wanted))
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        finally:
            self._results.cancel_rest()

    async def _fetch(self, file: MediaFile, total: int) -> None:
        """Downloads and stores one file; frees a slot."""
        try:
            if not self._fits(file):
                self._report.count(file.media_kind, Outcome.POSTPONED)
            elif self._results.note_begun(file):
                await self._store(file)
        except (StoreError, Refused, SettingsError):
            raise
        except Gone as error:
            self._results.note_gone(file, error)
        except MeetingAssetsError as error:
            self._results.note_failed(file, error)
        except Exception as error:  # noqa: BLE001 - our bug, recorded as such
            self._results.note_bug(file, error)
        finally:
            self._slots.release()
            self._ended_count += 1
            report_progress(Stage.MEDIA, self._ended_count, total)

    def _fits(self, file: MediaFile) -> bool:
        """Whether a file fits into the rest of the byte budget; the first file of a run always does."""
        budget, size = self._options.max_bytes_per_run, file.expected_size_bytes or 0
        used = max(self._promised_bytes, self._media.bandwidth.received_bytes)
        if budget is not None and used and used + size > budget:
            return False
        self._promised_bytes = used + size
        return True

    async def _store(self, file: MediaFile) -> None:
        stem = stem_of(file.recording_id, file.media_kind, file.part_id)
        partial = await asyncio.to_thread(self._spool.open, stem)
        if partial is None:
            self._results.note_in_use(file)
            return
        with partial:
            try:
                media_format, downloaded = await self._downloaded(file, partial)
                if not self._results.is_purged(file):
                    await self._upload(file, media_format, downloaded, partial.path)
                    partial.discard()
                    return
            except Exception:
                # A purge removes the partial file at once, which looks like a broken disk here.
                if not self._results.is_purged(file):
                    raise
            partial.discard()
            self._results.note_overtaken(file)

    async def _downloaded(self, file: MediaFile, partial: SpoolFile) -> tuple[str | None, Downloaded]:
        """Completes the partial file, with a fresh URL whenever the last one has expired; returns its format, too.

        A file that is already complete needs no URL: the API may have deleted it since.

        Raises:
            ApiError: the file cannot be downloaded now. Its beginning is kept if another attempt can use it.
        """
        if (known := partial.completed(file.media_object_id)) is not None:
            sha256 = await asyncio.to_thread(partial.finish)
            return known.media_format, Downloaded(partial.size_bytes, sha256, known.content_type)
        wanted = WantedSource(file.recording_id, file.media_kind, file.media_object_id, file.part_id)
        refused: MediaSource | None = None
        while True:
            source = await self._sources.fresh(wanted, refused)
            stored_bytes = partial.size_bytes
            try:
                downloaded = await self._media.download(source.url, partial, source.expected_bytes)
            except UrlExpired:
                if refused is not None and partial.size_bytes <= stored_bytes:
                    raise
                refused = source
            except (Transient, Refused):
                raise
            except ApiError:
                partial.discard()
                raise
            else:
                media_format = format_of(source.format, source.url)
                partial.complete(Completed(file.media_object_id, media_format, downloaded.content_type))
                return media_format, downloaded

    async def _upload(self, file: MediaFile, media_format: str | None, downloaded: Downloaded, path: Path) -> None:
        ready = await asyncio.to_thread(
            prepared, path, media_format, self._options.audio_format, downloaded.content_type
        )
        stored = await asyncio.to_thread(_described, file, ready, downloaded if ready.path == path else None)
        # The object store may be slow: only the ledger's short transaction blocks the event loop.
        async with self._uploads:
            await asyncio.to_thread(self._storage.raw.write_media_file, stored.key, ready.path)
        await asyncio.to_thread(write_description, self._storage.raw, file, stored, at=now())
        self._results.note_stored(file, stored)


def _described(file: MediaFile, ready: Prepared, downloaded: Downloaded | None) -> StoredMedia:
    """Key, size, hash and properties of a file to upload; `downloaded` is None for a converted file."""
    found = ready.inspection
    return StoredMedia(
        key=media_key(file.day, file.recording_id, file.media_kind, file.part_id, ready.extension),
        size_bytes=downloaded.size_bytes if downloaded else ready.path.stat().st_size,
        sha256=downloaded.sha256 if downloaded else file_sha256(ready.path),
        content_type=ready.content_type,
        container=found.container if found else None,
        codec=found.codec if found else None,
        sample_rate_hz=found.sample_rate_hz if found else None,
        channels=found.channels if found else None,
        width=found.width if found else None,
        height=found.height if found else None,
        duration_s=found.duration_s if found else None,
        error=ready.error,
    )
