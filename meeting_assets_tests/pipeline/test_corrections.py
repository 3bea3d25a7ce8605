"""Corrections of speakers: which ones are accepted, and that nothing is lost or changed by halves."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Barrier

import pytest

from meeting_assets.core.errors import MeetingAssetsError, PayloadError, SettingsError, StoreError
from meeting_assets.pipeline.corrections import (
    LONGEST_NAME,
    LONGEST_NOTE,
    Change,
    change_corrections,
    restore_corrections,
)
from meeting_assets.pipeline.rebuild import rebuild
from meeting_assets.sandbox import Recording, Sandbox, uniform
from meeting_assets.store.corrections import InForce, StoredCorrection, corrections_of
from meeting_assets.store.raw_corrections import read_copy
from meeting_assets.store.raw_layout import corrections_key
from meeting_assets_tests.support.environments import open_test_storage, sync_days, use_sandbox
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
    serve_labels,
)

TIMEOUT_S = 60


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=2, words=40), limits=False) as running:
        use_sandbox(running, monkeypatch)
        serve_labels(running)
        sync_days([DAY])
        yield running


@pytest.fixture
def recording(sandbox: Sandbox) -> Recording:
    return sandbox.world.recordings[0]


class Killed(BaseException):
    """The end of a process."""


def kill(*_: object) -> None:
    raise Killed


def both_sides(recording_id: str) -> tuple[InForce, InForce]:
    """The corrections in the database and in the raw store."""
    with open_test_storage() as storage:
        held = storage.database.read(lambda connection: corrections_of(connection, recording_id))
        return held, read_copy(storage.raw, DAY, recording_id)


def test_corrections_are_stored_in_database_and_raw_store(recording: Recording) -> None:
    made = [assigned(note="heard\nit"), correction(B, "same_as", ODD), correction(ADA, "name", "Ada Lovelace")]

    change = correct(recording.id, *made)

    assert change == Change((A, B, ADA), ())
    assert in_force(recording.id) == sorted(made)


def test_later_correction_replaces_that_of_the_same_speaker(recording: Recording) -> None:
    correct(recording.id, assigned(A, BEA), assigned(B, CHI))

    correct(recording.id, correction(A, "name", "Somebody"))

    assert in_force(recording.id) == [correction(A, "name", "Somebody"), assigned(B, CHI)]


def test_undo_removes_one_correction_and_its_copy(recording: Recording) -> None:
    correct(recording.id, assigned(A, BEA), assigned(B, CHI))

    change = correct(recording.id, undone=[A])

    assert change == Change((), (A,))
    assert in_force(recording.id) == [assigned(B, CHI)]


def test_raw_store_has_no_object_after_the_last_undo(recording: Recording) -> None:
    correct(recording.id, assigned())

    correct(recording.id, undone=[A])

    assert in_force(recording.id) == []
    with open_test_storage() as storage:
        assert corrections_key(DAY, recording.id) not in storage.raw.keys(f"{DAY}/{recording.id}/")


def test_the_same_correction_again_changes_nothing(recording: Recording) -> None:
    correct(recording.id, assigned())

    assert correct(recording.id, assigned()) == Change()


def test_other_recordings_are_not_affected(sandbox: Sandbox, recording: Recording) -> None:
    correct(recording.id, assigned())

    assert in_force(sandbox.world.recordings[1].id) == []


INVALID = {
    "unknown speaker": (assigned("label:Speaker Z"), "no such speaker"),
    "speaker of another notation": (assigned("Speaker A"), "no such speaker"),
    "unknown participant": (assigned(A, "999"), "no such participant"),
    "label as participant": (assigned(A, B), "no such participant"),
    "unknown speaker to join with": (correction(A, "same_as", "label:Speaker Z"), "no such speaker to join"),
    "itself": (correction(A, "same_as", A), "to itself"),
    "participant to itself": (assigned(ADA, ADA), "to itself"),
    "unknown kind": (correction(A, "rename", "x"), "the kind is none of assign, same_as, name"),
    "empty name": (correction(A, "name", "  "), "the name is empty"),
    "long name": (correction(A, "name", "x" * (LONGEST_NAME + 1)), "the name is longer than 200"),
    "escape in a name": (correction(A, "name", "Ada\x1b[31m"), "the name contains control characters"),
    "line break in a name": (correction(A, "name", "Ada\nBea"), "the name contains control characters"),
    "NUL in a note": (assigned(note="a\0b"), "the note contains control characters"),
    "bytes that are not UTF-8": (assigned(note="\udcff"), "the note contains control characters or bytes"),
    "long note": (assigned(note="x" * (LONGEST_NOTE + 1)), "the note is longer than 1,000"),
    "empty author": (assigned(author=" "), "the author is empty"),
}


@pytest.mark.parametrize(("invalid", "fault"), INVALID.values(), ids=INVALID)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_invalid_correction_changes_nothing(recording: Recording, invalid: StoredCorrection, fault: str) -> None:
    correct(recording.id, correction(B, "name", "Bea"))

    with pytest.raises(SettingsError, match=f"Nothing was changed: .*{fault}"):
        correct(recording.id, correction(ODD, "name", "Chi"), invalid, undone=[B])

    assert in_force(recording.id) == [correction(B, "name", "Bea")]


CIRCLES = {
    "two labels": [correction(A, "same_as", B), correction(B, "same_as", A)],
    "three labels": [correction(A, "same_as", B), correction(B, "same_as", ODD), correction(ODD, "same_as", A)],
    "two participants": [assigned(ADA, BEA), assigned(BEA, ADA)],
    "a label and a participant": [assigned(A, BEA), correction(BEA, "same_as", A)],
    "a participant that is assigned": [assigned(ADA, BEA), assigned(A, ADA)],
    "a participant that others are assigned to": [assigned(A, ADA), assigned(ADA, BEA)],
}


@pytest.mark.parametrize("in_one_command", [True, False])
@pytest.mark.parametrize("circle", CIRCLES.values(), ids=CIRCLES)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_correction_leads_back_to_its_speaker_or_to_a_corrected_participant(
    recording: Recording, circle: list[StoredCorrection], in_one_command: bool
) -> None:
    *before, last = circle
    if not in_one_command:
        correct(recording.id, *before)

    with pytest.raises(SettingsError, match="Nothing was changed"):
        correct(recording.id, *(circle if in_one_command else [last]))

    assert in_force(recording.id) == ([] if in_one_command else sorted(before))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_two_corrections_of_one_speaker_in_one_command_are_rejected(recording: Recording) -> None:
    with pytest.raises(SettingsError, match="another correction in the same command"):
        correct(recording.id, assigned(A, BEA), correction(A, "name", "Ada"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_errors_quote_no_name_and_no_note(recording: Recording) -> None:
    for invalid in (each for each, _ in INVALID.values()):
        with pytest.raises(MeetingAssetsError) as raised:
            correct(recording.id, invalid._replace(note=f"{invalid.note or ''} Zerlina"))

        assert not [text for text in ("Zerlina", "Speaker", "Ada", invalid.speaker_key) if text in str(raised.value)]


def test_corrections_reach_no_log(recording: Recording, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        correct(recording.id, correction(A, "name", "Zerlina Q", author="Wilhelmina E", note="a secret reason"))
        correct(recording.id, undone=[A])

    assert "corrections were made" in caplog.text
    assert not [text for text in ("Zerlina", "Wilhelmina", "secret", "Speaker A") if text in caplog.text]


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


def test_database_is_the_authority_for_a_speaker_that_both_sides_correct(recording: Recording) -> None:
    correct(recording.id, assigned(A, BEA))
    with open_test_storage() as storage:
        storage.database.before_commit = kill
        with suppress(Killed):
            change_corrections(storage, recording.id, [assigned(A, CHI)])
        storage.database.before_commit = None

        restore_corrections(storage, DAY, recording.id)

    assert in_force(recording.id) == [assigned(A, BEA)]


def test_copy_that_closes_a_circle_is_not_adopted(recording: Recording) -> None:
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
