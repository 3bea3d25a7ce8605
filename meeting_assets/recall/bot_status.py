"""Status changes and recordings of a listed bot.

Codes and sub codes are open sets: unknown ones are kept. A malformed change is skipped, the others keep their position.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from meeting_assets.recall.objects import Bot, instant_of, text_of

FATAL, CALL_ENDED, PERMISSION_DENIED = "fatal", "call_ended", "recording_permission_denied"
SECRET = re.compile(r"pass|pwd|token", re.IGNORECASE)
HIDDEN = "…"
MIN_SECRET_LENGTH = 3
"""Shorter passwords occur in ordinary words, and a message without those words would be unreadable."""

# Links without a scheme, such as `zoom.us/j/123?pwd=x`, are not recognised as URLs.
_PARAMETERS = re.compile(r"[?&#][^\s=]*=\S*")


class StatusChange(NamedTuple):
    """One status change of a bot, with its position in the API's list."""

    position: int
    code: str
    sub_code: str | None
    message: str | None
    at: datetime | None


def status_changes_of(bot: Bot) -> list[StatusChange] | None:
    """The status changes of a bot in the API's order; None if the object does not contain them."""
    if not isinstance(bot.status_changes, list):
        return None
    secrets = _secrets_of(bot.meeting_url)
    return [
        StatusChange(
            position,
            code,
            text_of(each.get("sub_code")),
            _without_secrets(text_of(each.get("message")), secrets),
            instant_of(each.get("created_at")),
        )
        for position, each in enumerate(bot.status_changes)
        if isinstance(each, Mapping) and (code := text_of(each.get("code")))
    ]


def recording_ids_of(bot: Bot) -> set[str] | None:
    """The ids of a bot's recordings; None if the object does not contain them."""
    if not isinstance(bot.recordings, list):
        return None
    return {found for each in bot.recordings if isinstance(each, Mapping) and (found := _uuid_text(each.get("id")))}


def _secrets_of(meeting_url: Any) -> list[str]:
    """The passwords and tokens of a meeting, longest first."""
    if not isinstance(meeting_url, Mapping):
        return []
    values = {str(value) for name, value in meeting_url.items() if SECRET.search(name) and isinstance(value, str | int)}
    return sorted((each for each in values if len(each) >= MIN_SECRET_LENGTH), key=len, reverse=True)


def _without_secrets(message: str | None, secrets: list[str]) -> str | None:
    if message is None:
        return None
    for secret in secrets:
        message = message.replace(secret, HIDDEN)
    return _PARAMETERS.sub("", message)


def _uuid_text(value: Any) -> str | None:
    try:
        return str(UUID(value)) if isinstance(value, str) else None
    except ValueError:
        return None
