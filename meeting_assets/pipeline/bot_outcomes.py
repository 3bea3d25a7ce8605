"""The outcome of a bot, from its status changes and its recordings.

A bot that never recorded ends with `fatal`, or with `call_ended` and `done`. The reason is the sub code of `fatal` or
`call_ended`, never of `done`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from meeting_assets.recall.bot_status import CALL_ENDED, FATAL, PERMISSION_DENIED, StatusChange

RECORDED, MISSED, IN_PROGRESS, SCHEDULED = "recorded", "missed", "in_progress", "scheduled"

READY = "ready"
"""Code of a bot that waits for its time. It has not begun to join."""
ENDED = frozenset({"done", FATAL, "media_expired", "analysis_done", "analysis_failed"})
"""Codes after which a bot does nothing more."""
HAS_RECORDED = frozenset({"in_call_recording", "recording_done", "media_expired", "analysis_done", "analysis_failed"})
"""Codes that prove a recording, also if it was removed from Recall.ai before the first sync."""
ENDED_AFTER = timedelta(days=1)
"""Time after which a bot that left its call counts as ended without a final status."""


def outcome_of(changes: Sequence[StatusChange], *, has_recording: bool, at: datetime) -> str:
    """The outcome of a bot as of an instant; `has_recording` is true if a recording is or was known.

    Conclusions about artifacts are not possible: the API may report `done` before they exist.
    """
    has_recorded = has_recording or any(each.code in HAS_RECORDED for each in changes)
    begun = [each for each in changes if each.code != READY]
    if not begun:
        return RECORDED if has_recorded else SCHEDULED
    if not has_ended(begun, at):
        return IN_PROGRESS
    return RECORDED if has_recorded else MISSED


def has_ended(changes: Sequence[StatusChange], at: datetime) -> bool:
    """True if the last status change is final, or reports the end of the call more than a day ago."""
    last = changes[-1]
    left_long_ago = last.code == CALL_ENDED and last.at is not None and last.at < at - ENDED_AFTER
    return last.code in ENDED or left_long_ago


def reason_of(changes: Sequence[StatusChange]) -> str | None:
    """The sub code that explains a bot's end: of `fatal`, else of `call_ended`, else of a denied permission."""
    for code in (FATAL, CALL_ENDED, PERMISSION_DENIED):
        for each in reversed(changes):
            if each.code == code and each.sub_code is not None:
                return each.sub_code
    return None
