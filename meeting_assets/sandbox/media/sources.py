"""Sources of media: what the files of a sandbox contain."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

from ..world import Artifact, Recording
from .audio import Mp3Content, PcmContent
from .content import BytesContent, Content
from .encoder import check_encoder
from .mp4 import Mp4Content
from .random_files import RandomContent
from .speech import Speech, speech_of_timeline, track_of
from .voices import FRAME_S, RATE_HZ, VOICE_COUNT

SHORTEST_S = 10.0
"""Recall.ai pads shorter media with blank time."""
MIXED_NAMES = {"video_mixed": "video.mp4", "audio_mixed": "audio.mp3"}
MEDIA_TYPES = {"raw": "application/octet-stream", "mp3": "audio/mpeg", "mp4": "video/mp4"}
VOICES_PER_MEETING = 6
"""Step from the first voice of a meeting to that of another one."""


class MediaSource(Protocol):
    """Makes the files of recordings."""

    def content(self, recording: Recording, artifact: Artifact, name: str, revision: int) -> Content:
        """The file `name` of an artifact; raises `KeyError` if it does not exist.

        Files of two revisions have different bytes of the same length.
        """

    def size_bytes(self, recording: Recording, artifact: Artifact) -> int | None:
        """Size of all files of an artifact, as the API shows it."""


PLACEHOLDERS = {
    "raw": bytes(3200),
    "mp4": b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2\x00\x00\x00\x08free\x00\x00\x00\x08mdat",
    "mp3": b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\xff\xfb\x90\x00" + bytes(413),
}


@dataclass(frozen=True)
class Placeholders:
    """Tiny files that no program can play; sizes that the API shows are made up. The source of a sandbox by default."""

    def content(self, recording: Recording, artifact: Artifact, name: str, revision: int) -> Content:
        extension = name.rpartition(".")[2]
        body = PLACEHOLDERS[extension]
        return BytesContent(body[:-1] + bytes([body[-1] ^ revision % 256]), MEDIA_TYPES[extension])

    def size_bytes(self, recording: Recording, artifact: Artifact) -> int | None:
        return artifact.size_bytes


class Voices:
    """Playable files in which each participant has a voice while they speak, and silence otherwise."""

    def __init__(self) -> None:
        check_encoder()

    def content(self, recording: Recording, artifact: Artifact, name: str, revision: int) -> Content:
        return voiced(speech_in(recording), recording, artifact, name, revision)

    def size_bytes(self, recording: Recording, artifact: Artifact) -> int | None:
        # perf: a size does not depend on the speech, and composing a conversation takes up to 0.1 s
        return sum(voiced({}, recording, artifact, name).size_bytes for name in file_names(artifact))


@dataclass(frozen=True)
class RandomFiles:
    """Files of one size with pseudo-random bytes; nothing is kept in memory, and no program can play them."""

    file_bytes: int

    def content(self, recording: Recording, artifact: Artifact, name: str, revision: int) -> Content:
        key = f"{artifact.id}/{name}/{revision}"
        return RandomContent(key, self.file_bytes, MEDIA_TYPES[name.rpartition(".")[2]])

    def size_bytes(self, recording: Recording, artifact: Artifact) -> int | None:
        return self.file_bytes * len(file_names(artifact))


def voiced(speech: Speech, recording: Recording, artifact: Artifact, name: str, revision: int = 0) -> Content:
    """A playable file with this speech."""
    first = VOICES_PER_MEETING * (_number(recording.id) + revision)
    spoken = {(first + n) % VOICE_COUNT: spans for n, spans in enumerate(speech.values())}
    length_s = padded_s(recording.planned_s)
    match artifact.collection:
        case "audio_mixed":
            return Mp3Content(track_of(spoken, 1 / FRAME_S), length_s)
        case "video_mixed":
            return Mp4Content(track_of(spoken, 1 / FRAME_S), length_s, serial=_number(artifact.id, revision))
    part = part_of(artifact, name)
    length_s = padded_s(part["duration"])
    if artifact.collection == "video_separate":
        return Mp4Content(None, length_s, serial=_number(name, revision))
    offset_s = float(part["start_timestamp"]["relative"])
    own = {
        number: spans
        for (number, spans), participant in zip(spoken.items(), speech, strict=True)
        if participant == part["participant"]["id"]
    }
    return PcmContent(track_of(own, RATE_HZ, offset_s=offset_s), length_s, offset_s=offset_s)


def file_names(artifact: Artifact) -> list[str]:
    """Names of the media files of an artifact."""
    if artifact.collection in MIXED_NAMES:
        return [MIXED_NAMES[artifact.collection]]
    return [_name_of(part) for part in parts_of(artifact)]


def parts_of(artifact: Artifact) -> list[Mapping[str, Any]]:
    """Entries of the manifest of separate streams."""
    payload = artifact.payloads.get(artifact.collection)
    found: list[Mapping[str, Any]] = json.loads(payload.body()) if payload else []
    return [part for part in found if part.get("download_url")]


def part_of(artifact: Artifact, name: str) -> Mapping[str, Any]:
    """The entry of a file in the manifest; raises `KeyError` if there is none, or none any more."""
    return {_name_of(part): part for part in parts_of(artifact)}[name]


def speech_in(recording: Recording) -> Speech:
    """The speech of a recording; for real meetings, that of their speaker timeline."""
    if recording.speech_of:
        return recording.speech_of()
    payloads = [a.payloads["speaker_timeline"] for a in recording.artifacts if "speaker_timeline" in a.payloads]
    return speech_of_timeline(payloads[0].body()) if payloads else {}


def padded_s(duration_s: float) -> float:
    """Length of the file of a stream with this duration."""
    return max(SHORTEST_S, float(duration_s))


def _number(*parts: object) -> int:
    """A number of 64 bits that is determined by its parts."""
    return int.from_bytes(sha256(repr(parts).encode()).digest()[:8])


def _name_of(part: Mapping[str, Any]) -> str:
    """Name of the file of a part, without the scheme of the placeholder or a folder."""
    return str(part["download_url"]).partition("?")[0].rpartition("/")[2].removeprefix("sandbox:")
