"""Large files of pseudo-random bytes for load and fault tests, made while they are sent."""

from functools import cache
from hashlib import sha256
from random import Random

from .content import BlockContent, etag_of

BLOCK_BYTES = 64 * 2**10
NOISE_BYTES = 2**20 + 7
"""Length of the shared noise; no multiple of a chunk, so that repeated or lost chunks change the content."""
RANDOM_TYPE = "application/octet-stream"


class RandomContent(BlockContent):
    """`size_bytes` bytes that `key` determines; each block of 64 KiB starts with a hash of key and position."""

    def __init__(self, key: str, size_bytes: int, media_type: str = RANDOM_TYPE) -> None:
        super().__init__(size_bytes, BLOCK_BYTES, media_type, etag_of("random", key, size_bytes))
        self._key = key

    def block(self, index: int) -> bytes:
        stamp = sha256(f"{self._key}/{index}".encode()).digest()
        first = int.from_bytes(stamp[:4]) % (NOISE_BYTES - BLOCK_BYTES)
        return stamp + _noise()[first + len(stamp) : first + BLOCK_BYTES]


@cache
def _noise() -> bytes:
    return Random("sandbox/noise").randbytes(NOISE_BYTES)
