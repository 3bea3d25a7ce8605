"""Every setting with its default and meaning. Settings are read from environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, cast, get_args
from urllib.parse import quote, unquote

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from meeting_assets.core import settings_validation as valid
from meeting_assets.core.audio_formats import AudioFormat
from meeting_assets.core.email_domains import comparable_domain
from meeting_assets.core.errors import SettingsError
from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.core.names import comparable_name
from meeting_assets.core.timing_source import TimingSource

Region = Literal["us-east-1", "us-west-2", "eu-central-1", "ap-northeast-1"]
OnDeletion = Literal["keep", "purge"]
LogFormat = Literal["text", "json"]

REGIONS: tuple[Region, ...] = get_args(Region)
BUCKET = "recallai-production-bot-data"
"""The bucket of media files. Regions other than the first have a bucket of their own, named after the region."""
DOWNLOAD_HOSTS = (
    "*.recall.ai",
    *(f"{BUCKET}.s3{each}.amazonaws.com" for each in ("", *(f".{region}" for region in REGIONS))),
    *(f"{region}-{BUCKET}.s3{each}.amazonaws.com" for region in REGIONS[1:] for each in ("", f".{region}")),
)
"""Buckets and regions are named in full, because strangers can own buckets whose names have the same ending."""

_SQLITE = "sqlite:///"
# In URLs, only `%`, `?` and `#` in folder names are escaped; other characters stay as users write them.
_UNESCAPED_IN_PATHS = "".join(chr(code) for code in range(128) if chr(code) not in "%?#")


class Settings(BaseSettings):
    """The settings of a user. Paths are absolute, so that a later change of the working directory has no effect."""

    # Not `populate_by_name`: it would also read variables named like the fields, such as HOME for `home`.
    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    api_key: Annotated[SecretStr, AfterValidator(valid.api_key)] | None = Field(
        None, alias="RECALL_API_KEY", description="sent to the API origin alone, never to a download URL"
    )
    region: Region = Field("us-east-1", alias="RECALL_REGION", description="region of the workspace")
    base_url_override: Annotated[str, AfterValidator(valid.base_url)] | None = Field(
        None, alias="RECALL_BASE_URL", description="a proxy or the sandbox; default: from the region"
    )
    list_calls_per_minute: int = Field(
        50, ge=1, alias="RECALL_LIST_CALLS_PER_MINUTE", description="rate limit per process and list"
    )
    webhook_secrets_given: Annotated[SecretStr, AfterValidator(valid.webhook_secrets)] | None = Field(
        None, alias="RECALL_WEBHOOK_SECRETS", description="comma-separated whsec_…, any may match"
    )
    download_hosts: str = Field(
        ",".join(DOWNLOAD_HOSTS),
        alias="MEETING_ASSETS_DOWNLOAD_HOSTS",
        description="comma-separated patterns (`*`, `?`, `[…]`) of hosts that artifacts may come from over HTTPS, "
        "besides the API's own host and port",
    )
    max_download_mb: int = Field(
        256,
        ge=1,
        le=4096,
        alias="MEETING_ASSETS_MAX_DOWNLOAD_MB",
        description="largest artifact that is downloaded, after decompression",
    )
    home: Path = Field(Path("data"), alias="MEETING_ASSETS_HOME", description="base of all relative paths")
    database_url_override: Annotated[str, AfterValidator(valid.database_url)] | None = Field(
        None,
        alias="MEETING_ASSETS_DATABASE_URL",
        repr=False,
        description="SQLite or PostgreSQL; default: meetings.db in home",
    )
    database_schema: Annotated[str, AfterValidator(valid.database_schema)] = Field(
        "meetings",
        alias="MEETING_ASSETS_DATABASE_SCHEMA",
        description="schema of new PostgreSQL databases; existing tables stay in their schema",
    )
    raw_url_override: Annotated[str, AfterValidator(valid.store_url)] | None = Field(
        None,
        alias="MEETING_ASSETS_RAW_URL",
        repr=False,
        description="folder, file:// or object-store URL; default: raw/ in home",
    )
    publications_url_override: Annotated[str, AfterValidator(valid.store_url)] | None = Field(
        None,
        alias="MEETING_ASSETS_PUBLICATIONS_URL",
        repr=False,
        description="folder, file:// or object-store URL of pages and exports; default: publications/ in home",
    )
    pages: bool = Field(
        True, alias="MEETING_ASSETS_PAGES", description="off: no pages are written to the publications store"
    )
    exports_given: Annotated[str, AfterValidator(valid.exports)] = Field(
        valid.OFF,
        alias="MEETING_ASSETS_EXPORTS",
        description="off, or comma-separated formats of the files that are written for every recording, such as "
        "vtt, md",
    )
    instance_credentials: bool = Field(
        False,
        alias="MEETING_ASSETS_INSTANCE_CREDENTIALS",
        description="on: an object store's credentials may come from the machine's metadata service",
    )
    calendar: bool = Field(
        False,
        alias="MEETING_ASSETS_CALENDAR",
        description="on: also store the events of connected calendars (API v2), with their invitees",
    )
    media_kinds_given: Annotated[str, AfterValidator(valid.media)] = Field(
        valid.OFF,
        alias="MEETING_ASSETS_MEDIA",
        description="off, or comma-separated kinds of media files that are downloaded: audio_mixed, video_mixed, "
        "audio_separate, video_separate",
    )
    media_max_mbit_per_s: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        alias="MEETING_ASSETS_MEDIA_MAX_MBIT_PER_S",
        description="bandwidth of all media downloads of a process together; default: no limit",
    )
    media_max_gb_per_run: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        alias="MEETING_ASSETS_MEDIA_MAX_GB_PER_RUN",
        description="size at Recall.ai of the media files that one run downloads; default: no limit",
    )
    media_audio: AudioFormat = Field(
        AudioFormat.FLAC,
        alias="MEETING_ASSETS_MEDIA_AUDIO",
        description="format that raw separate audio is converted to: flac and wav keep every sample, opus does not",
    )
    audio_activity: bool = Field(
        False,
        alias="MEETING_ASSETS_AUDIO_ACTIVITY",
        description="on: detect speech in the separate audio of participants, which MEETING_ASSETS_MEDIA downloads",
    )
    storage_price: float = Field(
        0.05,
        ge=0,
        alias="MEETING_ASSETS_STORAGE_PRICE",
        description="price at Recall.ai of one stored hour of recordings for 30 days, in your currency",
    )
    free_storage_days: int = Field(
        7,
        ge=0,
        le=36_500,
        alias="MEETING_ASSETS_FREE_STORAGE_DAYS",
        description="days for which Recall.ai stores a recording free of charge",
    )
    first_day: date = Field(date(2025, 1, 1), alias="MEETING_ASSETS_FIRST_DAY", description="first daily partition")
    timing_source: TimingSource = Field(
        "speaker_timeline",
        alias="MEETING_ASSETS_TIMING_SOURCE",
        description="preferred source of speech times, for recordings that have it",
    )
    metrics: Annotated[str, AfterValidator(valid.metric_parameters)] = Field(
        "",
        alias="MEETING_ASSETS_METRICS",
        description="parameters of the metrics that differ from their defaults, such as dead_air_s=3, bridge_s=0.5",
    )
    bot_names: str = Field(
        "", alias="MEETING_ASSETS_BOT_NAMES", description="comma-separated names of note-takers to exclude"
    )
    own_domains_given: Annotated[str, AfterValidator(valid.own_domains)] = Field(
        "",
        alias="MEETING_ASSETS_OWN_DOMAINS",
        description="comma-separated e-mail domains of the company, subdomains included, for internal and external "
        "participants; default: none, and the columns are NULL",
    )
    alert_url: Annotated[SecretStr, AfterValidator(valid.alert_url)] | None = Field(
        None,
        alias="MEETING_ASSETS_ALERT_URL",
        description="URL that alerts are posted to as JSON, such as a Slack incoming webhook; default: the log",
    )
    log_format: LogFormat = Field(
        "text",
        alias="MEETING_ASSETS_LOG_FORMAT",
        description="json: one object per line to standard error, with recording, artifact and run ids",
    )
    owners_given: Annotated[str, AfterValidator(valid.owners)] = Field(
        "team:data",
        alias="MEETING_ASSETS_OWNERS",
        description="comma-separated owners of all assets in Dagster, each an e-mail address or team:NAME",
    )
    code_url: Annotated[str, AfterValidator(valid.code_url)] | None = Field(
        None,
        alias="MEETING_ASSETS_CODE_URL",
        description="branch with this code at GitHub or GitLab, such as https://github.com/ORG/REPO/tree/main, that "
        "pages of assets link to; default: files of the checkout",
    )
    keep_runs_days: int = Field(
        30,
        ge=1,
        le=36_500,
        alias="MEETING_ASSETS_KEEP_RUNS_DAYS",
        description="how long Dagster keeps runs that newer ones replace",
    )
    on_deletion: OnDeletion = Field(
        "keep",
        alias="MEETING_ASSETS_ON_DELETION",
        description="reaction to deletions at Recall.ai: keep the stored data, or purge it",
    )
    retention_days: int | None = Field(
        None,
        ge=1,
        le=36_500,
        alias="MEETING_ASSETS_RETENTION_DAYS",
        description="recordings older than this are purged; default: none",
    )
    dagster_home_override: Path | None = Field(
        None, alias="DAGSTER_HOME", description="Dagster's own folder; default: dagster/ in home"
    )

    @model_validator(mode="before")
    @classmethod
    def _trimmed(cls, given: Any) -> Any:
        """Removes blanks around values; blank values count as unset."""
        if not isinstance(given, dict):
            return given
        trimmed = {name: value.strip() if isinstance(value, str) else value for name, value in given.items()}
        return {name: value for name, value in trimmed.items() if value != ""}

    def model_post_init(self, _: Any) -> None:
        self.home = _expanded(self.home).absolute()

    @property
    def base_url(self) -> str:
        """The API's origin; paths start at /api/v1/."""
        return self.base_url_override or f"https://{self.region}.recall.ai"

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """The secrets that may have signed a webhook."""
        return valid.split_list(self.webhook_secrets_given.get_secret_value()) if self.webhook_secrets_given else ()

    @property
    def secrets(self) -> frozenset[str]:
        """All secrets among the settings, for redaction."""
        given = [each.get_secret_value() for each in (self.api_key, self.alert_url) if each is not None]
        urls = [
            each or "" for each in (self.database_url_override, self.raw_url_override, self.publications_url_override)
        ]
        return frozenset([*given, *self.webhook_secrets, *(each for url in urls for each in valid.secrets_in_url(url))])

    @property
    def database_url(self) -> str:
        """The URL with driver and absolute path. The path of a file is percent-escaped."""
        if self.database_url_override is not None and not self.database_url_override.startswith(_SQLITE):
            return self.database_url_override
        query = (self.database_url_override or "").partition("?")[2]
        return f"{_SQLITE}{quote(str(self.database_file), safe=_UNESCAPED_IN_PATHS)}" + (f"?{query}" if query else "")

    @property
    def database_file(self) -> Path | None:
        """The file of a SQLite database; None for PostgreSQL."""
        url = self.database_url_override or f"{_SQLITE}meetings.db"
        if not url.startswith(_SQLITE):
            return None
        return self._in_home(unquote(url.removeprefix(_SQLITE).partition("?")[0]))

    @property
    def raw_url(self) -> str:
        """An absolute folder or a URL."""
        url = self.raw_url_override or "raw"
        return url if "://" in url else str(self._in_home(url))

    @property
    def publications_url(self) -> str:
        """An absolute folder or a URL."""
        url = self.publications_url_override or "publications"
        return url if "://" in url else str(self._in_home(url))

    @property
    def exports(self) -> tuple[str, ...]:
        """The formats of `publications.exports` that are written for every recording, without repetitions."""
        return tuple(dict.fromkeys(each for each in valid.split_list(self.exports_given) if each != valid.OFF))

    @property
    def media_kinds(self) -> tuple[MediaKind, ...]:
        """The media kinds to download, in the order of `MediaKind`."""
        given = set(valid.split_list(self.media_kinds_given))
        return tuple(kind for kind in MediaKind if kind in given)

    @property
    def dagster_home(self) -> Path:
        return self._in_home(self.dagster_home_override or "dagster")

    @property
    def download_host_patterns(self) -> tuple[str, ...]:
        return valid.split_list(self.download_hosts)

    @property
    def owners(self) -> tuple[str, ...]:
        """The owners of all assets."""
        return valid.split_list(self.owners_given)

    @property
    def metric_parameters(self) -> dict[str, float]:
        """The parameters of the metrics that differ from their defaults, by name."""
        return valid.split_numbers(self.metrics)

    @property
    def known_bot_names(self) -> frozenset[str]:
        """The names of note-takers in comparable form (`core.names`)."""
        return frozenset(filter(None, map(comparable_name, valid.split_list(self.bot_names))))

    @property
    def own_domains(self) -> tuple[str, ...]:
        """The e-mail domains of the company in comparable form (`core.email_domains`), in alphabetical order."""
        return tuple(sorted(filter(None, map(comparable_domain, valid.split_list(self.own_domains_given)))))

    def _in_home(self, path: str | Path) -> Path:
        return self.home / _expanded(path)


def _expanded(path: str | Path) -> Path:
    """Expands `~`. `Path.expanduser` is not used, because it raises for unknown users."""
    return Path(os.path.expanduser(path))


def read_settings(overrides: Mapping[str, str] = MappingProxyType({})) -> Settings:
    """Reads the settings from the environment; an empty variable counts as unset.

    `overrides` precede the environment; they have the names of its variables.

    Raises:
        SettingsError: names each invalid variable and its fault, without its value, which may be a secret.
    """
    try:
        settings = Settings(**cast("dict[str, Any]", dict(overrides)))
        _check_publications(settings)
        return settings
    except ValidationError as error:
        faults = [_sentence(fault["loc"], fault["msg"]) for fault in error.errors(include_input=False)]
    # Raised outside of the handler, so that it has no context: pydantic's error quotes the input.
    raise SettingsError(" ".join(faults))


def _check_publications(settings: Settings) -> None:
    """Refuses a publications store that contains other data: a share of the pages would share all of it.

    Raises:
        SettingsError: the home, the raw store or the database is inside of the publications store.
    """
    store = _comparable(settings.publications_url)
    inside = {"raw store": settings.raw_url, "home": str(settings.home), "database": str(settings.database_file or "")}
    for what, url in inside.items():
        if url and f"{_comparable(url)}/".startswith(f"{store}/"):
            raise SettingsError(
                f"MEETING_ASSETS_PUBLICATIONS_URL is wrong: the store of pages contains the {what}, which must not be "
                "shared with it. Name a folder or prefix of its own."
            )


def _comparable(url: str) -> str:
    """A URL or path without its query and last slash."""
    path = url.removeprefix("file://localhost").removeprefix("file://")
    return path.rstrip("/") if path != url or "://" not in url else url.partition("?")[0].rstrip("/")


def _sentence(location: tuple[int | str, ...], message: str) -> str:
    reason = message.removeprefix("Value error, ")
    return f"{location[0]} is wrong: {reason[:1].lower()}{reason[1:]}."
