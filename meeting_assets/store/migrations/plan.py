"""The database schema as a value: what the models declare, what a database has, and the difference between the two.

    Schema.shape(dialect) ──┐
    Recorded (rows of meta) ├─► compared() ─► Plan: conflicts, newer, additions, changes
    Found (the inspector) ──┘

Nothing here touches a database.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import Dialect, Select, Table
from sqlalchemy.exc import CompileError
from sqlalchemy.types import TypeEngine
from sqlmodel import SQLModel

SCHEMA_VERSION = 3
"""Raised by every change of the models that is neither a new table, view or index, nor a new nullable column."""

META_TABLE = "meta"
REVISION_TABLE = "meeting_assets_schema"
"""Where Alembic keeps its revision; `alembic_version` may belong to another program."""
_SYNONYMS = {"VARCHAR": "TEXT", "DOUBLE PRECISION": "FLOAT", "DOUBLE_PRECISION": "FLOAT"}
# perf: compiling a view takes 2 ms and a table 0.5 ms, and every opening of a database needs all of them
_SHAPES: dict[tuple[str, Table], TableShape] = {}
_VIEW_TEXTS: dict[tuple[str, Select[Any]], str] = {}


class ColumnShape(NamedTuple):
    """What a column is, as far as two versions of the schema can differ."""

    name: str
    type: str
    is_nullable: bool


@dataclass(frozen=True, slots=True)
class TableShape:
    """What a table is: its columns, its primary key, and the names of its indexes."""

    columns: tuple[ColumnShape, ...]
    key: tuple[str, ...]
    indexes: frozenset[str] = frozenset()

    def column(self, name: str) -> ColumnShape | None:
        """The column of that name; None if there is none."""
        return next((each for each in self.columns if each.name == name), None)

    @property
    def column_names(self) -> frozenset[str]:
        return frozenset(each.name for each in self.columns)

    def as_json(self) -> str:
        """The shape as a row of `meta` keeps it."""
        document = {"columns": sorted(self.columns), "key": self.key, "indexes": sorted(self.indexes)}
        return json.dumps(document, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> TableShape:
        """The reverse of `as_json`."""
        document = json.loads(text)
        columns = tuple(ColumnShape(*each) for each in document["columns"])
        return cls(columns, tuple(document["key"]), frozenset(document["indexes"]))


@dataclass(frozen=True, slots=True)
class Shape:
    """What a whole schema is: shapes of its tables, and the text of its views."""

    tables: Mapping[str, TableShape]
    views: Mapping[str, str] = field(default_factory=dict)
    declared: frozenset[str] = frozenset()
    """Further tables of this version; a command that needs only some tables looks at those alone."""

    def as_records(self) -> dict[str, str]:
        """The rows of `meta` that record this schema as ours."""
        return self.table_records() | {VIEW_RECORD + name: digest(text) for name, text in self.views.items()}

    def table_records(self) -> dict[str, str]:
        """The rows of `meta` that record the tables alone."""
        return {TABLE_RECORD + name: shape.as_json() for name, shape in self.tables.items()}


@dataclass(frozen=True)
class Schema:
    """The tables and views of this version.

    `derived` names the artifact kind that a table is parsed from, and None for metrics.
    """

    persistent: tuple[Table, ...]
    derived: Mapping[Table, str | None] = field(default_factory=dict)
    views: Mapping[str, Select[Any]] = field(default_factory=dict)

    @cached_property
    def tables(self) -> Mapping[str, Table]:
        """All tables by name, persistent ones first."""
        return {table.name: table for table in (*self.persistent, *self.derived)}

    def shape(self, dialect: Dialect) -> Shape:
        """What the models declare, in a database's own words."""
        tables = {name: table_shape(table, dialect) for name, table in self.tables.items()}
        views = {name: view_text(view, dialect) for name, view in self.views.items()}
        return Shape(tables, views, frozenset(SQLModel.metadata.tables))


TABLE_RECORD = "table:"
VIEW_RECORD = "view:"
LEGACY_RECORD = "shape:"
"""Names in `meta`: up to schema version 2, a hash of the statement that made a derived table or a view."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What `meta` says. `version` is None in a database without a `meta` of ours."""

    version: int | None = None
    tables: Mapping[str, TableShape | None] = field(default_factory=dict)
    """The tables that are ours; None for the shape of a table that a schema version below 3 recorded."""
    views: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, meta: Mapping[str, str], persistent: Collection[str], derived: Collection[str] = ()) -> Recorded:
        """Reads the rows of `meta`; up to version 2 they do not name the persistent tables."""
        version = int(meta["schema_version"])
        legacy = {name.removeprefix(LEGACY_RECORD) for name in meta if name.startswith(LEGACY_RECORD)}
        known: dict[str, TableShape | None] = dict.fromkeys(legacy & {*derived})
        if version < FIRST_RECORDED_VERSION:
            known |= dict.fromkeys(LEGACY_PERSISTENT & {*persistent})
        known |= {
            name.removeprefix(TABLE_RECORD): TableShape.from_json(value)
            for name, value in meta.items()
            if name.startswith(TABLE_RECORD)
        }
        views = dict.fromkeys(legacy - {*derived}, "")
        views |= {name.removeprefix(VIEW_RECORD): value for name, value in meta.items() if name.startswith(VIEW_RECORD)}
        return cls(version, known, views)


FIRST_RECORDED_VERSION = 3
LEGACY_PERSISTENT = frozenset({"recordings", "artifacts", "webhook_events", "tombstones", META_TABLE})


@dataclass(frozen=True, slots=True)
class Found:
    """What the database has: tables of our names, views, and every other name that is taken."""

    tables: Mapping[str, TableShape] = field(default_factory=dict)
    views: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TableChange:
    """A table of ours that only `migrate` may change, and every difference in words."""

    name: str
    differences: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name} ({', '.join(self.differences)})"


@dataclass(frozen=True, slots=True)
class Plan:
    """What separates a database from this version."""

    conflicts: tuple[str, ...] = ()
    """Tables and views with our names that are not ours."""
    newer: tuple[str, ...] = ()
    """What another version has recorded, and this one does not know."""
    tables: tuple[str, ...] = ()
    """Missing tables."""
    columns: tuple[tuple[str, str], ...] = ()
    """Missing nullable columns, with their tables."""
    indexes: tuple[tuple[str, str], ...] = ()
    required: tuple[tuple[str, str], ...] = ()
    """Missing columns that may not be NULL, with their tables; each is part of a change, too."""
    views: tuple[str, ...] = ()
    """Missing views."""
    changed_views: tuple[str, ...] = ()
    """Views of ours that were made from another text. Nothing in this package reads them, so only `migrate` replaces
    them: two versions at work would otherwise replace each other's view at every start."""
    changes: tuple[TableChange, ...] = ()
    abandoned: tuple[str, ...] = ()
    """Tables of an older version that this one does not use."""
    is_older: bool = False
    """Whether revisions of persistent tables have to run first."""

    @property
    def missing(self) -> tuple[str, ...]:
        """Tables, columns and views that a query of this version could select from and the database lacks."""
        return (*self.tables, *(f"{table}.{column}" for table, column in (*self.columns, *self.required)), *self.views)

    def additions(self) -> Iterator[str]:
        """What is added or replaced without a copy of rows, one phrase each."""
        yield from (f"create table {name}" for name in self.tables)
        yield from (f"add column {table}.{column}" for table, column in self.columns)
        yield from (f"create index {index} on {table}" for table, index in self.indexes)
        yield from (f"create view {name}" for name in self.views)
        yield from (f"replace view {name}" for name in self.changed_views)


def compared(wanted: Shape, recorded: Recorded, found: Found) -> Plan:
    """The plan that leads from a database to the schema of this version."""
    conflicts = [*_conflicts(wanted, recorded, found)]
    here = {name: shape for name, shape in wanted.tables.items() if name in found.tables and name not in conflicts}
    is_older = recorded.version is not None and FIRST_RECORDED_VERSION <= recorded.version < SCHEMA_VERSION
    return Plan(
        conflicts=tuple(sorted(conflicts)),
        newer=tuple(_newer(wanted, recorded)),
        tables=tuple(name for name in wanted.tables if name not in found.names),
        columns=tuple(
            (name, column.name)
            for name, shape in here.items()
            for column in _missing_columns(shape, found.tables[name])
            if column.is_nullable
        ),
        indexes=tuple(
            (name, index)
            for name, shape in here.items()
            for index in sorted(shape.indexes - found.tables[name].indexes)
        ),
        required=tuple(
            (name, column.name)
            for name, shape in here.items()
            for column in _missing_columns(shape, found.tables[name])
            if not column.is_nullable
        ),
        views=tuple(name for name in wanted.views if name not in conflicts and name not in found.views),
        changed_views=tuple(
            name
            for name, text in wanted.views.items()
            if name not in conflicts and name in found.views and recorded.views.get(name) != digest(text)
        ),
        changes=tuple(
            TableChange(name, differences)
            for name, shape in here.items()
            if (differences := tuple(_differences(shape, found.tables[name], recorded.tables.get(name))))
        ),
        abandoned=tuple(sorted(_unknown_tables(wanted, recorded))) if is_older else (),
        is_older=is_older,
    )


def foreign_columns(wanted: TableShape, recorded: TableShape | None, found: TableShape) -> frozenset[str]:
    """Columns of a table of ours that no version of this package has recorded."""
    extra = [each for each in found.columns if wanted.column(each.name) is None]
    if recorded is None:  # a column that nothing fills may be anyone's; another must have been filled by us
        return frozenset(each.name for each in extra if each.is_nullable)
    return frozenset(each.name for each in extra) - recorded.column_names


def table_shape(table: Table, dialect: Dialect) -> TableShape:
    """The shape that a model declares."""
    key = dialect.name, table
    if key not in _SHAPES:
        columns = (
            ColumnShape(each.name, spelled_type(each.type, dialect), bool(each.nullable)) for each in table.columns
        )
        indexes = frozenset(str(index.name) for index in table.indexes)
        _SHAPES[key] = TableShape(tuple(columns), tuple(each.name for each in table.primary_key), indexes)
    return _SHAPES[key]


def spelled_type(kind: TypeEngine[Any], dialect: Dialect) -> str:
    """A type in the database's words, without its length; types that hold the same values have one name.

    >>> from sqlalchemy import String
    >>> from sqlalchemy.dialects import sqlite
    >>> spelled_type(String(36), sqlite.dialect())
    'TEXT'
    """
    try:
        name = kind.compile(dialect).partition("(")[0].strip().upper()
    except CompileError:  # of a foreign table: SQLite allows columns without a type, PostgreSQL has types of extensions
        return "UNKNOWN"
    return _SYNONYMS.get(name, name)


def view_text(view: Select[Any], dialect: Dialect) -> str:
    """The statement of a view."""
    key = dialect.name, view
    if key not in _VIEW_TEXTS:
        _VIEW_TEXTS[key] = str(view.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    return _VIEW_TEXTS[key]


def digest(text: str) -> str:
    """A view's text as `meta` records it."""
    return hashlib.sha256(text.encode()).hexdigest()


def _conflicts(wanted: Shape, recorded: Recorded, found: Found) -> Iterator[str]:
    for name, shape in wanted.tables.items():
        is_ours = name in recorded.tables and name in found.tables
        if name in found.names and not (is_ours and {*shape.key} <= found.tables[name].column_names):
            yield name
    for name in wanted.views:
        if name in found.names and not (name in recorded.views and name in found.views):
            yield name


def _newer(wanted: Shape, recorded: Recorded) -> Iterator[str]:
    if recorded.version is None or recorded.version < SCHEMA_VERSION:
        return
    if recorded.version > SCHEMA_VERSION:
        yield f"schema {recorded.version}"
    yield from sorted(_unknown_tables(wanted, recorded))
    for name, shape in wanted.tables.items():
        known = recorded.tables.get(name)
        if known is not None:
            yield from sorted(f"{name}.{column}" for column in known.column_names - shape.column_names)


def _unknown_tables(wanted: Shape, recorded: Recorded) -> set[str]:
    return {*recorded.tables} - {*wanted.tables} - wanted.declared


def _missing_columns(wanted: TableShape, found: TableShape) -> Iterator[ColumnShape]:
    return (column for column in wanted.columns if found.column(column.name) is None)


def _differences(wanted: TableShape, found: TableShape, recorded: TableShape | None) -> Iterator[str]:
    for column in wanted.columns:
        there = found.column(column.name)
        if there is None:
            if not column.is_nullable:
                yield f"{column.name} is missing"
        elif there.type != column.type:
            yield f"{column.name} is {there.type}, this version declares {column.type}"
        elif there.is_nullable != column.is_nullable:
            yield f"{column.name} {'may' if there.is_nullable else 'may not'} be NULL, unlike in this version"
    unknown = found.column_names - wanted.column_names - foreign_columns(wanted, recorded, found)
    yield from (f"{name} is of another version" for name in sorted(unknown))
    if {*wanted.key} != {*found.key}:
        yield f"its key is {', '.join(found.key) or 'missing'}, this version declares {', '.join(wanted.key)}"
