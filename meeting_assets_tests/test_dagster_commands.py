"""Dagster's own commands work in a checkout, with an installed wheel, and in a project of `create-dagster`.

They need neither DAGSTER_HOME nor a key.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest

from meeting_assets.orchestration.code_location import CODE_LOCATION
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets_tests.support.environments import free_port
from meeting_assets_tests.support.folders import (
    COMPONENT,
    Folder,
    copy_of_tracked_files,
    create_project,
    install_wheel,
    scaffold_workspace,
)
from meeting_assets_tests.support.sample_day import DAY
from meeting_assets_tests.support.ui import until

MODULE = "meeting_assets.definitions"
WORKSPACE = "sales_meetings"
START_S = 180
STOP_S = 30
NO_KEY = "RECALL_API_KEY is not set"
LOCATIONS = """{ workspaceOrError { ... on Workspace { locationEntries { name loadStatus
    locationOrLoadError { __typename } } } } }"""
ASSET = "--select", "recordings", "--partition", DAY.isoformat()

CHECKOUT = {
    "dagster definitions validate": ("dagster", "definitions", "validate"),
    "dg check defs": ("dg", "check", "defs"),
    "dg check toml": ("dg", "check", "toml"),
    "dg list defs": ("dg", "list", "defs", "--json"),
    "dagster asset list": ("dagster", "asset", "list", "-m", MODULE),
}
PROJECT = {
    "dg check defs": ("dg", "check", "defs"),
    "dg check toml": ("dg", "check", "toml"),
    "dg check yaml": ("dg", "check", "yaml"),
    "dg list components": ("dg", "list", "components"),
    "dg list defs": ("dg", "list", "defs", "--json"),
}
INSTALLED = {
    "dagster definitions validate": ("dagster", "definitions", "validate", "-m", MODULE),
    "dagster asset list": ("dagster", "asset", "list", "-m", MODULE),
}
RUNS = {
    "dagster asset materialize": ("dagster", "asset", "materialize", "-m", MODULE, *ASSET),
    "dg launch": ("dg", "launch", "--assets", "recordings", "--partition", DAY.isoformat()),
}
PROJECT_RUN = "dg", "launch", "--assets", f"{WORKSPACE}/recordings", "--partition", DAY.isoformat()
NAMES = {
    "dagster definitions validate": CODE_LOCATION,
    "dg check defs": "All definitions loaded successfully.",
    "dg check toml": "All TOML configuration files are valid.",
    "dg check yaml": "All component YAML validated successfully.",
    "dg list components": COMPONENT,
    "dg list defs": "meeting_metrics",
    "dagster asset list": "meeting_metrics",
}
"""Words that the output of each command contains."""


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    clone = tmp_path_factory.mktemp("clone") / "meeting_assets"
    if not copy_of_tracked_files(clone):
        pytest.skip("not a Git checkout")
    return clone


@pytest.fixture
def checkout(tracked: Path) -> Iterator[Folder]:
    """A fresh checkout."""
    before = set(tracked.rglob("*"))
    yield Folder(tracked, [tracked])
    for each in sorted(set(tracked.rglob("*")) - before, reverse=True):
        each.rmdir() if each.is_dir() else each.unlink()


@pytest.fixture(scope="module")
def wheel(tracked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of installed packages with the built wheel."""
    site = tmp_path_factory.mktemp("site")
    install_wheel(tracked, site)
    return site


@pytest.fixture
def installed(wheel: Path, tmp_path: Path) -> Folder:
    """An empty folder of a user who has installed the wheel."""
    empty = tmp_path / "empty"
    empty.mkdir()
    return Folder(empty, [wheel])


@pytest.fixture
def project(wheel: Path, tmp_path: Path) -> Folder:
    """A project of `create-dagster` in an empty folder, with one workspace."""
    made = create_project(tmp_path / "empty", [wheel])
    scaffold_workspace(made, WORKSPACE)
    return made


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


def assert_ingests(folder: Folder, command: tuple[str, ...], sandbox: Sandbox, home: str = "data") -> None:
    done = folder.run(command, RECALL_BASE_URL=sandbox.url, RECALL_API_KEY=sandbox.api_key)

    assert done.returncode == 0, done.stdout
    with closing(sqlite3.connect(folder.path / home / "meetings.db")) as database:
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
        until(lambda: loaded_locations(process, port, log) == {location}, "the code location", within_s=START_S)
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


@pytest.mark.deployment
def test_dg_commands_of_a_project_load_without_a_file_or_folder_of_their_own(project: Folder) -> None:
    for name, command in PROJECT.items():
        assert_loads(project, name, command)


@pytest.mark.deployment
def test_run_in_a_project_names_the_missing_key(project: Folder) -> None:
    assert_names_the_missing_key(project, PROJECT_RUN)


@pytest.mark.deployment
def test_run_in_a_project_ingests_a_day(project: Folder, sandbox: Sandbox) -> None:
    assert_ingests(project, PROJECT_RUN, sandbox, f"data/{WORKSPACE}")


@pytest.mark.deployment
def test_dg_dev_starts_in_a_project(project: Folder) -> None:
    assert_serves(project, ("dg", "dev"), project.path.name)
