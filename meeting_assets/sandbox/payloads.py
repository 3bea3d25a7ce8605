"""JSON payloads of the seven artifacts of a meeting, in Recall.ai's format."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from struct import pack, unpack
from typing import Literal

from .conversation import Conversation, Event, Participant, Segment, Utterance
from .providers import Audio, is_mixed, parts_of
from .world import Json, identifier


@dataclass(frozen=True)
class Style:
    """Variations of the payload format between platforms, providers and years."""

    decimals: Literal[3, 6] = 6
    """Decimals of absolute times: 6 on Zoom and Google Meet, 3 on Microsoft Teams and Webex."""
    absolute: Literal["given", "null", "absent"] = "given"
    has_email: bool = True
    """False before late 2025: participants had no `email`."""
    has_language_code: bool = True
    language_code: str = "en"
    words: Literal["words", "captions", "null_times", "no_times"] = "words"
    labels: Literal["people", "machine", "hybrid"] = "people"
    provider: str = "recallai_streaming"
    is_lean: bool = False
    """Transcript format of June 2025: participants have only id and name, words only relative times."""
    respells_names: bool = False
    """Some utterances have another spelling of the speaker's name, as in captions."""


class Payloads:
    """Payloads of one conversation; `key` seeds the ids inside."""

    def __init__(self, key: str, conversation: Conversation, style: Style) -> None:
        self._key = key
        self._conversation = conversation
        self._style = style
        self._origin = conversation.started_at.replace(tzinfo=None)

    def participants(self) -> list[Json]:
        listed = [each for each in self._conversation.participants if each.id is not None]
        return [self._participant(each) for each in listed]

    def participant_events(self) -> list[Json]:
        return [
            {
                "id": self._event_id(event),
                "action": event.action,
                "participant": self._without_email[event.participant]
                if event.before_email
                else self._people[event.participant],
                "timestamp": self._timestamp(event.at_s, "given"),
                "data": None if event.text is None else {"text": event.text, "to": event.to},
            }
            for event in self._conversation.events
        ]

    def speaker_timeline(self) -> list[Json]:
        absolute = "null" if self._style.absolute == "null" else "given"
        return [
            {
                "participant": self._people[segment.speaker],
                "start_timestamp": self._timestamp(segment.start_s, absolute),
                "end_timestamp": self._segment_end(segment, absolute),
            }
            for segment in self._conversation.segments
        ]

    def transcript(self) -> list[Json]:
        speakers = self._speakers()
        entries = []
        for index, utterance in enumerate(self._conversation.utterances):
            entry: Json = {"participant": self._respelled(speakers[utterance.speaker], index)}
            if self._style.has_language_code:
                entry["language_code"] = self._style.language_code
            entry["words"] = list(self._words(index, utterance))
            entries.append(entry)
        return entries

    def provider_data(self) -> Json:
        start = self._conversation.started_at
        return {"parts": list(parts_of(self._key, self._style.provider, self._audios(), start))}

    def video_separate(self) -> list[Json]:
        return [
            {
                "id": part_id,
                "participant": self._people[video.participant],
                "start_timestamp": self._timestamp(video.start_s, "given"),
                "duration": round(video.end_s - video.start_s, 3),
                "type": video.type,
                "download_url": f"sandbox:{part_id}.mp4",
            }
            for video in self._conversation.videos
            for part_id in [identifier(self._key, "video", video.type, video.participant, video.start_s)]
        ]

    def audio_separate(self) -> list[Json]:
        speaking = {each.speaker for each in self._conversation.utterances}
        return [
            {
                "id": part_id,
                "participant": self._people[stay.participant],
                "start_timestamp": self._timestamp(max(0.0, stay.join_s), "given"),
                "duration": round(stay.leave_s - max(0.0, stay.join_s), 3),
                "download_url": f"sandbox:{part_id}.raw",
            }
            for stay in self._conversation.stays
            if stay.participant in speaking
            for part_id in [identifier(self._key, "audio", stay.participant, stay.join_s)]
        ]

    def bytes_of(self, kind: str) -> bytes:
        return json.dumps(getattr(self, kind)(), ensure_ascii=False, separators=(",", ":")).encode()

    @cached_property
    def _people(self) -> list[Json]:
        return [self._participant(each) for each in self._conversation.participants]

    @cached_property
    def _without_email(self) -> list[Json]:
        return [person | {"email": None} if "email" in person else person for person in self._people]

    def _audios(self) -> list[Audio]:
        """Audio sent to the provider: one stream per speaker, or the mix."""
        utterances = self._conversation.utterances
        if is_mixed(self._style.provider, separate_streams=self._style.labels != "machine"):
            return [Audio(None, 0.0, utterances)] if utterances else []
        stays = {stay.participant: stay for stay in reversed(self._conversation.stays)}
        return [
            Audio(
                self._people[n],
                max(0.0, stays[n].join_s) if n in stays else 0.0,
                [each for each in utterances if each.speaker == n],
            )
            for n in sorted({each.speaker for each in utterances})
        ]

    def _participant(self, participant: Participant) -> Json:
        fields: Json = {
            "id": participant.id,
            "name": participant.name,
            "is_host": participant.is_host,
            "platform": participant.platform,
            "extra_data": participant.extra_data,
        }
        if self._style.has_email:
            fields["email"] = participant.email
        return fields

    def _speakers(self) -> list[Json]:
        """Participants as the transcript names them: people, or labels of a diarization."""
        if self._style.is_lean:
            return [{"id": each["id"], "name": each["name"]} for each in self._people]
        if self._style.labels == "people":
            return self._people
        unnamed = dict.fromkeys(self._people[0]) if self._people else {}
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        names = (
            [f"Speaker {letter}" for letter in letters]
            if self._style.labels == "machine"
            else [f"{each.id}-0" for each in self._conversation.participants]
        )
        return [unnamed | {"name": names[n]} for n in range(len(self._people))]

    def _words(self, index: int, utterance: Utterance) -> Iterator[Json]:
        if self._style.words == "captions":
            yield self._word(utterance.text, utterance.start_s, utterance.end_s)
            return
        for position, word in enumerate(utterance.words):
            # The aligner found no times for every 40th utterance and for some single words.
            is_untimed = index % 40 == 20 or (index % 7 == 3 and position == 1)
            if is_untimed and self._style.words == "null_times":
                yield {"text": word.text, "start_timestamp": None, "end_timestamp": None}
            elif is_untimed and self._style.words == "no_times":
                yield {"text": word.text}
            else:
                yield self._word(word.text, word.start_s, word.end_s)

    def _word(self, text: str, start_s: float, end_s: float) -> Json:
        return {
            "text": text,
            "start_timestamp": self._timestamp(start_s, self._word_absolute),
            "end_timestamp": self._timestamp(end_s, self._word_absolute),
        }

    def _event_id(self, event: Event) -> str:
        return identifier(self._key, event.action, event.participant, event.at_s, event.text, event.delivery)

    def _segment_end(self, segment: Segment, absolute: str) -> Json | None:
        if segment.end_s is not None:
            return self._timestamp(segment.end_s, absolute)
        return {"absolute": None, "relative": None} if segment.has_empty_end else None

    @cached_property
    def _word_absolute(self) -> str:
        return "absent" if self._style.is_lean else self._style.absolute

    def _respelled(self, participant: Json, index: int) -> Json:
        """Adds a letter to the name in some utterances."""
        if self._style.respells_names and index % 9 == 4 and participant["name"]:
            return participant | {"name": f"{participant['name']}i"}
        return participant

    def _timestamp(self, at_s: float, absolute: str) -> Json:
        """A timestamp. Platforms with six decimals round times to 32-bit floats, as the API's documentation shows."""
        relative: float = round(at_s, 6) if self._style.decimals == 3 else unpack("f", pack("f", at_s))[0]
        if absolute == "absent":
            return {"relative": relative}
        if absolute == "null":
            return {"absolute": None, "relative": relative}
        instant = self._origin + timedelta(seconds=relative)
        unit = "milliseconds" if self._style.decimals == 3 else "microseconds"
        return {"absolute": f"{instant.isoformat(timespec=unit)}Z", "relative": relative}
