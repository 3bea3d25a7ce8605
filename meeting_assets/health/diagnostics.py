"""What a look at the settings, the API, the database and the raw store finds, and what to do about it.

Each part is looked at by itself, so that a broken one hides no other. Nothing is changed: what is written to see
whether that can be done is taken back.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from obstore.store import MemoryStore
from pydantic import SecretStr
from sqlalchemy import Connection, inspect
from sqlmodel import SQLModel

from meeting_assets.core.errors import (
    ApiError,
    MeetingAssetsError,
    NothingStored,
    Refused,
    SettingsError,
    StoreError,
)
from meeting_assets.core.instants import now
from meeting_assets.core.urls import LOOPBACK, printable
from meeting_assets.health.audit import Audit, audit
from meeting_assets.health.status import status_of
from meeting_assets.pipeline.storage import (
    Storage,
    access_of,
    derived_tables,
    open_raw_store,
    origin_of,
    whole_schema,
)
from meeting_assets.recall.client import Access, RecallClient
from meeting_assets.schema.persistent import Meta
from meeting_assets.settings import Settings
from meeting_assets.store.database import PERSISTENT_TABLES, Database, table_of
from meeting_assets.store.migrations.inspection import VERSION_RECORD, read_meta, read_plan
from meeting_assets.store.migrations.plan import SCHEMA_VERSION
from meeting_assets.store.migrations.setup import check_privileges, join_names, refuse
from meeting_assets.store.namespaces import check_may_create
from meeting_assets.store.object_stores import cloud_of
from meeting_assets.store.raw import RawStore

API_ANSWERS_WITHIN_S = 20.0
AUDIT_WITHIN_S = 20.0
KEYS_NAMED = 5
OBJECTS = "raw objects"
# A window that holds next to nothing: only the answer's status matters.
LISTED = timedelta(minutes=1)


class Severity(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """One thing that was looked at; if it is not as it should be, the sentence says what to do."""

    subject: str
    verdict: Severity
    sentence: str


@dataclass(frozen=True, slots=True)
class EffectiveSetting:
    """What a setting is, without what is secret of it, and where that comes from."""

    name: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """The settings, and findings that are made while they are read: once."""

    settings: list[EffectiveSetting]
    findings: Iterator[HealthCheck]

    def as_json(self) -> dict[str, Any]:
        """For machines; keys stay."""
        found = [*self.findings]
        return {
            "healthy": all(each.verdict is not Severity.ERROR for each in found),
            "settings": {each.name: {"value": each.value, "source": each.source} for each in self.settings},
            "findings": [
                {"subject": each.subject, "verdict": each.verdict.value, "sentence": each.sentence} for each in found
            ],
        }


def diagnose(subject: str, findings: Iterable[HealthCheck]) -> Iterator[HealthCheck]:
    """The findings; an error on the way becomes the last one."""
    try:
        yield from findings
    except MeetingAssetsError as error:
        yield HealthCheck(subject, Severity.ERROR, str(error))
    except Exception as error:  # noqa: BLE001 - whatever is broken here must not hide what is broken elsewhere
        yield HealthCheck(subject, Severity.ERROR, f"It cannot be looked at: unexpected {type(error).__name__}.")


def effective_settings(settings: Settings) -> list[EffectiveSetting]:
    """Every setting by the name of its variable."""
    return [
        EffectiveSetting(
            field.alias or name,
            _shown(settings, name, is_private=not field.repr),
            "environment" if name in settings.model_fields_set else "default",
        )
        for name, field in Settings.model_fields.items()
    ] + _object_store_variables(settings.raw_url)


def _object_store_variables(url: str) -> list[EffectiveSetting]:
    """The variables that an object store's client reads, without their values, which may be secrets."""
    cloud = cloud_of(url)
    given = {name: bool(os.environ.get(name)) for name in (cloud.variables if cloud else ())}
    return [
        EffectiveSetting(name, "set" if is_set else "not set", "environment" if is_set else "default")
        for name, is_set in given.items()
    ]


def of_api(settings: Settings) -> Iterator[HealthCheck]:
    """Whether the API is there and knows the key: one short list is asked for."""
    try:
        asyncio.run(_ask(access_of(settings)))
    except SettingsError as error:
        yield HealthCheck("API", Severity.ERROR, str(error))
    except Refused as error:
        yield HealthCheck("API", Severity.ERROR, f"{_sentence(error)} {_asked(settings)}")
    except (ApiError, TimeoutError) as error:
        cause = _sentence(error) if str(error) else f"not within {API_ANSWERS_WITHIN_S:.0f} s."
        advice = "Check this machine's network, and the address."
        yield HealthCheck("API", Severity.ERROR, f"It does not answer: {cause} {_asked(settings)} {advice}")
    else:
        yield HealthCheck("API", Severity.OK, f"{settings.base_url} knows the key.")


def of_database(settings: Settings) -> Iterator[HealthCheck]:
    """Whether the database can be worked with and holds the right meetings; and what its ledger says of them."""
    try:
        database = Database.at(settings.database_url, settings.database_schema, is_read_only=True)
    except NothingStored as error:
        yield _missing_file(settings, str(error))
        return
    try:
        yield from diagnose("database", _database(database, settings))
        yield from diagnose("ledger", _ledger(database))
    finally:
        database.close()


def of_raw_store(settings: Settings) -> Iterator[HealthCheck]:
    """Whether the raw store takes, gives and removes, and whose meetings it holds."""
    raw = open_raw_store(settings)
    raw.probe()
    held = raw.origin()
    place = printable(settings.raw_url)
    if held is None:
        yield HealthCheck("raw store", Severity.OK, f"{place} can be written; it holds no meetings yet.")
    else:
        yield _of_origin("raw store", held, settings, f"{place} can be written; it holds meetings from {held}.")


def of_raw_objects(settings: Settings) -> Iterator[HealthCheck]:
    """Whether ledger and raw store agree about what is kept; nothing where one of them cannot be looked at."""
    try:
        database = Database.at(settings.database_url, settings.database_schema, is_read_only=True)
        raw = open_raw_store(settings)
    except StoreError:
        return  # said already, of each by itself
    try:
        with database.reading() as connection:
            is_made = not _tables() - {*inspect(connection).get_table_names()}
        report = audit(database, raw, budget_s=AUDIT_WITHIN_S) if is_made else None
    except StoreError:
        return
    finally:
        database.close()
    if report is not None:
        yield from _audit_findings(report)


def shown_size(size_bytes: int) -> str:
    """A size as a person reads it.

    >>> shown_size(999), shown_size(1_500_000)
    ('999 B', '1.5 MB')
    """
    amount, units = float(size_bytes), ["B", "kB", "MB", "GB", "TB"]
    while amount >= 1000 and len(units) > 1:
        amount /= 1000
        units.pop(0)
    return f"{amount:.0f} {units[0]}" if units[0] == "B" else f"{amount:.1f} {units[0]}"


def _shown(settings: Settings, name: str, *, is_private: bool) -> str:
    given = getattr(settings, name)
    # `…_override` and `…_given` are what was set; the property without that is what holds.
    effective = getattr(settings, name.removesuffix("_override").removesuffix("_given"))
    if isinstance(given, SecretStr):
        return f"{len(effective)} set" if isinstance(effective, tuple) else "set"
    if effective is None or effective in ("", ()):
        return "not set"
    if isinstance(effective, bool):
        return "on" if effective else "off"
    text = str(effective)
    if "://" in text or isinstance(effective, Path):
        return printable(text)
    return "set" if is_private and given is not None else text


def _asked(settings: Settings) -> str:
    if settings.base_url_override:
        return f"Asked was {settings.base_url}, which is RECALL_BASE_URL; RECALL_REGION does not count beside it."
    if "region" in settings.model_fields_set:
        return f"Asked was {settings.base_url}, of RECALL_REGION {settings.region}."
    return f"Asked was {settings.base_url}, because RECALL_REGION is not set."


def _sentence(error: Exception) -> str:
    return f"{str(error).removesuffix('.')}."


async def _ask(access: Access) -> None:
    until = now()
    window = {"created_at_after": until - LISTED, "created_at_before": until}
    async with asyncio.timeout(API_ANSWERS_WITHIN_S), RecallClient(access) as client:
        async for _ in client.listed("recording", window):
            return


def _missing_file(settings: Settings, sentence: str) -> HealthCheck:
    """A file that a first sync creates is no fault, unless its folder cannot be created."""
    folder = Path(str(settings.database_file)).parent
    while not folder.exists():
        folder = folder.parent
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return HealthCheck("database", Severity.OK, f"{sentence.removesuffix('.')}. It holds no meetings yet.")
    reason = os.strerror(errno.EACCES if folder.is_dir() else errno.ENOTDIR)
    advice = "check MEETING_ASSETS_DATABASE_URL and MEETING_ASSETS_HOME"
    return HealthCheck("database", Severity.ERROR, f"Its folder cannot be made ({folder}: {reason}): {advice}.")


def _database(database: Database, settings: Settings) -> Iterator[HealthCheck]:
    with database.reading() as connection:
        plan = read_plan(connection, whole_schema())
        refuse(plan, connection)
        known = read_meta(connection) or {}
        missing = [*plan.tables] if known else []
        size_bytes = _size_bytes(connection, settings)
        if not database.is_sqlite and not known:
            check_may_create(connection, database.namespace.name)
    if known:
        _try_to_write(settings)
    kind = "SQLite" if database.is_sqlite else f"PostgreSQL, tables in schema {database.namespace.name}"
    sentence = f"{kind}, {shown_size(size_bytes)}, schema version {known.get(VERSION_RECORD, SCHEMA_VERSION)}"
    sentence += ", can be written"
    held = known.get("api_origin")
    if held is None:
        yield HealthCheck("database", Severity.OK, f"{sentence}; it holds no meetings yet.")
    else:
        yield _of_origin("database", held, settings, f"{sentence}; it holds meetings from {held}.")
    if missing:
        sentence = f"Tables are missing: {', '.join(missing)}; `meeting-assets rebuild` makes and fills them."
        yield HealthCheck("database", Severity.WARNING, sentence)
    if known and plan.columns:
        columns = join_names([f"{table}.{column}" for table, column in plan.columns])
        sentence = f"An older version made it; `meeting-assets sync` or `meeting-assets migrate` adds {columns}."
        yield HealthCheck("database", Severity.WARNING, sentence)


def _tables() -> set[str]:
    models: list[type[SQLModel]] = [*PERSISTENT_TABLES, *derived_tables()]
    return {table_of(model).name for model in models}


def _size_bytes(connection: Connection, settings: Settings) -> int:
    path = settings.database_file
    if path is None:
        return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())
    files = [path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm")]
    return sum(each.stat().st_size for each in files if each.exists())


def _try_to_write(settings: Settings) -> None:
    """Writes a row and rolls back."""
    with closing(Database.at(settings.database_url, settings.database_schema)) as database:
        with database.reading() as connection:
            check_privileges(connection, whole_schema())
        with database.writing() as connection:
            connection.execute(table_of(Meta).insert(), {"name": "probe", "value": ""})
            connection.get_transaction().rollback()  # type: ignore[union-attr]


def _of_origin(subject: str, held: str, settings: Settings, sentence: str) -> HealthCheck:
    origin = origin_of(settings.base_url)
    if held == origin:
        return HealthCheck(subject, Severity.OK, sentence)
    if urlsplit(held).hostname in LOOPBACK:
        advice = "they are a sandbox's; give real ones a MEETING_ASSETS_HOME of their own"
    else:
        advice = "choose another MEETING_ASSETS_HOME, or set RECALL_REGION or RECALL_BASE_URL to where they are from"
    # Without a key nothing will be asked for, so nothing can get mixed up.
    verdict = Severity.ERROR if settings.api_key else Severity.WARNING
    return HealthCheck(subject, verdict, f"It holds meetings from {held}, the settings name {origin}: {advice}.")


def _ledger(database: Database) -> Iterator[HealthCheck]:
    with database.reading() as connection:
        present = set(inspect(connection).get_table_names())
    if _tables() - present:
        return
    # The overview reads the database alone; a raw store that is broken must not hide it.
    seen = status_of(Storage(database, RawStore(MemoryStore())))
    troubles = {
        "artifacts need a person": len(seen.needs),
        "should have come and did not": seen.left,
        "objects of the API's lists make no sense": len(seen.unreadable),
    }
    told = ", ".join(f"{count} {trouble}" for trouble, count in troubles.items() if count)
    recordings = f"{sum(seen.recordings.values())} recordings"
    if told:
        yield HealthCheck("ledger", Severity.WARNING, f"{recordings}; {told}: `meeting-assets status` names them.")
    else:
        yield HealthCheck("ledger", Severity.OK, f"{recordings}; nothing needs a person.")


def _audit_findings(audit: Audit) -> Iterator[HealthCheck]:
    for keys, verdict, sentence in (
        (
            audit.lost,
            Severity.ERROR,
            "should be there and are not: "
            "`meeting-assets sync --from DAY --to DAY --refetch` brings them back while Recall.ai has them, "
            "and `meeting-assets rebuild --from DAY --to DAY` notes that they are lost where it has not",
        ),
        (
            audit.unknown,
            Severity.WARNING,
            "are in no ledger row: `meeting-assets rebuild --from DAY --to DAY` takes them in",
        ),
        (audit.purged, Severity.WARNING, "are of purged recordings: run `meeting-assets purge` for them again"),
        (audit.foreign, Severity.WARNING, "are nothing that this version puts there: look at them, and move them away"),
        (audit.half_written, Severity.WARNING, "were left half written by runs that were killed: they can be removed"),
    ):
        if keys:
            yield HealthCheck(OBJECTS, verdict, f"{_named(keys)} {sentence}.")
    older = f", {audit.older} of them earlier contents" if audit.older else ""
    days = "1 day" if audit.days == 1 else f"{audit.days} days"
    looked = f"{audit.objects} objects{older}, of {days}, were held against the ledger"
    unseen = audit.days_kept - audit.days
    if unseen > 0:
        looked += f" by their names; {unseen} older days were not, for want of time"
    yield HealthCheck(OBJECTS, Severity.WARNING if unseen > 0 else Severity.OK, f"{looked}.")


def _named(keys: Sequence[str]) -> str:
    more = f" and {len(keys) - KEYS_NAMED} more" if len(keys) > KEYS_NAMED else ""
    return f"{len(keys)} raw objects ({', '.join(keys[:KEYS_NAMED])}{more})"
