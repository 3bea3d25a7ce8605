"""Interrupted, concurrent and damaged corrections: nothing is lost or changed by halves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Barrier

import pytest

from meeting_assets.core.errors import PayloadError, StoreError
from meeting_assets.pipeline.corrections import Change, change_corrections
from meeting_assets.pipeline.rebuild import rebuild
from meeting_assets.pipeline.restored_corrections import restore_corrections
from meeting_assets.sandbox import Recording, Sandbox
from meeting_assets.store.corrections import InForce, StoredCorrection, corrections_of
from meeting_assets.store.raw_corrections import read_copy, write_copy
from meeting_assets.store.raw_layout import corrections_key
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.environments import open_test_storage, sync_days
from meeting_assets_tests.support.labelled_speakers import (
    ADA,
    BEA,
    CHI,
    DAY,
    ODD,
    A,
    B,
    assigned,
    correct,
    correction,
    in_force,
)

pytestmark = [sqlite_first, pytest.mark.with_tables]

TIMEOUT_S = 60


class Killed(BaseException):
    """The end of a process."""


def kill(*_: object) -> None:
    raise Killed


def both_sides(recording_id: str) -> tuple[InForce, InForce]:
    """The corrections in the database and in the raw store."""
    with open_test_storage() as storage:
        held = storage.database.read(lambda connection: corrections_of(connection, recording_id))
        return held, read_copy(storage.raw, DAY, recording_id)


def test_unavailable_raw_store_changes_nothing(recording: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise StoreError("the raw store is full")

    with open_test_storage() as storage:
        monkeypatch.setattr(storage.raw, "put", refuse)

        with pytest.raises(StoreError, match="full"):
            change_corrections(storage, recording.id, [assigned()])

    assert both_sides(recording.id) == ({}, {})


@pytest.mark.parametrize("next_step", ["a rebuild", "another change"])
def test_correction_killed_before_its_commit_is_adopted_later(recording: Recording, next_step: str) -> None:
    """The copy in the raw store is written before the commit, so that no confirmed correction lacks its copy."""
    correct(recording.id, assigned(B, CHI))
    with open_test_storage() as storage:
        storage.database.before_commit = kill
        with suppress(Killed):
            change_corrections(storage, recording.id, [assigned(A, BEA)])
    between = both_sides(recording.id)

    if next_step == "a rebuild":
        with open_test_storage() as storage:
            rebuild(storage, [DAY])
    else:
        correct(recording.id, correction(ADA, "name", "Ada"))

    assert [[*side] for side in between] == [[B], [A, B]]
    assert [each for each in in_force(recording.id) if each.speaker_key != ADA] == [assigned(A, BEA), assigned(B, CHI)]


@pytest.mark.parametrize("next_step", ["a rebuild", "another change"])
def test_undo_killed_before_its_commit_has_changed_nothing(recording: Recording, next_step: str) -> None:
    correct(recording.id, assigned(A, BEA))
    with open_test_storage() as storage:
        storage.database.before_commit = kill
        with suppress(Killed):
            change_corrections(storage, recording.id, [], [A])
    between = both_sides(recording.id)

    if next_step == "a rebuild":
        with open_test_storage() as storage:
            rebuild(storage, [DAY])
    else:
        correct(recording.id, correction(ADA, "name", "Ada"))

    assert [[*side] for side in between] == [[A], []]
    assert assigned(A, BEA) in in_force(recording.id)


def test_change_names_the_corrections_that_it_adopts(recording: Recording) -> None:
    with open_test_storage() as storage:
        storage.database.before_commit = kill
        with suppress(Killed):
            change_corrections(storage, recording.id, [assigned(A, BEA)])

    change = correct(recording.id, assigned(B, CHI))

    assert change == Change(made=(B,), adopted=(A,))


@pytest.mark.parametrize(
    "invalid",
    [correction(A, "name", "Ada\x1b[31m"), assigned(A, ADA), assigned(ADA, CHI)],
    ids=["a name with an escape", "assigned to a corrected participant", "a participant that others are assigned to"],
)
def test_invalid_correction_of_a_copy_is_not_adopted(recording: Recording, invalid: StoredCorrection) -> None:
    valid = assigned(B, ADA) if invalid.speaker_key == ADA else assigned(ADA, CHI)
    correct(recording.id, valid)
    with open_test_storage() as storage:
        write_copy(storage.raw, DAY, recording.id, [valid, invalid])

        restore_corrections(storage, DAY, recording.id)

    assert in_force(recording.id) == [valid]


def test_database_is_the_authority_for_a_speaker_that_both_sides_correct(recording: Recording) -> None:
    correct(recording.id, assigned(A, BEA))
    with open_test_storage() as storage:
        storage.database.before_commit = kill
        with suppress(Killed):
            change_corrections(storage, recording.id, [assigned(A, CHI)])
        storage.database.before_commit = None

        restore_corrections(storage, DAY, recording.id)

    assert in_force(recording.id) == [assigned(A, BEA)]


def test_copy_that_closes_a_cycle_is_not_adopted(recording: Recording) -> None:
    with open_test_storage() as storage:
        storage.database.before_commit = kill
        with suppress(Killed):
            change_corrections(storage, recording.id, [correction(A, "same_as", B)])
        copy = storage.raw.get(corrections_key(DAY, recording.id))
        storage.raw.delete([corrections_key(DAY, recording.id)])
    assert copy
    correct(recording.id, correction(B, "same_as", A))
    with open_test_storage() as storage:
        storage.raw.put(corrections_key(DAY, recording.id), copy)

        restore_corrections(storage, DAY, recording.id)

    assert in_force(recording.id) == [correction(B, "same_as", A)]


def test_damaged_copy_stops_changes_and_is_a_fault_of_the_rebuild(recording: Recording) -> None:
    correct(recording.id, assigned())
    key = corrections_key(DAY, recording.id)
    with open_test_storage() as storage:
        storage.raw.put(key, b'{"corrections": [{"speaker_key": "label:Zerlina"}]}')

        with pytest.raises(PayloadError, match=rf"{key} in the raw store is damaged\. Restore it") as raised:
            change_corrections(storage, recording.id, [assigned(B, CHI)])
        report = rebuild(storage, [DAY])
        storage.raw.delete([key])
        again = rebuild(storage, [DAY])

    assert "Zerlina" not in str(raised.value)
    assert [key in fault for fault in report.faults] == [True]
    assert again.faults == []
    assert in_force(recording.id) == [assigned()]


def test_concurrent_users_lose_no_correction(recording: Recording) -> None:
    keys = {A: BEA, B: CHI, ODD: ADA}
    barrier = Barrier(len(keys))

    def correct_one(key: str, target: str) -> None:
        with open_test_storage() as storage:
            barrier.wait(TIMEOUT_S)
            change_corrections(storage, recording.id, [assigned(key, target)])

    with ThreadPoolExecutor() as pool:
        for run in [pool.submit(correct_one, *each) for each in keys.items()]:
            run.result(TIMEOUT_S)

    assert in_force(recording.id) == sorted(assigned(key, target) for key, target in keys.items())


def test_copy_moves_with_a_recording_to_another_day(sandbox: Sandbox, recording: Recording) -> None:
    correct(recording.id, assigned())
    later = DAY + timedelta(days=1)
    recording.created_at += timedelta(days=1)

    sync_days([later], recording_ids=[recording.id])

    with open_test_storage() as storage:
        assert read_copy(storage.raw, DAY, recording.id) == {}
        assert read_copy(storage.raw, later, recording.id) == {A: assigned()}
