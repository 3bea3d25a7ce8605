"""Comparison of metrics of eight AMI meetings with the corpus's annotations; `docs/metrics.md` shows the results.

Two detectors are compared with the manually annotated dialogue acts of the same participant:

- a detected *backchannel* is right if it overlaps an act labelled as backchannel (`bck`);
- a *question* is a word that ends in a question mark. It is right if it overlaps an act that elicits information, an
  offer, a suggestion, an assessment or understanding (`el.*`).

Precision is the share of detections that are right; recall is the share of acts that overlap a detection.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from meeting_assets.metrics.meeting import MeetingInput
from meeting_assets.metrics.words import question_count
from meeting_assets_tests.support.corpora import document, meeting_in
from meeting_assets_tests.support.meeting_builder import Metrics, metrics_of


class Span(NamedTuple):
    """Speech of one participant, in seconds."""

    key: str
    start_s: float
    end_s: float


class Score(NamedTuple):
    """Counts behind precision (`right` of `detected`) and recall (`found` of `acts`)."""

    detected: int
    right: int
    acts: int
    found: int

    def __str__(self) -> str:
        precision, recall = self.right / self.detected, self.found / self.acts
        harmonic = 2 * precision * recall / (precision + recall)
        return (
            f"precision {precision:.3f} ({self.right} of {self.detected}), recall {recall:.3f} "
            f"({self.found} of {self.acts}), F1 {harmonic:.3f}"
        )


Detector = Callable[[MeetingInput, Metrics], list[Span]]


def report_lines(folders: Sequence[Path]) -> Iterator[str]:
    """Scores of both detectors, then ranges and pooled values of metrics that the literature publishes."""
    meetings = [(folder, meeting, metrics_of(meeting)) for folder in folders for meeting in [meeting_in(folder)]]
    detectors: dict[str, tuple[Detector, str]] = {
        "backchannels": (detected_backchannels, "backchannel_spans"),
        "questions": (detected_questions, "elicit_spans"),
    }
    for name, (detect, annotation) in detectors.items():
        scores = [score(detect(meeting, found), acts(folder, annotation)) for folder, meeting, found in meetings]
        yield f"{name}: {summed(scores)}"
    yield from _range_lines([metrics for _, _, metrics in meetings])
    yield from _pooled_lines([metrics for _, _, metrics in meetings])


def detected_backchannels(_: MeetingInput, metrics: Metrics) -> list[Span]:
    return [
        Span(turn["participant_key"], turn["start_s"], turn["end_s"])
        for turn in metrics.turns
        if turn["kind"] == "backchannel"
    ]


def detected_questions(meeting: MeetingInput, _: Metrics) -> list[Span]:
    return [
        Span(key, start_s, end_s)
        for key, start_s, end_s, text in meeting.words
        if start_s is not None and end_s is not None and question_count(text)
    ]


def acts(folder: Path, annotation: str) -> list[Span]:
    """Annotated dialogue acts that have times."""
    spans = document(folder / "oracle.json")["ami_gold"][annotation]
    return [Span(str(key), start_s, end_s) for key, start_s, end_s, *_ in spans if start_s is not None]


def score(detected: Sequence[Span], acts: Sequence[Span]) -> Score:
    """Compares the detections in one meeting with its annotated acts."""
    return Score(
        detected=len(detected),
        right=sum(any(_overlap(each, act) for act in acts) for each in detected),
        acts=len(acts),
        found=sum(any(_overlap(act, each) for each in detected) for act in acts),
    )


def summed(scores: Iterable[Score]) -> Score:
    return Score(*(sum(column) for column in zip(*scores, strict=True)))


def _range_lines(meetings: Sequence[Metrics]) -> Iterator[str]:
    rows = [metrics.meeting for metrics in meetings]
    participant_rates = [row["words_per_minute"] for metrics in meetings for row in metrics.participants.values()]
    values_of = {
        "fto_median_s": [row["fto_median_s"] for row in rows],
        "overlap_ratio": [row["overlap_ratio"] for row in rows],
        "overlapping changes of speaker": [
            row["overlap_between_count"] / (row["overlap_between_count"] + row["gap_count"]) for row in rows
        ],
        "words_per_minute of meetings": [row["words_per_minute"] for row in rows],
        "words_per_minute of participants": [rate for rate in participant_rates if rate is not None],
    }
    for name, values in values_of.items():
        yield f"{name}: {min(values):.3f} to {max(values):.3f}, median {statistics.median(values):.3f}, n {len(values)}"


def _pooled_lines(meetings: Sequence[Metrics]) -> Iterator[str]:
    def total(column: str) -> float:
        return float(sum(metrics.meeting[column] for metrics in meetings))

    overlapping, with_gap = total("overlap_between_count"), total("gap_count")
    yield f"overlap ÷ speech, pooled: {total('overlap_s') / total('speech_s'):.3f}"
    yield f"words per minute, pooled: {60 * total('word_count') / total('talk_s'):.1f}"
    yield f"overlapping changes of speaker, pooled: {overlapping / (overlapping + with_gap):.3f}"


def _overlap(one: Span, other: Span) -> bool:
    return one.key == other.key and one.start_s < other.end_s and other.start_s < one.end_s
