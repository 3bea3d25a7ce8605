"""Boxes of MP4 files (ISO/IEC 14496-12) for tracks whose samples all have one size and one duration."""

from collections.abc import Sequence
from dataclasses import dataclass
from struct import pack

from .picture import HEIGHT, WIDTH
from .voices import RATE_HZ

MATRIX = pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
UNDETERMINED = 0x55C4
"""The language code `und`."""
MILLISECONDS = 1000
MP3_OBJECT_TYPE = 0x6B


@dataclass(frozen=True)
class Track:
    """One track, whose chunks alternate with those of the other tracks."""

    kind: str
    """`vide` or `soun`."""
    rate: int
    """Time units per second."""
    sample_duration: int
    """Time units of one sample."""
    sample_bytes: int
    sample_count: int
    samples_per_chunk: int
    entry: bytes
    """Sample entry: the description of the codec."""

    @property
    def chunk_count(self) -> int:
        return -(-self.sample_count // self.samples_per_chunk)

    def samples_in_chunk(self, index: int) -> int:
        """Samples of one chunk; fewer in the last one, none after it."""
        return max(0, min(self.samples_per_chunk, self.sample_count - index * self.samples_per_chunk))


def box(kind: str, *parts: bytes) -> bytes:
    """One box.

    >>> box("free", b"ab")
    b'\\x00\\x00\\x00\\nfreeab'
    """
    body = b"".join(parts)
    return pack(">I", 8 + len(body)) + kind.encode() + body


def full_box(kind: str, *parts: bytes, flags: int = 0) -> bytes:
    """A box with version 0 and flags."""
    return box(kind, pack(">I", flags), *parts)


def movie(tracks: Sequence[Track], duration_ms: int, serial: int) -> tuple[bytes, int]:
    """Everything up to the first sample, and the size of all samples in bytes.

    `serial` is a number in a box that players ignore; it tells apart files that are otherwise the same.
    """
    lead = box("ftyp", b"isom", pack(">I", 512), b"isomiso2avc1mp41") + box("free", pack(">Q", serial))
    body_bytes = sum(track.sample_bytes * track.sample_count for track in tracks)
    # The size of the tables does not depend on the offsets in them.
    first_offset = len(lead) + len(_moov(tracks, duration_ms, 0)) + 8
    moov = _moov(tracks, duration_ms, first_offset)
    return lead + moov + pack(">I", 8 + body_bytes) + b"mdat", body_bytes


def video_entry(configuration: bytes) -> bytes:
    """Sample entry of H.264."""
    fields = pack(">6xH16xHHIII H32xHh", 1, WIDTH, HEIGHT, 0x480000, 0x480000, 0, 1, 24, -1)
    return box("avc1", fields, box("avcC", configuration))


def audio_entry() -> bytes:
    """Sample entry of MP3, mono."""
    decoder = _descriptor(4, pack(">BB3xII", MP3_OBJECT_TYPE, 0x15, 32_000, 32_000))
    stream = _descriptor(3, pack(">HB", 1, 0) + decoder + _descriptor(6, b"\x02"))
    fields = pack(">6xH8xHHIH2x", 1, 1, 16, 0, RATE_HZ)
    return box("mp4a", fields, full_box("esds", stream))


def _descriptor(tag: int, body: bytes) -> bytes:
    return pack("BB", tag, len(body)) + body


def _moov(tracks: Sequence[Track], duration_ms: int, first_offset: int) -> bytes:
    header = full_box(
        "mvhd",
        pack(">4I", 0, 0, MILLISECONDS, duration_ms),
        pack(">IH10x", 0x10000, 0x100),
        MATRIX,
        bytes(24),
        pack(">I", len(tracks) + 1),
    )
    offsets = _offsets(tracks, first_offset)
    return box("moov", header, *(_trak(n, track, duration_ms, offsets[n - 1]) for n, track in enumerate(tracks, 1)))


def _offsets(tracks: Sequence[Track], first_offset: int) -> list[list[int]]:
    """Offsets of the chunks of each track."""
    found: list[list[int]] = [[] for _ in tracks]
    at = first_offset
    for index in range(max(track.chunk_count for track in tracks)):
        for track, offsets in zip(tracks, found, strict=True):
            if samples := track.samples_in_chunk(index):
                offsets.append(at)
                at += samples * track.sample_bytes
    return found


def _trak(number: int, track: Track, duration_ms: int, offsets: Sequence[int]) -> bytes:
    is_video = track.kind == "vide"
    size = pack(">II", WIDTH << 16, HEIGHT << 16) if is_video else bytes(8)
    header = full_box(
        "tkhd",
        pack(">5I8x", 0, 0, number, 0, duration_ms),
        pack(">HHHH", 0, 0, 0 if is_video else 0x100, 0),
        MATRIX,
        size,
        flags=3,
    )
    media_header = pack(">4IHH", 0, 0, track.rate, track.sample_count * track.sample_duration, UNDETERMINED, 0)
    handler = full_box("hdlr", pack(">I4s12x", 0, track.kind.encode()), b"sandbox\x00")
    about = full_box("vmhd", bytes(8), flags=1) if is_video else full_box("smhd", bytes(4))
    location = box("dinf", full_box("dref", pack(">I", 1), full_box("url ", flags=1)))
    information = box("minf", about, location, _tables(track, offsets))
    return box("trak", header, box("mdia", full_box("mdhd", media_header), handler, information))


def _tables(track: Track, offsets: Sequence[int]) -> bytes:
    chunks = [(1, track.samples_per_chunk)]
    if rest := track.sample_count % track.samples_per_chunk:
        chunks = [*chunks[: track.chunk_count - 1], (track.chunk_count, rest)]
    return box(
        "stbl",
        full_box("stsd", pack(">I", 1), track.entry),
        full_box("stts", pack(">III", 1, track.sample_count, track.sample_duration)),
        full_box("stsc", pack(">I", len(chunks)), *(pack(">III", first, count, 1) for first, count in chunks)),
        full_box("stsz", pack(">II", track.sample_bytes, track.sample_count)),
        full_box("stco", pack(f">I{len(offsets)}I", len(offsets), *offsets)),
    )
