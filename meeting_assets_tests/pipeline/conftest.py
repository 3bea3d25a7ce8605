"""Fixtures of meetings for roll-ups, and the stored fortnight."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import Connection, make_url

from meeting_assets.sandbox import Sandbox, combined, uniform
from meeting_assets.settings import read_settings
from meeting_assets_tests.conftest import fresh_postgresql, shared_folder
from meeting_assets_tests.support.environments import sync_days, use_home, use_sandbox
from meeting_assets_tests.support.rollups import MONDAY, SUNDAY, TUESDAY, Home
from meeting_assets_tests.support.stored_fortnight import StoredFortnight, fortnight_at_home


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def home_of_all(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Synced once and never changed."""
    days = [uniform(SUNDAY, recordings=1), uniform(MONDAY, recordings=2), uniform(TUESDAY, recordings=1)]
    folder = tmp_path_factory.mktemp("home_of_all")
    with pytest.MonkeyPatch.context() as monkeypatch, Sandbox(combined(days)) as running:
        use_home(folder, monkeypatch)
        if request.param == "postgresql":
            server = request.getfixturevalue("postgresql_server")
            monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", fresh_postgresql(server))
        use_sandbox(running, monkeypatch)
        sync_days([SUNDAY, MONDAY, TUESDAY])
        return Home(read_settings().database_url, running.world.recordings)


@pytest.fixture
def home_with_meetings(home_of_all: Home, home: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A copy that a test may change."""
    url = make_url(home_of_all.url)
    if url.get_backend_name() == "sqlite":
        assert url.database is not None
        shutil.copyfile(url.database, home / "meetings.db")
    else:
        copy = f"test_{uuid4().hex}"
        server = url.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{copy}" TEMPLATE "{url.database}"'.encode())
        monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", url.set(database=copy).render_as_string(hide_password=False))
    monkeypatch.setenv("RECALL_BASE_URL", "http://127.0.0.1:9")
    return home_of_all


@pytest.fixture(scope="module")
def stored_fortnight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredFortnight]:
    """The fortnight in SQLite, synced once for all test processes and never changed."""
    with ExitStack() as open_home:
        with shared_folder(tmp_path_factory, "fortnight") as home:
            stored = open_home.enter_context(fortnight_at_home(home, f"sqlite:///{home / 'meetings.db'}"))
        yield stored


@pytest.fixture
def connection(stored_fortnight: StoredFortnight) -> Iterator[Connection]:
    with stored_fortnight.storage.database.reading() as connection:
        yield connection
