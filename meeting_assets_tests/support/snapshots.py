"""Snapshots of a home and its database, so that tests with equal set-up run it once and copy the result.

A snapshot lives as long as the test process. Its sandbox and the sandboxes of later tests must serve equal worlds.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from uuid import uuid4

import psycopg
from sqlalchemy import URL, make_url

from meeting_assets.settings import read_settings
from meeting_assets_tests.support.environments import free_port, sync_days

Result = TypeVar("Result")

DOWNLOAD_PORT = free_port()
"""For sandboxes whose days are copied: manifests contain the port, so a second fetch finds them unchanged."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A copy of a home with its SQLite database, or with the name of a template database on the same server."""

    home: Path
    template: str | None
    search_path: str
    """Of the template's role: a setting of role and database, which PostgreSQL does not copy with the database."""
    result: Any


def sync_once(name: str, days: Sequence[date]) -> None:
    """Syncs days into an empty home, or copies what the first call with this name has stored."""
    fill_once(name, partial(sync_days, days))


def fill_once(name: str, fill: Callable[[], Result]) -> Result:
    """Fills the home of the settings and its empty database, or copies what the first call with this name has stored.

    Database and raw store must be where they are by default: in the home, or in a database of PostgreSQL. Returns the
    result of the first call.
    """
    settings = read_settings()
    url = make_url(settings.database_url)
    key = name, str(url.query.get("host", ""))  # the folder of a PostgreSQL server; none for SQLite
    known = _snapshots()
    if key in known:
        _restore(known[key], settings.home, url)
    else:
        result = fill()
        known[key] = _taken(settings.home, url, result)
    return known[key].result  # type: ignore[no-any-return]


@cache
def _snapshots() -> dict[tuple[str, str], Snapshot]:
    return {}


@cache
def _folder() -> TemporaryDirectory[str]:
    return TemporaryDirectory(ignore_cleanup_errors=True)


def _taken(home: Path, url: URL, result: object) -> Snapshot:
    copy = Path(_folder().name) / uuid4().hex
    shutil.copytree(home, copy)
    if url.get_backend_name() == "sqlite":
        return Snapshot(copy, None, "", result)
    template = f"snapshot_{uuid4().hex}"
    with psycopg.connect(_plain(url)) as connection:
        (search_path,) = connection.execute("SHOW search_path").fetchone() or ("public",)
    _administer(url, f'CREATE DATABASE "{template}" TEMPLATE "{url.database}"')
    return Snapshot(copy, template, search_path, result)


def _restore(snapshot: Snapshot, home: Path, url: URL) -> None:
    shutil.copytree(snapshot.home, home, dirs_exist_ok=True)
    if snapshot.template is not None:
        _administer(
            url,
            f'DROP DATABASE "{url.database}"',
            f'CREATE DATABASE "{url.database}" TEMPLATE "{snapshot.template}"',
            f'ALTER ROLE CURRENT_USER IN DATABASE "{url.database}" SET search_path = {snapshot.search_path}',
        )


def _administer(url: URL, *statements: str) -> None:
    with psycopg.connect(_plain(url.set(database="postgres")), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def _plain(url: URL) -> str:
    """The URL in the form that psycopg accepts."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
