"""Rows of metric tables with the day of their recording, from which checks select violations."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, literal, select
from sqlmodel import SQLModel

from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import RECORDINGS


def rows_of(model: type[SQLModel], *columns: Any) -> Select[Any]:
    """Rows of a table with the day of their recording."""
    table = table_of(model)
    return select(table.c.recording_id, RECORDINGS.c.day, literal(table.name).label("source"), *columns).join_from(
        table, RECORDINGS, RECORDINGS.c.recording_id == table.c.recording_id
    )
