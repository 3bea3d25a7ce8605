"""Descriptions from which recordings and bots are built: `RecordingSpec` with its `TranscriptSpec`s."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .providers import is_mixed, part_type
from .world import Json, Source

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
    source: Source = "bot"
    bot_key: str | None = None
    """Key of the bot if several recordings share one; default: `key`."""
    meeting_key: str | None = None
    """Key of the meeting URL if several meetings share one; default: key of the bot."""
    expires: bool = True
    metadata: dict[str, str] = field(default_factory=dict)
    bot_metadata: dict[str, str] | None = None
    """Metadata of the bot or the upload; default: `metadata`."""
    calendar: list[Json] | None = None
    """The bot's calendar meetings; by default, about half of the bots have one."""
    left_because: str | None = None
    """Sub code of the bot's `call_ended`; by default, everyone left or the host ended the call."""
    has_tokens: bool = False
    """The bot was sent with URLs that contain tokens: of Zoom's join tokens, and of a real-time endpoint."""
    unfinished_media: dict[str, str] = field(default_factory=dict)
    """Status other than `done` by collection: `audio_mixed` or `video_mixed`."""
    quirks: tuple[str, ...] = ()
    has_audio_mixed_key: bool = True
    has_audio_mixed: bool = False
    """The recording has mixed audio for certain; otherwise three of ten recordings have it."""

    @property
    def url_key(self) -> str:
        """Key of the meeting URL."""
        return self.meeting_key or self.bot_key or self.key

    @property
    def metadata_of_source(self) -> dict[str, str]:
        return self.metadata if self.bot_metadata is None else self.bot_metadata

    @property
    def has_bot(self) -> bool:
        return self.source == "bot"

    @property
    def completed_at(self) -> datetime:
        return self.started_at + timedelta(seconds=self.duration_s)


def provider_details(transcript: TranscriptSpec) -> Json:
    options: Json = {"language_code": "auto"} if transcript.provider.startswith("recallai_streaming") else {}
    return {
        "diarization": {"use_separate_streams_when_available": transcript.separate_streams},
        "provider": {transcript.provider: options},
    }
