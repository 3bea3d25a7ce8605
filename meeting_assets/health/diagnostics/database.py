"""Diagnostics of the database: access, schema and origin, and a summary of its ledger.

The probe of the database writes one row and rolls back.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from obstore.store import MemoryStore
from sqlalchemy import Connection, inspect
from sqlmodel import SQLModel

from meeting_assets.core.errors import NothingStored, StoreError
from meeting_assets.health.diagnostics.origin import diagnose_origin
from meeting_assets.health.diagnostics.report import HealthCheck, Severity, diagnose, shown_size
from meeting_assets.health.status import status_of
from meeting_assets.pipeline.storage import Storage, derived_tables, whole_schema
from meeting_assets.schema.persistent import Meta
from meeting_assets.settings import Settings
from meeting_assets.store.database import PERSISTENT_TABLES, Database, table_of
from meeting_assets.store.migrations.comments import missing_comments
from meeting_assets.store.migrations.inspection import VERSION_RECORD, read_meta, read_plan
from meeting_assets.store.migrations.plan import SCHEMA_VERSION, Plan
from meeting_assets.store.migrations.setup import check_privileges, join_names, require_compatible
from meeting_assets.store.namespaces import check_may_create
from meeting_assets.store.raw import RawStore

DATABASE = "database"
LEDGER = "ledger"


def diagnose_database(settings: Settings) -> Iterator[HealthCheck]:
    """Checks that the database can be read and written, its schema and origin, and its ledger."""
    try:
        database = Database.at(settings.database_url, settings.database_schema, is_read_only=True)
    except NothingStored as error:
        yield _missing_file(settings, str(error))
        return
    with closing(database):
        yield from diagnose(DATABASE, _diagnose_database(database, settings))
        yield from diagnose(LEDGER, _diagnose_ledger(database))


def table_names() -> set[str]:
    """The names of all tables of this version."""
    models: list[type[SQLModel]] = [*PERSISTENT_TABLES, *derived_tables()]
    return {table_of(model).name for model in models}


def _missing_file(settings: Settings, sentence: str) -> HealthCheck:
    """Ok if the first sync can create the missing file, an error if its folder cannot be created."""
    folder = Path(str(settings.database_file)).parent
    while not folder.exists():
        folder = folder.parent
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return HealthCheck(DATABASE, Severity.OK, sentence)
    reason = os.strerror(errno.EACCES if folder.is_dir() else errno.ENOTDIR)
    advice = "Check MEETING_ASSETS_DATABASE_URL and MEETING_ASSETS_HOME"
    return HealthCheck(
        DATABASE, Severity.ERROR, f"Its folder cannot be created ({folder}: {reason}). {advice}.", StoreError
    )


def _diagnose_database(database: Database, settings: Settings) -> Iterator[HealthCheck]:
    with database.reading() as connection:
        plan = read_plan(connection, whole_schema())
        require_compatible(plan, connection)
        meta = read_meta(connection) or {}
        size_bytes = _size_bytes(connection, settings)
        foreign = [each for each in missing_comments(connection, whole_schema()) if not each.is_own]
        if not database.is_sqlite and not meta:
            check_may_create(connection, database.namespace.name)
    if meta:
        _probe(settings)
    product = "SQLite" if database.is_sqlite else f"PostgreSQL, tables in schema {database.namespace.name}"
    version = meta.get(VERSION_RECORD, SCHEMA_VERSION)
    description = f"{product}, {shown_size(size_bytes)}, schema version {version}, can be written"
    yield diagnose_origin(DATABASE, meta.get("api_origin"), settings, description)
    if meta:
        yield from _diagnose_schema(plan)
    if meta and foreign:
        yield HealthCheck(DATABASE, Severity.OK, _foreign_comments(len(foreign)))


def _foreign_comments(count: int) -> str:
    return (
        f"{count} comments on tables and columns are missing or outdated. Only the owner of the tables may write them: "
        "run `meeting-assets migrate` as the owner for the descriptions in SQL clients. Nothing else depends on them."
    )


def _diagnose_schema(plan: Plan) -> Iterator[HealthCheck]:
    if plan.tables:
        sentence = (
            f"Tables are missing: {', '.join(plan.tables)}. Run `meeting-assets rebuild` to create and fill them."
        )
        yield HealthCheck(DATABASE, Severity.WARNING, sentence)
    if plan.columns:
        columns = join_names([f"{table}.{column}" for table, column in plan.columns])
        sentence = (
            f"An older version created it: {columns} are missing. `meeting-assets sync` or `meeting-assets migrate` "
            "adds them."
        )
        yield HealthCheck(DATABASE, Severity.WARNING, sentence)


def _size_bytes(connection: Connection, settings: Settings) -> int:
    path = settings.database_file
    if path is None:
        return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())
    files = [path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm")]
    return sum(each.stat().st_size for each in files if each.exists())


def _probe(settings: Settings) -> None:
    """Writes a row and rolls back."""
    with closing(Database.at(settings.database_url, settings.database_schema)) as database:
        with database.reading() as connection:
            check_privileges(connection, whole_schema())
        with database.writing() as connection:
            connection.execute(table_of(Meta).insert(), {"name": "probe", "value": ""})
            connection.get_transaction().rollback()  # type: ignore[union-attr]


def _diagnose_ledger(database: Database) -> Iterator[HealthCheck]:
    with database.reading() as connection:
        present = set(inspect(connection).get_table_names())
    if table_names() - present:
        return
    # The status reads the database alone. An empty raw store takes the place of the real one, which may be unavailable.
    status = status_of(Storage(database, RawStore(MemoryStore())))
    problems = {
        "artifacts need a person's action": len(status.action_items),
        "artifacts are not fetched or not parsed": status.missing,
        "objects in the API's lists cannot be read": len(status.unreadable),
    }
    summary = ", ".join(f"{count} {problem}" for problem, count in problems.items() if count)
    recordings = f"{sum(status.recordings.values())} recordings"
    if summary:
        sentence = f"{recordings}; {summary}. Run `meeting-assets status` to list them."
        yield HealthCheck(LEDGER, Severity.WARNING, sentence)
    else:
        yield HealthCheck(LEDGER, Severity.OK, f"{recordings}; no artifact needs an action.")
