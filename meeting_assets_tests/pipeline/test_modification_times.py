"""Times of computations and modifications: an idle run changes none, and a repeated computation only its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlmodel import SQLModel

from meeting_assets.metrics.quality import DataQuality
from meeting_assets.metrics.tables import MeetingMetrics
from meeting_assets.metrics.trends import People
from meeting_assets.pipeline.derive import derive_days, mark_metrics_outdated
from meeting_assets.pipeline.rebuild import rebuild
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets.schema.persistent import Artifacts, Recordings
from meeting_assets.store.database import table_of
from meeting_assets_tests.support.environments import open_test_storage, sync_days, use_sandbox
from meeting_assets_tests.support.rollups import change, identify, roll_up_all, rows

pytestmark = pytest.mark.with_tables

DAY = date(2026, 3, 2)
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
OF_RECORDINGS: tuple[type[SQLModel], ...] = (Recordings, Artifacts, MeetingMetrics, DataQuality)


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=2, words=200)) as running:
        use_sandbox(running, monkeypatch)
        sync_days([DAY])
        yield running


def age(*models: type[SQLModel]) -> None:
    """Moves all times of the tables into the past, so that a change shows."""
    with open_test_storage() as storage, storage.database.writing() as connection:
        for table in map(table_of, models):
            times = {"modified_at", "derived_at"} & {*table.c.keys()}
            connection.execute(table.update().values(dict.fromkeys(times, LONG_AGO)))


def times(model: type[SQLModel], name: str = "modified_at") -> set[Any]:
    return {row[name] for row in rows(model)}


def derive_again() -> None:
    with open_test_storage() as storage:
        with storage.database.writing() as connection:
            mark_metrics_outdated(connection, [DAY])
        derive_days([DAY], storage)


@pytest.mark.usefixtures("sandbox")
def test_every_row_has_times_after_the_first_sync() -> None:
    assert [model for model in OF_RECORDINGS if None in times(model)] == []
    assert None not in times(MeetingMetrics, "derived_at")


@pytest.mark.usefixtures("sandbox")
def test_idle_run_changes_no_time() -> None:
    age(*OF_RECORDINGS)

    sync_days([DAY])

    assert [model for model in OF_RECORDINGS if times(model) != {LONG_AGO}] == []
    assert times(MeetingMetrics, "derived_at") == {LONG_AGO}


@pytest.mark.usefixtures("sandbox")
def test_repeated_computation_with_the_same_result_changes_derived_at_only() -> None:
    age(*OF_RECORDINGS)

    derive_again()

    assert LONG_AGO not in times(MeetingMetrics, "derived_at")
    assert times(MeetingMetrics) == times(DataQuality) == {LONG_AGO}


def test_column_filled_by_a_rebuild_is_a_modification(sandbox: Sandbox) -> None:
    filled = sandbox.world.recordings[0].id
    age(*OF_RECORDINGS)
    change(Recordings, filled, source=None)

    with open_test_storage() as storage:
        rebuild(storage, [DAY])

    found = {row["recording_id"]: (row["source"], row["modified_at"]) for row in rows(Recordings)}
    source, modified_at = found.pop(filled)
    assert source == "bot"
    assert modified_at > LONG_AGO
    assert {*found.values()} == {("bot", LONG_AGO)}


def test_changed_metrics_are_a_modification(sandbox: Sandbox) -> None:
    changed = sandbox.world.recordings[0].id
    age(*OF_RECORDINGS)
    change(MeetingMetrics, changed, silence_s=-1.0)

    derive_again()

    found = {row["recording_id"]: row["modified_at"] for row in rows(MeetingMetrics)}
    assert found.pop(changed) > LONG_AGO
    assert {*found.values()} == {LONG_AGO}
    assert times(DataQuality) == {LONG_AGO}


def test_changed_expiry_modifies_the_recording_and_no_artifact(sandbox: Sandbox) -> None:
    changed = sandbox.world.recordings[0]
    age(*OF_RECORDINGS)
    changed.expires_at = datetime(2030, 1, 1, tzinfo=UTC)

    sync_days([DAY])

    found = {row["recording_id"]: row["modified_at"] for row in rows(Recordings)}
    assert found.pop(changed.id) > LONG_AGO
    assert {*found.values()} == {LONG_AGO}
    assert times(Artifacts) == {LONG_AGO}


def test_person_is_modified_with_its_numbers_only(sandbox: Sandbox) -> None:
    first, second = (each.id for each in sandbox.world.recordings)
    identify(first, DAY, "zoom:a", None)
    identify(second, DAY, "zoom:b", None)
    roll_up_all()
    assert None not in times(People)
    age(People)
    roll_up_all()
    assert times(People) == {LONG_AGO}

    identify(first, DAY, "zoom:a", "zoom:b", None)
    roll_up_all()

    found = {row["person_key"]: row["modified_at"] for row in rows(People)}
    assert found["zoom:b"] > LONG_AGO
