"""Quirks of the API and of meeting platforms; a fortnight has each in at least one recording."""

from .world import World

QUIRKS: dict[str, str] = {
    # recordings, bots and artifacts
    "three_transcripts": "three transcripts: captions at once, words a little later, another provider the next day",
    "transcript_failed": "a transcript failed with a sub code, a later one is good",
    "same_day_transcript": "the transcript was made hours after the meeting",
    "late_transcript": "the transcript was made more than a day after the meeting",
    "no_bot": "recorded by the desktop SDK, the mobile SDK or Meeting Direct Connect: bot is null",
    "two_recordings": "one bot with two recordings",
    "no_separate_audio": "no audio_separate artifact",
    "no_separate_video": "no video_separate artifact",
    "provider_data_null": "the provider data URL is null",
    "kept_forever": "expires_at is null",
    "crosses_midnight": "starts on one UTC day and completes on the next",
    # provider data
    "provider_webhook": "provider data parts of type webhook",
    "provider_http_response": "provider data parts of type http_response",
    "provider_websocket_message": "provider data parts of type websocket_message",
    "provider_audio_mixed": "provider data of the mixed audio",
    "provider_audio_separate": "provider data of each participant's audio, with offsets",
    "provider_secret_in_url": "URLs inside the provider data have a secret in the query",
    # transcripts
    "captions": "a whole utterance is one word",
    "respelled_name": "one participant id under several spellings of the name",
    "machine_diarization": "speakers are 'Speaker A', 'Speaker B', … with a null id",
    "hybrid_diarization": "speakers are '200-0', … with a null id",
    "untimed_words_null": "timestamps of some words are null",
    "untimed_words_absent": "timestamps of some words are missing",
    "absolute_null": "absolute times are null in transcript and timeline",
    "absolute_absent": "absolute times are missing in the transcript",
    "language_code_absent": "no language_code, as before 2026",
    "email_absent": "participants have no email key, as before late 2025",
    "lean_transcript": "the transcript of June 2025: participants of id and name, words without absolute",
    "japanese_meeting": "a meeting in Japanese",
    "silent_meeting": "no participant speaks: transcript and timeline are []",
    "unknown_first_speaker": "the first speaker is a participant with null id and null name",
    # speaker timeline and events
    "open_segments": "the last segment has end_timestamp null, its speech_on no speech_off",
    "empty_segment_ends": "an end_timestamp whose fields are null",
    "negative_start": "speech and joins before second 0",
    "duplicated_events": "events delivered twice, with the same id and with another",
    "out_of_order_events": "events not in order of time",
    "unknown_action": "an event action that the documentation does not list",
    "webcam_left_on": "webcam_on without webcam_off",
    "chat_to_everyone": "chat messages to everyone",
    "chat_to_only_bot": "chat messages to the bot alone",
    # participants
    "rejoin_same_id": "a participant leaves and joins again under the same id",
    "rejoin_new_id": "a person leaves and joins again as another participant",
    "late_joiner": "a participant joins minutes after the start",
    "silent_participant": "a participant who never speaks",
    "listed_twice": "the participant list has one id twice",
    "bot_listed": "the bot itself is a participant",
    "generic_names": "participants called Guest, Participant, Unknown, Speaker 2",
    "same_name": "two people with the same name",
    "name_with_apostrophe": "a name with an apostrophe",
    "name_with_emoji": "a name with an emoji",
    "name_right_to_left": "a name written from right to left",
}
"""Description of each quirk by name."""


def quirks_of(world: World) -> dict[str, list[str]]:
    """Ids of the recordings with each quirk, oldest first."""
    return {name: [each.id for each in world.recordings if name in each.quirks] for name in QUIRKS}
