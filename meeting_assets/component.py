"""The definitions as a Dagster component: for a Dagster project with other assets, and for several workspaces."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, get_args

import dagster as dg
from pydantic import ConfigDict, Field, SecretStr

from meeting_assets.definitions import definitions
from meeting_assets.orchestration.workspace import Workspace
from meeting_assets.settings import Region, Settings, read_settings

Sensor = Literal[
    "finished_recordings",
    "webhook_events",
    "webhook_object_events",
    "outdated_weeks",
    "orphaned_runs",
    "failed_runs",
    "failed_checks",
]
Schedule = Literal[
    "nightly_meeting_context", "nightly_reconciliation", "nightly_run_retention", "nightly_checks", "nightly_retention"
]
SENSORS: tuple[Sensor, ...] = get_args(Sensor)
SCHEDULES: tuple[Schedule, ...] = get_args(Schedule)
KEY_PREFIX = r"^([a-z][a-z0-9_]*(/[a-z][a-z0-9_]*)*)?$"
EXAMPLE = {"region": "us-east-1", "api_key": "{{ env.RECALL_API_KEY }}"}
"""Further attributes of a new `defs.yaml`."""


def _secret(context: dg.ResolutionContext, value: Any) -> SecretStr | None:
    """Resolves a template such as `{{ env.NAME }}`; a variable that is not set counts as no value."""
    resolved = context.resolve_value(value)
    return SecretStr(str(resolved)) if resolved else None


Secret = Annotated[SecretStr | None, dg.Resolver(_secret, model_field_type=str | None)]


class MeetingAssetsScaffolder(dg.Scaffolder[Any]):
    """Writes a `defs.yaml` that loads without changes, with the name of its folder as the key prefix."""

    def scaffold(self, request: dg.ScaffoldRequest[Any]) -> None:
        name = request.target_path.name.lower()
        key_prefix = name if re.fullmatch(KEY_PREFIX, name) else "meetings"
        dg.scaffold_component(request, {"key_prefix": key_prefix, **EXAMPLE})


@dg.scaffold_with(MeetingAssetsScaffolder)
class MeetingAssetsComponent(dg.Component, dg.Model, dg.Resolvable):
    """Stores finished meetings of one Recall.ai workspace: raw artifacts, SQL tables and metrics as assets.

    Settings without a field come from the environment. Secrets stay in memory: they are no configuration of Dagster.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    key_prefix: str = Field(
        "", pattern=KEY_PREFIX, description="first parts of all asset keys, separated by `/`; also starts other names"
    )
    group_prefix: str | None = Field(None, description="start of the group names; default: the key prefix")
    owners: Sequence[str] = Field((), description="MEETING_ASSETS_OWNERS: `team:…` or e-mail addresses")
    region: Region | None = Field(None, description="RECALL_REGION")
    api_key: Secret = Field(None, description="RECALL_API_KEY, as `{{ env.NAME }}`")
    base_url: str | None = Field(None, description="RECALL_BASE_URL: a proxy or the sandbox")
    home: str | None = Field(
        None,
        description="MEETING_ASSETS_HOME; default with a key prefix: a folder of its name in that of the environment",
    )
    database_url: Secret = Field(
        None, description="MEETING_ASSETS_DATABASE_URL; with a key prefix, SQLite files are never shared by default"
    )
    database_schema: str | None = Field(
        None, description="MEETING_ASSETS_DATABASE_SCHEMA; default with a key prefix: its name"
    )
    raw_url: Secret = Field(
        None, description="MEETING_ASSETS_RAW_URL; default with a key prefix: a folder of its name in that object store"
    )
    first_day: str | None = Field(None, description="MEETING_ASSETS_FIRST_DAY, such as 2026-01-31")
    metrics: Mapping[str, float] = Field({}, description="parameters of the metrics that differ from their defaults")
    settings: Mapping[str, str] = Field(
        {}, repr=False, description="other settings by the names of their environment variables"
    )
    sensors: Sequence[Sensor] = Field(SENSORS, description="sensors to include; default: all")
    schedules: Sequence[Schedule] = Field(SCHEDULES, description="schedules to include; default: all")

    def workspace(self) -> Workspace:
        """The settings and names of this instance.

        Raises:
            SettingsError: a setting of the environment is invalid.
        """
        key_prefix = tuple(filter(None, self.key_prefix.split("/")))
        name = "_".join(key_prefix)
        own = _own_locations(read_settings(self._given()), name) if name else {}
        overrides = {alias: SecretStr(value) for alias, value in {**own, **self._given()}.items()}
        group_prefix = self.group_prefix if self.group_prefix is not None else name and f"{name}_"
        return Workspace(key_prefix, group_prefix, overrides, owns_process=False)

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The definitions of this instance; the project's are merged with them.

        Raises:
            SettingsError: a setting is invalid.
        """
        workspace = self.workspace()
        return definitions(workspace.settings(), workspace, {*self.sensors, *self.schedules})

    def _given(self) -> dict[str, str]:
        """The fields with a value, by the names of their environment variables."""
        fields: dict[str, SecretStr | str | None] = {
            "RECALL_REGION": self.region,
            "RECALL_API_KEY": self.api_key,
            "RECALL_BASE_URL": self.base_url,
            "MEETING_ASSETS_HOME": self.home,
            "MEETING_ASSETS_DATABASE_URL": self.database_url,
            "MEETING_ASSETS_DATABASE_SCHEMA": self.database_schema,
            "MEETING_ASSETS_RAW_URL": self.raw_url,
            "MEETING_ASSETS_FIRST_DAY": self.first_day,
            "MEETING_ASSETS_OWNERS": ", ".join(self.owners),
            "MEETING_ASSETS_METRICS": ", ".join(f"{name}={value}" for name, value in self.metrics.items()),
        }
        values = {
            alias: value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            for alias, value in fields.items()
            if value
        }
        return {**self.settings, **values}


def _own_locations(settings: Settings, name: str) -> dict[str, str]:
    """Folders, database and schema that no other workspace has, for the fields that are not given."""
    own = {"MEETING_ASSETS_HOME": str(settings.home / name), "MEETING_ASSETS_DATABASE_SCHEMA": name}
    if settings.database_file is not None:
        own["MEETING_ASSETS_DATABASE_URL"] = "sqlite:///meetings.db"
    own["MEETING_ASSETS_RAW_URL"] = f"{settings.raw_url.rstrip('/')}/{name}" if "://" in settings.raw_url else "raw"
    return own
