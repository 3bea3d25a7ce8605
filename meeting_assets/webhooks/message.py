"""Webhooks as Recall.ai sends them: who has signed a message, and what it announces.

A message is signed by Standard Webhooks, under headers `webhook-…` or `svix-…`: HMAC-SHA256 over its id, its time and
its raw body, by any of several secrets. It announces and proves nothing: what it says is asked from the API again.

Status events and real-time events may arrive at the same URL. Their names overlap (`transcript.done` is a status event,
`transcript.data` a real-time event); only status events announce anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from standardwebhooks import Webhook, WebhookVerificationError

from meeting_assets.core.errors import PayloadError

RECORDING = "recording"
MEDIA = ("participant_events", "transcript", "video_separate", "audio_separate", "meeting_metadata")
"""Media objects of which something is kept."""
NOTHING_NEW = frozenset({"processing", "paused"})
STATUS_CODES = NOTHING_NEW | {"done", "failed", "deleted"}
"""The documented codes of status events. Recall.ai may add codes; `_is_status` recognises those by their payload."""
REALTIME = "realtime_endpoint"
"""Every real-time event names the endpoint it was sent for; no status event does."""
PREFIXES = ("webhook", "svix")

_ID = re.compile(r"[!-~]{1,255}")
# The library stumbles over an entry of another form, whatever stands behind it.
_SIGNATURE = re.compile(r"v1,[A-Za-z0-9+/]{43}=")
_EVENT = re.compile(rf"({'|'.join((RECORDING, *MEDIA))})\.([a-z_]{{1,64}})")


class SignatureStatus(StrEnum):
    """Whether a message is to be believed."""

    GENUINE = "genuine"
    UNSIGNED = "unsigned"
    FORGED = "forged"
    STALE = "stale"
    """More than five minutes old or early: it may be a copy of a genuine one."""


class WebhookEvent(NamedTuple):
    """What a message says has happened, and to which recording or media object of it."""

    event: str
    recording_id: str
    artifact_id: str | None

    @property
    def is_news(self) -> bool:
        """Whether something may be there that was not before; codes are no enumeration, so an unknown one is."""
        return self.event.partition(".")[2] not in NOTHING_NEW


class WebhookVerifier:
    """The secrets of which any may have signed a message."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._keys = [Webhook(secret) for secret in secrets]

    def standing(self, headers: Mapping[str, str], body: bytes) -> SignatureStatus:
        """Whether one of the secrets has signed these very bytes, lately."""
        given = _given(headers)
        if given is None:
            return SignatureStatus.UNSIGNED
        standings = {_standing(key, given, body) for key in self._keys}
        return next(
            each
            for each in (SignatureStatus.GENUINE, SignatureStatus.STALE, SignatureStatus.FORGED)
            if each in standings
        )


def message_id(headers: Mapping[str, str]) -> str | None:
    """The id of a message, the same for each of its deliveries; None where it has none that is usable."""
    given = _given(headers)
    return given["webhook-id"] if given else None


def parse_event(body: bytes) -> WebhookEvent | None:
    """What a message announces; None for real-time events, test messages and objects that are not stored.

    Raises:
        PayloadError: the body is not a JSON object.
    """
    try:
        document = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        # The text of these errors names places and types, not what is there.
        raise PayloadError(f"no message: {type(error).__name__}") from None
    try:
        message = msgspec.convert(document, _Message)
        event = _EVENT.fullmatch(message.event)
        if event is None or not _is_status(event[2], message.data):
            return None
        recording_id = msgspec.convert(message.data.get(RECORDING), _Ref).id
        is_about_media = event[1] != RECORDING
        artifact_id = msgspec.convert(message.data.get(event[1]), _Ref).id if is_about_media else None
    except msgspec.ValidationError:
        # A test message from the dashboard, such as {"type": "ping"} or one with the id "rec_123".
        return None
    return WebhookEvent(message.event, str(recording_id), str(artifact_id) if artifact_id else None)


def _is_status(code: str, data: Mapping[str, Any]) -> bool:
    """Whether an event reports a status: its code is documented, or its payload repeats it.

    >>> _is_status("done", {}), _is_status("speech_on", {"data": {"participant": {}}})
    (True, False)
    >>> _is_status("archived", {"data": {"code": "archived", "sub_code": None}})
    True
    >>> _is_status("done", {"realtime_endpoint": {"id": "0f7a"}})
    False
    """
    if REALTIME in data:
        return False
    status = data.get("data")
    return code in STATUS_CODES or (isinstance(status, Mapping) and status.get("code") == code)


class _Message(msgspec.Struct):
    event: str
    data: dict[str, Any] = {}


class _Ref(msgspec.Struct):
    id: UUID


def _given(headers: Mapping[str, str]) -> dict[str, str] | None:
    """Id, time and signatures as the library wants them."""
    for prefix in PREFIXES:
        given = {f"webhook-{name}": headers.get(f"{prefix}-{name}", "") for name in ("id", "timestamp", "signature")}
        if all(given.values()) and _ID.fullmatch(given["webhook-id"]):
            return given
    return None


def _standing(key: Webhook, given: Mapping[str, str], body: bytes) -> SignatureStatus:
    signatures = " ".join(each for each in given["webhook-signature"].split() if _SIGNATURE.fullmatch(each))
    try:
        key.verify(body, {**given, "webhook-signature": signatures or "v0,"}, json_parse=False)
    except WebhookVerificationError as error:
        return SignatureStatus.STALE if "timestamp too" in str(error) else SignatureStatus.FORGED
    except UnicodeDecodeError:
        return SignatureStatus.FORGED
    return SignatureStatus.GENUINE
