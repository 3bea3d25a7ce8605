"""Dagster's home: homes whose `dagster.yaml` names the removed storage class are recognised, explained and migrated."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import pytest
import yaml  # type: ignore[import-untyped]

from meeting_assets.core.errors import SettingsError
from meeting_assets.orchestration.assets.raw import raw_key
from meeting_assets.orchestration.home import migrate_home, prepare_home
from meeting_assets.orchestration.runs import dagster_instance
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets.settings import read_settings
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.environments import use_sandbox
from meeting_assets_tests.support.runs import run_successfully

DAY = date(2026, 3, 2)
OLD_BLOCK = """\
storage:
  custom:
    # Dagster's own SQLite files, whose connections are kept: a run takes half the time. For PostgreSQL: docs/running.md.
    module: meeting_assets.orchestration.dagster_storage
    class: Storage
    config: {base_dir: {env: DAGSTER_HOME}}
"""  # noqa: E501 - as earlier versions shipped it
NEW_BLOCK = """\
storage:
  sqlite: {base_dir: {env: DAGSTER_HOME}}
"""
BEFORE = "# ours\ntelemetry: {enabled: false}  # as everywhere\n\n"
AFTER = "\n# at most one run\nconcurrency:\n  runs: {max_concurrent_runs: 1}\n"

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=1, words=20)) as running:
        use_sandbox(running, monkeypatch)
        yield running


def write_old_config(dagster_home: Path) -> Path:
    """Writes the `storage` block of earlier versions in front of a home's own settings."""
    path = dagster_home / "dagster.yaml"
    path.write_text(OLD_BLOCK + "\n" + path.read_text())
    return path


def history(run_id: str) -> tuple[list[tuple[str | None, str]], set[str], list[str]]:
    """The events of a run, the materialized days of an asset, and the run's steps."""
    with dagster_instance() as instance:
        events = [(entry.step_key, entry.message) for entry in instance.all_logs(run_id)]
        days = instance.get_materialized_partitions(raw_key("transcript"))
        return events, set(days), sorted(each.step_key for each in instance.get_run_step_stats(run_id))


def test_shipped_config_names_no_storage(dagster_home: Path) -> None:
    assert "storage" not in yaml.safe_load((dagster_home / "dagster.yaml").read_text())


@pytest.mark.parametrize("arguments", [("sync",), ("demo",), ("dev",)])
def test_commands_that_need_dagster_explain_the_removed_storage(
    sandbox: Sandbox, dagster_home: Path, arguments: tuple[str, ...]
) -> None:
    path = write_old_config(dagster_home)

    done = command(*arguments)

    assert done.returncode == 3
    assert done.stderr.splitlines()[-1].startswith(f"Error: The `storage` block of {path} names meeting_assets.")
    assert "Run `meeting-assets migrate`" in done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_explains_the_removed_storage(sandbox: Sandbox, dagster_home: Path) -> None:
    write_old_config(dagster_home)

    done = command("doctor")

    assert done.returncode == 3
    assert "Run `meeting-assets migrate`" in " ".join(done.stdout.split())


def test_migrate_keeps_the_run_history(sandbox: Sandbox, defs: dg.Definitions, dagster_home: Path) -> None:
    """The removed class wrote the files of Dagster's own storage, so a run of that storage stands for an old one."""
    run_id = run_successfully(defs, [DAY]).run_id
    before = history(run_id)
    write_old_config(dagster_home)
    with pytest.raises(SettingsError, match="meeting-assets migrate"):
        prepare_home(read_settings())

    done = command("migrate")

    assert done.returncode == 0, done.stderr
    assert "Replace the removed storage class" in done.stdout
    prepare_home(read_settings())
    assert history(run_id) == before
    assert before[0]
    assert before[1] == {DAY.isoformat()}


def test_migrate_changes_a_home_without_tables(dagster_home: Path) -> None:
    path = write_old_config(dagster_home)

    done = command("migrate")

    assert done.returncode == 0, done.stderr
    assert "custom" not in path.read_text()


def test_dry_run_of_migrate_leaves_the_config(dagster_home: Path) -> None:
    path = write_old_config(dagster_home)
    before = path.read_bytes()

    done = command("migrate", "--dry-run")

    assert done.returncode == 0, done.stderr
    assert "Replace the removed storage class" in done.stdout
    assert path.read_bytes() == before


FLOW = """\
storage: {custom: {module: meeting_assets.orchestration.dagster_storage, class: Storage, config: {base_dir: /x}}}
"""
NESTED = """\
storage:
    # where runs are kept
    custom:
        class: Storage
        config:
            base_dir:
                env: DAGSTER_HOME
        module: meeting_assets.orchestration.dagster_storage  # kept
    # end of storage
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (OLD_BLOCK, NEW_BLOCK),
        (OLD_BLOCK.replace("\n", "\r\n"), NEW_BLOCK.replace("\n", "\r\n")),
        (FLOW, "storage: {sqlite: {base_dir: /x}}\n"),
        (
            NESTED,
            "storage:\n    # where runs are kept\n    sqlite: {base_dir: {env: DAGSTER_HOME}}  # kept\n"
            "    # end of storage\n",
        ),
    ],
)
def test_migrate_changes_only_the_removed_block(dagster_home: Path, old: str, new: str) -> None:
    path = dagster_home / "dagster.yaml"
    path.write_bytes((BEFORE + old + AFTER).encode())

    migrate_home(dagster_home, is_dry_run=False)

    assert path.read_bytes().decode() == BEFORE + new + AFTER


def test_migrate_keeps_mode_and_link_of_the_config(dagster_home: Path, tmp_path: Path) -> None:
    path, elsewhere = write_old_config(dagster_home), tmp_path / "managed.yaml"
    path.rename(elsewhere)
    elsewhere.chmod(0o640)
    path.symlink_to(elsewhere)

    migrate_home(dagster_home, is_dry_run=False)

    assert path.is_symlink()
    assert elsewhere.stat().st_mode & 0o777 == 0o640
    assert "custom" not in elsewhere.read_text()
    assert sorted(os.listdir(tmp_path)) == ["dagster", "managed.yaml"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "storage: {postgres: {postgres_url: 'postgresql://127.0.0.1/dagster'}}",
        "storage: {custom: {module: theirs, class: Storage}}",
        "# meeting_assets.orchestration.dagster_storage was here\ntelemetry: {enabled: false}",
        "storage: {custom: [meeting_assets.orchestration.dagster_storage",
    ],
)
def test_migrate_leaves_other_configs(dagster_home: Path, text: str) -> None:
    path = dagster_home / "dagster.yaml"
    path.write_text(text)

    assert migrate_home(dagster_home, is_dry_run=False) is None
    assert path.read_text() == text


def test_migrate_changes_the_config_once(dagster_home: Path) -> None:
    write_old_config(dagster_home)

    assert migrate_home(dagster_home, is_dry_run=False) is not None
    assert migrate_home(dagster_home, is_dry_run=False) is None
