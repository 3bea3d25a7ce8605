"""Source columns of the metrics, grouped by the question that they answer.

A metric column passes these groups as `derived_from`; each source is `table.column` of a parsed table.
"""

from __future__ import annotations

# The participants of a meeting and their names.
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

# The duration of the recording: start and end, or the latest end in any artifact.
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

# The speech of each participant by the timing source, without bots and clipped to the recording.
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

# The time and the number of words of each timed unit.
WORD_TIMES = (
    "transcripts.is_primary",
    "transcript_words.participant_key",
    "transcript_words.start_s",
    "transcript_words.end_s",
    "transcript_words.text",
)

# Turns: speech, and words, which decide whether an IPU is short enough to be a backchannel.
FLOOR = (*SPEECH, *WORD_TIMES)

# The sessions of each participant.
PRESENCE = ("participant_events.participant_key", "participant_events.action", "participant_events.at_s")

# The chat messages of each participant.
CHAT = ("participant_events.participant_key", "participant_events.action", "participant_events.chat_text")

# The scheduled start of the meeting.
SCHEDULE = ("recordings.scheduled_at", "recordings.started_at")

# The person of each participant.
PERSONS = ("participants.participant_key", "participants.person_key")

# Whether the source of speech can show overlap.
STREAMS = ("transcripts.is_primary", "transcripts.provider")

# The text of each participant.
TEXTS = ("transcripts.is_primary", "transcript_utterances.participant_key", "transcript_utterances.text")

# The word count of each participant.
WORDS = ("transcripts.is_primary", "transcript_utterances.participant_key", "transcript_utterances.word_count")
IS_UNSPACED = "transcripts.is_unspaced"

# The languages of the transcript.
LANGUAGE = (IS_UNSPACED, "transcripts.language_codes")
