"""The PostgreSQL schema that holds our tables, and its search path.

A new database gets a schema of its own. An existing database keeps our tables in their present schema. Every
transaction runs `SET LOCAL search_path`, so neither the role's search path nor a pooler in transaction mode (PgBouncer)
changes the meaning of a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from meeting_assets.core.errors import StoreRefused

DEFAULT_SCHEMA = "meetings"
OWN_SCHEMA = "own_schema"
"""The row of `meta` that names a schema created by this package. Only the setting finds such a schema."""

# Schemas with a table `meta` that has our two columns: the configured schema first, then the role's search path.
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
    """The schema that holds our tables, now or in future."""

    name: str
    exists: bool


def find_namespace(connection: Connection, configured: str) -> Namespace:
    """Finds the schema of a database; call it before the transaction's search path is set.

    Raises:
        StoreError: the schema has our tables, and the role may not read them.
    """
    for name, is_readable in connection.execute(_CANDIDATES, {"configured": [configured]}).all():
        if not is_readable:
            raise StoreRefused(
                f"The database role {_role(connection)} may not read the tables of schema {name}. Ask their owner for "
                f"`GRANT USAGE ON SCHEMA {quoted(name)} TO {_role(connection)}; "
                f"GRANT SELECT ON ALL TABLES IN SCHEMA {quoted(name)} TO {_role(connection)};`"
            )
        if name == configured or _holds_meetings(connection, name):
            return Namespace(name, exists=True)
    return Namespace(configured, exists=connection.execute(_PRIVILEGES, {"name": configured}).first() is not None)


def create_namespace(connection: Connection, name: str) -> None:
    """Creates the schema if it is missing.

    Raises:
        StoreError: the role may not create the schema or its tables.
    """
    check_may_create(connection, name)
    if connection.execute(_PRIVILEGES, {"name": name}).first() is None:
        connection.exec_driver_sql(f"CREATE SCHEMA {quoted(name)}")


def check_may_create(connection: Connection, name: str) -> None:
    """Checks that the role may create the schema and tables in it.

    Raises:
        StoreError: the role may not; the message names the missing grant.
    """
    role, database = _role(connection), _database(connection)
    privileges = connection.execute(_PRIVILEGES, {"name": name}).first()
    if privileges is not None:
        if not all(privileges):
            raise StoreRefused(
                f"The database role {role} may not create tables in schema {name}. Ask the owner of the schema for "
                f"`GRANT USAGE, CREATE ON SCHEMA {quoted(name)} TO {role};`"
            )
        return
    if not connection.scalar(text("SELECT has_database_privilege(current_database(), 'CREATE')")):
        raise StoreRefused(
            f"Schema {name} does not exist, and the database role {role} may not create it. Ask an administrator for "
            f"`GRANT CREATE ON DATABASE {database} TO {role};` or for "
            f"`CREATE SCHEMA {quoted(name)} AUTHORIZATION {role};`"
        )


def append_to_search_path(connection: Connection, name: str, search_path: str) -> None:
    """Appends the schema to the role's search path, so that people can query tables without naming their schema.

    Existing schemas stay first in the search path, so every name resolves as before. A role without the privilege to
    change its own search path stays unchanged.
    """
    if name in {each.strip(' "') for each in search_path.split(",")}:
        return
    # PostgreSQL offers no query for this privilege, and an uncaught failure would end the transaction.
    statement = f"' SET search_path = ' || {_literal(f'{search_path}, {quoted(name)}')}"
    connection.exec_driver_sql(
        "DO $do$ BEGIN "
        f"EXECUTE 'ALTER ROLE CURRENT_USER IN DATABASE ' || quote_ident(current_database()) || {statement}; "
        "EXCEPTION WHEN insufficient_privilege THEN NULL; END $do$"
    )


def set_search_path(connection: Connection, name: str) -> None:
    """Makes names resolve in our schema until the transaction ends."""
    connection.exec_driver_sql(f"SET LOCAL search_path TO {quoted(name)}")


def tables_elsewhere(connection: Connection, column: str) -> list[tuple[str, str]]:
    """Schema and name of every readable table outside our schema that has this column."""
    query = text(
        "SELECT n.nspname, c.relname FROM pg_catalog.pg_attribute a "
        "JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
        "WHERE a.attname = :column AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'm') "
        "AND n.nspname <> current_schema() AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' "
        "AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1, 2"
    )
    return [(schema, name) for schema, name in connection.execute(query, {"column": column})]


def quoted(name: str) -> str:
    """An identifier quoted for SQL.

    >>> quoted("meetings")
    '"meetings"'
    """
    return '"' + name.replace('"', '""') + '"'


def missing_privileges(connection: Connection, tables: Sequence[str]) -> list[str]:
    """The tables that the role may not fully write."""
    query = text(
        "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = current_schema() AND c.relname = ANY (CAST(:names AS text[])) AND NOT ("
        "has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT') "
        "AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE')) ORDER BY 1"
    )
    return [*connection.scalars(query, {"names": [*tables]})]


def _holds_meetings(connection: Connection, schema: str) -> bool:
    """True if the schema holds our tables and was not created for another setting of its name.

    A row `schema_version` may belong to another program. Ours comes with the API origin, the record of a table
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
