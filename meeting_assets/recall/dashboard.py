"""Pages of Recall.ai's dashboard (https://docs.recall.ai/docs/debugging-bots)."""

from __future__ import annotations

import re

_ORIGIN = re.compile(r"https://[a-z]+-[a-z]+-\d\.recall\.ai")


def dashboard_url(origin: str | None, bot_id: str | None) -> str | None:
    """The page of a bot; None without a bot, and for the sandbox and proxies, which have no dashboard.

    >>> dashboard_url("https://us-west-2.recall.ai", "6e1f5adb-3340-4f50-900d-9aa2cdc53d6c")
    'https://us-west-2.recall.ai/dashboard/explorer/bot/6e1f5adb-3340-4f50-900d-9aa2cdc53d6c'
    >>> dashboard_url("http://127.0.0.1", "6e1f5adb-3340-4f50-900d-9aa2cdc53d6c")
    """
    if origin is None or bot_id is None or not _ORIGIN.fullmatch(origin):
        return None
    return f"{origin}/dashboard/explorer/bot/{bot_id}"
