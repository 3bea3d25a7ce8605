"""Audio files: raw samples of one participant, and the MP3 of all of them."""

import math

from .content import BlockContent, etag_of
from .mp3_frames import FRAME_BYTES, frames
from .speech import VoiceTrack
from .voices import BLOCK_FRAMES, FRAME_S, RATE_HZ, SAMPLE_BYTES, samples

PCM_TYPE = "application/octet-stream"
MP3_TYPE = "audio/mpeg"
FRAMES_PER_GROUP = 250
"""250 frames last 9 s exactly."""
GROUP_S = 9
FORMAT_VERSION = 1
"""Part of every ETag; rises with each change of the bytes."""


def frame_count(duration_s: float) -> int:
    """MP3 frames that cover a duration."""
    return math.ceil(duration_s / FRAME_S - 1e-9)


class PcmContent(BlockContent):
    """Samples of one second per block: 16 kHz, mono, signed 16 bit, little endian, without a header."""

    def __init__(self, track: VoiceTrack, duration_s: float, *, offset_s: float = 0.0) -> None:
        super().__init__(
            size_bytes=SAMPLE_BYTES * round(duration_s * RATE_HZ),
            block_bytes=SAMPLE_BYTES * RATE_HZ,
            media_type=PCM_TYPE,
            etag=etag_of("pcm", FORMAT_VERSION, track, duration_s, offset_s),
        )
        self._track = track
        self._offset = round(offset_s * RATE_HZ)

    def block(self, index: int) -> bytes:
        pieces = self._track.pieces(index * RATE_HZ, (index + 1) * RATE_HZ)
        return b"".join(samples(voices, self._offset + first, end - first) for first, end, voices in pieces)


class Mp3Content(BlockContent):
    """MP3 at a constant bit rate: 16 kHz, mono, 32 kbit/s, 250 frames per block."""

    def __init__(self, track: VoiceTrack, duration_s: float) -> None:
        super().__init__(
            size_bytes=FRAME_BYTES * frame_count(duration_s),
            block_bytes=FRAME_BYTES * FRAMES_PER_GROUP,
            media_type=MP3_TYPE,
            etag=etag_of("mp3", FORMAT_VERSION, track, duration_s),
        )
        self._track = track

    def block(self, index: int) -> bytes:
        return group_of_frames(self._track, index)


def group_of_frames(track: VoiceTrack, index: int) -> bytes:
    """MP3 frames of 9 s."""
    found = []
    for first, end, voices in track.pieces(index * FRAMES_PER_GROUP, (index + 1) * FRAMES_PER_GROUP):
        block = frames(voices)
        found += [block[position % BLOCK_FRAMES] for position in range(first, end)]
    return b"".join(found)
