"""The language of the phrases."""

from pathlib import Path
from random import Random

import pytest

from meeting_assets.sandbox import phrases
from meeting_assets.sandbox.dialogue import KINDS
from meeting_assets.sandbox.grammar import Filling, Manner, plays_with, polished, scenes, subjects

NAMES = {"A": "Ana", "B": "Bo", "C": "Chi", "D": "Dana"}


def said(text: str, seed: int = 0, **slots: list[str]) -> list[str]:
    filling = Filling(Random(seed), NAMES, [slots])
    return [turn.text for turn in filling.turns(scenes(text)[0])]


def test_a_slot_keeps_its_value_within_a_scene() -> None:
    for seed in range(10):
        first, second = said("A: <city> and <city.2>.\nB: <city>, then.", seed, city=["Cork", "Graz"])

        assert first in ("Cork and Graz.", "Graz and Cork.")
        assert second.split(",")[0] == first.split()[0]


def test_numbered_choices_go_together() -> None:
    for seed in range(10):
        assert said("A: {1~left|right}.\nB: {1~west|east}.", seed) in (["Left.", "West."], ["Right.", "East."])


def test_an_answer_belongs_to_its_question() -> None:
    questions = ["How many? => Ten.", "How old? => A year."]

    for seed in range(10):
        assert " => ".join(said("A: <ask>\nB: <answer>", seed, ask=questions)) in questions


def test_a_reply_is_said_only_if_its_cause_was() -> None:
    lengths = {len(said("A: Hi.\nB?: Hello.\nA+: How nice.", seed)) for seed in range(20)}

    assert lengths == {1, 3}


def test_names_are_those_of_the_players() -> None:
    assert said("A: @B, {over to you|your turn}.")[0].startswith("Bo, ")


def test_a_scene_knows_when_one_person_cannot_play_two_roles() -> None:
    (talk,) = scenes("B: Fine.\nC: Good.\nA: Next.")
    (question,) = scenes("A: Who?\nC: Me.")
    (addressed,) = scenes("A: Thanks, @C.\nB: Bye.")

    assert plays_with(talk, (("C", "A"),))
    assert not plays_with(question, (("C", "A"),))
    assert not plays_with(addressed, (("C", "A"),))


def test_sentences_start_with_a_capital() -> None:
    assert polished('is it? yes .  "so"') == 'Is it? Yes. "so"'


def test_a_line_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="not a line"):
        scenes("E: Hi.")


@pytest.mark.parametrize("kind", KINDS)
def test_every_scene_can_be_filled_with_every_subject(kind: str) -> None:
    """An unknown slot or an odd brace would raise or stay visible."""
    from meeting_assets.sandbox.phrases import frame, japanese

    meeting = KINDS[kind]
    common = japanese.SLOTS if kind == "japanese" else frame.SLOTS
    for text in (meeting.own, *meeting.shared):
        for scene in scenes(text):
            assert scene.place in ("", "first", "last", "once")
            assert scene.lines[0].manner is Manner.TURN
            for seed, subject in enumerate(subjects(meeting.about)):
                for turn in Filling(Random(seed), NAMES, [subject, common]).turns(scene):
                    assert not set(turn.text) & set("{}<>|@~"), turn.text


def test_phrases_are_our_own_little_world() -> None:
    folder = Path(phrases.__file__).parent
    addresses = [line for path in folder.glob("*.py") for line in path.read_text().split("\n") if "://" in line]

    assert all(".example/" in each for each in addresses)
