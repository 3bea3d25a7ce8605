"""The publications store: files for readers, in a folder or an object store.

    index.html health.html definitions.html style.css site.js      shared files
    people/{page_id}.html series/{page_id}.html                     shared files, one per person and series
    meetings/{day}/{recording_id}/index.html                        the page of a meeting
    meetings/{day}/{recording_id}/{day}_{recording_id}.{extension}  its downloads and exports

All files of a recording are below one prefix, so a purge deletes that prefix. Shared files that mention the recording
contain its id, because each mention links to the page of the meeting. Only health.html may describe a meeting without
its id, such as a missed one, so every purge deletes it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from obstore.store import MemoryStore

from meeting_assets.core.batches import batched
from meeting_assets.core.errors import NotPublished
from meeting_assets.core.urls import printable_url
from meeting_assets.store.objects import Objects, folder_of, is_object_store, remove_folder

if TYPE_CHECKING:
    from obstore.store import ObjectStore

MEETINGS = "meetings"
INDEX = "index.html"
HEALTH = "health.html"
DEFINITIONS = "definitions.html"
"""The key of the page of definitions, which contains no meeting."""
CALLS_AT_ONCE = 16
CONTENT_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "vtt": "text/vtt; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
}
"""By the ends of keys."""
PIECE_BYTES = 8 * 2**20
"""Larger shared files are read in pieces of this size."""
OVERLAP_BYTES = 64 * 2**10
"""Each piece begins with the end of the one before it, so that a text up to this size is in one piece."""

_SHARED = re.compile(r"[a-z_]+\.(html|css|js|json)|(people|series)/[^/]+\.html")
_ID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def meeting_prefix(day: date, recording_id: str) -> str:
    """The prefix of all files of a recording."""
    return f"{MEETINGS}/{day}/{recording_id}/"


def ids_in(content: bytes) -> set[str]:
    """The ids that a file mentions, among them those of recordings.

    >>> ids_in(b'<a href="meetings/2026-03-02/0206f11b-68ab-42b1-8a30-b85f60076e83/index.html">')
    {'0206f11b-68ab-42b1-8a30-b85f60076e83'}
    """
    return {each.decode() for each in _ID.findall(content)}


class PublicationStore(Objects):
    """One publications store. It is opened on first use; a missing folder is created by the first write only."""

    noun = "publications store"
    setting = "MEETING_ASSETS_PUBLICATIONS_URL"
    error = NotPublished

    def __init__(self, url: str, *, instance_credentials: bool = False) -> None:
        super().__init__(MemoryStore(), url, instance_credentials=instance_credentials)
        self._is_open = False

    @property
    def _store(self) -> ObjectStore:
        """The opened store; an empty one instead of a missing folder."""
        if not self._is_open and (self.folder is None or self.folder.exists()):
            self._connect()
        return self._client

    def _connect(self) -> None:
        self._client = self._open(self.url, instance_credentials=self.instance_credentials)
        self._is_open = True

    def location(self, key: str) -> str:
        """The path or URL of a file, without secrets."""
        return str(self.folder / key) if self.folder is not None else f"{printable_url(self.url).rstrip('/')}/{key}"

    @property
    def folder(self) -> Path | None:
        """The folder of the store, which may not exist; None for an object store."""
        try:
            return None if is_object_store(self.url) else folder_of(self.url)
        except ValueError:  # reported when the store is opened
            return None

    def put(self, key: str, content: bytes) -> None:
        """Writes an object, as a whole or not at all."""
        if not self._is_open:
            self._connect()
        if self.folder is not None:
            super().put(key, content)
            return
        # Browsers show what a bucket serves as HTML only if the object says that it is HTML.
        kind = CONTENT_TYPES.get(key.rpartition(".")[2], "text/plain; charset=utf-8")
        self.translated(f"take {key}", lambda: self._store.put(key, content, attributes={"Content-Type": kind}))

    def put_all(self, contents: Mapping[str, bytes]) -> None:
        """Writes objects by key, several at once if they travel over a network."""
        if self.folder is not None or len(contents) < 2:
            for key, content in contents.items():
                self.put(key, content)
            return
        with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
            for _ in pool.map(self.put, contents.keys(), contents.values()):
                pass

    def sizes(self, prefix: str) -> dict[str, int]:
        """The sizes of all objects below a prefix, by key."""
        return {each["path"]: each["size"] for each in self.metadata(prefix)}

    def sizes_of_shared(self) -> dict[str, int]:
        """The sizes of all objects that belong to no recording, by key. Foreign objects count, too."""
        listed = self.translated("list its root", lambda: self._store.list_with_delimiter())
        found = {each["path"]: each["size"] for each in listed["objects"]}
        for prefix in listed["common_prefixes"]:
            if prefix != MEETINGS:
                found |= self.sizes(f"{prefix}/")
        return found

    def shared_contents(self, *, is_ours_only: bool = False) -> Iterator[tuple[str, bytes]]:
        """The objects that belong to no recording, with their contents; large ones in several overlapping pieces.

        Foreign objects count, too, except with `is_ours_only`.
        """
        sizes = {key: n for key, n in self.sizes_of_shared().items() if not is_ours_only or _SHARED.fullmatch(key)}
        large = sorted(key for key, size_bytes in sizes.items() if size_bytes > PIECE_BYTES)
        with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
            for keys in batched(sorted(sizes.keys() - {*large}), CALLS_AT_ONCE):
                contents = zip(keys, pool.map(self.get, keys), strict=True)
                yield from ((key, content) for key, content in contents if content is not None)
        for key in large:
            yield from ((key, piece) for piece in self._pieces(key))

    def _pieces(self, key: str) -> Iterator[bytes]:
        """The content of an object in pieces; none if it does not exist any more."""
        stream = self.translated(f"give {key}", lambda: self._stream(key))
        end = b""
        while (part := self.translated(f"give {key}", lambda: next(stream, None))) is not None:
            piece = end + bytes(part)
            yield piece
            end = piece[-OVERLAP_BYTES:]

    def _stream(self, key: str) -> Iterator[Any]:
        try:
            return iter(self._store.get(key).stream(min_chunk_size=PIECE_BYTES))
        except FileNotFoundError:
            return iter(())

    def names_with(self, recording_ids: Collection[str]) -> list[str]:
        """All prefixes and keys that contain the id of a recording; of a meeting only its prefix."""
        days = [f"{MEETINGS}/{name}" for name in self.names(f"{MEETINGS}/")]
        names = [f"{day}/{name}/" for day, below in zip(days, self.names_below(days), strict=True) for name in below]
        shared = [*days, *self.sizes_of_shared()]
        return sorted(name for name in [*names, *shared] if any(each in name for each in recording_ids))

    def prefixes_of(self, recording_ids: Collection[str]) -> list[str]:
        """The prefixes below which recordings have files, of any day. In a folder, incomplete files count."""
        days = [f"{MEETINGS}/{name}" for name in self.names(f"{MEETINGS}/")] if recording_ids else []
        wanted = {*recording_ids}
        named = zip(days, self.names_below(days), strict=True)
        return sorted(f"{day}/{name}/" for day, names in named for name in names if name in wanted)

    def shared_with(self, recording_ids: Collection[str]) -> list[str]:
        """The shared files of ours that mention recordings, and health.html, which may describe them without an id."""
        if not recording_ids:
            return []
        wanted = {*recording_ids}
        contents = self.shared_contents(is_ours_only=True)
        return sorted({key for key, content in contents if key == HEALTH or not wanted.isdisjoint(ids_in(content))})

    def purge(self, recording_ids: Collection[str], shared: Collection[str]) -> int:
        """Deletes all files of recordings, and some shared files; returns their number."""
        count = sum(map(self._purge_prefix, self.prefixes_of(recording_ids)))
        self.delete(sorted(shared))
        return count + len(shared)

    def _purge_prefix(self, prefix: str) -> int:
        keys = self.keys(prefix)
        self.delete(keys)
        if folder := self.folder:
            self.translated(f"delete {prefix}", lambda: remove_folder(folder / prefix))
        return len(keys)
