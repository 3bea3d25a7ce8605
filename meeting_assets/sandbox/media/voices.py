"""Synthetic voices: a vowel of its own for each speaker, which voice activity detection takes for speech.

    block   0.252 s of samples that can be repeated without a seam
            = 7 frames of MP3 at 16 kHz, so that encoded blocks can be repeated as well

All harmonics are multiples of 27.8 Hz, one period in each frame. The loudness rises and falls once in each block, like
that of syllables. A block depends on the position in the recording alone, so blocks of several voices can be added.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from functools import cache, lru_cache
from operator import add

RATE_HZ = 16_000
FRAME_SAMPLES = 576
"""Samples of one MP3 frame at 16 kHz."""
BLOCK_FRAMES = 7
BLOCK_SAMPLES = BLOCK_FRAMES * FRAME_SAMPLES
FRAME_S = FRAME_SAMPLES / RATE_HZ
SAMPLE_BYTES = 2

FORMANTS_HZ = ((700, 1220, 2600), (400, 2000, 2550), (300, 870, 2250), (530, 1840, 2480), (570, 840, 2410))
PITCHES = (4, 5, 6, 7, 8, 9)
"""Fundamental frequencies in periods per frame: 111 to 250 Hz."""
VOICE_COUNT = len(PITCHES) * len(FORMANTS_HZ)
HIGHEST_HZ = 3800.0
PEAK = 9000
LIMIT = 32_767


@cache
def voice_block(voice: int) -> array[int]:
    """Samples of one of the 30 voices."""
    period = _vowel(PITCHES[voice % len(PITCHES)], FORMANTS_HZ[voice % len(FORMANTS_HZ)])
    peak = max(map(abs, period))
    return array(
        "h",
        (
            round(PEAK * period[n % FRAME_SAMPLES] / peak * (0.62 - 0.38 * math.cos(2 * math.pi * n / BLOCK_SAMPLES)))
            for n in range(BLOCK_SAMPLES)
        ),
    )


@lru_cache(maxsize=512)
def mixed_block(voices: tuple[int, ...]) -> array[int]:
    """Samples of several voices that speak at the same time; silence without a voice."""
    if len(voices) == 1:
        return voice_block(voices[0])
    total = [0] * BLOCK_SAMPLES
    for voice in voices:
        total = list(map(add, total, voice_block(voice)))
    return array("h", (max(-LIMIT, min(LIMIT, sample)) for sample in total))


def samples(voices: tuple[int, ...], first: int, count: int) -> bytes:
    """`count` samples of these voices from sample `first` of the recording on: 16 kHz, mono, signed 16 bit."""
    if not voices:
        return bytes(SAMPLE_BYTES * count)
    block = mixed_block(voices).tobytes()
    skipped = first % BLOCK_SAMPLES * SAMPLE_BYTES
    repeated = block * (count // BLOCK_SAMPLES + 2)
    return repeated[skipped : skipped + SAMPLE_BYTES * count]


def _vowel(pitch: int, formants_hz: Sequence[float]) -> list[float]:
    """One frame of a sound whose harmonics are strong near the formants."""
    base_hz = RATE_HZ / FRAME_SAMPLES
    found = [0.0] * FRAME_SAMPLES
    for harmonic in range(1, int(HIGHEST_HZ / (pitch * base_hz)) + 1):
        periods = harmonic * pitch
        loudness = 0.05 + sum(1 / (1 + ((periods * base_hz - f) / (80 + 0.05 * f)) ** 2) for f in formants_hz)
        for n in range(FRAME_SAMPLES):
            found[n] += loudness * math.sin(2 * math.pi * periods * n / FRAME_SAMPLES + harmonic**2)
    return found
