from __future__ import annotations

from typing import Any

import pytest

from meeting_assets.metrics.meeting import Utterance
from meeting_assets.metrics.words import filler_counts, question_count
from meeting_assets_tests.support.meeting_builder import TRANSCRIPT_ID, Metrics, meeting_of, metrics_of, said


def texts(*said_by_ann: str, **given: Any) -> Metrics:
    utterances = [Utterance("ann", None, len(each.split()), each) for each in said_by_ann]
    return metrics_of(meeting_of(said("ann", 0, 30), transcript_id=TRANSCRIPT_ID, utterances=utterances, **given))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Um, I er think, hmm.", 3),
        ("UH uh", 2),
        ("mm-hmm uh-huh", 0),
        ("umbrella form", 0),
        ("um... um!", 2),
        ("", 0),
        ("(um) 'um", 1),
    ],
)
def test_fillers_stand_alone(text: str, count: int) -> None:
    assert filler_counts(text)[0] == count


@pytest.mark.parametrize(
    ("text", "count"),
    [("Really? Why?", 2), ("What?!", 1), ("Hm ???", 1), ("see a.b/?c=1", 0), ("元気ですか？はい", 1), ("No.", 0)],
)
def test_a_question_ends_in_a_question_mark(text: str, count: int) -> None:
    assert question_count(text) == count


def test_filler_rate_is_per_100_words() -> None:
    row = texts("Um, it is like, you know, um, fine.", "So be it").participants["ann"]

    assert (row["filler_count"], row["extended_filler_count"]) == (2, 4)
    assert row["fillers_per_100_words"] == pytest.approx(100 * 2 / 11)


def test_where_nobody_writes_punctuation_questions_are_unknown() -> None:
    assert texts("how are you", "fine").participants["ann"]["question_count"] is None
    assert texts("how are you", "fine.").participants["ann"]["question_count"] == 0


def test_fillers_are_unknown_in_scripts_without_blanks() -> None:
    row = texts("えーと、元気ですか？", is_unspaced=True).participants["ann"]

    assert (row["filler_count"], row["fillers_per_100_words"], row["question_count"]) == (None, None, 1)


def test_the_words_of_a_meeting_are_those_of_its_participants() -> None:
    metrics = texts("Is it so?", "Yes it is")

    assert (metrics.meeting["word_count"], metrics.meeting["question_count"]) == (6, 1)
    assert metrics.meeting["words_per_minute"] == 12


def test_without_a_transcript_a_meeting_has_no_words() -> None:
    meeting = metrics_of(meeting_of(said("ann", 0, 30))).meeting

    assert (meeting["word_count"], meeting["words_per_minute"], meeting["question_count"]) == (None, None, None)
