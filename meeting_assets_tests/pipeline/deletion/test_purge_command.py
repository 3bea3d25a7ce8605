"""The purge command asks for a confirmation, and reports obstacles with their remedy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy.engine import make_url

from meeting_assets.cli.exit_codes import ExitCode
from meeting_assets.core.instants import start_of
from meeting_assets.sandbox import Recording, Sandbox, uniform
from meeting_assets.settings import read_settings
from meeting_assets.store.scrub import HELD_BACK
from meeting_assets_tests.conftest import fresh_postgresql, sqlite_first
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.environments import open_test_storage, sync_days, table_rows, use_sandbox
from meeting_assets_tests.support.purges import paths_of
from meeting_assets_tests.support.snapshots import DOWNLOAD_PORT, sync_once

pytestmark = [sqlite_first, pytest.mark.with_tables]

DAY = date(2026, 3, 2)


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=2, words=20), limits=False, download_port=DOWNLOAD_PORT) as running:
        use_sandbox(running, monkeypatch)
        sync_once("two short recordings", [DAY])
        yield running


def test_purge_without_terminal_and_without_yes_is_refused(recording: Recording) -> None:
    before = table_rows()

    done = command("purge", recording.id)

    assert done.returncode == 6
    assert "--yes" in done.stderr
    assert table_rows() == before


@pytest.mark.parametrize("options", [(), ("--expired",)])
def test_purge_is_refused_for_a_raw_store_of_another_database(
    recording: Recording, options: tuple[str, ...], request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_test_storage() as storage:
        stored = storage.raw.days_of([recording.id])
    database_url = read_settings().database_url
    other = "sqlite:///another.db"
    if "postgresql" in database_url:
        other = fresh_postgresql(request.getfixturevalue("postgresql_server"))
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", other)
    monkeypatch.setenv("MEETING_ASSETS_RETENTION_DAYS", "1")

    done = command("purge", "--yes", *(options or (recording.id,)))

    assert done.returncode == 6
    assert "The raw store belongs to another database" in done.stderr
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", database_url)
    with open_test_storage() as storage:  # succeeds only if the raw store still belongs to the real database
        assert storage.raw.days_of([recording.id]) == stored


def test_purge_of_expired_recordings_without_a_retention_creates_nothing(home: Path) -> None:
    done = command("purge", "--expired", "--yes")

    assert done.returncode == 3
    assert "MEETING_ASSETS_RETENTION_DAYS is not set" in done.stderr
    assert [*home.iterdir()] == []


def test_recordings_and_expired_exclude_each_other(recording: Recording) -> None:
    for arguments in (["--yes"], ["--expired", "--yes", recording.id]):
        done = command("purge", *arguments)

        assert done.returncode == 2
        assert "--expired" in done.stderr


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_purge_by_a_role_that_owns_no_tables_names_the_tables_to_vacuum(
    recording: Recording, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as owner:
        role = f"worker_{uuid4().hex[:12]}"
        owner.execute(f"CREATE ROLE {role} LOGIN")
        owner.execute(f"GRANT USAGE ON SCHEMA meetings TO {role}")
        owner.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA meetings TO {role}")
        url = make_url(database_url).set(username=role).render_as_string(hide_password=False)
        monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", url)

        done = command("purge", "--yes", recording.id)

    assert done.returncode == 6, done.stdout + done.stderr
    assert "The role may not vacuum artifacts, " in done.stderr
    assert "but the database may keep deleted rows" in done.stdout


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_old_transaction_that_keeps_deleted_rows_is_reported_and_the_next_purge_succeeds(
    recording: Recording, database_url: str
) -> None:
    with closing(psycopg.connect(database_url.replace("+psycopg", ""))) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reader.execute("SELECT count(*) FROM recordings")

        held = command("purge", "--yes", recording.id)

    assert held.returncode == 6
    assert HELD_BACK in held.stderr.replace("\n", " ")
    again = command("purge", "--yes", recording.id)
    assert again.returncode == 0, again.stdout + again.stderr
    assert dead_rows(database_url) == 0


def dead_rows(database_url: str) -> int:
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as connection:
        query = "SELECT sum(pg_stat_get_dead_tuples(oid)) FROM pg_class WHERE relname = 'transcript_words'"
        row = connection.execute(query).fetchone()
        return int(row[0]) if row else 0


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_foreign_key_of_a_foreign_table_stops_the_purge_but_no_sync(
    recording: Recording, sandbox: Sandbox, database_url: str
) -> None:
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as owner:
        owner.execute("CREATE TABLE public.notes (of uuid REFERENCES meetings.recordings (recording_id))")
        owner.execute("INSERT INTO public.notes VALUES (%s)", [recording.id])

    refused = command("purge", "--yes", recording.id)

    assert refused.returncode == ExitCode.UNAVAILABLE
    assert "Traceback" not in refused.stderr
    assert '"notes"' in refused.stderr
    added = sandbox.add_recording(start_of(DAY) + timedelta(hours=20))
    sync_days([DAY])
    assert added.id in {row[0] for row in table_rows()["recordings"]}
    command("rebuild")
    with open_test_storage() as storage:
        assert paths_of(storage.raw, DAY, recording.id), "raw objects stay while rows do"
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as owner:
        owner.execute("DROP TABLE public.notes")
    done = command("purge", "--yes", recording.id)
    assert done.returncode == 0, done.stdout + done.stderr
