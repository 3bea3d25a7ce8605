"""Builds meetings whose transcripts have labels, and resolves their speakers."""

from __future__ import annotations

from typing import Any

from meeting_assets.metrics.meeting import Attendee, MeetingInput, RawSegment, Utterance, Word
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.speakers import ResolvedMeeting, Speaker, resolve_speakers
from meeting_assets_tests.support.meeting_builder import TRANSCRIPT_ID, meeting_of, said

ADA, BEN = Attendee("100", "Ada", is_bot=False), Attendee("200", "Ben", is_bot=False)
NOTETAKER = Attendee("900", "Notetaker", is_bot=True)
A, B = "label:A", "label:B"
OPEN = (None, "none")
"""The resolution of a speaker without a participant."""
TURNS = [said("100", 0, 20), said("200", 20, 40), said("100", 40, 60), said("200", 60, 80)]


def spoken_by(key: str, *intervals: tuple[float, float]) -> list[Word]:
    """A word per second in each interval."""
    return [(key, float(at), at + 1.0, "word") for start, end in intervals for at in range(int(start), int(end))]


def transcribed(
    words: list[Word], *, timeline: list[RawSegment] = TURNS, names: dict[str, str] | None = None, **given: Any
) -> MeetingInput:
    """A meeting of Ada (100) and Ben (200), who take turns of 20 s, with these words."""
    keys = dict.fromkeys(word[0] for word in words)
    utterances = [
        Utterance(key, (names or {}).get(key, key.removeprefix("label:")), sum(word[0] == key for word in words), "")
        for key in keys
    ]
    facts = {"attendees": [ADA, BEN], "transcript_id": TRANSCRIPT_ID, "attribution": "labels"}
    return meeting_of(*timeline, words=words, utterances=utterances, **{**facts, **given})


def resolved(meeting: MeetingInput, **parameters: float) -> ResolvedMeeting:
    return resolve_speakers(meeting, Parameters(**parameters))  # type: ignore[arg-type]


def speakers_of(meeting: MeetingInput, source: str = "transcript") -> dict[str, Speaker]:
    return {each.speaker_key: each for each in resolved(meeting).speakers if each.source == source}


def resolutions(meeting: MeetingInput, source: str = "transcript") -> dict[str, tuple[str | None, str]]:
    return {key: (each.participant_key, each.method) for key, each in speakers_of(meeting, source).items()}
