"""Uniform data for load tests: many small, similar meetings of one day; and an empty world."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache

from .conversation import (
    Conversation,
    Participant,
    Stay,
    Utterance,
    Video,
    Word,
    events_of,
    segments_of,
)
from .media.speech import speech_of
from .payloads import Payloads, Style
from .recording_builder import build_recording
from .recording_spec import RecordingSpec, TranscriptSpec
from .world import Bot, Recording, World

PEOPLE = ("Ana Ruiz", "Bo Larsen", "Chi Tran", "Dana Okafor")
SENTENCE = (
    "we should check the numbers before the call and then send a short note to the team so that everyone "
    "knows what changed and who will look after the open points until next week"
)
VOCABULARY = SENTENCE.split()
WORDS_PER_TURN = 12
WORD_S = 0.3
TURN_GAP_S = 0.4
STYLE = Style(provider="deepgram_streaming")


def uniform(
    day: date, recordings: int = 200, words: int = 50, seed: int = 0, people: int = 3, *, has_audio_mixed: bool = False
) -> World:
    """A day with evenly spaced meetings; each has `words` words and all seven artifacts.

    Mixed video is always there, mixed audio in a third of the meetings or, with `has_audio_mixed`, in all.
    """
    step = timedelta(days=1) / max(1, recordings)
    midnight = datetime.combine(day, time(), UTC)
    made = [
        small_meeting(
            f"uniform/{seed}/{day}/{n}",
            midnight + n * step,
            words=words,
            people=people,
            has_audio_mixed=has_audio_mixed,
        )
        for n in range(recordings)
    ]
    return World([r for r, _ in made], [b for _, b in made if b], [day])


def empty() -> World:
    """A world without recordings."""
    return World()


def small_meeting(
    key: str,
    created_at: datetime,
    *,
    words: int = 50,
    people: int = 3,
    has_bot: bool = True,
    has_audio_mixed: bool = False,
) -> tuple[Recording, Bot | None]:
    """One meeting in which all participants speak in turn."""
    duration_s = spoken_s(words) + 5.0
    spec = RecordingSpec(
        key=key,
        created_at=created_at,
        started_at=created_at + timedelta(seconds=2),
        duration_s=duration_s,
        title="Check-in",
        transcripts=[TranscriptSpec(STYLE.provider)],
        source="bot" if has_bot else "desktop_sdk",
        has_audio_mixed=has_audio_mixed,
    )

    def payload(kind: str, _: int) -> bytes:
        return _payloads(key, spec.started_at, words, people).bytes_of(kind)

    return build_recording(spec, payload, lambda: speech_of(_conversation(words, people)))


def spoken_s(words: int) -> float:
    return words * WORD_S + (words // WORDS_PER_TURN) * TURN_GAP_S


def _payloads(key: str, started_at: datetime, words: int, people: int) -> Payloads:
    return Payloads(key, replace(_conversation(words, people), started_at=started_at), STYLE)


@cache
def _conversation(words: int, people: int) -> Conversation:
    duration_s = spoken_s(words) + 5.0
    participants = [
        Participant(100 * (n + 1), PEOPLE[n % len(PEOPLE)], f"person{n + 1}@northwind.example", n == 0)
        for n in range(people)
    ]
    utterances = [_turn(index, words, people) for index in range((words + WORDS_PER_TURN - 1) // WORDS_PER_TURN)]
    conversation = Conversation(datetime(2000, 1, 1, tzinfo=UTC), duration_s, participants, utterances)
    conversation.segments = segments_of(utterances, max_gap_s=0.3)
    conversation.stays = [Stay(n, 0.0, duration_s) for n in range(people)]
    conversation.videos = [Video(0, "webcam", 1.0, duration_s - 1.0)]
    conversation.events = events_of(conversation)
    return conversation


def _turn(index: int, words: int, people: int) -> Utterance:
    first = index * WORDS_PER_TURN
    start_s = 1.0 + first * WORD_S + index * TURN_GAP_S
    spoken = range(min(WORDS_PER_TURN, words - first))
    return Utterance(
        index % people,
        [
            Word(
                VOCABULARY[(first + n) % len(VOCABULARY)],
                round(start_s + n * WORD_S, 3),
                round(start_s + n * WORD_S + 0.28, 3),
            )
            for n in spoken
        ],
    )
