"""The plan of a schema change: the difference between the schema of this version and a database.

    Schema.definition(dialect) ─┐
    Recorded (rows of meta)     ├─► plan_changes() ─► Plan: conflicts, newer, additions, changes
    Found (the catalog)         ┘

Nothing here touches a database.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import Dialect, Select, Table
from sqlmodel import SQLModel

from meeting_assets.schema.descriptions import Descriptions
from meeting_assets.store.migrations.definitions import (
    TABLE_RECORD,
    VIEW_RECORD,
    ColumnDefinition,
    SchemaDefinition,
    TableDefinition,
    digest,
    table_definition,
    view_text,
)

SCHEMA_VERSION = 4
"""Raised by every change of the models that is neither a new table, view or index, nor a new nullable column."""
FIRST_RECORDED_VERSION = 3
"""The first schema version that records the definitions of tables in `meta`."""

META_TABLE = "meta"
REVISION_TABLE = "meeting_assets_schema"
"""The table for Alembic's revision; `alembic_version` may belong to another program."""
LEGACY_RECORD = "shape:"
"""Prefix of rows of `meta` up to schema version 2: a hash of the statement that created a derived table or a view."""
LEGACY_PERSISTENT = frozenset({"recordings", "artifacts", "webhook_events", "tombstones", META_TABLE})


@dataclass(frozen=True)
class Schema:
    """The tables and views of this version.

    `derived` maps each derived table to the artifact kind it is parsed from, and tables of metrics to None.
    """

    persistent: tuple[Table, ...]
    derived: Mapping[Table, str | None] = field(default_factory=dict)
    views: Mapping[str, Select[Any]] = field(default_factory=dict)
    descriptions: Descriptions = field(default_factory=Descriptions)
    """The comments of tables, views and columns. A schema without descriptions leaves comments as they are."""

    @cached_property
    def tables(self) -> Mapping[str, Table]:
        """All tables by name, persistent ones first."""
        return {table.name: table for table in (*self.persistent, *self.derived)}

    def definition(self, dialect: Dialect) -> SchemaDefinition:
        """The definitions that the models declare, in the terms of a dialect."""
        tables = {name: table_definition(table, dialect) for name, table in self.tables.items()}
        views = {name: view_text(view, dialect) for name, view in self.views.items()}
        return SchemaDefinition(tables, views, frozenset(SQLModel.metadata.tables))


@dataclass(frozen=True, slots=True)
class Recorded:
    """The schema that `meta` records as ours. `version` is None in a database without our `meta`."""

    version: int | None = None
    tables: Mapping[str, TableDefinition | None] = field(default_factory=dict)
    """Our tables. The definition is None if a schema version below 3 recorded the table."""
    views: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, meta: Mapping[str, str], persistent: Collection[str], derived: Collection[str] = ()) -> Recorded:
        """Reads the rows of `meta`. Up to version 2 they do not name the persistent tables."""
        version = int(meta["schema_version"])
        legacy = {name.removeprefix(LEGACY_RECORD) for name in meta if name.startswith(LEGACY_RECORD)}
        tables: dict[str, TableDefinition | None] = dict.fromkeys(legacy & {*derived})
        if version < FIRST_RECORDED_VERSION:
            tables |= dict.fromkeys(LEGACY_PERSISTENT & {*persistent})
        tables |= {
            name.removeprefix(TABLE_RECORD): TableDefinition.from_json(value)
            for name, value in meta.items()
            if name.startswith(TABLE_RECORD)
        }
        views = dict.fromkeys(legacy - {*derived}, "")
        views |= {name.removeprefix(VIEW_RECORD): value for name, value in meta.items() if name.startswith(VIEW_RECORD)}
        return cls(version, tables, views)


@dataclass(frozen=True, slots=True)
class Found:
    """The contents of the catalog: tables with names of ours, views, and all names in use."""

    tables: Mapping[str, TableDefinition] = field(default_factory=dict)
    views: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TableChange:
    """A table of ours that only `migrate` may change, with a phrase for each difference."""

    name: str
    differences: tuple[str, ...]
    dropped: tuple[str, ...] = ()
    """Columns of another version, if the table differs by nothing else: no row is copied."""

    def __str__(self) -> str:
        return f"{self.name} ({', '.join(self.differences)})"


@dataclass(frozen=True, slots=True)
class Plan:
    """The differences between a database and this version."""

    conflicts: tuple[str, ...] = ()
    """Tables and views that are not ours and have names of ours."""
    newer: tuple[str, ...] = ()
    """Records of a newer version that this version does not know."""
    tables: tuple[str, ...] = ()
    """Missing tables."""
    columns: tuple[tuple[str, str], ...] = ()
    """Missing nullable columns, with their tables."""
    indexes: tuple[tuple[str, str], ...] = ()
    """Missing indexes, with their tables."""
    required: tuple[tuple[str, str], ...] = ()
    """Missing NOT NULL columns, with their tables; each is also part of a change."""
    views: tuple[str, ...] = ()
    """Missing views."""
    changed_views: tuple[str, ...] = ()
    """Our views with another statement. This package does not read them, so only `migrate` replaces them. Otherwise two
    versions that run side by side would replace each other's view at every start."""
    changes: tuple[TableChange, ...] = ()
    """Tables that differ by more than missing nullable columns and indexes."""
    abandoned: tuple[str, ...] = ()
    """Tables of an older version that this version does not use."""
    is_older: bool = False
    """True if revisions of persistent tables have to run first."""

    @property
    def missing(self) -> tuple[str, ...]:
        """Missing tables, columns and views that a query of this version may select from."""
        return (*self.tables, *(f"{table}.{column}" for table, column in (*self.columns, *self.required)), *self.views)

    def additions(self) -> Iterator[str]:
        """A phrase for each change that copies no rows."""
        yield from (f"create table {name}" for name in self.tables)
        yield from (f"add column {table}.{column}" for table, column in self.columns)
        yield from (f"create index {index} on {table}" for table, index in self.indexes)
        yield from (f"create view {name}" for name in self.views)
        yield from (f"replace view {name}" for name in self.changed_views)


def plan_changes(wanted: SchemaDefinition, recorded: Recorded, found: Found) -> Plan:
    """The plan that leads from a database to the schema of this version."""
    conflicts = {*_conflicts(wanted, recorded, found)}
    present = {name: table for name, table in wanted.tables.items() if name in found.tables and name not in conflicts}
    views = {name: text for name, text in wanted.views.items() if name not in conflicts}
    missing_columns = [
        (name, column)
        for name, table in present.items()
        for column in table.columns
        if found.tables[name].column(column.name) is None
    ]
    changes = (_change(name, table, found.tables[name], recorded.tables.get(name)) for name, table in present.items())
    is_older = recorded.version is not None and FIRST_RECORDED_VERSION <= recorded.version < SCHEMA_VERSION
    return Plan(
        conflicts=tuple(sorted(conflicts)),
        newer=tuple(_newer(wanted, recorded)),
        tables=tuple(name for name in wanted.tables if name not in found.names),
        columns=tuple((name, column.name) for name, column in missing_columns if column.is_nullable),
        indexes=tuple(
            (name, index)
            for name, table in present.items()
            for index in sorted(table.indexes - found.tables[name].indexes)
        ),
        required=tuple((name, column.name) for name, column in missing_columns if not column.is_nullable),
        views=tuple(name for name in views if name not in found.views),
        changed_views=tuple(
            name for name, text in views.items() if name in found.views and recorded.views.get(name) != digest(text)
        ),
        changes=tuple(each for each in changes if each.differences),
        abandoned=tuple(sorted(unknown_tables(wanted, recorded))) if is_older else (),
        is_older=is_older,
    )


def foreign_columns(
    wanted: TableDefinition, recorded: TableDefinition | None, found: TableDefinition
) -> frozenset[str]:
    """Columns of a table of ours that no version of this package has recorded."""
    extra = [each for each in found.columns if wanted.column(each.name) is None]
    if recorded is None:  # only a nullable column can be foreign: our inserts would not fill a NOT NULL one
        return frozenset(each.name for each in extra if each.is_nullable)
    return frozenset(each.name for each in extra) - recorded.column_names


def unknown_tables(wanted: SchemaDefinition, recorded: Recorded) -> set[str]:
    """Recorded tables that this version does not declare."""
    return {*recorded.tables} - {*wanted.tables} - wanted.declared


def _conflicts(wanted: SchemaDefinition, recorded: Recorded, found: Found) -> Iterator[str]:
    for name, table in wanted.tables.items():
        is_ours = name in recorded.tables and name in found.tables
        if name in found.names and not (is_ours and {*table.key} <= found.tables[name].column_names):
            yield name
    for name in wanted.views:
        if name in found.names and not (name in recorded.views and name in found.views):
            yield name


def _newer(wanted: SchemaDefinition, recorded: Recorded) -> Iterator[str]:
    if recorded.version is None or recorded.version < SCHEMA_VERSION:
        return
    if recorded.version > SCHEMA_VERSION:
        yield f"schema {recorded.version}"
    yield from sorted(unknown_tables(wanted, recorded))
    for name, table in wanted.tables.items():
        if (of_table := recorded.tables.get(name)) is not None:
            yield from sorted(f"{name}.{column}" for column in of_table.column_names - table.column_names)


def _change(
    name: str, wanted: TableDefinition, found: TableDefinition, recorded: TableDefinition | None
) -> TableChange:
    other = _differences(wanted, found)
    unknown = sorted(found.column_names - wanted.column_names - foreign_columns(wanted, recorded, found))
    of_unknown = [f"{', '.join(unknown)} {'is' if len(unknown) == 1 else 'are'} of another version"] if unknown else []
    return TableChange(name, (*other, *of_unknown), () if other else tuple(unknown))


def _differences(wanted: TableDefinition, found: TableDefinition) -> list[str]:
    differences = [phrase for each in wanted.columns for phrase in _column_differences(each, found.column(each.name))]
    if {*wanted.key} != {*found.key}:
        key = ", ".join(found.key) or "missing"
        differences.append(f"its key is {key}, this version declares {', '.join(wanted.key)}")
    return differences


def _column_differences(wanted: ColumnDefinition, found: ColumnDefinition | None) -> Iterator[str]:
    if found is None:
        if not wanted.is_nullable:
            yield f"{wanted.name} is missing"
    elif found.type != wanted.type:
        yield f"{wanted.name} is {found.type}, this version declares {wanted.type}"
    elif found.is_nullable != wanted.is_nullable:
        yield f"{wanted.name} {'may' if found.is_nullable else 'may not'} be NULL, unlike in this version"
