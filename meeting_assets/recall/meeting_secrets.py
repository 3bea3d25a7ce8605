"""Removal of a meeting's passwords and join tokens from text.

The API shows them as fields of a bot's meeting URL. Messages of status changes can repeat them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from meeting_assets.core.urls import HIDDEN, without_link_secrets

MIN_SECRET_LENGTH = 3
"""Shorter passwords occur in ordinary words, and a message without those words would be unreadable."""

_SECRET_NAME = re.compile(r"pass|pwd|token|mtid|path|^(p|tk)$", re.IGNORECASE)


def meeting_secrets(meeting_url: Any) -> list[str]:
    """The passwords and tokens of a meeting URL, longest first. Older API versions show the URL as text.

    >>> meeting_secrets({"platform": "zoom", "meeting_id": "812", "meeting_password": "hush"})
    ['hush']
    >>> meeting_secrets("https://acme.zoom.us/j/812?pwd=hush&lang=english")
    ['hush']
    """
    values = {value for name, value in _fields(meeting_url) if _SECRET_NAME.search(name)}
    return sorted((each for each in values if len(each) >= MIN_SECRET_LENGTH), key=len, reverse=True)


def without_meeting_secrets(text: str, secrets: list[str]) -> str:
    """Text without some secrets, parameters of links, and values that the text calls a password or token.

    >>> without_meeting_secrets("hush was refused at zoom.us/j/812?pwd=x. Passcode: 123", ["hush"])
    '… was refused at zoom.us/j/812 Passcode: …'
    """
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return without_link_secrets(text)


def _fields(meeting_url: Any) -> Iterator[tuple[str, str]]:
    """Names and values of a meeting URL; those of its parameters if it is text."""
    if isinstance(meeting_url, Mapping):
        for name, value in meeting_url.items():
            if isinstance(value, str | int):
                yield str(name), str(value)
    elif isinstance(meeting_url, str):
        try:
            parts = urlsplit(meeting_url)
            yield from parse_qsl(f"{parts.query}&{parts.fragment}")
        except ValueError:
            return
