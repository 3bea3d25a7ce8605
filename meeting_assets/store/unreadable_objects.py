"""Objects in the API's lists that could not be decoded, as rows of `meta`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

from sqlalchemy import Connection, select

from meeting_assets.schema.persistent import Meta
from meeting_assets.store.database import META, table_of, upsert

UNREADABLE = "unreadable "
"""Prefix of the rows' names."""


def record_unreadable(
    connection: Connection, faults: Mapping[str, str], read: Collection[str], days: Collection[date]
) -> None:
    """Records undecodable objects with their faults, by name.

    Removes objects that were `read` since, and objects of the same `days` that the lists no longer show. `days` is
    empty if only some recordings were asked for.
    """
    span = f"{min(days)}..{max(days)}" if days else ""
    held = select(META.name, META.value).where(META.name.startswith(UNREADABLE)).order_by(META.name).with_for_update()
    for name, value in connection.execute(held).all():
        if name.removeprefix(UNREADABLE) in read or (span and value.startswith(f"{span} ")):
            connection.execute(table_of(Meta).delete().where(META.name == name))
    rows = [{"name": UNREADABLE + name, "value": f"{span} {fault}"} for name, fault in sorted(faults.items())]
    upsert(connection, Meta, rows)


def read_unreadable(connection: Connection) -> list[tuple[str, str]]:
    """The recorded objects: name and fault."""
    query = select(META.name, META.value).where(META.name.startswith(UNREADABLE)).order_by(META.name)
    return [(name.removeprefix(UNREADABLE), value.partition(" ")[2]) for name, value in connection.execute(query)]
