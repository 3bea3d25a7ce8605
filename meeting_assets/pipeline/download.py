"""Downloads: the artifacts of one discovery, concurrently, the earliest expiry first.

A failed download is recorded in the ledger, blocks no other one, and is repeated later.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.artifacts.artifact import Artifact
from meeting_assets.core.batches import batched
from meeting_assets.core.errors import Gone, MeetingAssetsError, Refused, StoreError, Transient, UrlExpired
from meeting_assets.core.progress import Stage, report_progress
from meeting_assets.core.urls import without_url_secrets
from meeting_assets.pipeline.discovered import Discovery
from meeting_assets.pipeline.fetch_results import FetchReport, FetchResults
from meeting_assets.pipeline.storage import Storage
from meeting_assets.recall.client import RecallClient
from meeting_assets.recall.objects import Media, decode_object
from meeting_assets.store.ledger import ArtifactKey
from meeting_assets.store.observation import record_observation_time
from meeting_assets.store.tasks import FetchTask

logger = logging.getLogger(__name__)

CONCURRENT_DOWNLOADS = 16
ATTEMPTS_PER_TRANSACTION = 32
"""Attempts that are recorded in one transaction before they begin."""
LOG_EVERY = 50
NO_URL_YET = "the API says done but gives no download URL yet"


class Downloads:
    """The downloads of one discovery.

    Transactions block the event loop, so that cancelling a task interrupts none. While the database does not answer,
    no download continues; downloads that time out meanwhile are failed attempts and are repeated.
    """

    def __init__(self, client: RecallClient, storage: Storage, discovery: Discovery, report: FetchReport) -> None:
        self._client = client
        self._storage = storage
        self._discovery = discovery
        self._results = FetchResults(storage, discovery, report)
        self._slots = asyncio.Semaphore(CONCURRENT_DOWNLOADS)
        self._ended_count = 0

    async def run(self, wanted: Sequence[FetchTask]) -> None:
        """Downloads all artifacts; raises only errors that concern all of them.

        Artifacts whose last attempt ended the process are downloaded last, one at a time.
        """
        total = len(wanted)
        usual = [each for each in wanted if not each.is_suspect]
        suspects = sorted((each for each in wanted if each.is_suspect), key=lambda each: each.attempts)
        try:
            async with asyncio.TaskGroup() as tasks:
                for group in batched(usual, ATTEMPTS_PER_TRANSACTION):
                    async with self._slots:
                        self._begin(group)
                    for each in group:
                        await self._slots.acquire()
                        tasks.create_task(self._download(each.key, total))
            for each in suspects:
                self._begin([each])
                await self._slots.acquire()
                await self._download(each.key, total)
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        finally:
            self._results.cancel_rest()

    def _begin(self, wanted: Sequence[FetchTask]) -> None:
        self._results.note_begun([each for each in wanted if self._offered(each.key) is not None])

    def _offered(self, key: ArtifactKey) -> Media | None:
        """The media object if it can be downloaded now; it may be processing, or be deleted meanwhile."""
        media = self._media(key)
        return media if media is not None and media.status.code == "done" else None

    def _media(self, key: ArtifactKey) -> Media | None:
        return self._discovery.found[key.recording_id].media[ARTIFACTS[key.kind].collection].get(key.artifact_id)

    async def _download(self, key: ArtifactKey, total: int) -> None:
        """Downloads and stores one artifact; frees a slot."""
        try:
            if (media := self._offered(key)) is not None:
                await self._store(key, ARTIFACTS[key.kind], media)
            self._results.note_ended(key)
        except (StoreError, Refused):
            raise
        except MeetingAssetsError as error:
            self._results.note_failed(key, self._media(key), error)
        except Exception as error:  # noqa: BLE001 - our bug, recorded as such
            self._results.note_bug(key, self._media(key), error)
        finally:
            self._slots.release()
            self._ended_count += 1
            report_progress(Stage.FETCH, self._ended_count, total)
            if self._ended_count % LOG_EVERY == 0 or self._ended_count == total:
                logger.info("%d of %d artifacts fetched", self._ended_count, total)

    async def _store(self, key: ArtifactKey, artifact: Artifact, media: Media) -> None:
        observed_at = self._discovery.found[key.recording_id].media_observed_at(media)
        try:
            payload = await self._client.download(_url(artifact, media))
        except UrlExpired:
            observed_at = self._discovery.clock.now()
            record_observation_time(self._storage.database, observed_at)
            try:
                media = await self._retrieved(key, artifact)
            except Gone:
                self._results.note_gone(key, observed_at)
                return
            payload = await self._client.download(_url(artifact, media))
        await self._write(key, artifact, media, payload, observed_at)

    async def _retrieved(self, key: ArtifactKey, artifact: Artifact) -> Media:
        """The media object with a fresh URL."""
        document = await self._client.retrieve(artifact.collection, key.artifact_id)
        return decode_object(document, Media, artifact.kind)

    async def _write(
        self, key: ArtifactKey, artifact: Artifact, media: Media, payload: bytes, observed_at: datetime | None
    ) -> None:
        day = self._discovery.found[key.recording_id].day
        if artifact.contains_signed_urls:
            payload = without_url_secrets(payload)
        # Compression and the object store may be slow: only the ledger's short transaction blocks the event loop.
        stored = await asyncio.to_thread(
            self._storage.raw.write, day, key.recording_id, key.kind, key.artifact_id, payload
        )
        self._results.note_fetched(key, artifact, media, stored, observed_at)


def _url(artifact: Artifact, media: Media) -> str:
    if artifact.url_field not in media.data:
        raise Transient(NO_URL_YET)
    return str(media.data[artifact.url_field])
