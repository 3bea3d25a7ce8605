"""One meeting of the schedule: its recording and bot at once, its conversation and payloads on first access."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from random import Random

from . import context
from .attendance import arrive_late, chats_of, drop_in, participants_of, stays_of, videos_of
from .conversation import Conversation, Utterance, events_of, segments_of
from .conversation_quirks import AFTER_EVENTS, BEFORE_EVENTS, BEFORE_TIMELINE, shift
from .dialogue import KINDS, Dialogue
from .media.speech import speech_of
from .payloads import Payloads, Style
from .people import BOT_NAME, COMPANIES, GENERIC, JAPANESE, SAME_NAME, TEAMS, UNUSUAL, Person
from .recording_builder import build_recording
from .recording_spec import OWN_PROVIDERS, RecordingSpec, TranscriptSpec
from .schedule import IN_PERSON, WEBEX, Slot, unfinished_media_of
from .world import Bot, Json, Recording, identifier

HOUR_S = 3600.0
NEGATIVE_START_S = -2.7
TIMELINE_GAP_S = {"zoom": 0.6, "google_meet": 0.6, "microsoft_teams": 2.0, "webex": 2.0, IN_PERSON: 0.6}
"""Longest pause within one segment: short on platforms that detect pauses, long on those that detect changes only."""
PROVIDERS = ("deepgram_streaming", "assembly_ai_v3_streaming", "assembly_ai_async", "gladia_v2_async")
STYLES: dict[str, dict[str, object]] = {
    "untimed_words_null": {"words": "null_times"},
    "untimed_words_absent": {"words": "no_times"},
    "absolute_null": {"absolute": "null"},
    "absolute_absent": {"absolute": "absent"},
    "language_code_absent": {"has_language_code": False},
    "email_absent": {"has_email": False},
    "lean_transcript": {"is_lean": True},
    "machine_diarization": {"labels": "machine"},
    "hybrid_diarization": {"labels": "hybrid"},
    "japanese_meeting": {"language_code": "ja"},
    "respelled_name": {"respells_names": True},
}
TRANSCRIPTS: dict[str, list[TranscriptSpec]] = {
    "three_transcripts": [
        TranscriptSpec("meeting_captions"),
        TranscriptSpec("assembly_ai_async", after_s=640),
        TranscriptSpec("gladia_v2_async", after_s=25.5 * HOUR_S),
    ],
    "transcript_failed": [
        TranscriptSpec("meeting_captions", failed="zoom_captions_failure"),
        TranscriptSpec("assembly_ai_async", after_s=1.2 * HOUR_S),
    ],
    "captions": [TranscriptSpec("meeting_captions")],
    "same_day_transcript": [TranscriptSpec("rev_async", after_s=5.5 * HOUR_S)],
    "late_transcript": [TranscriptSpec("speechmatics_async", after_s=41 * HOUR_S)],
    "machine_diarization": [TranscriptSpec("assembly_ai_async", after_s=420, separate_streams=False)],
    "hybrid_diarization": [TranscriptSpec("deepgram_async", after_s=300)],
    "provider_webhook": [TranscriptSpec("gladia_v2_async", after_s=200)],
    "provider_http_response": [TranscriptSpec("assembly_ai_async", after_s=200)],
    "provider_websocket_message": [TranscriptSpec("deepgram_streaming")],
    "untimed_words_null": [TranscriptSpec("deepgram_async", after_s=260)],
    "untimed_words_absent": [TranscriptSpec("recallai_async", after_s=180)],
    "lean_transcript": [TranscriptSpec("speechmatics_streaming")],
    "silent_meeting": [TranscriptSpec("deepgram_streaming")],
}


class Meeting:
    """The meeting of one slot of the schedule; seed, day and number determine it."""

    def __init__(self, seed: int, day: date, number: int, slot: Slot, *, has_labels: bool = True) -> None:
        self._key = self.key = f"fortnight/{seed}/{day}/{number}"
        self._slot = self.slot = slot
        self._has_labels = has_labels
        rng = self._rng("frame")
        self.planned_at = planned = datetime.combine(day, slot.start, UTC)
        created_at = planned + timedelta(seconds=rng.uniform(-50, 150), microseconds=rng.randrange(10**6))
        started_at = created_at + timedelta(seconds=rng.uniform(6, 55))
        self._transcripts = self._transcript_specs(rng)
        meeting_key = context.series_key(seed, slot.kind, slot.team, slot.platform)
        self._spec = RecordingSpec(
            key=self._key,
            created_at=created_at,
            started_at=started_at,
            duration_s=round(slot.minutes * 60 * rng.uniform(0.97, 1.03), 3),
            platform=slot.platform,
            title=rng.choice(KINDS[slot.kind].titles),
            transcripts=self._transcripts,
            separate=self._separate(),
            source=slot.source,
            bot_key=f"fortnight/{seed}/{day}/shared" if "two_recordings" in slot.quirks else None,
            expires="kept_forever" not in slot.quirks,
            meeting_key=meeting_key,
            metadata=context.recording_metadata(slot.kind, slot.team, self._company),
            bot_metadata=context.bot_metadata(slot.kind, slot.team, self._company),
            calendar=context.calendar_of(self._key, day, slot),
            left_because=context.leaving_of(self._key),
            has_tokens=slot.platform == "zoom" and slot.kind == "all_hands",
            unfinished_media=unfinished_media_of(day, slot),
            has_audio_mixed_key=rng.random() < 0.7,
            bot_name=BOT_NAME,
        )
        self._spec.quirks = self._quirks()
        if meeting_key:
            self._spec.title = Random(meeting_key).choice(KINDS[slot.kind].titles)

    @property
    def title(self) -> str:
        return self._spec.title or ""

    @property
    def calendar(self) -> list[Json]:
        """Calendar meetings of the bot; of a recording without a bot, those that its bot would have had."""
        return self._spec.calendar or []

    @property
    def bot_id(self) -> str | None:
        return identifier(self._spec.bot_key or self._key, "bot") if self._spec.has_bot else None

    @property
    def people(self) -> list[Person]:
        """Everybody in the meeting, without the bot."""
        speaking, silent = self._people(self._rng("conversation"))
        return [*speaking, *silent]

    def build(self) -> tuple[Recording, Bot | None]:
        return build_recording(self._spec, self._payload, lambda: speech_of(self.conversation))

    @cached_property
    def conversation(self) -> Conversation:
        """The conversation, generated on first access."""
        rng = self._rng("conversation")
        people, silent = self._people(rng)
        knows_emails = rng.random() < 0.8 and not self._has("email_absent")
        conversation = Conversation(
            self._spec.started_at,
            self._spec.duration_s,
            participants_of([*people, *silent], self._slot.platform, rng, emails=knows_emails),
            self._utterances(people, rng),
        )
        conversation.stays = stays_of(len(people) + len(silent), conversation.utterances, self._spec.duration_s, rng)
        self._change_attendance(conversation, rng)
        self._add_timeline_and_events(conversation, rng)
        return conversation

    def _payload(self, kind: str, transcript: int) -> bytes:
        style = self._style(self._transcripts[transcript])
        return Payloads(self._key, self.conversation, style).bytes_of(kind)

    def _rng(self, purpose: str) -> Random:
        return Random(f"{self._key}/{purpose}")

    def _has(self, quirk: str) -> bool:
        return quirk in self._slot.quirks

    def _transcript_specs(self, rng: Random) -> list[TranscriptSpec]:
        for quirk, specs in TRANSCRIPTS.items():
            if self._has(quirk):
                return specs
        provider = rng.choice(PROVIDERS)
        return [TranscriptSpec(provider, after_s=rng.uniform(120, 900) if provider.endswith("async") else 4.0)]

    def _separate(self) -> tuple[str, ...]:
        """Kinds of separate streams; Webex and telephones have none."""
        if self._slot.platform in (WEBEX, IN_PERSON):
            return ()
        missing = {"video_separate": "no_separate_video", "audio_separate": "no_separate_audio"}
        return tuple(name for name, quirk in missing.items() if not self._has(quirk))

    def _quirks(self) -> tuple[str, ...]:
        """Quirks of the slot, and quirks that follow from platform and providers."""
        found = dict.fromkeys(self._slot.quirks)
        for medium in ("audio", "video"):
            if f"{medium}_separate" not in self._separate():
                found[f"no_separate_{medium}"] = None
        if self._silent_count():
            found["silent_participant"] = None
        for transcript in self._transcripts:
            if transcript.failed:
                continue
            if transcript.provider == "meeting_captions":
                found["captions"] = None
            if transcript.provider in OWN_PROVIDERS:
                found["provider_data_null"] = None
            elif not self._has("silent_meeting"):
                found |= dict.fromkeys(transcript.provider_quirks)
        return tuple(found)

    def _style(self, transcript: TranscriptSpec) -> Style:
        chosen: dict[str, object] = {}
        for quirk in self._slot.quirks:
            chosen |= STYLES.get(quirk, {})
        if not self._has_labels:
            chosen.pop("labels", None)
        if transcript.provider == "meeting_captions":
            chosen["words"] = "captions"
        decimals = 6 if self._slot.platform in ("zoom", "google_meet") else 3
        return Style(decimals=decimals, provider=transcript.provider, **chosen)  # type: ignore[arg-type]

    def _silent_count(self) -> int:
        if self._slot.kind == "one_on_one":
            return 0 if self._has("bot_listed") else 1
        return int(self._has("silent_participant"))

    def _people(self, rng: Random) -> tuple[list[Person], list[Person]]:
        """Speaking and silent participants; the host is the first speaker."""
        count = self._slot.people - self._has("bot_listed")
        team = rng.sample(TEAMS[self._slot.team], min(count, len(TEAMS[self._slot.team])))
        if self._has("japanese_meeting"):
            team = list(JAPANESE)
        elif KINDS[self._slot.kind].has_guests:
            team = [*team[:2], *self._guests(rng)][:count]
        elif self._has("same_name"):
            team[1:3] = SAME_NAME
        if self._has("generic_names"):
            team[2:] = rng.sample(GENERIC, len(team) - 2)
        cut = len(team) - self._silent_count()
        return team[:cut], team[cut:]

    @property
    def _company(self) -> str:
        """Company of the guests, by the same random numbers as the participants of the conversation."""
        rng = self._rng("conversation")
        team = TEAMS[self._slot.team]
        rng.sample(team, min(self._slot.people, len(team)))
        return (self._guests(rng)[-1].email or "").partition("@")[2].partition(".")[0]

    def _guests(self, rng: Random) -> Sequence[Person]:
        names = {"name_with_apostrophe": 0, "name_with_emoji": 1, "name_right_to_left": 2}
        for quirk, number in names.items():
            if self._has(quirk):
                unusual = UNUSUAL[number]
                company = (unusual.email or "").partition("@")[2].partition(".")[0]
                return unusual, COMPANIES[company][0]
        return COMPANIES[rng.choice(sorted(COMPANIES))]

    def _utterances(self, people: Sequence[Person], rng: Random) -> list[Utterance]:
        if self._has("silent_meeting"):
            return []
        utterances = Dialogue(self._slot.kind, people, rng).utterances(self._spec.duration_s, rng.uniform(1.5, 9))
        if self._has("negative_start"):
            shift(utterances, NEGATIVE_START_S - utterances[0].start_s)
        return utterances

    def _change_attendance(self, conversation: Conversation, rng: Random) -> None:
        if self._slot.kind == "one_on_one" and not self._has("bot_listed"):
            drop_in(conversation.stays[-1], conversation.duration_s, rng)
        if self._has("late_joiner"):
            arrive_late(conversation, rng)
        for quirk, apply in BEFORE_TIMELINE.items():
            if self._has(quirk):
                apply(conversation, rng)

    def _add_timeline_and_events(self, conversation: Conversation, rng: Random) -> None:
        gap_s = TIMELINE_GAP_S[self._slot.platform]
        conversation.segments = segments_of(conversation.utterances, max_gap_s=gap_s)
        conversation.videos = videos_of(conversation, rng)
        if self._has("chat_to_everyone"):
            conversation.chats += chats_of(conversation, rng, to="everyone", count=4)
        if self._has("chat_to_only_bot"):
            conversation.chats += chats_of(conversation, rng, to="only_bot", count=2)
        for quirk, apply in BEFORE_EVENTS.items():
            if self._has(quirk):
                apply(conversation, rng)
        conversation.events = events_of(conversation)
        for quirk, apply in AFTER_EVENTS.items():
            if self._has(quirk):
                apply(conversation, rng)
