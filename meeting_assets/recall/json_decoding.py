"""Decodes the API's JSON. A page is decoded as a whole, or object by object if one of its objects is malformed.

Text is repaired: NUL, lone surrogates and bytes that are not UTF-8 become U+FFFD. A number that no column can store
(NaN, infinity, 1e400, an integer of thousands of digits) becomes `INVALID_NUMBER`. Validation then rejects the object
if one of its known fields has this value, and ignores the value in other fields.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

import msgspec

BOM = b"\xef\xbb\xbf"
MAX_DIGITS = 4300
"""Python's default limit for converting text to an integer."""

_SUSPICIOUS = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])|\xed[\xa0-\xbf]")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{},]', re.DOTALL)
_NAMED = re.compile(rb'\s*+"([^"\\]*+)"\s*+:\s*+(.*)', re.DOTALL)
_OPENING, _CLOSING, _COMMA = b"[{", b"]}", b","[0]


class InvalidNumber:
    """The type of `INVALID_NUMBER`."""

    def __repr__(self) -> str:
        return "INVALID_NUMBER"


INVALID_NUMBER = InvalidNumber()
"""Replaces a number that no column can store."""


class MalformedObject(dict[str, Any]):
    """A listed object that is not valid JSON. It contains its id, if that is readable, and no other field."""


def decode_json(content: bytes) -> Any:
    """A JSON document with storable text and numbers.

    Raises:
        ValueError, RecursionError: the content is not JSON, or nested too deeply.
    """
    content = content.removeprefix(BOM)
    if not _SUSPICIOUS.search(content):
        try:
            return msgspec.json.decode(content)
        except ValueError:
            pass  # the tolerant decoder below may still succeed
    text = content.decode(errors="replace")
    return _storable_text(
        json.loads(text, strict=False, parse_int=_integer, parse_float=_float, parse_constant=lambda _: INVALID_NUMBER)
    )


def decode_page(content: bytes) -> Any:
    """A page of a list. Malformed objects become `MalformedObject`; the others are decoded.

    Raises:
        KeyError, ValueError, RecursionError: the page itself is malformed.
    """
    try:
        return decode_json(content)
    except (ValueError, RecursionError):
        members = dict(_members(content.removeprefix(BOM)))
    results = members["results"]
    if not results.startswith(b"["):
        raise ValueError("results is not an array")
    page = {name: decode_json(members[name]) for name in ("next", "count") if name in members}
    return page | {"results": [_element(each) for each in _parts(results)]}


def _element(content: bytes) -> Any:
    try:
        return decode_json(content)
    except (ValueError, RecursionError):
        return MalformedObject(_id_in(content))


def _id_in(content: bytes) -> dict[str, Any]:
    try:
        return {"id": decode_json(dict(_members(content))["id"])}
    except (ValueError, KeyError, RecursionError):
        return {}


def _members(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and undecoded values of a JSON object."""
    if not content.lstrip().startswith(b"{"):
        raise ValueError("not an object")
    for part in _parts(content):
        if named := _NAMED.fullmatch(part):
            yield named[1].decode(errors="replace"), named[2]


def _parts(content: bytes) -> list[bytes]:
    """Splits a JSON array or object at its commas, without decoding and at any depth of nesting.

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


def _integer(text: str) -> int | InvalidNumber:
    return int(text) if len(text) <= MAX_DIGITS else INVALID_NUMBER


def _float(text: str) -> float | InvalidNumber:
    value = float(text)
    return value if math.isfinite(value) else INVALID_NUMBER


def _storable_text(document: Any) -> Any:
    if isinstance(document, str):
        return _UNSTORABLE.sub("\ufffd", document)
    if isinstance(document, list):
        return [_storable_text(each) for each in document]
    if isinstance(document, dict):
        return {_storable_text(key): _storable_text(value) for key, value in document.items()}
    return document
