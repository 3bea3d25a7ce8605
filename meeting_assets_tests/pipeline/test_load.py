"""Batches of artifacts share a transaction, and a failing artifact does not keep the others from their tables."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.artifacts.artifact import Artifact, Rows, Source
from meeting_assets.pipeline import load
from meeting_assets.pipeline.load import batches, load_days
from meeting_assets.pipeline.replace import Loader
from meeting_assets.store import ledger_tables, worklist
from meeting_assets.store.ledger import LEDGER, ArtifactKey
from meeting_assets.store.tasks import LoadTask
from meeting_assets_tests.support.environments import VOLATILE_COLUMNS, open_test_storage, table_rows
from meeting_assets_tests.support.sample_day import DAY, WORLD, sync_sample_day, victim

pytestmark = pytest.mark.with_tables

TRANSCRIPT, PARTICIPANTS = ARTIFACTS["transcript"], ARTIFACTS["participants"]


def load_tasks(*sizes_bytes: int, recordings: tuple[int, ...] = (), attempts: tuple[int, ...] = ()) -> list[LoadTask]:
    """Artifacts of these sizes, each of a recording of its own unless `recordings` names one for each."""
    tasks = []
    for number, size_bytes in enumerate(sizes_bytes):
        recording_id = str(UUID(int=recordings[number] if recordings else number))
        key = ArtifactKey(recording_id, "transcript", str(UUID(int=number)))
        task = LoadTask(key, DAY, "fetched", f"{number}.zst", "0" * 64, size_bytes, None, None, None, None, None)
        tasks.append(task._replace(load_attempts=attempts[number] if attempts else None))
    return tasks


def batch_sizes(artifact: Artifact, tasks: list[LoadTask]) -> list[list[int]]:
    return [[task.size_bytes or 0 for task in batch] for batch in batches(artifact, tasks)]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([], []),
        ([9], [[9]]),
        ([1, 2, 3], [[1, 2], [3]]),
        ([3, 1, 2, 9, 1], [[3, 1], [2], [9], [1]]),
        ([1, 1, 1, 0], [[1, 1, 1], [0]]),
    ],
    ids=["none", "too large", "as they fit", "around a large one", "as many as allowed"],
)
def test_batch_is_limited_in_bytes_and_artifacts(
    monkeypatch: pytest.MonkeyPatch, sizes: list[int], expected: list[list[int]]
) -> None:
    monkeypatch.setattr(load, "MAX_BATCH_BYTES", 4)
    monkeypatch.setattr(load, "MAX_BATCH_ARTIFACTS", 3)

    assert batch_sizes(TRANSCRIPT, load_tasks(*sizes)) == expected


def test_batch_has_one_artifact_per_recording_where_only_one_counts() -> None:
    tasks = load_tasks(1, 2, 3, 4, recordings=(1, 1, 2, 2))

    assert batch_sizes(PARTICIPANTS, tasks) == [[1], [2, 3], [4]]
    assert batch_sizes(TRANSCRIPT, tasks) == [[1, 2, 3, 4]]


def test_artifacts_with_interrupted_attempts_are_loaded_last_and_alone() -> None:
    assert batch_sizes(TRANSCRIPT, load_tasks(1, 2, 3, 4, 5, attempts=(2, 0, 1, 0, 0))) == [[2, 4, 5], [3], [1]]


def parser_with_bug(recording_id: str) -> Artifact:
    """A transcript parser that returns a duplicate key for one recording."""

    def rows(document: Any, source: Source) -> Rows:
        found = TRANSCRIPT.rows(document, source)
        if source.recording_id == recording_id:
            *others, words = found.by_table
            return Rows((*others, [*words, words[0]]))
        return found

    return replace(TRANSCRIPT, rows=rows, parser_version="later")


def test_rows_that_the_database_rejects_block_no_other_artifact(sandbox: object) -> None:
    sync_sample_day()
    expected = table_rows(without=VOLATILE_COLUMNS | {"parser_version", "error"})
    broken = victim("transcript")

    with open_test_storage() as storage:
        report = load_days(parser_with_bug(broken.recording_id), [DAY], storage)
        with storage.database.reading() as connection:
            query = select(LEDGER.c.artifact_id, LEDGER.c.parser_version, LEDGER.c.error)
            noted = {row[0]: row[1:] for row in connection.execute(query.where(LEDGER.c.kind == "transcript"))}

    count = len(WORLD.recordings)
    assert (report.changed, report.new, report.quarantined, len(report.faults)) == (count - 1, 0, 0, 1)
    assert broken.recording_id in report.faults[0]
    assert table_rows(without=VOLATILE_COLUMNS | {"parser_version", "error"}) == expected
    assert "this is a fault of meeting_assets" in noted.pop(broken.id)[1]
    assert set(noted.values()) == {("later", None)}


def test_small_day_is_loaded_in_one_transaction(sandbox: object) -> None:
    sync_sample_day()

    with open_test_storage() as storage, storage.database.reading() as connection:
        query = select(LEDGER.c.parsed_at).where(LEDGER.c.kind == "transcript")
        instants = connection.scalars(query).all()

    assert len(instants) == len(WORLD.recordings)
    assert len(set(instants)) == 1


def test_artifact_loaded_by_another_run_meanwhile_is_left_unchanged(sandbox: object) -> None:
    sync_sample_day()
    with open_test_storage() as storage:
        with storage.database.writing() as connection:
            ledger_tables.mark_days_outdated(connection, [DAY])
        with storage.database.reading() as connection:
            tasks = worklist.to_load(connection, [DAY], "transcript", TRANSCRIPT.parser_version)
        overtaken, *others = tasks
        with storage.database.writing() as connection:
            is_overtaken = LEDGER.c.artifact_id == overtaken.key.artifact_id
            connection.execute(LEDGER.update().where(is_overtaken).values(parser_version=TRANSCRIPT.parser_version))
        loader = Loader(TRANSCRIPT, storage)

        loader.load([(task, partial(storage.raw.read, task.raw_key, task.sha256)) for task in tasks])

    assert (loader.report.changed, len(loader.report.faults)) == (len(others), 0)
