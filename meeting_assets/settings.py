"""Every setting, its default and meaning, in one place. All come from the environment."""

from __future__ import annotations

import os
import re
from base64 import b64decode
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import quote, unquote, urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from meeting_assets.core.errors import SettingsError
from meeting_assets.core.names import comparable_name
from meeting_assets.core.urls import is_unambiguous

Region = Literal["us-east-1", "us-west-2", "eu-central-1", "ap-northeast-1"]
TimingSource = Literal["speaker_timeline", "words", "speech_events"]
OnDeletion = Literal["keep", "purge"]
LogFormat = Literal["text", "json"]

_ESCAPE = (
    "its user or password holds a character that must be percent-escaped, or its port is no number; "
    "write %40 for @, %2F for /, %3F for ?, %23 for # and %25 for %"
)
# The parameter is not quoted: after an unescaped & it is a part of a password.
_UNKNOWN_OPTION = (
    "its query names an option that PostgreSQL's client does not have; correct the name, "
    "and write %26 for & and %3D for = in a password"
)
REGIONS: tuple[Region, ...] = get_args(Region)
BUCKET = "recallai-production-bot-data"
"""The bucket of media files; regions other than the first have one of their own, named after them."""
DOWNLOAD_HOSTS = (
    "*.recall.ai",
    *(f"{BUCKET}.s3{each}.amazonaws.com" for each in ("", *(f".{region}" for region in REGIONS))),
    *(f"{region}-{BUCKET}.s3{each}.amazonaws.com" for region in REGIONS[1:] for each in ("", f".{region}")),
)
"""Buckets and regions by their full names: anybody can own a bucket that ends like Recall.ai's."""

_DATABASE_HINT = "use sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"
_POSTGRESQL = frozenset({"postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2"})
_SQLITE = "sqlite:///"
# A `%`, `?` or `#` in the name of a folder is encoded in URLs; all else stays as a person would write it.
_LEFT_IN_PATHS = "".join(chr(code) for code in range(128) if chr(code) not in "%?#")
_VISIBLE_ASCII = re.compile(r"[!-~]+")
_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_SECRET = re.compile(r"pass|pwd|secret|token|key|signature|credential", re.IGNORECASE)


def _api_key(key: SecretStr) -> SecretStr:
    """The bare key: some keep it with the prefix of the header it is sent in."""
    bare = re.sub(r"^token\s+", "", key.get_secret_value().strip(), flags=re.IGNORECASE)
    if not _VISIBLE_ASCII.fullmatch(bare):
        raise ValueError("it holds a blank, a line break or a letter that no key has; copy it again from the dashboard")
    return SecretStr(bare)


def _webhook_secrets(secrets: SecretStr) -> SecretStr:
    for secret in _listed(secrets.get_secret_value()):
        if not secret.startswith("whsec_") or not _is_base64(secret.removeprefix("whsec_")):
            raise ValueError("each secret starts with whsec_ and goes on in base64; commas stand between them")
    return secrets


def _base_url(url: str) -> str:
    """The URL that paths like /api/v1/… are put behind."""
    try:
        parts = urlsplit(url)
        is_plain = bool(parts.hostname) and "@" not in parts.netloc and not (parts.query or parts.fragment)
        _ = parts.port
    except ValueError:
        is_plain = False
    if not is_plain or parts.scheme not in {"https", "http"}:
        raise ValueError("it is no URL like https://HOST or http://127.0.0.1:PORT, without user and query")
    if parts.scheme == "http" and f".{parts.hostname}".endswith(".recall.ai"):
        raise ValueError("the key would go over the network in the clear; use https://")
    return url.rstrip("/").removesuffix("/api/v1")


def _alert_url(url: SecretStr) -> SecretStr:
    try:
        parts = urlsplit(url.get_secret_value())
        is_usable = parts.scheme in {"https", "http"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable or not _VISIBLE_ASCII.fullmatch(url.get_secret_value()):
        raise ValueError("it is no URL like https://HOST/PATH that a document can be posted to")
    return url


def _database_url(url: str) -> str:
    """The URL with its driver named: SQLAlchemy's own default driver depends on its version."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    scheme, _, rest = url.partition("://")
    scheme = scheme.lower()
    if scheme in _POSTGRESQL:
        scheme = "postgresql+psycopg"
        if not is_unambiguous(url):
            raise ValueError(_ESCAPE)
    elif scheme != "sqlite" or not rest.startswith("/") or rest in {"/", "/:memory:"}:
        raise ValueError(f"it names no database that can be used; {_DATABASE_HINT}")
    try:
        parsed = make_url(f"{scheme}://{rest}")
    except (ArgumentError, ValueError):
        parsed = None
    if parsed is None:
        raise ValueError(f"it is no database URL; {_DATABASE_HINT}")
    if scheme in _POSTGRESQL and not parsed.query.keys() <= _connection_options():
        raise ValueError(_UNKNOWN_OPTION)
    return f"{scheme}://{rest}"


def _connection_options() -> set[str]:
    """The query parameters that PostgreSQL's client library accepts in a URL."""
    from psycopg import pq

    return {option.keyword.decode() for option in pq.Conninfo.get_defaults()}


def _database_schema(name: str) -> str:
    if not _IDENTIFIER.fullmatch(name) or name.startswith("pg_"):
        raise ValueError(
            "it is no name of a schema; use up to 63 lower-case letters, digits and underscores, starting with a letter"
        )
    return name


def _raw_url(url: str) -> str:
    # Names of objects may hold an @; only the part before the first / can be a user with a password.
    _, mark, rest = url.partition("://")
    names_user = "@" in rest.partition("/")[0] or ":" in rest.partition("/")[0]
    if mark and not url.startswith("file://") and names_user and not is_unambiguous(url):
        raise ValueError(_ESCAPE)
    return url


def _numbers(text: str) -> str:
    try:
        dict(_pairs(text))
    except ValueError:
        raise ValueError("it is no list like turn_gap_s=3, bridge_s=0.5") from None
    return text


def _pairs(text: str) -> Iterator[tuple[str, float]]:
    for each in _listed(text):
        name, _, value = each.partition("=")
        yield name.strip(), float(value)


def _secrets_in(url: str) -> Iterator[str]:
    """The password of a URL, and what its query says by a secret's name: as they stand there, and as they are meant.

    Not by a parser of URLs: passwords that drivers take make those stumble, over their text.

    >>> sorted(_secrets_in("postgresql://me:pa%2Fss@host/db?sslpassword=x&sslmode=require"))
    ['pa%2Fss', 'pa/ss', 'x', 'x']
    """
    user, _, place = url.partition("://")[2].rpartition("@")
    pairs = (pair.partition("=") for pair in place.partition("?")[2].split("&"))
    given = [user.partition(":")[2], *(value for name, _, value in pairs if _SECRET.search(name))]
    for secret in filter(None, given):
        yield secret
        yield unquote(secret)


def _is_base64(text: str) -> bool:
    try:
        return bool(b64decode(text, validate=True))
    except ValueError:
        return False


def _expanded(path: str | Path) -> Path:
    """The path with `~` spelled out; not `Path.expanduser`, which raises where there is no such user."""
    return Path(os.path.expanduser(path))


def _listed(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


class Settings(BaseSettings):
    """What a user can set. Paths are absolute once read, so that a later change of folder moves nothing."""

    # Not `populate_by_name`: it would also read variables named like the fields, and `home` is everybody's HOME.
    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    api_key: Annotated[SecretStr, AfterValidator(_api_key)] | None = Field(
        None, alias="RECALL_API_KEY", description="sent to the API origin alone, never to a download URL"
    )
    region: Region = Field("us-east-1", alias="RECALL_REGION", description="where the workspace lives")
    base_url_override: Annotated[str, AfterValidator(_base_url)] | None = Field(
        None, alias="RECALL_BASE_URL", description="a proxy or the sandbox; default: from the region"
    )
    list_calls_per_minute: int = Field(
        50, ge=1, alias="RECALL_LIST_CALLS_PER_MINUTE", description="own pacing, per process and list"
    )
    webhook_secrets_given: Annotated[SecretStr, AfterValidator(_webhook_secrets)] | None = Field(
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
        description="a larger artifact, after decompression, is set aside and named",
    )
    home: Path = Field(Path("data"), alias="MEETING_ASSETS_HOME", description="base of all relative paths")
    database_url_override: Annotated[str, AfterValidator(_database_url)] | None = Field(
        None,
        alias="MEETING_ASSETS_DATABASE_URL",
        repr=False,
        description="SQLite or PostgreSQL; default: meetings.db in home",
    )
    database_schema: Annotated[str, AfterValidator(_database_schema)] = Field(
        "meetings",
        alias="MEETING_ASSETS_DATABASE_SCHEMA",
        description="schema of new PostgreSQL databases; tables that exist already stay where they are",
    )
    raw_url_override: Annotated[str, AfterValidator(_raw_url)] | None = Field(
        None,
        alias="MEETING_ASSETS_RAW_URL",
        repr=False,
        description="folder, file:// or object-store URL; default: raw/ in home",
    )
    instance_credentials: bool = Field(
        False,
        alias="MEETING_ASSETS_INSTANCE_CREDENTIALS",
        description="on: an object store's credentials may come from the machine's metadata service",
    )
    first_day: date = Field(date(2025, 1, 1), alias="MEETING_ASSETS_FIRST_DAY", description="first daily partition")
    timing_source: TimingSource = Field(
        "speaker_timeline",
        alias="MEETING_ASSETS_TIMING_SOURCE",
        description="where speech times are taken from if a recording has it",
    )
    metrics: Annotated[str, AfterValidator(_numbers)] = Field(
        "",
        alias="MEETING_ASSETS_METRICS",
        description="parameters of the metrics that differ from their defaults, such as turn_gap_s=3, bridge_s=0.5",
    )
    bot_names: str = Field(
        "", alias="MEETING_ASSETS_BOT_NAMES", description="comma-separated names of note-takers to leave out"
    )
    alert_url: Annotated[SecretStr, AfterValidator(_alert_url)] | None = Field(
        None,
        alias="MEETING_ASSETS_ALERT_URL",
        description="where alerts are posted as JSON, such as a Slack incoming webhook; default: the log",
    )
    log_format: LogFormat = Field(
        "text",
        alias="MEETING_ASSETS_LOG_FORMAT",
        description="json: one object a line to standard error, with recording, artifact and run ids",
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
        description="what follows when Recall.ai has deleted something: keep what is home, or purge it",
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
        """Blanks around a value are nobody's intention, and a blank value is none."""
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
        """Every secret that may have signed a webhook."""
        return _listed(self.webhook_secrets_given.get_secret_value()) if self.webhook_secrets_given else ()

    @property
    def secrets(self) -> frozenset[str]:
        """Everything given here that must be read nowhere."""
        given = [each.get_secret_value() for each in (self.api_key, self.alert_url) if each is not None]
        in_urls = [*_secrets_in(self.database_url_override or ""), *_secrets_in(self.raw_url_override or "")]
        return frozenset([*given, *self.webhook_secrets, *in_urls])

    @property
    def absolute_home(self) -> Path:
        return self.home

    @property
    def database_url(self) -> str:
        """URL with driver; a relative SQLite file lies in home. The path of a file is percent-encoded."""
        if self.database_url_override is not None and not self.database_url_override.startswith(_SQLITE):
            return self.database_url_override
        query = (self.database_url_override or "").partition("?")[2]
        return f"{_SQLITE}{quote(str(self.database_file), safe=_LEFT_IN_PATHS)}" + (f"?{query}" if query else "")

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
    def dagster_home(self) -> Path:
        return self._in_home(self.dagster_home_override or "dagster")

    @property
    def download_host_patterns(self) -> tuple[str, ...]:
        return _listed(self.download_hosts)

    @property
    def metric_parameters(self) -> dict[str, float]:
        """The parameters of the metrics that differ from their defaults, by name."""
        return dict(_pairs(self.metrics))

    @property
    def known_bot_names(self) -> frozenset[str]:
        return frozenset(filter(None, map(comparable_name, _listed(self.bot_names))))

    def _in_home(self, path: str | Path) -> Path:
        return self.home / _expanded(path)


def read_settings() -> Settings:
    """The settings as the environment gives them; an empty variable counts as unset.

    Raises:
        SettingsError: what is wrong with each variable, without its value, which may be a secret.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = [_sentence(fault["loc"], fault["msg"]) for fault in error.errors(include_input=False)]
    # Raised here so that the error has no context: pydantic's quotes what it was given.
    raise SettingsError(" ".join(faults))


def _sentence(place: tuple[int | str, ...], message: str) -> str:
    reason = message.removeprefix("Value error, ")
    return f"{place[0]} is wrong: {reason[:1].lower()}{reason[1:]}."
