"""What transcription providers answered, as Recall hands it on: the three types of parts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from .clock import iso
from .conversation import Utterance, Word
from .world import SECRET, Json, identifier

CONFIDENCES = (0.9912, 0.9847, 0.9623, 0.9975, 0.9401, 0.8876, 0.9789)


@dataclass
class Audio:
    """What one participant was heard saying; providers count seconds from `offset_s`."""

    participant: Json
    offset_s: float
    utterances: list[Utterance]


def parts_of(key: str, provider: str, audios: list[Audio], started_at: datetime) -> Iterator[Json]:
    """The parts of one transcript: streams send messages, jobs are polled, some providers call back."""
    match shape(provider)[0]:
        case "websocket_message":
            yield from _messages(key, provider, audios, started_at)
        case "webhook":
            yield from _callbacks(key, audios, started_at)
        case _:
            yield from _answers(key, provider, audios, started_at)


def shape(provider: str) -> tuple[str, str]:
    """The type of a provider's parts, and whether they are of the mixed or of separate audio."""
    if provider.endswith("_streaming"):
        return "websocket_message", "mixed"
    if provider.startswith(("gladia", "speechmatics", "rev")):
        return "webhook", "separate"
    return "http_response", "separate"


def _messages(key: str, provider: str, audios: list[Audio], started_at: datetime) -> Iterator[Json]:
    """One websocket message per utterance, over the mixed audio, in order of time."""
    heard = sorted(
        ((u, speaker) for speaker, audio in enumerate(audios) for u in audio.utterances),
        key=lambda each: each[0].start_s,
    )
    name = provider.removesuffix("_streaming")
    for index, (utterance, speaker) in enumerate(heard):
        alternative = {
            "transcript": utterance.text,
            "confidence": CONFIDENCES[index % len(CONFIDENCES)],
            "words": [_word(word, 0.0) | {"speaker": speaker} for word in utterance.words],
        }
        yield {
            "id": identifier(key, "message", index),
            "created_at": iso(started_at + timedelta(seconds=max(0.0, utterance.end_s) + 0.8)),
            "source_audio": {"type": "mixed", "offset": 0.0, "participant": None},
            "type": "websocket_message",
            "data": {
                "url": f"wss://stream.{name}.example/v1/listen?language=en&access_token={SECRET}",
                "event": "message",
                "payload": {
                    "type": "Results",
                    "is_final": True,
                    "start": round(utterance.start_s, 3),
                    "duration": round(utterance.end_s - utterance.start_s, 3),
                    "channel": {"alternatives": [alternative]},
                },
            },
        }


def _answers(key: str, provider: str, audios: list[Audio], started_at: datetime) -> Iterator[Json]:
    """One polled answer per participant's separate audio."""
    name = provider.removesuffix("_async")
    for index, audio in enumerate(audios):
        job = identifier(key, "job", index)
        words = [_word(w, audio.offset_s) for u in audio.utterances for w in u.words]
        yield {
            "id": identifier(key, "answer", index),
            "created_at": _finished(audio, started_at),
            "source_audio": {
                "type": "separate",
                "offset": round(audio.offset_s, 3),
                "participant": audio.participant,
            },
            "type": "http_response",
            "data": {
                "url": f"https://api.{name}.example/v2/transcript/{job}?api_key={SECRET}",
                "status_code": 200,
                "body": {
                    "id": job,
                    "status": "completed",
                    "confidence": CONFIDENCES[index % 7],
                    "words": words,
                },
            },
        }


def _callbacks(key: str, audios: list[Audio], started_at: datetime) -> Iterator[Json]:
    """One webhook per participant's separate audio."""
    for index, audio in enumerate(audios):
        sentences = [
            {
                "text": u.text,
                "time_begin": round(u.start_s - audio.offset_s, 3),
                "time_end": round(u.end_s - audio.offset_s, 3),
                "confidence": CONFIDENCES[n % len(CONFIDENCES)],
            }
            for n, u in enumerate(audio.utterances)
        ]
        yield {
            "id": identifier(key, "callback", index),
            "created_at": _finished(audio, started_at),
            "source_audio": {
                "type": "separate",
                "offset": round(audio.offset_s, 3),
                "participant": audio.participant,
            },
            "type": "webhook",
            "data": {
                "payload": {"event": "transcription.success", "transcription": {"utterances": sentences}}
            },
        }


def _word(word: Word, offset_s: float) -> Json:
    return {
        "word": word.text,
        "start": round(word.start_s - offset_s, 3),
        "end": round(word.end_s - offset_s, 3),
        "confidence": CONFIDENCES[len(word.text) % len(CONFIDENCES)],
    }


def _finished(audio: Audio, started_at: datetime) -> str:
    end_s = audio.utterances[-1].end_s if audio.utterances else 0.0
    return iso(started_at + timedelta(seconds=max(0.0, end_s) + 45))
