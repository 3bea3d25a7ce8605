"""A sample day, one of whose recordings tests damage, and an assertion that the others are not affected."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import date

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.metrics import METRICS
from meeting_assets.pipeline.fetch import fetch_days
from meeting_assets.pipeline.storage import access_of
from meeting_assets.sandbox import Artifact, uniform
from meeting_assets.settings import read_settings
from meeting_assets.store.database import table_of
from meeting_assets_tests.support.environments import (
    VOLATILE_COLUMNS,
    Row,
    TableRows,
    free_port,
    open_test_storage,
    table_rows,
)
from meeting_assets_tests.support.snapshots import sync_once

DAY = date(2026, 3, 2)
VICTIM = 1
MEASURED = {table_of(model).name for model in METRICS}
WORLD = uniform(DAY, recordings=3)
PORT = free_port()


def fetch_sample_day() -> None:
    """Stores the day's raw bytes and parses nothing."""
    with open_test_storage() as storage:
        asyncio.run(fetch_days(storage, access_of(read_settings()), [DAY]))


def sync_sample_day() -> None:
    """Stores the day of an unchanged sandbox; after the first test by a copy."""
    sync_once("sample day", [DAY])


def victim(kind: str) -> Artifact:
    """The artifact that tests damage."""
    return WORLD.recordings[VICTIM].of(ARTIFACTS[kind].collection)[0]


def assert_other_recordings_unchanged(clean: TableRows, kinds: Iterable[str]) -> None:
    """All rows equal those of the clean day, except that the victim has no rows of `kinds`."""
    recording_id = WORLD.recordings[VICTIM].id
    found = table_rows(without=VOLATILE_COLUMNS)
    emptied = {table_of(table).name for kind in kinds for table in ARTIFACTS[kind].tables}
    for table, rows in clean.items():
        if table in emptied:
            assert found[table] == [row for row in rows if row[0] != recording_id], table
        elif table in MEASURED:
            assert _of_others(found[table]) == _of_others(rows), table
        elif table == "recordings":
            # The last column is the hash of recording.json, which lists the stored artifacts.
            assert [row[:-1] for row in found[table]] == [row[:-1] for row in rows]
            assert _of_others(found[table]) == _of_others(rows)
        elif table == "artifacts":
            spared = [row for row in rows if row[0] != recording_id or row[1] not in kinds]
            assert [row for row in found[table] if row in spared] == spared
        else:
            assert found[table] == rows, table
    assert recording_id in {row[0] for row in found["meeting_metrics"]}


def _of_others(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row[0] != WORLD.recordings[VICTIM].id]
