"""The settings of the environment, imported when they are read: `--help` and completion need none.

Importing pydantic takes longer than printing a help.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meeting_assets.settings import Settings


def read_settings() -> Settings:
    """The settings of the environment.

    Raises:
        SettingsError: a setting is invalid.
    """
    from meeting_assets import settings

    return settings.read_settings()
