"""Reads the schema of a database: the records in `meta`, and the catalog."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Dialect, inspect, select, text
from sqlalchemy.engine.reflection import Inspector, ObjectKind

from meeting_assets.store.database import META
from meeting_assets.store.migrations.definitions import ColumnDefinition, TableDefinition, type_name
from meeting_assets.store.migrations.plan import (
    SCHEMA_VERSION,
    Found,
    Plan,
    Recorded,
    Schema,
    plan_changes,
    unknown_tables,
)

VERSION_RECORD = "schema_version"
_META_COLUMNS = {
    "sqlite": "SELECT name FROM pragma_table_info('meta')",
    "postgresql": "SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = to_regclass('meta')",
}
_NAMES = {
    "sqlite": "SELECT name FROM sqlite_master",
    # A transaction resolves names in our schema only.
    "postgresql": "SELECT relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname = current_schema()",
}


def read_plan(connection: Connection, schema: Schema) -> Plan:
    """Compares a database with the schema of this version; changes nothing."""
    wanted = schema.definition(connection.dialect)
    return plan_changes(wanted, read_recorded(connection, schema), read_found(connection, schema))


def is_up_to_date(connection: Connection, schema: Schema, meta: Mapping[str, str] | None) -> bool:
    """True if `meta` (the result of `read_meta`) records exactly these tables, and these tables and the views exist.

    The definitions in the catalog were compared when `meta` was written. Statements of views are not compared.
    """
    if meta is None or meta[VERSION_RECORD] != str(SCHEMA_VERSION):
        return False
    wanted = schema.definition(connection.dialect)
    if any(meta.get(name) != value for name, value in wanted.table_records().items()):
        return False
    recorded = Recorded.of(meta, ())
    if not {*wanted.views} <= {*recorded.views}:
        return False
    if unknown_tables(wanted, recorded):
        return False
    return {*wanted.tables, *wanted.views} <= read_names(connection)


def read_meta(connection: Connection) -> Mapping[str, str] | None:
    """The rows of our `meta`; None if the table is missing or belongs to another program."""
    if not is_our_meta(connection):
        return None
    rows = connection.execute(select(META.name, META.value)).all()
    # Another program may store numbers and NULL in these columns.
    meta = {name: value for name, value in rows if isinstance(name, str) and isinstance(value, str)}
    return meta if meta.get(VERSION_RECORD, "").isdecimal() else None


def is_our_meta(connection: Connection) -> bool:
    """True if a table `meta` has our columns."""
    columns = {*connection.scalars(text(_META_COLUMNS[connection.dialect.name]))}
    return columns >= {META.name.name, META.value.name}


def read_recorded(connection: Connection, schema: Schema) -> Recorded:
    """The schema that `meta` records as ours."""
    meta = read_meta(connection)
    if meta is None:
        return Recorded()
    persistent = [table.name for table in schema.persistent]
    return Recorded.of(meta, persistent, [table.name for table in schema.derived])


def read_found(connection: Connection, schema: Schema) -> Found:
    """The names in the catalog, and the definitions of tables and views with names of ours."""
    inspector = inspect(connection)
    names = read_names(connection)
    tables = sorted({*inspector.get_table_names()} & {*schema.tables})
    views = frozenset(inspector.get_view_names()) & {*schema.views}
    return Found(_table_definitions(inspector, tables, connection.dialect), views, names)


def read_names(connection: Connection) -> frozenset[str]:
    """All names of tables, views, indexes and sequences in our schema."""
    return frozenset(connection.scalars(text(_NAMES[connection.dialect.name])))


def _table_definitions(inspector: Inspector, names: Collection[str], dialect: Dialect) -> dict[str, TableDefinition]:
    if not names:
        return {}
    given: Any = {"filter_names": [*names], "kind": ObjectKind.TABLE}
    columns = _by_name(inspector.get_multi_columns(**given))
    keys = _by_name(inspector.get_multi_pk_constraint(**given))
    indexes = _by_name(inspector.get_multi_indexes(**given))
    return {
        name: TableDefinition(
            tuple(
                ColumnDefinition(each["name"], type_name(each["type"], dialect), bool(each["nullable"]))
                for each in columns[name]
            ),
            tuple(keys[name]["constrained_columns"]),
            frozenset(each["name"] for each in indexes.get(name, [])),
        )
        for name in names
    }


def _by_name(found: Mapping[tuple[str | None, str], Any]) -> dict[str, Any]:
    return {name: value for (_, name), value in found.items()}
