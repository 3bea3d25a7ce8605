"""The PostgreSQL schema that holds our tables, and how every transaction finds it.

A new database gets a schema of its own; a database that already holds our tables keeps them where they are. Names are
resolved by `SET LOCAL search_path`, which ends with its transaction: neither a role's own search path nor a pooler in
transaction mode (PgBouncer) changes what a name means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from meeting_assets.core.errors import StoreError

DEFAULT_SCHEMA = "meetings"
OWN_SCHEMA = "own_schema"
"""Names in `meta` the schema that this package created; such tables are found by the setting alone."""

# Schemas that have a table `meta` with our two columns: the configured one first, then the role's own search path.
_CANDIDATES = text(
    """
    SELECT n.nspname, has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relname = 'meta' AND c.relkind IN ('r', 'p')
      AND n.nspname = ANY (CAST(:configured AS text[]) || CAST(current_schemas(false) AS text[]))
      AND 2 = (
        SELECT count(*) FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attname IN ('name', 'value')
      )
    ORDER BY n.nspname <> ALL (CAST(:configured AS text[])), array_position(current_schemas(false), n.nspname)
    """
)
_PRIVILEGES = text(
    """
    SELECT has_schema_privilege(oid, 'USAGE'), has_schema_privilege(oid, 'CREATE')
    FROM pg_catalog.pg_namespace WHERE nspname = :name
    """
)


@dataclass(frozen=True, slots=True)
class Namespace:
    """The schema that holds our tables, or will hold them."""

    name: str
    is_made: bool
    """Whether the schema exists."""


def find_namespace(connection: Connection, configured: str) -> Namespace:
    """Finds the schema of a database; call it before the transaction's search path is set.

    Raises:
        StoreError: our tables are there, and the role may not read them.
    """
    for name, is_readable in connection.execute(_CANDIDATES, {"configured": [configured]}).all():
        if not is_readable:
            raise StoreError(
                f"The database role {_role(connection)} may not read the tables of schema {name}. Ask their owner for "
                f"`GRANT USAGE ON SCHEMA {quoted(name)} TO {_role(connection)}; "
                f"GRANT SELECT ON ALL TABLES IN SCHEMA {quoted(name)} TO {_role(connection)};`"
            )
        if name == configured or _holds_meetings(connection, name):
            return Namespace(name, is_made=True)
    return Namespace(configured, is_made=connection.execute(_PRIVILEGES, {"name": configured}).first() is not None)


def create_namespace(connection: Connection, name: str) -> None:
    """Creates the schema if it is missing.

    Raises:
        StoreError: the role may not create it, or may not create tables in it.
    """
    check_may_create(connection, name)
    if connection.execute(_PRIVILEGES, {"name": name}).first() is None:
        connection.exec_driver_sql(f"CREATE SCHEMA {quoted(name)}")


def check_may_create(connection: Connection, name: str) -> None:
    """Raises where the role may neither create the schema nor tables in it.

    Raises:
        StoreError: it names the grant to ask for.
    """
    role, database = _role(connection), _database(connection)
    privileges = connection.execute(_PRIVILEGES, {"name": name}).first()
    if privileges is not None:
        if not all(privileges):
            raise StoreError(
                f"The database role {role} may not create tables in schema {name}. Ask the owner of the schema for "
                f"`GRANT USAGE, CREATE ON SCHEMA {quoted(name)} TO {role};`"
            )
        return
    if not connection.scalar(text("SELECT has_database_privilege(current_database(), 'CREATE')")):
        raise StoreError(
            f"Schema {name} does not exist, and the database role {role} may not create it. Ask an administrator for "
            f"`GRANT CREATE ON DATABASE {database} TO {role};` or for "
            f"`CREATE SCHEMA {quoted(name)} AUTHORIZATION {role};`"
        )


def append_to_search_path(connection: Connection, name: str, search_path: str) -> None:
    """Lets the role find the tables without naming their schema; a managed role that may not is left as it is.

    Existing schemas stay first in the search path, so every name resolves as before.
    """
    if name in {each.strip(' "') for each in search_path.split(",")}:
        return
    # A failure would end the transaction; PostgreSQL has no way to ask for this privilege before.
    statement = f"' SET search_path = ' || {_literal(f'{search_path}, {quoted(name)}')}"
    connection.exec_driver_sql(
        "DO $do$ BEGIN "
        f"EXECUTE 'ALTER ROLE CURRENT_USER IN DATABASE ' || quote_ident(current_database()) || {statement}; "
        "EXCEPTION WHEN insufficient_privilege THEN NULL; END $do$"
    )


def set_search_path(connection: Connection, name: str) -> None:
    """Resolves names in our schema until the transaction ends."""
    connection.exec_driver_sql(f"SET LOCAL search_path TO {quoted(name)}")


def tables_elsewhere(connection: Connection, column: str) -> list[tuple[str, str]]:
    """Schema and name of every table outside our schema that has this column and that the role may read."""
    query = text(
        "SELECT n.nspname, c.relname FROM pg_catalog.pg_attribute a "
        "JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
        "WHERE a.attname = :column AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'm') "
        "AND n.nspname <> current_schema() AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' "
        "AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1, 2"
    )
    return [(schema, name) for schema, name in connection.execute(query, {"column": column})]


def quoted(name: str) -> str:
    """An identifier as SQL takes it.

    >>> quoted("meetings")
    '"meetings"'
    """
    return '"' + name.replace('"', '""') + '"'


def missing_privileges(connection: Connection, tables: Sequence[str]) -> list[str]:
    """Tables that the role may not fully write."""
    query = text(
        "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = current_schema() AND c.relname = ANY (CAST(:names AS text[])) AND NOT ("
        "has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT') "
        "AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE')) ORDER BY 1"
    )
    return [*connection.scalars(query, {"names": [*tables]})]


def _holds_meetings(connection: Connection, schema: str) -> bool:
    """True if the schema holds our tables without having been made for another setting of the schema's name.

    A `schema_version` alone may be another program's. Ours stands beside the API's origin, the record of a table
    (`shape:` up to version 2), or the two tables that every version had.
    """
    names = {*connection.exec_driver_sql(f"SELECT name FROM {quoted(schema)}.meta").scalars()}  # noqa: S608
    if "schema_version" not in names or OWN_SCHEMA in names:
        return False
    is_recorded = any(str(name).startswith(("table:", "shape:")) for name in names)
    return "api_origin" in names or is_recorded or _has_tables(connection, schema, ("recordings", "artifacts"))


def _has_tables(connection: Connection, schema: str, names: Sequence[str]) -> bool:
    query = text(
        "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = :schema AND c.relname = ANY (CAST(:names AS text[])) AND c.relkind IN ('r', 'p')"
    )
    return bool(connection.scalar(query, {"schema": schema, "names": [*names]}) == len(names))


def _role(connection: Connection) -> str:
    return str(connection.scalar(text("SELECT quote_ident(current_user)")))


def _database(connection: Connection) -> str:
    return str(connection.scalar(text("SELECT quote_ident(current_database())")))


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
