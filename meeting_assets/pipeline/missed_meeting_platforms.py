"""Category, reason and remedy of each documented sub code of one platform that ends a bot with `fatal`."""

from __future__ import annotations

from meeting_assets.pipeline.missed_meeting_categories import (
    NOT_ADMITTED,
    NOT_STARTED,
    PLATFORM_ERROR,
    REMOVED,
    SETUP,
    SIGN_IN,
    WRONG_LINK,
)
from meeting_assets.pipeline.missed_meeting_remedies import (
    ASK_SUPPORT,
    CHECK_LINK,
    INVITE_AGAIN,
    JOIN_LATER,
    NO_ACTION,
    OPEN_MEETING,
    SET_UP_SIGN_IN,
    SET_UP_WEBEX,
    SET_UP_ZOOM,
)

GOOGLE_MEET = {
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

ZOOM = {
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

TEAMS_AND_WEBEX = {
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
