"""Ranges of bytes in requests and responses (RFC 9110, sections 13 and 14), for one range in each request."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

RANGE = re.compile(r"bytes=(?P<first>\d*)-(?P<last>\d*)")
CONTENT_RANGE = re.compile(r"bytes (?P<first>\d+)-(?P<last>\d+)/\d+")


class UnsatisfiableRangeError(Exception):
    """The range starts at or after the end of the file."""


@dataclass(frozen=True)
class Extent:
    """Bytes of a file from `first` up to `end`."""

    first: int
    end: int


def requested_extent(headers: Mapping[str, str], size_bytes: int, etag: str) -> Extent | None:
    """The extent that a request asks for; None for the whole file.

    A malformed range, several ranges, and a range whose `If-Range` is not this strong ETag mean the whole file.

    >>> requested_extent({"range": "bytes=6-"}, 10, '"a"')
    Extent(first=6, end=10)
    >>> requested_extent({"range": "bytes=-3"}, 10, '"a"')
    Extent(first=7, end=10)
    >>> requested_extent({"range": "bytes=6-", "if-range": '"b"'}, 10, '"a"') is None
    True
    """
    found = RANGE.fullmatch(headers.get("range", "").strip())
    if not found or not (found["first"] or found["last"]) or headers.get("if-range", etag) != etag:
        return None
    if not found["first"]:
        first, last = max(0, size_bytes - int(found["last"])), size_bytes - 1
    else:
        first, last = int(found["first"]), min(int(found["last"] or size_bytes), size_bytes - 1)
        if found["last"] and int(found["last"]) < first:
            return None
    if first >= size_bytes:
        raise UnsatisfiableRangeError
    return Extent(first, last + 1)


def first_sent(content_range: str | None) -> int:
    """Offset of the first byte of a response with this `Content-Range`; 0 without one."""
    found = CONTENT_RANGE.fullmatch(content_range or "")
    return int(found["first"]) if found else 0
