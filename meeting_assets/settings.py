"""Every setting, its default and meaning, in one place. All come from the environment."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from meeting_assets.core.errors import SettingsError

Region = Literal["us-east-1", "us-west-2", "eu-central-1", "ap-northeast-1"]
TimingSource = Literal["speaker_timeline", "words", "speech_events"]


def _database_url(url: str) -> str:
    """The URL with its driver named: SQLAlchemy's own default driver depends on its version."""
    scheme, separator, rest = url.partition("://")
    if scheme in {"postgres", "postgresql"}:
        return f"postgresql+psycopg{separator}{rest}"
    if scheme in {"sqlite", "postgresql+psycopg"}:
        return url
    raise ValueError(f"starts with {scheme!r}; use sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE")


def _base_url(url: str) -> str:
    if not url.startswith(("https://", "http://")):
        raise ValueError("must start with https:// or http://")
    return url.rstrip("/")


class Settings(BaseSettings):
    """What a user can set. Paths are absolute once read, so that a later change of folder moves nothing."""

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True, env_ignore_empty=True)

    api_key: SecretStr | None = Field(
        None, alias="RECALL_API_KEY", description="sent to the API origin alone, never to a download URL"
    )
    region: Region = Field("us-east-1", alias="RECALL_REGION", description="where the workspace lives")
    base_url_override: Annotated[str, AfterValidator(_base_url)] | None = Field(
        None, alias="RECALL_BASE_URL", description="a proxy or the sandbox; default: from the region"
    )
    list_calls_per_minute: int = Field(
        50, ge=1, alias="RECALL_LIST_CALLS_PER_MINUTE", description="own pacing, per process and list"
    )
    download_hosts: str = Field(
        "*.recall.ai,*recallai-production-bot-data.s3*.amazonaws.com",
        alias="MEETING_ASSETS_DOWNLOAD_HOSTS",
        description="comma-separated patterns of hosts that artifacts may come from, besides the API's own",
    )
    home: Path = Field(Path("data"), alias="MEETING_ASSETS_HOME", description="base of all relative paths")
    database_url_override: Annotated[str, AfterValidator(_database_url)] | None = Field(
        None,
        alias="MEETING_ASSETS_DATABASE_URL",
        description="SQLite or PostgreSQL; default: meetings.db in home",
    )
    raw_url_override: str | None = Field(
        None,
        alias="MEETING_ASSETS_RAW_URL",
        description="folder, file:// or object-store URL; default: raw/ in home",
    )
    first_day: date = Field(date(2025, 1, 1), alias="MEETING_ASSETS_FIRST_DAY", description="first daily partition")
    timing_source: TimingSource = Field(
        "speaker_timeline",
        alias="MEETING_ASSETS_TIMING_SOURCE",
        description="where speech times are taken from if a recording has it",
    )
    bot_names: str = Field(
        "", alias="MEETING_ASSETS_BOT_NAMES", description="comma-separated names of note-takers to leave out"
    )
    dagster_home_override: Path | None = Field(
        None, alias="DAGSTER_HOME", description="Dagster's own folder; default: dagster/ in home"
    )

    @property
    def base_url(self) -> str:
        """The API's origin; paths start at /api/v1/."""
        return self.base_url_override or f"https://{self.region}.recall.ai"

    @property
    def absolute_home(self) -> Path:
        return self.home.expanduser().absolute()

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL with driver; a relative SQLite file lies in home."""
        url = self.database_url_override
        if url is None:
            return f"sqlite:///{self.absolute_home / 'meetings.db'}"
        if url.startswith("sqlite:///") and not url.startswith("sqlite:////"):
            return f"sqlite:///{self.absolute_home / url.removeprefix('sqlite:///')}"
        return url

    @property
    def raw_url(self) -> str:
        """An absolute folder or a URL."""
        url = self.raw_url_override or "raw"
        return url if "://" in url else str(self.absolute_home / Path(url).expanduser())

    @property
    def dagster_home(self) -> Path:
        return self.absolute_home / (self.dagster_home_override or "dagster")

    @property
    def download_host_patterns(self) -> tuple[str, ...]:
        return tuple(pattern.strip() for pattern in self.download_hosts.split(",") if pattern.strip())

    @property
    def known_bot_names(self) -> frozenset[str]:
        return frozenset(name.strip().casefold() for name in self.bot_names.split(",") if name.strip())


def read_settings() -> Settings:
    """The settings as the environment gives them; an empty variable counts as unset.

    Raises:
        SettingsError: one sentence per wrong variable, without its value (it may be a secret).
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = [f"{fault['loc'][0]} {fault['msg']}" for fault in error.errors(include_input=False)]
        raise SettingsError("; ".join(faults)) from None
