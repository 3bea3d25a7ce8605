"""Makes a meeting's talk: chooses scenes and subjects for its kind, casts the roles, fills the time there is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from .conversation import Utterance
from .grammar import Filling, Manner, Scene, Subject, names_subject, plays_with, roles, scenes, subjects
from .people import Person, pace_wpm, talkativeness
from .phrases import (
    daily,
    debates,
    external,
    frame,
    guests,
    incidents,
    japanese,
    reviews,
    talks,
    tangents,
    topics,
    work,
)
from .speech import Floor, Line

CLOSING_S = 45.0
SMALL_TALK_SHARE = 0.5
HOST_LEADS_SHARE = 0.65
MOST_TELLINGS = 3
"""How often one scene may come in a meeting, about other subjects."""


@dataclass(frozen=True)
class Kind:
    """What is said in one kind of meeting."""

    titles: tuple[str, ...]
    own: str
    """Scenes of this kind, more likely than the shared ones."""
    shared: tuple[str, ...] = (work.DISCUSSIONS, debates.DEBATES, tangents.TANGENTS)
    about: str = topics.TOPICS
    order: Literal["mixed", "round", "given"] = "mixed"
    """Of the own scenes: mixed with the shared ones; once for everybody but the host; or as they are written."""
    subject_count: int | None = None
    """How many subjects come up; None means all."""
    has_guests: bool = False
    """A and C are hosts, B and D are guests."""


WORK = (work.DISCUSSIONS, debates.DEBATES)
OUTSIDE = (guests.GUESTS,)

KINDS: dict[str, Kind] = {
    "standup": Kind(("Platform stand-up", "Daily"), daily.STANDUP, (work.DISCUSSIONS,), order="round"),
    "planning": Kind(("Sprint planning", "Planning"), daily.PLANNING, (*WORK, reviews.REVIEW)),
    "retro": Kind(("Retro", "Looking back on two weeks"), daily.RETRO),
    "incident": Kind(
        ("Incident call", "Incident: elevated errors"), incidents.INCIDENT, (), order="given", subject_count=1
    ),
    "one_on_one": Kind(("1:1", "Catch-up"), talks.ONE_ON_ONE),
    "hiring": Kind(("Hiring debrief",), talks.HIRING, (tangents.TANGENTS, debates.DEBATES)),
    "all_hands": Kind(("All hands", "Company meeting"), talks.ALL_HANDS, (reviews.WEEKLY, *WORK)),
    "review": Kind(("Design review", "Walk-through of the draft"), reviews.REVIEW),
    "weekly": Kind(("Department weekly", "Weekly"), reviews.WEEKLY),
    "sales": Kind(
        ("Intro call", "Demo and questions", "Next steps"),
        external.SALES,
        OUTSIDE,
        external.PAINS,
        subject_count=3,
        has_guests=True,
    ),
    "interview": Kind(
        ("Customer interview", "How do you work today?"),
        external.INTERVIEW,
        OUTSIDE,
        external.PAINS,
        subject_count=3,
        has_guests=True,
    ),
    "japanese": Kind(("週次定例",), japanese.SCENES, (), japanese.SUBJECTS),
}


class Deck:
    """Cards in random order, shuffled anew when all have been drawn."""

    def __init__(self, cards: Sequence[int], rng: Random) -> None:
        self._cards = list(cards)
        self._rng = rng
        self._left: list[int] = []

    def draw(self) -> int:
        if not self._left:
            self._left = self._rng.sample(self._cards, len(self._cards))
        return self._left.pop()


class Dialogue:
    """The talk of one meeting; `speakers` are those who speak, the host first."""

    def __init__(self, kind: str, speakers: Sequence[Person], rng: Random) -> None:
        self._kind = KINDS[kind]
        self._speakers = speakers
        self._rng = rng
        self._is_japanese = kind == "japanese"
        self._common: Subject = japanese.SLOTS if self._is_japanese else frame.SLOTS
        all_subjects = subjects(self._kind.about)
        self._subjects = rng.sample(all_subjects, self._kind.subject_count or len(all_subjects))
        self._subject_slots = frozenset(all_subjects[0]) | {"answer"}
        self._subject_deck = Deck(range(len(self._subjects)), rng)
        self._played: set[tuple[Scene, int]] = set()
        self._thread: dict[str, list[str]] = {}
        """What has been said about the one subject of the meeting."""

    def utterances(self, duration_s: float, start_s: float) -> list[Utterance]:
        """What is said until a little before the end, in order of start."""
        floor = self._floor(start_s)
        closing = self._closing()
        until_s = duration_s - CLOSING_S * len(closing)
        said: list[Utterance] = []
        rejected = 0
        for scene, cast in self._scenes():
            spoken = floor.scene(self._performance(scene, cast), until_s=until_s)
            said += spoken or []
            rejected += spoken is None
            if rejected == 4 or floor.at_s > until_s - 8:
                break
        for scene in closing:
            cast = self._cast(scene, {"A": 0})
            said += floor.scene(self._performance(scene, cast), until_s=duration_s - 2) or []
        return sorted(said, key=lambda each: each.start_s)

    def _floor(self, start_s: float) -> Floor:
        return Floor(
            paces_wpm=[pace_wpm(each) for each in self._speakers],
            rng=self._rng,
            at_s=start_s,
            listeners=japanese.ACKNOWLEDGEMENTS if self._is_japanese else frame.ACKNOWLEDGEMENTS,
            fillers=() if self._is_japanese else frame.FILLERS,
        )

    def _scenes(self) -> Iterator[tuple[Scene, Mapping[str, int]]]:
        """An opening, perhaps small talk, then the matter, as long as there is something new to say."""
        yield from self._beginning()
        own = self._playable(self._kind.own)
        first = [each for each in own if each.place == "first"]
        if first:
            scene = self._rng.choice(first)
            yield scene, self._cast(scene, {"A": 0})
        matter = [each for each in own if each.place in ("", "once")]
        shared = [each for text in self._kind.shared for each in self._playable(text)]
        match self._kind.order:
            case "round":
                yield from self._round(matter)
                yield from self._mixed([], shared)
            case "given":
                for scene in matter:
                    yield scene, self._cast(scene, {"A": 0})
            case _:
                yield from self._mixed(matter, shared)

    def _beginning(self) -> Iterator[tuple[Scene, Mapping[str, int]]]:
        """Hellos, and small talk among colleagues; an incident call has no time for either."""
        if self._kind.order == "given":
            return
        opening = self._rng.choice(self._playable(japanese.OPENINGS if self._is_japanese else frame.OPENINGS))
        yield opening, self._cast(opening)
        is_chatty = not self._is_japanese and not self._kind.has_guests
        if is_chatty and self._rng.random() < SMALL_TALK_SHARE:
            scene = self._rng.choice(self._playable(frame.SMALL_TALK))
            yield scene, self._cast(scene)

    def _mixed(self, own: Sequence[Scene], shared: Sequence[Scene]) -> Iterator[tuple[Scene, Mapping[str, int]]]:
        """Each scene once, then those that can be about something else again."""
        pool = [*own, *shared]
        for telling in range(MOST_TELLINGS):
            if telling:
                pool = [each for each in pool if self._can_return(each)]
            for scene in self._rng.sample(pool, len(pool)):
                yield scene, self._cast(scene, {"A": 0} if scene in own else None)

    def _can_return(self, scene: Scene) -> bool:
        return scene.place != "once" and names_subject(scene, self._subject_slots)

    def _round(self, own: Sequence[Scene]) -> Iterator[tuple[Scene, Mapping[str, int]]]:
        deck = Deck(range(len(own)), self._rng)
        for speaker in self._rng.sample(range(1, len(self._speakers)), len(self._speakers) - 1):
            scene = own[deck.draw()]
            yield scene, self._cast(scene, {"A": 0, "B": speaker})

    def _closing(self) -> list[Scene]:
        """The last scene of the matter, if the kind has one, and the goodbye."""
        last = [each for each in self._playable(self._kind.own) if each.place == "last"]
        goodbye = self._playable(japanese.CLOSINGS if self._is_japanese else frame.CLOSINGS)
        return [*self._rng.sample(last, min(1, len(last))), self._rng.choice(goodbye)]

    def _doubles(self, scene: Scene) -> tuple[tuple[str, str], ...]:
        """Roles that have to be played by whoever plays another one, because too few people speak."""
        if self._kind.has_guests:
            ours = sum(not each.is_guest for each in self._speakers)
            theirs = len(self._speakers) - ours
            missing = {"C": "A"} if ours < 2 else {}
            missing |= {"D": "B"} if theirs < 2 else {}
        else:
            missing = {"C": "A", "D": "B"} if len(self._speakers) < 3 else {"D": "B"}
        return tuple((role, player) for role, player in missing.items() if role in roles(scene))

    def _playable(self, text: str) -> list[Scene]:
        return [each for each in scenes(text) if plays_with(each, self._doubles(each))]

    def _cast(self, scene: Scene, fixed: Mapping[str, int] | None = None) -> Mapping[str, int]:
        """Who plays which role; the host leads most scenes."""
        cast = dict(fixed or {})
        for role in "ABCD":
            if role not in cast:
                cast[role] = self._player(role, set(cast.values()))
        for role, player in self._doubles(scene):
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

    def _performance(self, scene: Scene, cast: Mapping[str, int]) -> list[Line]:
        names = {role: self._speakers[n].spoken for role, n in cast.items()}
        thread = self._thread if self._kind.subject_count == 1 else None
        filling = Filling(self._rng, names, (self._subject(scene), self._common), thread)
        return merged([Line(cast[turn.role], turn.text, turn.manner) for turn in filling.turns(scene)])

    def _subject(self, scene: Scene) -> Subject:
        """A subject this scene has not been about yet, if there is one."""
        for _ in range(6):
            number = self._subject_deck.draw()
            if (scene, number) not in self._played:
                break
        self._played.add((scene, number))
        return self._subjects[number]


def merged(lines: Sequence[Line]) -> list[Line]:
    """Neighbouring turns of one speaker are one turn."""
    result: list[Line] = []
    for line in lines:
        last = result[-1] if result else None
        is_turn = line.manner is not Manner.BACKCHANNEL
        if last and is_turn and last.speaker == line.speaker and last.manner is not Manner.BACKCHANNEL:
            result[-1] = Line(line.speaker, f"{last.text} {line.text}", last.manner)
        else:
            result.append(line)
    return result
