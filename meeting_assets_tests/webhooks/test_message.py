"""Webhooks: only what one of the secrets has signed lately is taken for genuine, and nothing for true."""

from __future__ import annotations

import base64
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.errors import PayloadError
from meeting_assets.sandbox.webhook_sender import signature
from meeting_assets.webhooks.message import (
    MEDIA,
    SignatureStatus,
    WebhookEvent,
    WebhookVerifier,
    message_id,
    parse_event,
)

ROOT = Path(__file__).parents[2]
SAMPLES = Path(os.environ.get("MEETING_ASSETS_SAMPLES", ROOT.parent / "shared" / "samples")) / "webhooks"
KEY, OTHER_KEY = b"the key of a workspace", b"another one"
SECRET, OTHER_SECRET = (f"whsec_{base64.b64encode(key).decode()}" for key in (KEY, OTHER_KEY))
RECORDING = "0206f11b-68ab-42b1-8a30-b85f60076e83"
TRANSCRIPT = "7d7387b1-874f-4950-a5b9-1ba6660e2f95"
BODY = b'{"event": "recording.done"}'

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


def signed(body: bytes = BODY, *, key: bytes = KEY, age_s: float = 0, prefix: str = "webhook") -> dict[str, str]:
    """The headers of a message by the sandbox's own hand."""
    sent_s = str(int(time.time() - age_s))
    return {
        f"{prefix}-id": "msg_1",
        f"{prefix}-timestamp": sent_s,
        f"{prefix}-signature": signature(key, "msg_1", sent_s, body),
    }


def standing(headers: dict[str, str], body: bytes = BODY) -> SignatureStatus:
    return WebhookVerifier([SECRET]).standing(headers, body)


def message(event: str, **data: Any) -> bytes:
    return json.dumps({"event": event, "data": data}).encode()


@pytest.mark.parametrize("prefix", ["webhook", "svix"])
def test_a_message_signed_by_the_secret_is_genuine(prefix: str) -> None:
    headers = signed(prefix=prefix)

    assert standing(headers) is SignatureStatus.GENUINE
    assert message_id(headers) == "msg_1"


def test_any_of_several_secrets_may_have_signed() -> None:
    seals = WebhookVerifier([SECRET, OTHER_SECRET])

    assert {seals.standing(signed(key=key), BODY) for key in (KEY, OTHER_KEY)} == {SignatureStatus.GENUINE}
    assert seals.standing(signed(key=b"a third one"), BODY) is SignatureStatus.FORGED


@pytest.mark.parametrize("other", ["v1," + "A" * 43 + "=", "v2,new", "v1", "v1,not base64", ",", "v1a,x,y"])
def test_one_good_signature_among_others_is_enough(other: str) -> None:
    headers = signed()
    good = headers["webhook-signature"]

    assert standing(headers | {"webhook-signature": f"{other} {good}"}) is SignatureStatus.GENUINE
    assert standing(headers | {"webhook-signature": other}) is SignatureStatus.FORGED


@pytest.mark.parametrize("version", ["v0", "v2", "V1"])
def test_a_signature_of_another_version_is_none(version: str) -> None:
    headers = signed()

    headers["webhook-signature"] = headers["webhook-signature"].replace("v1", version)

    assert standing(headers) is SignatureStatus.FORGED


def test_a_changed_byte_or_id_or_time_is_forged() -> None:
    headers = signed()
    later = str(int(headers["webhook-timestamp"]) + 1)

    assert standing(headers, BODY + b" ") is SignatureStatus.FORGED
    assert standing(headers | {"webhook-id": "msg_2"}) is SignatureStatus.FORGED
    assert standing(headers | {"webhook-timestamp": later}) is SignatureStatus.FORGED


@pytest.mark.parametrize(("age_s", "expected"), [(240, "genuine"), (-240, "genuine"), (360, "stale"), (-360, "stale")])
def test_five_minutes_old_or_early_is_the_limit(age_s: float, expected: str) -> None:
    assert standing(signed(age_s=age_s)) == expected


@pytest.mark.parametrize("sent", ["soon", "nan", "inf", "1e400", "-1", "٣"])
def test_a_time_that_is_none_is_not_believed(sent: str) -> None:
    assert standing(signed() | {"webhook-timestamp": sent}) in {SignatureStatus.FORGED, SignatureStatus.STALE}


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_message_without_one_of_the_headers_is_unsigned(missing: str) -> None:
    headers = signed()

    del headers[missing]

    assert standing(headers) is SignatureStatus.UNSIGNED
    assert message_id(headers) is None


@pytest.mark.parametrize("strange", ["", "a b", "a\x00", "é", "a" * 256])
def test_an_id_that_no_sender_gives_is_none(strange: str) -> None:
    assert standing(signed() | {"webhook-id": strange}) is SignatureStatus.UNSIGNED


def test_a_body_that_is_no_text_is_forged() -> None:
    assert standing(signed(b"\xff\xfe"), b"\xff\xfe") is SignatureStatus.FORGED


@needs_samples
def test_the_documented_algorithm_gives_the_signature_of_the_test_vector() -> None:
    vector = json.loads((SAMPLES / "derived-signature-test-vector.json").read_text())
    headers = vector["headers"]
    sent_at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)

    made = Webhook(vector["secret"]).sign(headers["webhook-id"], sent_at, vector["raw_body"])

    assert made == headers["webhook-signature"]
    assert WebhookVerifier([vector["secret"]]).standing(headers, vector["raw_body"].encode()) is SignatureStatus.STALE


def test_a_recording_is_announced_by_its_id() -> None:
    body = message("recording.done", recording={"id": RECORDING.upper(), "metadata": {}}, bot=None)

    assert parse_event(body) == WebhookEvent("recording.done", RECORDING, None)


@pytest.mark.parametrize("noun", MEDIA)
@pytest.mark.parametrize("code", ["done", "failed", "deleted", "processing", "something_new"])
def test_a_media_object_is_announced_with_its_recording(noun: str, code: str) -> None:
    status = {"code": code, "sub_code": None, "updated_at": "2026-03-02T10:00:00Z"}
    body = message(f"{noun}.{code}", **{"data": status, noun: {"id": TRANSCRIPT}, "recording": {"id": RECORDING}})

    found = parse_event(body)

    assert found == WebhookEvent(f"{noun}.{code}", RECORDING, TRANSCRIPT)
    assert found.is_news is (code != "processing")


@pytest.mark.parametrize(
    "event", ["bot.done", "calendar.update", "sdk_upload.complete", "video_mixed.done", "transcript", "recording.", "x"]
)
def test_events_about_anything_else_are_none(event: str) -> None:
    assert parse_event(message(event, anything=["else"])) is None
    assert parse_event(json.dumps({"event": event}).encode()) is None


@pytest.mark.parametrize("has_endpoint", [True, False], ids=["with endpoint", "without"])
@pytest.mark.parametrize("event", REALTIME_EVENTS)
def test_real_time_events_announce_nothing(event: str, has_endpoint: bool) -> None:
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
def test_status_events_announce_their_recording_unless_they_name_a_real_time_endpoint(event: str) -> None:
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
def test_test_messages_announce_nothing(body: bytes) -> None:
    assert parse_event(body) is None


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'{"event": "rec_123\xff"}', b'{"event": "recording.done", "data": ' + b"[" * 100_000],
)
def test_what_is_no_message_says_so_without_its_content(body: bytes) -> None:
    with pytest.raises(PayloadError) as caught:
        parse_event(body)

    assert "rec_123" not in str(caught.value)


@needs_samples
@pytest.mark.parametrize("name", ["docs-transcript.done-2024-12", "docs-sdk_upload.complete-2025-05"])
def test_documented_messages_are_understood(name: str) -> None:
    found = parse_event((SAMPLES / f"{name}.json").read_bytes())

    is_ours = "transcript" in name
    assert (found is not None) == is_ours


def test_every_artifact_s_media_object_is_listened_for() -> None:
    assert {artifact.collection for artifact in ARTIFACTS.values()} < {*MEDIA}
