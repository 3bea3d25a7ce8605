"""Column lineage: the sources of a column's values, declared with the column and shown by Dagster.

A source is a path of the artifact's payload, such as `[].words[].text`, or `table.column`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column

_DERIVED_FROM = "derived_from"


def derived_from(*sources: str) -> dict[str, Any]:
    """Returns a field's `sa_column_kwargs`; no sources mean that settings or code alone determine the values."""
    return {"info": {_DERIVED_FROM: tuple(dict.fromkeys(sources))}}


def lineage_of(column: Column[Any]) -> tuple[str, ...] | None:
    """Returns the sources of a column; None if its declaration names none."""
    return column.info.get(_DERIVED_FROM)
