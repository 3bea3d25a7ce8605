"""Content of media files: bytes by offset, made on request, so that no file is ever whole in memory or on a disk."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from hashlib import md5
from typing import Protocol

CHUNK_BYTES = 256 * 2**10


class Content(Protocol):
    """The content of one media file. The same description always gives the same bytes."""

    @property
    def size_bytes(self) -> int: ...

    @property
    def media_type(self) -> str: ...

    @property
    def etag(self) -> str:
        """The strong ETag, with its quotation marks."""

    def read(self, first: int, count: int) -> bytes:
        """At most `count` bytes from the offset `first` on; fewer only at the end."""


def etag_of(*description: object) -> str:
    """The strong ETag of content with this description.

    >>> etag_of("voice", 3)
    '"070757a59bcc598f90db4f1ef03fd85b"'
    """
    return f'"{md5(repr(description).encode(), usedforsecurity=False).hexdigest()}"'


def chunks(content: Content, first: int = 0, end: int | None = None) -> Iterator[bytes]:
    """The bytes from `first` up to `end`, in chunks."""
    stop = content.size_bytes if end is None else end
    for offset in range(first, stop, CHUNK_BYTES):
        yield content.read(offset, min(CHUNK_BYTES, stop - offset))


class BytesContent:
    """Content that is in memory."""

    def __init__(self, body: bytes, media_type: str) -> None:
        self._body = body
        self.size_bytes = len(body)
        self.media_type = media_type
        self.etag = etag_of(body)

    def read(self, first: int, count: int) -> bytes:
        return self._body[first : first + count]


class Truncated:
    """The first bytes of other content."""

    def __init__(self, content: Content, size_bytes: int) -> None:
        self._content = content
        self.size_bytes = min(size_bytes, content.size_bytes)
        self.media_type = content.media_type
        self.etag = etag_of("truncated", content.etag, size_bytes)

    def read(self, first: int, count: int) -> bytes:
        return self._content.read(first, max(0, min(count, self.size_bytes - first)))


class BlockContent(ABC):
    """A header, then blocks of `block_bytes`, of which the last may be shorter; each is made on request."""

    def __init__(self, size_bytes: int, block_bytes: int, media_type: str, etag: str, header: bytes = b"") -> None:
        self.size_bytes = size_bytes
        self.media_type = media_type
        self.etag = etag
        self._header = header
        self._block_bytes = block_bytes

    @abstractmethod
    def block(self, index: int) -> bytes:
        """The block with this index; bytes beyond the end of the file are ignored."""

    def read(self, first: int, count: int) -> bytes:
        end = min(first + count, self.size_bytes)
        found = [self._header[first:end]]
        first, end = first - len(self._header), end - len(self._header)
        at = max(0, first)
        while at < end:
            index, skipped = divmod(at, self._block_bytes)
            piece = self.block(index)[skipped : skipped + end - at]
            found.append(piece)
            at += len(piece)
        return b"".join(found)
