"""Owner and privileges of a PostgreSQL table or view, copied from a replaced relation to the new one."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from meeting_assets.store.namespaces import quoted

_OWNER = text(
    "SELECT pg_get_userbyid(relowner), pg_get_userbyid(relowner) = current_user "
    "FROM pg_catalog.pg_class WHERE oid = to_regclass(quote_ident(:name))"
)
_OF_RELATION = text(
    "SELECT a.grantee, CASE WHEN a.grantee <> 0 THEN pg_get_userbyid(a.grantee) END, a.privilege_type, a.is_grantable "
    "FROM pg_catalog.pg_class c, aclexplode(c.relacl) a WHERE c.oid = to_regclass(quote_ident(:name)) "
    "AND a.grantee <> c.relowner"
)
_OF_COLUMNS = text(
    "SELECT t.attname, CASE WHEN a.grantee <> 0 THEN pg_get_userbyid(a.grantee) END, a.privilege_type, a.is_grantable "
    "FROM pg_catalog.pg_attribute t, aclexplode(t.attacl) a "
    "WHERE t.attrelid = to_regclass(quote_ident(:name)) AND NOT t.attisdropped"
)


@dataclass(frozen=True, slots=True)
class Grant:
    """One privilege on a relation or on one of its columns. `grantee` is None for PUBLIC."""

    privilege: str
    grantee: str | None
    is_grantable: bool
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """The owner of a relation, None if it is the current role, and all privileges of others."""

    owner: str | None = None
    grants: tuple[Grant, ...] = ()


def access_to(connection: Connection, name: str) -> Access:
    """Owner and grants of a relation in our schema. SQLite has neither."""
    if connection.dialect.name == "sqlite":
        return Access()
    row = connection.execute(_OWNER, {"name": name}).first()
    if row is None:
        return Access()
    owner, is_own = row
    whole = [Grant(p, role, option) for _, role, p, option in connection.execute(_OF_RELATION, {"name": name})]
    columns = [Grant(p, role, option, c) for c, role, p, option in connection.execute(_OF_COLUMNS, {"name": name})]
    return Access(None if is_own else owner, (*whole, *columns))


def give_access(connection: Connection, name: str, access: Access, columns: frozenset[str], *, kind: str) -> None:
    """Gives a new relation the grants and the owner of the replaced one; `kind` is TABLE or VIEW."""
    for grant in access.grants:
        if grant.column is not None and grant.column not in columns:
            continue
        of_column = f" ({quoted(grant.column)})" if grant.column is not None else ""
        grantee = "PUBLIC" if grant.grantee is None else quoted(grant.grantee)
        option = " WITH GRANT OPTION" if grant.is_grantable else ""
        connection.exec_driver_sql(f"GRANT {grant.privilege}{of_column} ON {quoted(name)} TO {grantee}{option}")
    if access.owner is not None:
        connection.exec_driver_sql(f"ALTER {kind} {quoted(name)} OWNER TO {quoted(access.owner)}")
