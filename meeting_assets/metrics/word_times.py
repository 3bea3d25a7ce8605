"""The times of a transcript's units: words, or whole utterances where the provider times nothing finer.

    ann     ━━━━━━━━━━━━━━      ━━━━                      speech by the timing source, as IPUs
    units    So  we  agree?     Mm-hm                     units of the transcript
                          ↑                               belongs to the IPU that it overlaps, however little

Transcript and timing source come from different clocks and are off by some tenths of a second. A unit therefore belongs
to every IPU of its speaker that it overlaps, and the order of the units does not matter. A unit without a length counts
as a point in time. Punctuation that is a unit of its own belongs to the word before it. All times are whole
microseconds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from heapq import heappop, heappush
from typing import TypeAlias

from meeting_assets.core.words import word_count
from meeting_assets.metrics.meeting import Word
from meeting_assets.metrics.timeline.intervals import to_microseconds
from meeting_assets.metrics.timeline.speech_segments import SpeechSegment

TimedUnit: TypeAlias = tuple[int, int, str]
"""Start, end and text of a unit that has a start; units sort by time."""


class WordTimes:
    """The timed units of a transcript."""

    def __init__(self, words: Sequence[Word]) -> None:
        self._words = words

    def texts_in(self, segments: Sequence[SpeechSegment], *, most_words: int) -> list[str | None]:
        """The text that the transcript has for each segment, in order of time; None where it has no words.

        Args:
            segments: by start; segments of one speaker do not overlap.
            most_words: of a longer text at least one word more than this is returned, not always the first ones.
        """
        texts: list[str | None] = [None] * len(segments)
        own: dict[str, list[int]] = defaultdict(list)
        for index, segment in enumerate(segments):
            own[segment.speaker].append(index)
        for speaker, indices in own.items():
            units = self._by_speaker.get(speaker, ())
            own_segments = [segments[index] for index in indices]
            for index, text in zip(indices, _texts_of(own_segments, units, most_words), strict=True):
                texts[index] = text
        return texts

    def last_before(self, speaker: str, at_us: int) -> TimedUnit | None:
        """The last unit that a speaker starts before an instant."""
        units = self._by_speaker.get(speaker, ())
        index = bisect_left(units, (at_us,))
        return units[index - 1] if index else None

    @cached_property
    def _by_speaker(self) -> dict[str, list[TimedUnit]]:
        """The units of each speaker that have letters or digits, in order."""
        timed: dict[str, list[TimedUnit]] = defaultdict(list)
        marks: dict[str, list[TimedUnit]] = defaultdict(list)
        for speaker, start_s, end_s, text in self._words:
            # perf: most units begin with a letter, and testing all characters costs more than one (benchmarks load)
            if start_s is not None:
                start_us = to_microseconds(start_s)
                end_us = start_us if end_s is None else to_microseconds(end_s)
                has_letters = text[:1].isalnum() or any(map(str.isalnum, text))
                units = (timed if has_letters else marks)[speaker]
                units.append((start_us, end_us if end_us > start_us else start_us + 1, text))
        for units in timed.values():
            units.sort()
        for speaker in timed.keys() & marks.keys():
            timed[speaker] = _with_marks(timed[speaker], marks[speaker])
        return timed


def _with_marks(words: Iterable[TimedUnit], marks: Iterable[TimedUnit]) -> list[TimedUnit]:
    """Words in order, each with the marks that follow it. A provider may time a question mark as a unit of its own.

    >>> _with_marks([(0, 5, "Agreed"), (5, 9, "Next")], [(5, 6, "?"), (5, 9, ".")])
    [(0, 5, 'Agreed?'), (5, 9, 'Next.')]
    """
    # A mark of the same times as a word belongs to it.
    units = [(start_us, end_us, False, text) for start_us, end_us, text in words]
    units += [(start_us, end_us, True, text) for start_us, end_us, text in marks]
    joined: list[tuple[int, int, list[str]]] = []
    for start_us, end_us, is_mark, text in sorted(units):
        if not is_mark:
            joined.append((start_us, end_us, [text]))
        elif joined:
            joined[-1][2].append(text)
    return [(start_us, end_us, "".join(texts)) for start_us, end_us, texts in joined]


def _texts_of(segments: Iterable[SpeechSegment], units: Sequence[TimedUnit], most_words: int) -> Iterable[str | None]:
    """The text of each of one speaker's segments, in order."""
    # Units that have started, by end: each enters and leaves once, however many segments it overlaps.
    underway: list[tuple[int, int]] = []
    started = 0
    for start_us, end_us, _ in segments:
        while started < len(units) and units[started][0] < end_us:
            heappush(underway, (units[started][1], started))
            started += 1
        while underway and underway[0][0] <= start_us:
            heappop(underway)
        yield _joined((number for _, number in underway), units, most_words)


def _joined(numbers: Iterable[int], units: Sequence[TimedUnit], most_words: int) -> str | None:
    """The texts of some units in order of time; enough of them to have more than `most_words` words, if there are."""
    chosen: list[int] = []
    count = 0
    for number in numbers:
        chosen.append(number)
        count += word_count(units[number][2])
        if count > most_words:
            break
    return " ".join([units[number][2] for number in sorted(chosen)]) if chosen else None
