"""Remedies of missed meetings. One remedy serves several sub codes (`pipeline.missed_meetings`)."""

from __future__ import annotations

ADMIT = "Ask the host to admit the bot as soon as it arrives, or to switch off the waiting room."
ALLOW_RECORDING = (
    "Ask the host to accept the bot's request to record, and to allow recording by participants in the settings of "
    "the platform."
)
ASK_SUPPORT = "Open the bot in Recall.ai's dashboard within 7 days. If it happens again, send its id to their support."
CHECK_LINK = "Compare the meeting link and the password of the bot with the invitation, then send a new bot."
CHECK_START = "Check whether the meeting took place, perhaps at another time or under another link."
INVITE_AGAIN = "Tell the host who sent the bot and why, and ask for permission. Then send a new bot."
JOIN_LATER = "Set the bot's time to join to the start of the meeting, and let it try again."
LIFT_LIMITS = "Check the time limits in the bot's `automatic_leave` and in the application that sent it."
EXPECTED = "Nothing is wrong, unless the application that sent the bot should have let it record."
NO_ACTION = "No setting of the bot prevents this. If it happens often, ask the host to change the meeting."
OPEN_MEETING = "Ask the host to let guests join the meeting: unlocked, and without a registration or other conditions."
SEND_IN_TIME = "Schedule the bot at least 10 minutes before the meeting by `join_at`."
SET_UP_SIGN_IN = "Set up an account with which the bot can sign in, in Recall.ai's dashboard, and invite that account."
SET_UP_WEBEX = "Check the Webex credentials in Recall.ai's dashboard, and the meeting link."
SET_UP_ZOOM = (
    "Check the Zoom app and its credentials in Recall.ai's dashboard, and the account that the bot joins with."
)
WAIT_LONGER = (
    "Ask the host to admit the bot as soon as it arrives, or increase the bot's `automatic_leave.waiting_room_timeout`."
)
