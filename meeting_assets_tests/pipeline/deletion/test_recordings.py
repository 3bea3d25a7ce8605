"""A purge deletes a recording everywhere, prevents another download and changes no other recording."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, select, text
from sqlmodel import SQLModel

from meeting_assets.core.errors import SettingsError, UsageError
from meeting_assets.core.ids import canonical_uuid
from meeting_assets.core.instants import now
from meeting_assets.health.status import status_of
from meeting_assets.pipeline.days import day_of_recording
from meeting_assets.pipeline.deletion.recordings import day_and_bot_at_api, purge
from meeting_assets.pipeline.deletion.removal import tables_to_purge
from meeting_assets.pipeline.deletion.tombstone_sync import finish_purges
from meeting_assets.pipeline.listing_pass import ListingPass
from meeting_assets.pipeline.pending_recordings import list_arrivals
from meeting_assets.pipeline.rebuild import rebuild
from meeting_assets.pipeline.storage import access_of
from meeting_assets.sandbox import Recording, Sandbox
from meeting_assets.schema.persistent import Meta, Tombstones
from meeting_assets.settings import read_settings
from meeting_assets.store import tombstones
from meeting_assets.store.database import table_of
from meeting_assets.store.unreadable_objects import UNREADABLE
from meeting_assets.webhooks import inbox
from meeting_assets.webhooks.inbox import Message
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.environments import open_test_storage, sync_days, table_rows
from meeting_assets_tests.support.planted_texts import (
    DAY,
    PLANTED,
    SAID,
    SHARED,
    locations_of,
    planted_sandbox,
)
from meeting_assets_tests.support.purges import (
    purge_and_verify,
    stored_count,
)
from meeting_assets_tests.support.snapshots import sync_once

pytestmark = [sqlite_first, pytest.mark.with_tables]

UNKNOWN = "3b9d8f3e-0000-4000-8000-000000000000"


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with planted_sandbox(monkeypatch) as running:
        yield running


def test_purge_command_leaves_no_text_of_the_recording_anywhere(
    sandbox: Sandbox, recording: Recording, home: Path, database_url: str
) -> None:
    command("sync", "--from", str(DAY), "--to", str(DAY))
    before = {planted: locations_of(home, database_url, planted) for planted in (*PLANTED, SAID, SHARED)}
    known = locations_of(home, database_url, recording.id)

    done = command("purge", "--yes", recording.id)

    assert all(before.values()), before
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing found" in done.stdout
    assert {planted: locations_of(home, database_url, planted) for planted in (*PLANTED, SAID)} == {
        planted: set() for planted in (*PLANTED, SAID)
    }
    assert locations_of(home, database_url, SHARED)
    left = locations_of(home, database_url, recording.id)
    in_dagster = {storage for storage in left if "/dagster/" in storage}
    tombstone = str(home / "raw" / "tombstones" / f"{recording.id}.json")
    assert left - in_dagster == {
        tombstone,
        *({"tombstones"} if "postgres" in database_url else {str(home / "meetings.db")}),
    }
    assert "tombstones" not in known
    assert not any(planted in done.stdout + done.stderr for planted in PLANTED)


def test_purge_changes_no_other_recording(sandbox: Sandbox, recording: Recording) -> None:
    sync_once("planted texts", [DAY])
    before = table_rows()

    purge_and_verify(recording.id)

    assert table_rows() == {table: [row for row in rows if recording.id not in row] for table, rows in before.items()}
    assert any(recording.id in row for rows in before.values() for row in rows)


def test_every_table_with_recordings_is_purged(sandbox: Sandbox, recording: Recording, database_url: str) -> None:
    sync_once("planted texts", [DAY])
    with open_test_storage() as storage, storage.database.writing() as connection:
        inbox.insert_messages(connection, [Message("msg_1", "recording.done", recording.id, None, now())])
        note = {"name": f"{UNREADABLE}recording {recording.id}", "value": " makes no sense"}
        connection.execute(table_of(Meta).insert().values(note))
        covered = {table.name for table in tables_to_purge(connection)}

    purge_and_verify(recording.id)

    engine = create_engine(database_url)
    with engine.connect() as connection:
        there = inspect(connection)
        names = there.get_table_names()
        with_id = {name for name in names if "recording_id" in {each["name"] for each in there.get_columns(name)}}
        rows = {name: connection.execute(text(f'SELECT * FROM "{name}"')).all() for name in names}
    engine.dispose()
    assert with_id == covered | {"tombstones"}
    assert {name for name, found in rows.items() if recording.id in repr(found)} == {"tombstones"}


def test_every_table_with_a_recording_id_is_in_tables_to_purge() -> None:
    about_recordings = {name for name, table in SQLModel.metadata.tables.items() if "recording_id" in table.c}

    with open_test_storage() as storage, storage.database.reading() as connection:
        covered = {table.name for table in tables_to_purge(connection)}

    assert covered == about_recordings - {"tombstones"}


def test_sync_does_not_fetch_a_purged_recording(sandbox: Sandbox, recording: Recording) -> None:
    sync_once("planted texts", [DAY])
    purge_and_verify(recording.id)
    sandbox.reissue(recording.of("transcript")[0].id)
    sandbox.stats.reset()

    sync_days([DAY], refetch=True)
    sync_days([DAY], recording_ids=[recording.id])

    assert stored_count(recording.id, DAY) == 0
    assert len(table_rows()["recordings"]) == 2
    asked = [each for each in sandbox.stats.requests if recording.id in str(each)]
    assert asked == []


def test_arrivals_do_not_include_a_purged_recording(sandbox: Sandbox, recording: Recording) -> None:
    with open_test_storage() as storage:
        access = access_of(read_settings())
        listing = ListingPass.since(recording.created_at)
        before, _ = list_arrivals(storage, access, listing, budget_s=20)
        purge(storage, [recording.id], tombstones.ASKED_FOR)

        after, _ = list_arrivals(storage, access, listing, budget_s=20)

    assert recording.id in {due.recording_id for due in before}
    assert {due.recording_id for due in before} - {due.recording_id for due in after} == {recording.id}


def test_request_for_a_purged_recording_is_refused_with_the_date_of_the_purge(
    sandbox: Sandbox, recording: Recording
) -> None:
    purge_and_verify(recording.id)

    with pytest.raises(UsageError, match=f"Recording {recording.id} was purged on .* is not fetched again"):
        day_of_recording(read_settings(), recording.id)
    with open_test_storage() as storage:
        assert status_of(storage).purged == 1


def test_rebuild_ignores_raw_objects_of_an_interrupted_purge(
    sandbox: Sandbox, recording: Recording, home: Path
) -> None:
    sync_once("planted texts", [DAY])
    interrupt_before_raw_store(recording, home)

    with open_test_storage() as storage:
        report = rebuild(storage)

    assert report.recordings == 2
    assert stored_count(recording.id, DAY) == 0


@pytest.mark.parametrize("way", ["the same purge", "the nightly job"])
def test_interrupted_purge_is_finished(sandbox: Sandbox, recording: Recording, home: Path, way: str) -> None:
    sync_once("planted texts", [DAY])
    interrupt_before_raw_store(recording, home)
    assert stored_count(recording.id, DAY) > 0

    if way == "the nightly job":
        with open_test_storage() as storage:
            finished = finish_purges(storage)
        assert finished == 8
    else:
        assert purge_and_verify(recording.id).found == []

    assert stored_count(recording.id, DAY) == 0


def interrupt_before_raw_store(recording: Recording, home: Path) -> None:
    raw = home / "raw" / str(DAY) / recording.id
    shutil.copytree(raw, home / "kept")
    purge_and_verify(recording.id)
    shutil.move(home / "kept", raw)


def test_purge_deletes_incomplete_raw_objects(sandbox: Sandbox, recording: Recording, home: Path) -> None:
    sync_once("planted texts", [DAY])
    folder = home / "raw" / str(DAY) / recording.id
    (folder / "transcript" / "half.zst#1").write_bytes(b"what a killed write left")

    purge_and_verify(recording.id)

    assert not folder.exists()
    assert (home / "raw" / str(DAY)).exists()


def test_purged_recording_that_was_never_stored_is_not_fetched(sandbox: Sandbox, recording: Recording) -> None:
    done = command("purge", "--yes", recording.id)

    assert done.returncode == 0, done.stderr
    sync_days([DAY])
    assert recording.id not in {row[0] for row in table_rows()["recordings"]}
    with open_test_storage() as storage, storage.database.reading() as connection:
        assert connection.scalar(select(table_of(Tombstones).c.day)) == DAY


def test_unknown_id_is_refused(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="neither stored nor known to the API"):
        day_and_bot_at_api(read_settings(), UNKNOWN)
    monkeypatch.delenv("RECALL_API_KEY")
    with pytest.raises(SettingsError, match=r"is not stored\. Set RECALL_API_KEY"):
        day_and_bot_at_api(read_settings(), UNKNOWN)
    with pytest.raises(UsageError, match="is not a recording id"):
        canonical_uuid("standup")
    with open_test_storage() as storage, storage.database.reading() as connection:
        assert tombstones.count(connection) == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_write_ahead_log_of_sqlite_is_empty_after_a_purge(sandbox: Sandbox, recording: Recording, home: Path) -> None:
    sync_once("planted texts", [DAY])
    with closing(sqlite3.connect(home / "meetings.db")) as idle, open_test_storage() as storage:
        idle.execute("SELECT count(*) FROM recordings").fetchall()

        purge(storage, [recording.id], tombstones.ASKED_FOR)

        assert (home / "meetings.db-wal").stat().st_size == 0
