"""Data model of a meeting: participants, utterances, speaker segments and platform events.

All times are seconds from the start of the recording. All payloads are derived from one `Conversation`, which keeps
words, speaker timeline and events consistent.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class Participant:
    """One entry of a participant list; a person who rejoins under a new id is two participants."""

    id: int | None
    name: str | None
    email: str | None = None
    is_host: bool | None = False
    platform: str | None = "desktop"
    extra_data: dict[str, Any] | None = None


@dataclass(slots=True)
class Word:
    text: str
    start_s: float
    end_s: float


@dataclass(slots=True)
class Utterance:
    """Words of one speaker without a long pause; `speaker` is an index into the participants."""

    speaker: int
    words: list[Word]

    @property
    def start_s(self) -> float:
        return self.words[0].start_s

    @property
    def end_s(self) -> float:
        return self.words[-1].end_s

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


@dataclass(slots=True)
class Segment:
    """Continuous speech of one participant in the speaker timeline."""

    speaker: int
    start_s: float
    end_s: float | None
    has_empty_end: bool = False
    """True if the payload has an end timestamp whose fields are null."""


@dataclass(slots=True)
class Event:
    """An event of the platform. `before_email` is True while the participant's e-mail address is unknown.

    `delivery` distinguishes the ids under which the same event was delivered.
    """

    action: str
    participant: int
    at_s: float
    text: str | None = None
    to: str = "everyone"
    before_email: bool = False
    delivery: int = 0


@dataclass(slots=True)
class Video:
    """A webcam or screen share; without `was_switched_off` no event marks its end."""

    participant: int
    type: str
    start_s: float
    end_s: float
    was_switched_off: bool = True


@dataclass(slots=True)
class Stay:
    """Presence of a participant, from a join to a leave."""

    participant: int
    join_s: float
    leave_s: float


@dataclass(slots=True)
class Chat:
    participant: int
    at_s: float
    text: str
    to: str = "everyone"


@dataclass
class Conversation:
    started_at: datetime
    duration_s: float
    participants: list[Participant]
    utterances: list[Utterance]
    """In order of start."""
    segments: list[Segment] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    videos: list[Video] = field(default_factory=list)
    chats: list[Chat] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    """In the order of the payload."""


def segments_of(utterances: Iterable[Utterance], *, max_gap_s: float) -> list[Segment]:
    """Speaker timeline of utterances: words of one speaker, merged over gaps of at most `max_gap_s`."""
    found: list[Segment] = []
    latest: dict[int, Segment] = {}
    for utterance in utterances:
        for word in utterance.words:
            current = latest.get(utterance.speaker)
            if current and current.end_s is not None and word.start_s - current.end_s <= max_gap_s:
                current.end_s = max(current.end_s, word.end_s)
                continue
            current = Segment(utterance.speaker, word.start_s, word.end_s)
            latest[utterance.speaker] = current
            found.append(current)
    return sorted(found, key=lambda each: (each.start_s, each.speaker))


def events_of(conversation: Conversation, *, email_after_s: float = 2.5) -> list[Event]:
    """Events of joins, leaves, late e-mail addresses, speech, cameras and chat, in order of time."""
    events: list[Event] = []
    known: set[int] = set()
    for stay in conversation.stays:
        participant = stay.participant
        events.append(Event("join", participant, stay.join_s, before_email=participant not in known))
        if conversation.participants[participant].email and participant not in known:
            events.append(Event("update", participant, stay.join_s + email_after_s))
        known.add(participant)
        events.append(Event("leave", participant, stay.leave_s))
    for segment in conversation.segments:
        events.append(Event("speech_on", segment.speaker, segment.start_s))
        if segment.end_s is not None:
            events.append(Event("speech_off", segment.speaker, segment.end_s))
    for video in conversation.videos:
        events.append(Event(f"{video.type}_on", video.participant, video.start_s))
        if video.was_switched_off:
            events.append(Event(f"{video.type}_off", video.participant, video.end_s))
    events += [Event("chat_message", c.participant, c.at_s, c.text, c.to) for c in conversation.chats]
    order = {"join": 0, "update": 1, "speech_off": 2, "leave": 9}
    return sorted(events, key=lambda each: (each.at_s, order.get(each.action, 5)))
