"""The probe of Dagster's storage: a storage that rejects events is reported, and a healthy one stays unchanged."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from meeting_assets.core.errors import StoreError
from meeting_assets.health.diagnostics.report import Severity
from meeting_assets.orchestration.home import prepare_home
from meeting_assets.orchestration.operations.doctor import run_diagnostics
from meeting_assets.orchestration.operations.storage_probe import probe_storage
from meeting_assets.orchestration.runs import dagster_instance
from meeting_assets.settings import read_settings

SNAPSHOTS = "history/runs.db snapshots"
"""Dagster stores the definition of every job that has run, once."""

pytestmark = pytest.mark.usefixtures("dagster_home")


@pytest.fixture(autouse=True)
def prepared(dagster_home: Path) -> None:
    prepare_home(read_settings())


def reject(dagster_home: Path, database: str, statement: str) -> None:
    """Makes a storage refuse a statement, as a read-only role does; works for root, too."""
    with closing(sqlite3.connect(dagster_home / "history" / database)) as connection:
        connection.execute(f"CREATE TRIGGER refused BEFORE {statement} BEGIN SELECT RAISE(ABORT, 'refused'); END")
        connection.commit()


def rows(dagster_home: Path) -> dict[str, int]:
    """The rows of every table of Dagster's storage."""
    counts = {}
    for path in sorted(dagster_home.rglob("*.db")):
        with closing(sqlite3.connect(path)) as connection:
            names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for name in names:
                (count,) = connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()
                counts[f"{path.relative_to(dagster_home)} {name}"] = count
    return counts


def test_a_probe_leaves_nothing_but_its_job_s_snapshot(dagster_home: Path) -> None:
    before = rows(dagster_home)

    with dagster_instance() as instance:
        probe_storage(instance)
        after = rows(dagster_home)
        probe_storage(instance)

    assert rows(dagster_home) == after
    assert after | {SNAPSHOTS: 0} == before
    assert not [path for path in (dagster_home / "storage").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("database", "statement"),
    [("runs/index.db", "INSERT ON event_logs"), ("runs.db", "INSERT ON runs"), ("runs.db", "UPDATE ON runs")],
)
def test_a_storage_that_rejects_events_is_found(dagster_home: Path, database: str, statement: str) -> None:
    reject(dagster_home, database, statement)

    with dagster_instance() as instance, pytest.raises(StoreError, match="no run can store events: it rejects them"):
        probe_storage(instance)


def test_doctor_names_a_storage_that_rejects_events(dagster_home: Path) -> None:
    reject(dagster_home, "runs/index.db", "INSERT ON event_logs")

    found = {each.subject: each for each in run_diagnostics(read_settings())}

    assert found["events"].severity is Severity.ERROR
    assert "dagster.yaml" in found["events"].sentence
