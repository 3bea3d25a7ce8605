"""Authors of users' statements."""

from __future__ import annotations

import getpass

from meeting_assets.core.errors import UsageError


def author_or_login(given: str | None) -> str:
    """The author that the user gave, or the login name.

    Raises:
        UsageError: the process has no login name.
    """
    if given is not None:
        return given
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        raise UsageError("This process has no login name. Give --author.") from None
