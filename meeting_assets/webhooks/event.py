"""Parses the bodies of Recall.ai's webhooks.

A message proves nothing: the pipeline retrieves the object from the API before it stores anything.

Status events and real-time events may arrive at the same URL. Their names overlap (`transcript.done` is a status event,
`transcript.data` a real-time event); only status events are parsed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.errors import PayloadError
from meeting_assets.recall.objects import RECORDING

MEDIA = (*dict.fromkeys(artifact.collection for artifact in ARTIFACTS.values()), "meeting_metadata")
"""Kinds of media objects that this package stores."""
UNFINISHED = frozenset({"processing", "paused"})
STATUS_CODES = UNFINISHED | {"done", "failed", "deleted"}
"""The documented codes of status events. Recall.ai may add codes; `_is_status` recognises those by their payload."""
REALTIME = "realtime_endpoint"
"""Every real-time event names its endpoint; no status event does."""

SDK_UPLOAD, BOT, CALENDAR = "sdk_upload", "bot", "calendar"
OTHER_MEDIA = ("audio_mixed", "video_mixed")
"""Kinds of media objects that this package does not store; messages about them are counted."""
SDK_UPLOAD_ENDED = frozenset({"complete", "failed"})
SDK_UPLOAD_CODES = SDK_UPLOAD_ENDED | {"uploading", "recording_started", "recording_ended"}
BOT_UNFINISHED = frozenset(
    {
        *("joining_call", "in_waiting_room", "in_call_not_recording", "in_call_recording"),
        *("recording_permission_allowed", "recording_permission_denied"),
        *(f"breakout_room_{change}" for change in ("entered", "left", "opened", "closed")),
    }
)
"""Codes of a bot that goes on."""
BOT_ENDED = frozenset({"call_ended", "done", "fatal"})
LEGACY_STATUS_CHANGE = "status_change"
"""Code of every event of a bot in API version 1.10."""
OBJECT_CODES = {
    BOT: BOT_UNFINISHED | BOT_ENDED | {LEGACY_STATUS_CHANGE},
    CALENDAR: frozenset({"update", "sync_events"}),
    SDK_UPLOAD: SDK_UPLOAD_CODES,
}
"""The documented codes of objects that have codes of their own."""
NEEDS_RUN = frozenset({BOT, CALENDAR})
"""Families of `ObjectEvent` that need a run."""

_EVENT = re.compile(rf"({'|'.join((RECORDING, *MEDIA, SDK_UPLOAD, BOT, CALENDAR, *OTHER_MEDIA))})\.([a-z_]{{1,64}})")


class WebhookEvent(NamedTuple):
    """A change of status of a recording or of one of its media objects."""

    event: str
    recording_id: str
    artifact_id: str | None

    @property
    def needs_run(self) -> bool:
        """False while the object is unfinished, True for all other codes, including undocumented ones."""
        return self.event.partition(".")[2] not in UNFINISHED


class ObjectEvent(NamedTuple):
    """A change of another object: a bot, a calendar, an SDK upload, or a media object that is not stored."""

    event: str
    object_id: str

    @property
    def needs_run(self) -> bool:
        """True for bots and calendars; all other events are only counted."""
        return self.event.partition(".")[0] in NEEDS_RUN


class _Message(msgspec.Struct):
    event: str
    data: dict[str, Any] = {}


class _Ref(msgspec.Struct):
    id: UUID


def parse_event(body: bytes) -> WebhookEvent | ObjectEvent | None:
    """The event in a message; None for real-time events, test messages and undocumented objects.

    Raises:
        PayloadError: the body is not a JSON object.
    """
    try:
        document = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        # The class alone: a message must not quote the body.
        raise PayloadError(f"the webhook's body is not a JSON object ({type(error).__name__})") from None
    try:
        message = msgspec.convert(document, _Message)
        event = _EVENT.fullmatch(message.event)
        if event is None or not _is_documented(event[1], event[2], message.data):
            return None
        return _parsed(message, event[1], event[2])
    except msgspec.ValidationError:
        # A test message from the dashboard, such as {"type": "ping"} or one with the id "rec_123".
        return None


def _parsed(message: _Message, family: str, code: str) -> WebhookEvent | ObjectEvent:
    """The event of a message.

    Raises:
        msgspec.ValidationError: the message names no object by a valid id.
    """
    if family == RECORDING or (family == SDK_UPLOAD and code in SDK_UPLOAD_ENDED):
        return WebhookEvent(message.event, _id_in(message.data, RECORDING), None)
    if family in MEDIA:
        return WebhookEvent(message.event, _id_in(message.data, RECORDING), _id_in(message.data, family))
    if family == CALENDAR or code == LEGACY_STATUS_CHANGE:
        return ObjectEvent(message.event, str(msgspec.convert(message.data.get(f"{family}_id"), UUID)))
    return ObjectEvent(message.event, _id_in(message.data, family))


def _id_in(data: Mapping[str, Any], name: str) -> str:
    return str(msgspec.convert(data.get(name), _Ref).id)


def _is_documented(family: str, code: str, data: Mapping[str, Any]) -> bool:
    if family in OBJECT_CODES and code in OBJECT_CODES[family]:
        return REALTIME not in data
    return _is_status(code, data)


def _is_status(code: str, data: Mapping[str, Any]) -> bool:
    """True if an event reports a status: its code is documented, or its payload repeats the code.

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
