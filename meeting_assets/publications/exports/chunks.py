"""JSON chunks for language models and vector indexes: consecutive turns up to a token budget.

Tokens are estimated, because every model counts its own: one per four characters of ASCII text, and one per other
character. That estimate is rather too high than too low for the tokenizers in use.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from math import ceil
from typing import Any

from meeting_assets.core.instants import to_iso8601
from meeting_assets.publications.exports.format import ExportFormat
from meeting_assets.publications.exports.paragraphs import Paragraph, paragraphs
from meeting_assets.publications.meeting_text import MeetingText, TimedWord

SCHEMA = "meeting_assets/chunks/1"
TOKENS_PER_CHUNK = 400


def estimated_tokens(text: str) -> int:
    """The estimated number of tokens of a text.

    >>> estimated_tokens("So we ship on Friday."), estimated_tokens("会議")
    (6, 2)
    """
    ascii_characters = sum(each.isascii() for each in text)
    return ceil(ascii_characters / 4) + len(text) - ascii_characters


def chunks(meeting: MeetingText) -> str:
    """One JSON document with the meeting's facts and its chunks."""
    found = [_document(index, turns) for index, turns in enumerate(_chunks(meeting))]
    document = {"schema": SCHEMA, "meeting": _facts(meeting), "token_budget": TOKENS_PER_CHUNK, "chunks": found}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _chunks(meeting: MeetingText) -> Iterator[list[Paragraph]]:
    held: list[Paragraph] = []
    for turn in (part for whole in paragraphs(meeting.utterances) for part in _parts(whole)):
        if held and estimated_tokens(_text([*held, turn])) > TOKENS_PER_CHUNK:
            yield held
            held = []
        held.append(turn)
    if held:
        yield held


def _parts(turn: Paragraph) -> Iterator[Paragraph]:
    """A turn in parts that fit into a chunk."""
    held: list[TimedWord] = []
    for word in turn.words:
        if held and estimated_tokens(_text([Paragraph(turn.speaker, [*held, word])])) > TOKENS_PER_CHUNK:
            yield Paragraph(turn.speaker, held)
            held = []
        held.append(word)
    yield Paragraph(turn.speaker, held)


def _text(turns: Sequence[Paragraph]) -> str:
    return "\n".join(f"{turn.speaker}: {turn.text}" for turn in turns)


def _document(index: int, turns: Sequence[Paragraph]) -> dict[str, Any]:
    text = _text(turns)
    return {
        "index": index,
        "start_s": round(min(turn.start_s for turn in turns), 3),
        "end_s": round(max(turn.end_s for turn in turns), 3),
        "speakers": [*dict.fromkeys(turn.speaker for turn in turns)],
        "estimated_tokens": estimated_tokens(text),
        "text": text,
        "turns": [
            {
                "speaker": turn.speaker,
                "start_s": round(turn.start_s, 3),
                "end_s": round(turn.end_s, 3),
                "text": turn.text,
            }
            for turn in turns
        ],
    }


def _facts(meeting: MeetingText) -> dict[str, Any]:
    return {
        "recording_id": meeting.recording_id,
        "day": str(meeting.day),
        "title": meeting.title,
        "platform": meeting.platform,
        "started_at": to_iso8601(meeting.started_at) if meeting.started_at else None,
        "duration_s": meeting.duration_s,
        "language": meeting.language,
        "speakers": [*meeting.speakers],
    }


JSON = ExportFormat("json", "json", "JSON chunks for language models", chunks)
