"""Sets up a database for writing, and checks whether it can be read.

Set-up adds missing tables, nullable columns, indexes, views and comments. It drops no table and changes no column or
view; only `store/migrations/migrate.py` does. A check for reading changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateColumn

from meeting_assets.core.errors import NothingStored, StoreRefused
from meeting_assets.store import locks, namespaces
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import META, Database, delete_meta, put_meta
from meeting_assets.store.ledger import LEDGER, lock_matching
from meeting_assets.store.locks import Lock
from meeting_assets.store.migrations.comments import may_comment, write_comments
from meeting_assets.store.migrations.definitions import view_text
from meeting_assets.store.migrations.grants import Access, access_to, give_access
from meeting_assets.store.migrations.inspection import (
    VERSION_RECORD,
    is_up_to_date,
    read_meta,
    read_plan,
    read_recorded,
)
from meeting_assets.store.migrations.plan import (
    FIRST_RECORDED_VERSION,
    LEGACY_RECORD,
    META_TABLE,
    SCHEMA_VERSION,
    Plan,
    Schema,
)
from meeting_assets.store.modification import update_of

INSUFFICIENT_PRIVILEGE = "42501"
READ_ONLY_TRANSACTION = "25006"
DEPENDENT_OBJECTS = "2BP01"
MAX_NAMES = 8


@retry_on_conflict
def set_up_database(database: Database, schema: Schema) -> None:
    """Adds the tables, columns, indexes, views and comments that the database lacks.

    Raises:
        StoreError: a name of ours is taken, another version made the database, or the role may not change it.
    """
    with database.reading() as connection:
        meta = read_meta(connection)
        is_complete = is_up_to_date(connection, schema, meta)
        if is_complete:
            check_privileges(connection, schema)
            if not may_comment(connection, schema, meta or {}):
                return
    with database.writing() as connection, refusals_explained(database):
        # Two processes that start at the same time would both find the tables missing.
        locks.take(connection, Lock.SCHEMA)
        if is_complete:
            write_comments(connection, schema)
            return
        plan = read_plan(connection, schema)
        require_compatible(plan, connection)
        recorded = read_recorded(connection, schema)
        add_missing(database, connection, schema, plan)
        # Versions without these columns, and versions that know schema 2, refuse this database from now on.
        are_replaced = bool(plan.columns) or (recorded.version or SCHEMA_VERSION) < FIRST_RECORDED_VERSION
        views = [*schema.views] if are_replaced else plan.views
        create_views(connection, schema, drop_views(connection, views), views)
        record_schema(connection, schema, views)
        write_comments(connection, schema)


def check_readable(database: Database, schema: Schema) -> None:
    """Checks that the database can answer all queries of this version; changes nothing.

    Raises:
        StoreError: the database holds no meetings, lacks tables or columns, or was made by a newer version.
    """
    with database.reading() as connection:
        meta = read_meta(connection)
        if is_up_to_date(connection, schema, meta):
            return
        plan = read_plan(connection, schema)
        if meta is None and not plan.conflicts:
            raise NothingStored(
                f"The database at {database.address} holds no meetings yet; `meeting-assets sync` creates its tables."
            )
        require_ours(plan, connection)
    if plan.is_older or plan.required:
        raise StoreRefused(_migration_message(plan))
    if plan.missing:
        raise StoreRefused(
            f"The database was made by an older version of meeting_assets and lacks {join_names(plan.missing)}. "
            "The next `meeting-assets sync` or `meeting-assets migrate` adds this; nothing was changed now."
        )


def require_compatible(plan: Plan, connection: Connection) -> None:
    """Checks that writing would neither destroy nor misread data.

    Raises:
        StoreError: a name of ours is taken, or another version made the database.
    """
    require_ours(plan, connection)
    if plan.is_older or plan.changes:
        raise StoreRefused(_migration_message(plan))


def require_ours(plan: Plan, connection: Connection) -> None:
    """Checks that no foreign table or view has a name of ours, and that no newer version made the database.

    Raises:
        StoreError: the message names all of them.
    """
    if plan.conflicts:
        raise StoreRefused(
            f"The database already has tables or views that meeting_assets did not create: {', '.join(plan.conflicts)}."
            f" Nothing was changed. {_way_out(connection)}"
        )
    if plan.newer:
        raise StoreRefused(
            f"A newer version of meeting_assets made this database (it has {join_names(plan.newer)}, this version "
            f"knows schema {SCHEMA_VERSION}): upgrade meeting_assets."
        )


def add_missing(database: Database, connection: Connection, schema: Schema, plan: Plan) -> None:
    """Adds the plan's tables, columns and indexes."""
    is_new = META_TABLE in plan.tables
    if plan.tables and not database.is_sqlite:
        namespaces.create_namespace(connection, database.namespace.name)
    for name in plan.tables:
        schema.tables[name].create(connection, checkfirst=False)
    for name, column in plan.columns:
        definition = CreateColumn(schema.tables[name].c[column]).compile(dialect=connection.dialect)
        connection.exec_driver_sql(f'ALTER TABLE "{name}" ADD COLUMN {definition}')
    for name, index in plan.indexes:
        next(each for each in schema.tables[name].indexes if each.name == index).create(connection)
    if not is_new:
        mark_tables_outdated(connection, schema, plan.tables)
    elif not database.is_sqlite and not database.namespace.exists:
        put_meta(connection, {namespaces.OWN_SCHEMA: database.namespace.name})
        namespaces.append_to_search_path(connection, database.namespace.name, database.role_search_path)


def drop_views(connection: Connection, names: Collection[str]) -> dict[str, Access]:
    """Drops views of ours; returns their owners and grants for `create_views`."""
    accesses = {name: access_to(connection, name) for name in names}
    for name in names:
        connection.exec_driver_sql(f'DROP VIEW IF EXISTS "{name}"')
    return accesses


def create_views(
    connection: Connection, schema: Schema, accesses: Mapping[str, Access], names: Collection[str]
) -> None:
    """Creates views with the given owners and grants."""
    for name in names:
        view = schema.views[name]
        connection.exec_driver_sql(f'CREATE VIEW "{name}" AS {view_text(view, connection.dialect)}')
        columns = frozenset(each.name for each in view.selected_columns)
        give_access(connection, name, accesses.get(name, Access()), columns, kind="VIEW")


def mark_tables_outdated(
    connection: Connection, schema: Schema, names: Collection[str], *, has_rows: bool = False
) -> None:
    """Has the next run parse or derive the rows of some tables again; existing rows stay until then."""
    kinds = {schema.derived[table] for table in schema.derived if table.name in names}
    parsed = sorted(kind for kind in kinds if kind is not None)
    if parsed:
        affected = LEDGER.c.kind.in_(parsed)
        lock_matching(connection, affected)
        connection.execute(update_of(LEDGER, affected, {"parser_version": None}))
    if None in kinds:
        for table in schema.derived:
            if "inputs_hash" in table.c and (has_rows or table.name not in names):
                connection.execute(table.update().values(inputs_hash=""))


def record_schema(connection: Connection, schema: Schema, views: Collection[str]) -> None:
    """Records in `meta` the definitions of all tables, and of the views that were just created."""
    legacy = [LEGACY_RECORD + name for name in (*schema.tables, *schema.views)]
    delete_meta(connection, META.name.in_(legacy))
    definition = schema.definition(connection.dialect)
    definition = replace(definition, views={name: definition.views[name] for name in views})
    put_meta(connection, definition.as_records() | {VERSION_RECORD: str(SCHEMA_VERSION)})


@contextmanager
def refusals_explained(database: Database) -> Iterator[None]:
    """Translates the database's refusal of a schema change into a message with a remedy.

    Raises:
        StoreError: the role may not change the schema, or other objects depend on a table or view.
    """
    try:
        yield
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        if state not in {INSUFFICIENT_PRIVILEGE, READ_ONLY_TRANSACTION, DEPENDENT_OBJECTS}:
            raise
        diagnostics: Any = getattr(error.orig, "diag", None)
    else:
        return
    reason = str(diagnostics.message_primary)
    if state == DEPENDENT_OBJECTS:
        raise StoreRefused(
            f"Objects that meeting_assets did not create depend on one of its tables or views: {reason}. Nothing was "
            "changed. Drop those objects, run `meeting-assets migrate`, and create them again."
        )
    raise StoreRefused(
        f"The database at {database.address} refuses a change of the schema: {reason}. Nothing was changed. "
        "Run `meeting-assets migrate` once as the owner of the tables."
    )


def join_names(names: Collection[str]) -> str:
    """Joins names for a sentence; of many, the first few.

    >>> join_names(["a", "b"])
    'a, b'
    """
    rest = len(names) - MAX_NAMES
    return ", ".join([*names][:MAX_NAMES]) + (f" and {rest} more" if rest > 0 else "")


def check_privileges(connection: Connection, schema: Schema) -> None:
    """Checks that the role may write the tables, so that a run fails before it fetches anything.

    Raises:
        StoreError: the role may not; the message names the missing grant.
    """
    if connection.dialect.name == "sqlite":
        return
    missing = namespaces.missing_privileges(connection, [*schema.tables])
    if missing:
        schema_name, role = connection.exec_driver_sql("SELECT current_schema(), quote_ident(current_user)").one()
        raise StoreRefused(
            f"The database role {role} may not write {join_names(missing)}. Ask the owner of the tables for "
            f"`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema_name} TO {role};`"
        )


def _migration_message(plan: Plan) -> str:
    changes = f": {join_names([str(each) for each in plan.changes])}" if plan.changes else ""
    return (
        f"The tables of this database were made by another version of meeting_assets{changes}. "
        "Run `meeting-assets migrate` once every process runs this version (`--dry-run` shows the steps), "
        "or use the version that made them."
    )


def _way_out(connection: Connection) -> str:
    if connection.dialect.name == "sqlite":
        return "Choose another file in MEETING_ASSETS_DATABASE_URL, or rename those tables."
    return "Choose another MEETING_ASSETS_DATABASE_SCHEMA, or rename those tables."
