"""The explanation of each documented sub code (https://docs.recall.ai/docs/sub-codes), and the categories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from meeting_assets.pipeline.missed_meeting_remedies import (
    ADMIT,
    ALLOW_RECORDING,
    ASK_SUPPORT,
    CHECK_LINK,
    CHECK_START,
    INVITE_AGAIN,
    JOIN_LATER,
    LIFT_LIMITS,
    NO_ACTION,
    OPEN_MEETING,
    SEND_IN_TIME,
    SET_UP_SIGN_IN,
    SET_UP_WEBEX,
    SET_UP_ZOOM,
    WAIT_LONGER,
)

NOT_ADMITTED, WAITING_ROOM, WRONG_LINK = "not_admitted", "waiting_room", "wrong_link"
NOBODY_JOINED, NO_PERMISSION, REMOVED = "nobody_joined", "no_permission", "removed"
NOT_STARTED, ENDED_EARLY, SIGN_IN = "not_started", "ended_early", "sign_in"
SETUP, PLATFORM_ERROR, FATAL_ERROR, UNKNOWN = "setup", "platform_error", "fatal_error", "unknown"


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
        REMOVED,
        "The application that sent the bot made it leave before it recorded.",
        LIFT_LIMITS,
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

_GOOGLE_MEET = {
    "google_meet_internal_error": (PLATFORM_ERROR, "Google Meet had an internal error.", ASK_SUPPORT),
    "google_meet_sign_in_failed": (SIGN_IN, "The bot could not sign in to Google.", SET_UP_SIGN_IN),
    "google_meet_sign_in_captcha_failed": (
        SIGN_IN,
        "Google asked the bot to solve a captcha at its sign-in.",
        SET_UP_SIGN_IN,
    ),
    "google_meet_bot_blocked": (NOT_ADMITTED, "Google Meet did not let the bot join.", INVITE_AGAIN),
    "google_meet_sso_sign_in_failed": (
        SIGN_IN,
        "The bot could not sign in to Google by single sign-on.",
        SET_UP_SIGN_IN,
    ),
    "google_meet_sign_in_missing_login_credentials": (
        SIGN_IN,
        "The bot needs a Google login, and none is set up.",
        SET_UP_SIGN_IN,
    ),
    "google_meet_sign_in_missing_recovery_credentials": (
        SIGN_IN,
        "The bot's Google login has no recovery credentials.",
        SET_UP_SIGN_IN,
    ),
    "google_meet_sso_sign_in_missing_login_credentials": (
        SIGN_IN,
        "The bot needs a login for Google's single sign-on, and none is set up.",
        SET_UP_SIGN_IN,
    ),
    "google_meet_sso_sign_in_missing_totp_secret": (
        SIGN_IN,
        "The bot's login for Google's single sign-on lacks the secret of its one-time passwords.",
        SET_UP_SIGN_IN,
    ),
    "google_meet_video_error": (PLATFORM_ERROR, "A video error of Google Meet kept the bot from joining.", ASK_SUPPORT),
    "google_meet_meeting_room_not_ready": (NOT_STARTED, "The Google Meet room was not ready.", JOIN_LATER),
    "google_meet_login_not_available": (
        SETUP,
        "All Google logins of the bot's login group were in use.",
        SET_UP_SIGN_IN,
    ),
    "google_meet_permission_denied_breakout": (
        NOT_ADMITTED,
        "The bot was rejected by a Google Meet breakout room.",
        NO_ACTION,
    ),
    "google_meet_knocking_disabled": (
        NOT_ADMITTED,
        "Google Meet does not let uninvited participants ask to join this meeting.",
        OPEN_MEETING,
    ),
    "google_meet_organisation_restricted": (
        NOT_ADMITTED,
        "Only members of the host's Google organisation may join the meeting.",
        OPEN_MEETING,
    ),
}

_ZOOM = {
    "zoom_sdk_credentials_missing": (SETUP, "No Zoom credentials are set up for the bot.", SET_UP_ZOOM),
    "zoom_sdk_update_required": (SETUP, "The meeting requires a newer version of Zoom's SDK.", ASK_SUPPORT),
    "zoom_sdk_app_not_published": (
        SETUP,
        "Zoom has not approved the app, so its bots can join meetings of their own account only.",
        SET_UP_ZOOM,
    ),
    "zoom_email_blocked_by_admin": (
        NOT_ADMITTED,
        "The administrator of the host's Zoom account has blocked the bot's account.",
        INVITE_AGAIN,
    ),
    "zoom_registration_required": (SIGN_IN, "The Zoom meeting requires a registration.", OPEN_MEETING),
    "zoom_captcha_required": (SIGN_IN, "Zoom asked the bot to solve a captcha.", SET_UP_SIGN_IN),
    "zoom_account_blocked": (SETUP, "Zoom has blocked the account of the bot.", SET_UP_ZOOM),
    "zoom_invalid_join_token": (SETUP, "Zoom rejected the bot's join token.", SET_UP_ZOOM),
    "zoom_invalid_signature": (
        SETUP,
        "Zoom rejected the bot's signature: its credentials or the meeting link are wrong.",
        SET_UP_ZOOM,
    ),
    "zoom_internal_error": (PLATFORM_ERROR, "Zoom had an internal error.", ASK_SUPPORT),
    "zoom_join_timeout": (PLATFORM_ERROR, "Zoom did not answer the bot's request to join in time.", ASK_SUPPORT),
    "zoom_email_required": (
        SIGN_IN,
        "The Zoom meeting requires an e-mail address, and the bot has none.",
        SET_UP_ZOOM,
    ),
    "zoom_web_disallowed": (
        NOT_ADMITTED,
        "The host does not let participants join from the browser, as with end-to-end encryption.",
        OPEN_MEETING,
    ),
    "zoom_connection_failed": (PLATFORM_ERROR, "The connection to Zoom failed.", ASK_SUPPORT),
    "zoom_error_multiple_device_join": (
        SETUP,
        "Another participant had joined with the bot's credentials.",
        SET_UP_ZOOM,
    ),
    "zoom_meeting_not_accessible": (NOT_ADMITTED, "The bot had no access to the Zoom meeting.", OPEN_MEETING),
    "zoom_meeting_host_inactive": (
        NOT_STARTED,
        "Zoom has disabled or restricted the account of the host.",
        NO_ACTION,
    ),
    "zoom_invalid_webinar_invite": (WRONG_LINK, "The invitation to the Zoom webinar is invalid.", CHECK_LINK),
}

_TEAMS_AND_WEBEX = {
    "microsoft_teams_call_dropped": (
        PLATFORM_ERROR,
        "Microsoft Teams dropped the bot, which could not join again.",
        ASK_SUPPORT,
    ),
    "microsoft_teams_sign_in_credentials_missing": (
        SIGN_IN,
        "The Microsoft Teams meeting requires a sign-in, and no account is set up for the bot.",
        SET_UP_SIGN_IN,
    ),
    "microsoft_teams_sign_in_failed": (
        SIGN_IN,
        "The bot could not sign in to its Microsoft account.",
        SET_UP_SIGN_IN,
    ),
    "microsoft_teams_internal_error": (PLATFORM_ERROR, "Microsoft Teams had an internal error.", ASK_SUPPORT),
    "microsoft_teams_captcha_detected": (
        SIGN_IN,
        "Microsoft Teams asks anonymous participants to solve a captcha.",
        SET_UP_SIGN_IN,
    ),
    "microsoft_teams_bot_not_invited": (
        NOT_ADMITTED,
        "The account of the bot was not invited to the Microsoft Teams meeting.",
        SET_UP_SIGN_IN,
    ),
    "microsoft_teams_breakout_room_unsupported": (
        REMOVED,
        "The bot was moved to a Microsoft Teams breakout room, which Recall.ai does not support.",
        NO_ACTION,
    ),
    "microsoft_teams_event_not_started_for_external": (
        NOT_STARTED,
        "Guests could not join the Microsoft Teams event before it began.",
        JOIN_LATER,
    ),
    "microsoft_teams_2fa_required": (
        SIGN_IN,
        "The Microsoft account of the bot requires a second factor.",
        SET_UP_SIGN_IN,
    ),
    "webex_join_meeting_error": (
        SETUP,
        "The bot could not join: the Webex meeting is invalid, or Webex credentials are wrong.",
        SET_UP_WEBEX,
    ),
}

EXPLANATIONS: Mapping[str, Explanation] = {
    code: Explanation(*found)
    for table in (_CALL_ENDED, _PERMISSION_DENIED, _FATAL, _GOOGLE_MEET, _ZOOM, _TEAMS_AND_WEBEX)
    for code, found in table.items()
}
"""The explanation of each documented sub code."""
