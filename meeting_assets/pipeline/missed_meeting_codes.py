"""The explanation of each documented sub code (https://docs.recall.ai/docs/sub-codes)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from meeting_assets.pipeline.missed_meeting_categories import (
    ENDED_EARLY,
    FATAL_ERROR,
    NO_PERMISSION,
    NOBODY_JOINED,
    NOT_ADMITTED,
    NOT_INTENDED,
    NOT_STARTED,
    REMOVED,
    SIGN_IN,
    WAITING_ROOM,
    WRONG_LINK,
)
from meeting_assets.pipeline.missed_meeting_platforms import GOOGLE_MEET, TEAMS_AND_WEBEX, ZOOM
from meeting_assets.pipeline.missed_meeting_remedies import (
    ADMIT,
    ALLOW_RECORDING,
    ASK_SUPPORT,
    CHECK_LINK,
    CHECK_START,
    EXPECTED,
    INVITE_AGAIN,
    JOIN_LATER,
    LIFT_LIMITS,
    NO_ACTION,
    OPEN_MEETING,
    SEND_IN_TIME,
    SET_UP_SIGN_IN,
    WAIT_LONGER,
)


class Explanation(NamedTuple):
    """Why a meeting was not recorded, and what to do about it, as sentences."""

    category: str
    reason: str
    remedy: str


_CALL_ENDED = {
    "call_ended_by_host": (ENDED_EARLY, "The host ended the meeting before the recording began.", ADMIT),
    "call_ended_by_platform_idle": (ENDED_EARLY, "The platform ended the meeting because it was idle.", NO_ACTION),
    "call_ended_by_platform_max_length": (
        ENDED_EARLY,
        "The meeting reached the platform's maximum length before the recording began.",
        ALLOW_RECORDING,
    ),
    "call_ended_by_platform_waiting_room_timeout": (
        WAITING_ROOM,
        "The bot was not admitted before the platform's time limit for waiting rooms.",
        ADMIT,
    ),
    "timeout_exceeded_waiting_room": (
        WAITING_ROOM,
        "The bot was not admitted from the waiting room in time.",
        WAIT_LONGER,
    ),
    "timeout_exceeded_noone_joined": (NOBODY_JOINED, "No participant joined the meeting.", CHECK_START),
    "timeout_exceeded_everyone_left": (
        NOBODY_JOINED,
        "All participants left before the recording began.",
        CHECK_START,
    ),
    "timeout_exceeded_silence_detected": (
        NOBODY_JOINED,
        "The meeting was silent, so the bot assumed that only bots attended.",
        LIFT_LIMITS,
    ),
    "timeout_exceeded_only_bots_detected_using_participant_names": (
        NOBODY_JOINED,
        "The names of all participants looked like those of bots.",
        LIFT_LIMITS,
    ),
    "timeout_exceeded_only_bots_detected_using_participant_events": (
        NOBODY_JOINED,
        "All participants behaved like bots.",
        LIFT_LIMITS,
    ),
    "timeout_exceeded_only_bots_in_call": (NOBODY_JOINED, "Only bots attended the meeting.", LIFT_LIMITS),
    "timeout_exceeded_only_bot_detected": (NOBODY_JOINED, "Only bots attended the meeting.", LIFT_LIMITS),
    "timeout_exceeded_in_call_not_recording": (
        NO_PERMISSION,
        "The bot was in the meeting, but did not start to record in time.",
        ALLOW_RECORDING,
    ),
    "timeout_exceeded_in_call_recording": (
        ENDED_EARLY,
        "The bot reached its time limit for recordings.",
        LIFT_LIMITS,
    ),
    "timeout_exceeded_recording_permission_denied": (
        NO_PERMISSION,
        "The bot was not given permission to record in time.",
        ALLOW_RECORDING,
    ),
    "timeout_exceeded_max_duration": (
        ENDED_EARLY,
        "The bot reached the maximum duration of the pay-as-you-go plan.",
        LIFT_LIMITS,
    ),
    "bot_kicked_from_call": (REMOVED, "The host removed the bot from the meeting.", INVITE_AGAIN),
    "bot_kicked_from_waiting_room": (
        NOT_ADMITTED,
        "The host rejected the bot in the waiting room.",
        INVITE_AGAIN,
    ),
    "bot_received_leave_call": (
        NOT_INTENDED,
        "The application that sent the bot made it leave before it recorded.",
        EXPECTED,
    ),
}

_PERMISSION_DENIED = {
    "zoom_local_recording_disabled": (
        NO_PERMISSION,
        "Local recording is switched off in the host's Zoom settings.",
        ALLOW_RECORDING,
    ),
    "zoom_local_recording_request_disabled": (
        NO_PERMISSION,
        "The host's Zoom settings forbid that participants ask for local recording.",
        ALLOW_RECORDING,
    ),
    "zoom_local_recording_request_disabled_by_host": (
        NO_PERMISSION,
        "The host has blocked all requests for local recording in this meeting.",
        ALLOW_RECORDING,
    ),
    "zoom_bot_in_waiting_room": (
        WAITING_ROOM,
        "The bot was in the waiting room, where it cannot ask for permission to record.",
        ADMIT,
    ),
    "zoom_host_not_present": (
        NO_PERMISSION,
        "The host was absent when the bot asked for permission to record.",
        ALLOW_RECORDING,
    ),
    "zoom_local_recording_request_denied_by_host": (
        NO_PERMISSION,
        "The host denied the bot's request to record.",
        ALLOW_RECORDING,
    ),
    "zoom_local_recording_denied": (
        NO_PERMISSION,
        "The request to record was denied, or expired without an answer.",
        ALLOW_RECORDING,
    ),
    "zoom_local_recording_grant_not_supported": (
        NO_PERMISSION,
        "The host used a Zoom client, such as a Zoom Room, that cannot give permission to record.",
        ALLOW_RECORDING,
    ),
    "zoom_sdk_key_blocked_by_host_admin": (
        NO_PERMISSION,
        "The administrator of the host's Zoom account has blocked the bot's app.",
        INVITE_AGAIN,
    ),
}

_FATAL = {
    "bot_errored": (FATAL_ERROR, "The bot failed because of an unexpected error.", ASK_SUPPORT),
    "failed_to_launch_in_time": (FATAL_ERROR, "The bot did not start in time.", SEND_IN_TIME),
    "meeting_not_found": (WRONG_LINK, "There is no meeting at the link.", CHECK_LINK),
    "meeting_not_started": (NOT_STARTED, "The meeting had not started.", JOIN_LATER),
    "meeting_requires_registration": (SIGN_IN, "The meeting requires a registration.", OPEN_MEETING),
    "meeting_requires_sign_in": (SIGN_IN, "Only signed-in users may join the meeting.", SET_UP_SIGN_IN),
    "meeting_link_expired": (WRONG_LINK, "The meeting link has expired.", CHECK_LINK),
    "meeting_link_invalid": (WRONG_LINK, "The meeting link is invalid.", CHECK_LINK),
    "meeting_password_incorrect": (WRONG_LINK, "The password of the meeting was wrong.", CHECK_LINK),
    "meeting_locked": (NOT_ADMITTED, "The meeting was locked.", OPEN_MEETING),
    "meeting_full": (NOT_ADMITTED, "The meeting had reached its maximum number of participants.", OPEN_MEETING),
    "meeting_ended": (ENDED_EARLY, "The meeting had ended before the bot joined.", SEND_IN_TIME),
}

EXPLANATIONS: Mapping[str, Explanation] = {
    code: Explanation(*found)
    for table in (_CALL_ENDED, _PERMISSION_DENIED, _FATAL, GOOGLE_MEET, ZOOM, TEAMS_AND_WEBEX)
    for code, found in table.items()
}
"""The explanation of each documented sub code."""
