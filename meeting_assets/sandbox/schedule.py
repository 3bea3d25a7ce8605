"""Schedule of the sample meetings over fourteen days, Monday to Sunday twice.

The slots of a date are those of its ordinal modulo 14. Any fourteen consecutive days have all slots, and the two
weekends of the schedule fall on real ones.
"""

from dataclasses import dataclass, replace
from datetime import date, time

from .world import Source

ZOOM, MEET, TEAMS, WEBEX = "zoom", "google_meet", "microsoft_teams", "webex"
IN_PERSON = "in_person"
"""Not a platform: people in one room, recorded by a telephone."""


@dataclass(frozen=True)
class Slot:
    """One planned meeting; `people` is the number of participants without the bot."""

    start: time
    kind: str
    platform: str
    minutes: float
    people: int
    team: str = "platform"
    quirks: tuple[str, ...] = ()
    recorder: Source = "desktop_sdk"
    """Source of a recording with the quirk `no_bot`."""

    @property
    def source(self) -> Source:
        return self.recorder if "no_bot" in self.quirks else "bot"


@dataclass(frozen=True)
class MissedSlot:
    """A meeting that its bot never recorded; `sub_code` is the API's reason."""

    start: time
    kind: str
    platform: str
    team: str
    sub_code: str
    keeps_join_at: bool = False
    """The API still shows `join_at`."""
    shows_url: str = "object"
    """`object`, `text` as in older versions of the API, or `nothing` once the API has cleared the URL."""


def slot(start: str, kind: str, platform: str, minutes: float, people: int, team: str, *quirks: str) -> Slot:
    return Slot(time.fromisoformat(start), kind, platform, minutes, people, team, quirks)


def missed(start: str, kind: str, platform: str, team: str, sub_code: str, *options: str) -> MissedSlot:
    shown = next((each for each in options if each in ("text", "nothing")), "object")
    return MissedSlot(time.fromisoformat(start), kind, platform, team, sub_code, "join_at" in options, shown)


SCHEDULE: dict[int, tuple[Slot, ...]] = {
    1: (
        slot("08:45", "standup", ZOOM, 10, 6, "platform", "webcam_left_on"),
        slot("10:00", "planning", ZOOM, 58, 7, "platform", "three_transcripts", "chat_to_everyone"),
        slot("13:30", "one_on_one", MEET, 19, 3, "platform", "silent_participant"),
        slot("15:00", "sales", ZOOM, 17, 4, "customer", "provider_http_response"),
        slot("16:30", "review", MEET, 34, 4, "product", "kept_forever"),
    ),
    2: (
        slot("08:45", "standup", ZOOM, 9, 6, "platform", "duplicated_events"),
        slot("09:30", "weekly", TEAMS, 41, 6, "customer", "captions", "respelled_name", "chat_to_everyone"),
        slot("11:00", "interview", MEET, 19, 4, "product", "provider_webhook"),
        slot("14:00", "hiring", TEAMS, 18, 3, "office", "email_absent"),
        slot("16:00", "sales", WEBEX, 18, 4, "customer"),
        slot("17:00", "review", ZOOM, 29, 5, "product"),
    ),
    3: (
        slot("08:45", "standup", ZOOM, 11, 7, "platform", "open_segments"),
        slot("10:00", "review", MEET, 38, 5, "product", "machine_diarization"),
        slot("13:00", "one_on_one", TEAMS, 17, 3, "product", "bot_listed"),
        slot("14:30", "interview", ZOOM, 19, 4, "product", "rejoin_new_id", "chat_to_only_bot"),
        slot("16:00", "japanese", ZOOM, 9, 4, "platform", "japanese_meeting"),
    ),
    4: (
        slot("08:45", "standup", ZOOM, 10, 5, "platform", "negative_start"),
        slot("10:30", "sales", MEET, 16, 4, "customer", "generic_names"),
        slot("13:00", "planning", TEAMS, 44, 6, "product", "hybrid_diarization"),
        slot("15:30", "weekly", MEET, 36, 6, "office", "late_transcript", "chat_to_everyone"),
        slot("23:55", "incident", ZOOM, 7.5, 4, "platform", "crosses_midnight", "unknown_action"),
    ),
    5: (
        slot("08:45", "standup", ZOOM, 12, 6, "platform", "rejoin_same_id"),
        slot("10:00", "retro", MEET, 30, 7, "platform", "out_of_order_events", "silent_participant"),
        slot("13:00", "interview", TEAMS, 18, 4, "product", "untimed_words_null"),
        slot("13:55", "planning", ZOOM, 52, 5, "customer"),
        slot("15:00", "all_hands", ZOOM, 26, 8, "office", "chat_to_everyone", "late_joiner"),
    ),
    6: (),
    7: (),
    8: (
        slot("08:45", "standup", ZOOM, 9, 6, "platform", "no_bot"),
        slot("10:00", "planning", MEET, 46, 6, "platform", "untimed_words_absent"),
        slot("12:00", "weekly", WEBEX, 33, 5, "customer", "same_name"),
        slot("14:00", "one_on_one", ZOOM, 20, 3, "platform", "language_code_absent"),
        slot("15:30", "sales", TEAMS, 17, 4, "customer", "name_with_apostrophe"),
        slot("17:00", "weekly", MEET, 31, 5, "platform"),
    ),
    9: (
        slot("08:45", "standup", ZOOM, 10, 6, "platform", "unknown_first_speaker"),
        slot("10:00", "review", TEAMS, 35, 5, "product", "absolute_null"),
        slot("11:30", "interview", MEET, 19, 4, "product", "name_with_emoji", "chat_to_everyone"),
        slot("14:00", "sales", ZOOM, 13, 4, "customer", "two_recordings"),
        slot("14:20", "sales", ZOOM, 12, 4, "customer", "two_recordings"),
    ),
    10: (
        slot("08:45", "standup", ZOOM, 11, 7, "platform", "transcript_failed"),
        slot("10:00", "hiring", MEET, 17, 3, "office", "lean_transcript"),
        slot("12:30", "retro", ZOOM, 31, 6, "product", "listed_twice", "chat_to_only_bot"),
        slot("14:00", "interview", ZOOM, 18, 4, "product", "name_right_to_left"),
        slot("16:00", "weekly", MEET, 5.5, 3, "office", "silent_meeting"),
        replace(slot("17:30", "sales", ZOOM, 6.5, 4, "customer", "no_bot"), recorder="direct_connect"),
    ),
    11: (
        slot("08:45", "standup", ZOOM, 9, 5, "platform", "same_day_transcript"),
        slot("10:00", "one_on_one", MEET, 18, 3, "customer", "absolute_absent"),
        slot("11:00", "planning", TEAMS, 45, 6, "product", "empty_segment_ends"),
        slot("14:00", "sales", MEET, 18, 4, "customer", "no_separate_audio"),
        slot("16:00", "review", ZOOM, 33, 5, "platform", "no_separate_video"),
    ),
    12: (
        slot("08:45", "standup", ZOOM, 12, 6, "platform", "provider_websocket_message"),
        slot("10:00", "weekly", ZOOM, 39, 8, "office", "silent_participant", "kept_forever", "late_joiner"),
        slot("13:00", "retro", TEAMS, 29, 6, "customer", "captions", "rejoin_same_id"),
        slot("15:00", "one_on_one", TEAMS, 16, 3, "office", "late_transcript"),
        slot("16:30", "interview", TEAMS, 17, 4, "customer"),
        replace(slot("18:00", "sales", IN_PERSON, 6, 4, "customer", "no_bot"), recorder="mobile_sdk"),
    ),
    13: (),
    0: (slot("18:05", "incident", MEET, 7, 3, "platform", "open_segments"),),
}

MISSED: dict[int, tuple[MissedSlot, ...]] = {
    1: (missed("11:15", "sales", ZOOM, "customer", "meeting_password_incorrect", "join_at", "text"),),
    2: (
        missed("15:30", "weekly", MEET, "office", "timeout_exceeded_noone_joined"),
        missed("18:00", "sales", WEBEX, "customer", "webex_join_meeting_error", "join_at"),
    ),
    3: (missed("11:30", "sales", ZOOM, "customer", "timeout_exceeded_waiting_room"),),
    4: (missed("14:30", "interview", TEAMS, "product", "bot_kicked_from_waiting_room"),),
    5: (
        missed("11:30", "sales", ZOOM, "customer", "meeting_link_invalid", "join_at", "nothing"),
        missed("16:30", "interview", TEAMS, "product", "microsoft_teams_sign_in_credentials_missing"),
    ),
    8: (missed("11:15", "review", ZOOM, "product", "timeout_exceeded_recording_permission_denied"),),
    9: (
        missed("15:30", "interview", MEET, "product", "call_ended_by_platform_waiting_room_timeout"),
        missed("17:00", "sales", ZOOM, "customer", "bot_kicked_from_call"),
    ),
    10: (
        missed("11:15", "planning", TEAMS, "platform", "bot_errored"),
        missed("18:15", "sales", ZOOM, "customer", "timeout_exceeded_waiting_room", "join_at"),
    ),
    11: (missed("17:00", "sales", TEAMS, "customer", "meeting_not_found", "join_at"),),
    12: (
        missed("11:15", "review", ZOOM, "platform", "meeting_locked"),
        missed("17:30", "hiring", MEET, "office", "google_meet_bot_blocked", "join_at"),
    ),
}
"""Meetings that were not recorded although a bot was sent."""

UNFINISHED_MEDIA: dict[tuple[int, str], dict[str, str]] = {
    (3, "10:00"): {"audio_mixed": "failed"},
    (9, "10:00"): {"video_mixed": "failed", "audio_mixed": "failed"},
    (11, "16:00"): {"audio_mixed": "processing"},
}
"""Status of mixed media that are not `done`, by ordinal and start."""


def slots_of(day: date) -> tuple[Slot, ...]:
    return SCHEDULE[day.toordinal() % len(SCHEDULE)]


def missed_slots_of(day: date) -> tuple[MissedSlot, ...]:
    return MISSED.get(day.toordinal() % len(SCHEDULE), ())


def unfinished_media_of(day: date, planned: Slot) -> dict[str, str]:
    return UNFINISHED_MEDIA.get((day.toordinal() % len(SCHEDULE), f"{planned.start:%H:%M}"), {})
