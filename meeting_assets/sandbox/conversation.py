"""A meeting as it happened: who was there when, who said what, and what the platform noticed.

All times are seconds from the start of the recording. The payloads are written from this alone, which keeps
words, speaker timeline and events consistent with each other.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class Participant:
    """One entry of a participant list; a person who joins anew under a new id is two participants."""

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
    """One stretch of speech in the speaker timeline."""

    speaker: int
    start_s: float
    end_s: float | None
    has_empty_end: bool = False
    """An end that is there but says nothing."""


@dataclass(slots=True)
class Event:
    """Something the platform noticed; `before_email` where the address is not known yet.

    `delivery` counts the ids under which the same event came.
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
    """A webcam or screen share that was on; `was_switched_off` says whether an event tells its end."""

    participant: int
    type: str
    start_s: float
    end_s: float
    was_switched_off: bool = True


@dataclass(slots=True)
class Stay:
    """From a join to a leave."""

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
    """The timeline that words give: one speaker's words, joined over gaps up to `max_gap_s`."""
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
    """Joins, leaves, late addresses, speech, cameras and chat, in order of time."""
    events: list[Event] = []
    known: set[int] = set()
    for stay in conversation.stays:
        who = stay.participant
        events.append(Event("join", who, stay.join_s, before_email=who not in known))
        if conversation.participants[who].email and who not in known:
            events.append(Event("update", who, stay.join_s + email_after_s))
        known.add(who)
        events.append(Event("leave", who, stay.leave_s))
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
