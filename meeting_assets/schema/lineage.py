"""Where the values of a column come from, written beside its declaration; Dagster shows it as column lineage."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column

_MADE_FROM = "made_from"


def derived_from(*sources: str) -> dict[str, Any]:
    """For a field's `sa_column_kwargs`: what the column is made from.

    A source is a path of the artifact's payload, like `[].words[].text`, or `table.column`. Nothing is named where
    values come from settings or code alone.
    """
    return {"info": {_MADE_FROM: tuple(dict.fromkeys(sources))}}


def lineage_of(column: Column[Any]) -> tuple[str, ...] | None:
    """What a column is made from; None where nobody has said it."""
    return column.info.get(_MADE_FROM)
