"""What all payloads share: decoding with the place of a fault, participants, timestamps.

Text is repaired: NUL characters and lone surrogates, which no database takes, become U+FFFD and are counted.
Structure is not: bytes that are no JSON, or JSON of another shape, are a `PayloadError` that starts with the place.

>>> decoded(b'[1, "two"]', list[int])
Traceback (most recent call last):
    ...
meeting_assets.core.errors.PayloadError: [1]: expected int, got str
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from meeting_assets.core.errors import PayloadError

DEEPEST_NESTING = 200
UNKNOWN = "unknown"

Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Shape = TypeVar("Shape")

_BOM = b"\xef\xbb\xbf"
_ESCAPE = re.compile(
    rb"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|.)", re.DOTALL
)
_SURROGATE = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
_SUSPICIOUS = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])|\x00|\xed[\xa0-\xbf]")
_AT = re.compile(r" - at `\$?(?P<path>[^`]*)`$")
_BYTE = re.compile(r" \(byte (?P<byte>\d+)\)$")


class Speaker(msgspec.Struct, frozen=True, gc=False):
    """A participant as named beside what was said or done; `id` is None under machine diarization."""

    id: Int64 | None
    name: str | None = None


class Offset(msgspec.Struct, frozen=True, gc=False):
    """A moment of the recording."""

    relative: float | None = None


class Moment(msgspec.Struct, frozen=True, gc=False):
    """A moment of the recording and of the clock; either may be missing."""

    relative: float | None = None
    absolute: datetime | None = None


def decoded(payload: bytes, shape: type[Shape]) -> tuple[Shape, int]:
    """The payload as its wire format, and how many characters of text were repaired.

    Raises:
        PayloadError: the place of the first fault and what is wrong there, never what the payload says.
    """
    document, repaired = repaired_text(payload.removeprefix(_BOM))
    try:
        return msgspec.json.decode(document, type=shape), repaired
    except msgspec.ValidationError as error:
        raise PayloadError(_place_of(str(error))) from None
    except msgspec.DecodeError as error:
        raise PayloadError(_byte_of(str(error), len(document))) from None
    except UnicodeDecodeError:
        raise PayloadError(f"byte {_first_invalid_byte(document)}: text is not UTF-8") from None
    except RecursionError:
        raise PayloadError(f"somewhere: nested more than {DEEPEST_NESTING} levels") from None


def repaired_text(document: bytes) -> tuple[bytes, int]:
    r"""JSON without NUL characters and lone surrogates, and how many there were.

    >>> repaired_text(rb'["a\u0000b", "\ud83d\ude00", "\ud83d", "\\u0000"]')
    (b'["a\\ufffdb", "\\ud83d\\ude00", "\\ufffd", "\\\\u0000"]', 2)
    """
    if not _SUSPICIOUS.search(document):
        return document, 0
    repaired = document.count(b"\x00")
    document = document.replace(b"\x00", rb"\ufffd")
    document, raw_surrogates = _SURROGATE.subn(rb"\\ufffd", document)
    lone = 0

    def mend(escape: re.Match[bytes]) -> bytes:
        nonlocal lone
        code = escape.group(3)
        if code is None or not (code == b"0000" or 0xD800 <= int(code, 16) <= 0xDFFF):
            return escape.group()
        lone += 1
        return rb"\ufffd"

    return _ESCAPE.sub(mend, document), repaired + raw_surrogates + lone


def participant_key(participant_id: int | None, name: str | None) -> str:
    """How a speaker is called in every table.

    >>> participant_key(100, "Ada"), participant_key(None, "Speaker A"), participant_key(None, None)
    ('100', 'label:Speaker A', 'unknown')
    """
    if participant_id is not None:
        return str(participant_id)
    return f"label:{name}" if name else UNKNOWN


def kept_json(document: msgspec.Raw, place: str) -> str | None:
    """A part of the payload that is stored as it is; None for `null`.

    Raises:
        PayloadError: it is nested deeper than databases and readers take.
    """
    text = bytes(document).decode()
    if text == "null":
        return None
    # Counting brackets is cheap and mostly enough: so few cannot be nested so deep.
    if text.count("[") + text.count("{") > DEEPEST_NESTING and nesting(text) > DEEPEST_NESTING:
        raise PayloadError(f"{place}: nested more than {DEEPEST_NESTING} levels")
    return text


_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


def nesting(text: str) -> int:
    """How deep a JSON document is nested.

    >>> nesting('{"a": ["]["]}'), nesting("1")
    (2, 0)
    """
    deepest = depth = 0
    for token in _BRACKET.finditer(text):
        if token.group() in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif token.group() in "]}":
            depth -= 1
    return deepest


def _place_of(message: str) -> str:
    at = _AT.search(message)
    path = at.group("path") if at else ""
    cause = (message[: at.start()] if at else message).replace("`", "")
    return f"{path.lstrip('.') or 'document'}: {cause[:1].lower()}{cause[1:]}"


def _byte_of(message: str, size: int) -> str:
    at = _BYTE.search(message)
    cause = (message[: at.start()] if at else message).removeprefix("JSON is malformed: ")
    return f"byte {at.group('byte') if at else size}: {cause[:1].lower()}{cause[1:]}"


def _first_invalid_byte(document: bytes) -> int:
    try:
        document.decode()
    except UnicodeDecodeError as error:
        return error.start
    return 0


def name_or_none(extra: Any, *path: str) -> str | None:
    """A non-empty text at a path of nested objects, or None."""
    for step in path:
        extra = extra.get(step) if isinstance(extra, dict) else None
    return extra if isinstance(extra, str) and extra else None
