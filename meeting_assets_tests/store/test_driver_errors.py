"""Each fault of a database is told as its own cause, in one sentence without secrets, on real servers and files."""

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
    """What is retried is told after the first try here."""
    monkeypatch.setattr(connections, "BUSY_TIMEOUT_S", 0)
    with stamina.set_testing(True, attempts=1):
        yield


def told(url: str, *statements: str) -> str:
    """What is said of a database, as it is opened or as it executes some statements."""
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
    """A port that accepts connections, and gives one answer or none."""
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


def test_an_unknown_database_is_named(role: str) -> None:
    address = make_url(role).set(database="not_there")

    sentence = told(address.render_as_string(hide_password=False))

    assert "does not exist on its server" in sentence
    assert '"not_there"' in sentence


def test_a_wrong_password_is_named(role: str, postgresql_server: str) -> None:
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
        sentence = told(address.render_as_string(hide_password=False))
    finally:
        rules.write_text(before)

    assert "rejects the user or the password" in sentence
    assert "password authentication failed" in sentence


def test_an_unknown_role_is_named(role: str) -> None:
    address = make_url(role).set(username="nobody_here")

    assert "rejects the user or the password" in told(address.render_as_string(hide_password=False))


def test_an_unknown_host_is_named() -> None:
    assert "is on an unknown host" in told(f"postgresql+psycopg://me:{PASSWORD}@host.invalid/meetings")


def test_a_refused_connection_is_named() -> None:
    sentence = told(f"postgresql+psycopg://me:{PASSWORD}@127.0.0.1:1/meetings")

    assert "does not answer" in sentence
    assert "Connection refused" in sentence
    assert "postgresql+psycopg://127.0.0.1:1/meetings" in sentence


def test_a_server_without_tls_is_named() -> None:
    with listening(b"N") as port:
        url = f"postgresql+psycopg://me:{PASSWORD}@127.0.0.1:{port}/meetings?sslmode=require"

        assert "cannot be reached over TLS" in told(url)


def test_a_missing_certificate_is_named(tmp_path: Path) -> None:
    with listening(b"S") as port:
        url = f"postgresql+psycopg://me:{PASSWORD}@127.0.0.1:{port}/d?sslmode=verify-full&sslrootcert={tmp_path}/no.pem"

        assert "cannot be reached over TLS" in told(url)


def test_a_server_that_says_nothing_is_named() -> None:
    with listening(None) as port:
        url = f"postgresql+psycopg://me:{PASSWORD}@127.0.0.1:{port}/meetings?connect_timeout=2"

        assert "does not answer in time" in told(url)


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
def test_what_a_database_or_role_was_set_to_is_named(
    role: str, postgresql_server: str, given: str, statement: str, cause: str
) -> None:
    administer(role, postgresql_server, given)

    assert cause in told(role, *filter(None, [statement]))


def test_a_lock_that_is_held_is_named(role: str, postgresql_server: str) -> None:
    administer(role, postgresql_server, "CREATE TABLE public.held (x int); GRANT ALL ON held TO {role}")
    target = make_url(postgresql_server).set(database=make_url(role).database)
    with psycopg.connect(target.render_as_string(hide_password=False)) as other:
        other.execute("LOCK TABLE public.held")

        sentence = told(role, "SET LOCAL lock_timeout = '10ms'", "SELECT * FROM public.held")

    assert "did not give a lock in time" in sentence


@pytest.mark.parametrize("sqlstate", sorted({state.ljust(5, "0") for state in SQLSTATES}))
def test_every_sqlstate_of_the_table_is_told_as_it_says(role: str, sqlstate: str) -> None:
    raising = f"DO $$ BEGIN RAISE EXCEPTION 'the cause' USING ERRCODE = '{sqlstate}', DETAIL = '{PASSWORD}'; END $$"

    sentence = told(role, raising)

    cause = SQLSTATES.get(sqlstate) or SQLSTATES[sqlstate[:2]]
    assert f"{cause.what} (the cause): {cause.advice}." in sentence


@pytest.mark.parametrize("sqlstate", ["40001", "40P01", "55P03", "57014", "57P01", "57P02", "57P03", "08006"])
def test_a_transaction_that_may_succeed_later_is_known_as_such(role: str, sqlstate: str) -> None:
    database = Database.at(role)

    with pytest.raises(TransactionLost), database.writing() as connection:
        connection.exec_driver_sql(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{sqlstate}'; END $$")
    database.close()


@pytest.mark.parametrize("sqlstate", ["22012", "22P02", "23505", "42601"])
def test_faults_of_this_package_are_not_blamed_on_the_database(role: str, sqlstate: str) -> None:
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
    ("prepare", "statements", "cause"),
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
def test_each_fault_of_a_file_is_named(
    tmp_path: Path, prepare: Callable[[Path], object], statements: tuple[str, ...], cause: str
) -> None:
    path = tmp_path / "meetings.db"
    prepare(path)

    sentence = told(f"sqlite:///{path}", *statements)

    assert cause in sentence
    assert str(path) in sentence


def test_a_locked_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "meetings.db"
    Database.at(f"sqlite:///{path}").close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")

        assert "is locked by another process" in told(f"sqlite:///{path}")


def test_a_folder_that_cannot_be_made_is_told_in_a_sentence() -> None:
    assert "folder cannot be made" in told("sqlite:////proc/nowhere/meetings.db")
