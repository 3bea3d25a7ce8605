"""Dialogue of a sample meeting: chooses scenes and subjects for its kind, casts the roles, fills the duration."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from .conversation import Utterance
from .grammar import (
    Manner,
    Performance,
    Scene,
    Subject,
    can_be_played,
    has_subject,
    roles,
    scenes,
    subjects,
    vocabulary,
)
from .people import Person, pace_wpm, talkativeness
from .speech import SpeechTiming, SpokenLine

CLOSING_S = 45.0
SMALL_TALK_SHARE = 0.5
HOST_LEADS_SHARE = 0.65
MAX_REPEATS = 3
"""Performances of one scene per meeting, each about another subject."""

Cast = Mapping[str, int]
"""Index of the speaker of each role."""


@dataclass(frozen=True)
class Kind:
    """Content of one kind of meeting; scenes and subjects are names of phrase files."""

    titles: tuple[str, ...]
    own: str
    """Scenes of this kind, more likely than the shared ones."""
    shared: tuple[str, ...] = ("discussions", "debates", "tangents")
    about: str = "topics"
    """Subjects that fill the slots of the scenes."""
    order: Literal["mixed", "round", "given"] = "mixed"
    """Order of the own scenes: mixed with the shared ones; one for each speaker except the host; or as in the file."""
    subject_count: int | None = None
    """Number of subjects in a meeting; None means all."""
    has_guests: bool = False
    """Roles A and C are hosts, B and D are guests."""


KINDS: dict[str, Kind] = {
    "standup": Kind(("Platform stand-up", "Daily"), "standup", ("discussions",), order="round"),
    "planning": Kind(("Sprint planning", "Planning"), "planning", ("discussions", "debates", "review")),
    "retro": Kind(("Retro", "Looking back on two weeks"), "retro"),
    "incident": Kind(("Incident call", "Incident: elevated errors"), "incident", (), order="given", subject_count=1),
    "one_on_one": Kind(("1:1", "Catch-up"), "one_on_one"),
    "hiring": Kind(("Hiring debrief",), "hiring", ("tangents", "debates")),
    "all_hands": Kind(("All hands", "Company meeting"), "all_hands", ("weekly", "discussions", "debates")),
    "review": Kind(("Design review", "Walk-through of the draft"), "review"),
    "weekly": Kind(("Department weekly", "Weekly"), "weekly"),
    "sales": Kind(
        ("Intro call", "Demo and questions", "Next steps"),
        "sales",
        ("guests",),
        "customer_problems",
        subject_count=3,
        has_guests=True,
    ),
    "interview": Kind(
        ("Customer interview", "How do you work today?"),
        "interview",
        ("guests",),
        "customer_problems",
        subject_count=3,
        has_guests=True,
    ),
    "japanese": Kind(("週次定例",), "japanese", (), "japanese"),
}


class Deck:
    """Draws cards in random order and reshuffles when all have been drawn."""

    def __init__(self, cards: Sequence[int], rng: Random) -> None:
        self._cards = list(cards)
        self._rng = rng
        self._remaining: list[int] = []

    def draw(self) -> int:
        if not self._remaining:
            self._remaining = self._rng.sample(self._cards, len(self._cards))
        return self._remaining.pop()


class Dialogue:
    """Dialogue of one meeting. The first of `speakers` is the host; silent participants are not included."""

    def __init__(self, kind: str, speakers: Sequence[Person], rng: Random) -> None:
        self._kind = KINDS[kind]
        self._speakers = speakers
        self._rng = rng
        self._is_japanese = kind == "japanese"
        self._vocabulary = vocabulary("japanese" if self._is_japanese else "english")
        all_subjects = subjects(self._kind.about)
        self._subjects = rng.sample(all_subjects, self._kind.subject_count or len(all_subjects))
        self._subject_slots = frozenset(all_subjects[0]) | {"answer"}
        self._subject_deck = Deck(range(len(self._subjects)), rng)
        self._played: set[tuple[Scene, int]] = set()
        self._shared_values: dict[str, list[str]] = {}
        """Slot values of a meeting with only one subject, shared by all its scenes."""

    def utterances(self, duration_s: float, start_s: float) -> list[Utterance]:
        """All utterances, in order of start; the last one ends shortly before `duration_s`."""
        timing = self._timing(start_s)
        closing = self._closing()
        until_s = duration_s - CLOSING_S * len(closing)
        utterances: list[Utterance] = []
        rejected = 0
        for scene, cast in self._scenes():
            spoken = timing.scene(self._lines(scene, cast), until_s=until_s)
            utterances += spoken or []
            rejected += spoken is None
            if rejected == 4 or timing.at_s > until_s - 8:
                break
        for scene in closing:
            cast = self._cast(scene, {"A": 0})
            utterances += timing.scene(self._lines(scene, cast), until_s=duration_s - 2) or []
        return sorted(utterances, key=lambda each: each.start_s)

    def _timing(self, start_s: float) -> SpeechTiming:
        return SpeechTiming(
            paces_wpm=[pace_wpm(each) for each in self._speakers],
            rng=self._rng,
            at_s=start_s,
            backchannels=self._vocabulary["backchannel"],
            fillers=self._vocabulary.get("filler", ()),
        )

    def _scenes(self) -> Iterator[tuple[Scene, Cast]]:
        """Yields opening, perhaps small talk, then scenes about the subjects until no new combination is left."""
        yield from self._beginning()
        own = self._playable(self._kind.own)
        first = [each for each in own if each.position == "first"]
        if first:
            scene = self._rng.choice(first)
            yield scene, self._cast(scene, {"A": 0})
        middle = [each for each in own if each.position in ("", "once")]
        shared = [each for name in self._kind.shared for each in self._playable(name)]
        match self._kind.order:
            case "round":
                yield from self._round(middle)
                yield from self._mixed([], shared)
            case "given":
                for scene in middle:
                    yield scene, self._cast(scene, {"A": 0})
            case _:
                yield from self._mixed(middle, shared)

    def _beginning(self) -> Iterator[tuple[Scene, Cast]]:
        """Yields a greeting, and small talk among colleagues; incident calls have neither."""
        if self._kind.order == "given":
            return
        opening = self._rng.choice(self._playable("japanese_openings" if self._is_japanese else "openings"))
        yield opening, self._cast(opening)
        is_chatty = not self._is_japanese and not self._kind.has_guests
        if is_chatty and self._rng.random() < SMALL_TALK_SHARE:
            scene = self._rng.choice(self._playable("small_talk"))
            yield scene, self._cast(scene)

    def _mixed(self, own: Sequence[Scene], shared: Sequence[Scene]) -> Iterator[tuple[Scene, Cast]]:
        """Yields each scene once, then again those that can have another subject."""
        pool = [*own, *shared]
        for repeat in range(MAX_REPEATS):
            if repeat:
                pool = [each for each in pool if self._can_repeat(each)]
            for scene in self._rng.sample(pool, len(pool)):
                yield scene, self._cast(scene, {"A": 0} if scene in own else None)

    def _can_repeat(self, scene: Scene) -> bool:
        return scene.position != "once" and has_subject(scene, self._subject_slots)

    def _round(self, own: Sequence[Scene]) -> Iterator[tuple[Scene, Cast]]:
        """Yields one scene for each speaker except the host."""
        deck = Deck(range(len(own)), self._rng)
        for speaker in self._rng.sample(range(1, len(self._speakers)), len(self._speakers) - 1):
            scene = own[deck.draw()]
            yield scene, self._cast(scene, {"A": 0, "B": speaker})

    def _closing(self) -> list[Scene]:
        """A final scene of this kind of meeting, if it has one, and the goodbye."""
        last = [each for each in self._playable(self._kind.own) if each.position == "last"]
        goodbye = self._playable("japanese_closings" if self._is_japanese else "closings")
        return [*self._rng.sample(last, min(1, len(last))), self._rng.choice(goodbye)]

    def _doubled(self, scene: Scene) -> tuple[tuple[str, str], ...]:
        """Pairs of roles that one person must play because too few people speak."""
        if self._kind.has_guests:
            ours = sum(not each.is_guest for each in self._speakers)
            theirs = len(self._speakers) - ours
            missing = {"C": "A"} if ours < 2 else {}
            missing |= {"D": "B"} if theirs < 2 else {}
        else:
            missing = {"C": "A", "D": "B"} if len(self._speakers) < 3 else {"D": "B"}
        return tuple((role, player) for role, player in missing.items() if role in roles(scene))

    def _playable(self, name: str) -> list[Scene]:
        return [each for each in scenes(name) if can_be_played(each, self._doubled(each))]

    def _cast(self, scene: Scene, fixed: Cast | None = None) -> Cast:
        """Assigns a speaker to each role; the host leads most scenes."""
        cast = dict(fixed or {})
        for role in "ABCD":
            if role not in cast:
                cast[role] = self._player(role, set(cast.values()))
        for role, player in self._doubled(scene):
            cast[role] = cast[player]
        return cast

    def _player(self, role: str, taken: set[int]) -> int:
        if role == "A" and 0 not in taken and self._rng.random() < HOST_LEADS_SHARE:
            return 0
        everyone = range(len(self._speakers))
        side = [n for n in everyone if self._speakers[n].is_guest == (role in "BD")]
        candidates = side if self._kind.has_guests and side else list(everyone)
        free = [n for n in candidates if n not in taken] or candidates
        return self._rng.choices(free, [talkativeness(self._speakers[n]) for n in free])[0]

    def _lines(self, scene: Scene, cast: Cast) -> list[SpokenLine]:
        names = {role: self._speakers[n].spoken for role, n in cast.items()}
        shared_values = self._shared_values if self._kind.subject_count == 1 else None
        performance = Performance(self._rng, names, (self._subject(scene), self._vocabulary), shared_values)
        return merged([SpokenLine(cast[turn.role], turn.text, turn.manner) for turn in performance.turns(scene)])

    def _subject(self, scene: Scene) -> Subject:
        """A subject that this scene has not had yet, if one is left."""
        for _ in range(6):
            number = self._subject_deck.draw()
            if (scene, number) not in self._played:
                break
        self._played.add((scene, number))
        return self._subjects[number]


def merged(lines: Sequence[SpokenLine]) -> list[SpokenLine]:
    """Joins consecutive turns of one speaker."""
    result: list[SpokenLine] = []
    for line in lines:
        last = result[-1] if result else None
        is_turn = line.manner is not Manner.BACKCHANNEL
        if last and is_turn and last.speaker == line.speaker and last.manner is not Manner.BACKCHANNEL:
            result[-1] = SpokenLine(line.speaker, f"{last.text} {line.text}", last.manner)
        else:
            result.append(line)
    return result
