"""Homes whose media files are downloaded from a sandbox, as the media step does it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.pipeline.media.download import MediaOptions, fetch_media
from meeting_assets.pipeline.media.expected import expect_files
from meeting_assets.pipeline.media.report import MediaReport
from meeting_assets.pipeline.storage import Storage, access_of
from meeting_assets.sandbox.media import MediaFile, chunks
from meeting_assets.settings import read_settings
from meeting_assets.store.media_ledger import MEDIA_FILES
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
    """Adds the files of some kinds that the stored lists and manifests name to the ledger, as a run does first."""
    expect_files(storage, kinds, None)


def media_rows(storage: Storage) -> list[dict[str, Any]]:
    """All rows of the ledger of media files in the order of their keys."""
    with storage.database.reading() as connection:
        query = select(MEDIA_FILES).order_by(*MEDIA_FILES.primary_key)
        return [dict(row) for row in connection.execute(query).mappings()]


def sha256_of(file: MediaFile) -> str:
    """The SHA-256 of a served file."""
    digest = hashlib.sha256()
    for chunk in chunks(file.content):
        digest.update(chunk)
    return digest.hexdigest()
