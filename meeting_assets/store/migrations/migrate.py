"""Migrates the tables of another version to this version: `meeting-assets migrate`.

    1. Run revisions of persistent tables (Alembic).
    2. Add missing tables, nullable columns and indexes.
    3. Drop columns of other versions from tables that differ by nothing else.
    4. For each table that differs otherwise, create a new table beside it and copy the rows.
    5. Give the new tables the names, owners and grants of the old ones, and recreate the views.
    6. Write the comments of tables, views and columns (PostgreSQL).

All steps run in one transaction, so a killed migration changes nothing. Readers see the old rows until step 5; writers
wait. Only tables that `meta` records as ours are touched.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    Float,
    Index,
    Integer,
    MetaData,
    Table,
    cast,
    func,
    insert,
    inspect,
    select,
)
from sqlalchemy import column as any_column
from sqlalchemy import table as any_table
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.sql.elements import ColumnElement, quoted_name

from meeting_assets.core.errors import NothingStored, StoreRefused
from meeting_assets.schema.search_index import SearchIndex, restore_index
from meeting_assets.store import locks
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import Database
from meeting_assets.store.ledger import LEDGER, RECORDINGS
from meeting_assets.store.locks import Lock, RowLocks
from meeting_assets.store.migrations.comments import write_comments
from meeting_assets.store.migrations.definitions import TableDefinition, table_definition
from meeting_assets.store.migrations.grants import Access, access_to, give_access
from meeting_assets.store.migrations.inspection import read_found, read_meta, read_names, read_plan, read_recorded
from meeting_assets.store.migrations.plan import (
    FIRST_RECORDED_VERSION,
    SCHEMA_VERSION,
    Plan,
    Schema,
    TableChange,
    foreign_columns,
)
from meeting_assets.store.migrations.setup import (
    add_missing,
    create_views,
    drop_views,
    join_names,
    mark_tables_outdated,
    record_schema,
    refusals_explained,
    require_ours,
)

NEW = "__new"
REVISIONS = str(Path(__file__).parent / "revisions")


def migration_steps(database: Database, schema: Schema) -> list[str]:
    """The steps of a migration, one phrase each; changes nothing.

    Raises:
        StoreError: the migration would refuse.
    """
    with database.reading() as connection:
        return [*_steps(connection, schema, _plan(database, connection, schema))]


@retry_on_conflict
def migrate(database: Database, schema: Schema) -> bool:
    """Migrates the tables. Returns True if the next run or rebuild has to parse or derive rows again.

    Raises:
        StoreError: a name is taken, a newer version made the database, or rows do not fit.
    """
    with database.writing() as connection, refusals_explained(database):
        leave_views_alone(connection)
        locks.take(connection, Lock.SCHEMA)
        plan = _plan(database, connection, schema)
        _stop_writers(connection, plan)
        # PostgreSQL changes no column that a view selects. Without revisions, views stay readable until the swap.
        accesses = drop_views(connection, schema.views) if plan.is_older else {}
        if plan.is_older:
            recorded = read_recorded(connection, schema)
            run_revisions(connection, since=recorded.version or FIRST_RECORDED_VERSION, until=SCHEMA_VERSION)
            plan = _plan(database, connection, schema)
        add_missing(database, connection, schema, plan)
        outdated = _change_tables(connection, schema, plan.changes, accesses)
        mark_tables_outdated(connection, schema, outdated, has_rows=True)
        record_schema(connection, schema, schema.views)
        write_comments(connection, schema)
        return bool(outdated)


def _change_tables(
    connection: Connection, schema: Schema, changes: Sequence[TableChange], view_accesses: Mapping[str, Access]
) -> list[str]:
    """Changes tables and recreates the views; returns the tables with placeholder values."""
    found = read_found(connection, schema)
    tables = {each.name: schema.tables[each.name] for each in changes if not each.dropped}
    _lock_tables(connection, [*tables])
    new = {name: _filled(connection, table, found.tables[name]) for name, table in tables.items()}
    view_accesses = view_accesses or drop_views(connection, schema.views)
    for change in changes:
        if change.dropped:
            _drop_columns(connection, change)
    for name, table in tables.items():
        _swap(connection, table, new[name])
    if SearchIndex.__tablename__ in tables:
        restore_index(connection)
    create_views(connection, schema, view_accesses, schema.views)
    return [name for name, table in tables.items() if _placeholder_names(table, found.tables[name])]


def _drop_columns(connection: Connection, change: TableChange) -> None:
    """Drops columns of another version. Rows, foreign columns, owner and grants of the table stay."""
    if connection.dialect.name == "sqlite":  # PostgreSQL drops the indexes of a column with it
        for index in inspect(connection).get_indexes(change.name):
            if {*index["column_names"]} & {*change.dropped}:
                connection.exec_driver_sql(f'DROP INDEX "{index["name"]}"')
    for column in change.dropped:
        connection.exec_driver_sql(f'ALTER TABLE "{change.name}" DROP COLUMN "{column}"')


def _plan(database: Database, connection: Connection, schema: Schema) -> Plan:
    if read_meta(connection) is None and not read_found(connection, schema).tables:
        raise NothingStored(f"The database at {database.address} holds no meetings yet: there is nothing to migrate.")
    plan = read_plan(connection, schema)
    require_ours(plan, connection)
    _refuse_impossible(connection, schema, plan)
    return plan


def _steps(connection: Connection, schema: Schema, plan: Plan) -> Iterator[str]:
    if plan.is_older:
        yield f"Run the revisions of persistent tables up to schema {SCHEMA_VERSION}"
    yield from (f"{each[0].upper()}{each[1:]}" for each in plan.additions())
    found = read_found(connection, schema)
    for change in plan.changes:
        if change.dropped:
            yield f"Drop {join_names(change.dropped)} from table {change.name}; its rows and grants stay"
            continue
        rows = connection.scalar(select(func.count()).select_from(any_table(change.name)))
        text = f"Replace table {change.name} with its {rows} rows and its grants: {'; '.join(change.differences)}"
        placeholders = _placeholder_names(schema.tables[change.name], found.tables[change.name])
        if placeholders and rows:
            text += f". {join_names(placeholders)} will be filled when the rows are parsed or derived again"
        yield text
    yield from (f"Leave table {name} as it is; this version does not use it" for name in plan.abandoned)


def _refuse_impossible(connection: Connection, schema: Schema, plan: Plan) -> None:
    found, recorded = read_found(connection, schema), read_recorded(connection, schema)
    persistent = {table.name for table in schema.persistent}
    names = read_names(connection)
    for change in plan.changes:
        table, there = schema.tables[change.name], found.tables[change.name]
        wanted = table_definition(table, connection.dialect)
        foreign = () if change.dropped else foreign_columns(wanted, recorded.tables.get(change.name), there)
        if foreign:
            raise StoreRefused(
                f"Table {change.name} has columns that meeting_assets did not create: {join_names(sorted(foreign))}. "
                "Nothing was changed. Move them to a table of yours, then run `meeting-assets migrate` again."
            )
        missing_keys = [each for each in wanted.key if there.column(each) is None]
        lacking = missing_keys or (_placeholder_names(table, there) if change.name in persistent else [])
        if lacking:
            raise StoreRefused(
                f"Table {change.name} lacks {join_names(lacking)}, which its rows cannot supply. Nothing was changed. "
                "Set another MEETING_ASSETS_DATABASE_URL or MEETING_ASSETS_DATABASE_SCHEMA, and run "
                "`meeting-assets rebuild`, which makes a new database from the raw store."
            )
        if change.name + NEW in names:
            raise StoreRefused(f"The name {change.name + NEW} is taken. Rename that table, then migrate again.")


def leave_views_alone(connection: Connection) -> None:
    """Lets SQLite drop and rename tables that views select from. Views find the new table by its name."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA legacy_alter_table=ON")  # until the connection is closed


def run_revisions(connection: Connection, *, since: int, until: int, folder: str = REVISIONS) -> None:
    """Runs Alembic's revisions between two schema versions, in the connection's transaction."""
    # perf: importing Alembic takes 0.1 s, and nothing else needs it
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.attributes["connection"] = connection
    # `meta` is authoritative: pure additions do not change Alembic's table.
    command.stamp(config, f"{since:04}", purge=True)
    command.upgrade(config, f"{until:04}")


def _stop_writers(connection: Connection, plan: Plan) -> None:
    """Waits for transactions that write recordings, and excludes new ones. Readers continue.

    Such transactions lock rows of `recordings` before rows of the ledger. So the migration locks both tables before it
    changes a row of either.
    """
    if plan.is_older or plan.changes or plan.tables or plan.columns:
        locks.about_to_lock(connection, RowLocks.LEDGER)
        present = [name for name in (RECORDINGS.name, LEDGER.name) if name not in plan.tables]
        _lock_tables(connection, present)


def _lock_tables(connection: Connection, names: Sequence[str]) -> None:
    """Excludes writers, whose rows would be lost while a table is copied."""
    if connection.dialect.name == "sqlite":
        return
    for name in names:
        connection.exec_driver_sql(f'LOCK TABLE "{name}" IN EXCLUSIVE MODE')


def _filled(connection: Connection, table: Table, old: TableDefinition) -> Table:
    """Creates a table of this version under another name, with the rows of the old one."""
    new = table.to_metadata(MetaData(), name=table.name + NEW)
    indexes = dict(zip(_in_order(table.indexes), _in_order(new.indexes), strict=True))
    new.indexes.clear()
    new.create(connection, checkfirst=False)
    _copy_rows(connection, table, new, old)
    if connection.dialect.name != "sqlite":  # SQLite cannot rename an index
        for old_index, index in indexes.items():
            index.name = quoted_name(f"{old_index.name}{NEW}", quote=None)
            index.create(connection)
    return new


def _in_order(indexes: Collection[Index]) -> list[Index]:
    """Sorts indexes by their columns, because the indexes of a copied table may have other names."""
    return sorted(indexes, key=lambda index: [str(each.name) for each in index.columns])


def _swap(connection: Connection, table: Table, new: Table) -> None:
    """Replaces the old table by the new one."""
    access = access_to(connection, table.name)
    connection.exec_driver_sql(f'DROP TABLE "{table.name}"')
    connection.exec_driver_sql(f'ALTER TABLE "{new.name}" RENAME TO "{table.name}"')
    if connection.dialect.name == "sqlite":
        for index in table.indexes:
            index.create(connection)
        return
    for name in (f"{table.name}{NEW}_pkey", *(f"{index.name}{NEW}" for index in table.indexes)):
        connection.exec_driver_sql(f'ALTER INDEX "{name}" RENAME TO "{name.replace(NEW, "")}"')
    give_access(connection, table.name, access, frozenset(table.columns.keys()), kind="TABLE")


def _copy_rows(connection: Connection, table: Table, new: Table, old: TableDefinition) -> None:
    values = [_copied(column, old, connection.dialect.name) for column in table.columns]
    try:
        connection.execute(
            insert(new).from_select([*new.columns.keys()], select(*values).select_from(any_table(table.name)))
        )
    except (DataError, IntegrityError) as error:
        cause = type(error.orig).__name__
    else:
        return
    raise StoreRefused(
        f"Rows of table {table.name} do not fit its columns in this version ({cause}). Nothing was changed. Use the "
        "version that made them, or `meeting-assets rebuild` into another MEETING_ASSETS_DATABASE_URL."
    )


def _copied(column: Column[object], old: TableDefinition, dialect: str) -> ColumnElement[object]:
    there = old.column(column.name)
    if there is None:
        return _placeholder(column) if not column.nullable else cast(None, column.type)
    # SQLite converts by the affinity of the new column. A cast would change values that do not convert.
    value: ColumnElement[object] = any_column(column.name)
    value = value if dialect == "sqlite" else cast(value, column.type)
    return func.coalesce(value, _placeholder(column)) if there.is_nullable and not column.nullable else value


def _placeholder(column: Column[object]) -> ColumnElement[object]:
    """A value for a column that the old rows lack, until the rows are parsed or derived again."""
    kinds = {Boolean: False, Integer: 0, Float: 0.0, Date: date.min}
    value = next((value for kind, value in kinds.items() if isinstance(column.type, kind)), "")
    return cast(value, column.type)


def _placeholder_names(table: Table, old: TableDefinition) -> list[str]:
    filled = {each.name for each in old.columns if not each.is_nullable}
    return [each.name for each in table.columns if not each.nullable and each.name not in filled]
