"""The raw store: the bytes of every artifact as they came, in a folder or an object store.

    {day}/{recording_id}/recording.json                     what the API listed, without URLs and passwords
    {day}/{recording_id}/{kind}/{artifact_id}/{sha256}.zst  an artifact; hash and size are of the uncompressed bytes
    origin.json                                             whose meetings these are

Nothing is shared between recordings, so that forgetting one is deleting a prefix; writing the same bytes again
changes nothing.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Self

import msgspec
import zstandard
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from meeting_assets.core.errors import StoreError

ORIGIN = "origin.json"

_QUERY = re.compile(
    rb"([a-zA-Z][a-zA-Z0-9+.-]*:(?:\\?/){2}(?:[^\"\\?#\s]|\\/)*)(?:\?|\\u003[fF])(?:[^\"\\\s]|\\/|\\u[0-9a-fA-F]{4})*"
)


@dataclass(frozen=True, slots=True)
class RawObject:
    """Bytes that are home: where, and what they are."""

    key: str
    sha256: str
    size_bytes: int


class RawStore:
    """One raw store; keys are relative to its root."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @classmethod
    def at(cls, url: str) -> Self:
        """The store at an absolute folder, `file://`, `s3://`, `gs://` or `az://` URL; a folder is made if missing.

        Raises:
            StoreError: it cannot be opened.
        """
        try:
            if "://" in url and not url.startswith("file://"):
                return cls(from_url(url))
            folder = Path(url.removeprefix("file://"))
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return cls(LocalStore(folder))
        except (BaseError, OSError, ValueError) as error:
            raise StoreError(f"The raw store cannot be opened, check MEETING_ASSETS_RAW_URL: {error}") from None

    def write(self, day: date, recording_id: str, kind: str, artifact_id: str, payload: bytes) -> RawObject:
        """Keeps an artifact's bytes.

        Raises:
            StoreError: they could not be written.
        """
        sha256 = hashlib.sha256(payload).hexdigest()
        key = f"{day}/{recording_id}/{kind}/{artifact_id}/{sha256}.zst"
        self._put(key, zstandard.ZstdCompressor(level=3).compress(payload))
        return RawObject(key, sha256, len(payload))

    def read(self, key: str, sha256: str) -> bytes | None:
        """An artifact's bytes, or None where they are missing or no longer what they were."""
        stored = self._get(key)
        if stored is None:
            return None
        try:
            payload = zstandard.ZstdDecompressor().decompress(stored)
        except zstandard.ZstdError:
            return None
        return payload if hashlib.sha256(payload).hexdigest() == sha256 else None

    def write_listing(self, day: date, recording_id: str, listing: bytes) -> None:
        """Keeps what the API listed of a recording."""
        self._put(f"{day}/{recording_id}/recording.json", listing)

    def belongs_to(self, origin: str) -> None:
        """Claims a new raw store for an API origin.

        Raises:
            StoreError: it holds the meetings of another one.
        """
        stored = self._get(ORIGIN)
        held = msgspec.json.decode(stored)["api_origin"] if stored else None
        if held is None:
            self._put(ORIGIN, msgspec.json.encode({"api_origin": origin}))
        elif held != origin:
            raise StoreError(
                f"The raw store holds meetings from {held}, not from {origin}: "
                "choose another MEETING_ASSETS_HOME or MEETING_ASSETS_RAW_URL."
            )

    def _put(self, key: str, content: bytes) -> None:
        try:
            self._store.put(key, content)
        except (BaseError, OSError) as error:
            raise StoreError(f"The raw store does not take {key}: {type(error).__name__}") from error

    def _get(self, key: str) -> bytes | None:
        try:
            return bytes(self._store.get(key).bytes())
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as error:
            raise StoreError(f"The raw store does not give {key}: {type(error).__name__}") from error


def without_queries(payload: bytes) -> bytes:
    r"""A JSON document with the query of every URL taken off.

    Signatures are secrets, and they change with every download while the content does not.

    >>> without_queries(b'{"download_url": "https://host/a.mp4?Signature=x\\u0026Expires=1", "n": 1}')
    b'{"download_url": "https://host/a.mp4", "n": 1}'
    """
    return _QUERY.sub(rb"\1", payload)
