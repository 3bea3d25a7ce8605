"""Titles of recordings: whether a title says more than the meeting's code, and the substitute for a missing one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from meeting_assets.core.instants import utc

_MEET_CODE = re.compile(r"[a-z]{3}-[a-z]{4}-[a-z]{3}", re.IGNORECASE)


def usable_title(title: str | None, meeting_id: str | None) -> str | None:
    """The title, unless it is empty or only the code of the meeting, as Google Meet often shows.

    >>> usable_title("Weekly", None), usable_title("abc-defg-hij", None), usable_title(" ", None)
    ('Weekly', None, None)
    """
    text = (title or "").strip()
    is_code = _MEET_CODE.fullmatch(text) or (meeting_id and text.lower() == meeting_id.lower())
    return title if text and not is_code else None


def substitute_title(row: Mapping[str, Any]) -> str:
    """The display title of a recording without a usable title: its platform and the UTC minute of `created_at`.

    >>> from datetime import UTC, datetime
    >>> substitute_title({"platform": "zoom", "created_at": datetime(2026, 3, 2, 14, 0, 7, tzinfo=UTC)})
    'zoom meeting of 2026-03-02 14:00 UTC'
    """
    platform = f"{row['platform']} ".replace("_", " ") if row.get("platform") else ""
    return f"{platform}meeting of {utc(row['created_at']):%Y-%m-%d %H:%M} UTC"
