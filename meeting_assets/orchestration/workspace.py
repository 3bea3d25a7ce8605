"""A Recall.ai workspace as one set of Dagster definitions: its settings, and the names of its objects.

Factories of assets, checks, jobs, sensors and schedules take a `Workspace`. Two workspaces with different key prefixes
fit into one code location, because every name and key differs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import dagster as dg
from pydantic import SecretStr
from sqlmodel import SQLModel

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.metrics import METRICS
from meeting_assets.metrics.trends import ROLLUPS
from meeting_assets.schema.audio_activity import AUDIO_TABLES
from meeting_assets.schema.bots import Bots, BotStatusChanges
from meeting_assets.schema.calendar import CalendarEvents, CalendarInvitees
from meeting_assets.schema.media_objects import MediaObjects, MeetingMetadata
from meeting_assets.schema.persistent import Recordings
from meeting_assets.schema.search_index import SearchIndex
from meeting_assets.settings import Settings, read_settings
from meeting_assets.store.database import table_of

RAW = "raw"
"""Group of the raw assets, and first part of their keys."""
CONTEXT = "context"
"""Group of the tables about the context of meetings, which the API's lists contain."""
MEDIA = "media"
"""Group of the media files, and first part of their keys."""
PUBLICATIONS = "publications"
"""Group of the assets that consist of files for readers, and the step of the daily ones."""
EXPORTS: Final = "exports"
MEETING_PAGES: Final = "meeting_pages"
SHARED_PAGES: Final = "shared_pages"
SYNC, ROLL_UP, CHECK_TABLES = "sync_recordings", "roll_up", "check_tables"
MEETING_CONTEXT = "meeting_context"
SYNC_MEDIA = "sync_media"
RUN_RETENTION, RETENTION = "run_retention", "retention"
STORAGE = "storage"
JOBS = (SYNC, MEETING_CONTEXT, ROLL_UP, CHECK_TABLES, RUN_RETENTION, RETENTION, SYNC_MEDIA)


@dataclass(frozen=True, slots=True)
class Workspace:
    """The settings of one instance of the definitions, and the names of its assets, jobs, sensors and pools."""

    key_prefix: tuple[str, ...] = ()
    """First parts of all asset keys. Joined by `_`, they also start the names of all other objects."""
    group_prefix: str = ""
    overrides: Mapping[str, SecretStr] = field(default_factory=dict, hash=False)
    """Settings by the names of their environment variables, which they precede."""
    owns_process: bool = True
    """False within another project: its process keeps its umask and logging, and its other runs are left alone."""

    def settings(self) -> Settings:
        """Reads the settings of this workspace.

        Raises:
            SettingsError: a setting is invalid.
        """
        return read_settings({name: value.get_secret_value() for name, value in self.overrides.items()})

    @property
    def name(self) -> str:
        """The key prefix in the names of other objects; empty without one."""
        return "_".join(self.key_prefix)

    def named(self, name: str) -> str:
        """The name of an object of this workspace.

        >>> Workspace().named("roll_up"), Workspace(("sales", "emea")).named("roll_up")
        ('roll_up', 'sales_emea_roll_up')
        """
        return f"{self.name}_{name}" if self.key_prefix else name

    def group(self, name: str) -> str:
        """The name of an asset group of this workspace."""
        return f"{self.group_prefix}{name}"

    def key(self, *path: str) -> dg.AssetKey:
        """The key of an asset of this workspace."""
        return dg.AssetKey([*self.key_prefix, *path])

    @property
    def jobs(self) -> tuple[str, ...]:
        """The names of all jobs."""
        return tuple(map(self.named, JOBS))

    @property
    def keys(self) -> frozenset[dg.AssetKey]:
        """The keys of all assets."""
        tables: list[type[SQLModel]] = [
            Recordings,
            MeetingMetadata,
            MediaObjects,
            Bots,
            BotStatusChanges,
            CalendarEvents,
            CalendarInvitees,
            *(table for each in ARTIFACTS.values() for table in each.tables),
            *METRICS,
            *AUDIO_TABLES,
            *ROLLUPS,
            SearchIndex,
        ]
        raw = {self.key(RAW, kind) for kind in ARTIFACTS}
        files = {self.key(name) for name in (EXPORTS, MEETING_PAGES, SHARED_PAGES)}
        media = {self.key(MEDIA, kind) for kind in MediaKind}
        return frozenset({self.key(table_of(table).name) for table in tables} | raw | files | media)

    def includes(self, run: dg.DagsterRun) -> bool:
        """Whether a run belongs to this workspace: by its job, or by the assets that it selects."""
        return self.owns_process or run.job_name in self.jobs or bool(self.keys & (run.asset_selection or frozenset()))


DEFAULT = Workspace()
"""The workspace that the environment describes, with the names that `meeting_assets.definitions` deploys."""
