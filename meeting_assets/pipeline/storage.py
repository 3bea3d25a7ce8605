"""Storage of a deployment: the database with all its tables, the raw store, the publications store, and settings for
interpreting payloads.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from obstore.store import MemoryStore
from sqlmodel import SQLModel

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.errors import SettingsError
from meeting_assets.core.instants import day_of, now
from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.core.names import comparable_name
from meeting_assets.core.urls import LOOPBACK
from meeting_assets.metrics import METRICS
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.trends import ROLLUPS
from meeting_assets.pipeline.descriptions import descriptions
from meeting_assets.pipeline.views import METRICS_CONFIG, VIEWS
from meeting_assets.recall.client import Access
from meeting_assets.schema.audio_activity import AUDIO_TABLES
from meeting_assets.schema.search_index import SEARCH_TABLES
from meeting_assets.settings import Settings
from meeting_assets.store.database import PERSISTENT_TABLES, Database, schema_of
from meeting_assets.store.database_id import bind_ids
from meeting_assets.store.migrations.plan import Schema
from meeting_assets.store.migrations.setup import check_readable, set_up_database
from meeting_assets.store.publications import PublicationStore
from meeting_assets.store.raw import RawStore


@dataclass(frozen=True, slots=True)
class Storage:
    """Database, raw store and publications store of the meetings, and settings for interpreting them."""

    database: Database
    raw: RawStore
    publications: PublicationStore = field(default_factory=lambda: PublicationStore("memory://"))
    """Pages and exports. It is opened on first use."""
    bot_names: frozenset[str] = frozenset()
    parameters: Parameters = field(default_factory=Parameters)
    purges_deleted: bool = False
    """True if recordings and artifacts that the API has deleted are purged here too."""
    retention_days: int | None = None
    has_calendar: bool = False
    """True if calendar events are stored."""
    media_kinds: tuple[MediaKind, ...] = ()
    """The kinds of media files that are downloaded."""
    has_audio_activity: bool = False
    """True if speech is detected in stored separate audio."""
    home: Path | None = None
    """The folder that contains the spool of media files; None in tests without one."""
    storage_price: float = 0.0
    """The price at Recall.ai of one stored hour for 30 days."""
    free_storage_days: int = 0
    """Days for which Recall.ai stores a recording free of charge."""

    @property
    def oldest_day(self) -> date:
        """The first day within the retention period."""
        return oldest_day(self.retention_days)

    def bot_names_with(self, bot_name: str | None) -> frozenset[str]:
        """The comparable names of known note-takers and of a recording's own bot."""
        return self.bot_names | ({comparable_name(bot_name)} if bot_name else frozenset())


def derived_tables() -> dict[type[SQLModel], str | None]:
    """Tables that can be rebuilt from raw bytes, with the artifact kind they are parsed from; None for metrics."""
    tables: dict[type[SQLModel], str | None] = {
        table: artifact.kind for artifact in ARTIFACTS.values() for table in artifact.tables
    }
    return tables | dict.fromkeys(METRICS)


def oldest_day(retention_days: int | None) -> date:
    """The first day within a retention period; the first day of the calendar without one."""
    return day_of(now()) - timedelta(days=retention_days) if retention_days is not None else date.min


def whole_schema() -> Schema:
    """Every table and view of this version."""
    # Tables of the index and of voice activity are of no artifact kind: a new one makes no artifact or metric outdated.
    computed = dict.fromkeys(SEARCH_TABLES, "search_index") | dict.fromkeys(AUDIO_TABLES, "audio_activity")
    derived = derived_tables() | dict.fromkeys(ROLLUPS) | computed
    return schema_of(derived, VIEWS, descriptions([*PERSISTENT_TABLES, *derived]))


def open_database(settings: Settings) -> Database:
    """Opens the database for reading and writing, and adds missing tables, columns and views of this version.

    Raises:
        StoreError: the database cannot be used, or its schema is foreign or of another version.
    """
    database = Database.at(settings.database_url, settings.database_schema)
    try:
        set_up_database(database, whole_schema())
    except BaseException:
        database.close()
        raise
    return database


def open_raw_store(settings: Settings) -> RawStore:
    """Opens the raw store.

    Raises:
        StoreError: the raw store cannot be opened.
    """
    return RawStore.at(settings.raw_url, instance_credentials=settings.instance_credentials)


def publication_store(settings: Settings) -> PublicationStore:
    """The publications store, not yet opened."""
    return PublicationStore(settings.publications_url, instance_credentials=settings.instance_credentials)


@contextmanager
def open_storage_read_only(settings: Settings) -> Iterator[Storage]:
    """Opens storage for commands that only read: creates no file, folder, schema, table or row.

    Its raw store is an empty one in memory, because opening a folder would create it.

    Raises:
        NothingStored: there is no database, or it holds no meetings.
        StoreError: the database cannot be used, or lacks tables or columns that this version reads.
    """
    with closing(Database.at(settings.database_url, settings.database_schema, is_read_only=True)) as database:
        check_readable(database, whole_schema())
        yield _storage(settings, database, RawStore(MemoryStore()))


@contextmanager
def open_storage(settings: Settings) -> Iterator[Storage]:
    """Opens database and raw store, and creates missing tables.

    Raises:
        StoreError: the database or the raw store cannot be used.
    """
    with closing(open_database(settings)) as database:
        storage = _storage(settings, database, open_raw_store(settings))
        config = [storage.parameters.config_version, *sorted(storage.bot_names)]
        database.set_meta(METRICS_CONFIG, " ".join(config))
        yield storage


def _storage(settings: Settings, database: Database, raw: RawStore) -> Storage:
    return Storage(
        database,
        raw,
        publication_store(settings),
        bot_names=settings.known_bot_names,
        parameters=Parameters.of(settings.timing_source, settings.metric_parameters, settings.own_domains),
        purges_deleted=settings.on_deletion == "purge",
        retention_days=settings.retention_days,
        has_calendar=settings.calendar,
        media_kinds=settings.media_kinds,
        has_audio_activity=settings.audio_activity,
        home=settings.home,
        storage_price=settings.storage_price,
        free_storage_days=settings.free_storage_days,
    )


def bind_origin(storage: Storage, settings: Settings, *, adopts: bool = False) -> None:
    """Binds database and raw store to each other and to the API origin of the settings, or checks the existing binding.

    With `adopts`, a database without recordings may replace the one that the raw store was bound to.

    Raises:
        StoreError: they are bound to another origin, or not to each other.
    """
    origin = origin_of(settings.base_url)
    storage.database.bind_origin(origin)
    storage.raw.bind_origin(origin)
    bind_ids(storage.database, storage.raw, adopts=adopts)


def origin_of(base_url: str) -> str:
    """The origin that identifies a set of meetings. The port of a local sandbox is dropped: every start changes it.

    >>> origin_of("http://127.0.0.1:8461"), origin_of("https://us-west-2.recall.ai/")
    ('http://127.0.0.1', 'https://us-west-2.recall.ai')
    """
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port and host not in LOOPBACK else ""
    return f"{parts.scheme}://{host}{port}"


def access_of(settings: Settings) -> Access:
    """URL, key and limits for the API client.

    Raises:
        SettingsError: there is no key.
    """
    if settings.api_key is None:
        raise SettingsError(
            "RECALL_API_KEY is not set. Run `export RECALL_API_KEY=…` with a key from the Recall.ai dashboard of your "
            "region, or `meeting-assets demo` for sample meetings without a key."
        )
    return Access(
        base_url=settings.base_url,
        api_key=settings.api_key.get_secret_value(),
        list_calls_per_minute=settings.list_calls_per_minute,
        download_hosts=settings.download_host_patterns,
        max_download_bytes=settings.max_download_mb * 2**20,
    )
