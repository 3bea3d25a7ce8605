"""The rules that resolve a speaker key to a participant. `speakers` applies them to the sources of a meeting."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from meeting_assets.core.correction_kinds import ASSIGN, NAME, SAME_AS
from meeting_assets.core.names import comparable_name
from meeting_assets.metrics.meeting import LABEL_PREFIX, UNKNOWN, Attendee, Correction
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.timeline.label_shares import LabelShare

Method: TypeAlias = Literal["correction", "platform_id", "voice_id", "name", "timeline_overlap", "none"]
NamesByKey: TypeAlias = Mapping[str, Collection[str]]
"""All names that a source has for each of its speaker keys."""

_VOICE = re.compile(rf"{LABEL_PREFIX}(?P<id>[0-9]{{1,19}})-.+", re.DOTALL)
# A diarization's labels are no names, even if a participant is called `Speaker 2`.
_GENERIC = re.compile(r"(?:speaker|spk|participant|person|voice|channel|guest|user|unknown)?[ _-]*(?:[0-9]+|[a-z])?")


class Resolution(NamedTuple):
    """The participant of a speaker, None if the speaker is not resolved, and the rule that decided it."""

    participant_key: str | None
    method: Method


@dataclass(frozen=True, slots=True)
class Participants:
    """The participants of a recording: listed ones, and those that a source names by id."""

    names: Mapping[str, str | None]
    """Display name by `participant_key`; of several names of an unlisted participant the alphabetically first."""
    by_name: Mapping[str, Collection[str]]
    """The participants with a name, by its comparable form."""


def participants_of(attendees: Iterable[Attendee], sources: Iterable[NamesByKey]) -> Participants:
    """Finds the participants of a recording."""
    names: dict[str, set[str]] = defaultdict(set)
    for source in sources:
        for key, own in source.items():
            if key != UNKNOWN and not key.startswith(LABEL_PREFIX):
                names[key].update(own)
    listed = {each.participant_key: each.name for each in attendees if each.participant_key != UNKNOWN}
    names.update((key, {name} if name else names.get(key, set())) for key, name in listed.items())
    by_name: dict[str, set[str]] = defaultdict(set)
    for key, own in names.items():
        for name in own:
            by_name[comparable_name(name)].add(key)
    return Participants({key: min(own, default=None) for key, own in names.items()}, by_name)


@dataclass(frozen=True, slots=True)
class Corrections:
    """The corrections of a meeting that refer to its speakers and participants; others have no effect."""

    root: Mapping[str, str]
    """The speaker that a speaker is the same as, for speakers with such a correction."""
    assigned: Mapping[str, str]
    names: Mapping[str, str]


def effective_corrections(
    given: Iterable[Correction], speakers: Collection[str], participants: Participants
) -> Corrections:
    """Reads the corrections.

    A `same_as` has no effect if its chain returns to its speaker, or if its target does not occur.
    """
    known = {*speakers, *participants.names}
    same: dict[str, str] = {}
    assigned: dict[str, str] = {}
    names: dict[str, str] = {}
    for key, kind, target in sorted(given):
        if kind == NAME:
            names[key] = target
        elif kind == ASSIGN and target in participants.names:
            assigned[key] = target
        elif kind == SAME_AS and target in known:
            same[key] = target
    return Corrections(_roots(same, {*participants.names, *assigned}), assigned, names)


def _roots(same: Mapping[str, str], resolved: Collection[str]) -> dict[str, str]:
    """The speaker that each speaker is the same as.

    That is the end of the chain. If the end is not resolved, and exactly one speaker of the set is, it is that one:
    the user may have corrected a speaker that only later became a participant. Of several ones none follows the label.

    >>> _roots({"a": "b", "b": "c"}, ["c"]), _roots({"100": "b", "a": "b"}, ["100"])
    ({'a': 'c', 'b': 'c'}, {'a': '100', 'b': '100'})
    >>> _roots({"100": "b", "200": "b", "a": "b"}, ["100", "200"])
    {'a': 'b'}
    """
    ends = {key: _root(key, same) for key in same}
    sets: dict[str, set[str]] = defaultdict(set)
    for key, end in ends.items():
        sets[end] |= {key, end}
    roots: dict[str, str] = {}
    for end, own in sorted(sets.items()):
        found = own & {*resolved}
        root = found.pop() if end not in found and len(found) == 1 else end
        members = own - found if end not in found else own
        roots |= dict.fromkeys(sorted(members - {root}), root)
    return roots


def _root(key: str, same: Mapping[str, str]) -> str:
    """The end of a chain of `same_as`; the first speaker of a cycle that the chain runs into.

    >>> _root("a", {"a": "b", "b": "c"}), _root("a", {"a": "b", "b": "a"}), _root("a", {"a": "b", "b": "c", "c": "b"})
    ('c', 'a', 'b')
    """
    passed = {key}
    while key in same:
        key = same[key]
        if key in passed:
            break
        passed.add(key)
    return key


@dataclass(frozen=True, slots=True)
class Resolver:
    """The rules, with all that they need to know of a recording."""

    participants: Participants
    corrections: Corrections
    has_voices: bool
    """Whether the primary transcript's names are those of voices."""
    parameters: Parameters

    def resolution(self, key: str, names: Collection[str], share: LabelShare | None) -> Resolution:
        """Resolves a speaker.

        Args:
            key: the speaker key in the source.
            names: the names that the source has for the speaker.
            share: the participant whose timeline has most of the speaker's words, if compared.
        """
        root = self.corrections.root.get(key, key)
        found = self._resolution(root, names if root == key else (root.removeprefix(LABEL_PREFIX),), share)
        return found if root == key else Resolution(found.participant_key, "correction")

    def _resolution(self, key: str, names: Collection[str], share: LabelShare | None) -> Resolution:
        if (assigned := self.corrections.assigned.get(key)) is not None:
            return Resolution(assigned, "correction")
        if key in self.participants.names:
            return Resolution(key, "name" if key.startswith(LABEL_PREFIX) else "platform_id")
        if key != UNKNOWN:
            if self.has_voices and (participant := self._of_voice(key)):
                return Resolution(participant, "voice_id")
            if participant := self._of_names(names):
                return Resolution(participant, "name")
            if share is not None and self._is_clear(share):
                return Resolution(share.speaker, "timeline_overlap")
        return Resolution(None, "none")

    def _of_voice(self, key: str) -> str | None:
        voice = _VOICE.fullmatch(key)
        participant = str(int(voice["id"])) if voice else None
        return participant if participant in self.participants.names else None

    def _of_names(self, names: Iterable[str]) -> str | None:
        comparable = {comparable_name(name) for name in names}
        found = {
            participant
            for name in comparable
            if not _GENERIC.fullmatch(name)
            for participant in self.participants.by_name.get(name, ())
        }
        return found.pop() if len(found) == 1 else None

    def _is_clear(self, share: LabelShare) -> bool:
        is_most = share.share >= self.parameters.label_share
        is_distinct = share.share - share.runner_up >= self.parameters.label_margin
        return is_most and is_distinct and share.speaker in self.participants.names
