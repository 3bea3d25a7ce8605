"""Fresh URLs of media files: of mixed ones from their media object or recording, of separate ones from a manifest.

URLs are secrets and stay in memory. They expire after hours, so they are requested when a download begins, and again
when they have expired. A manifest names the files of all participants; it is requested once for all of them.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec

from meeting_assets.core.errors import ApiError, Gone, ObjectRefused, PayloadError, Transient
from meeting_assets.core.instants import now
from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.pipeline.download import NO_URL_YET
from meeting_assets.recall.client import RecallClient
from meeting_assets.recall.objects import DELETED, RECORDING, Media, decode_object
from meeting_assets.recall.signed_urls import expiry_of

MARGIN = timedelta(minutes=2)
"""A URL that expires sooner is not used for a new request."""
DOWNLOAD_URL = "download_url"
FAILED = "failed"


@dataclass(frozen=True, slots=True)
class MediaSource:
    """Where a media file can be downloaded now."""

    url: str = field(repr=False)
    format: str | None
    """The API's format: mp4, mp3, raw, flv."""
    expected_bytes: int | None = None

    def is_fresh(self, at: datetime) -> bool:
        """False if the URL has expired or will soon; a URL that does not say when counts as fresh."""
        expires_at = expiry_of(self.url)
        return expires_at is None or expires_at - MARGIN > at


@dataclass(frozen=True, slots=True)
class WantedSource:
    """The media file whose URL is wanted."""

    recording_id: str
    media_kind: MediaKind
    media_object_id: str
    part_id: str = ""


Manifest = dict[str, MediaSource]
"""The sources of separate files by part."""


class MediaSources:
    """Fresh URLs of the media files of one run."""

    def __init__(self, client: RecallClient, *, clock: Callable[[], datetime] = now) -> None:
        self._client = client
        self._clock = clock
        self._manifests: dict[str, Manifest] = {}
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def fresh(self, wanted: WantedSource, refused: MediaSource | None = None) -> MediaSource:
        """The source of a media file; never `refused`, whose URL has expired.

        Raises:
            Gone: the API no longer has the file.
            Transient: the API has no URL yet, or does not answer.
            Refused: the key is wrong.
            ApiError: the API gives no usable object or manifest.
        """
        if not wanted.part_id:
            return await self._mixed(wanted)
        async with self._locks[wanted.media_object_id]:
            source = self._manifests.get(wanted.media_object_id, {}).get(wanted.part_id)
            if source is None or source == refused or not source.is_fresh(self._clock()):
                self._manifests[wanted.media_object_id] = await self._manifest(wanted)
                source = self._manifests[wanted.media_object_id].get(wanted.part_id)
        if source is None:
            raise Transient(f"the manifest of {wanted.media_kind} has no URL of this part now")
        return source

    async def _mixed(self, wanted: WantedSource) -> MediaSource:
        document = await self._media_object(wanted)
        media = _decoded(document, wanted)
        return MediaSource(_url_of(media, wanted), media.format, _size_of(document))

    async def _manifest(self, wanted: WantedSource) -> Manifest:
        media = _decoded(await self._media_object(wanted), wanted)
        document = await self._client.download(_url_of(media, wanted))
        return manifest_sources(document, media.format)

    async def _media_object(self, wanted: WantedSource) -> Mapping[str, Any]:
        """The media object; the recording's shortcut, if the API does not give the object by itself.

        Raises:
            Gone: the API has neither.
        """
        try:
            return await self._client.retrieve(wanted.media_kind, wanted.media_object_id)
        except (Gone, ObjectRefused):
            recording = await self._client.retrieve(RECORDING, wanted.recording_id)
        shortcuts = recording.get("media_shortcuts")
        shortcut = shortcuts.get(wanted.media_kind) if isinstance(shortcuts, Mapping) else None
        if not isinstance(shortcut, Mapping) or str(shortcut.get("id")).lower() != wanted.media_object_id:
            raise Gone(f"{wanted.media_kind} {wanted.media_object_id}: not found")
        return shortcut


def manifest_sources(document: bytes, media_format: str | None) -> Manifest:
    """The sources in a manifest by part. Entries without an id or a URL are skipped: their parts wait.

    >>> manifest = b'[{"id": "p1", "download_url": "https://host/p1.raw"}, {"id": null}, 3]'
    >>> [*manifest_sources(manifest, "raw")]
    ['p1']

    Raises:
        ApiError: the document is no manifest.
    """
    try:
        entries: Any = msgspec.json.decode(document)
    except (ValueError, RecursionError):
        entries = None
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        raise ApiError("the manifest of separate media is no list")
    usable = [each for each in entries if isinstance(each, Mapping) and isinstance(each.get(DOWNLOAD_URL), str)]
    return {
        str(each["id"]): MediaSource(each[DOWNLOAD_URL], _format_of(each) or media_format, _size_of(each))
        for each in usable
        if isinstance(each.get("id"), str | int)
    }


def _decoded(document: Mapping[str, Any], wanted: WantedSource) -> Media:
    try:
        return decode_object(document, Media, wanted.media_kind)
    except PayloadError as error:
        message = str(error)
    raise ApiError(message)


def _url_of(media: Media, wanted: WantedSource) -> str:
    if media.status.code in {DELETED, FAILED}:
        raise Gone(f"{wanted.media_kind} {wanted.media_object_id}: {media.status.code} at Recall.ai")
    url = media.data.get(DOWNLOAD_URL)
    if not isinstance(url, str):
        raise Transient(NO_URL_YET)
    return url


def _format_of(entry: Mapping[str, Any]) -> str | None:
    found = entry.get("format")
    return found if isinstance(found, str) else None


def _size_of(document: Mapping[str, Any]) -> int | None:
    size = document.get("size_bytes")
    return size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None
