"""The id that a database and its raw store share. A process that is configured with another one of either is refused.

| database | raw store | bind_ids | verified_id |
|---|---|---|---|
| none | none | both get a new id | as `bind_ids`, unless the run names an id |
| none, or another id | some id | adopted with `adopts` if the database has no recordings, else refused | refused |
| some id | none | the raw store takes the id | refused |
| the same | the same | returned | refused if the run names another id |
"""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import inspect, select

from meeting_assets.core.errors import StoreRefused
from meeting_assets.schema.persistent import Meta, Recordings
from meeting_assets.store.database import Database, meta_value, table_of
from meeting_assets.store.raw import RawStore
from meeting_assets.store.raw_layout import DATABASE

DATABASE_ID = "database_id"
SAME_SETTINGS = (
    "Give every process of the deployment the same MEETING_ASSETS_DATABASE_URL and MEETING_ASSETS_RAW_URL "
    "(or MEETING_ASSETS_HOME)."
)
REPLACED_DATABASE = (
    "If this database replaces a lost one, run `meeting-assets rebuild`. If the raw store's former database is given "
    f"up, delete {DATABASE} from the raw store."
)

OTHER_DATABASE = f"The raw store belongs to another database than this one. {SAME_SETTINGS} {REPLACED_DATABASE}"


def held_id(database: Database) -> str | None:
    """The id in `meta`; None for a database without a raw store."""
    return database.read(lambda connection: meta_value(connection, DATABASE_ID))


def bind_ids(database: Database, raw: RawStore, *, adopts: bool = False) -> str:
    """Gives database and raw store one id, if they have none, and returns it.

    With `adopts`, a database without recordings takes the raw store's id: it replaces a lost database.

    Raises:
        StoreError: they have different ids.
    """
    held, of_raw = held_id(database), raw.database_id()
    if of_raw is not None and held != of_raw and adopts and not _has_recordings(database):
        database.set_meta(DATABASE_ID, of_raw)
        return of_raw
    if of_raw is None:
        held = held or database.set_meta_once(DATABASE_ID, uuid4().hex)
        of_raw = raw.bind_database(held)
    if held != of_raw:
        raise StoreRefused(OTHER_DATABASE)
    return of_raw


def verified_id(database: Database, raw: RawStore, expected: str | None) -> str:
    """Returns the common id of database, raw store and run. `expected` is the id of the process that requested the run.

    Unlike `bind_ids`, never binds a new database or raw store to an existing one: in the process of a run, a wrong
    setting is the likelier cause.

    Raises:
        StoreRefused: the ids differ; the message names the setting to check.
    """
    held, of_raw = held_id(database), raw.database_id()
    if expected is None and held is None and of_raw is None:
        return bind_ids(database, raw)
    if held is None or held != (expected or held):
        raise StoreRefused(_wrong_setting("MEETING_ASSETS_DATABASE_URL", "database"))
    if of_raw is None:
        raise StoreRefused(_wrong_setting("MEETING_ASSETS_RAW_URL", "raw store"))
    if of_raw != held:
        return bind_ids(database, raw)  # raises
    return held


def mismatch(database: Database, raw: RawStore) -> str | None:
    """The reason why runs would refuse this database and raw store; None if they would not. Changes nothing.

    Raises:
        StoreError: the database or the raw store cannot be read.
    """
    with database.reading() as connection:
        is_new = not inspect(connection).has_table(table_of(Meta).name)
    held, of_raw = None if is_new else held_id(database), raw.database_id()
    return OTHER_DATABASE if of_raw is not None and held != of_raw else None


def replacement_notice(database: Database, raw: RawStore) -> str | None:
    """The notice that an empty database replaces the former database of a raw store; None if it does not.

    Read it before `bind_ids`, which succeeds only for an empty database. A replacement is intended after the loss of a
    database, but not after a mistyped or forgotten MEETING_ASSETS_DATABASE_URL.

    Raises:
        StoreError: the database or the raw store cannot be read.
    """
    if mismatch(database, raw) is None:
        return None
    return (
        f"The empty database at {database.address} replaces the former database of this raw store. "
        "If that was not intended, correct MEETING_ASSETS_DATABASE_URL."
    )


def _wrong_setting(setting: str, what: str) -> str:
    return (
        f"{setting} of this process names another {what} than the rest of the deployment uses. Nothing was stored. "
        f"{SAME_SETTINGS} If the {what} is meant to be a new one, run `meeting-assets sync` once with these settings."
    )


def _has_recordings(database: Database) -> bool:
    query = select(table_of(Recordings).c.recording_id).limit(1)
    return database.read(lambda connection: connection.scalar(query) is not None)
