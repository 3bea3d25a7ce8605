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

_EVENT = re.compile(rf"({'|'.join((RECORDING, *MEDIA))})\.([a-z_]{{1,64}})")


class WebhookEvent(NamedTuple):
    """A change of status of a recording or of one of its media objects."""

    event: str
    recording_id: str
    artifact_id: str | None

    @property
    def needs_run(self) -> bool:
        """False while the object is unfinished, True for all other codes, including undocumented ones."""
        return self.event.partition(".")[2] not in UNFINISHED


class _Message(msgspec.Struct):
    event: str
    data: dict[str, Any] = {}


class _Ref(msgspec.Struct):
    id: UUID


def parse_event(body: bytes) -> WebhookEvent | None:
    """The status event in a message; None for real-time events, test messages and objects that are not stored.

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
