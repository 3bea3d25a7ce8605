"""Messages are parsed to events; real-time events, test messages and undocumented objects are ignored."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.errors import PayloadError
from meeting_assets.webhooks.event import MEDIA, OBJECT_CODES, OTHER_MEDIA, ObjectEvent, WebhookEvent, parse_event

ROOT = Path(__file__).parents[2]
SAMPLES = Path(os.environ.get("MEETING_ASSETS_SAMPLES", ROOT.parent / "shared" / "samples")) / "webhooks"
RECORDING = "0206f11b-68ab-42b1-8a30-b85f60076e83"
BOT = "6e1f5adb-3340-4f50-900d-9aa2cdc53d6c"
TRANSCRIPT = "7d7387b1-874f-4950-a5b9-1ba6660e2f95"

PARTICIPANT_ACTIONS = (
    *("join", "leave", "update", "speech_on", "speech_off", "webcam_on", "webcam_off"),
    *("screenshare_on", "screenshare_off", "chat_message"),
)
REALTIME_EVENTS = (
    *(f"participant_events.{action}" for action in PARTICIPANT_ACTIONS),
    *("transcript.data", "transcript.partial_data", "transcript.provider_data"),
    *("audio_mixed_raw.data", "audio_separate_raw.data", "video_separate_png.data", "video_separate_h264.data"),
)
"""Every event of https://docs.recall.ai/docs/real-time-event-payloads."""

needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="MEETING_ASSETS_SAMPLES names the samples' folder")


def message(event: str, **data: Any) -> bytes:
    return json.dumps({"event": event, "data": data}).encode()


def test_event_of_a_recording_has_its_canonical_id() -> None:
    body = message("recording.done", recording={"id": RECORDING.upper(), "metadata": {}}, bot=None)

    assert parse_event(body) == WebhookEvent("recording.done", RECORDING, None)


@pytest.mark.parametrize("noun", MEDIA)
@pytest.mark.parametrize("code", ["done", "failed", "deleted", "processing", "something_new"])
def test_event_of_a_media_object_has_both_ids(noun: str, code: str) -> None:
    status = {"code": code, "sub_code": None, "updated_at": "2026-03-02T10:00:00Z"}
    body = message(f"{noun}.{code}", **{"data": status, noun: {"id": TRANSCRIPT}, "recording": {"id": RECORDING}})

    found = parse_event(body)

    assert found == WebhookEvent(f"{noun}.{code}", RECORDING, TRANSCRIPT)
    assert found.needs_run is (code != "processing")


@pytest.mark.parametrize(
    "event", ["bot.done", "calendar.update", "sdk_upload.complete", "video_mixed.done", "transcript", "recording.", "x"]
)
def test_events_without_an_id_are_ignored(event: str) -> None:
    assert parse_event(message(event, anything=["else"])) is None
    assert parse_event(json.dumps({"event": event}).encode()) is None


@pytest.mark.parametrize("code", [*sorted(OBJECT_CODES["bot"] - {"status_change"}), "something_new"])
def test_event_of_a_bot_has_its_id_and_needs_a_run(code: str) -> None:
    status = {"code": code, "sub_code": None, "updated_at": "2026-03-02T10:00:00Z"}

    found = parse_event(message(f"bot.{code}", data=status, bot={"id": BOT.upper(), "metadata": {"crm": "Contoso"}}))

    assert found == ObjectEvent(f"bot.{code}", BOT)
    assert found.needs_run


def test_event_of_a_bot_of_the_former_api_version_has_its_id() -> None:
    body = message("bot.status_change", bot_id=BOT, status={"code": "done", "recording_id": RECORDING})

    assert parse_event(body) == ObjectEvent("bot.status_change", BOT)


@pytest.mark.parametrize("code", ["update", "sync_events"])
def test_event_of_a_calendar_has_its_id_and_needs_a_run(code: str) -> None:
    found = parse_event(message(f"calendar.{code}", calendar_id=TRANSCRIPT, last_updated_ts="2026-03-02T10:00:00Z"))

    assert found == ObjectEvent(f"calendar.{code}", TRANSCRIPT)
    assert found.needs_run


@pytest.mark.parametrize("code", ["complete", "failed"])
def test_end_of_an_sdk_upload_is_an_event_of_its_recording(code: str) -> None:
    found = parse_event(message(f"sdk_upload.{code}", recording={"id": RECORDING}, sdk_upload={"id": TRANSCRIPT}))

    assert found == WebhookEvent(f"sdk_upload.{code}", RECORDING, None)
    assert found.needs_run


@pytest.mark.parametrize(
    "event", [f"sdk_upload.{code}" for code in ("uploading", "recording_started", "recording_ended")]
)
def test_other_events_of_sdk_uploads_are_counted(event: str) -> None:
    found = parse_event(message(event, recording={"id": RECORDING}, sdk_upload={"id": TRANSCRIPT}))

    assert found == ObjectEvent(event, TRANSCRIPT)
    assert not found.needs_run


@pytest.mark.parametrize("noun", OTHER_MEDIA)
@pytest.mark.parametrize("code", ["processing", "done", "failed", "deleted"])
def test_events_of_media_that_are_not_stored_are_counted(noun: str, code: str) -> None:
    found = parse_event(message(f"{noun}.{code}", **{noun: {"id": TRANSCRIPT}, "recording": {"id": RECORDING}}))

    assert found == ObjectEvent(f"{noun}.{code}", TRANSCRIPT)
    assert not found.needs_run


def test_real_time_events_about_other_objects_are_ignored() -> None:
    endpoint = {"realtime_endpoint": {"id": TRANSCRIPT}}

    assert parse_event(message("bot.done", bot={"id": BOT}, **endpoint)) is None
    assert parse_event(message("calendar.update", calendar_id=TRANSCRIPT, **endpoint)) is None


@pytest.mark.parametrize("has_endpoint", [True, False], ids=["with endpoint", "without"])
@pytest.mark.parametrize("event", REALTIME_EVENTS)
def test_real_time_events_are_ignored(event: str, has_endpoint: bool) -> None:
    noun = event.partition(".")[0]
    details: dict[str, Any] = {
        "data": {"participant": {"id": 100}, "timestamp": {"relative": 3.0}, "words": [], "data": None},
        noun: {"id": TRANSCRIPT},
        "recording": {"id": RECORDING},
    }
    if has_endpoint:
        details["realtime_endpoint"] = {"id": TRANSCRIPT, "metadata": {}}

    assert parse_event(message(event, **details)) is None


@pytest.mark.parametrize("event", ["recording.done", *(f"{noun}.done" for noun in MEDIA)])
def test_status_events_are_parsed_unless_they_name_a_real_time_endpoint(event: str) -> None:
    noun = event.partition(".")[0]
    details = {noun: {"id": TRANSCRIPT}, "recording": {"id": RECORDING}}

    assert parse_event(message(event, **details)) is not None
    assert parse_event(message(event, **details, realtime_endpoint={"id": TRANSCRIPT})) is None


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"type": "ping"}',
        b'{"data": {}}',
        b'{"event": 1, "data": {}}',
        b'{"event": null}',
        b'{"event": "recording.done"}',
        b'{"event": "recording.done", "data": []}',
        b'{"event": "recording.done", "data": null}',
        b'{"event": "recording.done", "data": {"recording": null}}',
        b'{"event": "recording.done", "data": {"recording": {"id": "rec_123"}}}',
        b'{"event": "transcript.done", "data": {"recording": {"id": "%b"}}}' % RECORDING.encode(),
    ],
)
def test_test_messages_are_ignored(body: bytes) -> None:
    assert parse_event(body) is None


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'{"event": "rec_123\xff"}', b'{"event": "recording.done", "data": ' + b"[" * 100_000],
)
def test_error_for_an_invalid_body_does_not_quote_it(body: bytes) -> None:
    with pytest.raises(PayloadError) as caught:
        parse_event(body)

    assert "rec_123" not in str(caught.value)


@needs_samples
@pytest.mark.parametrize("name", ["docs-transcript.done-2024-12", "docs-sdk_upload.complete-2025-05"])
def test_documented_messages_are_parsed(name: str) -> None:
    found = parse_event((SAMPLES / f"{name}.json").read_bytes())

    assert isinstance(found, WebhookEvent)


def test_events_of_every_artifact_are_parsed() -> None:
    assert {artifact.collection for artifact in ARTIFACTS.values()} < {*MEDIA}
