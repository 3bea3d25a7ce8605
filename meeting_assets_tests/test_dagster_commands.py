"""Dagster's own commands work in a checkout and with an installed wheel, without DAGSTER_HOME and without a key."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest

from meeting_assets.orchestration.code_location import CODE_LOCATION
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets.settings import Settings
from meeting_assets_tests.support.environments import free_port
from meeting_assets_tests.support.sample_day import DAY
from meeting_assets_tests.support.ui import until

ROOT = Path(__file__).parent.parent
MODULE = "meeting_assets.definitions"
TIMEOUT_S = 180
STOP_S = 30
NO_KEY = "RECALL_API_KEY is not set"
LOCATIONS = """{ workspaceOrError { ... on Workspace { locationEntries { name loadStatus
    locationOrLoadError { __typename } } } } }"""
OURS = {field.alias for field in Settings.model_fields.values() if field.alias}
ASSET = "--select", "recordings", "--partition", DAY.isoformat()

CHECKOUT = {
    "dagster definitions validate": ("dagster", "definitions", "validate"),
    "dg check defs": ("dg", "check", "defs"),
    "dg check toml": ("dg", "check", "toml"),
    "dg list defs": ("dg", "list", "defs", "--json"),
    "dagster asset list": ("dagster", "asset", "list", "-m", MODULE),
}
INSTALLED = {
    "dagster definitions validate": ("dagster", "definitions", "validate", "-m", MODULE),
    "dagster asset list": ("dagster", "asset", "list", "-m", MODULE),
}
RUNS = {
    "dagster asset materialize": ("dagster", "asset", "materialize", "-m", MODULE, *ASSET),
    "dg launch": ("dg", "launch", "--assets", "recordings", "--partition", DAY.isoformat()),
}
NAMES = {
    "dagster definitions validate": CODE_LOCATION,
    "dg check defs": "All definitions loaded successfully.",
    "dg check toml": "All TOML configuration files are valid.",
    "dg list defs": "meeting_metrics",
    "dagster asset list": "meeting_metrics",
}
"""Words that the output of each command contains."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A working directory, and the folder that the package is imported from."""

    path: Path
    package: Path

    def environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        """The environment without settings of this package, with these settings."""
        own = {
            "HOME": str(self.path.parent),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.package),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return {name: value for name, value in os.environ.items() if name not in OURS} | own | dict(settings)

    def run(self, command: tuple[str, ...], **settings: str) -> subprocess.CompletedProcess[str]:
        """The ended command; its output contains the errors, too."""
        return subprocess.run(
            command,
            cwd=self.path,
            env=self.environment(settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT_S,
        )

    def files(self) -> set[str]:
        """All files and folders."""
        return {str(each.relative_to(self.path)) for each in self.path.rglob("*")}


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a fresh clone, with changes that are not committed yet."""
    clone = tmp_path_factory.mktemp("clone") / "meeting_assets"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a Git checkout")
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            (clone / name).write_bytes((ROOT / name).read_bytes())
    return clone


@pytest.fixture
def checkout(tracked: Path) -> Iterator[Folder]:
    """A fresh checkout."""
    before = set(tracked.rglob("*"))
    yield Folder(tracked, tracked)
    for each in sorted(set(tracked.rglob("*")) - before, reverse=True):
        each.rmdir() if each.is_dir() else each.unlink()


@pytest.fixture(scope="module")
def wheel(tracked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of installed packages with the built wheel."""
    built, site = tmp_path_factory.mktemp("dist"), tmp_path_factory.mktemp("site")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(built)],
        cwd=tracked,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
        capture_output=True,
    )
    (archive,) = built.glob("*.whl")
    with ZipFile(archive) as contents:
        contents.extractall(site)
    return site


@pytest.fixture
def installed(wheel: Path, tmp_path: Path) -> Folder:
    """An empty folder of a user who has installed the wheel."""
    empty = tmp_path / "empty"
    empty.mkdir()
    return Folder(empty, wheel)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=2)) as running:
        yield running


def assert_loads(folder: Folder, name: str, command: tuple[str, ...]) -> None:
    before = folder.files()

    done = folder.run(command)

    assert done.returncode == 0, done.stdout
    assert NAMES[name] in done.stdout
    assert folder.files() == before


def assert_names_the_missing_key(folder: Folder, command: tuple[str, ...]) -> None:
    done = folder.run(command)

    assert done.returncode != 0
    assert NO_KEY in done.stdout
    line = next(line for line in done.stdout.splitlines() if NO_KEY in line)
    assert "export RECALL_API_KEY" in line
    assert "meeting-assets demo" in line


def assert_ingests(folder: Folder, command: tuple[str, ...], sandbox: Sandbox) -> None:
    done = folder.run(command, RECALL_BASE_URL=sandbox.url, RECALL_API_KEY=sandbox.api_key)

    assert done.returncode == 0, done.stdout
    with closing(sqlite3.connect(folder.path / "data" / "meetings.db")) as database:
        assert database.execute("SELECT count(*) FROM recordings").fetchone() == (2,)


def assert_serves(folder: Folder, command: tuple[str, ...], location: str) -> None:
    """Starts a server, waits until it has loaded the code location, and stops it."""
    before, port, log = folder.files(), free_port(), folder.path.parent / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "-p", str(port)],
            cwd=folder.path,
            env=folder.environment({}),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        until(lambda: loaded_locations(process, port, log) == {location}, "the code location", within_s=TIMEOUT_S)
        process.send_signal(signal.SIGINT)
        assert process.wait(STOP_S) == 0, log.read_text()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert "Traceback" not in log.read_text()
    assert folder.files() == before


def loaded_locations(process: subprocess.Popen[bytes], port: int, log: Path) -> set[str]:
    """The code locations that a server has loaded without an error."""
    assert process.poll() is None, log.read_text()
    with suppress(httpx.HTTPError):
        answer = httpx.post(f"http://127.0.0.1:{port}/graphql", json={"query": LOCATIONS}, timeout=30, trust_env=False)
        entries = answer.json()["data"]["workspaceOrError"]["locationEntries"]
        assert all((each["locationOrLoadError"] or {}).get("__typename") != "PythonError" for each in entries)
        return {each["name"] for each in entries if each["loadStatus"] == "LOADED"}
    return set()


# `make test` runs one command of each kind; the others belong to `make test-deployment`.


def test_definitions_validate_in_a_fresh_checkout(checkout: Folder) -> None:
    name = "dagster definitions validate"

    assert_loads(checkout, name, CHECKOUT[name])


@pytest.mark.deployment
def test_run_of_the_installed_wheel_names_the_missing_key(installed: Folder) -> None:
    assert_names_the_missing_key(installed, RUNS["dagster asset materialize"])


@pytest.mark.deployment
@pytest.mark.parametrize("name", [each for each in CHECKOUT if each != "dagster definitions validate"])
def test_checkout_loads_without_a_file_or_folder_of_its_own(checkout: Folder, name: str) -> None:
    assert_loads(checkout, name, CHECKOUT[name])


@pytest.mark.deployment
@pytest.mark.parametrize("name", INSTALLED)
def test_installed_wheel_loads_without_a_file_or_folder_of_its_own(installed: Folder, name: str) -> None:
    assert_loads(installed, name, INSTALLED[name])


@pytest.mark.deployment
@pytest.mark.parametrize("name", RUNS)
def test_run_in_a_checkout_names_the_missing_key(checkout: Folder, name: str) -> None:
    assert_names_the_missing_key(checkout, RUNS[name])


@pytest.mark.deployment
@pytest.mark.parametrize("name", RUNS)
def test_run_in_a_checkout_ingests_a_day(checkout: Folder, sandbox: Sandbox, name: str) -> None:
    assert_ingests(checkout, RUNS[name], sandbox)


@pytest.mark.deployment
def test_run_of_the_installed_wheel_ingests_a_day(installed: Folder, sandbox: Sandbox) -> None:
    assert_ingests(installed, RUNS["dagster asset materialize"], sandbox)


@pytest.mark.deployment
@pytest.mark.parametrize("command", [("dagster", "dev"), ("dg", "dev")], ids=" ".join)
def test_servers_start_in_a_fresh_checkout(checkout: Folder, command: tuple[str, ...]) -> None:
    assert_serves(checkout, command, CODE_LOCATION)


@pytest.mark.deployment
def test_dagster_dev_starts_with_the_installed_wheel(installed: Folder) -> None:
    assert_serves(installed, ("dagster", "dev", "-m", MODULE), MODULE)


@pytest.mark.deployment
def test_dagster_yaml_of_a_checkout_loads_as_it_is(checkout: Folder) -> None:
    done = checkout.run(("dagster", "instance", "info"), DAGSTER_HOME=str(checkout.path))

    assert done.returncode == 0, done.stdout
    assert "max_concurrent_runs: 4" in done.stdout
