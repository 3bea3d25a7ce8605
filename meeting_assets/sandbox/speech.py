"""Timing of spoken lines: pace, pauses, overlaps and backchannels of listeners."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from .conversation import Utterance, Word
from .grammar import Manner

SENTENCE_PAUSE = 2.2
COMMA_PAUSE = 0.8
LONG_TURN_WORDS = 22
OWN_GAP_S = 0.15


@dataclass(frozen=True)
class SpokenLine:
    """One turn and its speaker."""

    speaker: int
    text: str
    manner: Manner = Manner.TURN


@dataclass
class SpeechTiming:
    """Gives words their times; `at_s` is the end of the last turn."""

    paces_wpm: Sequence[float]
    rng: Random
    at_s: float
    backchannels: Sequence[str] = ()
    fillers: Sequence[str] = ()
    ends_s: dict[int, float] = field(default_factory=dict)
    """End of the last word of each speaker."""

    def scene(self, lines: Sequence[SpokenLine], *, until_s: float) -> list[Utterance] | None:
        """Utterances of a scene that starts at `at_s`; None, without moving `at_s`, if it would end after `until_s`."""
        before = self.at_s, dict(self.ends_s)
        spoken: list[Utterance] = []
        self.at_s += self.rng.uniform(0.4, 1.8)
        if self.rng.random() < 0.06:
            self.at_s += self.rng.uniform(2, 7)
        for line in lines:
            spoken += self._turn(line)
        if self.at_s > until_s:
            self.at_s, self.ends_s = before
            return None
        return spoken

    def _turn(self, line: SpokenLine) -> list[Utterance]:
        texts = line.text.split()
        if line.manner is Manner.BACKCHANNEL:
            start_s = self.at_s - min(0.9, self.rng.uniform(0.2, 0.9))
            return [self._utterance(line.speaker, texts, start_s)]
        if line.manner is Manner.INTERRUPTION:
            start_s = self.at_s - self.rng.uniform(0.3, 0.8)
        else:
            start_s = self.at_s + self._gap_s()
        utterance = self._utterance(line.speaker, self._with_fillers(texts), start_s)
        self.at_s = max(self.at_s, utterance.end_s)
        return [utterance, *self._backchannels(utterance)]

    def _gap_s(self) -> float:
        """Pause before a turn: short, sometimes negative (overlap), rarely long."""
        if self.rng.random() < 0.03:
            return self.rng.uniform(1.5, 4.5)
        return min(1.2, max(-0.35, self.rng.gauss(0.28, 0.3)))

    def _utterance(self, speaker: int, texts: Sequence[str], start_s: float) -> Utterance:
        start_s = max(start_s, self.ends_s.get(speaker, start_s - 1) + OWN_GAP_S)
        pace_wpm = self.paces_wpm[speaker] * self.rng.uniform(0.97, 1.03)
        weights = [0.55 + 0.1 * min(len(text), 12) for text in texts]
        pauses = [_pause(text) for text in texts[:-1]] + [0.0]
        unit_s = len(texts) * 60 / pace_wpm / (sum(weights) + sum(pauses))
        words = []
        for text, weight, pause in zip(texts, weights, pauses, strict=True):
            end_s = start_s + weight * unit_s
            words.append(Word(text, round(start_s, 3), round(end_s, 3)))
            start_s = end_s + pause * unit_s
        self.ends_s[speaker] = words[-1].end_s
        return Utterance(speaker, words)

    def _with_fillers(self, texts: list[str]) -> list[str]:
        if not self.fillers:
            return texts
        result: list[str] = []
        for n, text in enumerate(texts):
            result.append(text)
            if len(texts) > 9 and text.endswith(",") and n + 1 < len(texts) and self.rng.random() < 0.06:
                result.append(self.rng.choice(self.fillers))
            elif text in ("I", "the", "we", "and") and self.rng.random() < 0.012:
                result[-1:] = [text + ",", text]
        return result

    def _backchannels(self, utterance: Utterance) -> list[Utterance]:
        """Backchannels of other speakers during a long turn."""
        found = []
        for n in range(LONG_TURN_WORDS, len(utterance.words) - 4, LONG_TURN_WORDS):
            others = [each for each in range(len(self.paces_wpm)) if each != utterance.speaker]
            if others and self.backchannels and self.rng.random() < 0.35:
                start_s = utterance.words[n].start_s + self.rng.uniform(0, 0.3)
                speaker = self.rng.choice(others)
                if self.ends_s.get(speaker, -10.0) < start_s - 1:
                    found.append(self._utterance(speaker, [self.rng.choice(self.backchannels)], start_s))
        return found


def _pause(text: str) -> float:
    if text[-1] in ".?!。？":
        return SENTENCE_PAUSE
    return COMMA_PAUSE if text[-1] in ",:;、" else 0.0
