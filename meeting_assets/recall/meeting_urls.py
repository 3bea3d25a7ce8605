"""The platform and the id of the meeting in a bot's meeting URL, which the API shows as an object.

| platform | id |
|---|---|
| Zoom, Google Meet, GoTo | `meeting_id` |
| Microsoft Teams | `meeting_id`, else `business_meeting_id`, else `thread_id` (links without a short id) |
| Webex | `meeting_subdomain/meeting_path` of a personal room, else a hash of `meeting_mtid` or of the path |

A Webex MTID, and every path but that of a personal room, admits to the meeting without a password. The hash is the
same for all occurrences of a meeting. The object also contains passwords, which are never read. The API clears it a few
days after the meeting.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

HASH_LENGTH = 16
"""Hexadecimal digits of an id that is a hash."""

_ID_FIELDS = ("meeting_id", "business_meeting_id", "thread_id")
# A query or a fragment could contain a password or a join token, so such a text is no id.
_ID = re.compile(r"[^\s?#&=;]{1,255}")
_PERSONAL_ROOM = re.compile(r"(meet|join)/[\w.@+-]{1,100}", re.IGNORECASE)


def platform_in(meeting_url: Any) -> str | None:
    """The platform, such as `zoom`; None if the API does not show it."""
    platform = meeting_url.get("platform") if isinstance(meeting_url, Mapping) else None
    return platform if isinstance(platform, str) and platform else None


def meeting_id_in(meeting_url: Any) -> str | None:
    """The platform's id of the meeting; None if the API does not show it, or shows a URL instead of an id.

    >>> meeting_id_in({"platform": "zoom", "meeting_id": "8123456789", "meeting_password": "x"})
    '8123456789'
    >>> meeting_id_in({"platform": "webex", "meeting_subdomain": "acme", "meeting_path": "meet/ann"})
    'acme/meet/ann'
    """
    if not isinstance(meeting_url, Mapping):
        return None
    for name in _ID_FIELDS:
        if found := _text_id(meeting_url.get(name)):
            return found
    subdomain, path, mtid = (_text_id(meeting_url.get(f"meeting_{name}")) for name in ("subdomain", "path", "mtid"))
    if subdomain and path and not mtid and _PERSONAL_ROOM.fullmatch(path):
        return f"{subdomain}/{path}"
    token = mtid or (subdomain and path and f"{subdomain}/{path}")
    return hashlib.sha256(token.encode()).hexdigest()[:HASH_LENGTH] if token else None


def _text_id(value: Any) -> str | None:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    is_id = isinstance(text, str) and _ID.fullmatch(text) is not None and "://" not in text
    return text if is_id else None
