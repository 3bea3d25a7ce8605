"""JSON objects of the API: recordings, artifacts and bots."""

import re
from typing import Any

from .clock import iso
from .media.sources import MIXED_NAMES
from .state import State
from .urls import MEDIA_PREFIX
from .world import SECRET, Artifact, Bot, Json, Recording, Status

PASSWORDS = ("meeting_password", "business_meeting_password")
SHORTCUTS = ("video_mixed", "transcript", "participant_events", "meeting_metadata", "audio_mixed")
SOURCE_KEYS = {
    "desktop_sdk": "desktop_sdk_upload",
    "mobile_sdk": "mobile_sdk_upload",
    "direct_connect": "meeting_direct_connect",
}
"""Key of the reference to the source of a recording without a bot.

The documentation names the first key and the other two products; the last two keys are named by analogy.
"""
MEDIA_FILE = re.compile(rb'"sandbox:([^"]+)"')


class Objects:
    """Renders the objects of one sandbox; each call signs new URLs."""

    def __init__(self, state: State) -> None:
        self._state = state

    def recording(self, recording: Recording) -> Json:
        reference = {"id": recording.source_id, "metadata": recording.source_metadata}
        key = SOURCE_KEYS.get(recording.source or "")
        return {
            **self._core(recording),
            "realtime_endpoints": recording.realtime_endpoints,
            "bot": self._bot_reference(recording),
            "desktop_sdk_upload": None,
            **({key: reference} if key else {}),
        }

    def artifact(self, artifact: Artifact) -> Json:
        recording = self._state.world.recording(artifact.recording_id)
        reference = {"id": recording.id, "metadata": recording.metadata}
        body = self._shortcut(artifact)
        return {"id": body.pop("id"), "recording": reference, **body}

    def bot(self, bot: Bot) -> Json:
        recordings = self._state.world.recordings_of(bot.id)
        return {
            "id": bot.id,
            "meeting_url": self._meeting_url(bot),
            "bot_name": bot.name,
            "join_at": iso(bot.join_at) if bot.join_at else None,
            "recording_config": bot.recording_config,
            "status_changes": bot.status_changes,
            "recordings": [self._core(each) for each in recordings if each.status.code != "deleted"],
            "output_media": None,
            "automatic_video_output": None,
            "automatic_audio_output": None,
            "chat": None,
            "automatic_leave": None,
            "variant": None,
            "calendar_meetings": bot.calendar_meetings,
            "zoom": bot.zoom,
            "google_meet": None,
            "slack_team": None,
            "metadata": bot.metadata,
        }

    def payload(self, artifact: Artifact, kind: str) -> bytes:
        """Bytes that a download of this kind returns now."""
        payload = artifact.payloads[kind]
        body = payload.body()
        if payload.as_is:
            return body
        if kind == "provider_data":
            return body.replace(SECRET.encode(), self._state.markers.signature.encode())
        return MEDIA_FILE.sub(lambda found: self._signed_file(artifact, found[1].decode()), body)

    def _core(self, recording: Recording) -> Json:
        return {
            "id": recording.id,
            "created_at": iso(recording.created_at),
            "started_at": iso(recording.started_at) if recording.started_at else None,
            "completed_at": iso(recording.completed_at) if recording.completed_at else None,
            "expires_at": iso(recording.expires_at) if recording.expires_at else None,
            "status": _status(recording.status),
            "media_shortcuts": self._shortcuts(recording),
            "metadata": recording.metadata,
        }

    def _shortcuts(self, recording: Recording) -> Json:
        """The newest artifact of each collection in `media_shortcuts`."""
        shown: dict[str, Json | None] = dict.fromkeys(SHORTCUTS)
        for artifact in sorted(recording.artifacts, key=lambda each: each.created_at):
            if artifact.collection in shown:
                shown[artifact.collection] = self._shortcut(artifact)
        if not recording.has_audio_mixed_key:
            del shown["audio_mixed"]
        return shown

    def _shortcut(self, artifact: Artifact) -> Json:
        details = dict(artifact.details)
        data = details.pop("data", None)
        if artifact.size_bytes is not None and (size_bytes := self._state.media.size_bytes(artifact)) is not None:
            details["size_bytes"] = size_bytes
        if artifact.expires_at:
            details["expires_at"] = iso(artifact.expires_at)
        return {
            "id": artifact.id,
            "created_at": iso(artifact.created_at),
            "status": _status(artifact.status),
            "metadata": artifact.metadata,
            "data": self._links(artifact) if data is None else data,
            **details,
        }

    def _links(self, artifact: Artifact) -> Json:
        match artifact.collection:
            case "participant_events":
                names = {
                    "participant_events_download_url": "participant_events",
                    "speaker_timeline_download_url": "speaker_timeline",
                    "participants_download_url": "participants",
                }
            case "transcript":
                names = {"download_url": "transcript", "provider_data_download_url": "provider_data"}
            case collection:
                names = {"download_url": collection}
        return {name: self._url(artifact, kind) for name, kind in names.items()}

    def _url(self, artifact: Artifact, kind: str) -> str | None:
        if artifact.status.code != "done":
            return None
        if kind in artifact.urls:
            return artifact.urls[kind]
        if kind in MIXED_NAMES:
            return self._state.url_signer.file_url(self._file_path(artifact, MIXED_NAMES[kind]))
        if kind not in artifact.payloads:
            return None
        return self._state.url_signer.token_url(kind, artifact.id)

    def _signed_file(self, artifact: Artifact, name: str) -> bytes:
        return f'"{self._state.url_signer.file_url(self._file_path(artifact, name))}"'.encode()

    def _file_path(self, artifact: Artifact, name: str) -> str:
        recording = self._state.world.recording(artifact.recording_id)
        source = f"{'bot' if recording.bot_id else 'sdk'}/{recording.source_id}"
        media = f"{artifact.collection}/{artifact.id}/{source}/{name}"
        return f"{MEDIA_PREFIX}recordings/{recording.id}/{media}"

    def _bot_reference(self, recording: Recording) -> Json | None:
        if not recording.bot_id:
            return None
        return {"id": recording.bot_id, "metadata": self._state.world.bot(recording.bot_id).metadata}

    def _meeting_url(self, bot: Bot) -> Json | str | None:
        if not isinstance(bot.meeting_url, dict):
            return bot.meeting_url
        secret: dict[str, Any] = {
            name: f"{self._state.markers.password}{bot.meeting_url[name]}"
            for name in PASSWORDS
            if bot.meeting_url.get(name)
        }
        return {**bot.meeting_url, **secret}


def _status(status: Status) -> Json:
    return {"code": status.code, "sub_code": status.sub_code, "updated_at": iso(status.updated_at)}
