"""Backchannels: by their words, and by the floor where the words are unknown."""

from __future__ import annotations

from typing import Any

import pytest

from meeting_assets.metrics.meeting import RawSegment, Word
from meeting_assets_tests.support.meeting_builder import (
    TRANSCRIPT_ID,
    Metrics,
    meeting_of,
    metrics_of,
    said,
    word,
)

ANN = [said("ann", 0, 10), said("ann", 12, 20)]
ANN_SAYS = [word("ann", 0, 9, "We"), word("ann", 9, 10, "agreed."), word("ann", 12, 20, "Next.")]


def with_words(timeline: list[RawSegment], *words: Word, **given: Any) -> Metrics:
    return metrics_of(meeting_of(*timeline, words=words, transcript_id=TRANSCRIPT_ID, **given))


def response(text: str, start_s: float = 10.2, end_s: float = 10.8, **given: Any) -> Metrics:
    """Ann speaks, bo says the text, ann goes on."""
    return with_words([*ANN, said("bo", start_s, end_s)], *ANN_SAYS, word("bo", start_s, end_s, text), **given)


def floors(metrics: Metrics) -> list[tuple[str, float, float]]:
    return [(row["participant_key"], row["start_s"], row["end_s"]) for row in metrics.turns if row["kind"] == "turn"]


def backchannels(metrics: Metrics) -> list[tuple[str, float]]:
    return [(row["participant_key"], row["start_s"]) for row in metrics.turns if row["kind"] == "backchannel"]


def of(metrics: Metrics, name: str) -> dict[str, Any]:
    return {key: row[name] for key, row in metrics.participants.items()}


@pytest.mark.parametrize("start_s", [4, 9.8, 10.2, 11], ids=["inside", "at the end", "after", "between"])
@pytest.mark.parametrize("text", ["Mm-hmm.", "Yeah, yeah.", "Uh huh", "I see."])
def test_listening_words_are_a_backchannel_wherever_they_are(text: str, start_s: float) -> None:
    metrics = response(text, start_s, start_s + 0.6)

    assert backchannels(metrics) == [("bo", start_s)]
    assert floors(metrics) == [("ann", 0, 20)]


@pytest.mark.parametrize("text", ["Great.", "Exactly.", "Good.", "No.", "Thank you.", "Yeah, but"])
@pytest.mark.parametrize("start_s", [4, 10.2])
def test_short_assessment_or_answer_is_no_backchannel(text: str, start_s: float) -> None:
    assert backchannels(response(text, start_s, start_s + 0.6)) == []


def test_listening_words_longer_than_a_second_are_a_backchannel() -> None:
    assert backchannels(response("Mm-hmm.", 4, 6.5)) == [("bo", 4)]


@pytest.mark.parametrize(("text", "is_one"), [("Yeah yeah yeah", True), ("Yeah yeah yeah yeah", False)])
def test_backchannel_has_three_words_at_most(text: str, is_one: bool) -> None:
    assert bool(backchannels(response(text))) is is_one


@pytest.mark.parametrize(
    ("question", "is_answer"), [("agreed?", True), ("agreed?”", True), ("agreed.", False), ("a?b", False)]
)
def test_answer_to_a_question_is_no_backchannel(question: str, is_answer: bool) -> None:
    words = [
        word("ann", 0, 9, "Have we"),
        word("ann", 9, 10, question),
        word("ann", 12, 20, "Next."),
        word("bo", 10.2, 10.8, "Yes."),
    ]

    metrics = with_words([*ANN, said("bo", 10.2, 10.8)], *words)

    assert backchannels(metrics) == ([] if is_answer else [("bo", 10.2)])
    assert (("bo", 10.2, 10.8) in floors(metrics)) is is_answer


@pytest.mark.parametrize(
    "mark", [word("ann", 10, 10, "?"), word("ann", 9, 10, "?"), word("ann", 10, None, "?"), word("ann", 9.9, 10.1, "?")]
)
def test_question_mark_with_times_of_its_own_belongs_to_the_word_before(mark: Word) -> None:
    words = [word("ann", 0, 9, "Have we"), word("ann", 9, 10, "agreed"), mark, word("ann", 12, 20, "Next.")]

    metrics = with_words([*ANN, said("bo", 10.2, 10.8)], *words, word("bo", 10.2, 10.8, "Yes."))

    assert backchannels(metrics) == []


def test_question_mark_with_the_start_of_the_next_word_belongs_to_the_word_before() -> None:
    words = [word("ann", 0, 5, "You see"), word("ann", 5, 5, "?"), word("ann", 5, 10, "Here it is.")]

    metrics = with_words([said("ann", 0, 10), said("bo", 10.2, 10.8)], *words, word("bo", 10.2, 10.8, "Yeah."))

    assert backchannels(metrics) == [("bo", 10.2)]


def test_answer_may_begin_before_the_question_has_ended() -> None:
    words = [word("ann", 0, 9, "Have we"), word("ann", 9, 10, "agreed?"), word("bo", 9.7, 10.4, "Yes.")]

    assert backchannels(with_words([said("ann", 0, 10), said("bo", 9.7, 10.4)], *words)) == []


def test_response_inside_an_utterance_that_later_ends_in_a_question_is_no_answer() -> None:
    words = [word("ann", 0, 10, "This is how it works, agreed?"), word("bo", 4, 4.6, "Yeah.")]

    assert backchannels(with_words([said("ann", 0, 10), said("bo", 4, 4.6)], *words)) == [("bo", 4)]


def test_question_that_the_speaker_has_gone_on_from_is_not_answered() -> None:
    words = [word("ann", 0, 5, "You see?"), word("ann", 5, 10, "Here it is."), word("bo", 10.2, 10.8, "Yeah.")]

    assert backchannels(with_words([said("ann", 0, 10), said("bo", 10.2, 10.8)], *words)) == [("bo", 10.2)]


def test_holder_of_the_floor_makes_no_backchannels() -> None:
    words = [word("ann", 0, 5, "Here it is."), word("ann", 7, 7.5, "Okay."), word("ann", 9, 12, "Next.")]

    metrics = with_words([said("ann", 0, 5), said("ann", 7, 7.5), said("ann", 9, 12)], *words)

    assert backchannels(metrics) == []
    assert floors(metrics) == [("ann", 0, 12)]


def test_first_words_of_a_meeting_respond_to_nobody() -> None:
    metrics = with_words([said("ann", 0, 1), said("bo", 3, 9)], word("ann", 0, 1, "Okay."), word("bo", 3, 9, "Hello."))

    assert floors(metrics) == [("ann", 0, 1), ("bo", 3, 9)]


def test_backchannel_is_talk_but_neither_turn_nor_interruption() -> None:
    metrics = response("Yeah, yeah.", 4, 6)

    assert of(metrics, "talk_time_s") == {"ann": 18, "bo": 2}
    assert of(metrics, "turn_count") == {"ann": 1, "bo": 0}
    assert of(metrics, "backchannel_count") == {"ann": 0, "bo": 1}
    assert metrics.meeting["interruption_count"] == 0


@pytest.mark.parametrize(
    ("text", "codes", "is_one"),
    [
        ("Ja.", ["de"], True),
        ("Ja.", ["en"], False),
        ("Ja.", ["en-US", "de-DE"], True),
        ("D’accord.", ["fr-FR"], True),
        ("Claro.", ["es-419"], True),
        ("Sì, sì.", ["it"], True),
        ("Pois.", ["pt-BR"], True),
        ("Oké.", ["nl"], True),
        ("Yeah.", [], True),
    ],
)
def test_listening_words_are_those_of_the_languages_of_the_transcript(
    text: str, codes: list[str], is_one: bool
) -> None:
    assert bool(backchannels(response(text, language_codes=codes))) is is_one


def test_language_without_listening_words_is_judged_by_the_floor() -> None:
    assert backchannels(response("HIja'.", language_codes=["tlh"])) == [("bo", 10.2)]
    assert backchannels(response("HIja'.", 4, 5.5, language_codes=["tlh"])) == []


def test_ipu_without_words_in_the_transcript_is_judged_by_the_floor() -> None:
    hum = said("bo", 10.2, 10.8)

    assert backchannels(with_words([*ANN, hum], *ANN_SAYS)) == [("bo", 10.2)]


def test_caption_with_a_whole_utterance_is_read_word_by_word() -> None:
    timeline = [*ANN, said("bo", 4, 6)]

    assert backchannels(with_words(timeline, word("bo", 3.5, 6.5, "Okay. Yeah."))) == [("bo", 4)]
    assert backchannels(with_words(timeline, word("bo", 3.5, 6.5, "Yes, and I would add this."))) == []


@pytest.mark.parametrize("shift_s", [-0.4, -0.1, 0.1, 0.4])
def test_words_of_another_clock_still_belong_to_their_ipu(shift_s: float) -> None:
    metrics = with_words([*ANN, said("bo", 4, 4.6)], word("bo", 4 + shift_s, 4.6 + shift_s, "Great."))

    assert backchannels(metrics) == []


def test_order_of_the_words_changes_no_backchannel() -> None:
    words = [*ANN_SAYS, word("bo", 4, 4.3, "I"), word("bo", 4.3, 4.6, "see.")]
    timeline = [*ANN, said("bo", 4, 4.6)]

    assert backchannels(with_words(timeline, *words)) == backchannels(with_words(timeline, *reversed(words)))


def test_words_as_timing_source_give_backchannels() -> None:
    words = [word("ann", 0, 10, "We agreed."), word("bo", 10.2, 10.8, "Yeah."), word("ann", 12, 20, "Next.")]

    metrics = with_words([], *words)

    assert metrics.meeting["timing_source"] == "words"
    assert backchannels(metrics) == [("bo", 10.2)]


def test_short_ipu_without_words_between_two_ipus_of_one_other_speaker_is_a_backchannel() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10), said("bo", 10.2, 10.7), said("ann", 11, 20)))

    assert floors(metrics) == [("ann", 0, 20)]
    assert backchannels(metrics) == [("bo", 10.2)]
    assert of(metrics, "backchannel_count") == {"ann": 0, "bo": 1}
    assert of(metrics, "talk_time_s") == {"ann": 19, "bo": 0.5}


def test_two_consecutive_short_ipus_are_both_backchannels() -> None:
    metrics = metrics_of(
        meeting_of(said("ann", 0, 10), said("bo", 10.2, 10.5), said("cy", 10.6, 10.9), said("ann", 11, 20))
    )

    assert backchannels(metrics) == [("bo", 10.2), ("cy", 10.6)]


@pytest.mark.parametrize(
    "timeline",
    [
        [said("ann", 0, 10), said("bo", 10.2, 11.3), said("ann", 11.5, 20)],
        [said("ann", 0, 10), said("bo", 10.2, 10.7), said("cy", 11, 20)],
        [said("ann", 0, 10), said("bo", 10.2, 10.7)],
        [said("ann", 0, 10), said("bo", 10.2, 10.7), said("bo", 11, 20), said("ann", 21, 30)],
        [said("bo", 10.2, 10.7), said("ann", 11, 20)],
    ],
    ids=["too long", "between two others", "the last word", "the start of more", "the first word"],
)
def test_ipu_that_is_long_or_not_between_two_of_one_speaker_takes_the_floor(timeline: list[RawSegment]) -> None:
    metrics = metrics_of(meeting_of(*timeline))

    assert backchannels(metrics) == []
    assert ("bo", 10.2) in [(key, start_s) for key, start_s, _ in floors(metrics)]
