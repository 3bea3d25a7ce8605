"""Data that a sandbox serves: a `World` of recordings, their artifacts and the bots that made them.

Payloads are generated on first access. A payload is a template: `sandbox:NAME` is replaced by a signed URL of the
media file NAME, and `SANDBOX-SECRET` by a provider's secret. Likewise, each response replaces `SANDBOX-PASSWORD` by
the marker of passwords and join tokens.
"""

from bisect import insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, get_args
from uuid import UUID, uuid5

from .addresses import platform_of
from .calendar_event import CalendarEvent

NAMESPACE = UUID("8d5a2f86-2f2c-4a6e-9d39-6b0c1b7e6d11")
SECRET = "SANDBOX-SECRET"
PASSWORD = "SANDBOX-PASSWORD"
"""Placeholder inside passwords, join tokens and tokens of URLs."""

KINDS = {
    "participant_events": ("participants", "participant_events", "speaker_timeline"),
    "transcript": ("transcript", "provider_data"),
    "video_separate": ("video_separate",),
    "audio_separate": ("audio_separate",),
}
"""Downloadable artifact kinds by collection."""

Json = dict[str, Any]
SpeechOf = Callable[[], Mapping[int | None, Sequence[tuple[float, float]]]]
"""Start and end of each span of speech in seconds, by participant id."""
Source = Literal["bot", "desktop_sdk", "mobile_sdk", "direct_connect"]
"""Source of a recording. Recordings of all sources but `bot` have a null `bot`."""
SOURCES: tuple[Source, ...] = get_args(Source)


def identifier(*parts: object) -> str:
    """A UUID that is determined by its parts."""
    return str(uuid5(NAMESPACE, "/".join(map(str, parts))))


class Payload:
    """Bytes of a payload, generated on first access; a template unless `as_is`."""

    __slots__ = ("_body", "_make", "as_is")

    def __init__(self, make: Callable[[], bytes], *, as_is: bool = False) -> None:
        self._make = make
        self._body: bytes | None = None
        self.as_is = as_is

    def body(self) -> bytes:
        if self._body is None:
            self._body = self._make()
        return self._body


@dataclass(slots=True)
class Status:
    code: str
    updated_at: datetime
    sub_code: str | None = None


@dataclass(slots=True)
class Artifact:
    """A media object of the API; `collection` is its API path, `kinds` are its downloads."""

    id: str
    collection: str
    recording_id: str
    created_at: datetime
    status: Status
    payloads: dict[str, Payload] = field(default_factory=dict)
    details: Json = field(default_factory=dict)
    """Further fields by collection: `format`; `diarization` and `provider`; or `data`."""
    metadata: dict[str, str] = field(default_factory=dict)
    urls: dict[str, str | None] = field(default_factory=dict)
    """URLs by kind to show instead of freshly signed ones."""
    size_bytes: int | None = None
    """Size of the media; None for JSON objects, whose `size_bytes` the API does not show."""
    shown_size_bytes: int | None = None
    """Size that the API shows instead of the right one."""
    expires_at: datetime | None = None
    """Time of expiry that the object itself shows, as older objects do."""

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(self.payloads)


@dataclass(slots=True)
class Recording:
    id: str
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    status: Status
    bot_id: str | None = None
    desktop_sdk_upload_id: str | None = None
    mobile_sdk_upload_id: str | None = None
    direct_connect_id: str | None = None
    source_metadata: dict[str, str] = field(default_factory=dict)
    """Metadata of the upload or connection that made a recording without a bot."""
    expires_at: datetime | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    realtime_endpoints: list[Json] = field(default_factory=list)
    artifacts: list[Artifact] = field(default_factory=list)
    has_audio_mixed_key: bool = True
    """False for older recordings: their media shortcuts have no `audio_mixed`."""
    planned_s: float = 0.0
    """Duration of a recording, also while it has not finished."""
    quirks: tuple[str, ...] = ()
    speech_of: SpeechOf | None = None
    """Speech of all participants, for media files; None if only the speaker timeline has it."""

    @property
    def day(self) -> date:
        return self.created_at.date()

    @property
    def source(self) -> Source | None:
        """Source of the recording; None if the API shows none."""
        ids = (self.bot_id, self.desktop_sdk_upload_id, self.mobile_sdk_upload_id, self.direct_connect_id)
        return next((source for source, source_id in zip(SOURCES, ids, strict=True) if source_id), None)

    @property
    def source_id(self) -> str | None:
        """Id of the bot, upload or connection that made the recording."""
        return self.bot_id or self.desktop_sdk_upload_id or self.mobile_sdk_upload_id or self.direct_connect_id

    def of(self, collection: str) -> list[Artifact]:
        """Artifacts of one collection, oldest first."""
        return sorted((a for a in self.artifacts if a.collection == collection), key=sort_key)


@dataclass(slots=True)
class Bot:
    id: str
    created_at: datetime
    """Time at which the bot was sent; the API does not show it."""
    join_at: datetime | None
    name: str
    meeting_url: Json | str | None
    """Meeting URL as the API shows it, without the marker in the passwords.

    The API shows an object, older versions text; it clears the URL some days after the meeting.
    """
    status_changes: list[Json] = field(default_factory=list)
    """Each `{code, message, created_at, sub_code}`, oldest first; empty while the bot is scheduled."""
    recording_config: Json = field(default_factory=dict)
    calendar_meetings: list[Json] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    zoom: Json | None = None
    """Zoom settings with which the bot was sent: `{join_token_url, zak_url, user_email}`."""

    @property
    def platform(self) -> str | None:
        return platform_of(self.meeting_url)

    @property
    def status(self) -> str:
        """Code of the last status change; `ready` before the first one."""
        return str(self.status_changes[-1]["code"]) if self.status_changes else "ready"


def sort_key(item: Recording | Artifact | Bot) -> tuple[datetime, str]:
    """Order of items in lists."""
    return item.created_at, item.id


class World:
    """Recordings of consecutive days (`first_day` to `last_day`), oldest first."""

    def __init__(
        self,
        recordings: Iterable[Recording] = (),
        bots: Iterable[Bot] = (),
        days: Iterable[date] = (),
        sources: Mapping[str, Path] | None = None,
        calendar_events: Iterable[CalendarEvent] = (),
    ) -> None:
        self.recordings = sorted(recordings, key=sort_key)
        self.bots = sorted(bots, key=sort_key)
        self.sources = dict(sources or {})
        """Source folder by recording id, if read from folders."""
        self.calendar_events = {each.id: each for each in calendar_events}
        self._days = set(days)
        self._recording = {each.id: each for each in self.recordings}
        self._by_bot: dict[str, list[Recording]] = {}
        for each in self.recordings:
            self._by_bot.setdefault(each.bot_id or "", []).append(each)
        self._bot = {each.id: each for each in self.bots}
        self.artifacts = sorted((a for r in self.recordings for a in r.artifacts), key=sort_key)
        self._artifact = {each.id: each for each in self.artifacts}

    @property
    def days(self) -> list[date]:
        """All days from first to last, including days without a recording."""
        known = self._days | {each.day for each in self.recordings}
        if not known:
            return []
        first, last = min(known), max(known)
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]

    @property
    def first_day(self) -> date:
        return self.days[0]

    @property
    def last_day(self) -> date:
        return self.days[-1]

    def recording(self, recording_id: str) -> Recording:
        return self._recording[recording_id]

    def artifact(self, artifact_id: str) -> Artifact:
        return self._artifact[artifact_id]

    def bot(self, bot_id: str) -> Bot:
        return self._bot[bot_id]

    def recordings_of(self, bot_id: str) -> list[Recording]:
        return self._by_bot.get(bot_id, [])

    def add(self, recording: Recording, bot: Bot | None = None) -> None:
        insort(self.recordings, recording, key=sort_key)
        self._recording[recording.id] = recording
        insort(self._by_bot.setdefault(recording.bot_id or "", []), recording, key=sort_key)
        if bot and bot.id not in self._bot:
            self.add_bot(bot)
        for artifact in recording.artifacts:
            self._insert_artifact(artifact)

    def add_bot(self, bot: Bot) -> None:
        """Adds a bot, with or without recordings; replaces a bot of the same id."""
        self.remove_bot(bot.id)
        insort(self.bots, bot, key=sort_key)
        self._bot[bot.id] = bot

    def remove_bot(self, bot_id: str) -> None:
        """Removes a bot if there is one with this id."""
        if self._bot.pop(bot_id, None):
            self.bots = [each for each in self.bots if each.id != bot_id]

    def add_artifact(self, artifact: Artifact) -> None:
        self.recording(artifact.recording_id).artifacts.append(artifact)
        self._insert_artifact(artifact)

    def _insert_artifact(self, artifact: Artifact) -> None:
        insort(self.artifacts, artifact, key=sort_key)
        self._artifact[artifact.id] = artifact

    def copy(self) -> "World":
        """An independent copy; generated payloads are shared."""
        recordings = [
            replace(
                each,
                status=replace(each.status),
                artifacts=[
                    replace(a, status=replace(a.status), payloads=dict(a.payloads), urls=dict(a.urls))
                    for a in each.artifacts
                ],
            )
            for each in self.recordings
        ]
        bots = [replace(each, status_changes=list(each.status_changes)) for each in self.bots]
        events = [replace(each) for each in self.calendar_events.values()]
        return World(recordings, bots, self._days, self.sources, events)


def combined(worlds: Iterable[World]) -> World:
    """Merges several worlds into one."""
    parts = list(worlds)
    return World(
        (r for part in parts for r in part.recordings),
        (b for part in parts for b in part.bots),
        (day for part in parts for day in part.days),
        {key: folder for part in parts for key, folder in part.sources.items()},
        (event for part in parts for event in part.calendar_events.values()),
    )
