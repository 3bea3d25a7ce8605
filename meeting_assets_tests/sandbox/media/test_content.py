"""Content of media files: lengths, formats, and speech where the conversation has it."""

import io
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import av
import pytest
import webrtcvad  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.sandbox import RandomFiles, Sandbox, fortnight, uniform
from meeting_assets.sandbox.media import BytesContent, Content, chunks
from meeting_assets.sandbox.media.audio import Mp3Content, PcmContent
from meeting_assets.sandbox.media.mp4 import Mp4Content
from meeting_assets.sandbox.media.random_files import RandomContent
from meeting_assets.sandbox.media.speech import Span, bridged, track_of
from meeting_assets.sandbox.media.voices import FRAME_S, RATE_HZ

from ..conftest import DAY, LAST_DAY
from .conftest import Served, whole

VAD_S = 0.03
SPOKEN: dict[int, list[Span]] = {0: [(1.0, 3.0), (5.0, 7.5)], 1: [(2.5, 5.2), (11.0, 12.0)]}
FRAMES = track_of(SPOKEN, 1 / FRAME_S)
SAMPLES = track_of({0: SPOKEN[0]}, RATE_HZ)
CONTENTS: dict[str, Content] = {
    "pcm": PcmContent(SAMPLES, 13.3),
    "mp3": Mp3Content(FRAMES, 13.3),
    "mp4": Mp4Content(FRAMES, 13.3),
    "mp4 without audio": Mp4Content(None, 13.3),
    "random": RandomContent("key", 200_001),
    "bytes": BytesContent(bytes(range(200)), "text/plain"),
}


def decoded(body: bytes) -> bytes:
    """Audio of a file as 16 kHz, mono, signed 16 bit."""
    resampler = av.AudioResampler("s16", "mono", RATE_HZ)
    with av.open(io.BytesIO(body), "r") as container:
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    return b"".join(bytes(frame.planes[0])[: 2 * frame.samples] for frame in frames)


def voice_spans(pcm: bytes) -> list[tuple[float, float]]:
    """Spans in which voice activity detection finds speech, in seconds; short pauses are bridged."""
    vad, step = webrtcvad.Vad(2), int(VAD_S * RATE_HZ) * 2
    flags = [vad.is_speech(pcm[at : at + step], RATE_HZ) for at in range(0, len(pcm) - step + 1, step)]
    return list(bridged(_spans(flags)))


def _spans(flags: list[bool]) -> Iterator[tuple[float, float]]:
    for is_speech, group in groupby(enumerate(flags), key=lambda each: each[1]):
        positions = [position for position, _ in group]
        if is_speech:
            yield positions[0] * VAD_S, (positions[-1] + 1) * VAD_S


def sounding_s(pcm: bytes) -> float:
    """Duration that is not silent, in seconds."""
    step = RATE_HZ // 100 * 2
    return sum(any(pcm[at : at + step]) for at in range(0, len(pcm), step)) / 100


def near(spans: Sequence[Span]) -> Any:
    """Equal to spans of voice activity, whose ends are up to 0.15 s late."""
    return [pytest.approx(span, abs=0.15) for span in spans]


@pytest.mark.parametrize("name", CONTENTS)
@given(first=st.integers(0, 250_000), count=st.integers(0, 90_000))
def test_every_part_is_the_same_as_in_the_whole_file(name: str, first: int, count: int) -> None:
    content = CONTENTS[name]

    assert content.read(first, count) == content.read(0, content.size_bytes)[first : first + count]


@pytest.mark.parametrize("name", CONTENTS)
def test_chunks_are_as_long_as_the_file_states(name: str) -> None:
    assert sum(map(len, chunks(CONTENTS[name]))) == CONTENTS[name].size_bytes


@pytest.mark.parametrize(("name", "codecs"), [("mp3", ["mp3float"]), ("mp4", ["h264", "mp3float"])])
def test_mixed_files_play_for_their_duration(name: str, codecs: list[str]) -> None:
    content = CONTENTS[name]
    body = content.read(0, content.size_bytes)

    with av.open(io.BytesIO(body), "r") as container:
        assert [stream.codec.name for stream in container.streams] == codecs
        duration_s = float(container.duration or 0) / 1e6

    assert duration_s == pytest.approx(13.3, abs=0.5)
    assert len(decoded(body)) / 2 / RATE_HZ == pytest.approx(13.3, abs=FRAME_S)


def test_every_picture_of_a_video_can_be_decoded() -> None:
    content = CONTENTS["mp4 without audio"]

    with av.open(io.BytesIO(content.read(0, content.size_bytes)), "r") as container:
        pictures = [(frame.width, frame.height, frame.time) for frame in container.decode(video=0)]

    assert pictures == [(640, 360, n / 2) for n in range(27)]


@pytest.mark.parametrize("name", ["mp3", "mp4"])
def test_mixed_audio_has_speech_while_anyone_speaks(name: str) -> None:
    content = CONTENTS[name]

    found = voice_spans(decoded(content.read(0, content.size_bytes)))

    assert found == near([(1.0, 7.5), (11.0, 12.0)])


def test_separate_audio_is_silent_while_its_participant_is() -> None:
    pcm = CONTENTS["pcm"].read(0, 10**9)

    assert voice_spans(pcm) == near(SPOKEN[0])
    assert set(pcm[3 * 2 * RATE_HZ : 5 * 2 * RATE_HZ]) == {0}


def test_part_that_starts_later_is_aligned_with_the_recording() -> None:
    pcm = PcmContent(track_of({0: SPOKEN[0]}, RATE_HZ, offset_s=4.0), 10.0, offset_s=4.0).read(0, 10**9)

    assert voice_spans(pcm) == near([(1.0, 3.5)])


def test_speech_of_a_part_is_that_of_its_participant(voices: Served) -> None:
    speech = voices.sandbox.world.recording(voices.recording["id"]).speech_of
    assert speech

    for part in voices.parts("audio_separate"):
        found = voice_spans(voices.get(part["download_url"]).content)

        assert found == near(speech()[part["participant"]["id"]])


def test_speakers_of_a_meeting_have_different_voices(voices: Served) -> None:
    bodies = [voices.get(part["download_url"]).content for part in voices.parts("audio_separate")]

    loudest = {max(body[at : at + 2000] for at in range(0, len(body), 2000)) for body in bodies}

    assert len(loudest) == len(bodies)


def test_short_recording_is_padded_to_ten_seconds() -> None:
    sandbox = Sandbox(uniform(DAY, recordings=1, words=3, has_audio_mixed=True), media=True)
    assert sandbox.world.recordings[0].planned_s < 10

    audio, video = (whole(sandbox.media_files(f"{kind}_mixed")[0]) for kind in ("audio", "video"))
    part = whole(sandbox.media_files("audio_separate")[0])

    assert len(decoded(audio)) == pytest.approx(2 * RATE_HZ * 10, rel=0.01)
    assert len(decoded(video)) == pytest.approx(2 * RATE_HZ * 10, rel=0.01)
    assert len(part) == 2 * RATE_HZ * 10


@pytest.mark.parametrize("collection", ["audio_mixed", "video_mixed", "audio_separate", "video_separate"])
def test_meetings_with_the_same_words_have_different_files(voices: Served, collection: str) -> None:
    files = voices.sandbox.media_files(collection)

    assert len({whole(file) for file in files}) == len(files) > 1


def test_sample_meetings_have_audio_of_their_conversation() -> None:
    sandbox = Sandbox(fortnight(LAST_DAY), media=True)
    recording = next(each for each in sandbox.world.recordings if each.of("audio_mixed") and each.planned_s < 900)
    assert recording.speech_of
    spoken_s = sum(end - start for spans in recording.speech_of().values() for start, end in spans)

    audio, *parts = sandbox.media_files("audio_mixed", "audio_separate", recording_id=recording.id)[::-1]

    assert len(decoded(whole(audio))) / 2 / RATE_HZ == pytest.approx(recording.planned_s, abs=FRAME_S)
    heard_s = sum(sounding_s(whole(part)) for part in parts)
    assert heard_s == pytest.approx(spoken_s, rel=0.02)


def test_large_files_differ_and_keep_their_size() -> None:
    sandbox = Sandbox(uniform(DAY, recordings=3), media=RandomFiles(300_000))

    files = sandbox.media_files("video_mixed")

    assert [file.content.size_bytes for file in files] == [300_000] * 3
    assert len({whole(file) for file in files}) == 3


def test_random_file_repeats_no_chunk() -> None:
    content = RandomContent("key", 8 * 2**20)

    pieces = [content.read(first, 2**16) for first in range(0, content.size_bytes, 2**16)]

    assert len(set(pieces)) == len(pieces)


def test_sandbox_starts_without_the_encoder() -> None:
    code = (
        "import sys; from datetime import date; from meeting_assets.sandbox import Sandbox, uniform\n"
        "with Sandbox(uniform(date(2026, 1, 5), recordings=2), media=True): print('av' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout.strip() == "False"
