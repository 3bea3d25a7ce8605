"""Builds recording, bot and artifacts of a meeting from its `RecordingSpec`; payloads are made on first access."""

from collections.abc import Callable
from datetime import timedelta
from random import Random

from .bots import RETENTION_H, recording_bot
from .meeting_urls import meeting_url
from .recording_spec import OWN_PROVIDERS, RecordingSpec, TranscriptSpec, provider_details
from .world import Artifact, Bot, Json, Payload, Recording, SpeechOf, Status, identifier

SEPARATE_FORMATS = {"video_separate": "mp4", "audio_separate": "raw"}
BYTES_PER_S = {"video_mixed": 110_000, "audio_mixed": 8_000, "video_separate": 42_000, "audio_separate": 21_000}
"""Mean data rate of media by collection."""
PayloadOf = Callable[[str, int], bytes]
"""Payload of an artifact kind; the number is the index of the transcript."""


def build_recording(
    spec: RecordingSpec, payload_of: PayloadOf, speech_of: SpeechOf | None = None
) -> tuple[Recording, Bot | None]:
    """A finished recording with its artifacts, and the bot that recorded it."""
    rng = Random(spec.key)
    recording_id = identifier(spec.key, "recording")
    bot = recording_bot(spec, rng) if spec.has_bot else None
    # An upload or connection has the key of the bot that it replaces.
    source_id = identifier(spec.bot_key or spec.key, "upload")
    done_at = spec.completed_at + timedelta(seconds=rng.uniform(3, 40))
    recording = Recording(
        id=recording_id,
        created_at=spec.created_at,
        started_at=spec.started_at,
        completed_at=spec.completed_at,
        status=Status("done", done_at),
        bot_id=bot.id if bot else None,
        desktop_sdk_upload_id=source_id if spec.source == "desktop_sdk" else None,
        mobile_sdk_upload_id=source_id if spec.source == "mobile_sdk" else None,
        direct_connect_id=source_id if spec.source == "direct_connect" else None,
        source_metadata={} if bot else spec.metadata_of_source,
        expires_at=spec.completed_at + timedelta(hours=RETENTION_H) if spec.expires else None,
        metadata=spec.metadata,
        has_audio_mixed_key=spec.has_audio_mixed_key,
        planned_s=spec.duration_s,
        quirks=spec.quirks,
        speech_of=speech_of,
    )
    recording.artifacts = list(_artifacts(spec, recording, payload_of, rng))
    _finish_media(spec, recording)
    return recording, bot


def _artifacts(spec: RecordingSpec, recording: Recording, payload_of: PayloadOf, rng: Random) -> list[Artifact]:
    def artifact(collection: str, kinds: tuple[str, ...], details: Json | None = None, n: int = 0) -> Artifact:
        created_at = spec.completed_at + timedelta(seconds=rng.uniform(1, 20))
        return Artifact(
            id=identifier(spec.key, collection, n),
            collection=collection,
            recording_id=recording.id,
            created_at=created_at,
            status=Status("done", created_at + timedelta(seconds=rng.uniform(4, 90))),
            payloads={kind: Payload(lambda kind=kind: payload_of(kind, n)) for kind in kinds},  # type: ignore[misc]
            details=details or {},
        )

    events = ("participants", "participant_events", "speaker_timeline")
    found = [
        artifact("participant_events", events),
        artifact("video_mixed", (), {"format": "mp4"}),
        artifact("meeting_metadata", (), {"data": _title(spec)}),
    ]
    found += [artifact(name, (name,), {"format": SEPARATE_FORMATS[name]}) for name in spec.separate]
    if (rng.random() < 0.3 or spec.has_audio_mixed) and spec.has_audio_mixed_key:
        found.append(artifact("audio_mixed", (), {"format": "mp3"}))
    for n, transcript in enumerate(spec.transcripts):
        found.append(dated(artifact("transcript", kinds_of(transcript), provider_details(transcript), n), transcript))
    return found


def _finish_media(spec: RecordingSpec, recording: Recording) -> None:
    """Sets sizes, expiry and unfinished states of media; its random numbers are a stream of their own."""
    rng = Random(f"{spec.key}/media")
    for collection, code in spec.unfinished_media.items():
        if not recording.of(collection):
            recording.artifacts.append(_mixed(spec, recording, collection, rng))
        for each in recording.of(collection):
            # Sub codes of failed media are not published.
            each.status = Status(code, each.status.updated_at)
    for each in recording.artifacts:
        rate = BYTES_PER_S.get(each.collection)
        if rate and each.status.code == "done":
            each.size_bytes = round(spec.duration_s * rate * rng.uniform(0.7, 1.3))
        # Objects of the API's early versions state their own expiry.
        each.expires_at = None if spec.has_audio_mixed_key or not rate else recording.expires_at


def _mixed(spec: RecordingSpec, recording: Recording, collection: str, rng: Random) -> Artifact:
    created_at = spec.completed_at + timedelta(seconds=rng.uniform(1, 20))
    return Artifact(
        id=identifier(spec.key, collection, 0),
        collection=collection,
        recording_id=recording.id,
        created_at=created_at,
        status=Status("done", created_at + timedelta(seconds=rng.uniform(4, 90))),
        details={"format": "mp4" if collection == "video_mixed" else "mp3"},
    )


def kinds_of(transcript: TranscriptSpec) -> tuple[str, ...]:
    return ("transcript",) if transcript.provider in OWN_PROVIDERS else ("transcript", "provider_data")


def dated(artifact: Artifact, transcript: TranscriptSpec) -> Artifact:
    """Applies `after_s` and `failed` of a spec to a transcript artifact."""
    artifact.created_at += timedelta(seconds=transcript.after_s)
    artifact.status.updated_at += timedelta(seconds=transcript.after_s)
    if transcript.failed:
        artifact.status = Status("failed", artifact.status.updated_at, transcript.failed)
        artifact.payloads = {}
    return artifact


def _title(spec: RecordingSpec) -> Json:
    """Meeting metadata: Zoom has a title, Google Meet the meeting code, Teams and Webex nothing."""
    match spec.platform:
        case "zoom":
            return {"title": spec.title, "zoom": {"meeting_uuid": identifier(spec.key, "uuid")[:22] + "=="}}
        case "google_meet":
            return {
                "title": meeting_url("google_meet", spec.url_key)["meeting_id"],
                "zoom": None,
            }
    return {"title": None, "zoom": None}
