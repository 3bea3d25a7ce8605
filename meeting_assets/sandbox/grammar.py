"""The little language the phrases are written in, and how a scene of it becomes turns.

    # first                               comes at the start of the meeting (or `last`, or `once`)
    A: {Hi|Hello} @B, how is <thing>?     a turn of role A; a choice; B's first name; a slot
    B?: It is {1~fine|bad}.               said or not; choices of one number in a scene take the same place
    A+: {1~Good|Oh dear}.                 said if the last optional turn was
    A~: Mhm.                              said while the other one goes on
    C>: Wait.                             cuts in

Scenes are separated by empty lines, and an indented line continues the one above. A slot keeps its value within a
scene; `<city.2>` is another value of `city`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from random import Random

LINE = re.compile(r"([A-D])([~?+>]?): (.*)")
CHOICE = re.compile(r"\{(?:(\d)~)?([^{}]*)\}")
SLOT = re.compile(r"<(\w+)(?:\.(\d))?>")
ROLE = re.compile(r"@([A-D])")
SENTENCE_START = re.compile(r"(^|[.!?]\"? )([a-z])")
STRAY_BLANK = re.compile(r" +([,.;:?!])")

Subject = Mapping[str, Sequence[str]]
"""What a scene can be about: slot -> values. Values of `ask` are `question => answer`."""


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
    place: str = ""
    """`first`, `last`, `once` or nothing."""


@dataclass(frozen=True)
class Turn:
    role: str
    text: str
    manner: Manner = Manner.TURN


@cache
def scenes(text: str) -> tuple[Scene, ...]:
    """The scenes of a phrase module."""
    return tuple(_scene(block) for block in text.strip().split("\n\n"))


def _scene(block: str) -> Scene:
    lines, place = [], ""
    for line in re.sub(r"\n +", " ", block).split("\n"):
        found = LINE.fullmatch(line)
        if found:
            lines.append(Line(found[1], Manner(found[2]), found[3]))
        elif line.startswith("# "):
            place = line.removeprefix("# ")
        else:
            raise ValueError(f"not a line of a scene: {line!r}")
    return Scene(tuple(lines), place)


@cache
def subjects(text: str) -> tuple[Subject, ...]:
    """The blocks of `key: value | value` lines of a phrase module; a repeated key adds values."""
    return tuple(_subject(block) for block in text.strip().split("\n\n"))


def _subject(block: str) -> Subject:
    found: dict[str, list[str]] = {}
    for line in re.sub(r"\n +", " ", block).split("\n"):
        key, _, values = line.partition(": ")
        found.setdefault(key, []).extend(value.strip() for value in values.split(" | "))
    return found


@cache
def roles(scene: Scene) -> frozenset[str]:
    named = {name for line in scene.lines for name in ROLE.findall(line.text)}
    return frozenset({line.role for line in scene.lines} | named)


@cache
def names_subject(scene: Scene, subject_slots: frozenset[str]) -> bool:
    """Whether the scene is about something, so that it can come again about something else."""
    return any(slot in subject_slots for line in scene.lines for slot, _ in SLOT.findall(line.text))


@cache
def plays_with(scene: Scene, doubled: tuple[tuple[str, str], ...]) -> bool:
    """Whether the scene still makes sense when one person plays two roles, given as (role, played by)."""
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


class Filling:
    """The values of one performance of a scene."""

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
        self._places: dict[str, float] = {}

    def turns(self, scene: Scene) -> list[Turn]:
        turns, is_said = [], True
        for line in scene.lines:
            if line.manner is Manner.MAYBE:
                is_said = self._rng.random() < 0.5
            if is_said or line.manner not in (Manner.MAYBE, Manner.THEN):
                turns.append(Turn(line.role, self.text(line.text), line.manner))
        return turns

    def text(self, template: str) -> str:
        while CHOICE.search(template):
            template = CHOICE.sub(self._choice, template)
        template = SLOT.sub(lambda found: self._value(found[1], int(found[2] or 1)), template)
        return polished(ROLE.sub(lambda found: self._names[found[1]], template))

    def _choice(self, found: re.Match[str]) -> str:
        options = found[2].split("|")
        place = self._places.setdefault(found[1], self._rng.random()) if found[1] else self._rng.random()
        return str(options[int(place * len(options))])

    def _value(self, name: str, nth: int) -> str:
        if name in ("ask", "worry"):
            return self._drawing(name, nth).partition(" => ")[0]
        if name == "answer":
            asked = "ask" if any("ask" in source for source in self._sources) else "worry"
            return self._drawing(asked, nth).partition(" => ")[2]
        return self._drawing(name, nth)

    def _drawing(self, name: str, nth: int) -> str:
        if name not in self._drawn:
            values = next(source[name] for source in self._sources if name in source)
            self._drawn[name] = self._rng.sample(list(values), len(values))
        drawn = self._drawn[name]
        return drawn[(nth - 1) % len(drawn)]


def polished(text: str) -> str:
    """Text with single blanks and a capital at the start of every sentence.

    >>> polished("okay ,  then. it works")
    'Okay, then. It works'
    """
    text = STRAY_BLANK.sub(r"\1", " ".join(text.split()))
    return SENTENCE_START.sub(lambda found: found[1] + found[2].upper(), text)
