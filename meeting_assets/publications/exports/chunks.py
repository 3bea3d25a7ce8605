"""JSON chunks for language models and vector indexes: consecutive turns up to a token budget.

Tokens are estimated, because every model counts its own: one per four letters of an ASCII word, rounded up, and one per
digit, sign and other character. Blanks count as part of the next word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import ceil
from typing import Any

from meeting_assets.publications.exports.facts import facts_of
from meeting_assets.publications.exports.format import ExportFormat
from meeting_assets.publications.exports.paragraphs import paragraphs
from meeting_assets.publications.meeting_text import MeetingText, SpokenUtterance, TimedWord

SCHEMA = "meeting_assets/chunks/1"
TOKENS_PER_CHUNK = 400
LETTERS_PER_TOKEN = 4
_TOKENS = re.compile(r"[A-Za-z]+|[^\sA-Za-z]")


def estimated_tokens(text: str) -> int:
    """The estimated number of tokens of a text.

    >>> estimated_tokens("So we ship on Friday."), estimated_tokens("2026"), estimated_tokens("会議")
    (7, 4, 2)
    """
    return sum(ceil(len(each) / LETTERS_PER_TOKEN) for each in _TOKENS.findall(text))


def chunks(meeting: MeetingText) -> str:
    """One JSON document with the meeting's facts and its chunks."""
    found = [_document(index, turns) for index, turns in enumerate(_chunks(meeting))]
    document = {"schema": SCHEMA, "meeting": facts_of(meeting), "token_budget": TOKENS_PER_CHUNK, "chunks": found}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _chunks(meeting: MeetingText) -> Iterator[list[SpokenUtterance]]:
    held: list[SpokenUtterance] = []
    count = 0
    for turn in (part for whole in paragraphs(meeting.utterances) for part in _parts(whole)):
        own = estimated_tokens(_text([turn]))
        if held and count + own > TOKENS_PER_CHUNK:
            yield held
            held, count = [], 0
        held.append(turn)
        count += own
    if held:
        yield held


def _parts(turn: SpokenUtterance) -> Iterator[SpokenUtterance]:
    """A turn in parts that fit into a chunk."""
    room = TOKENS_PER_CHUNK - estimated_tokens(f"{turn.speaker}:")
    held: list[TimedWord] = []
    count = 0
    for word in (piece for whole in turn.words for piece in _pieces(whole, room)):
        own = estimated_tokens(word.text)
        if held and count + own > room:
            yield replace(turn, words=held)
            held, count = [], 0
        held.append(word)
        count += own
    yield replace(turn, words=held)


def _pieces(word: TimedWord, room: int) -> Iterator[TimedWord]:
    """The parts of a word with more tokens than a chunk has room for; each with its share of the time."""
    if estimated_tokens(word.text) <= room:
        yield word
        return
    share_s = (word.end_s - word.start_s) / len(word.text)
    for begin in range(0, len(word.text), max(room, 1)):
        part = word.text[begin : begin + max(room, 1)]
        yield TimedWord(part, word.start_s + share_s * begin, word.start_s + share_s * (begin + len(part)))


def _text(turns: Sequence[SpokenUtterance]) -> str:
    return "\n".join(f"{turn.speaker}: {turn.text}" for turn in turns)


def _document(index: int, turns: Sequence[SpokenUtterance]) -> dict[str, Any]:
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


JSON = ExportFormat("json", "json", chunks)
