"""MP3 frames of voices: each is complete in itself, so that a file of any length is a sequence of them."""

from functools import lru_cache
from typing import Any, cast

from .encoder import pyav
from .voices import BLOCK_FRAMES, BLOCK_SAMPLES, RATE_HZ, mixed_block

BIT_RATE = 32_000
FRAME_BYTES = 72 * BIT_RATE // RATE_HZ
CODEC_DELAY_SAMPLES = 1105
"""Delay of encoder and decoder together; the encoded samples are ahead by it."""
REPEATS = 6
STEADY_FRAME = 3 * BLOCK_FRAMES


@lru_cache(maxsize=512)
def frames(voices: tuple[int, ...]) -> tuple[bytes, ...]:
    """The seven frames of a block in which these voices speak."""
    block = mixed_block(voices)
    shift = CODEC_DELAY_SAMPLES % BLOCK_SAMPLES
    ahead = (block[shift:] + block[:shift]) * REPEATS
    av = pyav()
    encoder = av.CodecContext.create("libmp3lame", "w")
    encoder.sample_rate, encoder.layout, encoder.format = RATE_HZ, "mono", "s16p"
    encoder.bit_rate = BIT_RATE
    # Without a bit reservoir no frame needs bytes of earlier frames.
    encoder.options = {"reservoir": "0"}
    frame = av.AudioFrame(format="s16p", layout="mono", samples=len(ahead), align=1)
    frame.planes[0].update(ahead.tobytes())
    frame.sample_rate, frame.pts = RATE_HZ, 0
    packets = [bytes(cast(Any, packet)) for given in (frame, None) for packet in encoder.encode(given)]
    found = tuple(packets[STEADY_FRAME : STEADY_FRAME + BLOCK_FRAMES])
    assert {len(each) for each in found} == {FRAME_BYTES}
    return found
