"""The raw store: the bytes of every artifact as the API sent them. `store.raw_layout` describes its keys."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec
import zstandard

from meeting_assets.core.errors import StoreError, StoreRefused
from meeting_assets.store.objects import Objects, incomplete_files, remove_folder
from meeting_assets.store.raw_layout import (
    DATABASE,
    MEDIA,
    ORIGIN,
    TOMBSTONES,
    RawObject,
    StoredArtifact,
    artifact_key,
    day_of_prefix,
    listing_key,
    media_prefix,
    stored_artifact,
)

if TYPE_CHECKING:
    from obstore import ObjectMeta

LEVEL = 3
NO_LINKS = frozenset({errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS})
PART_BYTES = 5 * 2**20
"""Bytes of one part of an upload. S3 allows no smaller parts, and 10,000 of them."""


class RawStore(Objects):
    """One raw store: artifacts, listings, and the origin and database it belongs to."""

    noun = "raw store"
    setting = "MEETING_ASSETS_RAW_URL"

    def write(self, day: date, recording_id: str, kind: str, artifact_id: str, payload: bytes) -> RawObject:
        """Stores the bytes of an artifact, as a whole or not at all."""
        sha256 = hashlib.sha256(payload).hexdigest()
        key = artifact_key(day, recording_id, kind, artifact_id, sha256)
        self.put(key, zstandard.ZstdCompressor(level=LEVEL).compress(payload))
        return RawObject(key, sha256, len(payload))

    def read(self, key: str, sha256: str, size_bytes: int | None = None) -> bytes | None:
        """The bytes of an artifact, or None if they are missing or damaged. Faster with their size."""
        stored = self.get(key)
        if stored is None:
            return None
        try:
            payload = _decompressed(stored, size_bytes)
        except zstandard.ZstdError:
            return None
        return payload if hashlib.sha256(payload).hexdigest() == sha256 else None

    def write_media_file(self, key: str, path: Path) -> None:
        """Stores a media file, as a whole or not at all; `path` stays. The size of the file costs no memory."""
        folder = self.folder

        def write() -> None:
            if folder is None or not _linked(path, folder / key):
                self._store.put(key, path, use_multipart=True, chunk_size=PART_BYTES, max_concurrency=1)

        self.translated(f"take {key}", write)

    def open_media_file(self, key: str) -> Iterator[bytes]:
        """Yields the bytes of a media file in chunks, which a missing file ends with a `StoreError`."""
        found = self.translated(f"give {key}", lambda: self._store.get(key))
        chunks = iter(found.stream(min_chunk_size=PART_BYTES))
        while (chunk := self.translated(f"give {key}", lambda: next(chunks, None))) is not None:
            yield bytes(chunk)

    def media_objects(self, day: date, recording_id: str) -> dict[str, int]:
        """The keys and sizes of a recording's media files and their descriptions."""
        return {each["path"]: each["size"] for each in self.metadata(media_prefix(day, recording_id))}

    def media_metadata(self, day: date) -> Sequence[ObjectMeta]:
        """Key, size and time of all media files of a day and their descriptions."""
        return self.metadata(f"{MEDIA}/{day}/")

    def media_days(self) -> list[date]:
        """The days with media files."""
        return sorted(day for name in self.prefixes(f"{MEDIA}/") if (day := day_of_prefix(name)) is not None)

    def write_listing(self, day: date, recording_id: str, listing: bytes) -> None:
        """Stores the API's listing of a recording."""
        self.put(listing_key(day, recording_id), listing)

    def read_listing(self, day: date, recording_id: str) -> bytes | None:
        """The API's listing of a recording; None if it was never stored."""
        return self.get(listing_key(day, recording_id))

    def origin(self) -> str | None:
        """The API origin of the stored meetings; None for a store that is not bound yet.

        Raises:
            StoreError: the store is bound, and the origin cannot be read.
        """
        return self._text_of(
            ORIGIN,
            "api_origin",
            f"The raw store does not say whose meetings it holds, its {ORIGIN} is damaged: "
            'put {"api_origin": "URL OF THE API"} into it, '
            "or choose another MEETING_ASSETS_HOME or MEETING_ASSETS_RAW_URL.",
        )

    def bind_origin(self, origin: str) -> None:
        """Binds a new raw store to an API origin. If several processes do so at once, the first one wins.

        Raises:
            StoreError: the store holds meetings of another origin.
        """
        held = self.origin()
        if held is None:
            self.create(ORIGIN, msgspec.json.encode({"api_origin": origin}))
            held = self.origin()
        if held != origin:
            raise StoreRefused(
                f"The raw store holds meetings from {held}, not from {origin}: "
                "choose another MEETING_ASSETS_HOME or MEETING_ASSETS_RAW_URL."
            )

    def database_id(self) -> str | None:
        """The id of the database that describes this raw store; None for a store that is not bound yet.

        Raises:
            StoreError: the id cannot be read.
        """
        return self._text_of(
            DATABASE,
            "database_id",
            f"{DATABASE} in the raw store is damaged: delete it, then run `meeting-assets sync` with the database "
            "that describes this raw store.",
        )

    def bind_database(self, database_id: str) -> str:
        """Writes the id of the database that describes this raw store unless it has one; returns the id it has then."""
        self.create(DATABASE, msgspec.json.encode({"database_id": database_id}))
        return self.database_id() or database_id

    def days(self) -> list[date]:
        """The days with stored objects."""
        return sorted(day for name in self.prefixes("") if (day := day_of_prefix(name)) is not None)

    def recordings(self, day: date) -> list[str]:
        """The recordings of a day with stored objects."""
        return sorted(self.prefixes(f"{day}/"))

    def artifacts(self, day: date, recording_id: str) -> list[StoredArtifact]:
        """The stored artifacts of a recording, the newest first."""
        found = [
            artifact
            for each in self.metadata(f"{day}/{recording_id}/")
            if (artifact := stored_artifact(each["path"], each["last_modified"]))
        ]
        return sorted(found, key=lambda each: (each.kept_at, each.sha256), reverse=True)

    def objects(self, day: date) -> dict[str, datetime]:
        """The keys of all objects of a day, with the time of their last write."""
        return {each["path"]: each["last_modified"] for each in self.metadata(f"{day}/")}

    def interrupted_writes(self, day: date, *, before: datetime) -> list[str]:
        """Incomplete files of a day, left by writers that were killed before an instant; none in an object store."""
        folder = self.folder
        if folder is None:
            return []
        before_s = before.timestamp()
        media = f"{MEDIA}/{day}"
        found = self.translated(f"list {day}/", lambda: incomplete_files(folder / str(day), before_s))
        of_media = self.translated(f"list {media}/", lambda: incomplete_files(folder / media, before_s))
        return [*found, *(f"{MEDIA}/{each}" for each in of_media)]

    def days_of(self, recording_ids: Collection[str]) -> dict[str, list[date]]:
        """The days under which each recording has objects or media files. Lists every day once."""
        days: dict[str, set[date]] = {recording_id: set() for recording_id in recording_ids}
        everything = self._day_prefixes() if days else []
        for (day, _), below in zip(everything, self.names_below([prefix for _, prefix in everything]), strict=True):
            for recording_id in days.keys() & below:
                days[recording_id].add(day)
        return {recording_id: sorted(found) for recording_id, found in days.items()}

    def prefixes_naming(self, recording_ids: Collection[str]) -> dict[str, int]:
        """Every prefix that contains the id of one of the recordings, with its number of objects.

        Searches all prefixes but tombstones, whether their names are days or not. In a folder, incomplete files count.
        """
        tops = [name for name in self.names("") if name != TOMBSTONES] if recording_ids else []
        if MEDIA in tops:
            tops += [f"{MEDIA}/{name}" for name in self.names(f"{MEDIA}/")]
        found = [top for top in tops if any(each in top for each in recording_ids)]
        for top, below in zip(tops, self.names_below(tops), strict=True):
            found += [f"{top}/{name}" for name in below if any(each in name for each in recording_ids)]
        return {prefix: max(1, len(self.keys(f"{prefix}/"))) for prefix in sorted(found)}

    def purge(self, day: date, recording_id: str, kind: str | None = None, artifact_id: str | None = None) -> int:
        """Deletes all objects and media files of a recording, or one artifact of it; returns the number of objects."""
        if kind and artifact_id:
            return self._purge_prefix(f"{day}/{recording_id}/{kind}/{artifact_id}/")
        return self._purge_prefix(f"{day}/{recording_id}/") + self._purge_prefix(media_prefix(day, recording_id))

    def _day_prefixes(self) -> list[tuple[date, str]]:
        """All prefixes of days, those of media files too."""
        names = self.names("")
        media = [(name, f"{MEDIA}/{name}") for name in self.names(f"{MEDIA}/")] if MEDIA in names else []
        found = [*((name, name) for name in names), *media]
        return [(day, prefix) for name, prefix in found if (day := day_of_prefix(name)) is not None]

    def _purge_prefix(self, prefix: str) -> int:
        keys = self.keys(prefix)
        self.delete(keys)
        if folder := self.folder:
            self.translated(f"delete {prefix}", lambda: remove_folder(folder / prefix))
        return len(keys)

    def _text_of(self, key: str, name: str, damaged: str) -> str | None:
        """A text value of a JSON object; None if the object does not exist.

        Raises:
            StoreError: the object has no such text; `damaged` is the message.
        """
        stored = self.get(key)
        if stored is None:
            return None
        try:
            return msgspec.json.decode(stored, type=dict[str, str])[name]
        except (ValueError, KeyError):
            raise StoreError(damaged) from None


def _linked(path: Path, target: Path) -> bool:
    """Gives a file a second name, which replaces another file of that name; False where the file system cannot."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # `#` marks incomplete files, as those of the store's client (`store.objects.incomplete_files`).
    incomplete = target.with_name(f"{target.name}#{uuid4().hex}")
    try:
        _synchronize(path)
        os.link(path, incomplete)
        incomplete.replace(target)
        _synchronize(target.parent)
    except OSError as error:
        incomplete.unlink(missing_ok=True)
        if error.errno in NO_LINKS:
            return False
        raise
    return True


def _synchronize(path: Path) -> None:
    """Writes a file or the names in a folder to the disk: after a power failure, the ledger must be right."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _decompressed(stored: bytes, size_bytes: int | None) -> bytes:
    decompressor = zstandard.ZstdDecompressor()
    # Decompression in one step allocates the size named in the header, which may be damaged.
    if size_bytes is not None and zstandard.frame_content_size(stored) == size_bytes:
        return decompressor.decompress(stored)
    return decompressor.decompressobj().decompress(stored)
