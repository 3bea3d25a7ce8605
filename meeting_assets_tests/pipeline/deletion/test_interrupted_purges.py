"""An interrupted purge is finished later, at whichever step it was killed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from meeting_assets.health.fingerprints import fingerprints_of
from meeting_assets.health.purge_verification import find_remains
from meeting_assets.pipeline.deletion.recordings import purge, stored_recording
from meeting_assets.pipeline.deletion.removal import SCRUB_DUE, PurgeReport, note_scrub_due, scrub_deleted
from meeting_assets.pipeline.deletion.tombstone_sync import finish_purges
from meeting_assets.pipeline.rebuild import rebuild
from meeting_assets.pipeline.rollup import forget, outdated_weeks, roll_up
from meeting_assets.pipeline.storage import Storage
from meeting_assets.sandbox import Artifact, Sandbox, uniform
from meeting_assets.settings import read_settings
from meeting_assets.store import locks, tombstones
from meeting_assets.store.database import META
from meeting_assets.store.locks import Lock
from meeting_assets.store.tombstones import TombstoneName
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.environments import ledger_row, open_test_storage, sync_days, table_rows, use_sandbox
from meeting_assets_tests.support.purges import (
    confirm_deletion,
    names_of,
    paths_of,
    remains_of,
    stored_rows,
    tombstone_names,
    transcript_of,
    use_empty_database,
)
from meeting_assets_tests.support.snapshots import DOWNLOAD_PORT, sync_once

pytestmark = [sqlite_first, pytest.mark.with_tables]

DAY = date(2026, 3, 2)
RECORDINGS = 30
KIND = "transcript"


def in_deployment_tests(*ways: str) -> list[Any]:
    """Ways to finish a purge that are left to `make test-deployment`, because each is tried after a dozen kills."""
    return [pytest.param(way, marks=pytest.mark.deployment) for way in ways]


class Killed(BaseException):
    """Simulates the death of the process: no handler of ours catches it."""


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A day with one meeting for each step at which a purge is killed."""
    monkeypatch.setenv("MEETING_ASSETS_ON_DELETION", "purge")
    with Sandbox(uniform(DAY, recordings=RECORDINGS, words=10), limits=False, download_port=DOWNLOAD_PORT) as running:
        use_sandbox(running, monkeypatch)
        yield running


def ends_before_step(storage: Storage, step: int, work: Callable[[], Any]) -> bool:
    """True if the work ends, although the process is killed before its n-th use of database or raw store."""
    steps = count(1)
    with pytest.MonkeyPatch.context() as patched:
        for owner, name in [
            *((storage.database, name) for name in ("reading", "writing")),
            *((storage.raw, name) for name in ("put", "delete", "purge", "days_of")),
        ]:
            patched.setattr(owner, name, killed_before(getattr(owner, name), steps, step))
        with suppress(Killed):
            work()
            return True
    return False


def killed_before(method: Callable[..., Any], steps: Iterator[int], step: int) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        if next(steps) >= step:
            raise Killed
        return method(*arguments, **options)

    return call


def scrub_due() -> bool:
    with open_test_storage() as storage, storage.database.reading() as connection:
        return connection.execute(META.name.table.select().where(META.name == SCRUB_DUE)).first() is not None


@pytest.mark.parametrize("way", ["the nightly job", *in_deployment_tests("the same purge", "the next run")])
def test_purge_killed_at_any_step_is_finished(sandbox: Sandbox, way: str) -> None:
    sync_once(__name__, [DAY])
    is_ended = False
    for step, recording in enumerate(sandbox.world.recordings, start=1):
        with open_test_storage() as storage:
            is_ended = ends_before_step(storage, step, lambda: purge(storage, [recording.id], tombstones.ASKED_FOR))  # noqa: B023
            with storage.database.reading() as connection:
                has_begun = bool(tombstones.tombstoned_recordings(connection, [recording.id]))
            assert has_begun or stored_rows(recording.id) > 0
            if way == "the same purge":
                purge(storage, [recording.id], tombstones.ASKED_FOR)
            elif way == "the nightly job":
                finish_purges(storage)
        if way == "the next run":
            sync_days([DAY], recording_ids=[sandbox.world.recordings[-1].id])
        if has_begun or way == "the same purge":
            assert remains_of(recording.id) == [], f"killed before step {step}"
        assert not scrub_due()
        if is_ended:
            break
    assert is_ended
    assert step > 8


def test_killed_purge_is_kept_after_the_loss_of_the_database(
    sandbox: Sandbox, home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_once(__name__, [DAY])
    removed = set()
    for step, recording in enumerate(sandbox.world.recordings, start=1):
        with open_test_storage() as storage:
            rows = stored_rows(recording.id)
            is_ended = ends_before_step(storage, step, lambda: purge(storage, [recording.id], tombstones.ASKED_FOR))  # noqa: B023
        if stored_rows(recording.id) < rows:
            removed.add(recording.id)
        if is_ended:
            break
    use_empty_database(home, request, monkeypatch)

    with open_test_storage() as storage:
        rebuild(storage)
    sync_days([DAY])

    assert len(removed) > 4
    assert {each: remains_of(each) for each in removed} == {each: [] for each in removed}
    assert removed.isdisjoint(row[0] for row in table_rows()["recordings"])


def remains_of_artifact(artifact: Artifact) -> list[str]:
    """Rows, raw objects and ledger hashes that are still stored of a transcript."""
    tables = table_rows()
    tables_with_rows = [
        table
        for table in ("transcript_words", "provider_parts")
        for row in tables[table]
        if artifact.recording_id in row
    ]
    with open_test_storage() as storage:
        keys = [key for key in paths_of(storage.raw, DAY, artifact.recording_id) if artifact.id in key]
    hashes = [kind for kind in ("transcript", "provider_data") if ledger_row(artifact.id, kind)["sha256"]]
    return [*tables_with_rows, *keys, *hashes]


@pytest.mark.parametrize(
    "way", ["the next run", *in_deployment_tests("the nightly job", "a rebuild after the database is lost")]
)
def test_artifact_purge_killed_at_any_step_is_finished(
    sandbox: Sandbox, way: str, home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_once(__name__, [DAY])
    for recording in sandbox.world.recordings:
        sandbox.delete_artifact(transcript_of(recording).id)
    sync_days([DAY])
    begun = []
    is_ended = False
    for step, recording in enumerate(sandbox.world.recordings, start=1):
        artifact = transcript_of(recording)
        with open_test_storage() as storage:
            is_ended = ends_before_step(storage, step, lambda: confirm_deletion(storage, artifact))  # noqa: B023
            with storage.database.reading() as connection:
                has_begun = bool(tombstones.purged_artifacts(connection, [recording.id]))
        if remains_of_artifact(artifact) == [] or (has_begun and not way.startswith("a rebuild")):
            begun.append(artifact)
        if is_ended:
            break

    if way == "the nightly job":
        with open_test_storage() as storage:
            finish_purges(storage)
    elif way == "the next run":
        sync_days([DAY], recording_ids=[sandbox.world.recordings[-1].id])
    else:
        use_empty_database(home, request, monkeypatch)
        with open_test_storage() as storage:
            rebuild(storage)
            finish_purges(storage)

    assert is_ended
    assert len(begun) > 2
    if way.startswith("a rebuild"):
        assert {name for each in begun for name in names_of(each)} <= restored_names()
        assert not [row for row in table_rows()["transcript_words"] if row[0] in {each.recording_id for each in begun}]
    else:
        assert {each.id: remains_of_artifact(each) for each in begun} == {each.id: [] for each in begun}


def restored_names() -> set[TombstoneName]:
    with open_test_storage() as storage:
        return tombstone_names(storage)


def test_recording_that_moved_to_another_day_is_purged_from_both_days(sandbox: Sandbox) -> None:
    recording = sandbox.world.recordings[0]
    sync_once(__name__, [DAY])
    recording.created_at += timedelta(days=1)
    sync_days([DAY + timedelta(days=1)], recording_ids=[recording.id])
    with open_test_storage() as storage:
        assert storage.raw.days_of([recording.id])[recording.id] == [DAY, DAY + timedelta(days=1)]
        fingerprints = fingerprints_of(storage, {recording.id: stored_recording(storage, recording.id).day})

        purge(storage, [recording.id], tombstones.ASKED_FOR)

        assert find_remains(storage, read_settings(), fingerprints).found == []
        assert storage.raw.prefixes_naming([recording.id]) == {}


def test_every_deleting_transaction_records_its_own_pending_scrub(sandbox: Sandbox) -> None:
    """A scrub that began before a transaction was committed does not delete the record of that transaction."""
    sync_days([DAY])
    report = PurgeReport()
    with open_test_storage() as storage:
        recorded = []
        for _ in range(2):
            with storage.database.writing() as connection:
                note_scrub_due(connection, report)
                recorded.append(
                    connection.scalar(
                        META.name.table.select().with_only_columns(META.value).where(META.name == SCRUB_DUE)
                    )
                )

    assert len({*recorded}) == 2
    assert report.tables == set()


def test_artifact_purge_derives_trends_although_another_purge_has_scrubbed(sandbox: Sandbox) -> None:
    sync_once(__name__, [DAY])
    with open_test_storage() as storage:
        roll_up(storage)
        with storage.database.writing() as connection:
            locks.take(connection, Lock.ROLLUP)
            tables = forget(connection, sandbox.world.recordings[0].id)
        assert outdated_weeks(storage)

        scrub_deleted(storage, PurgeReport(tables=tables))

        assert outdated_weeks(storage) == []
