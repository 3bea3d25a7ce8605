"""Validators for values of settings. A `ValueError` states the fault and the remedy, and never quotes the value."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from meeting_assets.core.email_domains import comparable_domain
from meeting_assets.core.export_formats import EXPORT_FORMATS
from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.core.urls import is_unambiguous

OFF = "off"
_ESCAPE = (
    "its user or password contains a character that must be percent-escaped, or its port is not a number; "
    "write %40 for @, %2F for /, %3F for ?, %23 for # and %25 for %"
)
# The option is not quoted: after an unescaped & it is part of a password.
_UNKNOWN_OPTION = (
    "its query names an option that PostgreSQL's client does not have; correct the name, "
    "and write %26 for & and %3D for = in a password"
)
_DATABASE_HINT = "use sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"
_POSTGRESQL = frozenset({"postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2"})
_VISIBLE_ASCII = re.compile(r"[!-~]+")
_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]{0,62}")
# The rule of Dagster, which refuses to load definitions with other owners.
_OWNER = re.compile(r"team:.+|[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,7}")
_CODE_URL = re.compile(r"https://[^/?#@]+/[^?#@]+?(/-)?/tree/[^?#@]+")
_SECRET = re.compile(r"pass|pwd|secret|token|key|signature|credential", re.IGNORECASE)


def split_list(text: str) -> tuple[str, ...]:
    """Splits a comma-separated list; empty elements are dropped."""
    return tuple(each.strip() for each in text.split(",") if each.strip())


def split_numbers(text: str) -> dict[str, float]:
    """Parses a comma-separated list of numbers by name, such as `dead_air_s=3, bridge_s=0.5`.

    Raises:
        ValueError: the text is not such a list.
    """
    pairs = (each.partition("=") for each in split_list(text))
    return {name.strip(): float(value) for name, _, value in pairs}


def api_key(key: SecretStr) -> SecretStr:
    """Removes the prefix `Token` of the Authorization header."""
    bare = re.sub(r"^token\s+", "", key.get_secret_value().strip(), flags=re.IGNORECASE)
    if not _VISIBLE_ASCII.fullmatch(bare):
        raise ValueError("it contains a blank, a line break or a non-ASCII character; copy it again from the dashboard")
    return SecretStr(bare)


def webhook_secrets(secrets: SecretStr) -> SecretStr:
    for secret in split_list(secrets.get_secret_value()):
        if not secret.startswith("whsec_") or not _is_base64(secret.removeprefix("whsec_")):
            raise ValueError("each secret must be whsec_ followed by base64; separate secrets by commas")
    return secrets


def base_url(url: str) -> str:
    """Removes the path, so that paths like /api/v1/… can be appended."""
    try:
        parts = urlsplit(url)
        is_plain = bool(parts.hostname) and "@" not in parts.netloc and not (parts.query or parts.fragment)
        _ = parts.port
    except ValueError:
        is_plain = False
    if not is_plain or parts.scheme not in {"https", "http"}:
        raise ValueError("it is not a URL like https://HOST or http://127.0.0.1:PORT, without user and query")
    if parts.scheme == "http" and f".{parts.hostname}".endswith(".recall.ai"):
        raise ValueError("the key would be sent unencrypted; use https://")
    return url.rstrip("/").removesuffix("/api/v1")


def alert_url(url: SecretStr) -> SecretStr:
    try:
        parts = urlsplit(url.get_secret_value())
        is_usable = parts.scheme in {"https", "http"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable or not _VISIBLE_ASCII.fullmatch(url.get_secret_value()):
        raise ValueError("it is not a URL like https://HOST/PATH that accepts POST requests")
    return url


def database_url(url: str) -> str:
    """Adds the driver to the URL, because SQLAlchemy's default driver depends on its version."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    scheme, _, rest = url.partition("://")
    scheme = scheme.lower()
    if scheme in _POSTGRESQL:
        scheme = "postgresql+psycopg"
        if not is_unambiguous(url):
            raise ValueError(_ESCAPE)
    elif scheme != "sqlite" or not rest.startswith("/") or rest in {"/", "/:memory:"}:
        raise ValueError(f"it does not name a supported database; {_DATABASE_HINT}")
    try:
        parsed = make_url(f"{scheme}://{rest}")
    except (ArgumentError, ValueError):
        parsed = None
    if parsed is None:
        raise ValueError(f"it is not a database URL; {_DATABASE_HINT}")
    if scheme != "sqlite" and not parsed.query.keys() <= _connection_options():
        raise ValueError(_UNKNOWN_OPTION)
    return f"{scheme}://{rest}"


def _connection_options() -> set[str]:
    """Returns the query parameters that PostgreSQL's client library accepts in a URL."""
    from psycopg import pq

    return {option.keyword.decode() for option in pq.Conninfo.get_defaults()}


def database_schema(name: str) -> str:
    if not _IDENTIFIER.fullmatch(name) or name.startswith("pg_"):
        raise ValueError(
            "it is not a schema name; use up to 63 lower-case letters, digits and underscores, starting with a letter"
        )
    return name


def store_url(url: str) -> str:
    # Names of objects may contain @; only the part before the first / can be a user with a password.
    _, mark, rest = url.partition("://")
    names_user = "@" in rest.partition("/")[0] or ":" in rest.partition("/")[0]
    if mark and not url.startswith("file://") and names_user and not is_unambiguous(url):
        raise ValueError(_ESCAPE)
    return url


def exports(text: str) -> str:
    unknown = text != OFF and any(each not in EXPORT_FORMATS for each in split_list(text))
    if unknown:
        raise ValueError(f"it names an unknown format; use {OFF}, or some of {', '.join(EXPORT_FORMATS)}")
    return text


def media(text: str) -> str:
    if text != OFF and any(each not in {*MediaKind} for each in split_list(text)):
        raise ValueError(f"it names an unknown kind of media; use {OFF}, or some of {', '.join(MediaKind)}")
    return text


def metric_parameters(text: str) -> str:
    try:
        split_numbers(text)
    except ValueError:
        raise ValueError("it is not a list like dead_air_s=3, bridge_s=0.5") from None
    return text


def own_domains(text: str) -> str:
    if not all(map(comparable_domain, split_list(text))):
        raise ValueError(
            "it is not a list of e-mail domains like example.com, example.org; "
            "leave out @ and *, because subdomains are included"
        )
    return text


def owners(text: str) -> str:
    if not all(map(_OWNER.fullmatch, split_list(text))):
        raise ValueError("it is not a list of e-mail addresses and teams like ada@example.com, team:data")
    return text


def code_url(url: str) -> str:
    if not _CODE_URL.fullmatch(url):
        raise ValueError(
            "it is not the URL of a branch like https://github.com/ORG/REPO/tree/main or "
            "https://gitlab.com/ORG/REPO/-/tree/main, without user and query"
        )
    return url.rstrip("/")


def secrets_in_url(url: str) -> Iterator[str]:
    """Yields the password of a URL and the secrets in its query, both percent-escaped and unescaped.

    The URL is not parsed by a library: some passwords that drivers accept raise errors there, which quote the password.

    >>> sorted(secrets_in_url("postgresql://me:pa%2Fss@host/db?sslpassword=x&sslmode=require"))
    ['pa%2Fss', 'pa/ss', 'x', 'x']
    """
    user, _, location = url.partition("://")[2].rpartition("@")
    pairs = (pair.partition("=") for pair in location.partition("?")[2].split("&"))
    given = [user.partition(":")[2], *(value for name, _, value in pairs if _SECRET.search(name))]
    for secret in filter(None, given):
        yield secret
        yield unquote(secret)


def _is_base64(text: str) -> bool:
    try:
        return bool(b64decode(text, validate=True))
    except ValueError:
        return False
