"""Writers of published files never record a hash that the file does not have, and a purge leaves no file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from itertools import combinations
from pathlib import Path

import pytest

from meeting_assets.core.instants import now
from meeting_assets.pipeline.deletion.removal import PurgeReport, forget_published
from meeting_assets.pipeline.storage import Storage
from meeting_assets.publications.writing import write_files
from meeting_assets.store import tombstones
from meeting_assets.store.published_files import PUBLISHED, NewFile, begin, finish, new_mark, read_published
from meeting_assets.store.tombstones import Tombstone, TombstoneName
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.environments import open_test_storage

pytestmark = sqlite_first

DAY = date(2026, 3, 2)
RECORDING = "0206f11b-68ab-42b1-8a30-b85f60076e83"
KEYS = [f"meetings/{DAY}/{RECORDING}/index.html", "index.html"]
Step = Callable[[], None]


@pytest.fixture
def storage(database_url: str, home: Path) -> Iterator[Storage]:
    with open_test_storage() as of_settings:
        yield of_settings


def new_file(key: str, state: str) -> NewFile:
    recording_id = RECORDING if RECORDING in key else None
    return NewFile(key, recording_id, f"hash of {state}", state.encode(), frozenset([RECORDING]), "1")


class Writer:
    """One run that publishes a file, step by step."""

    def __init__(self, storage: Storage, file: NewFile) -> None:
        self._storage, self._file, self._mark = storage, file, new_mark()
        self._kept: list[NewFile] = []

    def steps(self) -> list[Step]:
        return [self._begin, self._put, self._finish]

    def _begin(self) -> None:
        self._kept = self._storage.database.write(lambda connection: begin(connection, [self._file], self._mark))

    def _put(self) -> None:
        for each in self._kept:
            self._storage.publications.put(each.key, each.content or b"")

    def _finish(self) -> None:
        lost = self._storage.database.write(lambda connection: finish(connection, self._kept, self._mark))
        self._storage.publications.delete([each.key for each in lost])


def purge_steps(storage: Storage) -> list[Step]:
    """The steps of a purge in their order."""

    def add_tombstone() -> None:
        tombstone = Tombstone(TombstoneName(RECORDING), DAY, now(), tombstones.ASKED_FOR)
        storage.database.write(lambda connection: tombstones.add(connection, [tombstone]))

    def delete_rows() -> None:
        delete = PUBLISHED.delete().where(PUBLISHED.c.recording_id == RECORDING)
        storage.database.write(lambda connection: connection.execute(delete))

    def delete_files() -> None:
        assert forget_published(storage, [RECORDING], PurgeReport())

    return [add_tombstone, delete_rows, delete_files]


def interleavings(one: list[Step], other: list[Step]) -> list[list[Step]]:
    """All orders of the steps of two processes."""
    count = len(one) + len(other)
    found = []
    for positions in combinations(range(count), len(one)):
        first, second = iter(one), iter(other)
        found.append([next(first) if n in positions else next(second) for n in range(count)])
    return found


def hashes(storage: Storage) -> dict[str, str]:
    rows = storage.database.read(lambda connection: read_published(connection, PUBLISHED.c.key.is_not(None)))
    return {key: row.inputs_hash for key, row in rows.items()}


ORDERS = range(20)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("order", ORDERS)
def test_two_writers_never_leave_a_file_with_the_hash_of_the_other(storage: Storage, key: str, order: int) -> None:
    writers = [Writer(storage, new_file(key, state)) for state in ("old", "new")]

    for step in interleavings(*(writer.steps() for writer in writers))[order]:
        step()

    stored, recorded = storage.publications.get(key), hashes(storage)[key]
    assert stored is not None
    assert recorded in ("", f"hash of {stored.decode()}")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("order", ORDERS)
def test_a_purge_during_a_write_leaves_no_file_and_no_row_of_the_recording(
    storage: Storage, key: str, order: int
) -> None:
    content = f'<a href="meetings/{DAY}/{RECORDING}/index.html">'
    file = new_file(key, content)

    for step in interleavings(Writer(storage, file).steps(), purge_steps(storage))[order]:
        step()

    assert storage.publications.get(key) is None
    assert [name for name in hashes(storage) if RECORDING in name] == []


def test_a_killed_writer_leaves_a_row_that_equals_no_hash(storage: Storage) -> None:
    file = new_file(KEYS[0], "content")
    for step in Writer(storage, file).steps()[:2]:
        step()

    assert hashes(storage)[file.key] != file.inputs_hash
    assert write_files(storage, [file]) == [file]
    assert hashes(storage) == {file.key: file.inputs_hash}


def test_a_file_without_content_is_recorded_and_its_earlier_version_deleted(storage: Storage) -> None:
    file = new_file(KEYS[0], "content")
    write_files(storage, [file])

    write_files(storage, [NewFile(file.key, RECORDING, "later", None, file.mentions, "1")])

    read = partial(read_published, condition=PUBLISHED.c.key == file.key)
    (row,) = storage.database.read(lambda connection: read(connection)).values()
    assert (row.inputs_hash, row.size_bytes) == ("later", None)
    assert storage.publications.get(file.key) is None
