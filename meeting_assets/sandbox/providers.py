"""Parts of `provider_data`: messages of transcription providers in the three types that Recall.ai passes on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from .clock import iso
from .conversation import Utterance, Word
from .world import SECRET, Json, identifier

CONFIDENCES = (0.9912, 0.9847, 0.9623, 0.9975, 0.9401, 0.8876, 0.9789)


@dataclass
class Audio:
    """Utterances in one participant's audio, or in the mix; provider times count from `offset_s`."""

    participant: Json | None
    offset_s: float
    utterances: list[Utterance]

    @property
    def source(self) -> Json:
        kind = "separate" if self.participant else "mixed"
        return {"type": kind, "offset": round(self.offset_s, 3), "participant": self.participant}


def parts_of(key: str, provider: str, audios: list[Audio], started_at: datetime) -> Iterator[Json]:
    """Parts of one transcript: streaming messages, polled responses, or webhooks, depending on the provider."""
    match part_type(provider):
        case "websocket_message":
            return _messages(key, provider, audios, started_at)
        case "webhook":
            return _callbacks(key, audios, started_at)
        case _:
            return _responses(key, provider, audios, started_at)


def part_type(provider: str) -> str:
    if provider.endswith("_streaming"):
        return "websocket_message"
    if provider.startswith(("gladia", "speechmatics", "rev")):
        return "webhook"
    return "http_response"


def is_mixed(provider: str, *, separate_streams: bool) -> bool:
    """True for streaming providers; other providers get one audio per speaker if `separate_streams` is set."""
    return provider.endswith("_streaming") or not separate_streams


def _messages(key: str, provider: str, audios: list[Audio], started_at: datetime) -> Iterator[Json]:
    """One websocket message per utterance; speakers are numbered in order of their first utterance."""
    name = provider.removesuffix("_streaming")
    numbers: dict[int, int] = {}
    spoken = [(audio, utterance) for audio in audios for utterance in audio.utterances]
    for index, (audio, utterance) in enumerate(spoken):
        speaker = numbers.setdefault(utterance.speaker, len(numbers))
        alternative = {
            "transcript": utterance.text,
            "confidence": CONFIDENCES[index % len(CONFIDENCES)],
            "words": [_word(word, 0.0) | {"speaker": speaker} for word in utterance.words],
        }
        yield {
            "id": identifier(key, "message", index),
            "created_at": iso(started_at + timedelta(seconds=max(0.0, utterance.end_s) + 0.8)),
            "source_audio": audio.source,
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


def _responses(key: str, provider: str, audios: list[Audio], started_at: datetime) -> Iterator[Json]:
    """One polled response per audio."""
    name = provider.removesuffix("_async")
    for index, audio in enumerate(audios):
        job = identifier(key, "job", index)
        words = [_word(w, audio.offset_s) for u in audio.utterances for w in u.words]
        yield {
            "id": identifier(key, "answer", index),
            "created_at": _finished(audio, started_at),
            "source_audio": audio.source,
            "type": "http_response",
            "data": {
                "url": f"https://api.{name}.example/v2/transcript/{job}?api_key={SECRET}",
                "status_code": 200,
                "body": {
                    "id": job,
                    "status": "completed",
                    "confidence": CONFIDENCES[index % len(CONFIDENCES)],
                    "words": words,
                },
            },
        }


def _callbacks(key: str, audios: list[Audio], started_at: datetime) -> Iterator[Json]:
    """One webhook per audio."""
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
            "source_audio": audio.source,
            "type": "webhook",
            "data": {"payload": {"event": "transcription.success", "transcription": {"utterances": sentences}}},
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
