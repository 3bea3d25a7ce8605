"""Labels in place of participant ids: AMI meetings as a diarization would name their speakers, and the outcome.

    one label per speaker     a perfect diarization
    two speakers, one label   each pair of speakers in turn shares a label
    one speaker, two labels   each speaker in turn has another label in the second half
    times off by 0.3 s        each word is up to 0.3 s early or late
    10 % mislabelled          every tenth word, at random, has the label of another speaker

A word is attributed *wrongly* if its label resolves to a participant who did not say it. The diarization's own errors
among these are words with another speaker's label: they are wrong under any resolution of this label.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

from meeting_assets.metrics.meeting import MeetingInput, Utterance, Word
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.speakers import resolve_speakers
from meeting_assets_tests.support.corpora import meeting_in

SHIFT_S = 0.3
MISLABELLED = 0.1

Labelled = tuple[str, Word]
"""A label, and the word with the key of its true speaker."""
Scenario = Callable[[Sequence[Word]], Iterator[list[Labelled]]]


@dataclass(frozen=True)
class Attribution:
    """Numbers of words."""

    correct: int = 0
    wrong: int = 0
    """Attributed to another participant than the true speaker."""
    wrong_by_diarization: int = 0
    """Of `wrong`, words with the label of another speaker."""
    unattributed: int = 0

    def __add__(self, other: Attribution) -> Attribution:
        return Attribution(
            self.correct + other.correct,
            self.wrong + other.wrong,
            self.wrong_by_diarization + other.wrong_by_diarization,
            self.unattributed + other.unattributed,
        )

    @property
    def words(self) -> int:
        return self.correct + self.wrong + self.unattributed

    @property
    def wrong_share(self) -> float:
        return self.wrong / self.words


def one_per_speaker(words: Sequence[Word]) -> Iterator[list[Labelled]]:
    yield [(_label(word), word) for word in words]


def two_speakers_one_label(words: Sequence[Word]) -> Iterator[list[Labelled]]:
    for pair in combinations(sorted({word[0] for word in words}), 2):
        yield [("label:both" if word[0] in pair else _label(word), word) for word in words]


def one_speaker_two_labels(words: Sequence[Word]) -> Iterator[list[Labelled]]:
    for speaker in sorted({word[0] for word in words}):
        own = [index for index, word in enumerate(words) if word[0] == speaker]
        later = set(own[len(own) // 2 :])
        yield [(f"{_label(word)} again" if index in later else _label(word), word) for index, word in enumerate(words)]


def times_off(words: Sequence[Word]) -> Iterator[list[Labelled]]:
    chance = random.Random(0)
    moved: list[Labelled] = []
    for word in words:
        speaker, start_s, end_s, text = word
        by_s = chance.uniform(-SHIFT_S, SHIFT_S)
        times = (None if start_s is None else start_s + by_s), (None if end_s is None else end_s + by_s)
        moved.append((_label(word), (speaker, *times, text)))
    yield moved


def mislabelled(words: Sequence[Word]) -> Iterator[list[Labelled]]:
    chance = random.Random(0)
    labels = sorted({_label(word) for word in words})
    yield [
        (chance.choice([label for label in labels if label != _label(word)]), word)
        if chance.random() < MISLABELLED
        else (_label(word), word)
        for word in words
    ]


SCENARIOS: dict[str, Scenario] = {
    "one label per speaker": one_per_speaker,
    "two speakers, one label": two_speakers_one_label,
    "one speaker, two labels": one_speaker_two_labels,
    "times off by 0.3 s": times_off,
    "10 % mislabelled": mislabelled,
}


def attribution_in(scenario: Scenario, folders: Iterable[Path], parameters: Parameters) -> Attribution:
    """The outcome of a scenario in some meetings together."""
    total = Attribution()
    for folder in folders:
        meeting = meeting_in(folder)
        for words in scenario(meeting.words):
            total += _attribution(meeting, words, parameters)
    return total


def report_lines(folders: Sequence[Path], parameters: Parameters) -> Iterator[str]:
    """A line per scenario, in percent of its words."""
    yield f"{'scenario':24}  correct    wrong  of them the diarization's  not attributed    words"
    for name, scenario in SCENARIOS.items():
        found = attribution_in(scenario, folders, parameters)
        correct, wrong, diarization, unattributed = (
            100 * count / found.words
            for count in (found.correct, found.wrong, found.wrong_by_diarization, found.unattributed)
        )
        yield f"{name:24} {correct:7.2f}% {wrong:7.2f}% {diarization:25.2f}% {unattributed:14.2f}% {found.words:9,}"


def _label(word: Word) -> str:
    return f"label:Speaker {word[0]}"


def _attribution(meeting: MeetingInput, words: Sequence[Labelled], parameters: Parameters) -> Attribution:
    labelled = [(label, start_s, end_s, text) for label, (_, start_s, end_s, text) in words]
    labels = Counter(label for label, _ in words)
    utterances = [Utterance(label, None, count) for label, count in labels.items()]
    diarized = replace(meeting, words=labelled, utterances=utterances, attribution="labels")
    found = {each.speaker_key: each.participant_key for each in resolve_speakers(diarized, parameters).speakers}
    correct = wrong = of_diarization = 0
    for label, word in words:
        correct += found[label] == word[0]
        if found[label] not in {None, word[0]}:
            wrong += 1
            of_diarization += label.removesuffix(" again") not in {_label(word), "label:both"}
    return Attribution(correct, wrong, of_diarization, len(words) - correct - wrong)
