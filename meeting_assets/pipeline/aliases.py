"""Changes of person aliases: validation, and the statements that a user makes on the command line or in a CSV file.

Messages of errors quote no key, name or note, because errors may be logged.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from meeting_assets.artifacts.person_keys import KEY_PREFIXES, NAME, canonical_key
from meeting_assets.core.errors import SettingsError
from meeting_assets.pipeline.key_occurrences import occurring_keys
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store import locks
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.locks import Lock
from meeting_assets.store.person_aliases import Alias, all_aliases, delete_aliases, put_aliases

LONGEST_TEXT = 1_000


class Statement(NamedTuple):
    """An alias as a user states it. A missing value says nothing."""

    person_key: str
    target: str
    author: str | None = None
    at: datetime | None = None
    note: str | None = None
    position: str = ""
    """The beginning of messages about it, such as `Line 3: `."""

    def is_stated_by(self, alias: Alias) -> bool:
        """Whether an existing alias says the same."""
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


def statement(
    key: str,
    target: str,
    *,
    author: str | None = None,
    at: datetime | None = None,
    note: str | None = None,
    position: str = "",
) -> Statement:
    """Validates an alias.

    Raises:
        SettingsError: a key is malformed, the target is a name or the key itself, or a text cannot be stored.
    """
    texts = {"key": key, "person": target, "author": author, "note": note}
    for what, text in texts.items():
        if text is not None and (fault := _text_fault(text, is_note=what == "note")):
            raise SettingsError(f"{position}the {what} {fault}.")
    person_key, person = valid_key(key, position), valid_key(target, position)
    if person.startswith(NAME):
        raise SettingsError(
            f"{position}a display name does not identify a person. Name the person by an address, such "
            "as email:ada@example.com; no participant needs to have it."
        )
    if person_key == person:
        raise SettingsError(f"{position}a key cannot be an alias of itself. Name another person.")
    return Statement(person_key, person, author, at, note, position)


def valid_key(given: str, position: str = "") -> str:
    """The form in which the tables contain a key.

    Raises:
        SettingsError: it is no key.
    """
    if (key := canonical_key(given)) is None:
        kinds = ", ".join(KEY_PREFIXES)
        raise SettingsError(f"{position}it is no key of a person. Keys begin with one of {kinds}.")
    return key


@retry_on_conflict
def change_aliases(
    storage: Storage, stated: Sequence[Statement], undone: Collection[str] = (), *, author: str, at: datetime
) -> AliasChange:
    """Adds, replaces and removes aliases, all or none; the caller then rolls up.

    `author` and `at` apply to new statements without their own. Keys without an alias have nothing to undo.

    Raises:
        SettingsError: a key occurs twice, or aliases form a circle.
    """
    _check_unique(stated, undone)
    change = AliasChange()
    with storage.database.writing() as connection:
        locks.take(connection, Lock.ROLLUP)
        present = {each.person_key: each for each in all_aliases(connection)}
        new: list[Alias] = []
        for each in stated:
            former = present.get(each.person_key)
            if former is not None and each.is_stated_by(former):
                change.unchanged += 1
                continue
            change.added += former is None
            change.replaced += former is not None
            kept = former.note if former is not None and former.target == each.target else None
            new.append(Alias(each.person_key, each.target, each.author or author, each.at or at, each.note or kept))
        targets = {key: alias.target for key, alias in present.items() if key not in undone}
        targets |= {each.person_key: each.target for each in new}
        _check_acyclic(stated, targets)
        change.removed = delete_aliases(connection, undone)
        put_aliases(connection, new)
        stated_keys = {each.person_key for each in new} | ({each.target for each in new} - targets.keys())
        change.unknown = sorted(stated_keys - occurring_keys(connection, stated_keys))
    return change


def _text_fault(text: str, *, is_note: bool) -> str | None:
    """The reason why a text of a user cannot be stored; None if it can. Notes may contain line breaks and tabs."""
    allowed = "\n\r\t" if is_note else ""
    if not text.strip():
        return "is empty"
    if len(text) > LONGEST_TEXT:
        return f"is longer than {LONGEST_TEXT:,} characters"
    if any(unicodedata.category(each) in {"Cc", "Cs"} and each not in allowed for each in text):
        return "contains control characters or bytes that are not UTF-8"
    return None


def _check_unique(stated: Iterable[Statement], undone: Collection[str]) -> None:
    seen = {*undone}
    for each in stated:
        if each.person_key in seen:
            raise SettingsError(f"{each.position}the same key is stated twice. A key belongs to one person.")
        seen.add(each.person_key)


def _check_acyclic(stated: Iterable[Statement], targets: Mapping[str, str]) -> None:
    for each in stated:
        path = {each.person_key}
        key = each.person_key
        while (key := targets.get(key, "")) and key not in path:
            path.add(key)
        if key:
            raise SettingsError(f"{each.position}with the aliases in force it forms a circle. Undo one of them first.")
