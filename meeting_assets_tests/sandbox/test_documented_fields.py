"""The sandbox uses only keys that the API's documentation names.

The keys below are copied from the documentation, except `SOURCES`, which are named by analogy with
`desktop_sdk_upload`. The content of `extra_data`, provider options and provider responses is not checked.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from meeting_assets.sandbox import Sandbox, fortnight

from .conftest import LAST_DAY, Archive, client, results

PAGE = {"next", "previous", "results", "count"}
REFERENCE = {"id", "metadata"}
STATUS = {"code", "sub_code", "updated_at"}
RECORDING = {
    *("id", "created_at", "started_at", "completed_at", "expires_at", "status", "media_shortcuts", "metadata"),
    *("realtime_endpoints", "bot", "desktop_sdk_upload"),
}
SOURCES = {"mobile_sdk_upload", "meeting_direct_connect"}
"""References to sources of recordings other than bots and the desktop SDK."""
OF_MEDIA = {"size_bytes", "expires_at"}
"""Keys of media objects that not all of them have."""
SHORTCUTS = {"video_mixed", "transcript", "participant_events", "meeting_metadata", "audio_mixed"}
ARTIFACT = {"id", "recording", "created_at", "status", "metadata", "data", "format", "diarization", "provider"}
DATA = {
    *("download_url", "provider_data_download_url", "participant_events_download_url"),
    *("speaker_timeline_download_url", "participants_download_url", "title", "zoom", "meeting_uuid"),
    "use_separate_streams_when_available",
}
BOT = {
    *("id", "meeting_url", "bot_name", "join_at", "recording_config", "status_changes", "recordings"),
    *("output_media", "automatic_video_output", "automatic_audio_output", "chat", "automatic_leave", "variant"),
    *("calendar_meetings", "zoom", "google_meet", "slack_team", "metadata"),
    *("code", "message", "created_at", "sub_code"),
    *("start_time", "end_time", "calendar_user", "external_id"),
    *("transcript", "realtime_endpoints", "retention", "type", "hours", "participant_events"),
    *("meeting_metadata", "video_mixed_layout"),
    *("zoom", "join_token_url", "zak_url", "user_email", "url", "events"),
}
MEETING_URL = {
    *("meeting_id", "meeting_password", "platform", "organizer_id", "tenant_id", "message_id", "thread_id"),
    *("business_meeting_id", "business_meeting_password", "meeting_subdomain", "meeting_mtid", "meeting_path"),
}
PARTICIPANT = {"id", "name", "is_host", "platform", "extra_data", "email"}
TIMESTAMP = {"absolute", "relative"}
PAYLOADS = {
    "participants": PARTICIPANT,
    "participant_events": PARTICIPANT | TIMESTAMP | {"action", "participant", "timestamp", "data", "text", "to"},
    "speaker_timeline": PARTICIPANT | TIMESTAMP | {"participant", "start_timestamp", "end_timestamp"},
    "transcript": PARTICIPANT
    | TIMESTAMP
    | {"participant", "language_code", "words", "text", "start_timestamp", "end_timestamp"},
    "provider_data": PARTICIPANT
    | {"parts", "created_at", "source_audio", "type", "offset", "participant", "data"}
    | {"url", "event", "payload", "status_code", "body"},
    "video_separate": PARTICIPANT | TIMESTAMP | {"participant", "start_timestamp", "duration", "type", "download_url"},
    "audio_separate": PARTICIPANT | TIMESTAMP | {"participant", "start_timestamp", "duration", "download_url"},
}
UNCHECKED = {"extra_data", "provider", "payload", "body"}
"""Keys whose content is defined by platforms and providers."""
FREE_KEYS = {"metadata"}


def keys(document: Any) -> Iterator[str]:
    if isinstance(document, list):
        for each in document:
            yield from keys(each)
    elif isinstance(document, dict):
        yield from document
        for key, value in document.items():
            if key not in UNCHECKED | FREE_KEYS:
                yield from keys(value)


@pytest.fixture(scope="module")
def listed() -> dict[str, list[Any]]:
    """All objects that the API lists for a fortnight, by collection."""
    collections = (
        *("recording", "transcript", "participant_events", "audio_separate", "video_separate"),
        *("meeting_metadata", "audio_mixed", "video_mixed", "bot"),
    )
    with Sandbox(fortnight(LAST_DAY), limits=False) as sandbox, client(sandbox) as api:
        return {name: results(api, f"{name}/") for name in collections}


def test_recordings_have_only_documented_keys(listed: dict[str, list[Any]]) -> None:
    known = RECORDING | SOURCES | SHORTCUTS | STATUS | DATA | OF_MEDIA | (ARTIFACT - {"recording"})

    assert set(keys(listed["recording"])) <= known
    assert all(set(each) - SOURCES == RECORDING for each in listed["recording"])
    assert {frozenset(each["media_shortcuts"]) for each in listed["recording"]} == {
        frozenset(SHORTCUTS),
        frozenset(SHORTCUTS - {"audio_mixed"}),
    }


@pytest.mark.parametrize(
    ("collection", "extra"),
    [
        ("transcript", {"diarization", "provider"}),
        ("participant_events", set()),
        ("audio_separate", {"format"}),
        ("video_separate", {"format"}),
        ("audio_mixed", {"format"}),
        ("video_mixed", {"format"}),
        ("meeting_metadata", set()),
    ],
)
def test_artifacts_have_only_documented_keys(listed: dict[str, list[Any]], collection: str, extra: set[str]) -> None:
    plain = {"id", "recording", "created_at", "status", "metadata", "data"}

    assert listed[collection]
    assert all(set(each) - OF_MEDIA == plain | extra for each in listed[collection])
    assert set(keys(listed[collection])) <= ARTIFACT | STATUS | DATA | REFERENCE | OF_MEDIA


def test_bots_have_only_documented_keys(listed: dict[str, list[Any]]) -> None:
    top = {
        *("id", "meeting_url", "bot_name", "join_at", "recording_config", "status_changes", "recordings"),
        *("output_media", "automatic_video_output", "automatic_audio_output", "chat", "automatic_leave"),
        *("variant", "calendar_meetings", "zoom", "google_meet", "slack_team", "metadata"),
    }
    nested = RECORDING - {"bot", "realtime_endpoints", "desktop_sdk_upload"}

    assert all(set(each) == top for each in listed["bot"])
    assert all(set(recording) == nested for each in listed["bot"] for recording in each["recordings"])
    assert set(keys(listed["bot"])) <= BOT | MEETING_URL | RECORDING | SHORTCUTS | STATUS | DATA | ARTIFACT | OF_MEDIA


@pytest.mark.parametrize("kind", list(PAYLOADS))
def test_payloads_have_only_documented_keys(archive: Archive, kind: str) -> None:
    found: set[str] = set()
    for recording in archive.world.recordings:
        if archive.has(recording, kind):
            found |= set(keys(archive.read(recording, kind)))

    assert found <= PAYLOADS[kind] | {"id"}
    assert found >= PAYLOADS[kind] - UNCHECKED
