from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.metrics.meeting import Word
from meeting_assets.metrics.timeline.speech_segments import SpeechSegment
from meeting_assets.metrics.word_times import WordTimes
from meeting_assets_tests.support.meeting_builder import word

SECOND_US = 1_000_000


def ipu(start_s: float, end_s: float, speaker: str = "ann") -> SpeechSegment:
    return SpeechSegment(round(start_s * SECOND_US), round(end_s * SECOND_US), speaker)


def texts(words: list[Word], *ipus: SpeechSegment, most_words: int = 99) -> list[str | None]:
    return WordTimes(words).texts_in(ipus, most_words=most_words)


def test_word_belongs_to_the_ipu_of_its_speaker_that_it_overlaps() -> None:
    words = [word("ann", 3, 4, "two words"), word("bo", 1, 2, "other"), word("ann", 1, 2, "first")]

    assert texts(words, ipu(0, 1.5), ipu(3.9, 5), ipu(6, 9)) == ["first", "two words", None]


def test_word_that_only_touches_an_ipu_does_not_belong_to_it() -> None:
    assert texts([word("ann", 1, 2)], ipu(0, 1), ipu(2, 3)) == [None, None]


def test_utterance_belongs_to_every_ipu_that_it_overlaps() -> None:
    assert texts([word("ann", 0, 9, "Let us see.")], ipu(0, 2), ipu(3, 5), ipu(7, 8)) == ["Let us see."] * 3


@pytest.mark.parametrize("end_s", [None, 1, 0.5], ids=["no end", "no length", "end before start"])
def test_word_without_length_counts_as_a_point(end_s: float | None) -> None:
    assert texts([word("ann", 1, end_s)], ipu(0, 1), ipu(1, 2)) == [None, "word"]


def test_word_without_start_belongs_to_no_ipu() -> None:
    assert texts([word("ann", None, 2)], ipu(0, 3)) == [None]


def test_ipu_with_punctuation_alone_has_no_words() -> None:
    assert texts([word("ann", 1, 2, "...")], ipu(0, 3)) == [None]


def test_long_text_is_cut_after_more_than_most_words() -> None:
    words = [word("ann", second, second + 1, str(second)) for second in range(9)]

    [text] = texts(words, ipu(0, 9), most_words=3)

    assert text is not None
    assert len(text.split()) == 4


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(-2, 9)), max_size=12), st.randoms())
def test_order_of_the_words_changes_nothing(times: list[tuple[int, int]], chance: random.Random) -> None:
    words = [
        word("ann", start / 10, (start + length) / 10, "?" if length % 3 else str(start)) for start, length in times
    ]
    shuffled = chance.sample(words, len(words))
    ipus = [ipu(0.3, 1.1), ipu(1.4, 2), ipu(3, 5.5)]

    one, other = WordTimes(words), WordTimes(shuffled)

    assert one.texts_in(ipus, most_words=99) == other.texts_in(ipus, most_words=99)
    assert one.last_before("ann", 3 * SECOND_US) == other.last_before("ann", 3 * SECOND_US)


def test_last_word_before_an_instant_is_the_last_to_start() -> None:
    words = WordTimes([word("ann", 0, 9, "long"), word("ann", 3, 4, "agree?"), word("bo", 4, 5, "Yes.")])

    last = words.last_before("ann", 5 * SECOND_US)

    assert last == (3 * SECOND_US, 4 * SECOND_US, "agree?")
    assert words.last_before("ann", 0) is None
    assert words.last_before("cy", 5 * SECOND_US) is None


def test_units_that_cover_the_whole_meeting_cost_no_more_than_short_ones() -> None:
    words = [word("ann", 0, 40_000, "all of it") for _ in range(20_000)]
    ipus = [ipu(2 * number, 2 * number + 1) for number in range(20_000)]

    started = time.process_time()
    found = texts(words, *ipus, most_words=3)
    elapsed_s = time.process_time() - started

    assert found == ["all of it all of it"] * 20_000
    assert elapsed_s < 2
