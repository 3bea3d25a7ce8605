"""Read-only commands change nothing, and no command changes tables of other programs."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from meeting_assets.cli.exit_codes import ExitCode
from meeting_assets.core.errors import StoreError
from meeting_assets.pipeline.storage import open_database, open_storage, open_storage_read_only
from meeting_assets.pipeline.views import VIEWS
from meeting_assets.sandbox import Sandbox
from meeting_assets.settings import read_settings
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.environments import use_sandbox
from meeting_assets_tests.support.sample_day import PORT, WORLD, sync_sample_day
from meeting_assets_tests.support.schema_versions import (
    FOREIGN_ROWS,
    FOREIGN_TABLES,
    everything,
    execute,
    fetched,
    foreign_rows,
    make_version_2,
)


@pytest.fixture
def new_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that does not exist."""
    monkeypatch.setenv("MEETING_ASSETS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def with_role(url: str, *grants: str) -> tuple[str, str]:
    """Creates a role with some grants; returns its name and its database URL."""
    role = f"role_{uuid4().hex}"
    execute(url, f"CREATE ROLE {role} LOGIN", *(f"{each} TO {role}" for each in grants))
    return role, url.replace("postgres:@", f"{role}:@")


def test_status_of_a_missing_home_reports_it_and_creates_nothing(new_home: Path) -> None:
    done = command("status")

    assert done.returncode == 0
    assert f"There is no database at {new_home}/meetings.db yet" in done.stderr
    assert not new_home.exists()


def test_status_as_json_of_a_missing_home_is_empty(new_home: Path) -> None:
    done = command("status", "--json")

    assert json.loads(done.stdout)["recordings"] == {}
    assert not new_home.exists()


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_migrate_before_the_first_sync_has_nothing_to_do(
    database_url: str, home: Path, options: tuple[str, ...]
) -> None:
    done = command("migrate", *options)

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    assert "yet" in done.stdout
    assert [*home.glob("meetings.db*")] == []


def test_loading_definitions_creates_nothing(new_home: Path) -> None:
    subprocess.run([sys.executable, "-c", "from meeting_assets.definitions import defs; defs()"], check=True)

    assert not new_home.exists()


READ_ONLY = [
    *(("status",), ("status", "--json"), ("doctor",), ("migrate", "--dry-run")),
    *(("speakers", WORLD.recordings[0].id), ("speakers", "--export", "-")),
]


@sqlite_first
@pytest.mark.parametrize("arguments", READ_ONLY)
def test_read_only_commands_change_nothing(
    database_url: str, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    with Sandbox(WORLD, download_port=PORT) as sandbox:
        use_sandbox(sandbox, monkeypatch)
        sync_sample_day()
        before = everything(database_url)

        done = command(*arguments)

    assert done.returncode == 0, done.stdout + done.stderr
    assert everything(database_url) == before


@pytest.mark.parametrize("arguments", [("status",), ("doctor",), ("migrate", "--dry-run")])
def test_read_only_commands_do_not_change_a_database_of_an_older_version(
    database_url: str, arguments: tuple[str, ...]
) -> None:
    make_version_2(database_url)
    before = everything(database_url)

    command(*arguments)

    assert everything(database_url) == before


@pytest.mark.parametrize("arguments", [("status",), ("doctor",), ("rebuild",), ("sync",), ("migrate",)])
def test_no_command_changes_tables_of_another_program(
    database_url: str, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_SCHEMA", "public")
    execute(database_url, *FOREIGN_TABLES)
    before = everything(database_url)

    with Sandbox(WORLD, download_port=PORT) as sandbox:
        use_sandbox(sandbox, monkeypatch)
        done = command(*arguments)

    assert done.returncode == 6
    assert "attendance, people" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert foreign_rows(database_url) == FOREIGN_ROWS
    if arguments[0] in {"status", "doctor"} or not database_url.startswith("sqlite"):
        assert everything(database_url) == before


def test_status_works_with_a_read_only_role(postgresql_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_storage(read_settings()):
        pass
    schema = "SCHEMA meetings"
    _, url = with_role(postgresql_database, f"GRANT USAGE ON {schema}", f"GRANT SELECT ON ALL TABLES IN {schema}")
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", url)

    done = command("status")

    assert done.returncode == 0, done.stderr
    assert "0 recordings" in done.stdout


@pytest.mark.parametrize("view", sorted(VIEWS))
def test_read_only_role_reads_every_view(postgresql_database: str, monkeypatch: pytest.MonkeyPatch, view: str) -> None:
    with open_storage(read_settings()):
        pass
    schema = "SCHEMA meetings"
    _, url = with_role(postgresql_database, f"GRANT USAGE ON {schema}", f"GRANT SELECT ON ALL TABLES IN {schema}")
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", url)

    with open_storage_read_only(read_settings()) as storage, storage.database.reading() as connection:
        assert connection.exec_driver_sql(f"SELECT count(*) FROM {view}").scalar_one() == 0


def test_writing_with_a_read_only_role_names_the_missing_grant(
    postgresql_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_storage(read_settings()):
        pass
    schema = "SCHEMA meetings"
    role, url = with_role(postgresql_database, f"GRANT USAGE ON {schema}", f"GRANT SELECT ON ALL TABLES IN {schema}")
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", url)

    with pytest.raises(StoreError, match=f"INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA meetings TO {role};"):
        open_database(read_settings())
    assert f"TO {role};" in command("doctor").stdout


def test_role_that_only_changes_rows_is_sufficient_for_existing_tables(
    postgresql_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_storage(read_settings()):
        pass
    schema = "SCHEMA meetings"
    rows = f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN {schema}"
    _, url = with_role(postgresql_database, f"GRANT USAGE ON {schema}", rows)
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", url)

    with open_storage(read_settings()) as storage:
        storage.database.bind_origin("https://example.invalid")


def test_role_without_access_to_our_schema_gets_the_missing_grant(
    postgresql_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_storage(read_settings()):
        pass
    role, url = with_role(postgresql_database)
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", url)

    with (
        pytest.raises(StoreError, match=f'GRANT USAGE ON SCHEMA "meetings" TO {role};'),
        open_storage_read_only(read_settings()),
    ):
        pass


@pytest.mark.parametrize(
    ("schema", "grant"),
    [("meetings", "GRANT CREATE ON DATABASE"), ("public", 'GRANT USAGE, CREATE ON SCHEMA "public"')],
)
def test_role_without_create_privilege_gets_the_missing_grant(
    postgresql_database: str, monkeypatch: pytest.MonkeyPatch, schema: str, grant: str
) -> None:
    execute(postgresql_database, "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    role, url = with_role(postgresql_database)
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", url)
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_SCHEMA", schema)

    with pytest.raises(StoreError) as raised:
        open_database(read_settings())
    with Sandbox(WORLD) as sandbox:
        use_sandbox(sandbox, monkeypatch)  # a missing key would be the more urgent problem
        diagnosed = command("doctor")

    assert grant in str(raised.value)
    assert f"TO {role};" in str(raised.value)
    assert diagnosed.returncode == ExitCode.REFUSED, diagnosed.stdout
    assert grant in diagnosed.stdout


def test_schema_created_by_an_administrator_is_used(postgresql_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    role, url = with_role(postgresql_database)
    execute(postgresql_database, f"CREATE SCHEMA meetings AUTHORIZATION {role}")
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", url)

    with closing(open_database(read_settings())) as database:
        assert database.namespace.name == "meetings"

    assert fetched(postgresql_database, "SELECT count(*) FROM meetings.recordings") == [0]


def test_migrate_prints_its_steps_and_keeps_the_rows(database_url: str) -> None:
    make_version_2(database_url)
    execute(
        database_url,
        "ALTER TABLE transcript_words ADD COLUMN old INTEGER NOT NULL DEFAULT 0",
        "INSERT INTO transcript_words "
        "(recording_id, transcript_id, word_index, utterance_index, participant_key, text) "
        "VALUES ('5a7062f3-bd54-4838-b296-df84f85c7b92', '5a7062f3-bd54-4838-b296-df84f85c7b92', 0, 0, '1', 'hello')",
    )

    refused = command("rebuild")
    planned = command("migrate", "--dry-run")
    done = command("migrate")
    again = command("migrate")

    assert refused.returncode == 6
    assert "transcript_words (old is of another version)" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert "Drop old from table transcript_words; its rows and grants stay." in planned.stdout
    assert (planned.returncode, done.returncode, again.returncode) == (0, 0, 0)
    assert "nothing to do" in again.stdout
    assert fetched(database_url, "SELECT text FROM transcript_words") == ["hello"]
    assert command("rebuild").returncode == 0


def test_older_version_does_not_change_a_newer_database(database_url: str) -> None:
    with open_storage(read_settings()):
        pass
    execute(database_url, "UPDATE meta SET value = '99' WHERE name = 'schema_version'")
    before = everything(database_url)

    for arguments in (("rebuild",), ("status",), ("migrate",)):
        done = command(*arguments)

        assert done.returncode == 6
        assert "upgrade meeting_assets" in done.stderr
        assert "Traceback" not in done.stderr
    assert everything(database_url) == before
