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
    "pending_media",
]
Schedule = Literal[
    "nightly_meeting_context",
    "nightly_reconciliation",
    "nightly_run_retention",
    "nightly_checks",
    "nightly_retention",
    "nightly_media",
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


def _documented(description: str, example: Any) -> Any:
    """Description and example of a field on the component's page in Dagster's UI, and in editors.

    Dagster ignores those of pydantic's `Field`. The page shows a `defs.yaml` of all examples. It renders no Markdown in
    descriptions, and cuts off long examples.
    """
    return dg.Resolver.default(description=description, examples=[example])


def _secret_field(description: str, example: str) -> Any:
    """The same for a field that stays in memory."""
    return dg.Resolver(_secret, model_field_type=str | None, description=description, examples=[example])


class MeetingAssetsScaffolder(dg.Scaffolder[Any]):
    """Writes a `defs.yaml` that loads without changes, with the name of its folder as the key prefix."""

    def scaffold(self, request: dg.ScaffoldRequest[Any]) -> None:
        name = request.target_path.name.lower()
        key_prefix = name if re.fullmatch(KEY_PREFIX, name) else "meetings"
        dg.scaffold_component(request, {"key_prefix": key_prefix, **EXAMPLE})


@dg.scaffold_with(MeetingAssetsScaffolder)
class MeetingAssetsComponent(dg.Component, dg.Model, dg.Resolvable):
    """Stores the finished meetings of one Recall.ai workspace as assets: raw artifacts, SQL tables, metrics, trends.

    Jobs, sensors, schedules and checks come with them. Each workspace is an instance with a `key_prefix` of its own.
    Settings without a field come from the environment. Secrets stay in memory and are no configuration of Dagster.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    key_prefix: Annotated[
        str,
        _documented(
            "First parts of all asset keys, separated by slashes. It also starts other names.", "sales_meetings"
        ),
    ] = Field("", pattern=KEY_PREFIX)
    group_prefix: Annotated[
        str | None, _documented("Start of the group names; by default the key prefix.", "sales_")
    ] = None
    owners: Annotated[
        Sequence[str],
        _documented(
            "Owners of all assets (MEETING_ASSETS_OWNERS): teams such as team:sales, or e-mail addresses.",
            ["team:sales"],
        ),
    ] = ()
    region: Annotated[
        Region | None, _documented("Region of the Recall.ai workspace (RECALL_REGION).", EXAMPLE["region"])
    ] = None
    api_key: Annotated[
        SecretStr | None,
        _secret_field("API key of that region, always as a template (RECALL_API_KEY).", EXAMPLE["api_key"]),
    ] = None
    base_url: Annotated[
        str | None,
        _documented(
            "URL of a proxy or of the sandbox (RECALL_BASE_URL); by default that of the region.",
            "https://us-east-1.recall.ai",
        ),
    ] = None
    home: Annotated[
        str | None,
        _documented(
            "Folder of all relative paths (MEETING_ASSETS_HOME). By default with a key prefix, a folder of that name "
            "in the folder that the environment names.",
            "/srv/meetings/sales",
        ),
    ] = None
    database_url: Annotated[
        SecretStr | None,
        _secret_field(
            "SQLite or PostgreSQL (MEETING_ASSETS_DATABASE_URL). With a key prefix, SQLite files are never shared by "
            "default.",
            "{{ env.MEETING_ASSETS_DATABASE_URL }}",
        ),
    ] = None
    database_schema: Annotated[
        str | None,
        _documented(
            "PostgreSQL schema (MEETING_ASSETS_DATABASE_SCHEMA). By default with a key prefix, its name.",
            "sales_meetings",
        ),
    ] = None
    raw_url: Annotated[
        SecretStr | None,
        _secret_field(
            "Folder or object store of the raw bytes (MEETING_ASSETS_RAW_URL). By default with a key prefix, a folder "
            "of that name in the object store that the environment names.",
            "s3://meetings/sales",
        ),
    ] = None
    first_day: Annotated[str | None, _documented("First daily partition (MEETING_ASSETS_FIRST_DAY).", "2026-01-31")] = (
        None
    )
    media: Annotated[
        Sequence[str],
        _documented(
            "Media files to download (MEETING_ASSETS_MEDIA): audio_mixed, video_mixed, audio_separate, video_separate. "
            "By default none.",
            ["audio_mixed"],
        ),
    ] = ()
    metrics: Annotated[
        Mapping[str, float],
        _documented("Metric parameters that differ from their defaults (docs/metrics.md).", {"dead_air_s": 20.0}),
    ] = Field({})
    settings: Annotated[
        Mapping[str, str],
        _documented(
            "Other settings by the names of their environment variables.", {"MEETING_ASSETS_OWN_DOMAINS": "example.com"}
        ),
    ] = Field({}, repr=False)
    sensors: Annotated[
        Sequence[Sensor],
        _documented(f"Sensors to include. By default all: {', '.join(SENSORS)}.", ["finished_recordings"]),
    ] = SENSORS
    schedules: Annotated[
        Sequence[Schedule],
        _documented(f"Schedules to include. By default all: {', '.join(SCHEDULES)}.", ["nightly_checks"]),
    ] = SCHEDULES

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
            "MEETING_ASSETS_MEDIA": ", ".join(self.media),
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
    stores = {
        "MEETING_ASSETS_RAW_URL": (settings.raw_url, "raw"),
        "MEETING_ASSETS_PUBLICATIONS_URL": (settings.publications_url, "publications"),
    }
    for variable, (url, folder) in stores.items():
        own[variable] = f"{url.rstrip('/')}/{name}" if "://" in url else folder
    return own
