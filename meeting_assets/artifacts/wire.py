"""Decoding of payloads, and the parts that all wire formats share: participants and timestamps.

Text is repaired: NUL characters and lone surrogates, which databases reject, become U+FFFD and are counted.
Structure is not repaired: bytes that are not JSON, or JSON of another shape, raise a `PayloadError` that starts with
the place of the first fault. Every decoded value can be stored in its column.

>>> decoded(b'[1, "two"]', list[int])
Traceback (most recent call last):
    ...
meeting_assets.core.errors.PayloadError: [1]: expected int, got str
"""

from __future__ import annotations

import re
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from meeting_assets.core.errors import PayloadError
from meeting_assets.core.instants import make_aware, utc
from meeting_assets.core.names import normalized_name
from meeting_assets.core.speaker_keys import LABEL_PREFIX, UNKNOWN

DEEPEST_NESTING = 200
LONGEST_KEY = 300

Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
# Larger values are not times of a meeting and can overflow to infinity. These fit into 64 bits as microseconds.
Seconds = Annotated[float, Meta(ge=-9e12, le=9e12)]
Shape = TypeVar("Shape")


class Speaker(msgspec.Struct, frozen=True, gc=False):
    """The participant of an utterance or event. `id` is None under machine diarization."""

    id: Int64 | None
    name: str | None = None


class Offset(msgspec.Struct, frozen=True, gc=False):
    """A position in the recording."""

    relative: Seconds | None = None


class Moment(msgspec.Struct, frozen=True, gc=False):
    """A position in the recording and the clock time. Either may be missing."""

    relative: Seconds | None = None
    absolute: datetime | None = None

    def __post_init__(self) -> None:
        if self.absolute is not None:
            make_aware(self, "absolute")


def relative_s(moment: Moment | None) -> float | None:
    """Returns the seconds from the start of the recording, as given."""
    return None if moment is None else moment.relative


def absolute_at(moment: Moment | None) -> datetime | None:
    """Returns the clock time in UTC."""
    return None if moment is None or moment.absolute is None else utc(moment.absolute)


def participant_key(participant_id: int | None, name: str | None) -> str:
    """Returns the key of a speaker in every table.

    Equivalent Unicode encodings of a label, such as composed and decomposed letters, have one key. Case is significant.

    >>> participant_key(100, "Ada"), participant_key(None, " Speaker  A "), participant_key(None, None)
    ('100', 'label:Speaker A', 'unknown')
    """
    if participant_id is not None:
        return str(participant_id)
    label = normalized_name(name) if name else ""
    return indexable(f"{LABEL_PREFIX}{label}") if label else UNKNOWN


def indexable(key: str) -> str:
    """Returns the key, shortened to beginning and digest if an index of PostgreSQL cannot contain two of its length."""
    return key if len(key) <= LONGEST_KEY else f"{key[:200]}…{sha256(key.encode()).hexdigest()}"


def decoded(payload: bytes, shape: type[Shape]) -> tuple[Shape, int]:
    """Returns the decoded payload and the number of repaired characters.

    Raises:
        PayloadError: with the place and the cause of the first fault, and no text of the payload.
    """
    if payload.startswith(_GZIP):
        raise PayloadError("byte 0: gzip that cannot be decompressed")
    document, repaired = repaired_text(payload.removeprefix(_BOM))
    try:
        document.decode()  # msgspec does not check the text of skipped fields
        if _may_be_deep(document) and (at := _too_deep_at(document)) is not None:
            raise PayloadError(f"byte {_in_payload(at, payload)}: {_TOO_DEEP}")
        return msgspec.json.decode(document, type=shape), repaired
    except msgspec.ValidationError as error:
        older = " (a shape from before API v1.11)" if _is_from_older_api(document) else ""
        raise PayloadError(_shape_fault(str(error)) + older) from None
    except msgspec.DecodeError as error:
        at, cause = _syntax_fault(str(error), document)
        raise PayloadError(f"byte {_in_payload(at, payload)}: {cause}") from None
    except UnicodeDecodeError as error:
        raise PayloadError(f"byte {_in_payload(error.start, payload)}: text is not UTF-8") from None
    except RecursionError:
        at = _too_deep_at(document) or 0
        raise PayloadError(f"byte {_in_payload(at, payload)}: {_TOO_DEEP}") from None


def decoded_part(part: msgspec.Raw, shape: Any, path: str) -> Any:
    """Returns a part of a decoded document; for parts whose shape depends on other fields.

    Raises:
        PayloadError: with the place of the first fault, which begins with `path`.
    """
    try:
        return msgspec.json.decode(part, type=shape)
    except msgspec.ValidationError as error:
        raise PayloadError(_shape_fault(str(error), path)) from None


def kept_json(part: msgspec.Raw, path: str) -> tuple[str | None, Any]:
    """Returns the JSON text of a part of the payload, None for `null`, and the decoded part.

    Raises:
        PayloadError: the part contains a number that is out of range.
    """
    value = decoded_part(part, Any, path)
    return None if value is None else bytes(part).decode(), value


_BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"
_REPLACEMENT = "\ufffd".encode()
_SUSPICIOUS = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u(0000|[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
_SURROGATE = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")


def repaired_text(document: bytes) -> tuple[bytes, int]:
    r"""Returns JSON without NUL characters and lone surrogates, and the number of these.

    >>> repaired_text(rb'["a\u0000b", "\ud83d\ude00", "\ud83d", "\\u0000"]')
    (b'["a\\ufffdb", "\\ud83d\\ude00", "\\ufffd", "\\\\u0000"]', 2)
    """
    # perf: the regular expressions cost more than decoding, searching for a byte is almost free (benchmarks load)
    repaired = 0
    if b"\x00" in document:
        repaired = document.count(b"\x00")
        document = document.replace(b"\x00", _REPLACEMENT)
    if b"\xed" in document:
        document, surrogates = _SURROGATE.subn(_REPLACEMENT, document)
        repaired += surrogates
    if b"\\" in document and _SUSPICIOUS.search(document):
        lone = 0

        def replaced(escape: re.Match[bytes]) -> bytes:
            nonlocal lone
            if escape[1] is None:
                return escape[0]
            lone += 1
            return rb"\ufffd"

        document = _ESCAPE.sub(replaced, document)
        repaired += lone
    return document, repaired


_TOO_DEEP = f"nested more than {DEEPEST_NESTING} levels"
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_AS_SQUARE = bytes.maketrans(b"{}", b"[]")
_ALL_BUT_MARKS = bytes(set(range(256)) - set(b'[]{}"'))


def _may_be_deep(document: bytes) -> bool:
    """Whether brackets are nested too deeply, or do not match."""
    brackets = _brackets(document)
    for level in range(DEEPEST_NESTING):
        if len(brackets) <= DEEPEST_NESTING - level:
            return False
        without_innermost = brackets.replace(b"[]", b"")
        if len(without_innermost) == len(brackets):
            return True
        brackets = without_innermost
    return bool(brackets)


def _brackets(document: bytes) -> bytes:
    r"""Returns the brackets outside of strings, with braces replaced by square brackets.

    >>> _brackets(rb'[{"a\"]": "]"}, []]')
    b'[[][]]'
    """
    # perf: iterating over tokens costs more than decoding; these calls process whole documents (benchmarks load)
    if b"\\" in document:
        document = document.replace(b"\\\\", b"").replace(b'\\"', b"")
    marks = document.translate(_AS_SQUARE, _ALL_BUT_MARKS).replace(b'""', b"")
    # Brackets between quotation marks belong to one string.
    return b"".join(marks.split(b'"')[::2]) if b'"' in marks else marks


def _too_deep_at(document: bytes) -> int | None:
    """Returns the position of the first bracket that is nested too deeply."""
    depth = 0
    for token in _TOKEN.finditer(document):
        if document[token.start()] in b"[{":
            depth += 1
        elif document[token.start()] in b"]}":
            depth -= 1
        if depth > DEEPEST_NESTING:
            return token.start()
    return None


_AT = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_BYTE = re.compile(r" \(byte (?P<byte>\d+)\)$")


def _shape_fault(message: str, prefix: str = "") -> str:
    at = _AT.search(message)
    path = prefix + (at["path"] if at else "")
    return f"{path.removeprefix('.') or 'byte 0'}: {_lowercase_start(message[: at.start()] if at else message)}"


def _syntax_fault(message: str, document: bytes) -> tuple[int, str]:
    at = _BYTE.search(message)
    if at is None:
        return len(document), _lowercase_start(message)
    return int(at["byte"]), _lowercase_start(message[: at.start()].removeprefix("JSON is malformed: "))


def _lowercase_start(cause: str) -> str:
    cause = cause.replace("`", "").replace(" | null", "")
    return cause[:1].lower() + cause[1:]


def _in_payload(offset: int, payload: bytes) -> int:
    """Converts an offset in the repaired document to one in the payload: a repaired NUL is two bytes longer."""
    body = payload.removeprefix(_BOM)
    for nul in re.finditer(b"\x00", body):
        if nul.start() >= offset:
            break
        offset -= len(_REPLACEMENT) - 1
    return offset + len(payload) - len(body)


def _is_from_older_api(document: bytes) -> bool:
    """Whether an element names its speaker as before API v1.11: by `speaker` or `user_id`, without a participant."""
    try:
        elements = msgspec.json.decode(document, type=list[dict[str, msgspec.Raw]])
    except msgspec.DecodeError:
        return False
    return any("participant" not in each and not each.keys().isdisjoint(("speaker", "user_id")) for each in elements)
