"""Changes of person aliases: validation, and the aliases that a user requests on the command line or in a CSV file.

Messages of errors quote no key, name or note, because errors may be logged.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from meeting_assets.artifacts.person_keys import KEY_PREFIXES, NAME_PREFIX, canonical_key
from meeting_assets.core.errors import UsageError
from meeting_assets.core.user_text import LONGEST_KEY, LONGEST_NAME, LONGEST_NOTE, text_fault
from meeting_assets.pipeline.key_occurrences import occurring_person_keys
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store import locks
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.locks import Lock
from meeting_assets.store.person_aliases import Alias, all_aliases, delete_aliases, put_aliases


class AliasRequest(NamedTuple):
    """An alias that a user requests. A missing value says nothing."""

    person_key: str
    target: str
    author: str | None = None
    at: datetime | None = None
    note: str | None = None
    position: str = ""
    """The beginning of messages about it, such as `line 3: `."""

    def is_in_force(self, alias: Alias) -> bool:
        """True if an existing alias says the same."""
        pairs = ((self.author, alias.author), (self.at, alias.at), (self.note, alias.note))
        return self.target == alias.target and all(own in (None, other) for own, other in pairs)


@dataclass(slots=True)
class AliasChange:
    """The number of changed aliases, and keys that no participant has."""

    added: int = 0
    replaced: int = 0
    removed: int = 0
    unchanged: int = 0
    unknown: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.replaced or self.removed)

    def as_sentence(self) -> str:
        """A sentence for a person."""
        counts = f"{self.added} added, {self.replaced} replaced, {self.removed} removed, {self.unchanged} unchanged"
        return f"Aliases: {counts}."


def alias_request(
    key: str,
    target: str,
    *,
    author: str | None = None,
    at: datetime | None = None,
    note: str | None = None,
    position: str = "",
) -> AliasRequest:
    """Validates an alias.

    Raises:
        ValueError: a key is malformed, the target is a name or the key itself, or a text cannot be stored. The message
            is a reason without a full stop.
    """
    texts = {
        "key": text_fault(key, LONGEST_KEY),
        "person": text_fault(target, LONGEST_KEY),
        "author": None if author is None else text_fault(author, LONGEST_NAME),
        "note": None if note is None else text_fault(note, LONGEST_NOTE, lines=True),
    }
    for what, fault in texts.items():
        if fault:
            raise ValueError(f"the {what} {fault}")
    person_key, person = valid_key(key), valid_key(target)
    if person.startswith(NAME_PREFIX):
        raise ValueError(
            "a display name does not identify a person. Name the person by an address, such as "
            "email:ada@example.com; no participant needs to have it"
        )
    if person_key == person:
        raise ValueError("a key cannot be an alias of itself. Name another person")
    return AliasRequest(person_key, person, author, at, note, position)


def valid_key(given: str) -> str:
    """The form in which the tables contain a key.

    Raises:
        ValueError: it is no key.
    """
    if (key := canonical_key(given)) is None:
        kinds = ", ".join(KEY_PREFIXES)
        raise ValueError(f"this is not a person key. Keys begin with one of {kinds}")
    return key


@retry_on_conflict
def change_aliases(
    storage: Storage, requests: Sequence[AliasRequest], undone: Collection[str] = (), *, author: str, at: datetime
) -> AliasChange:
    """Adds, replaces and removes aliases, all or none; the caller then rolls up.

    `author` and `at` apply to requests without their own. Keys without an alias have nothing to undo.

    Raises:
        UsageError: the author cannot be stored, a key occurs twice, or aliases form a cycle.
    """
    _check_author(author)
    _check_unique(requests, undone)
    change = AliasChange()
    with storage.database.writing() as connection:
        locks.take(connection, Lock.ROLLUP)
        present = {each.person_key: each for each in all_aliases(connection)}
        new: list[Alias] = []
        for each in requests:
            former = present.get(each.person_key)
            if former is not None and each.is_in_force(former):
                change.unchanged += 1
                continue
            change.added += former is None
            change.replaced += former is not None
            kept = former.note if former is not None and former.target == each.target else None
            new.append(Alias(each.person_key, each.target, each.author or author, each.at or at, each.note or kept))
        targets = {key: alias.target for key, alias in present.items() if key not in undone}
        targets |= {each.person_key: each.target for each in new}
        _check_acyclic(requests, targets)
        change.removed = delete_aliases(connection, undone)
        put_aliases(connection, new)
        requested = {each.person_key for each in new} | ({each.target for each in new} - targets.keys())
        change.unknown = sorted(requested - occurring_person_keys(connection, requested))
    return change


def _check_author(author: str) -> None:
    if (fault := text_fault(author, LONGEST_NAME)) is not None:
        raise UsageError(f"the author {fault}. Give another one with --author.")


def _check_unique(requests: Iterable[AliasRequest], undone: Collection[str]) -> None:
    seen = {*undone}
    for each in requests:
        if each.person_key in seen:
            raise UsageError(f"{each.position}this key is given twice. Give it once.")
        seen.add(each.person_key)


def _check_acyclic(requests: Iterable[AliasRequest], targets: Mapping[str, str]) -> None:
    for each in requests:
        path = {each.person_key}
        key = each.person_key
        while (key := targets.get(key, "")) and key not in path:
            path.add(key)
        if key:
            raise UsageError(f"{each.position}this alias and the existing ones form a cycle. Undo one of them.")
