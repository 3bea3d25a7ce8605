"""Reads exported files with independent libraries: the words, speakers and times that other programs see."""

from __future__ import annotations

import html
import io
import json
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import frontmatter
import meeteval  # type: ignore[import-untyped]
import pysubs2
import srt  # type: ignore[import-untyped]
import webvtt
from pyannote.database.util import load_rttm


class Spoken(NamedTuple):
    """A text of a speaker, with its times in seconds."""

    speaker: str
    start_s: float
    end_s: float
    text: str


def read_webvtt(content: str) -> list[Spoken]:
    """Cues of WebVTT with voice tags, as `webvtt-py` reads them. It leaves character references to its caller."""
    return [
        Spoken(html.unescape(cue.voice or ""), _seconds(cue.start), _seconds(cue.end), html.unescape(cue.text))
        for cue in webvtt.from_string(content, strict=True).captions
    ]


def read_named_webvtt(content: str) -> list[Spoken]:
    """Cues of WebVTT without voice tags, as `webvtt-py` reads them."""
    return [
        Spoken("", _seconds(cue.start), _seconds(cue.end), html.unescape(cue.text))
        for cue in webvtt.from_string(content, strict=True).captions
    ]


def read_subrip(content: str) -> list[Spoken]:
    """Cues of SubRip, as `srt` reads them."""
    return [
        Spoken("", cue.start.total_seconds(), cue.end.total_seconds(), cue.content)
        for cue in srt.parse(content, ignore_errors=False)
    ]


def read_subrip_as_player(content: str) -> list[Spoken]:
    """Cues of SubRip as `pysubs2` displays them, without markup."""
    return [
        Spoken("", event.start / 1000, event.end / 1000, event.plaintext)
        for event in pysubs2.SSAFile.from_string(content, format_="srt")
    ]


def read_stm(content: str) -> list[Spoken]:
    """Utterances of STM, as meeteval reads them."""
    return [
        Spoken(line.speaker_id, float(line.begin_time), float(line.end_time), line.transcript)
        for line in meeteval.io.STM.parse(content).lines
    ]


def read_ctm(content: str) -> list[Spoken]:
    """Words of CTM, as meeteval reads them."""
    return [
        Spoken(str(line.channel), float(line.begin_time), float(line.begin_time + line.duration), line.word)
        for line in meeteval.io.CTM.parse(content).lines
    ]


def read_seglst(content: str) -> list[Spoken]:
    """Utterances of SegLST, as meeteval reads them."""
    return [
        Spoken(each["speaker"], float(each["start_time"]), float(each["end_time"]), each["words"])
        for each in meeteval.io.SegLST.parse(content).segments
    ]


def read_chunks(content: str) -> list[Spoken]:
    """Turns of the JSON chunks."""
    return [
        Spoken(turn["speaker"], turn["start_s"], turn["end_s"], turn["text"])
        for chunk in json.loads(content)["chunks"]
        for turn in chunk["turns"]
    ]


def read_rttm(content: str) -> list[Spoken]:
    """Segments of RTTM, as `pyannote.database` reads them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.rttm"
        path.write_text(content)
        annotations = load_rttm(path)  # type: ignore[no-untyped-call]
    return [
        Spoken(str(label), segment.start, segment.end, "")
        for annotation in annotations.values()
        for segment, _, label in annotation.itertracks(yield_label=True)
    ]


def read_front_matter(content: str) -> tuple[Mapping[str, object], str]:
    """Front matter and text of Markdown, as `python-frontmatter` reads them."""
    post = frontmatter.load(io.StringIO(content))
    return post.metadata, post.content


READERS: Mapping[str, Callable[[str], Sequence[Spoken]]] = {
    "vtt": read_webvtt,
    "stm": read_stm,
    "ctm": read_ctm,
    "seglst": read_seglst,
    "json": read_chunks,
}
"""Readers of the formats that contain speakers and words."""


def words_by_speaker(spoken: Sequence[Spoken]) -> dict[str, list[str]]:
    """The words of each speaker in the order of the file; blanks in names count as `_`."""
    words: dict[str, list[str]] = defaultdict(list)
    for each in spoken:
        words["_".join(each.speaker.split())] += each.text.split()
    return dict(words)


def _seconds(timestamp: str) -> float:
    hours, minutes, seconds = timestamp.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
