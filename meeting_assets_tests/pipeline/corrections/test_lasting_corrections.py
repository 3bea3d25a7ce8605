"""Corrections outlast everything but a purge."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from meeting_assets.core.instants import day_of, now
from meeting_assets.health.audit import Audit, audit
from meeting_assets.health.diagnostics.raw_store import diagnose_raw_objects
from meeting_assets.health.diagnostics.report import Severity
from meeting_assets.health.fingerprints import fingerprints_of
from meeting_assets.health.purge_verification import find_remains
from meeting_assets.metrics import parameters
from meeting_assets.pipeline.corrections import change_corrections
from meeting_assets.pipeline.deletion.confirmed_date import Today
from meeting_assets.pipeline.deletion.recordings import purge
from meeting_assets.pipeline.deletion.retention import retain
from meeting_assets.pipeline.derive import is_outdated
from meeting_assets.pipeline.rebuild import rebuild, refresh
from meeting_assets.pipeline.rollup import outdated_weeks
from meeting_assets.sandbox import Recording, Sandbox
from meeting_assets.settings import read_settings
from meeting_assets.store import tombstones
from meeting_assets.store.corrections import corrections_of
from meeting_assets.store.raw_corrections import read_copy, write_copy
from meeting_assets.store.raw_layout import corrections_key
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.environments import open_test_storage, sync_days
from meeting_assets_tests.support.labelled_speakers import (
    ADA,
    BEA,
    DAY,
    A,
    B,
    assigned,
    correct,
    correction,
    in_force,
    labelled,
    resolution,
)
from meeting_assets_tests.support.purges import (
    confirm_deletion,
    remains_of,
    stored_count,
    transcript_of,
    use_empty_database,
)

pytestmark = [sqlite_first, pytest.mark.with_tables]

UNAGED = timedelta(0)


@pytest.fixture(autouse=True)
def purged_on_deletion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_ON_DELETION", "purge")


def audited() -> Audit:
    with open_test_storage() as storage:
        return audit(storage.database, storage.raw, budget_s=60, min_age=UNAGED)


def test_correction_decides_the_resolution_and_its_undo_restores_it(recording: Recording) -> None:
    before = resolution(recording.id)

    correct(recording.id, assigned(A, BEA))
    corrected = resolution(recording.id)
    correct(recording.id, undone=[A])

    assert corrected == (BEA, "correction")
    assert before == resolution(recording.id) != corrected


def test_correction_derives_the_metrics_and_the_week_at_once(recording: Recording) -> None:
    correct(recording.id, assigned(A, BEA))

    with open_test_storage() as storage:
        assert not is_outdated(storage, recording.id)
        assert outdated_weeks(storage) == []


@pytest.mark.parametrize("way", ["a rebuild", "a sync"])
def test_corrections_are_restored_into_an_empty_database(
    sandbox: Sandbox,
    recording: Recording,
    way: str,
    home: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = [assigned(A, BEA, note="reason"), correction(ADA, "name", "Ada Lovelace")]
    correct(recording.id, *made)
    expected = resolution(recording.id)
    use_empty_database(home, request, monkeypatch)

    if way == "a rebuild":
        monkeypatch.delenv("RECALL_API_KEY")
        sandbox.stats.reset()
        with open_test_storage() as storage:
            assert rebuild(storage).faults == []
        assert sandbox.stats.requests == []
    else:
        sync_days([DAY])

    assert in_force(recording.id) == sorted(made)
    assert resolution(recording.id) == expected == (BEA, "correction")
    assert in_force(sandbox.world.recordings[1].id) == []


@pytest.mark.parametrize("way", ["a rebuild", "another transcript", "another version of the metrics"])
def test_corrections_outlast(sandbox: Sandbox, recording: Recording, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    correct(recording.id, assigned(A, BEA))

    if way == "a rebuild":
        with open_test_storage() as storage:
            rebuild(storage, [DAY])
    elif way == "another transcript":
        body = labelled(sandbox, recording, ["Speaker A", "New label", "Another"])
        sandbox.reissue(transcript_of(recording).id, {"transcript": body})
        sync_days([DAY])
        assert resolution(recording.id, "label:New label")
    else:
        monkeypatch.setattr(parameters, "METRICS_VERSION", "next")
        with open_test_storage() as storage:
            assert refresh(storage).days == [DAY]

    assert in_force(recording.id) == [assigned(A, BEA)]
    assert resolution(recording.id) == (BEA, "correction")


def test_correction_of_a_vanished_speaker_stays_and_can_be_undone(sandbox: Sandbox, recording: Recording) -> None:
    correct(recording.id, assigned(B, BEA))
    body = labelled(sandbox, recording, ["Speaker A", "Other", "Another"])
    sandbox.reissue(transcript_of(recording).id, {"transcript": body})
    sync_days([DAY])
    kept = in_force(recording.id)

    correct(recording.id, undone=[B])

    assert kept == [assigned(B, BEA)]
    assert in_force(recording.id) == []


def test_undone_correction_returns_from_no_former_day(sandbox: Sandbox, recording: Recording) -> None:
    correct(recording.id, assigned(A, BEA))
    later = DAY + timedelta(days=1)
    recording.created_at += timedelta(days=1)
    sync_days([later], recording_ids=[recording.id])
    with open_test_storage() as storage:
        # A process that was killed before it moved the copy has left it below the former day.
        write_copy(storage.raw, DAY, recording.id, [assigned(A, BEA)])
        change_corrections(storage, recording.id, [], [A])

        rebuild(storage, [DAY, later])

        assert storage.database.read(lambda connection: corrections_of(connection, recording.id)) == {}
        assert read_copy(storage.raw, DAY, recording.id) == {}


def test_artifact_deleted_at_the_api_leaves_corrections(sandbox: Sandbox, recording: Recording) -> None:
    correct(recording.id, assigned(A, BEA))
    sandbox.delete_artifact(transcript_of(recording).id)
    sync_days([DAY])

    with open_test_storage() as storage:
        confirm_deletion(storage, transcript_of(recording))

    assert in_force(recording.id) == [assigned(A, BEA)]


def test_purge_removes_corrections_and_finds_their_texts(recording: Recording, home: Path) -> None:
    texts = ["Zerlina Quibblethorpe", "Wilhelmina the author", "heard it in the marmalade meeting"]
    correct(recording.id, correction(A, "name", texts[0], author=texts[1], note=texts[2]))
    log = home / "notes.log"
    log.write_text("\n".join(texts))
    with open_test_storage() as storage:
        fingerprints = fingerprints_of(storage, {recording.id: DAY})

        purge(storage, [recording.id], tombstones.ASKED_FOR)
        found = find_remains(storage, read_settings(), fingerprints).found

    assert {*texts} <= {*fingerprints.texts}
    assert found == [f"{log} contains text of the recording"]
    assert stored_count(recording.id, DAY) == 0
    log.unlink()
    assert remains_of(recording.id) == []


def test_texts_that_only_the_copy_contains_are_searched_too(recording: Recording) -> None:
    unconfirmed = correction(A, "name", "Zerlina Quibblethorpe")
    with open_test_storage() as storage:
        write_copy(storage.raw, DAY, recording.id, [unconfirmed])

        assert unconfirmed.target in fingerprints_of(storage, {recording.id: DAY}).texts


def test_retention_removes_corrections(recording: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    correct(recording.id, assigned(A, BEA))
    today = Today(day_of(now()), {"this machine": day_of(now())})
    monkeypatch.setenv("MEETING_ASSETS_RETENTION_DAYS", "1")
    with open_test_storage() as storage:
        retain(storage, today, limit=10, budget_s=60, is_released=True)

    assert stored_count(recording.id, DAY) == 0


def test_rebuild_after_a_purge_restores_no_correction(
    recording: Recording, home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    correct(recording.id, assigned(A, BEA))
    with open_test_storage() as storage:
        purge(storage, [recording.id], tombstones.ASKED_FOR)
        write_copy(storage.raw, DAY, recording.id, [assigned(A, BEA)])
    use_empty_database(home, request, monkeypatch)

    with open_test_storage() as storage:
        rebuild(storage)

    assert remains_of(recording.id) == []


def test_audit_accepts_corrections(recording: Recording) -> None:
    correct(recording.id, assigned(A, BEA))

    result = audited()

    assert (result.foreign, result.unknown, result.purged, result.unsaved, result.lost) == ([], [], [], [], [])


def test_audit_names_a_missing_copy_until_a_rebuild_writes_it(recording: Recording) -> None:
    correct(recording.id, assigned(A, BEA))
    key = corrections_key(DAY, recording.id)
    with open_test_storage() as storage:
        storage.raw.delete([key])
    missing = audited().unsaved
    warnings = [each.sentence for each in diagnose_raw_objects(read_settings()) if each.severity is Severity.WARNING]

    with open_test_storage() as storage:
        rebuild(storage, [DAY])

    assert missing == [key]
    assert [
        f"1 raw object ({key}) is missing, although the database has the corrections" in each for each in warnings
    ] == [True]
    assert audited().unsaved == []
    assert in_force(recording.id) == [assigned(A, BEA)]


def test_audit_names_a_copy_that_the_database_does_not_know(recording: Recording) -> None:
    with open_test_storage() as storage:
        write_copy(storage.raw, DAY, recording.id, [assigned(A, BEA)])

    assert audited().unknown == [corrections_key(DAY, recording.id)]
