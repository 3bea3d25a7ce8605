"""Real meetings from the corpora as inputs of the metrics; `MEETING_ASSETS_CORPORA` names their folder."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from meeting_assets.core.words import word_count
from meeting_assets.metrics.meeting import Attendee, Event, MeetingInput, RawSegment, Utterance, Word
from meeting_assets_tests.support.meeting_builder import RECORDING_ID, TRANSCRIPT_ID

REPOSITORY = Path(__file__).resolve().parents[2]
CORPORA = REPOSITORY / os.environ.get("MEETING_ASSETS_CORPORA", "../shared/corpora")
MEETINGS = sorted(oracle.parent for oracle in CORPORA.glob("*/*/oracle.json"))
AMI_MEETINGS = [folder for folder in MEETINGS if folder.parent.name == "ami"]
"""Meetings with annotations and a time for every word."""


@cache
def document(path: Path) -> Any:
    return json.loads(path.read_bytes())


def is_single_stream(oracle: dict[str, Any]) -> bool:
    """Whether the reference values are those of a source without overlap."""
    is_long = len(oracle["speaker_talk_s"]) > 1 and oracle["speech_union_s"] >= 1800
    return is_long and oracle["overlap_s"] / (oracle["speech_union_s"] / 60) < 0.01


def meeting_in(folder: Path, *, timeline: list[dict[str, Any]] | None = None) -> MeetingInput:
    """The meeting of a folder; `timeline` replaces its speaker timeline."""
    facts = document(folder / "meeting.json")
    segments = document(folder / "speaker_timeline.json") if timeline is None else timeline
    transcript = document(folder / "transcript.json") if (folder / "transcript.json").exists() else None
    started_at = datetime.fromisoformat(facts["started_at"])
    return MeetingInput(
        RECORDING_ID,
        started_at=started_at,
        completed_at=started_at + timedelta(seconds=facts["duration_s"]),
        attendees=[Attendee(str(one["id"]), one["name"], False) for one in document(folder / "participants.json")],
        timeline=[_speech(segment) for segment in segments],
        words=[_word(entry, word) for entry in transcript or () for word in entry["words"]],
        events=[
            Event(_key(event), _name(event), event["action"], _relative_s(event["timestamp"]))
            for event in document(folder / "participant_events.json")
        ],
        transcript_id=None if transcript is None else TRANSCRIPT_ID,
        utterances=[_utterance(entry) for entry in transcript or ()],
    )


def _key(entry: dict[str, Any]) -> str:
    return str(entry["participant"]["id"])


def _name(entry: dict[str, Any]) -> str:
    return str(entry["participant"]["name"])


def _relative_s(timestamp: dict[str, Any] | None) -> float | None:
    return None if timestamp is None else timestamp["relative"]


def _speech(segment: dict[str, Any]) -> RawSegment:
    start_s, end_s = _relative_s(segment["start_timestamp"]), _relative_s(segment["end_timestamp"])
    return RawSegment(_key(segment), _name(segment), start_s, end_s)


def _word(entry: dict[str, Any], word: dict[str, Any]) -> Word:
    return _key(entry), _relative_s(word["start_timestamp"]), _relative_s(word["end_timestamp"]), word["text"]


def _utterance(entry: dict[str, Any]) -> Utterance:
    text = " ".join(word["text"] for word in entry["words"])
    return Utterance(_key(entry), _name(entry), word_count(text), text)
