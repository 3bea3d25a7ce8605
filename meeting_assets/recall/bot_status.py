"""Status changes and recordings of a listed bot, and the bot object as it is stored.

Codes and sub codes are open sets: unknown ones are kept. A malformed change is skipped, the others keep their position.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from meeting_assets.core.ids import uuid_of
from meeting_assets.recall.meeting_secrets import meeting_secrets, without_meeting_secrets
from meeting_assets.recall.objects import Bot, instant_of, text_of, without_secrets

FATAL, CALL_ENDED, PERMISSION_DENIED = "fatal", "call_ended", "recording_permission_denied"
FAILED = "failed"
"""Status of a recording that failed."""
_NOT_STORED = frozenset({"recordings", "automatic_video_output", "automatic_audio_output", "output_media"})


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
    secrets = meeting_secrets(bot.meeting_url)
    return [
        StatusChange(
            position,
            code,
            text_of(each.get("sub_code")),
            _cleaned_message(each, secrets),
            instant_of(each.get("created_at")),
        )
        for position, each in enumerate(bot.status_changes)
        if isinstance(each, Mapping) and (code := text_of(each.get("code")))
    ]


def recordings_of(bot: Bot) -> dict[str, str | None] | None:
    """The statuses of a bot's recordings by their ids; None if the object does not contain them."""
    if not isinstance(bot.recordings, list):
        return None
    listed = [each for each in bot.recordings if isinstance(each, Mapping)]
    return {found: _status_code(each.get("status")) for each in listed if (found := uuid_of(each.get("id")))}


def shows_meeting_secrets(meeting_url: Any) -> bool:
    """True if a meeting URL shows the passwords and tokens that a message may repeat.

    The API clears the URL after some days. Older versions show it as text: without any secret, it may be shortened.
    """
    return isinstance(meeting_url, Mapping) or bool(meeting_secrets(meeting_url))


def stored_bot_object(document: Mapping[str, Any]) -> dict[str, Any]:
    """A bot object as it is stored: without secrets, recordings (each is stored by itself) and images it can show.

    Without a meeting URL it is unknown which secrets the messages contain, so it is stored without messages.
    """
    kept = {name: value for name, value in document.items() if name not in _NOT_STORED}
    if isinstance(changes := kept.get("status_changes"), list):
        secrets = meeting_secrets(document.get("meeting_url"))
        is_safe = shows_meeting_secrets(document.get("meeting_url"))
        kept["status_changes"] = [
            {**each, "message": _cleaned_message(each, secrets) if is_safe else None}
            for each in changes
            if isinstance(each, Mapping)
        ]
    stored: dict[str, Any] = without_secrets(kept)
    return stored


def _cleaned_message(change: Mapping[str, Any], secrets: list[str]) -> str | None:
    message = text_of(change.get("message"))
    return None if message is None else without_meeting_secrets(message, secrets)


def _status_code(status: Any) -> str | None:
    return text_of(status.get("code")) if isinstance(status, Mapping) else None
