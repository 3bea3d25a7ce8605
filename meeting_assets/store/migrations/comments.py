"""Comments of PostgreSQL tables, views and columns: the descriptions of the models. SQLite has no comments.

`meta` records a hash of the descriptions, so that opening an unchanged database reads no comment. Only the owner of a
table may comment on it. A role that owns no table leaves the comments to the owner, and reads the catalog at each
opening until the owner has written them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sqlalchemy import Connection, text

from meeting_assets.store.database import put_meta
from meeting_assets.store.migrations.plan import Schema
from meeting_assets.store.namespaces import quoted

COMMENTS_RECORD = "comments"
"""Name in `meta` of the hash of the descriptions that all comments have."""
_FOUND = text(
    """
    SELECT c.relname, c.relkind = 'v', a.attname, d.description, pg_has_role(c.relowner, 'USAGE')
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN LATERAL (
      SELECT NULL AS attname, 0 AS attnum
      UNION ALL
      SELECT attname, attnum FROM pg_catalog.pg_attribute
      WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
    ) a ON true
    LEFT JOIN pg_catalog.pg_description d
      ON d.objoid = c.oid AND d.classoid = 'pg_catalog.pg_class'::regclass AND d.objsubid = a.attnum
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v') AND c.relname = ANY (CAST(:names AS text[]))
    ORDER BY c.relname, a.attnum
    """
)


class Comment(NamedTuple):
    """A comment that the database lacks, or has in another wording; `column` is None for the table or view itself."""

    relation: str
    is_view: bool
    column: str | None
    text: str
    is_own: bool
    """True if the role may write it."""

    def statement(self) -> str:
        """The SQL statement that writes the comment."""
        kind = "COLUMN" if self.column is not None else "VIEW" if self.is_view else "TABLE"
        name = quoted(self.relation) + (f".{quoted(self.column)}" if self.column is not None else "")
        literal = self.text.replace("'", "''")
        return f"COMMENT ON {kind} {name} IS '{literal}'"


def missing_comments(connection: Connection, schema: Schema) -> Iterator[Comment]:
    """The comments on tables and views of ours that differ from their descriptions; none on SQLite."""
    relations = schema.descriptions.relations
    if connection.dialect.name == "sqlite" or not relations:
        return
    for relation, is_view, column, found, is_own in connection.execute(_FOUND, {"names": [*relations]}):
        description = relations[relation]
        wanted = description.text if column is None else description.columns.get(column)
        if wanted and wanted != found:  # a column without description belongs to another program
            yield Comment(relation, is_view, column, wanted, is_own)


def may_comment(connection: Connection, schema: Schema, meta: Mapping[str, str]) -> bool:
    """True if `meta` records other comments, and the role may write one of the missing ones or none is missing."""
    if connection.dialect.name == "sqlite" or not schema.descriptions.relations:
        return False
    if meta.get(COMMENTS_RECORD) == schema.descriptions.digest:
        return False
    missing = [*missing_comments(connection, schema)]
    return not missing or any(each.is_own for each in missing)


def write_comments(connection: Connection, schema: Schema) -> None:
    """Writes the missing comments that the role may write, in one round trip, and records complete ones in `meta`."""
    if connection.dialect.name == "sqlite" or not schema.descriptions.relations:
        return
    missing = [*missing_comments(connection, schema)]
    if own := [each.statement() for each in missing if each.is_own]:
        # Without parameters, the driver sends all statements at once, and leaves percent signs as they are.
        connection.exec_driver_sql(";\n".join(own), execution_options={"no_parameters": True})
    if all(each.is_own for each in missing):
        put_meta(connection, {COMMENTS_RECORD: schema.descriptions.digest})
