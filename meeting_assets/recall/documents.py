"""Decodes the JSON of the API: a page of a list as a whole, or object by object where one of them is malformed.

Text is repaired: NUL, lone surrogates and bytes that are not UTF-8 become U+FFFD. A number that no column takes (NaN,
infinity, 1e400, an integer of thousands of digits) becomes `UNREADABLE`, which no field accepts: an object is refused
where such a number matters, and read where it does not.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

import msgspec

BOM = b"\xef\xbb\xbf"
MOST_DIGITS = 4300
"""Python converts no longer integers."""

_SUSPICIOUS = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])|\xed[\xa0-\xbf]")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{},]', re.DOTALL)
_NAMED = re.compile(rb'\s*+"([^"\\]*+)"\s*+:\s*+(.*)', re.DOTALL)
_OPENING, _CLOSING, _COMMA = b"[{", b"]}", b","[0]


class Unreadable:
    """The type of `UNREADABLE`."""

    def __repr__(self) -> str:
        return "UNREADABLE"


UNREADABLE = Unreadable()
"""Replaces a number that no column takes."""


class Malformed(dict[str, Any]):
    """A listed object that cannot be decoded: it holds the id, where that can be read, and nothing else."""


def decoded(content: bytes) -> Any:
    """A JSON document with text and numbers that can be stored.

    Raises:
        ValueError, RecursionError: it is not JSON, or nested too deeply.
    """
    content = content.removeprefix(BOM)
    if not _SUSPICIOUS.search(content):
        try:
            return msgspec.json.decode(content)
        except ValueError:
            pass  # the tolerant decoder has the last word
    text = content.decode(errors="replace")
    return _storable_text(
        json.loads(text, strict=False, parse_int=_integer, parse_float=_float, parse_constant=lambda _: UNREADABLE)
    )


def decoded_page(content: bytes) -> Any:
    """A page of a list; where it cannot be decoded as a whole, a malformed object costs its page nothing else.

    Raises:
        KeyError, ValueError, RecursionError: the page around the objects cannot be decoded.
    """
    try:
        return decoded(content)
    except (ValueError, RecursionError):
        members = dict(_members(content.removeprefix(BOM)))
    results = members["results"]
    if not results.startswith(b"["):
        raise ValueError("results is not an array")
    page = {name: decoded(members[name]) for name in ("next", "count") if name in members}
    return page | {"results": [_element(each) for each in _parts(results)]}


def _element(content: bytes) -> Any:
    try:
        return decoded(content)
    except (ValueError, RecursionError):
        return Malformed(_id_in(content))


def _id_in(content: bytes) -> dict[str, Any]:
    try:
        return {"id": decoded(dict(_members(content))["id"])}
    except (ValueError, KeyError, RecursionError):
        return {}


def _members(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and values of a JSON object, the values not decoded."""
    if not content.lstrip().startswith(b"{"):
        raise ValueError("not an object")
    for part in _parts(content):
        if named := _NAMED.fullmatch(part):
            yield named[1].decode(errors="replace"), named[2]


def _parts(content: bytes) -> list[bytes]:
    """What stands between the commas of a JSON array or object, not decoded and however deeply nested.

    >>> _parts(b'[1e400, {"a": [2, "]"]}]')
    [b'1e400', b' {"a": [2, "]"]}']
    """
    parts: list[bytes] = []
    depth = start = 0
    for token in _TOKEN.finditer(content):
        mark = content[token.start()]
        if mark in _OPENING:
            depth += 1
            start = start if depth > 1 else token.end()
        elif mark in _CLOSING:
            depth -= 1
        if depth == 0 or (depth == 1 and mark == _COMMA):
            parts.append(content[start : token.start()])
            start = token.end()
        if depth == 0:
            break
    if depth or content[start:].strip():
        raise ValueError("brackets do not match")
    return [part for part in parts if part.strip()]


def _integer(text: str) -> int | Unreadable:
    return int(text) if len(text) <= MOST_DIGITS else UNREADABLE


def _float(text: str) -> float | Unreadable:
    value = float(text)
    return value if math.isfinite(value) else UNREADABLE


def _storable_text(document: Any) -> Any:
    if isinstance(document, str):
        return _UNSTORABLE.sub("\ufffd", document)
    if isinstance(document, list):
        return [_storable_text(each) for each in document]
    if isinstance(document, dict):
        return {_storable_text(key): _storable_text(value) for key, value in document.items()}
    return document
