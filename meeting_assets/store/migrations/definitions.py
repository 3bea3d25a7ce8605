"""Definitions of tables and views as plain values, which the schema of this version and a database have in common."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Dialect, Select, Table
from sqlalchemy.exc import CompileError
from sqlalchemy.types import TypeEngine

TABLE_RECORD = "table:"
"""Prefix of the rows of `meta` that record tables."""
VIEW_RECORD = "view:"
"""Prefix of the rows of `meta` that record views."""
_SYNONYMS = {"VARCHAR": "TEXT", "DOUBLE PRECISION": "FLOAT", "DOUBLE_PRECISION": "FLOAT"}
# perf: compiling takes 2 ms per view and 0.5 ms per table, and every opening of a database needs all of them
_TABLES: dict[tuple[str, Table], TableDefinition] = {}
_VIEWS: dict[tuple[str, Select[Any]], str] = {}


class ColumnDefinition(NamedTuple):
    """The properties of a column that are compared between two versions of the schema."""

    name: str
    type: str
    is_nullable: bool


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """The columns, the primary key and the index names of a table."""

    columns: tuple[ColumnDefinition, ...]
    key: tuple[str, ...]
    indexes: frozenset[str] = frozenset()

    def column(self, name: str) -> ColumnDefinition | None:
        """The column of that name; None if there is none."""
        return next((each for each in self.columns if each.name == name), None)

    @property
    def column_names(self) -> frozenset[str]:
        return frozenset(each.name for each in self.columns)

    def as_json(self) -> str:
        """The definition as recorded in `meta`."""
        document = {"columns": sorted(self.columns), "key": self.key, "indexes": sorted(self.indexes)}
        return json.dumps(document, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> TableDefinition:
        """The reverse of `as_json`."""
        document = json.loads(text)
        columns = tuple(ColumnDefinition(*each) for each in document["columns"])
        return cls(columns, tuple(document["key"]), frozenset(document["indexes"]))


@dataclass(frozen=True, slots=True)
class SchemaDefinition:
    """The definitions of all tables, and the statements of all views."""

    tables: Mapping[str, TableDefinition]
    views: Mapping[str, str] = field(default_factory=dict)
    declared: frozenset[str] = frozenset()
    """The tables of this version. A command that needs only some tables defines only those in `tables`."""

    def as_records(self) -> dict[str, str]:
        """The rows of `meta` that record this schema as ours."""
        return self.table_records() | {VIEW_RECORD + name: digest(text) for name, text in self.views.items()}

    def table_records(self) -> dict[str, str]:
        """The rows of `meta` that record the tables."""
        return {TABLE_RECORD + name: table.as_json() for name, table in self.tables.items()}


def table_definition(table: Table, dialect: Dialect) -> TableDefinition:
    """The definition that a model declares."""
    key = dialect.name, table
    if key not in _TABLES:
        columns = (
            ColumnDefinition(each.name, type_name(each.type, dialect), bool(each.nullable)) for each in table.columns
        )
        indexes = frozenset(str(index.name) for index in table.indexes)
        _TABLES[key] = TableDefinition(tuple(columns), tuple(each.name for each in table.primary_key), indexes)
    return _TABLES[key]


def type_name(kind: TypeEngine[Any], dialect: Dialect) -> str:
    """The database's name of a type, without its length. Types that hold the same values have one name.

    >>> from sqlalchemy import String
    >>> from sqlalchemy.dialects import sqlite
    >>> type_name(String(36), sqlite.dialect())
    'TEXT'
    """
    try:
        name = kind.compile(dialect).partition("(")[0].strip().upper()
    except CompileError:  # a foreign table: SQLite columns may lack a type, PostgreSQL extensions define types
        return "UNKNOWN"
    return _SYNONYMS.get(name, name)


def view_text(view: Select[Any], dialect: Dialect) -> str:
    """The SELECT of a view as SQL text."""
    key = dialect.name, view
    if key not in _VIEWS:
        _VIEWS[key] = str(view.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    return _VIEWS[key]


def digest(text: str) -> str:
    """A view's statement as recorded in `meta`."""
    return hashlib.sha256(text.encode()).hexdigest()
