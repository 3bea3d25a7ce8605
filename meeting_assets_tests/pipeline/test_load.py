"""Several artifacts in one transaction: what is loaded together, and that none of them costs another its rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.artifacts.artifact import Artifact, Rows, Source
from meeting_assets.pipeline import crew
from meeting_assets.pipeline.crew import Crew
from meeting_assets.pipeline.load import load_days
from meeting_assets.pipeline.replace import LoadReport, load_together
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store import table_state, worklist
from meeting_assets.store.ledger import LEDGER, Key
from meeting_assets.store.tasks import LoadTask
from meeting_assets_tests.support.environments import VOLATILE, contents, open_test_storage, sync_days
from meeting_assets_tests.support.sample_day import DAY, WORLD, victim

TRANSCRIPT, PARTICIPANTS = ARTIFACTS["transcript"], ARTIFACTS["participants"]


def entries(*sizes: int, recordings: tuple[int, ...] = ()) -> list[LoadTask]:
    """Artifacts of so many bytes, each of another recording unless it is said of which."""
    found = []
    for number, size_bytes in enumerate(sizes):
        of = str(UUID(int=recordings[number] if recordings else number))
        key = Key(of, "transcript", str(UUID(int=number)))
        found.append(
            LoadTask(
                key, date(2026, 3, 2), "fetched", f"{number}.zst", "0" * 64, size_bytes, None, None, None, None, None
            )
        )
    return found


def sizes_of_batches(artifact: Artifact, storage: Storage, of: list[LoadTask]) -> list[list[int]]:
    with Crew(artifact, storage, of, helpers=0) as work:
        found = [*iter(work.next, [])]
    return [[entry.size_bytes or 0 for entry in batch] for batch in found]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([], []),
        ([9], [[9]]),
        ([1, 2, 3], [[1, 2], [3]]),
        ([3, 1, 2, 9, 1], [[3, 1], [2], [9], [1]]),
        ([1, 1, 1, 0], [[1, 1, 1], [0]]),
    ],
    ids=["none", "too large", "as they fit", "around a large one", "as many as go"],
)
def test_a_batch_has_so_many_bytes_and_so_many_artifacts(
    monkeypatch: pytest.MonkeyPatch, sizes: list[int], expected: list[list[int]]
) -> None:
    monkeypatch.setattr(crew, "BYTES_AT_ONCE", 4)
    monkeypatch.setattr(crew, "MOST_AT_ONCE", 3)

    with open_test_storage() as storage:
        assert sizes_of_batches(TRANSCRIPT, storage, entries(*sizes)) == expected


def test_where_one_artifact_of_a_recording_counts_no_batch_has_two() -> None:
    of = entries(1, 2, 3, 4, recordings=(1, 1, 2, 2))

    with open_test_storage() as storage:
        assert sizes_of_batches(PARTICIPANTS, storage, of) == [[1], [2, 3], [4]]
        assert sizes_of_batches(TRANSCRIPT, storage, of) == [[1, 2, 3, 4]]


def with_a_bug(recording_id: str) -> Artifact:
    """A parser that makes rows of one recording which no database takes."""

    def rows(document: Any, source: Source) -> Rows:
        found = TRANSCRIPT.rows(document, source)
        if source.recording_id == recording_id:
            *others, words = found.by_table
            return Rows((*others, [*words, words[0]]))
        return found

    return replace(TRANSCRIPT, rows=rows, parser_version="later")


def test_one_whose_rows_are_refused_costs_no_other_its_rows(sandbox: object) -> None:
    sync_days([DAY])
    expected = contents(without=VOLATILE | {"parser_version", "error"})
    broken = victim("transcript")

    with open_test_storage() as storage:
        report = load_days(with_a_bug(broken.recording_id), [DAY], storage)
        with storage.database.reading() as connection:
            query = select(LEDGER.c.artifact_id, LEDGER.c.parser_version, LEDGER.c.error)
            noted = {row[0]: row[1:] for row in connection.execute(query.where(LEDGER.c.kind == "transcript"))}

    count = len(WORLD.recordings)
    assert (report.changed, report.new, report.quarantined, len(report.faults)) == (count - 1, 0, 0, 1)
    assert broken.recording_id in report.faults[0]
    assert contents(without=VOLATILE | {"parser_version", "error"}) == expected
    assert "while loading it; this is a fault of meeting_assets" in noted.pop(broken.id)[1]
    assert set(noted.values()) == {("later", None)}


def test_a_small_day_is_loaded_in_one_transaction(sandbox: object) -> None:
    sync_days([DAY])

    with open_test_storage() as storage, storage.database.reading() as connection:
        query = select(LEDGER.c.parsed_at).where(LEDGER.c.kind == "transcript")
        instants = connection.scalars(query).all()

    # They are noted with one instant.
    assert len(instants) == len(WORLD.recordings)
    assert len(set(instants)) == 1


def test_what_another_run_has_loaded_meanwhile_is_left_to_it(sandbox: object) -> None:
    sync_days([DAY])
    report = LoadReport()
    with open_test_storage() as storage:
        with storage.database.writing() as connection:
            table_state.mark_days_outdated(connection, [DAY])
        with storage.database.reading() as connection:
            seen = worklist.to_load(connection, [DAY], "transcript", TRANSCRIPT.parser_version)
        overtaken, *others = seen
        with storage.database.writing() as connection:
            ours = LEDGER.c.artifact_id == overtaken.key.artifact_id
            connection.execute(LEDGER.update().where(ours).values(parser_version=TRANSCRIPT.parser_version))
        reads = [partial(storage.raw.read, each.raw_key, each.sha256, each.size_bytes) for each in seen]
        load_together(TRANSCRIPT, [*zip(seen, reads, strict=True)], storage, report)

    assert (report.changed, len(report.faults)) == (len(others), 0)
