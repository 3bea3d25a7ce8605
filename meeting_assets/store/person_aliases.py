"""Person aliases: users' statements that a key belongs to a person. They belong to no recording.

A transaction that changes them takes `Lock.ROLLUP` first, because trends and people are derived from them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from meeting_assets.core.batches import batched
from meeting_assets.schema.persistent import PersonAliases
from meeting_assets.store.database import table_of, upsert

ALIASES = table_of(PersonAliases)
BATCH = 500


class Alias(NamedTuple):
    """A row of `person_aliases`."""

    person_key: str
    target: str
    author: str
    at: datetime
    note: str | None = None


def all_aliases(connection: Connection) -> list[Alias]:
    """All aliases, sorted by key."""
    query = select(*(ALIASES.c[name] for name in Alias._fields))
    return sorted(Alias(*row) for row in connection.execute(query))


def alias_targets(connection: Connection) -> dict[str, str]:
    """The target of each aliased key."""
    return dict(connection.execute(select(ALIASES.c.person_key, ALIASES.c.target)).all())


def put_aliases(connection: Connection, aliases: Sequence[Alias]) -> None:
    """Adds aliases; replaces those with the same key."""
    upsert(connection, PersonAliases, [each._asdict() for each in aliases])


def delete_aliases(connection: Connection, keys: Collection[str]) -> int:
    """Deletes the aliases of some keys; returns their number."""
    return sum(
        connection.execute(ALIASES.delete().where(ALIASES.c.person_key.in_(batch))).rowcount
        for batch in batched(sorted(keys), BATCH)
    )
