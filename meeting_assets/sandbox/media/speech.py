"""Speech of a recording: when each participant speaks, in seconds from the start of the recording."""

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..conversation import Conversation

BRIDGED_S = 0.25
"""Pauses up to this length between words of one participant are spoken as well, as in fluent speech."""

Span = tuple[float, float]
Speech = Mapping[int | None, Sequence[Span]]
"""Spans of speech by participant id, in order of time; None has the speech of participants without an id."""


def speech_of(conversation: Conversation) -> Speech:
    """The speech of a conversation."""
    spoken: dict[int | None, list[Span]] = {}
    for utterance in conversation.utterances:
        spans = spoken.setdefault(conversation.participants[utterance.speaker].id, [])
        spans += [(word.start_s, word.end_s) for word in utterance.words]
    return {participant: bridged(spans) for participant, spans in spoken.items()}


def speech_of_timeline(body: bytes) -> Speech:
    """The speech in a payload of the speaker timeline; segments without an end are left out."""
    spoken: dict[int | None, list[Span]] = {}
    for segment in json.loads(body):
        start, end = segment.get("start_timestamp") or {}, segment.get("end_timestamp") or {}
        if start.get("relative") is not None and end.get("relative") is not None:
            spans = spoken.setdefault(segment["participant"]["id"], [])
            spans.append((float(start["relative"]), float(end["relative"])))
    return {participant: bridged(spans) for participant, spans in spoken.items()}


def bridged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans in order of time, merged where they overlap or a short pause separates them.

    >>> bridged([(1.0, 1.5), (1.6, 2.0), (3.0, 4.0)])
    ((1.0, 2.0), (3.0, 4.0))
    """
    found: list[Span] = []
    for start_s, end_s in sorted(spans):
        if found and start_s - found[-1][1] <= BRIDGED_S:
            found[-1] = found[-1][0], max(found[-1][1], end_s)
        else:
            found.append((start_s, end_s))
    return tuple(found)


@dataclass(frozen=True)
class VoiceTrack:
    """Voices that speak at each position of a file; positions are samples or frames of the file."""

    starts: tuple[int, ...]
    voices: tuple[tuple[int, ...], ...]
    """Voices from each start to the next."""

    def pieces(self, first: int, end: int) -> Iterable[tuple[int, int, tuple[int, ...]]]:
        """First position, end and voices of each piece between two positions."""
        index = bisect_right(self.starts, first) - 1
        while first < end:
            last = self.starts[index + 1] if index + 1 < len(self.starts) else end
            stop = min(last, end)
            yield first, stop, self.voices[index]
            first, index = stop, index + 1


def track_of(spoken: Mapping[int, Iterable[Span]], per_s: float, *, offset_s: float = 0.0) -> VoiceTrack:
    """Track of the spans of each voice, with `per_s` positions in each second, in a file that starts at `offset_s`."""
    changes: dict[int, list[tuple[int, int]]] = {0: []}
    for voice, spans in spoken.items():
        for start_s, end_s in spans:
            start, end = (max(0, round((at_s - offset_s) * per_s)) for at_s in (start_s, end_s))
            changes.setdefault(start, []).append((voice, 1))
            changes.setdefault(end, []).append((voice, -1))
    active: dict[int, int] = {}
    starts, voices = [], []
    for at in sorted(changes):
        for voice, change in changes[at]:
            active[voice] = active.get(voice, 0) + change
        starts.append(at)
        voices.append(tuple(sorted(voice for voice, count in active.items() if count > 0)))
    return VoiceTrack(tuple(starts), tuple(voices))
