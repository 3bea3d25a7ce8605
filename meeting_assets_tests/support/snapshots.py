"""Snapshots of a home and its database, or of empty tables: tests with equal set-up run it once and copy the result.

A snapshot lives as long as the test process. Its sandbox and the sandboxes of later tests must serve equal worlds.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from uuid import uuid4

import psycopg
from sqlalchemy import URL, make_url

from meeting_assets.pipeline.storage import whole_schema
from meeting_assets.settings import read_settings
from meeting_assets.store.database import Database
from meeting_assets.store.migrations.setup import set_up_database
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
    """Syncs days into an empty home, or copies what the first call with this name and these days has stored."""
    fill_once(f"{name}: {', '.join(map(str, days))}", partial(sync_days, days))


def fill_once(name: str, fill: Callable[[], Result]) -> Result:
    """Fills the home of the settings and its empty database, or copies what the first call has stored.

    Calls are equal if their names and the modules of their functions are. Database and raw store must be where they
    are by default: in the home, or in a database of PostgreSQL. Returns the result of the first call.
    """
    settings = read_settings()
    url = make_url(settings.database_url)
    module = str(getattr(fill, "func", fill).__module__)
    key = name, module, str(url.query.get("host", ""))  # the folder of a PostgreSQL server; none for SQLite
    known = _snapshots()
    if key in known:
        _restore(known[key], settings.home, url)
    else:
        result = fill()
        assert getattr(result, "returncode", 0) == 0, result  # a failed command leaves an incomplete home
        known[key] = _taken(settings.home, url, result)
    return known[key].result  # type: ignore[no-any-return]


def create_with_tables(url: str) -> None:
    """Creates a SQLite file or a database of PostgreSQL with the empty tables of this version.

    Copying the tables takes a fifth of the time of creating them.
    """
    target = make_url(url)
    if target.get_backend_name() == "sqlite":
        assert target.database is not None
        shutil.copyfile(_sqlite_tables(), target.database)
    else:
        template, search_path = _postgresql_tables(target.set(database="postgres"))
        _administer(target, *_copied_database(target, template, search_path))


@cache
def _sqlite_tables() -> Path:
    path = Path(_folder().name) / f"{uuid4().hex}.db"
    _set_up(make_url(f"sqlite:///{path}"))
    return path


@cache
def _postgresql_tables(server: URL) -> tuple[str, str]:
    """The name and the search path of a database with the tables of this version on a server."""
    url = server.set(database=f"tables_{uuid4().hex}")
    _administer(url, f'CREATE DATABASE "{url.database}"')
    _set_up(url)
    return str(url.database), _search_path(url)


def _set_up(url: URL) -> None:
    with closing(Database.at(url.render_as_string(hide_password=False))) as database:
        set_up_database(database, whole_schema())


@cache
def _snapshots() -> dict[tuple[str, str, str], Snapshot]:
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
    _administer(url, f'CREATE DATABASE "{template}" TEMPLATE "{url.database}"')
    return Snapshot(copy, template, _search_path(url), result)


def _restore(snapshot: Snapshot, home: Path, url: URL) -> None:
    shutil.copytree(snapshot.home, home, dirs_exist_ok=True)
    if snapshot.template is not None:
        copied = _copied_database(url, snapshot.template, snapshot.search_path)
        _administer(url, f'DROP DATABASE "{url.database}"', *copied)


def _copied_database(url: URL, template: str, search_path: str) -> list[str]:
    """Statements that create the database of a URL as a copy of another one."""
    return [
        f'CREATE DATABASE "{url.database}" TEMPLATE "{template}"',
        f'ALTER ROLE CURRENT_USER IN DATABASE "{url.database}" SET search_path = {search_path}',
    ]


def _search_path(url: URL) -> str:
    with psycopg.connect(_plain(url)) as connection:
        (search_path,) = connection.execute("SHOW search_path").fetchone() or ("public",)
    return str(search_path)


def _administer(url: URL, *statements: str) -> None:
    with psycopg.connect(_plain(url.set(database="postgres")), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def _plain(url: URL) -> str:
    """The URL in the form that psycopg accepts."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
