"""One media download: the next request, and the meaning of each response for the partial file.

A partial file is resumed only if the server has named its content by a strong ETag. Everything that does not fit
starts the file again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

import httpx

from meeting_assets.core.errors import ApiError, Transient
from meeting_assets.recall.responses import check_download_status

MAX_RESTARTS = 3
"""Restarts of one download from its first byte."""

_CONTENT_RANGE = re.compile(r"bytes (?:(?P<first>\d+)-(?P<last>\d+)|\*)/(?P<total>\d+)")
_MARKUP = re.compile(r"(text/html|application/xhtml\+xml|(text|application)/xml)\b")


class PartialFile(Protocol):
    """The stored beginning of one media file."""

    @property
    def size_bytes(self) -> int: ...

    @property
    def etag(self) -> str | None:
        """The ETag of the content that the stored bytes belong to."""

    @property
    def total_bytes(self) -> int | None:
        """The length of the whole content, as far as the server has stated it."""

    def begin(self, etag: str | None, total_bytes: int | None) -> None:
        """Removes all stored bytes; those that follow belong to this content."""

    def append(self, chunk: bytes) -> None:
        """Stores the next bytes."""

    def finish(self) -> str:
        """Writes everything to the disk; returns the SHA-256 of the content."""


@dataclass(slots=True)
class Transfer:
    """One download: its next request, and the meaning of a response for the partial file."""

    partial: PartialFile
    expected_bytes: int | None
    content_type: str | None = None
    is_complete: bool = False
    restarts: int = 0
    _total_bytes: int | None = None

    def request_headers(self) -> dict[str, str]:
        if not self.partial.size_bytes:
            return {}
        etag = _strong(self.partial.etag)
        if etag is None:
            self._start_again()
            return {}
        return {"Range": f"bytes={self.partial.size_bytes}-", "If-Range": etag}

    def accept(self, response: httpx.Response) -> bool:
        """Prepares the partial file for the body of a response; False if the body is not needed.

        Raises:
            ApiError: as `MediaClient.download`.
        """
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            self._accept_no_rest(response)
            return False
        if response.status_code == httpx.codes.PARTIAL_CONTENT:
            return self._accept_rest(response)
        check_download_status(response)
        _reject_other_content(response)
        if self.partial.size_bytes:
            self._count_restart()
        self._begin(response, _content_length(response))
        return True

    def append(self, chunk: bytes) -> None:
        """Stores the next bytes, unless the file is longer than announced."""
        self.partial.append(chunk)
        if self.expected_bytes is not None and self.partial.size_bytes > self.expected_bytes:
            self.check_length(self.partial.size_bytes)

    def note_end(self, stored_bytes: int) -> None:
        """Notes that a body has ended without an error; a server may send less than the whole rest.

        Raises:
            Transient: there was no body. `stored_bytes` were stored before it.
        """
        self.is_complete = self._total_bytes is None or self.partial.size_bytes >= self._total_bytes
        if not self.is_complete and self.partial.size_bytes <= stored_bytes:
            raise Transient("a media download ended without any content")

    def check_length(self, length: int | None) -> None:
        """Raises an error if a length is not the announced one."""
        if length is not None and self.expected_bytes is not None and length != self.expected_bytes:
            raise ApiError(f"the file has {length} bytes, but Recall.ai announces {self.expected_bytes}")

    def _accept_rest(self, response: httpx.Response) -> bool:
        found = _content_range(response)
        is_rest = found is not None and found["first"] == str(self.partial.size_bytes)
        is_same = _strong(response.headers.get("ETag")) in {None, self.partial.etag}
        total = int(found["total"]) if found else None
        if not is_rest or not is_same or self.partial.total_bytes not in {None, total}:
            self._start_again()
            return False
        _reject_other_content(response)
        self._begin(response, total)
        return True

    def _accept_no_rest(self, response: httpx.Response) -> None:
        found = _content_range(response)
        is_same = _strong(response.headers.get("ETag")) in {None, self.partial.etag}
        if found and is_same and int(found["total"]) == self.partial.size_bytes:
            self.is_complete = True
        else:
            self._start_again()

    def _begin(self, response: httpx.Response, total_bytes: int | None) -> None:
        """Notes the content of a body: the rest of the partial file with status 206, otherwise the whole content."""
        self.check_length(total_bytes)
        self.content_type = _content_type(response)
        self._total_bytes = total_bytes
        if response.status_code != httpx.codes.PARTIAL_CONTENT or not self.partial.size_bytes:
            self.partial.begin(response.headers.get("ETag"), total_bytes)

    def _start_again(self) -> None:
        self._count_restart()
        self.partial.begin(None, None)

    def _count_restart(self) -> None:
        self.restarts += 1
        if self.restarts > MAX_RESTARTS:
            self.partial.begin(None, None)
            raise ApiError(f"the download started from its first byte {MAX_RESTARTS} times and was never complete")


def _strong(etag: str | None) -> str | None:
    """An ETag that names exact bytes; a weak one does not."""
    return etag if etag and etag.startswith('"') else None


def _content_length(response: httpx.Response) -> int | None:
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else None


def _content_range(response: httpx.Response) -> re.Match[str] | None:
    return _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip().lower())


def _content_type(response: httpx.Response) -> str | None:
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower() or None


def _reject_other_content(response: httpx.Response) -> None:
    """Rejects error pages of proxies, and compression that was not asked for.

    Raises:
        Transient: a later attempt may give the file.
    """
    if _MARKUP.match(_content_type(response) or ""):
        raise Transient("the download gave a page instead of a media file")
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in {"", "identity"}:
        raise Transient(f"the download is compressed ({encoding[:20]}), although that was not asked for")
