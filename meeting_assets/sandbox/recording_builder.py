"""Builds recording, bot and artifacts of a meeting from its `RecordingSpec`; payloads are made on first access."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from .clock import iso
from .providers import is_mixed, part_type
from .world import Artifact, Bot, Json, Payload, Recording, Status, identifier

RETENTION_H = 168
SEPARATE_FORMATS = {"video_separate": "mp4", "audio_separate": "raw"}
OWN_PROVIDERS = ("recallai_streaming", "recallai_async", "meeting_captions")
"""Transcripts of these providers have no `provider_data` URL."""


@dataclass
class TranscriptSpec:
    """One transcript of a recording; it is created `after_s` seconds later than other artifacts."""

    provider: str
    after_s: float = 4.0
    failed: str | None = None
    """Sub code of a failed transcript."""
    separate_streams: bool = True

    @property
    def provider_quirks(self) -> tuple[str, ...]:
        """Names of the quirks that the provider data of this transcript has."""
        if self.provider in OWN_PROVIDERS:
            return ()
        kind = part_type(self.provider)
        audio = "mixed" if is_mixed(self.provider, separate_streams=self.separate_streams) else "separate"
        secret = () if kind == "webhook" else ("provider_secret_in_url",)
        return f"provider_{kind}", f"provider_audio_{audio}", *secret


@dataclass
class RecordingSpec:
    """Description of one meeting for `build_recording`; `key` seeds all ids and random choices."""

    key: str
    created_at: datetime
    started_at: datetime
    duration_s: float
    platform: str = "zoom"
    title: str | None = None
    bot_name: str = "Notetaker"
    transcripts: list[TranscriptSpec] = field(default_factory=list)
    separate: tuple[str, ...] = ("video_separate", "audio_separate")
    has_bot: bool = True
    bot_key: str | None = None
    """Key of the bot if several recordings share one; default: `key`."""
    expires: bool = True
    metadata: dict[str, str] = field(default_factory=dict)
    quirks: tuple[str, ...] = ()
    has_audio_mixed_key: bool = True

    @property
    def completed_at(self) -> datetime:
        return self.started_at + timedelta(seconds=self.duration_s)


PayloadOf = Callable[[str, int], bytes]
"""Payload of an artifact kind; the number is the index of the transcript."""


def build_recording(spec: RecordingSpec, payload_of: PayloadOf) -> tuple[Recording, Bot | None]:
    """A finished recording with its artifacts, and the bot that recorded it."""
    rng = Random(spec.key)
    recording_id = identifier(spec.key, "recording")
    bot_key = spec.bot_key or spec.key
    bot = bot_of(spec, rng) if spec.has_bot else None
    done_at = spec.completed_at + timedelta(seconds=rng.uniform(3, 40))
    recording = Recording(
        id=recording_id,
        created_at=spec.created_at,
        started_at=spec.started_at,
        completed_at=spec.completed_at,
        status=Status("done", done_at),
        bot_id=bot.id if bot else None,
        desktop_sdk_upload_id=None if bot else identifier(bot_key, "upload"),
        expires_at=spec.completed_at + timedelta(hours=RETENTION_H) if spec.expires else None,
        metadata=spec.metadata,
        has_audio_mixed_key=spec.has_audio_mixed_key,
        planned_s=spec.duration_s,
        quirks=spec.quirks,
    )
    recording.artifacts = list(_artifacts(spec, recording, payload_of, rng))
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
    if rng.random() < 0.3 and spec.has_audio_mixed_key:
        found.append(artifact("audio_mixed", (), {"format": "mp3"}))
    for n, transcript in enumerate(spec.transcripts):
        found.append(dated(artifact("transcript", kinds_of(transcript), provider_details(transcript), n), transcript))
    return found


def kinds_of(transcript: TranscriptSpec) -> tuple[str, ...]:
    return ("transcript",) if transcript.provider in OWN_PROVIDERS else ("transcript", "provider_data")


def provider_details(transcript: TranscriptSpec) -> Json:
    options: Json = {"language_code": "auto"} if transcript.provider.startswith("recallai_streaming") else {}
    return {
        "diarization": {"use_separate_streams_when_available": transcript.separate_streams},
        "provider": {transcript.provider: options},
    }


def dated(artifact: Artifact, transcript: TranscriptSpec) -> Artifact:
    """Applies `after_s` and `failed` of a spec to a transcript artifact."""
    artifact.created_at += timedelta(seconds=transcript.after_s)
    artifact.status.updated_at += timedelta(seconds=transcript.after_s)
    if transcript.failed:
        artifact.status = Status("failed", artifact.status.updated_at, transcript.failed)
        artifact.payloads = {}
    return artifact


def bot_of(spec: RecordingSpec, rng: Random) -> Bot:
    """The bot that joined, recorded and left."""
    bot_key = spec.bot_key or spec.key
    sent_at = spec.created_at - timedelta(seconds=rng.uniform(20, 80))
    joined_at = spec.created_at - timedelta(seconds=rng.uniform(5, 15))
    end = spec.completed_at
    changes: list[tuple[str, str | None, datetime]] = [
        ("joining_call", None, sent_at),
        ("in_waiting_room", None, joined_at - timedelta(seconds=3)),
        ("in_call_not_recording", None, joined_at),
        ("recording_permission_allowed", None, spec.created_at),
        ("in_call_recording", None, spec.started_at),
        ("call_ended", rng.choice(("call_ended_by_host", "timeout_exceeded_everyone_left")), end),
        ("recording_done", None, end + timedelta(seconds=1)),
        ("done", None, end + timedelta(seconds=rng.uniform(5, 60))),
    ]
    scheduled = sent_at + timedelta(minutes=1)
    return Bot(
        id=identifier(bot_key, "bot"),
        created_at=sent_at,
        # The API clears `join_at` of most bots that have joined, so a filter by `join_at` finds only some of them.
        join_at=scheduled.replace(second=0, microsecond=0) if rng.random() < 0.5 else None,
        name=spec.bot_name,
        meeting_url=meeting_url(spec.platform, bot_key),
        status_changes=[
            {"code": code, "message": None, "created_at": iso(at), "sub_code": sub_code}
            for code, sub_code, at in changes
        ],
        recording_config=recording_config(spec),
        calendar_meetings=_calendar(spec, rng),
        metadata=spec.metadata,
    )


def meeting_url(platform: str, key: str) -> Json:
    """Meeting URL as the API shows it: an object whose keys depend on the platform."""
    rng = Random(f"{key}/url")
    digits = "".join(rng.choices("0123456789", k=10))
    letters = "".join(rng.choices("abcdefghijkmnopqrstuvwxyz", k=10))
    match platform:
        case "zoom":
            return {"meeting_id": digits, "meeting_password": f"Zm{digits[:5]}", "platform": platform}
        case "google_meet":
            return {"meeting_id": f"{letters[:3]}-{letters[3:7]}-{letters[7:]}", "platform": platform}
        case "webex":
            return {
                "meeting_subdomain": "northwind",
                "meeting_mtid": None,
                "meeting_path": f"meet/{letters[:6]}",
                "platform": platform,
            }
    names = ("organizer_id", "tenant_id", "message_id", "thread_id")
    return {
        "meeting_id": digits,
        "meeting_password": f"Tm{letters[:5]}",
        **{name: identifier(key, name) for name in names},
        "business_meeting_id": None,
        "business_meeting_password": None,
        "platform": platform,
    }


def recording_config(spec: RecordingSpec) -> Json:
    live = next((t for t in spec.transcripts if not t.provider.endswith("_async")), None)
    return {
        "transcript": {**provider_details(live), "metadata": {}} if live else None,
        "realtime_endpoints": [],
        "retention": {"type": "timed", "hours": RETENTION_H} if spec.expires else {"type": "forever"},
        "participant_events": {},
        "meeting_metadata": {},
        "video_mixed_layout": "gallery_view_v2",
        "metadata": {},
    }


def _title(spec: RecordingSpec) -> Json:
    """Meeting metadata: Zoom has a title, Google Meet the meeting code, Teams and Webex nothing."""
    match spec.platform:
        case "zoom":
            return {"title": spec.title, "zoom": {"meeting_uuid": identifier(spec.key, "uuid")[:22] + "=="}}
        case "google_meet":
            return {
                "title": meeting_url("google_meet", spec.bot_key or spec.key)["meeting_id"],
                "zoom": None,
            }
    return {"title": None, "zoom": None}


def _calendar(spec: RecordingSpec, rng: Random) -> list[Json]:
    if rng.random() < 0.5:
        return []
    start = spec.created_at.replace(second=0, microsecond=0)
    return [
        {
            "id": identifier(spec.key, "calendar meeting"),
            "start_time": iso(start),
            "end_time": iso(start + timedelta(seconds=round(spec.duration_s / 900 + 1) * 900)),
            "calendar_user": {"id": identifier("calendar user"), "external_id": "northwind-1"},
        }
    ]
