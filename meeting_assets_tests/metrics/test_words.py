from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any, cast

import pytest

from meeting_assets.metrics.meeting import Utterance
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.speech import spoken_meeting
from meeting_assets.metrics.words import (
    ParticipantWords,
    filler_counts,
    meeting_words,
    participant_words,
    question_count,
)
from meeting_assets_tests.support.meeting_builder import (
    TRANSCRIPT_ID,
    Metrics,
    attendees,
    bot,
    meeting_of,
    metrics_of,
    said,
)


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


def with_fillers(fillers: int, words: int, *, of_others: int = 0) -> Metrics:
    """Ann says this many words, some of them fillers, and a speaker without a label says others."""
    text = " ".join(["um"] * fillers + ["word"] * (words - fillers))
    utterances = [Utterance("ann", None, words, text), Utterance("unknown", None, of_others, "word " * of_others)]
    return metrics_of(meeting_of(said("ann", 0, 30), transcript_id=TRANSCRIPT_ID, utterances=utterances))


@pytest.mark.parametrize(
    ("fillers", "words", "of_others", "count"),
    [
        pytest.param(0, 999, 0, 0, id="none-in-999-words"),
        pytest.param(0, 1000, 0, None, id="none-in-1000-words"),
        pytest.param(1, 999, 0, 1, id="one-in-999-words"),
        pytest.param(1, 1000, 0, None, id="one-in-1000-words"),
        pytest.param(2, 1000, 0, 2, id="two-in-1000-words"),
        pytest.param(2, 1001, 0, None, id="two-in-1001-words"),
        pytest.param(3, 1500, 0, 3, id="three-in-1500-words"),
        pytest.param(3, 1501, 0, None, id="three-in-1501-words"),
        pytest.param(1, 900, 99, 1, id="words-of-all-speakers-count-999"),
        pytest.param(1, 900, 100, None, id="words-of-all-speakers-count-1000"),
    ],
)
def test_fillers_are_unknown_if_the_engine_drops_them(
    fillers: int, words: int, of_others: int, count: int | None
) -> None:
    row = with_fillers(fillers, words, of_others=of_others).participants["ann"]

    assert row["filler_count"] == row["extended_filler_count"] == count
    assert row["fillers_per_100_words"] == (None if count is None else pytest.approx(100 * count / words))
    assert row["word_count"] == words


@pytest.mark.parametrize(
    ("codes", "is_known"),
    [
        ([], True),
        (["en"], True),
        (["en-US"], True),
        (["EN_gb"], True),
        (["eng"], True),
        (["de", "en"], True),
        (["multi"], True),
        (["und"], True),
        (["auto"], True),
        (["none"], True),
        (["zxx"], True),
        (["deu"], False),
        (["de"], False),
        (["de-CH", "fr"], False),
        (["enm"], False),
    ],
)
def test_english_fillers_are_unknown_in_other_languages(codes: list[str], is_known: bool) -> None:
    row = texts("er sagt um zehn", language_codes=codes).participants["ann"]

    assert row["filler_count"] == (2 if is_known else None)
    assert row["word_count"] == 4


def test_words_of_a_meeting_are_those_of_all_speakers_but_bots() -> None:
    speakers = "ann", "label:Speaker A", "unknown", "recorder"
    metrics = metrics_of(
        meeting_of(
            *(said(key, 10 * index, 10 * index + 10) for index, key in enumerate(speakers)),
            attendees=[*attendees("ann"), bot("recorder")],
            transcript_id=TRANSCRIPT_ID,
            utterances=[Utterance(key, None, 4, "Is it so, no?") for key in speakers],
        )
    )

    assert (metrics.meeting["word_count"], metrics.meeting["question_count"]) == (12, 3)
    assert metrics.meeting["words_per_minute"] == 24
    assert metrics.meeting["speakers_talk_s"] == 30


def test_word_rate_of_a_meeting_does_not_depend_on_attribution() -> None:
    def rate(of_speech: str, of_words: str) -> object:
        utterances = [Utterance(of_words, None, 60)]
        meeting = meeting_of(said(of_speech, 0, 30), transcript_id=TRANSCRIPT_ID, utterances=utterances)
        return metrics_of(meeting).meeting["words_per_minute"]

    assert {rate(*keys) for keys in product(("ann", "unknown"), repeat=2)} == {120}


@pytest.mark.parametrize("flag", ["are_words_attributed", "is_speech_attributed"])
def test_word_columns_need_attribution_of_words_and_rates_that_of_speech_too(flag: str) -> None:
    meeting = meeting_of(
        *(said("ann", 0, 30), said("bo", 30, 60)),
        attendees=attendees("ann", "bo", "cy"),
        transcript_id=TRANSCRIPT_ID,
        utterances=[Utterance("ann", None, 60, "Um, so?"), Utterance("bo", None, 30, "No.")],
    )
    known = spoken_meeting(meeting, Parameters())

    unknown = replace(known, **cast(Any, {flag: False}))

    lost = {*ParticipantWords.model_fields} if flag == "are_words_attributed" else {"words_per_minute"}
    rows = participant_words(known)
    assert participant_words(unknown) == {key: row | dict.fromkeys(lost) for key, row in rows.items()}
    assert [row["word_count"] for row in rows.values()] == [60, 30, 0]
    assert meeting_words(unknown) == meeting_words(known)
    assert meeting_words(known)["word_count"] == 90


def test_without_a_transcript_a_meeting_has_no_words() -> None:
    meeting = metrics_of(meeting_of(said("ann", 0, 30))).meeting

    assert (meeting["word_count"], meeting["words_per_minute"], meeting["question_count"]) == (None, None, None)
