"""A purge that is killed at any step is finished later, and a database that was lost brings nothing purged back."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from meeting_assets.core.instants import now
from meeting_assets.health.audit import audit
from meeting_assets.health.purge_verification import find_remains, fingerprints_of
from meeting_assets.pipeline.deletion.artifacts import purge_deleted_artifacts
from meeting_assets.pipeline.deletion.recordings import holding, purge
from meeting_assets.pipeline.deletion.removal import SCRUB_DUE, PurgeReport, note_scrub_due, scrub_deleted
from meeting_assets.pipeline.deletion.tombstone_sync import SYNCHRONIZED, finish_purges
from meeting_assets.pipeline.rebuild import rebuild
from meeting_assets.pipeline.rollup import forget, outdated_weeks, roll_up
from meeting_assets.pipeline.storage import Storage
from meeting_assets.sandbox import Artifact, Recording, Sandbox, uniform
from meeting_assets.settings import read_settings
from meeting_assets.store import locks, raw_tombstones, tombstones
from meeting_assets.store.database import META
from meeting_assets.store.locks import Lock
from meeting_assets.store.tombstones import Name
from meeting_assets_tests.conftest import fresh_postgresql, sqlite_first
from meeting_assets_tests.support.environments import contents, ledger_row, open_test_storage, sync_days, use

DAY = date(2026, 3, 2)
RECORDINGS = 20
KIND = "transcript"


class Killed(BaseException):
    """Stands for the end of the process: no handler of ours catches it."""


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A day with a meeting for each step that a purge may be killed at."""
    monkeypatch.setenv("MEETING_ASSETS_ON_DELETION", "purge")
    with Sandbox(uniform(DAY, recordings=RECORDINGS, words=10), limits=False) as running:
        use(running, monkeypatch)
        yield running


def ends_before_step(storage: Storage, step: int, work: Callable[[], Any]) -> bool:
    """Whether work ends when the process is killed before its n-th use of database or raw store."""
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


def lose_database(home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{home / 'another.db'}"
    if "postgresql" in read_settings().database_url:
        url = fresh_postgresql(request.getfixturevalue("postgresql_server"))
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", url)


def left_of(recording_id: str) -> list[str]:
    """What any table or any prefix of the raw store still has of a recording."""
    with open_test_storage() as storage:
        words = fingerprints_of(storage, {recording_id: None})
        found = find_remains(storage, read_settings(), words).found
        return [
            *found,
            *storage.raw.prefixes_naming([recording_id]),
            *([f"{rows} rows"] if (rows := rows_of(recording_id)) else []),
        ]


def rows_of(recording_id: str) -> int:
    with open_test_storage() as storage:
        return holding(storage, recording_id).rows


def scrub_due() -> bool:
    with open_test_storage() as storage, storage.database.reading() as connection:
        return connection.execute(META.name.table.select().where(META.name == SCRUB_DUE)).first() is not None


@sqlite_first
@pytest.mark.parametrize("way", ["the same purge", "the night", "the next run"])
def test_a_purge_killed_at_any_step_is_finished(sandbox: Sandbox, way: str) -> None:
    sync_days([DAY])
    is_ended = False
    for step, recording in enumerate(sandbox.world.recordings, start=1):
        with open_test_storage() as storage:
            is_ended = ends_before_step(storage, step, lambda: purge(storage, [recording.id], tombstones.ASKED_FOR))  # noqa: B023
            with storage.database.reading() as connection:
                has_begun = bool(tombstones.is_tombstoned(connection, [recording.id]))
            assert has_begun or rows_of(recording.id) > 0
            if way == "the same purge":
                purge(storage, [recording.id], tombstones.ASKED_FOR)
            elif way == "the night":
                finish_purges(storage)
        if way == "the next run":
            sync_days([DAY], recording_ids=[sandbox.world.recordings[-1].id])
        if has_begun or way == "the same purge":
            assert left_of(recording.id) == [], f"killed before step {step}"
        assert not scrub_due()
        if is_ended:
            break
    assert is_ended
    assert step > 8


@sqlite_first
def test_after_a_killed_purge_and_a_lost_database_nothing_comes_back(
    sandbox: Sandbox, home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_days([DAY])
    removed = set()
    for step, recording in enumerate(sandbox.world.recordings, start=1):
        with open_test_storage() as storage:
            rows = rows_of(recording.id)
            is_ended = ends_before_step(storage, step, lambda: purge(storage, [recording.id], tombstones.ASKED_FOR))  # noqa: B023
        if rows_of(recording.id) < rows:
            removed.add(recording.id)
        if is_ended:
            break
    lose_database(home, request, monkeypatch)

    with open_test_storage() as storage:
        rebuild(storage)
    sync_days([DAY])

    assert len(removed) > 4
    assert {each: left_of(each) for each in removed} == {each: [] for each in removed}
    assert removed.isdisjoint(row[0] for row in contents()["recordings"])


@pytest.mark.parametrize("way", ["a sync", "a rebuild", "a night"])
def test_a_lost_database_brings_nothing_back_that_was_purged(
    sandbox: Sandbox, home: Path, way: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = sandbox.world.recordings[:2]
    sync_days([DAY])
    purge_everything_of(first, transcript_of(second), sandbox)
    lose_database(home, request, monkeypatch)

    with open_test_storage() as storage:
        if way == "a rebuild":
            rebuild(storage)
        elif way == "a night":
            finish_purges(storage)
    sync_days([DAY])

    assert left_of(first.id) == []
    tables = contents()
    assert len(tables["recordings"]) == RECORDINGS - 1
    assert not [row for row in tables["transcript_words"] if second.id in row]
    assert ledger_row(transcript_of(second).id, KIND)["status"] == "deleted"
    with open_test_storage() as storage:
        assert tombstone_names(storage) == {Name(first.id), *names_of(transcript_of(second))}


def purge_everything_of(recording: Recording, artifact: Artifact, sandbox: Sandbox) -> None:
    """Purges a recording, and an artifact of another one that the API has deleted."""
    sandbox.delete_artifact(artifact.id)
    sync_days([DAY])
    with open_test_storage() as storage:
        purge(storage, [recording.id], tombstones.ASKED_FOR)
        purge_deleted_artifacts(storage, {(artifact.recording_id, artifact.id)}, at=now() + timedelta(hours=2))


def transcript_of(recording: Recording) -> Artifact:
    return recording.of("transcript")[0]


def names_of(artifact: Artifact) -> set[Name]:
    return {Name(artifact.recording_id, kind, artifact.id) for kind in ("transcript", "provider_data")}


def tombstone_names(storage: Storage) -> set[Name]:
    with storage.database.reading() as connection:
        assert tombstones.names(connection) == raw_tombstones.names(storage.raw)
        return tombstones.names(connection)


def left_of_artifact(artifact: Artifact) -> list[str]:
    """What is left of a transcript: rows, objects, a hash in the ledger."""
    tables = contents()
    words = [
        table
        for table in ("transcript_words", "provider_parts")
        for row in tables[table]
        if artifact.recording_id in row
    ]
    with open_test_storage() as storage:
        keys = [key for key in storage.raw.paths_of(DAY, artifact.recording_id) if artifact.id in key]
    hashes = [kind for kind in ("transcript", "provider_data") if ledger_row(artifact.id, kind)["sha256"]]
    return [*words, *keys, *hashes]


@sqlite_first
@pytest.mark.parametrize("way", ["the night", "the next run", "a rebuild after the database is lost"])
def test_the_purge_of_an_artifact_killed_at_any_step_is_finished(
    sandbox: Sandbox, way: str, home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_days([DAY])
    for recording in sandbox.world.recordings:
        sandbox.delete_artifact(transcript_of(recording).id)
    sync_days([DAY])
    begun = []
    is_ended = False
    for step, recording in enumerate(sandbox.world.recordings, start=1):
        artifact = transcript_of(recording)
        with open_test_storage() as storage:
            is_ended = ends_before_step(storage, step, lambda: confirmed(storage, artifact))  # noqa: B023
            with storage.database.reading() as connection:
                has_begun = bool(tombstones.purged_artifacts(connection, [recording.id]))
        if left_of_artifact(artifact) == [] or (has_begun and not way.startswith("a rebuild")):
            begun.append(artifact)
        if is_ended:
            break

    if way == "the night":
        with open_test_storage() as storage:
            finish_purges(storage)
    elif way == "the next run":
        sync_days([DAY], recording_ids=[sandbox.world.recordings[-1].id])
    else:
        lose_database(home, request, monkeypatch)
        with open_test_storage() as storage:
            rebuild(storage)
            finish_purges(storage)

    assert is_ended
    assert len(begun) > 2
    if way.startswith("a rebuild"):
        assert {name for each in begun for name in names_of(each)} <= restored_names()
        assert not [row for row in contents()["transcript_words"] if row[0] in {each.recording_id for each in begun}]
    else:
        assert {each.id: left_of_artifact(each) for each in begun} == {each.id: [] for each in begun}


def confirmed(storage: Storage, artifact: Artifact) -> None:
    """Purges what a second look has found deleted."""
    purge_deleted_artifacts(storage, {(artifact.recording_id, artifact.id)}, at=now() + timedelta(hours=2))


def restored_names() -> set[Name]:
    with open_test_storage() as storage:
        return tombstone_names(storage)


def test_an_artifact_that_the_api_shows_again_is_fetched_again(sandbox: Sandbox) -> None:
    recording = sandbox.world.recordings[0]
    sync_days([DAY])
    purge_everything_of(sandbox.world.recordings[1], transcript_of(recording), sandbox)

    sandbox.finish_artifact(transcript_of(recording).id)
    sync_days([DAY])

    assert ledger_row(transcript_of(recording).id, KIND)["status"] == "parsed"
    with open_test_storage() as storage:
        assert tombstone_names(storage) == {Name(sandbox.world.recordings[1].id)}


def test_a_recording_that_moved_to_another_day_is_purged_from_both(sandbox: Sandbox) -> None:
    recording = sandbox.world.recordings[0]
    sync_days([DAY])
    recording.created_at += timedelta(days=1)
    sync_days([DAY + timedelta(days=1)], recording_ids=[recording.id])
    with open_test_storage() as storage:
        assert storage.raw.days_of([recording.id])[recording.id] == [DAY, DAY + timedelta(days=1)]
        words = fingerprints_of(storage, {recording.id: holding(storage, recording.id).day})

        purge(storage, [recording.id], tombstones.ASKED_FOR)

        assert find_remains(storage, read_settings(), words).found == []
        assert storage.raw.prefixes_naming([recording.id]) == {}


@pytest.mark.parametrize("prefix", ["2019-01-01", "somewhere", ""])
def test_the_search_finds_objects_below_any_prefix(sandbox: Sandbox, home: Path, prefix: str) -> None:
    recording = sandbox.world.recordings[0]
    sync_days([DAY])
    with open_test_storage() as storage:
        words = fingerprints_of(storage, {recording.id: DAY})
        purge(storage, [recording.id], tombstones.ASKED_FOR)
        elsewhere = home / "raw" / prefix / recording.id
        elsewhere.mkdir(parents=True)
        (elsewhere / "recording.json").write_bytes(b"{}")

        found = find_remains(storage, read_settings(), words).found

    assert found == [f"the raw store keeps 1 objects below {prefix}/{recording.id}/".replace(" /", " ")]


def test_tombstones_of_an_older_version_are_written_to_the_raw_store_at_night(sandbox: Sandbox, home: Path) -> None:
    sync_days([DAY])
    with open_test_storage() as storage:
        purge(storage, [sandbox.world.recordings[0].id], tombstones.ASKED_FOR)
        shutil.rmtree(home / "raw" / "tombstones")

        finish_purges(storage)

        assert raw_tombstones.names(storage.raw) == {Name(sandbox.world.recordings[0].id)}


def test_tombstones_are_no_foreign_objects_and_say_nothing_of_the_meeting(sandbox: Sandbox, home: Path) -> None:
    recording = sandbox.world.recordings[0]
    sync_days([DAY])
    with open_test_storage() as storage:
        purge(storage, [recording.id], tombstones.ASKED_FOR)
        report = audit(storage.database, storage.raw, budget_s=60, in_hand=timedelta(0))
        (tombstone,) = (raw_tombstones.read(storage.raw, name) for name in raw_tombstones.names(storage.raw))

    assert (report.foreign, report.unknown, report.purged, report.lost) == ([], [], [], [])
    assert (tombstone.name, tombstone.day, tombstone.reason) == (Name(recording.id), DAY, tombstones.ASKED_FOR)


def test_a_damaged_tombstone_still_keeps_its_recording_out(
    sandbox: Sandbox, home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = sandbox.world.recordings[0]
    sync_days([DAY])
    with open_test_storage() as storage:
        purge(storage, [recording.id], tombstones.ASKED_FOR)
    (home / "raw" / "tombstones" / f"{recording.id}.json").write_bytes(b"\x00")
    lose_database(home, request, monkeypatch)

    sync_days([DAY])

    assert len(contents()["recordings"]) == RECORDINGS - 1


@pytest.mark.parametrize("way", ["the night", "a rebuild", "a sync"])
def test_a_database_restored_from_a_backup_purges_again(sandbox: Sandbox, way: str) -> None:
    """Its rows are older than the tombstone, which only the raw store has."""
    recording = sandbox.world.recordings[0]
    sync_days([DAY])
    with open_test_storage() as storage:
        raw_tombstones.write(storage.raw, [tombstones.Tombstone(Name(recording.id), DAY, now(), tombstones.ASKED_FOR)])
        with storage.database.reading() as connection:
            assert connection.execute(META.name.table.select().where(META.name == SYNCHRONIZED)).first()

        if way == "the night":
            finish_purges(storage)
        elif way == "a rebuild":
            rebuild(storage)
    if way == "a sync":
        sync_days([DAY])

    assert left_of(recording.id) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("way", ["a rebuild", "a sync"])
def test_a_database_restored_from_a_backup_purges_an_artifact_again(sandbox: Sandbox, home: Path, way: str) -> None:
    """Its ledger still says that the API has the artifact."""
    first, second = sandbox.world.recordings[:2]
    sync_days([DAY])
    backup = shutil.copy(home / "meetings.db", home / "backup.db")
    purge_everything_of(first, transcript_of(second), sandbox)
    for file in home.glob("meetings.db*"):
        file.unlink()
    shutil.copy(backup, home / "meetings.db")

    if way == "a rebuild":
        with open_test_storage() as storage:
            rebuild(storage)
    sync_days([DAY])

    assert left_of(first.id) == []
    assert not [row for row in contents()["transcript_words"] if second.id in row]
    with open_test_storage() as storage:
        assert tombstone_names(storage) == {Name(first.id), *names_of(transcript_of(second))}


def test_every_deleting_transaction_notes_a_scrub_of_its_own(sandbox: Sandbox) -> None:
    """A scrub that began before a transaction was committed does not remove that transaction's note."""
    sync_days([DAY])
    report = PurgeReport()
    with open_test_storage() as storage:
        noted = []
        for _ in range(2):
            with storage.database.writing() as connection:
                note_scrub_due(connection, report)
                noted.append(
                    connection.scalar(
                        META.name.table.select().with_only_columns(META.value).where(META.name == SCRUB_DUE)
                    )
                )

    assert len({*noted}) == 2
    assert report.tables == set()


def test_a_purge_of_artifacts_makes_trends_again_though_another_purge_has_scrubbed(sandbox: Sandbox) -> None:
    sync_days([DAY])
    with open_test_storage() as storage:
        roll_up(storage)
        with storage.database.writing() as connection:
            locks.take(connection, Lock.ROLLUP)
            tables = forget(connection, sandbox.world.recordings[0].id)
        assert outdated_weeks(storage)

        scrub_deleted(storage, PurgeReport(tables=tables))

        assert outdated_weeks(storage) == []
