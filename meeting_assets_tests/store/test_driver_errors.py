"""Faults of real database servers and files are reported in one sentence, with their cause and without secrets."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread
from uuid import uuid4

import psycopg
import pytest
import stamina
from sqlalchemy.engine import make_url

from meeting_assets.core.errors import StoreError, TransactionLost
from meeting_assets.store import connections
from meeting_assets.store.database import Database
from meeting_assets.store.driver_errors import SQLSTATES
from meeting_assets_tests.conftest import fresh_postgresql

PASSWORD = "pw-7c1d9e40"


@pytest.fixture(autouse=True)
def _only_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Reports errors after the first attempt, without retries."""
    monkeypatch.setattr(connections, "BUSY_TIMEOUT_S", 0)
    with stamina.set_testing(True, attempts=1):
        yield


def message_of(url: str, *statements: str) -> str:
    """The message of a database that cannot be opened, or cannot execute some statements."""
    with pytest.raises(StoreError) as raised:
        execute(url, statements)
    sentence = str(raised.value)
    assert sentence.startswith("The database")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert PASSWORD not in sentence
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
    return sentence


def execute(url: str, statements: Sequence[str]) -> None:
    with closing(Database.at(url)) as database, database.writing() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


@contextmanager
def listening(answer: bytes | None) -> Iterator[int]:
    """A port that accepts connections, and sends one response or none."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept: list[socket.socket] = []

        def accept() -> None:
            with closing(server.accept()[0]) as accepted:
                kept.append(accepted)
                accepted.recv(8)
                if answer is not None:
                    accepted.sendall(answer)
                accepted.recv(1)

        Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]


@pytest.fixture
def role(postgresql_server: str) -> Iterator[str]:
    """The URL of a new database for a role that owns nothing."""
    url = fresh_postgresql(postgresql_server)
    name = f"role_{uuid4().hex}"
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
    address = make_url(url).set(username=name, password=PASSWORD)
    yield address.render_as_string(hide_password=False)
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"DROP OWNED BY {name}")
        connection.execute(f"DROP ROLE {name}")


def administer(url: str, postgresql_server: str, statement: str) -> None:
    address = make_url(url)
    target = make_url(postgresql_server).set(database=address.database).render_as_string(hide_password=False)
    with psycopg.connect(target, autocommit=True) as connection:
        connection.execute(statement.format(role=address.username, database=address.database))


def test_unknown_database_is_reported(role: str) -> None:
    address = make_url(role).set(database="not_there")

    sentence = message_of(address.render_as_string(hide_password=False))

    assert "does not exist on its server" in sentence
    assert '"not_there"' in sentence


def test_wrong_password_is_reported(role: str, postgresql_server: str) -> None:
    name = make_url(role).username
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        row = connection.execute("SHOW hba_file").fetchone()
        assert row is not None
        rules = Path(row[0])
        before = rules.read_text()
        rules.write_text(f"local all {name} scram-sha-256\n{before}")
        connection.execute("SELECT pg_reload_conf()")
    try:
        address = make_url(role).set(password=PASSWORD + "-wrong")
        sentence = message_of(address.render_as_string(hide_password=False))
    finally:
        rules.write_text(before)

    assert "rejects the user or the password" in sentence
    assert "password authentication failed" in sentence


def test_unknown_role_is_reported(role: str) -> None:
    address = make_url(role).set(username="nobody_here")

    assert "rejects the user or the password" in message_of(address.render_as_string(hide_password=False))


def test_unknown_host_is_reported() -> None:
    assert "is on an unknown host" in message_of(f"postgresql+psycopg://me:{PASSWORD}@host.invalid/meetings")


def test_refused_connection_is_reported() -> None:
    sentence = message_of(f"postgresql+psycopg://me:{PASSWORD}@127.0.0.1:1/meetings")

    assert "does not answer" in sentence
    assert "Connection refused" in sentence
    assert "postgresql+psycopg://127.0.0.1:1/meetings" in sentence


def test_server_without_tls_is_reported() -> None:
    with listening(b"N") as port:
        url = f"postgresql+psycopg://me:{PASSWORD}@127.0.0.1:{port}/meetings?sslmode=require"

        assert "cannot be reached over TLS" in message_of(url)


def test_missing_certificate_is_reported(tmp_path: Path) -> None:
    with listening(b"S") as port:
        url = f"postgresql+psycopg://me:{PASSWORD}@127.0.0.1:{port}/d?sslmode=verify-full&sslrootcert={tmp_path}/no.pem"

        assert "cannot be reached over TLS" in message_of(url)


def test_silent_server_is_reported() -> None:
    with listening(None) as port:
        url = f"postgresql+psycopg://me:{PASSWORD}@127.0.0.1:{port}/meetings?connect_timeout=2"

        assert "does not answer in time" in message_of(url)


@pytest.mark.parametrize(
    ("given", "statement", "cause"),
    [
        ("ALTER DATABASE {database} CONNECTION LIMIT 0", "", "has too many connections"),
        ("REVOKE CONNECT ON DATABASE {database} FROM public", "", "rejects the user or the password"),
        (
            "ALTER ROLE {role} SET default_transaction_read_only = on",
            "CREATE TEMP TABLE x (y int); CREATE TABLE z (y int)",
            "is read-only",
        ),
        ("CREATE TABLE public.hidden (x int)", "SELECT * FROM public.hidden", "denies this role a permission"),
        ("SELECT 1", "CREATE TABLE nowhere.x (y int)", "lacks a schema"),
        ("ALTER ROLE {role} SET search_path = ''", "CREATE TABLE x (y int)", "lacks a schema"),
        ("SELECT 1", "SELECT * FROM missing", "lacks a table"),
        ("SELECT 1", "SELECT missing FROM pg_class", "has tables of another version"),
        ("ALTER ROLE {role} SET statement_timeout = '10ms'", "SELECT pg_sleep(5)", "has cancelled a statement"),
        ("SELECT 1", "SELECT pg_terminate_backend(pg_backend_pid())", "does not answer"),
    ],
)
def test_refusals_by_settings_of_database_or_role_are_reported(
    role: str, postgresql_server: str, given: str, statement: str, cause: str
) -> None:
    administer(role, postgresql_server, given)

    assert cause in message_of(role, *filter(None, [statement]))


def test_lock_timeout_is_reported(role: str, postgresql_server: str) -> None:
    administer(role, postgresql_server, "CREATE TABLE public.held (x int); GRANT ALL ON held TO {role}")
    target = make_url(postgresql_server).set(database=make_url(role).database)
    with psycopg.connect(target.render_as_string(hide_password=False)) as other:
        other.execute("LOCK TABLE public.held")

        sentence = message_of(role, "SET LOCAL lock_timeout = '10ms'", "SELECT * FROM public.held")

    assert "did not give a lock in time" in sentence


@pytest.mark.parametrize("sqlstate", sorted({state.ljust(5, "0") for state in SQLSTATES}))
def test_every_known_sqlstate_is_reported_with_its_cause(role: str, sqlstate: str) -> None:
    raising = f"DO $$ BEGIN RAISE EXCEPTION 'the cause' USING ERRCODE = '{sqlstate}', DETAIL = '{PASSWORD}'; END $$"

    sentence = message_of(role, raising)

    cause = SQLSTATES.get(sqlstate) or SQLSTATES[sqlstate[:2]]
    assert f"{cause.what} (the cause): {cause.advice}." in sentence


@pytest.mark.parametrize("sqlstate", ["40001", "40P01", "55P03", "57014", "57P01", "57P02", "57P03", "08006"])
def test_transient_sqlstate_raises_transaction_lost(role: str, sqlstate: str) -> None:
    database = Database.at(role)

    with pytest.raises(TransactionLost), database.writing() as connection:
        connection.exec_driver_sql(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{sqlstate}'; END $$")
    database.close()


@pytest.mark.parametrize("sqlstate", ["22012", "22P02", "23505", "42601"])
def test_bugs_of_this_package_are_not_reported_as_database_faults(role: str, sqlstate: str) -> None:
    database = Database.at(role)

    with pytest.raises(Exception, match="the bug") as raised, database.writing() as connection:
        connection.exec_driver_sql(f"DO $$ BEGIN RAISE EXCEPTION 'the bug' USING ERRCODE = '{sqlstate}'; END $$")
    database.close()

    assert not isinstance(raised.value, StoreError)


def damage(path: Path) -> None:
    """Overwrites all pages but the first, which holds the schema."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=DELETE")
        database.execute("CREATE TABLE t (x)")
        database.executemany("INSERT INTO t VALUES (?)", [("x" * 100,)] * 1000)
        database.commit()
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))


@pytest.mark.parametrize(
    ("damage_file", "statements", "cause"),
    [
        (lambda path: path.write_bytes(b"no database" * 1000), (), "is no database of SQLite"),
        (lambda path: path.mkdir(), (), "cannot be opened"),
        (damage, ("SELECT count(x) FROM t",), "is damaged"),
        (lambda path: None, ("PRAGMA query_only = ON", "CREATE TABLE t (x)"), "is read-only"),
        (
            lambda path: None,
            ("PRAGMA max_page_count = 5", "CREATE TABLE t (x)", "INSERT INTO t VALUES (zeroblob(100000))"),
            "its disk is full",
        ),
        (lambda path: None, ("SELECT * FROM missing",), "lacks a table"),
    ],
    ids=["no database", "folder", "damaged", "read-only", "full", "without tables"],
)
def test_each_fault_of_a_sqlite_file_is_reported(
    tmp_path: Path, damage_file: Callable[[Path], object], statements: tuple[str, ...], cause: str
) -> None:
    path = tmp_path / "meetings.db"
    damage_file(path)

    sentence = message_of(f"sqlite:///{path}", *statements)

    assert cause in sentence
    assert str(path) in sentence


def test_locked_sqlite_file_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "meetings.db"
    Database.at(f"sqlite:///{path}").close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")

        assert "is locked by another process" in message_of(f"sqlite:///{path}")


def test_folder_that_cannot_be_created_is_reported() -> None:
    assert "folder cannot be made" in message_of("sqlite:////proc/nowhere/meetings.db")
