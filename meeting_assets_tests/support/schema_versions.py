"""Databases of other versions and programs, and the complete contents of a database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Column, Index, MetaData, Table

from meeting_assets.store.connections import address_of
from meeting_assets.store.migrations.plan import Schema

SCHEMAS = Path(__file__).parent / "schemas"
FOREIGN_TABLES = (
    "CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(80), salary INTEGER)",
    "CREATE TABLE attendance (day DATE, hours INTEGER)",
    "INSERT INTO people VALUES (1, 'Zoe', 4200), (2, 'Ann', 4300)",
    "INSERT INTO attendance VALUES ('2026-03-02', 8)",
)
FOREIGN_ROWS = {"people": [(1, "Zoe", 4200), (2, "Ann", 4300)], "attendance": [8]}


@contextmanager
def connected(url: str) -> Iterator[Any]:
    """A driver connection, as in another program; commits at the end."""
    if url.startswith("sqlite"):
        connection: Any = sqlite3.connect(str(address_of(url).database))
    else:
        connection = psycopg.connect(url.replace("+psycopg", ""))
    try:
        yield connection
        connection.commit()
    finally:
        connection.close()


def execute(url: str, *statements: str) -> None:
    """Executes statements as another program."""
    with connected(url) as connection:
        for statement in statements:
            connection.execute(statement)


def fetched(url: str, query: str) -> list[Any]:
    """The rows of a query by another program; single values where it has one column."""
    with connected(url) as connection:
        rows = connection.execute(query).fetchall()
    return [row[0] if len(row) == 1 else tuple(row) for row in rows]


def foreign_rows(url: str, schema: str = "") -> Mapping[str, list[Any]]:
    """The rows of another program's tables."""
    prefix = f"{schema}." if schema else ""
    return {
        "people": fetched(url, f"SELECT id, name, salary FROM {prefix}people ORDER BY id"),
        "attendance": fetched(url, f"SELECT hours FROM {prefix}attendance"),
    }


def make_version_2(url: str) -> None:
    """Creates the tables of schema version 2; on PostgreSQL in schema `public`."""
    _make_version(url, 2)


def make_version_3(url: str) -> None:
    """Creates the tables of schema version 3, recorded in `meta`; on PostgreSQL in schema `public`."""
    _make_version(url, 3)


def _make_version(url: str, version: int) -> None:
    kind = "sqlite" if url.startswith("sqlite") else "postgresql"
    pragmas = ["PRAGMA journal_mode=WAL"] if kind == "sqlite" else []
    statements = (SCHEMAS / f"version_{version}_{kind}.sql").read_text().split(";\n\n")
    execute(url, *pragmas, *(each.strip().rstrip(";") for each in statements))


def everything(url: str) -> Any:
    """Every byte of a SQLite file, or PostgreSQL's catalog and all rows of a database."""
    if url.startswith("sqlite"):
        folder = Path(str(address_of(url).database)).parent
        # Readers change the shared-memory file, which has no content.
        return {path.name: path.read_bytes() for path in folder.glob("*.db*") if not path.name.endswith("-shm")}
    relations = fetched(
        url,
        "SELECT n.nspname, c.relname, c.oid, c.relfilenode, c.relacl::text FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname !~ '^(pg_|information_schema)' ORDER BY 1, 2",
    )
    rows = {
        (schema, name): fetched(url, f'SELECT t::text FROM "{schema}"."{name}" t ORDER BY 1')
        for schema, name in fetched(
            url, "SELECT schemaname, tablename FROM pg_tables WHERE schemaname !~ '^(pg_|information_schema)'"
        )
    }
    roles = fetched(url, "SELECT setdatabase::int, setrole::int, setconfig::text FROM pg_db_role_setting ORDER BY 1, 2")
    return relations, rows, fetched(url, "SELECT nspname FROM pg_namespace ORDER BY 1"), roles


def with_column(schema: Schema, table_name: str, column: Column[Any]) -> Schema:
    """The schema with an added or redefined column."""
    return _with_table(schema, table_name, added=column)


def without_column(schema: Schema, table_name: str, column_name: str) -> Schema:
    """The schema without a column."""
    return _with_table(schema, table_name, removed=column_name)


def with_table(schema: Schema, table: Table, kind: str | None) -> Schema:
    """The schema with an added derived table."""
    return replace(schema, derived={**schema.derived, table: kind})


def _with_table(schema: Schema, name: str, *, added: Column[Any] | None = None, removed: str = "") -> Schema:
    old = schema.tables[name]
    unchanged = [each for each in old.columns if each.name not in {removed, added.name if added is not None else ""}]
    columns = [Column(each.name, each.type, primary_key=each.primary_key, nullable=each.nullable) for each in unchanged]
    new = Table(name, MetaData(), *columns, *([added] if added is not None else []))
    for index in old.indexes:
        Index(index.name, *(new.c[each.name] for each in index.columns))
    return replace(
        schema,
        persistent=tuple(new if each is old else each for each in schema.persistent),
        derived={(new if each is old else each): kind for each, kind in schema.derived.items()},
    )
