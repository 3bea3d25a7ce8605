"""Categories of the reasons why meetings were not recorded."""

from __future__ import annotations

NOT_ADMITTED, WAITING_ROOM, WRONG_LINK = "not_admitted", "waiting_room", "wrong_link"
NOBODY_JOINED, NO_PERMISSION, REMOVED = "nobody_joined", "no_permission", "removed"
NOT_STARTED, ENDED_EARLY, SIGN_IN = "not_started", "ended_early", "sign_in"
NOT_INTENDED = "not_intended"
"""Category of bots that were not to record. Their meetings are not reported as missed."""
SETUP, PLATFORM_ERROR, FATAL_ERROR, UNKNOWN = "setup", "platform_error", "fatal_error", "unknown"
