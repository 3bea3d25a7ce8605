"""Source columns of the metrics, grouped by the question that they answer.

A metric column passes these groups as `derived_from`; each source is `table.column` of a parsed or metric table. The
tables `speakers` and `speech` lie between the parsed tables and the others. Columns about turns derive from `turns`,
columns about sessions from `attendance`. Thus few assets depend on each parsed table.
"""

from __future__ import annotations

# The participants of a meeting and their names.
PEOPLE = (
    "participants.participant_key",
    "participants.name",
    "participants.is_bot",
    "speakers.participant_key",
    "speakers.name",
    "recordings.bot_name",
)

# The latest end in any artifact, which is the duration of a recording without start or end.
LATEST_END = (
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

# The duration of the recording. Where its start or end is missing, the duration depends on LATEST_END, as does
# `speech.end_s`, from which these columns derive it indirectly.
LENGTH = ("recordings.started_at", "recordings.completed_at", "speech.end_s")

# The participants of a meeting, for columns of `meeting_metrics`: bots have no row there.
ATTENDEES = ("participant_metrics.participant_key",)

# The segments of all sources, one of which is the timing source.
SEGMENTS = (
    "speakers.speaker_key",
    "speakers.participant_key",
    "speaker_timeline.participant_key",
    "speaker_timeline.start_s",
    "speaker_timeline.end_s",
    "transcripts.is_primary",
    "transcript_words.participant_key",
    "transcript_words.start_s",
    "transcript_words.end_s",
    "participant_events.participant_key",
    "participant_events.action",
    "participant_events.at_s",
    "audio_activity.participant_key",
    "audio_activity.start_s",
    "audio_activity.end_s",
    "recordings.started_at",
    "recordings.completed_at",
)
RAW_SPEECH = (*SEGMENTS, "participants.is_bot", "recordings.bot_name")

# The speech of each speaker by the timing source, without bots and clipped to the recording.
SPEECH = ("speech.participant_key", "speech.start_s", "speech.end_s", "speech.source")

# The segments before hygiene, beside the speech that hygiene leaves.
REPAIRS = (*SEGMENTS, *SPEECH, *ATTENDEES)

# The time and the number of words of each timed unit.
WORD_TIMES = (
    "transcripts.is_primary",
    "transcript_words.participant_key",
    "transcript_words.start_s",
    "transcript_words.end_s",
    "transcript_words.text",
)

# The inputs of turn taking: speech, and words, which decide whether an IPU is a backchannel.
SPEECH_AND_WORDS = (
    *SPEECH,
    "speakers.speaker_key",
    "speakers.participant_key",
    *WORD_TIMES,
    "transcripts.language_codes",
)

# Turns and backchannels, and the speech around them.
FLOOR = (*SPEECH, "turns.participant_key", "turns.start_s", "turns.end_s", "turns.kind")

# The events of joining and leaving, of which sessions consist.
PRESENCE_EVENTS = (
    "participant_events.participant_key",
    "participant_events.action",
    "participant_events.at_s",
    "speakers.participant_key",
)

# Whether the source of speech can show overlap.
STREAMS = ("transcripts.is_primary", "transcripts.provider")

# The sessions of each participant.
PRESENCE = ("attendance.participant_key", "attendance.join_s", "attendance.leave_s")

# The events of cameras and shared screens.
DEVICES = ("participant_events.participant_key", "participant_events.action", "participant_events.at_s")

# The chat messages of each participant.
CHAT = ("participant_events.participant_key", "participant_events.action", "participant_events.chat_text")

# The scheduled start of the meeting.
SCHEDULE = ("recordings.scheduled_at", "recordings.started_at")

# The person of each participant.
PERSONS = ("participants.participant_key", "participants.person_key")
MEETING_PERSONS = (*ATTENDEES, "person_metrics.person_key")

# The text of each participant.
TEXTS = (
    "transcripts.is_primary",
    "transcript_utterances.participant_key",
    "transcript_utterances.text",
    "speakers.participant_key",
)

# The word count of each participant.
WORDS = ("speakers.participant_key", "speakers.word_count")
IS_UNSPACED = "transcripts.is_unspaced"

# The languages of the transcript.
LANGUAGE = (IS_UNSPACED, "transcripts.language_codes")
