"""A message is genuine only if one of the secrets signed it within the last five minutes."""

from __future__ import annotations

import base64
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from meeting_assets.sandbox.webhook_sender import signature
from meeting_assets.webhooks.signature import SignatureStatus, WebhookVerifier

ROOT = Path(__file__).parents[2]
SAMPLES = Path(os.environ.get("MEETING_ASSETS_SAMPLES", ROOT.parent / "shared" / "samples")) / "webhooks"
KEY, OTHER_KEY = b"the key of a workspace", b"another one"
SECRET, OTHER_SECRET = (f"whsec_{base64.b64encode(key).decode()}" for key in (KEY, OTHER_KEY))
BODY = b'{"event": "recording.done"}'


def signed(body: bytes = BODY, *, key: bytes = KEY, age_s: float = 0, prefix: str = "webhook") -> dict[str, str]:
    """The headers of a message, signed by the sandbox's own implementation."""
    sent_s = str(int(time.time() - age_s))
    return {
        f"{prefix}-id": "msg_1",
        f"{prefix}-timestamp": sent_s,
        f"{prefix}-signature": signature(key, "msg_1", sent_s, body),
    }


def verified(headers: dict[str, str], body: bytes = BODY) -> SignatureStatus:
    return WebhookVerifier([SECRET]).verify(headers, body)[0]


@pytest.mark.parametrize("prefix", ["webhook", "svix"])
def test_message_signed_with_the_secret_is_genuine(prefix: str) -> None:
    headers = signed(prefix=prefix)

    assert WebhookVerifier([SECRET]).verify(headers, BODY) == (SignatureStatus.GENUINE, "msg_1")


def test_any_of_several_secrets_makes_a_message_genuine() -> None:
    verifier = WebhookVerifier([SECRET, OTHER_SECRET])

    assert {verifier.verify(signed(key=key), BODY)[0] for key in (KEY, OTHER_KEY)} == {SignatureStatus.GENUINE}
    assert verifier.verify(signed(key=b"a third one"), BODY)[0] is SignatureStatus.FORGED


@pytest.mark.parametrize("other", ["v1," + "A" * 43 + "=", "v2,new", "v1", "v1,not base64", ",", "v1a,x,y"])
def test_one_valid_signature_among_others_is_enough(other: str) -> None:
    headers = signed()
    valid = headers["webhook-signature"]

    assert verified(headers | {"webhook-signature": f"{other} {valid}"}) is SignatureStatus.GENUINE
    assert verified(headers | {"webhook-signature": other}) is SignatureStatus.FORGED


@pytest.mark.parametrize("version", ["v0", "v2", "V1"])
def test_signature_of_another_version_is_ignored(version: str) -> None:
    headers = signed()

    headers["webhook-signature"] = headers["webhook-signature"].replace("v1", version)

    assert verified(headers) is SignatureStatus.FORGED


def test_changed_body_id_or_time_makes_a_message_forged() -> None:
    headers = signed()
    later = str(int(headers["webhook-timestamp"]) + 1)

    assert verified(headers, BODY + b" ") is SignatureStatus.FORGED
    assert verified(headers | {"webhook-id": "msg_2"}) is SignatureStatus.FORGED
    assert verified(headers | {"webhook-timestamp": later}) is SignatureStatus.FORGED


@pytest.mark.parametrize(("age_s", "expected"), [(240, "genuine"), (-240, "genuine"), (360, "stale"), (-360, "stale")])
def test_message_more_than_five_minutes_old_or_early_is_stale(age_s: float, expected: str) -> None:
    assert verified(signed(age_s=age_s)) == expected


@pytest.mark.parametrize("sent", ["soon", "nan", "inf", "1e400", "-1", "٣"])
def test_message_with_an_invalid_time_is_rejected(sent: str) -> None:
    assert verified(signed() | {"webhook-timestamp": sent}) in {SignatureStatus.FORGED, SignatureStatus.STALE}


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_message_without_one_of_the_headers_is_unsigned(missing: str) -> None:
    headers = signed()

    del headers[missing]

    assert WebhookVerifier([SECRET]).verify(headers, BODY) == (SignatureStatus.UNSIGNED, "")


@pytest.mark.parametrize("invalid", ["", "a b", "a\x00", "é", "a" * 256])
def test_message_with_an_invalid_id_is_unsigned(invalid: str) -> None:
    assert verified(signed() | {"webhook-id": invalid}) is SignatureStatus.UNSIGNED


def test_message_that_is_not_utf_8_is_forged() -> None:
    assert verified(signed(b"\xff\xfe"), b"\xff\xfe") is SignatureStatus.FORGED


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="MEETING_ASSETS_SAMPLES names the samples' folder")
def test_documented_test_vector_has_the_expected_signature() -> None:
    vector = json.loads((SAMPLES / "derived-signature-test-vector.json").read_text())
    headers = vector["headers"]
    sent_at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)

    signed_again = Webhook(vector["secret"]).sign(headers["webhook-id"], sent_at, vector["raw_body"])

    assert signed_again == headers["webhook-signature"]
    status, _ = WebhookVerifier([vector["secret"]]).verify(headers, vector["raw_body"].encode())
    assert status is SignatureStatus.STALE
