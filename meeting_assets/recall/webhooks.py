"""Webhooks as Recall.ai sends them: who has signed a message, and what it announces.

A message is signed by Standard Webhooks, under headers `webhook-…` or `svix-…`: HMAC-SHA256 over its id, its time and
its raw body, by any of several secrets. It announces and proves nothing: what it says is asked from the API again.
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
PREFIXES = ("webhook", "svix")

_ID = re.compile(r"[!-~]{1,255}")
# The library stumbles over an entry of another form, whatever stands behind it.
_SIGNATURE = re.compile(r"v1,[A-Za-z0-9+/]{43}=")
_EVENT = re.compile(rf"({'|'.join((RECORDING, *MEDIA))})\.([a-z_]{{1,64}})")


class Standing(StrEnum):
    """Whether a message is to be believed."""

    GENUINE = "genuine"
    UNSIGNED = "unsigned"
    FORGED = "forged"
    STALE = "stale"
    """More than five minutes old or early: it may be a copy of a genuine one."""


class Announcement(NamedTuple):
    """What a message says has happened, and to which recording or media object of it."""

    event: str
    recording_id: str
    artifact_id: str | None

    @property
    def is_news(self) -> bool:
        """Whether something may be there that was not before; codes are no enumeration, so an unknown one is."""
        return self.event.partition(".")[2] not in NOTHING_NEW


class Seals:
    """The secrets of which any may have signed a message."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._keys = [Webhook(secret) for secret in secrets]

    def standing(self, headers: Mapping[str, str], body: bytes) -> Standing:
        """Whether one of the secrets has signed these very bytes, lately."""
        given = _given(headers)
        if given is None:
            return Standing.UNSIGNED
        standings = {_standing(key, given, body) for key in self._keys}
        return next(each for each in (Standing.GENUINE, Standing.STALE, Standing.FORGED) if each in standings)


def message_id(headers: Mapping[str, str]) -> str | None:
    """The id of a message, the same for each of its deliveries; None where it has none that is usable."""
    given = _given(headers)
    return given["webhook-id"] if given else None


def announcement(body: bytes) -> Announcement | None:
    """What a message announces; None where it is about nothing that is kept here.

    Test messages are such: `{"type": "ping"}`, or ids like `rec_123`, which no object of the API has.

    Raises:
        PayloadError: it is no message.
    """
    try:
        message = msgspec.json.decode(body, type=_Message)
        event = _EVENT.fullmatch(message.event) if isinstance(message.event, str) else None
        if event is None:
            return None
        data = msgspec.json.decode(message.data, type=dict[str, Any])
        recording_id = msgspec.convert(data.get(RECORDING), _Ref).id
        is_about_media = event[1] != RECORDING
        artifact_id = msgspec.convert(data.get(event[1]), _Ref).id if is_about_media else None
        if not _is_uuid(recording_id) or not (artifact_id is None or _is_uuid(artifact_id)):
            return None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        # The text of these errors names places and types, not what is there.
        raise PayloadError(f"no message: {type(error).__name__}") from None
    return Announcement(event[0], str(UUID(recording_id)), str(UUID(artifact_id)) if artifact_id else None)


def _is_uuid(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False


class _Message(msgspec.Struct):
    event: Any = None
    data: msgspec.Raw = msgspec.Raw(b"{}")


class _Ref(msgspec.Struct):
    id: str


def _given(headers: Mapping[str, str]) -> dict[str, str] | None:
    """Id, time and signatures as the library wants them."""
    for prefix in PREFIXES:
        given = {f"webhook-{name}": headers.get(f"{prefix}-{name}", "") for name in ("id", "timestamp", "signature")}
        if all(given.values()) and _ID.fullmatch(given["webhook-id"]):
            return given
    return None


def _standing(key: Webhook, given: Mapping[str, str], body: bytes) -> Standing:
    signatures = " ".join(each for each in given["webhook-signature"].split() if _SIGNATURE.fullmatch(each))
    try:
        key.verify(body, {**given, "webhook-signature": signatures or "v0,"}, json_parse=False)
    except WebhookVerificationError as error:
        return Standing.STALE if "timestamp too" in str(error) else Standing.FORGED
    except UnicodeDecodeError:
        return Standing.FORGED
    return Standing.GENUINE
