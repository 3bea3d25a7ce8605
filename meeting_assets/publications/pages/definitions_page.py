"""The definitions: every column of the metric tables, with unit, definition and the tables that it derives from.

A column's row has the anchor `table.column`. The first table with a column of that name has the anchor `column`, too;
its row leads to the other tables with the same name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from inspect import cleandoc
from typing import Any, NamedTuple

from sqlmodel import SQLModel

from meeting_assets.metrics import METRICS
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.metrics.trends import ROLLUPS
from meeting_assets.publications.pages import links
from meeting_assets.publications.pages.plain_definitions import TABLE_TITLES, plain_definition
from meeting_assets.publications.pages.rendering import render
from meeting_assets.schema.lineage import lineage_of
from meeting_assets.store.database import table_of

FIRST = MeetingMetrics, ParticipantMetrics
TABLES: Sequence[type[SQLModel]] = (*FIRST, *(model for model in (*METRICS, *ROLLUPS) if model not in FIRST))
BOOKKEEPING = frozenset(
    (
        *("transcript_id", "config_version", "inputs_hash", "inputs", "derived_at", "modified_at"),
        *("timing_source", "dropped_intervals", "open_intervals", "clipped_intervals", "duration_extended_s"),
    )
)
"""Columns about the data, not about meetings; they come last, with the keys."""
UNIT = re.compile(r"(s|0-1|1/min|1/h|ratio|h|days|persons|turns|1/100 words); (.+)", re.DOTALL)
UNIT_NAMES = {
    "s": "seconds",
    "0-1": "share, 0 to 1",
    "1/min": "per minute",
    "1/h": "per hour",
    "h": "hours",
    "1/100 words": "per 100 words",
}


class DefinedColumn(NamedTuple):
    """A column of a table."""

    name: str
    unit: str
    plain: str
    """The definition in everyday words."""
    definition: str
    is_key: bool
    sources: Sequence[str]
    """The tables that it derives from."""
    is_first: bool
    """True for the first table with a column of this name."""
    others: Sequence[str]
    """The other tables with a column of this name."""


class DefinedTable(NamedTuple):
    """A table with its description."""

    name: str
    title: str
    """The name in everyday words."""
    description: str
    grain: str
    columns: Sequence[DefinedColumn]


@cache
def defined_tables() -> Sequence[DefinedTable]:
    """All metric tables, the widest ones first."""
    tables_of: dict[str, list[str]] = defaultdict(list)
    for model in TABLES:
        for column in table_of(model).columns:
            tables_of[column.name].append(table_of(model).name)
    return [_table(model, tables_of) for model in TABLES]


def definitions_page() -> str:
    """The HTML of the page."""
    return render("definitions.html.j2", links.DEFINITIONS, tables=defined_tables())


def _table(model: Any, tables_of: dict[str, list[str]]) -> DefinedTable:
    table = table_of(model)
    description, _, grain = " ".join(cleandoc(model.__doc__ or "").split()).partition(" Grain: ")
    columns = [_column(model, column, tables_of[column.name]) for column in table.columns]
    columns.sort(key=lambda column: column.is_key or column.name in BOOKKEEPING)
    return DefinedTable(table.name, TABLE_TITLES[table.name], description, grain, columns)


def _column(model: Any, column: Any, tables: Sequence[str]) -> DefinedColumn:
    found = UNIT.fullmatch(description := model.model_fields[column.name].description)
    unit, definition = found.groups() if found else ("", description)
    return DefinedColumn(
        column.name,
        UNIT_NAMES.get(unit, unit),
        plain_definition(column.name),
        definition,
        column.primary_key,
        [*dict.fromkeys(source.partition(".")[0] for source in lineage_of(column) or ())],
        tables[0] == column.table.name,
        [table for table in tables if table != column.table.name],
    )
