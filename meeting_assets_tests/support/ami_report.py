"""Comparison of metrics of eight AMI meetings with the corpus's annotations; `docs/metrics.md` shows the results.

Two detectors are compared with the manually annotated dialogue acts of the same participant:

- a detected *backchannel* is right if it overlaps an act labelled as backchannel (`bck`);
- a *question* is a word that ends in a question mark. It is right if it overlaps an act that elicits information, an
  offer, a suggestion, an assessment or understanding (`el.*`).

Precision is the share of detections that are right; recall is the share of acts that overlap a detection. Variations of
the backchannels leave out one rule, or change the transcript as speech recognition does.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from meeting_assets.metrics.analysis import analyse
from meeting_assets.metrics.floor import Response, responses_of
from meeting_assets.metrics.listening import HUMS, is_listening, listening_words
from meeting_assets.metrics.meeting import MeetingInput, Word
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.words import question_count
from meeting_assets_tests.support.corpora import document, meeting_in
from meeting_assets_tests.support.meeting_builder import Metrics, metrics_of

WORDS_ALONE = Parameters(backchannel_max_s=0)
"""Parameters without the floor rule for unknown words."""


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

    @property
    def precision(self) -> float:
        return self.right / self.detected

    @property
    def recall(self) -> float:
        return self.found / self.acts

    @property
    def f1(self) -> float:
        return 2 * self.precision * self.recall / (self.precision + self.recall)

    def __str__(self) -> str:
        return (
            f"precision {self.precision:.3f} ({self.right} of {self.detected}), recall {self.recall:.3f} "
            f"({self.found} of {self.acts}), F1 {self.f1:.3f}"
        )


def report_lines(folders: Sequence[Path]) -> Iterator[str]:
    """Scores of both detectors, variations, and values of metrics that the literature publishes."""
    meetings = {folder: meeting_in(folder) for folder in folders}
    metrics = {folder: metrics_of(meeting) for folder, meeting in meetings.items()}
    backchannels = [score(detected_backchannels(metrics[each]), acts(each, "backchannel_spans")) for each in folders]
    questions = [score(detected_questions(meetings[each]), acts(each, "elicit_spans")) for each in folders]
    for folder, each in zip(folders, backchannels, strict=True):
        yield f"backchannels in {folder.name}: {each}"
    yield from _score_lines("backchannels", backchannels)
    yield from _score_lines("questions", questions)
    for name, detect in VARIATIONS.items():
        found = [score(detect(meetings[each]), acts(each, "backchannel_spans")) for each in folders]
        yield f"backchannels, {name}: {summed(found)}"
    for name, change in ALIGNMENTS.items():
        changed = (replace(meeting, timeline=(), words=change(meeting.words)) for meeting in meetings.values())
        yield f"word times, {name}: {_counts([metrics_of(meeting).meeting for meeting in changed])}"
    yield from _range_lines([*metrics.values()])
    yield from _pooled_lines([*metrics.values()])


def detected_backchannels(metrics: Metrics) -> list[Span]:
    return [
        Span(turn["participant_key"], turn["start_s"], turn["end_s"])
        for turn in metrics.turns
        if turn["kind"] == "backchannel"
    ]


def detected_questions(meeting: MeetingInput) -> list[Span]:
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


def jackknife(scores: Sequence[Score], value: Callable[[Score], float]) -> tuple[float, float]:
    """The 95 % interval of a pooled value from the values that leave out one meeting each (Efron & Tibshirani 1993)."""
    n = len(scores)
    without_one = [value(summed([*scores[:index], *scores[index + 1 :]])) for index in range(n)]
    error = math.sqrt((n - 1) * statistics.pvariance(without_one))
    pooled = value(summed(scores))
    return pooled - 1.96 * error, pooled + 1.96 * error


def _score_lines(name: str, scores: Sequence[Score]) -> Iterator[str]:
    yield f"{name}, pooled: {summed(scores)}"
    values: dict[str, Callable[[Score], float]] = {
        "precision": lambda each: each.precision,
        "recall": lambda each: each.recall,
        "F1": lambda each: each.f1,
    }
    for column, value in values.items():
        low, high = jackknife(scores, value)
        yield f"{name}, 95 % interval of {column} by leaving out one meeting: {low:.3f} to {high:.3f}"


def _alone(meeting: MeetingInput) -> list[Span]:
    """IPUs of listening words, without regard to floor and questions."""
    analysis = analyse(meeting, Parameters())
    ipus, words = analysis.taking.ipus, listening_words(meeting.language_codes)
    responses = responses_of(ipus, analysis.words, words, WORDS_ALONE)
    return [
        Span(ipu.speaker, ipu.start_us / 1e6, ipu.end_us / 1e6)
        for ipu, response in zip(ipus, responses, strict=True)
        if response is Response.BY_WORDS
    ]


def _changed(
    change: Callable[[Sequence[Word]], list[Word]], parameters: Parameters | None = None
) -> Callable[[MeetingInput], list[Span]]:
    """A detector that reads changed words."""

    def detect(meeting: MeetingInput) -> list[Span]:
        return detected_backchannels(metrics_of(replace(meeting, words=change(meeting.words)), parameters))

    return detect


def _without_question_marks(words: Sequence[Word]) -> list[Word]:
    return [(key, start_s, end_s, text.replace("?", ".")) for key, start_s, end_s, text in words]


def _without_hums(words: Sequence[Word]) -> list[Word]:
    """As engines do that leave out sounds."""
    hums = {hum.replace("-", "") for hum in HUMS if not hum.startswith("ok")}
    return [word for word in words if not is_listening(word[3], hums)]


def _jittered(words: Sequence[Word]) -> list[Word]:
    """Each word up to 0.3 s too early or too late."""
    chance = random.Random(0)
    jittered: list[Word] = []
    for key, start_s, end_s, text in words:
        shift_s = chance.uniform(-0.3, 0.3)
        times = [None if time_s is None else time_s + shift_s for time_s in (start_s, end_s)]
        jittered.append((key, times[0], times[1], text))
    return jittered


VARIATIONS: dict[str, Callable[[MeetingInput], list[Span]]] = {
    "listening words alone": _alone,
    "without the rule for questions": _changed(_without_question_marks),
    "by the floor alone": _changed(lambda words: []),
    "hums missing in the transcript": _changed(_without_hums),
    "hums missing, without the floor rule": _changed(_without_hums, WORDS_ALONE),
    "word times off by up to 0.3 s": _changed(_jittered),
    "word times off, without the floor rule": _changed(_jittered, WORDS_ALONE),
}
"""Detectors of backchannels: with one rule less, or from another transcript."""


def _lengthened(before_s: float, after_s: float) -> Callable[[Sequence[Word]], list[Word]]:
    """Moves both edges of each word outwards; a word stays at least 20 ms long."""

    def change(words: Sequence[Word]) -> list[Word]:
        return [
            (key, start_s - before_s, max(start_s + 0.02, end_s + after_s), text)
            for key, start_s, end_s, text in words
            if start_s is not None and end_s is not None
        ]

    return change


def _rounded(words: Sequence[Word]) -> list[Word]:
    """To half seconds; a word stays at least half a second long."""
    return [
        (key, round(2 * start_s) / 2, max(round(2 * start_s) + 1, round(2 * end_s)) / 2, text)
        for key, start_s, end_s, text in words
        if start_s is not None and end_s is not None
    ]


ALIGNMENTS: dict[str, Callable[[Sequence[Word]], list[Word]]] = {
    "as annotated": list,
    "every word ends 0.1 s earlier": _lengthened(0, -0.1),
    "every word 0.1 s longer on both sides": _lengthened(0.1, 0.1),
    "every word 0.2 s longer on both sides": _lengthened(0.2, 0.2),
    "rounded to 0.5 s": _rounded,
    "every word up to 0.3 s too early or late": _jittered,
}
"""Changes of the words' times, to see how counts depend on them."""


def _counts(meetings: Sequence[dict[str, Any]]) -> str:
    """A row of the table of alignments."""
    names = ("turn_count", "speaker_switches", "interruption_count", "backchannel_count")
    counts = [f"{sum(row[name] for row in meetings):,}" for name in names]
    overlap_ratio = sum(row["overlap_s"] for row in meetings) / sum(row["speech_s"] for row in meetings)
    silence_s = sum(row["silence_s"] for row in meetings)
    return " | ".join([*counts, f"{overlap_ratio:.3f}", f"{silence_s:,.0f} s"])


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
