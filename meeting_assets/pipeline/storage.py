"""Everything a step works on: the database with all its tables, the raw store, and what settings say about meaning."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from urllib.parse import urlsplit

from obstore.store import MemoryStore
from sqlmodel import SQLModel

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.errors import SettingsError
from meeting_assets.core.instants import day_of, now
from meeting_assets.core.urls import LOOPBACK
from meeting_assets.metrics import METRICS
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.trends import ROLLUPS
from meeting_assets.pipeline.views import METRICS_CONFIG, VIEWS
from meeting_assets.recall.client import Access
from meeting_assets.settings import Settings
from meeting_assets.store.database import Database, schema_of
from meeting_assets.store.database_id import bind_ids
from meeting_assets.store.migrations.plan import Schema
from meeting_assets.store.migrations.setup import check_readable, prepare
from meeting_assets.store.raw import RawStore


@dataclass(frozen=True, slots=True)
class Storage:
    """Where meetings are kept, and what is needed to make sense of them."""

    database: Database
    raw: RawStore
    bot_names: frozenset[str] = frozenset()
    parameters: Parameters = field(default_factory=Parameters)
    purges_deleted: bool = False
    """Whether what the API has deleted is deleted here, too."""
    retention_days: int | None = None

    @property
    def oldest_day(self) -> date:
        """The first day whose recordings are kept."""
        return oldest_day(self.retention_days)


def derived_tables() -> dict[type[SQLModel], str | None]:
    """Every table about recordings that can be made again, and the kind it is parsed from; None for metrics."""
    tables: dict[type[SQLModel], str | None] = {
        table: artifact.kind for artifact in ARTIFACTS.values() for table in artifact.tables
    }
    return tables | dict.fromkeys(METRICS)


def oldest_day(retention_days: int | None) -> date:
    """The first day whose recordings are not older than this; the first of all without a retention."""
    return day_of(now()) - timedelta(days=retention_days) if retention_days is not None else date.min


def whole_schema() -> Schema:
    """Every table and view of this version."""
    return schema_of(derived_tables() | dict.fromkeys(ROLLUPS), VIEWS)


def open_database(settings: Settings) -> Database:
    """The database of these settings for work: what it lacks of this version's schema is added.

    Raises:
        StoreError: it cannot be used, or its schema is not ours or of another version.
    """
    database = Database.at(settings.database_url, settings.database_schema)
    try:
        prepare(database, whole_schema())
    except BaseException:
        database.close()
        raise
    return database


def open_raw_store(settings: Settings) -> RawStore:
    """The raw store of these settings.

    Raises:
        StoreError: it cannot be opened.
    """
    return RawStore.at(settings.raw_url, instance_credentials=settings.instance_credentials)


@contextmanager
def open_storage_read_only(settings: Settings) -> Iterator[Storage]:
    """The warehouse for commands that only look: no file, folder, schema, table or row comes into being.

    Its raw store is empty, because a folder's would be created.

    Raises:
        NothingStored: there is no database, or it holds no meetings.
        StoreError: it cannot be used, or lacks what this version reads.
    """
    with closing(Database.at(settings.database_url, settings.database_schema, is_read_only=True)) as database:
        check_readable(database, whole_schema())
        yield _storage(settings, database, RawStore(MemoryStore()))


@contextmanager
def open_storage(settings: Settings) -> Iterator[Storage]:
    """The warehouse of these settings, its tables ready.

    Raises:
        StoreError: the database or the raw store cannot be used.
    """
    with closing(open_database(settings)) as database:
        storage = _storage(settings, database, open_raw_store(settings))
        config = [storage.parameters.config_version, *sorted(storage.bot_names)]
        database.note(METRICS_CONFIG, " ".join(config))
        yield storage


def _storage(settings: Settings, database: Database, raw: RawStore) -> Storage:
    return Storage(
        database,
        raw,
        bot_names=settings.known_bot_names,
        parameters=Parameters.of(settings.timing_source, settings.metric_parameters),
        purges_deleted=settings.on_deletion == "purge",
        retention_days=settings.retention_days,
    )


def bind_origin(storage: Storage, settings: Settings, *, adopts: bool = False) -> None:
    """Makes sure that database and raw store belong together, and hold the meetings of this API origin and no other.

    With `adopts`, a database without recordings may take the place of the raw store's former one.

    Raises:
        StoreError: they do not, or hold another one's.
    """
    origin = origin_of(settings.base_url)
    storage.database.belongs_to(origin)
    storage.raw.belongs_to(origin)
    bind_ids(storage.database, storage.raw, adopts=adopts)


def origin_of(base_url: str) -> str:
    """Whose meetings an API serves. The port of a sandbox changes with every start and says nothing.

    >>> origin_of("http://127.0.0.1:8461"), origin_of("https://us-west-2.recall.ai/")
    ('http://127.0.0.1', 'https://us-west-2.recall.ai')
    """
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port and host not in LOOPBACK else ""
    return f"{parts.scheme}://{host}{port}"


def access_of(settings: Settings) -> Access:
    """What the API client needs.

    Raises:
        SettingsError: there is no key.
    """
    if settings.api_key is None:
        raise SettingsError("RECALL_API_KEY is not set: take a key from the Recall.ai dashboard of your region.")
    return Access(
        base_url=settings.base_url,
        api_key=settings.api_key.get_secret_value(),
        list_calls_per_minute=settings.list_calls_per_minute,
        download_hosts=settings.download_host_patterns,
        max_download_bytes=settings.max_download_mb * 2**20,
    )
