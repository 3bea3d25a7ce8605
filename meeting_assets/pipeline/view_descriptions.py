"""Descriptions of the views, and of their columns that are no columns of a table."""

from __future__ import annotations

from collections.abc import Mapping

from meeting_assets.schema.descriptions import Description

_TITLE = "display title of the meeting, else its title at the platform"
_OF_UTTERANCES = {
    "title": _TITLE,
    "speaker": "display name of the speaker, as resolved and corrected; NULL if unknown",
    "participant_key": "the participant that the speaker resolves to, else the transcript's key of the speaker",
    "started_at": "start of the recording + start_s, in whole milliseconds",
}

VIEW_DESCRIPTIONS: Mapping[str, Description] = {
    "fresh_meetings": Description(
        "Metrics of meetings whose inputs have not changed since.\n"
        "Grain: one row per recording with up-to-date metrics; the columns are those of meeting_metrics."
    ),
    "meetings": Description(
        "Finished meetings with their headline metrics.\nGrain: one row per finished recording.",
        {
            "title": _TITLE,
            "ended_at": "when recording ended",
            "duration_minutes": "min; length of the recording",
            "minutes_late": "min; start of the recording - scheduled start; NULL without a scheduled start",
            "planned_minutes": "min; scheduled end - scheduled start; NULL if one is missing",
            "host": "display name of the host; of several the alphabetically first",
            "participant_names": "names of all participants in alphabetical order, with commas between",
            "top_speaker": "name of the participant with the largest share of the talk",
            "top_talk_share": "0-1; the share of the talk of top_speaker",
            "interruptions_per_hour": "1/h; interruption_count / hours of duration_s; NULL where interruption_count is",
        },
    ),
    "utterances": Description(
        "What was said, with speakers as resolved and corrected.\n"
        "Grain: one row per utterance of the primary transcript of each recording.",
        _OF_UTTERANCES,
    ),
    "searchable_utterances": Description(
        "Passages of the search index, with the utterances that contain them.\n"
        "Grain: one row per passage of an indexed primary transcript.",
        _OF_UTTERANCES,
    ),
    "chat": Description(
        "Chat messages, with senders as resolved and corrected.\n"
        "Grain: one row per message, however often it was delivered.",
        {
            "title": _TITLE,
            "at": "when the message was sent",
            "sender": "display name of the sender, as resolved and corrected; NULL if unknown",
            "participant_key": "the participant that the sender resolves to, else the event's key of the sender",
        },
    ),
    "meeting_keys": Description(
        "The customer's metadata of recordings and of their bots.\n"
        "Grain: one row per (recording, recording or bot, key).",
        {
            "metadata_of": "recording or bot: the object to which the customer gave the key",
            "key": "name that the customer gave to the value",
            "value": "value that the customer gave, as text",
        },
    ),
    "missed_meetings": Description(
        "Meetings that no bot recorded, with the reason and the remedy.\n"
        "Grain: one row per bot that ended without a recording, unless another bot recorded the meeting.",
        {
            "week": "Monday of the week of day",
            "week_end": "Sunday of the week of day",
            "missed_at": "when the bot reached its last status",
            "category": "group of reasons, such as not_admitted or platform_error",
            "reason": "why the meeting was not recorded, as a sentence",
            "remedy": "what to do about it, as a sentence",
        },
    ),
}
