"""Tombstones of database and raw store are synchronized, so that nothing purged is fetched again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from meeting_assets.core.instants import now
from meeting_assets.health.audit import audit
from meeting_assets.pipeline.deletion.recordings import purge
from meeting_assets.pipeline.deletion.tombstone_sync import SYNCHRONIZED, finish_purges
from meeting_assets.pipeline.rebuild import rebuild
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets.store import raw_tombstones, tombstones
from meeting_assets.store.database import META
from meeting_assets.store.tombstones import TombstoneName
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.environments import ledger_row, open_test_storage, sync_days, table_rows, use_sandbox
from meeting_assets_tests.support.purges import (
    names_of,
    purge_recording_and_artifact,
    remains_of,
    tombstone_names,
    transcript_of,
    use_empty_database,
)
from meeting_assets_tests.support.snapshots import DOWNLOAD_PORT, sync_once

pytestmark = [sqlite_first, pytest.mark.with_tables]

DAY = date(2026, 3, 2)
RECORDINGS = 3
KIND = "transcript"


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    monkeypatch.setenv("MEETING_ASSETS_ON_DELETION", "purge")
    with Sandbox(uniform(DAY, recordings=RECORDINGS, words=10), limits=False, download_port=DOWNLOAD_PORT) as running:
        use_sandbox(running, monkeypatch)
        yield running


@pytest.mark.parametrize("way", ["a sync", "a rebuild", "the nightly job"])
def test_new_database_adopts_tombstones_of_the_raw_store(
    sandbox: Sandbox, home: Path, way: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = sandbox.world.recordings[:2]
    sync_once(__name__, [DAY])
    purge_recording_and_artifact(first, transcript_of(second), sandbox, DAY)
    use_empty_database(home, request, monkeypatch)

    with open_test_storage() as storage:
        if way == "a rebuild":
            rebuild(storage)
        elif way == "the nightly job":
            finish_purges(storage)
    sync_days([DAY])

    assert remains_of(first.id) == []
    tables = table_rows()
    assert len(tables["recordings"]) == RECORDINGS - 1
    assert not [row for row in tables["transcript_words"] if second.id in row]
    assert ledger_row(transcript_of(second).id, KIND)["status"] == "deleted"
    with open_test_storage() as storage:
        assert tombstone_names(storage) == {TombstoneName(first.id), *names_of(transcript_of(second))}


def test_purged_artifact_is_fetched_again_when_the_api_lists_it_again(sandbox: Sandbox) -> None:
    recording = sandbox.world.recordings[0]
    sync_once(__name__, [DAY])
    purge_recording_and_artifact(sandbox.world.recordings[1], transcript_of(recording), sandbox, DAY)

    sandbox.finish_artifact(transcript_of(recording).id)
    sync_days([DAY])

    assert ledger_row(transcript_of(recording).id, KIND)["status"] == "parsed"
    with open_test_storage() as storage:
        assert tombstone_names(storage) == {TombstoneName(sandbox.world.recordings[1].id)}


def test_nightly_job_writes_missing_tombstones_to_the_raw_store(sandbox: Sandbox, home: Path) -> None:
    sync_once(__name__, [DAY])
    with open_test_storage() as storage:
        purge(storage, [sandbox.world.recordings[0].id], tombstones.ASKED_FOR)
        shutil.rmtree(home / "raw" / "tombstones")

        finish_purges(storage)

        assert raw_tombstones.names(storage.raw) == {TombstoneName(sandbox.world.recordings[0].id)}


def test_audit_accepts_tombstones_and_they_contain_only_id_day_and_reason(sandbox: Sandbox, home: Path) -> None:
    recording = sandbox.world.recordings[0]
    sync_once(__name__, [DAY])
    with open_test_storage() as storage:
        purge(storage, [recording.id], tombstones.ASKED_FOR)
        report = audit(storage.database, storage.raw, budget_s=60, min_age=timedelta(0))
        (tombstone,) = (raw_tombstones.read(storage.raw, name) for name in raw_tombstones.names(storage.raw))

    assert (report.foreign, report.unknown, report.purged, report.lost) == ([], [], [], [])
    assert (tombstone.name, tombstone.day, tombstone.reason) == (TombstoneName(recording.id), DAY, tombstones.ASKED_FOR)


def test_damaged_tombstone_still_prevents_a_download(
    sandbox: Sandbox, home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = sandbox.world.recordings[0]
    sync_once(__name__, [DAY])
    with open_test_storage() as storage:
        purge(storage, [recording.id], tombstones.ASKED_FOR)
    (home / "raw" / "tombstones" / f"{recording.id}.json").write_bytes(b"\x00")
    use_empty_database(home, request, monkeypatch)

    sync_days([DAY])

    assert len(table_rows()["recordings"]) == RECORDINGS - 1


@pytest.mark.parametrize("way", ["the nightly job", "a rebuild", "a sync"])
def test_database_restored_from_a_backup_purges_recordings_again(sandbox: Sandbox, way: str) -> None:
    """The restored rows are older than the tombstone, which only the raw store has."""
    recording = sandbox.world.recordings[0]
    sync_once(__name__, [DAY])
    with open_test_storage() as storage:
        raw_tombstones.write(
            storage.raw, [tombstones.Tombstone(TombstoneName(recording.id), DAY, now(), tombstones.ASKED_FOR)]
        )
        with storage.database.reading() as connection:
            assert connection.execute(META.name.table.select().where(META.name == SYNCHRONIZED)).first()

        if way == "the nightly job":
            finish_purges(storage)
        elif way == "a rebuild":
            rebuild(storage)
    if way == "a sync":
        sync_days([DAY])

    assert remains_of(recording.id) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("way", ["a rebuild", "a sync"])
def test_database_restored_from_a_backup_purges_artifacts_again(sandbox: Sandbox, home: Path, way: str) -> None:
    """The restored ledger still contains the artifact as stored."""
    first, second = sandbox.world.recordings[:2]
    sync_once(__name__, [DAY])
    backup = shutil.copy(home / "meetings.db", home / "backup.db")
    purge_recording_and_artifact(first, transcript_of(second), sandbox, DAY)
    for file in home.glob("meetings.db*"):
        file.unlink()
    shutil.copy(backup, home / "meetings.db")

    if way == "a rebuild":
        with open_test_storage() as storage:
            rebuild(storage)
    sync_days([DAY])

    assert remains_of(first.id) == []
    assert not [row for row in table_rows()["transcript_words"] if second.id in row]
    with open_test_storage() as storage:
        assert tombstone_names(storage) == {TombstoneName(first.id), *names_of(transcript_of(second))}
