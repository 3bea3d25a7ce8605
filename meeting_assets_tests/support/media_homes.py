"""Homes whose media files are downloaded from a sandbox, as the media step does it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from meeting_assets.artifacts.audio_separate import AudioParts
from meeting_assets.artifacts.video_separate import VideoParts
from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.pipeline.media.download import MediaOptions, fetch_media
from meeting_assets.pipeline.media.report import MediaReport
from meeting_assets.pipeline.storage import Storage, access_of
from meeting_assets.sandbox.media import MediaFile as ServedFile
from meeting_assets.sandbox.media import chunks
from meeting_assets.schema.media_objects import MediaObjects
from meeting_assets.schema.persistent import Recordings
from meeting_assets.settings import read_settings
from meeting_assets.store import media_ledger
from meeting_assets.store.database import table_of
from meeting_assets.store.media_ledger import MEDIA_FILES, MediaFile
from meeting_assets_tests.support.environments import open_test_storage

ALL_KINDS = tuple(MediaKind)


def fetch(
    storage: Storage, kinds: Collection[MediaKind] = ALL_KINDS, days: Sequence[date] | None = None, **options: Any
) -> MediaReport:
    """Downloads the wanted media files of some days, by default of all."""
    settings = read_settings()
    return asyncio.run(fetch_media(storage, access_of(settings), MediaOptions(kinds, settings.home, **options), days))


def fetch_at_home(kinds: Collection[MediaKind] = ALL_KINDS, **options: Any) -> MediaReport:
    """Opens the storage of the settings and downloads the wanted files."""
    with open_test_storage() as storage:
        return fetch(storage, kinds, **options)


def expect_media(storage: Storage, kinds: Collection[MediaKind] = ALL_KINDS) -> None:
    """Adds the files of some kinds that the stored lists and manifests name to the ledger."""
    objects, recordings = table_of(MediaObjects), table_of(Recordings)
    mixed = [MediaKind.AUDIO_MIXED, MediaKind.VIDEO_MIXED]
    with storage.database.writing() as connection:
        query = (
            select(objects, recordings.c.day, recordings.c.expires_at.label("recording_expires_at"))
            .join(recordings, recordings.c.recording_id == objects.c.recording_id)
            .where(objects.c.status == "done")
        )
        listed = [*connection.execute(query)]
        files = [
            MediaFile(
                each.recording_id,
                MediaKind(each.collection),
                "",
                each.day,
                each.media_object_id,
                announced_size_bytes=each.size_bytes,
                expires_at=each.expires_at or each.recording_expires_at,
            )
            for each in listed
            if each.collection in mixed
        ]
        for kind, model in ((MediaKind.AUDIO_SEPARATE, AudioParts), (MediaKind.VIDEO_SEPARATE, VideoParts)):
            by_id = {each.recording_id: each for each in listed if each.collection == kind}
            files += [
                MediaFile(
                    part.recording_id,
                    kind,
                    part.part_id,
                    by_id[part.recording_id].day,
                    by_id[part.recording_id].media_object_id,
                    participant_id=part.participant_id,
                )
                for part in connection.execute(select(table_of(model)))
                if part.recording_id in by_id and part.part_id
            ]
        media_ledger.expect(connection, [file for file in files if file.media_kind in kinds])


def media_rows(storage: Storage) -> list[dict[str, Any]]:
    """All rows of the ledger of media files in the order of their keys."""
    with storage.database.reading() as connection:
        query = select(MEDIA_FILES).order_by(*MEDIA_FILES.primary_key)
        return [dict(row) for row in connection.execute(query).mappings()]


def sha256_of(file: ServedFile) -> str:
    """The SHA-256 of a served file."""
    digest = hashlib.sha256()
    for chunk in chunks(file.content):
        digest.update(chunk)
    return digest.hexdigest()
