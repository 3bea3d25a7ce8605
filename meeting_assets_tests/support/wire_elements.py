"""A payload whose elements use every feature of decoding, and its faults."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from meeting_assets.artifacts.wire import Moment, Speaker, decoded
from meeting_assets.core.errors import PayloadError


class Element(msgspec.Struct):
    """An element of a payload that uses every feature of decoding."""

    participant: Speaker
    text: str = ""
    at: Moment | None = None
    number: float | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")


def element(**fields: Any) -> bytes:
    """Encodes a payload of one element with these fields."""
    return json.dumps([{"participant": {"id": 1}, **fields}]).encode()


def fault(payload: bytes, shape: Any = list[Element]) -> str:
    """Returns the fault of a payload that is quarantined."""
    with pytest.raises(PayloadError) as quarantined:
        decoded(payload, shape)
    return str(quarantined.value)
