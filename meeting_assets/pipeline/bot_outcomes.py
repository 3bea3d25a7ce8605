"""The outcome of a bot, from its status changes and its recordings.

A bot that never recorded ends with `fatal`, or with `call_ended` and `done`. The reason is the sub code of `fatal` or
`call_ended`, never of `done`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from meeting_assets.recall.bot_status import CALL_ENDED, FATAL, PERMISSION_DENIED, StatusChange

RECORDED, MISSED, IN_PROGRESS, SCHEDULED = "recorded", "missed", "in_progress", "scheduled"
UNKNOWN = "unknown"
"""Outcome of a bot that never showed a final status."""

READY = "ready"
"""Code of a bot that waits for its time. It has not begun to join."""
ENDED = frozenset({"done", FATAL, "media_expired", "analysis_done", "analysis_failed"})
"""Codes after which a bot does nothing more."""
IN_CALL = frozenset(
    {
        *("joining_call", "in_waiting_room", "in_call_not_recording", "in_call_recording"),
        *("recording_permission_allowed", PERMISSION_DENIED),
        *(f"breakout_room_{change}" for change in ("entered", "left", "opened", "closed")),
    }
)
"""Codes of a bot that joins a call or is in one."""
HAS_RECORDED = frozenset({"in_call_recording", "recording_done", "media_expired", "analysis_done", "analysis_failed"})
"""Codes that prove a recording, also if it was removed from Recall.ai before the first sync."""
NOT_PERMITTED = "timeout_exceeded_recording_permission_denied"
"""Sub code of `call_ended` that only repeats that the permission to record was denied."""
ENDED_AFTER = timedelta(days=1)
"""Time after which a bot that left its call counts as ended without a final status."""
ABANDONED_AFTER = timedelta(days=30)
"""Time after which a bot without a final status is no longer retrieved, and its outcome is `UNKNOWN`."""


def outcome_of(
    changes: Sequence[StatusChange], *, has_recording: bool | None, planned_at: datetime | None, at: datetime
) -> str:
    """The outcome of a bot as of an instant, from its status changes and the time at which it was to join.

    `has_recording` is true if a usable recording is or was known, false if all known recordings failed, and None if
    none is known: then the status changes decide.

    Conclusions about artifacts are not possible: the API may report `done` before they exist.
    """
    if has_recording is None:
        has_recording = any(each.code in HAS_RECORDED for each in changes)
    begun = [each for each in changes if each.code != READY]
    if begun and has_ended(begun, at):
        return RECORDED if has_recording else MISSED
    if _is_abandoned(changes, planned_at, at):
        return RECORDED if has_recording else UNKNOWN
    if begun:
        return IN_PROGRESS
    return RECORDED if has_recording else SCHEDULED


def has_ended(changes: Sequence[StatusChange], at: datetime) -> bool:
    """True if a status change is final, or if the bot left its call more than a day ago and has not joined again.

    The API may add codes at any time. Unknown ones after the end change nothing.
    """
    if any(each.code in ENDED for each in changes):
        return True
    last = next((each for each in reversed(changes) if each.code == CALL_ENDED or each.code in IN_CALL), None)
    return last is not None and last.code == CALL_ENDED and last.at is not None and last.at < at - ENDED_AFTER


def reason_of(changes: Sequence[StatusChange]) -> str | None:
    """The sub code that explains a bot's end: of `fatal`, else of `call_ended`, else of a denied permission.

    A denied permission is more precise than a `call_ended` that only repeats it.
    """
    fatal, call_ended, denied = (_last_sub_code(changes, code) for code in (FATAL, CALL_ENDED, PERMISSION_DENIED))
    if call_ended == NOT_PERMITTED:
        call_ended = denied or call_ended
    return fatal or call_ended or denied


def _last_sub_code(changes: Sequence[StatusChange], code: str) -> str | None:
    return next((each.sub_code for each in reversed(changes) if each.code == code and each.sub_code is not None), None)


def _is_abandoned(changes: Sequence[StatusChange], planned_at: datetime | None, at: datetime) -> bool:
    times = [each for each in (planned_at, *(change.at for change in changes)) if each is not None]
    return bool(times) and max(times) < at - ABANDONED_AFTER
