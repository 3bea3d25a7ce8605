"""Objects in the API's lists that could not be decoded, as rows of `meta`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

from sqlalchemy import Connection, select

from meeting_assets.store.database import META, delete_meta, put_meta

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
            delete_meta(connection, META.name == name)
    put_meta(connection, {UNREADABLE + name: f"{span} {fault}" for name, fault in faults.items()})


def read_unreadable(connection: Connection) -> list[tuple[str, str]]:
    """The recorded objects: name and fault."""
    query = select(META.name, META.value).where(META.name.startswith(UNREADABLE)).order_by(META.name)
    return [(name.removeprefix(UNREADABLE), value.partition(" ")[2]) for name, value in connection.execute(query)]
