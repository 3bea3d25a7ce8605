"""Language of the phrase files in `phrases/`, and its evaluation: a scene and a subject become spoken turns.

`phrases/scenes/NAME.txt` has dialogues, separated by empty lines:

    [first]                               position in the meeting: `first`, `last` or `once`; may be absent
    A: {Hi|Hello} @B, how is <thing>?     a turn of role A; a choice; B's first name; a slot
    B?: It is {1~fine|bad}.               spoken in half of the performances; equal numbers choose the same position
    A+: {1~Good|Oh dear}.                 spoken if the last optional turn was spoken
    A~: Mhm.                              a backchannel: spoken while the previous speaker continues
    C>: Wait.                             an interruption

`phrases/subjects/NAME.txt` and `phrases/vocabulary/NAME.txt` have values of slots: `key: value | value`. In a subject
file, empty lines separate the subjects. A repeated key adds values.

In all files, a line that starts with `#` is a comment, and an indented line continues the line above. A slot keeps
its value within a scene; `<city.2>` is a second value of `city`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib.resources import files
from random import Random

LINE = re.compile(r"([A-D])([~?+>]?): (.*)")
POSITION = re.compile(r"\[(first|last|once)\]")
CHOICE = re.compile(r"\{(?:(\d)~)?([^{}]*)\}")
SLOT = re.compile(r"<(\w+)(?:\.(\d))?>")
ROLE = re.compile(r"@([A-D])")
SENTENCE_START = re.compile(r"(^|[.!?]\"? )([a-z])")
STRAY_BLANK = re.compile(r" +([,.;:?!])")

Subject = Mapping[str, Sequence[str]]
"""Values by slot. Values of `ask` and `worry` have the form `question => answer`."""


class Manner(Enum):
    TURN = ""
    MAYBE = "?"
    THEN = "+"
    BACKCHANNEL = "~"
    INTERRUPTION = ">"


@dataclass(frozen=True)
class Line:
    role: str
    manner: Manner
    text: str


@dataclass(frozen=True)
class Scene:
    lines: tuple[Line, ...]
    position: str = ""
    """`first`, `last`, `once` or empty."""


@dataclass(frozen=True)
class Turn:
    role: str
    text: str
    manner: Manner = Manner.TURN


@cache
def scenes(name: str) -> tuple[Scene, ...]:
    """Scenes of `phrases/scenes/NAME.txt`."""
    return parse_scenes(_phrase_file("scenes", name))


@cache
def subjects(name: str) -> tuple[Subject, ...]:
    """Subjects of `phrases/subjects/NAME.txt`."""
    return parse_subjects(_phrase_file("subjects", name))


@cache
def vocabulary(name: str) -> Subject:
    """Values of `phrases/vocabulary/NAME.txt`."""
    (values,) = parse_subjects(_phrase_file("vocabulary", name))
    return values


def _phrase_file(folder: str, name: str) -> str:
    return files(__package__).joinpath("phrases", folder, f"{name}.txt").read_text("utf-8")


def parse_scenes(text: str) -> tuple[Scene, ...]:
    return tuple(_scene(block) for block in _blocks(text))


def parse_subjects(text: str) -> tuple[Subject, ...]:
    return tuple(_subject(block) for block in _blocks(text))


def _blocks(text: str) -> Iterator[list[str]]:
    """Lines of each block, continued lines joined, comments removed."""
    for block in re.sub(r"\n +", " ", text.strip()).split("\n\n"):
        lines = [line for line in block.split("\n") if not line.startswith("#")]
        if lines:
            yield lines


def _scene(block: Sequence[str]) -> Scene:
    lines, position = [], ""
    for text in block:
        if found := LINE.fullmatch(text):
            lines.append(Line(found[1], Manner(found[2]), found[3]))
        elif found := POSITION.fullmatch(text):
            position = found[1]
        else:
            raise ValueError(f"not a line of a scene: {text!r}")
    return Scene(tuple(lines), position)


def _subject(block: Sequence[str]) -> Subject:
    values_of: dict[str, list[str]] = {}
    for line in block:
        key, _, values = line.partition(": ")
        values_of.setdefault(key, []).extend(value.strip() for value in values.split(" | "))
    return values_of


@cache
def roles(scene: Scene) -> frozenset[str]:
    """Roles that speak or are addressed in a scene."""
    addressed = {role for line in scene.lines for role in ROLE.findall(line.text)}
    return frozenset({line.role for line in scene.lines} | addressed)


@cache
def has_subject(scene: Scene, subject_slots: frozenset[str]) -> bool:
    """True if the scene mentions a subject, so that it can be repeated with another one."""
    return any(slot in subject_slots for line in scene.lines for slot, _ in SLOT.findall(line.text))


@cache
def can_be_played(scene: Scene, doubled: tuple[tuple[str, str], ...]) -> bool:
    """True if the scene still makes sense when one person plays two roles, given as (role, role of the same person)."""
    players = dict(doubled)
    if any(f"@{role}" in line.text for line in scene.lines for role in players):
        return False
    cast = [players.get(line.role, line.role) for line in scene.lines]
    for n, line in enumerate(scene.lines[1:], 1):
        was_doubled = scene.lines[n - 1].role != line.role and cast[n - 1] == cast[n]
        is_reaction = line.manner in (Manner.BACKCHANNEL, Manner.THEN)
        if was_doubled and (is_reaction or "?" in scene.lines[n - 1].text[-14:]):
            return False
    return True


class Performance:
    """Renders one scene: chooses among alternatives and fills slots.

    `drawn` has the values chosen so far, by slot; performances that share it talk about the same things.
    """

    def __init__(
        self,
        rng: Random,
        names: Mapping[str, str],
        sources: Sequence[Subject],
        drawn: dict[str, list[str]] | None = None,
    ) -> None:
        self._rng = rng
        self._names = names
        self._sources = sources
        self._drawn = {} if drawn is None else drawn
        self._choice_positions: dict[str, float] = {}

    def turns(self, scene: Scene) -> list[Turn]:
        turns, is_spoken = [], True
        for line in scene.lines:
            if line.manner is Manner.MAYBE:
                is_spoken = self._rng.random() < 0.5
            if is_spoken or line.manner not in (Manner.MAYBE, Manner.THEN):
                turns.append(Turn(line.role, self._text(line.text), line.manner))
        return turns

    def _text(self, template: str) -> str:
        while CHOICE.search(template):
            template = CHOICE.sub(self._choice, template)
        template = SLOT.sub(lambda found: self._value(found[1], int(found[2] or 1)), template)
        return polished(ROLE.sub(lambda found: self._names[found[1]], template))

    def _choice(self, found: re.Match[str]) -> str:
        number, options = found[1], found[2].split("|")
        position = self._choice_positions.setdefault(number, self._rng.random()) if number else self._rng.random()
        return str(options[int(position * len(options))])

    def _value(self, slot: str, nth: int) -> str:
        if slot in ("ask", "worry"):
            return self._drawn_value(slot, nth).partition(" => ")[0]
        if slot == "answer":
            asked = "ask" if any("ask" in source for source in self._sources) else "worry"
            return self._drawn_value(asked, nth).partition(" => ")[2]
        return self._drawn_value(slot, nth)

    def _drawn_value(self, slot: str, nth: int) -> str:
        if slot not in self._drawn:
            values = next(source[slot] for source in self._sources if slot in source)
            self._drawn[slot] = self._rng.sample(list(values), len(values))
        drawn = self._drawn[slot]
        return drawn[(nth - 1) % len(drawn)]


def polished(text: str) -> str:
    """Text with single blanks and a capital at the start of every sentence.

    >>> polished("okay ,  then. it works")
    'Okay, then. It works'
    """
    text = STRAY_BLANK.sub(r"\1", " ".join(text.split()))
    return SENTENCE_START.sub(lambda found: found[1] + found[2].upper(), text)
