"""The picture of all sandbox videos: one encoded H.264 key frame, 640×360, a light field on a dark ground."""

from base64 import b64decode
from dataclasses import dataclass
from functools import cache
from struct import pack

WIDTH, HEIGHT = 640, 360
SEQUENCE = b64decode("Z01AFtwKAv+WEAAAAwAQAAADAEDxYvg=")
"""Sequence parameter set; its bytes 1 to 3 are profile, constraints and level."""
PICTURE = b64decode("aO4ESyA=")
"""Picture parameter set."""
SLICE = b64decode(
    "ZYiEBL/+21vzLKHAaqBy+jCS/XDqy93CpQNGUM7TyXqZgAAAAwAAAwAAKOXgfWmQPCalQAAAHYAGBCUhUA/x5zKSeINOfe6p8kF7CagPoXQgI2RqCtAAAAMA"
    "o/1CEKAAAAMAAAMAAAMAACzh"
)
"""Made once by libx264; with it in this file, no machine needs an encoder, and all have the same bytes."""


@dataclass(frozen=True)
class Picture:
    """An encoded picture as MP4 files have it."""

    sample: bytes
    configuration: bytes
    """AVCDecoderConfigurationRecord."""


@cache
def encoded_picture() -> Picture:
    """The picture with its decoder configuration; lengths of units take four bytes."""
    sets = b"".join((b"\xe1", _sized(SEQUENCE), b"\x01", _sized(PICTURE)))
    return Picture(pack(">I", len(SLICE)) + SLICE, b"\x01" + SEQUENCE[1:4] + b"\xff" + sets)


def _sized(unit: bytes) -> bytes:
    return pack(">H", len(unit)) + unit
