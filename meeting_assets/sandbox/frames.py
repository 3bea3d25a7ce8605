"""The API's side of a meeting: its recording, bot and artifacts, around payloads made later."""

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
"""They leave no third party's answers: provider_data has no URL."""


@dataclass
class TranscriptFrame:
    """One transcript of a recording; `after_s` is how long after the recording it was created."""

    provider: str
    after_s: float = 4.0
    failed: str | None = None
    """The sub code, where the transcript failed."""
    separate_streams: bool = True

    @property
    def provider_quirks(self) -> tuple[str, ...]:
        """What the provider data of this transcript shows."""
        if self.provider in OWN_PROVIDERS:
            return ()
        kind = part_type(self.provider)
        audio = "mixed" if is_mixed(self.provider, separate_streams=self.separate_streams) else "separate"
        secret = () if kind == "webhook" else ("provider_secret_in_url",)
        return f"provider_{kind}", f"provider_audio_{audio}", *secret


@dataclass
class Frame:
    """What the API says of a meeting before any payload is read."""

    key: str
    created_at: datetime
    started_at: datetime
    duration_s: float
    platform: str = "zoom"
    title: str | None = None
    bot_name: str = "Notetaker"
    transcripts: list[TranscriptFrame] = field(default_factory=list)
    separate: tuple[str, ...] = ("video_separate", "audio_separate")
    has_bot: bool = True
    bot_key: str | None = None
    """Two recordings of one bot share it."""
    expires: bool = True
    metadata: dict[str, str] = field(default_factory=dict)
    quirks: tuple[str, ...] = ()
    has_audio_mixed_key: bool = True

    @property
    def completed_at(self) -> datetime:
        return self.started_at + timedelta(seconds=self.duration_s)


Make = Callable[[str, int], bytes]
"""The bytes of a kind; the number counts the transcripts of the recording."""


def framed(frame: Frame, make: Make) -> tuple[Recording, Bot | None]:
    """A finished recording with its artifacts, and its bot."""
    rng = Random(frame.key)
    recording_id = identifier(frame.key, "recording")
    bot_key = frame.bot_key or frame.key
    bot = bot_of(frame, rng) if frame.has_bot else None
    done_at = frame.completed_at + timedelta(seconds=rng.uniform(3, 40))
    recording = Recording(
        id=recording_id,
        created_at=frame.created_at,
        started_at=frame.started_at,
        completed_at=frame.completed_at,
        status=Status("done", done_at),
        bot_id=bot.id if bot else None,
        desktop_sdk_upload_id=None if bot else identifier(bot_key, "upload"),
        expires_at=frame.completed_at + timedelta(hours=RETENTION_H) if frame.expires else None,
        metadata=frame.metadata,
        has_audio_mixed_key=frame.has_audio_mixed_key,
        planned_s=frame.duration_s,
        quirks=frame.quirks,
    )
    recording.artifacts = list(_artifacts(frame, recording, make, rng))
    return recording, bot


def _artifacts(frame: Frame, recording: Recording, make: Make, rng: Random) -> list[Artifact]:
    def artifact(collection: str, kinds: tuple[str, ...], details: Json | None = None, n: int = 0) -> Artifact:
        created_at = frame.completed_at + timedelta(seconds=rng.uniform(1, 20))
        return Artifact(
            id=identifier(frame.key, collection, n),
            collection=collection,
            recording_id=recording.id,
            created_at=created_at,
            status=Status("done", created_at + timedelta(seconds=rng.uniform(4, 90))),
            payloads={kind: Payload(lambda kind=kind: make(kind, n)) for kind in kinds},  # type: ignore[misc]
            details=details or {},
        )

    events = ("participants", "participant_events", "speaker_timeline")
    found = [
        artifact("participant_events", events),
        artifact("video_mixed", (), {"format": "mp4"}),
        artifact("meeting_metadata", (), {"data": _title(frame)}),
    ]
    found += [artifact(name, (name,), {"format": SEPARATE_FORMATS[name]}) for name in frame.separate]
    if rng.random() < 0.3 and frame.has_audio_mixed_key:
        found.append(artifact("audio_mixed", (), {"format": "mp3"}))
    for n, transcript in enumerate(frame.transcripts):
        found.append(dated(artifact("transcript", kinds_of(transcript), provider_details(transcript), n), transcript))
    return found


def kinds_of(transcript: TranscriptFrame) -> tuple[str, ...]:
    return ("transcript",) if transcript.provider in OWN_PROVIDERS else ("transcript", "provider_data")


def provider_details(transcript: TranscriptFrame) -> Json:
    options: Json = {"language_code": "auto"} if transcript.provider.startswith("recallai_streaming") else {}
    return {
        "diarization": {"use_separate_streams_when_available": transcript.separate_streams},
        "provider": {transcript.provider: options},
    }


def dated(artifact: Artifact, transcript: TranscriptFrame) -> Artifact:
    """A transcript made `after_s` after the end; a failed one loses its payloads."""
    artifact.created_at += timedelta(seconds=transcript.after_s)
    artifact.status.updated_at += timedelta(seconds=transcript.after_s)
    if transcript.failed:
        artifact.status = Status("failed", artifact.status.updated_at, transcript.failed)
        artifact.payloads = {}
    return artifact


def bot_of(frame: Frame, rng: Random) -> Bot:
    """A bot that joined, recorded and left."""
    bot_key = frame.bot_key or frame.key
    sent_at = frame.created_at - timedelta(seconds=rng.uniform(20, 80))
    joined_at = frame.created_at - timedelta(seconds=rng.uniform(5, 15))
    end = frame.completed_at
    changes: list[tuple[str, str | None, datetime]] = [
        ("joining_call", None, sent_at),
        ("in_waiting_room", None, joined_at - timedelta(seconds=3)),
        ("in_call_not_recording", None, joined_at),
        ("recording_permission_allowed", None, frame.created_at),
        ("in_call_recording", None, frame.started_at),
        ("call_ended", rng.choice(("call_ended_by_host", "timeout_exceeded_everyone_left")), end),
        ("recording_done", None, end + timedelta(seconds=1)),
        ("done", None, end + timedelta(seconds=rng.uniform(5, 60))),
    ]
    scheduled = sent_at + timedelta(minutes=1)
    return Bot(
        id=identifier(bot_key, "bot"),
        created_at=sent_at,
        # Cleared once a bot has joined; half of them keep it, so a window over join_at finds some only.
        join_at=scheduled.replace(second=0, microsecond=0) if rng.random() < 0.5 else None,
        name=frame.bot_name,
        meeting_url=meeting_url(frame.platform, bot_key),
        status_changes=[
            {"code": code, "message": None, "created_at": iso(at), "sub_code": sub_code}
            for code, sub_code, at in changes
        ],
        recording_config=recording_config(frame),
        calendar_meetings=_calendar(frame, rng),
        metadata=frame.metadata,
    )


def meeting_url(platform: str, key: str) -> Json:
    """As responses show it: an object whose keys depend on the platform."""
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


def recording_config(frame: Frame) -> Json:
    live = next((t for t in frame.transcripts if not t.provider.endswith("_async")), None)
    return {
        "transcript": {**provider_details(live), "metadata": {}} if live else None,
        "realtime_endpoints": [],
        "retention": {"type": "timed", "hours": RETENTION_H} if frame.expires else {"type": "forever"},
        "participant_events": {},
        "meeting_metadata": {},
        "video_mixed_layout": "gallery_view_v2",
        "metadata": {},
    }


def _title(frame: Frame) -> Json:
    """Zoom tells the title; Meet shows the meeting code; Teams and Webex tell none."""
    match frame.platform:
        case "zoom":
            return {"title": frame.title, "zoom": {"meeting_uuid": identifier(frame.key, "uuid")[:22] + "=="}}
        case "google_meet":
            return {
                "title": meeting_url("google_meet", frame.bot_key or frame.key)["meeting_id"],
                "zoom": None,
            }
    return {"title": None, "zoom": None}


def _calendar(frame: Frame, rng: Random) -> list[Json]:
    if rng.random() < 0.5:
        return []
    start = frame.created_at.replace(second=0, microsecond=0)
    return [
        {
            "id": identifier(frame.key, "calendar meeting"),
            "start_time": iso(start),
            "end_time": iso(start + timedelta(seconds=round(frame.duration_s / 900 + 1) * 900)),
            "calendar_user": {"id": identifier("calendar user"), "external_id": "northwind-1"},
        }
    ]
