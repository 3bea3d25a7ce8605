"""Sources of media: what the files of a sandbox contain."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ..world import Artifact, Recording
from .audio import FRAME_S, Mp3Content, PcmContent
from .content import BytesContent, Content
from .encoder import check_encoder
from .mp4 import Mp4Content
from .random_files import RandomContent
from .speech import Speech, speech_of_timeline, track_of
from .voices import RATE_HZ

SHORTEST_S = 10.0
"""Recall.ai pads shorter media with blank time."""
MIXED_NAMES = {"video_mixed": "video.mp4", "audio_mixed": "audio.mp3"}
MEDIA_TYPES = {"raw": "application/octet-stream", "mp3": "audio/mpeg", "mp4": "video/mp4"}
VOICE_STEP = 7
"""Step from one voice to the next revision of it."""


class MediaSource(Protocol):
    """Makes the files of recordings."""

    def content(self, recording: Recording, artifact: Artifact, name: str, revision: int) -> Content:
        """The file `name` of an artifact; files of two revisions have different bytes of the same length."""

    def size_bytes(self, recording: Recording, artifact: Artifact) -> int | None:
        """Size of all files of an artifact, as the API shows it."""


@dataclass(frozen=True)
class Placeholders:
    """Tiny files that no program can play; sizes that the API shows are made up. The source of a sandbox by default."""

    def content(self, recording: Recording, artifact: Artifact, name: str, revision: int) -> Content:
        extension = name.rpartition(".")[2]
        return BytesContent(PLACEHOLDERS[extension] + bytes([revision])[:revision], MEDIA_TYPES[extension])

    def size_bytes(self, recording: Recording, artifact: Artifact) -> int | None:
        return artifact.size_bytes


PLACEHOLDERS = {
    "raw": bytes(3200),
    "mp4": b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2\x00\x00\x00\x08free\x00\x00\x00\x08mdat",
    "mp3": b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\xff\xfb\x90\x00" + bytes(413),
}


class Voices:
    """Playable files in which each participant has a voice while they speak, and silence otherwise."""

    def __init__(self) -> None:
        check_encoder()

    def content(self, recording: Recording, artifact: Artifact, name: str, revision: int) -> Content:
        match artifact.collection:
            case "audio_separate":
                part = part_of(artifact, name)
                offset_s = float(part["start_timestamp"]["relative"])
                spoken = self._spoken(recording, revision, only=part["participant"]["id"])
                track = track_of(spoken, RATE_HZ, offset_s=offset_s)
                return PcmContent(track, padded_s(part["duration"]), offset_s=offset_s)
            case "audio_mixed":
                return Mp3Content(track_of(self._spoken(recording, revision), 1 / FRAME_S), length_s(recording))
            case "video_mixed":
                return Mp4Content(
                    track_of(self._spoken(recording, revision), 1 / FRAME_S), length_s(recording), revision=revision
                )
        return Mp4Content(None, padded_s(part_of(artifact, name)["duration"]), revision=revision)

    def size_bytes(self, recording: Recording, artifact: Artifact) -> int | None:
        return sum(self.content(recording, artifact, name, 0).size_bytes for name in file_names(artifact))

    def _spoken(self, recording: Recording, revision: int, **only: int | None) -> dict[int, Any]:
        """Spans of speech by number of the voice; with `only`, those of one participant."""
        speech = speech_in(recording)
        return {
            number + VOICE_STEP * revision: spans
            for number, (participant, spans) in enumerate(speech.items())
            if not only or participant == only["only"]
        }


@dataclass(frozen=True)
class RandomFiles:
    """Files of one size with pseudo-random bytes; nothing is kept in memory, and no program can play them."""

    file_bytes: int

    def content(self, recording: Recording, artifact: Artifact, name: str, revision: int) -> Content:
        key = f"{artifact.id}/{name}/{revision}"
        return RandomContent(key, self.file_bytes, MEDIA_TYPES[name.rpartition(".")[2]])

    def size_bytes(self, recording: Recording, artifact: Artifact) -> int | None:
        return self.file_bytes * len(file_names(artifact))


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
    return next(part for part in parts_of(artifact) if _name_of(part) == name)


def speech_in(recording: Recording) -> Speech:
    """The speech of a recording; for real meetings, that of their speaker timeline."""
    if recording.speech_of:
        return recording.speech_of()
    payloads = [a.payloads["speaker_timeline"] for a in recording.artifacts if "speaker_timeline" in a.payloads]
    return speech_of_timeline(payloads[0].body()) if payloads else {}


def length_s(recording: Recording) -> float:
    """Length of the mixed files of a recording in seconds."""
    return padded_s(recording.planned_s)


def padded_s(duration_s: float) -> float:
    """Length of the file of a stream with this duration."""
    return max(SHORTEST_S, float(duration_s))


def _name_of(part: Mapping[str, Any]) -> str:
    """Name of the file of a part, without the scheme of the placeholder or a folder."""
    return str(part["download_url"]).partition("?")[0].rpartition("/")[2].removeprefix("sandbox:")
