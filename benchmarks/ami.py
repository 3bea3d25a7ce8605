"""What annotators and the literature say of eight AMI meetings, and what is measured there.

    PYTHONPATH=. python benchmarks/ami.py [--corpora ../shared/corpora]

Two detectors are held against the manual dialogue acts of the corpus, by person:

- a *backchannel* is found if it overlaps an act labelled backchannel (`bck`) of the same person;
- a *question* is a word that ends in a question mark, and found if it overlaps an act that elicits information, an
  offer or suggestion, an assessment or understanding (`el.*`) of the same person.

Precision is the part of what was detected that is such an act, recall the part of such acts that was detected.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from meeting_assets.metrics.analysis import MeetingAnalysis, analyse
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.tables import meeting_rows
from meeting_assets.metrics.words import question_count
from meeting_assets_tests.metrics.test_reference_values import document, meeting_in


class Span(NamedTuple):
    """A stretch of one person's speech, in seconds."""

    key: str
    start_s: float
    end_s: float


class Score(NamedTuple):
    """How much of what was detected is true, and how much of what is true was detected."""

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


def score(detected: Sequence[Span], acts: Sequence[Span]) -> Score:
    """Spans of one meeting against each other."""
    return Score(
        detected=len(detected),
        right=sum(any(_meet(each, act) for act in acts) for each in detected),
        acts=len(acts),
        found=sum(any(_meet(act, each) for each in detected) for act in acts),
    )


def summed(scores: Iterable[Score]) -> Score:
    return Score(*(sum(column) for column in zip(*scores, strict=True)))


def detected_backchannels(meeting: MeetingAnalysis) -> list[Span]:
    return [Span(speaker, start / 1e6, end / 1e6) for start, end, speaker in meeting.taking.backchannels]


def detected_questions(meeting: MeetingAnalysis) -> list[Span]:
    return [
        Span(key, start_s, end_s)
        for key, start_s, end_s, text in meeting.spoken.given.words
        if start_s is not None and end_s is not None and question_count(text)
    ]


def acts(folder: Path, name: str) -> list[Span]:
    """Acts of the annotators that have times."""
    spans = document(folder / "oracle.json")["ami_gold"][name]
    return [Span(str(key), start_s, end_s) for key, start_s, end_s, *_ in spans if start_s is not None]


def told(folders: Sequence[Path]) -> Iterator[str]:
    """The lines of the report."""
    meetings = [(folder, analyse(meeting_in(folder), Parameters())) for folder in folders]
    detectors: dict[str, tuple[Callable[[MeetingAnalysis], list[Span]], str]] = {
        "backchannels": (detected_backchannels, "backchannel_spans"),
        "questions": (detected_questions, "elicit_spans"),
    }
    for name, (detect, gold) in detectors.items():
        yield f"{name}: {summed(score(detect(meeting), acts(folder, gold)) for folder, meeting in meetings)}"
    rows: list[dict[str, Any]] = [next(meeting_rows(meeting)) for _, meeting in meetings]
    changes = [(row["overlap_between_count"], row["gap_count"]) for row in rows]
    of_people = [
        row["words_per_minute"]
        for _, meeting in meetings
        for row in meeting.participants.values()
        if isinstance(row["words_per_minute"], float)
    ]
    figures = {
        "fto_median_s": [row["fto_median_s"] for row in rows],
        "overlap_ratio": [row["overlap_ratio"] for row in rows],
        "overlapping changes of speaker": [between / (between + gaps) for between, gaps in changes],
        "words_per_minute of meetings": [row["words_per_minute"] for row in rows],
        "words_per_minute of participants": of_people,
    }
    for name, values in figures.items():
        yield f"{name}: {min(values):.3f} to {max(values):.3f}, median {statistics.median(values):.3f}, n {len(values)}"
    seconds = {name: sum(row[name] for row in rows) for name in ("overlap_s", "speech_s", "word_count", "talk_s")}
    yield f"overlap ÷ speech, pooled: {seconds['overlap_s'] / seconds['speech_s']:.3f}"
    yield f"words per minute, pooled: {60 * seconds['word_count'] / seconds['talk_s']:.1f}"
    overlapping, silent = (sum(column) for column in zip(*changes, strict=True))
    yield f"overlapping changes of speaker, pooled: {overlapping / (overlapping + silent):.3f}"


def _meet(one: Span, other: Span) -> bool:
    return one.key == other.key and one.start_s < other.end_s and other.start_s < one.end_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpora", type=Path, default=Path("../shared/corpora"))
    folders = sorted(path.parent for path in parser.parse_args().corpora.glob("ami/*/oracle.json"))
    if not folders:
        raise SystemExit("No AMI meetings there: name the folder with --corpora.")
    for line in told(folders):
        print(line)


if __name__ == "__main__":
    main()
