"""Language of the phrase files."""

import re
from importlib.resources import files
from random import Random

import pytest

from meeting_assets.sandbox.dialogue import KINDS
from meeting_assets.sandbox.grammar import (
    Manner,
    Performance,
    can_be_played,
    parse_scenes,
    polished,
    scenes,
    subjects,
    vocabulary,
)

PHRASES = files("meeting_assets.sandbox") / "phrases"
NAMES = {"A": "Ana", "B": "Bo", "C": "Chi", "D": "Dana"}


def performed(text: str, seed: int = 0, **slots: list[str]) -> list[str]:
    performance = Performance(Random(seed), NAMES, [slots])
    return [turn.text for turn in performance.turns(parse_scenes(text)[0])]


def test_slot_keeps_its_value_within_a_scene() -> None:
    for seed in range(10):
        first, second = performed("A: <city> and <city.2>.\nB: <city>, then.", seed, city=["Cork", "Graz"])

        assert first in ("Cork and Graz.", "Graz and Cork.")
        assert second.split(",")[0] == first.split()[0]


def test_choices_with_one_number_choose_the_same_position() -> None:
    for seed in range(10):
        assert performed("A: {1~left|right}.\nB: {1~west|east}.", seed) in (["Left.", "West."], ["Right.", "East."])


def test_answer_matches_its_question() -> None:
    questions = ["How many? => Ten.", "How old? => A year."]

    for seed in range(10):
        assert " => ".join(performed("A: <ask>\nB: <answer>", seed, ask=questions)) in questions


def test_reaction_requires_its_optional_turn() -> None:
    lengths = {len(performed("A: Hi.\nB?: Hello.\nA+: How nice.", seed)) for seed in range(20)}

    assert lengths == {1, 3}


def test_role_is_replaced_by_the_name_of_its_speaker() -> None:
    assert performed("A: @B, {over to you|your turn}.")[0].startswith("Bo, ")


def test_one_person_cannot_answer_or_address_themself() -> None:
    (talk,) = parse_scenes("B: Fine.\nC: Good.\nA: Next.")
    (question,) = parse_scenes("A: Who?\nC: Me.")
    (addressed,) = parse_scenes("A: Thanks, @C.\nB: Bye.")

    assert can_be_played(talk, (("C", "A"),))
    assert not can_be_played(question, (("C", "A"),))
    assert not can_be_played(addressed, (("C", "A"),))


def test_sentences_start_with_a_capital() -> None:
    assert polished('is it? yes .  "so"') == 'Is it? Yes. "so"'


def test_invalid_line_is_rejected() -> None:
    with pytest.raises(ValueError, match="not a line"):
        parse_scenes("E: Hi.")


@pytest.mark.parametrize("kind", KINDS)
def test_every_scene_can_be_filled_with_every_subject(kind: str) -> None:
    meeting = KINDS[kind]
    common = vocabulary("japanese" if kind == "japanese" else "english")
    for name in (meeting.own, *meeting.shared):
        for scene in scenes(name):
            assert scene.lines[0].manner is Manner.TURN
            for seed, subject in enumerate(subjects(meeting.about)):
                for turn in Performance(Random(seed), NAMES, [subject, common]).turns(scene):
                    assert not set(turn.text) & set("{}<>|@~"), turn.text


def test_urls_in_phrases_use_example_domains() -> None:
    folders = [folder for folder in PHRASES.iterdir() if folder.is_dir()]
    texts = [file.read_text("utf-8") for folder in folders for file in folder.iterdir()]
    urls = [url for text in texts for url in re.findall(r"https?://\S+", text)]

    assert urls
    assert all(".example/" in url for url in urls)
