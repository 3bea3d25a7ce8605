"""The raw store: the bytes of every artifact as they came, in a folder or an object store.

    {day}/{recording_id}/recording.json                     what the API listed, without URLs and passwords
    {day}/{recording_id}/{kind}/{artifact_id}/{sha256}.zst  an artifact; hash and size are of the uncompressed bytes
    origin.json                                             whose meetings these are
    database.json                                           the id of the database that describes them
    tombstones/…                                            what was purged (see `store.raw_tombstones`)

Nothing is shared between recordings, so that forgetting one is deleting a prefix; writing the same bytes again
changes nothing.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import msgspec
import zstandard
from obstore.exceptions import AlreadyExistsError, BaseError, NotSupportedError, PreconditionError
from obstore.store import LocalStore, ObjectStore

from meeting_assets.core.errors import StoreError
from meeting_assets.core.urls import without_queries
from meeting_assets.store.object_stores import cause_of, open_object_store

if TYPE_CHECKING:
    from obstore import ObjectMeta

ORIGIN = "origin.json"
DATABASE = "database.json"
TOMBSTONES = "tombstones"
LEVEL = 3
REMOVAL_TRIES = 5
LISTS_AT_ONCE = 16
NO_BUCKET = "NoSuchBucket"

Answer = TypeVar("Answer")

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_ARTIFACT = re.compile(
    r"[^/]+/(?P<recording_id>[^/]+)/(?P<kind>[^/]+)/(?P<artifact_id>[^/]+)/(?P<sha256>[0-9a-f]{64})\.zst"
)
_SYSTEM_FAULT = re.compile(r"[^:\n]+(?= \(os error \d+\))")
_QUOTED = re.compile(r'"[^"]*"|<.*')


@dataclass(frozen=True, slots=True)
class RawObject:
    """Bytes that are home: where, and what they are."""

    key: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class StoredArtifact:
    """An artifact found in the raw store, and since when it is there."""

    kind: str
    artifact_id: str
    sha256: str
    key: str
    kept_at: datetime


class RawStore:
    """One raw store; keys are relative to its root."""

    def __init__(self, store: ObjectStore, url: str = "", *, instance_credentials: bool = False) -> None:
        self._store = store
        self.url = url
        """What `at` opens the same store by, together with `instance_credentials`; empty if it cannot."""
        self.instance_credentials = instance_credentials

    @classmethod
    def at(cls, url: str, *, instance_credentials: bool = False) -> Self:
        """The store at an absolute folder, `file://`, `s3://`, `gs://` or `az://` URL; a folder is made if missing.

        `instance_credentials` lets an object store take credentials from the machine's metadata service.

        Raises:
            StoreError: it cannot be opened.
        """
        try:
            if "://" in url and not url.startswith("file://"):
                store = open_object_store(url, instance_credentials=instance_credentials)
                return cls(store, url, instance_credentials=instance_credentials)
            folder = _folder(url)
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return cls(LocalStore(folder), url)
        except (BaseError, OSError, ValueError) as error:
            fault = _fault(error)
        # Raised here and not above, so that the error has no context: foreign text quotes URLs, which may hold secrets.
        raise StoreError(f"The raw store cannot be opened, check MEETING_ASSETS_RAW_URL: {fault}.")

    def write(self, day: date, recording_id: str, kind: str, artifact_id: str, payload: bytes) -> RawObject:
        """Keeps an artifact's bytes; they are there as a whole or not at all.

        Raises:
            StoreError: they could not be written.
        """
        sha256 = hashlib.sha256(payload).hexdigest()
        key = f"{day}/{recording_id}/{kind}/{artifact_id}/{sha256}.zst"
        self.put(key, zstandard.ZstdCompressor(level=LEVEL).compress(payload))
        return RawObject(key, sha256, len(payload))

    def read(self, key: str, sha256: str, size_bytes: int | None = None) -> bytes | None:
        """An artifact's bytes, or None where they are missing or no longer what they were; faster with their number.

        Raises:
            StoreError: the store does not answer, so that nobody knows.
        """
        stored = self.get(key)
        if stored is None:
            return None
        try:
            payload = _decompressed(stored, size_bytes)
        except zstandard.ZstdError:
            return None
        return payload if hashlib.sha256(payload).hexdigest() == sha256 else None

    def write_listing(self, day: date, recording_id: str, listing: bytes) -> None:
        """Keeps what the API listed of a recording.

        Raises:
            StoreError: it could not be written.
        """
        self.put(f"{day}/{recording_id}/recording.json", listing)

    def origin(self) -> str | None:
        """The API origin whose meetings these are; None where nobody claimed the store yet.

        Raises:
            StoreError: somebody did, and it cannot be read who.
        """
        stored = self.get(ORIGIN)
        held = _text_in(stored, "api_origin") if stored is not None else None
        if stored is not None and held is None:
            raise StoreError(
                f"The raw store does not say whose meetings it holds, its {ORIGIN} is damaged: "
                'put {"api_origin": "URL OF THE API"} into it, '
                "or choose another MEETING_ASSETS_HOME or MEETING_ASSETS_RAW_URL."
            )
        return held

    def belongs_to(self, origin: str) -> None:
        """Binds a new raw store to an API origin; of several at the same time, to the first.

        Raises:
            StoreError: it holds the meetings of another origin.
        """
        held = self.origin()
        if held is None:
            content = msgspec.json.encode({"api_origin": origin})
            _answer(f"take {ORIGIN}", lambda: self._create(ORIGIN, content))
            held = self.origin()
        if held != origin:
            raise StoreError(
                f"The raw store holds meetings from {held}, not from {origin}: "
                "choose another MEETING_ASSETS_HOME or MEETING_ASSETS_RAW_URL."
            )

    def database_id(self) -> str | None:
        """The id of the database that describes this raw store; None for a store that no database is bound to.

        Raises:
            StoreError: the id cannot be read.
        """
        stored = self.get(DATABASE)
        held = _text_in(stored, "database_id") if stored is not None else None
        if stored is not None and held is None:
            raise StoreError(
                f"{DATABASE} in the raw store is damaged: delete it, then run `meeting-assets sync` with the database "
                "that describes this raw store."
            )
        return held

    def bind_database(self, database_id: str) -> str:
        """Writes the id of the database that describes this raw store, unless there is one; returns the id held.

        Raises:
            StoreError: the id could not be written.
        """
        content = msgspec.json.encode({"database_id": database_id})
        _answer(f"take {DATABASE}", lambda: self._create(DATABASE, content))
        return self.database_id() or database_id

    def probe(self) -> None:
        """Keeps an object, reads it and removes it.

        Raises:
            StoreError: one of this cannot be done.
        """
        key, content = f"probe-{uuid4()}", b"probe"
        self.put(key, content)
        kept = self.get(key)
        _answer(f"remove {key}", lambda: self._store.delete(key))
        if kept != content:
            raise StoreError("The raw store does not give back what it took, check MEETING_ASSETS_RAW_URL.")

    def days(self) -> list[date]:
        """The days that something is kept of."""
        return sorted(day for name in self._folders("") if (day := _day(name)) is not None)

    def recordings(self, day: date) -> list[str]:
        """The recordings that something is kept of, of a day."""
        return sorted(self._folders(f"{day}/"))

    def read_listing(self, day: date, recording_id: str) -> bytes | None:
        """What the API listed of a recording, or None if that was never kept."""
        return self.get(f"{day}/{recording_id}/recording.json")

    def artifacts(self, day: date, recording_id: str) -> list[StoredArtifact]:
        """The artifacts kept of a recording, the newest first."""
        found = [
            StoredArtifact(match["kind"], match["artifact_id"], match["sha256"], meta["path"], meta["last_modified"])
            for meta in self._metas(f"{day}/{recording_id}/")
            if (match := _ARTIFACT.fullmatch(meta["path"]))
        ]
        return sorted(found, key=lambda each: (each.kept_at, each.sha256), reverse=True)

    def objects(self, day: date) -> dict[str, datetime]:
        """The keys of all that is kept of a day, and since when."""
        return {meta["path"]: meta["last_modified"] for meta in self._metas(f"{day}/")}

    def half_written(self, day: date, *, before: datetime) -> list[str]:
        """What writers that were killed before an instant have left of a day; an object store shows no such thing."""
        folder = self._folder_of_day(day)
        return _answer(f"list {day}/", lambda: _unfinished(folder, before.timestamp()) if folder else [])

    def days_of(self, recording_ids: Collection[str]) -> dict[str, list[date]]:
        """The days below which something of each recording is kept. Lists every day once."""
        days: dict[str, list[date]] = {recording_id: [] for recording_id in recording_ids}
        everything = [day for name in self._names("") if (day := _day(name)) is not None] if days else []
        for day, below in zip(everything, self._names_below([*map(str, everything)]), strict=True):
            for recording_id in days.keys() & below:
                days[recording_id].append(day)
        return {recording_id: sorted(found) for recording_id, found in days.items()}

    def naming(self, recording_ids: Collection[str]) -> dict[str, int]:
        """Every prefix that names one of the recordings, with the number of its objects; tombstones are left out.

        Searches all prefixes, whatever they are called, and in a folder also files that lists do not show.
        """
        tops = [name for name in self._names("") if name != TOMBSTONES] if recording_ids else []
        found = [top for top in tops if any(each in top for each in recording_ids)]
        for top, below in zip(tops, self._names_below(tops), strict=True):
            found += [f"{top}/{name}" for name in below if any(each in name for each in recording_ids)]
        return {prefix: max(1, len(self.keys(f"{prefix}/"))) for prefix in sorted(found)}

    def kept(self, day: date, recording_id: str) -> list[str]:
        """Everything kept of a recording: objects, and in a folder also what lists do not show.

        That is what a write that was killed has left behind, and folders.
        """
        if folder := self._folder_of(day, recording_id):
            found = [folder, *folder.rglob("*")] if folder.exists() else []
            return sorted(str(path.relative_to(folder.parent.parent)) for path in found)
        return self.keys(f"{day}/{recording_id}/")

    def forget(self, day: date, recording_id: str, kind: str | None = None, artifact_id: str | None = None) -> int:
        """Deletes all that is kept of a recording, or of one artifact of it; how many objects that were.

        Raises:
            StoreError: something could not be deleted.
        """
        rest = f"{kind}/{artifact_id}/" if kind and artifact_id else ""
        prefix = f"{day}/{recording_id}/{rest}"
        keys = self.keys(prefix)
        _answer(f"delete {prefix}", lambda: self._delete(keys))
        if folder := self._folder_of(day, recording_id):
            _answer(f"delete {prefix}", lambda: _remove(folder / rest))
        return len(keys)

    def put(self, key: str, content: bytes) -> None:
        """Writes an object.

        Raises:
            StoreError: it could not be written.
        """
        _answer(f"take {key}", lambda: self._store.put(key, content))

    def get(self, key: str) -> bytes | None:
        """The content of an object; None if there is none.

        Raises:
            StoreError: the store does not answer.
        """

        def get() -> bytes | None:
            try:
                return bytes(self._store.get(key).bytes())
            except FileNotFoundError as error:
                if NO_BUCKET in str(error):
                    raise
                return None

        return _answer(f"give {key}", get)

    def keys(self, prefix: str) -> list[str]:
        """The keys of all objects below a prefix."""
        return sorted(meta["path"] for meta in self._metas(prefix))

    def delete(self, keys: Sequence[str]) -> None:
        """Deletes objects; one that is gone already is no fault.

        Raises:
            StoreError: one could not be deleted.
        """
        _answer("delete objects", lambda: self._delete(keys))

    def _names(self, prefix: str) -> list[str]:
        """The names directly below a prefix; in a folder also those of empty folders and of half-written files."""
        if folder := self.folder:
            return _answer(f"list {prefix}", lambda: _names_in(folder / prefix))
        listed = _answer(f"list {prefix}", lambda: self._store.list_with_delimiter(prefix))
        paths = [*listed["common_prefixes"], *(meta["path"] for meta in listed["objects"])]
        return [path.rstrip("/").rsplit("/", 1)[-1] for path in paths]

    def _names_below(self, names: Sequence[str]) -> list[list[str]]:
        """The names below each of some top prefixes."""
        with ThreadPoolExecutor(LISTS_AT_ONCE) as pool:
            return [*pool.map(lambda name: self._names(f"{name}/"), names)]

    def _metas(self, prefix: str) -> Sequence[ObjectMeta]:
        return _answer(f"list {prefix}", lambda: self._store.list(prefix).collect())

    def _delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            # One by one: a store that answers for many says only of the first what went wrong. Gone is as good.
            with suppress(FileNotFoundError):
                self._store.delete(key)

    def _folder_of(self, day: date, recording_id: str) -> Path | None:
        """Where a recording lies, if the store is a folder."""
        folder = self._folder_of_day(day)
        return folder / recording_id if folder is not None else None

    def _folder_of_day(self, day: date) -> Path | None:
        return self.folder / str(day) if self.folder is not None else None

    @property
    def folder(self) -> Path | None:
        """The folder of the store; None for an object store."""
        if not isinstance(self._store, LocalStore) or self._store.prefix is None:
            return None
        return Path(self._store.prefix)

    def _folders(self, prefix: str) -> list[str]:
        listed = _answer(f"list {prefix}", lambda: self._store.list_with_delimiter(prefix))
        return [folder.rsplit("/", 1)[-1] for folder in listed["common_prefixes"]]

    def _create(self, key: str, content: bytes) -> None:
        """Writes an object unless it exists; an object store without conditional writes overwrites it."""
        try:
            self._store.put(key, content, mode="create")
        except (AlreadyExistsError, PreconditionError):
            return
        except (NotImplementedError, NotSupportedError):
            self._store.put(key, content)


def artifact_of(key: str) -> tuple[str, str, str] | None:
    """Whose bytes an object holds, as (recording, kind, artifact); None where it is no artifact's.

    >>> artifact_of(f"2026-03-02/0f7a/transcript/c1d2/{'0' * 64}.zst")
    ('0f7a', 'transcript', 'c1d2')
    """
    match = _ARTIFACT.fullmatch(key)
    return (match["recording_id"], match["kind"], match["artifact_id"]) if match else None


def recording_of(key: str) -> str:
    """Whose object that is; the empty text where it is nobody's."""
    return key.split("/")[1] if key.count("/") > 1 else ""


def _decompressed(stored: bytes, size_bytes: int | None) -> bytes:
    decompressor = zstandard.ZstdDecompressor()
    # All at once takes as much memory as the header names, which may be damaged.
    if size_bytes is not None and zstandard.frame_content_size(stored) == size_bytes:
        return decompressor.decompress(stored)
    return decompressor.decompressobj().decompress(stored)


def _answer(what: str, ask: Callable[[], Answer]) -> Answer:
    """What the store answers; a fault of it is told in our words alone."""
    try:
        return ask()
    except (BaseError, OSError) as error:
        fault = _fault(error)
    raise StoreError(f"The raw store does not {what}, check MEETING_ASSETS_RAW_URL: {fault}.")


def _day(name: str) -> date | None:
    """The day that a prefix is called after; None if it is no day."""
    try:
        return date.fromisoformat(name) if _DAY.fullmatch(name) else None
    except ValueError:
        return None


def _names_in(folder: Path) -> list[str]:
    """The names in a folder; none if it is a file, or gone."""
    with suppress(FileNotFoundError, NotADirectoryError):
        return os.listdir(folder)
    return []


def _unfinished(folder: Path, before_s: float) -> list[str]:
    """Files that writers name while they write, by their paths below the store; all may come and go meanwhile."""
    found = []
    for parent, _, names in os.walk(folder):
        for path in (Path(parent) / name for name in names if "#" in name):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before_s:
                    found.append(str(path.relative_to(folder.parent)))
    return sorted(found)


def _remove(folder: Path) -> None:
    """Removes a folder with all that is in it, and the folder of its day if that is empty then."""
    for _ in range(REMOVAL_TRIES):
        # Somebody may write into it meanwhile, or remove it, too.
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            break
    else:
        shutil.rmtree(folder)
    with suppress(OSError):  # other recordings of the day are there, or one just comes
        folder.parent.rmdir()


def _folder(url: str) -> Path:
    """The folder that a path or a `file://` URL names; blanks in a URL may be escaped."""
    if not url.startswith("file://"):
        return Path(url)
    parts = urlsplit(url)
    if parts.netloc not in {"", "localhost"}:
        raise ValueError
    return Path(unquote(url.removeprefix("file://").removeprefix(parts.netloc)))


def _fault(error: Exception) -> str:
    """What is wrong, in a line; a foreign text may quote the setting or an answer, and with it secrets."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if type(error) is ValueError:
        return "it is no absolute path and no URL"
    if cause := cause_of(error):
        return cause
    text = str(error)
    if said := _SYSTEM_FAULT.search(text):
        return said.group().strip()
    line = text.partition("\n")[0]
    return _QUOTED.sub("…", without_queries(line.encode()).decode())


def _text_in(stored: bytes, name: str) -> str | None:
    """A text of a JSON object by its name; None where there is no such text."""
    try:
        document: Any = msgspec.json.decode(stored)
    except ValueError:
        return None
    text = document.get(name) if isinstance(document, dict) else None
    return text if isinstance(text, str) else None
