"""What the numbers are made from, as `table.column`, grouped by the question it answers; for `made_from`."""

from __future__ import annotations

# Who was there, and what they are called.
PEOPLE = (
    "participants.participant_key",
    "participants.name",
    "participants.is_bot",
    "participant_events.participant_key",
    "participant_events.participant_name",
    "speaker_timeline.participant_key",
    "speaker_timeline.speaker_name",
    "transcript_utterances.participant_key",
    "transcript_utterances.speaker_name",
    "recordings.bot_name",
)

# How long the recording is: its two instants, or the latest end in any artifact.
LENGTH = (
    "recordings.started_at",
    "recordings.completed_at",
    "speaker_timeline.start_s",
    "speaker_timeline.end_s",
    "transcript_words.start_s",
    "transcript_words.end_s",
    "participant_events.at_s",
    "video_parts.start_s",
    "video_parts.duration_s",
    "audio_parts.start_s",
    "audio_parts.duration_s",
)

# Who spoke when, by the first source that tells; without bots, cut at the ends of the recording.
SPEECH = (
    "speaker_timeline.participant_key",
    "speaker_timeline.start_s",
    "speaker_timeline.end_s",
    "transcript_words.participant_key",
    "transcript_words.start_s",
    "transcript_words.end_s",
    "participant_events.participant_key",
    "participant_events.action",
    "participant_events.at_s",
    "participants.is_bot",
    "recordings.bot_name",
    "recordings.started_at",
    "recordings.completed_at",
)

# When each word was said, and how many words it is.
WORD_TIMES = (
    "transcripts.is_primary",
    "transcript_words.participant_key",
    "transcript_words.start_s",
    "transcript_words.end_s",
    "transcript_words.text",
)

# Who was in the meeting when.
PRESENCE = ("participant_events.participant_key", "participant_events.action", "participant_events.at_s")

# When the meeting was to start.
SCHEDULE = ("recordings.scheduled_at", "recordings.started_at")

# Who is one person under several keys of one meeting.
PERSONS = ("participants.participant_key", "participants.person_key")

# What was said.
TEXTS = ("transcripts.is_primary", "transcript_utterances.participant_key", "transcript_utterances.text")

# How many words each said.
WORDS = ("transcripts.is_primary", "transcript_utterances.participant_key", "transcript_utterances.word_count")
IS_UNSPACED = "transcripts.is_unspaced"
