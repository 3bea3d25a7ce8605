"""Purge verification finds remains in tables, files and raw objects."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from meeting_assets.cli.deletion import verify_purge
from meeting_assets.health.fingerprints import Fingerprints, fingerprints_of
from meeting_assets.health.purge_verification import find_remains
from meeting_assets.pipeline.deletion.recordings import purge
from meeting_assets.sandbox import Recording, Sandbox
from meeting_assets.settings import read_settings
from meeting_assets.store import scrub, tombstones
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.environments import open_test_storage
from meeting_assets_tests.support.planted_texts import (
    DAY,
    NAME,
    TITLE,
    planted_sandbox,
)
from meeting_assets_tests.support.purges import (
    purge_and_verify,
)
from meeting_assets_tests.support.snapshots import sync_once

pytestmark = [sqlite_first, pytest.mark.with_tables]

UNKNOWN = "3b9d8f3e-0000-4000-8000-000000000000"


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with planted_sandbox(monkeypatch) as running:
        yield running


def test_search_names_a_file_with_text_of_the_recording(sandbox: Sandbox, recording: Recording, home: Path) -> None:
    sync_once("planted texts", [DAY])
    log = home / "dagster" / "some" / "run.log"
    log.parent.mkdir(parents=True)
    log.write_text(json.dumps({"message": f"hello {NAME}"}))

    result = purge_and_verify(recording.id)

    assert result.found == [f"{log} contains text of the recording"]


def test_search_names_a_foreign_table_with_the_id(sandbox: Sandbox, recording: Recording, database_url: str) -> None:
    sync_once("planted texts", [DAY])
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE notes_of_an_analyst (recording_id VARCHAR(36), note VARCHAR(99))"))
        connection.execute(text("INSERT INTO notes_of_an_analyst VALUES (:id, 'x')"), {"id": recording.id})
    engine.dispose()

    result = purge_and_verify(recording.id)

    assert result.found == ["1 rows of notes_of_an_analyst name it"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_deleted_rows_in_unused_pages_are_found_and_overwritten(
    sandbox: Sandbox, recording: Recording, home: Path
) -> None:
    sync_once("planted texts", [DAY])
    file = home / "meetings.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete=OFF")
        connection.execute("CREATE TABLE scratch (title TEXT)")
        connection.execute("INSERT INTO scratch SELECT title || hex(zeroblob(2000)) FROM recordings")
        connection.execute("DELETE FROM scratch")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with open_test_storage() as storage, storage.database.writing() as connection:
        fingerprints = fingerprints_of(storage, {recording.id: DAY})
        connection.execute(text("UPDATE recordings SET title = NULL"))
    truncate_log(home)
    assert TITLE.encode() in file.read_bytes()

    with open_test_storage() as storage:
        purge(storage, [recording.id], tombstones.ASKED_FOR)
        before = find_remains(storage, read_settings(), fingerprints)
        result = verify_purge(read_settings(), storage, fingerprints)

    assert before.deleted_text_count > 0
    assert result.found == []
    assert TITLE.encode() not in file.read_bytes()


@pytest.mark.parametrize("raw_url", ["{}", "file://{}", "file://localhost{}"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_search_skips_files_of_the_raw_store(
    database_url: str, home: Path, monkeypatch: pytest.MonkeyPatch, raw_url: str
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_RAW_URL", raw_url.format(home / "raw"))
    with open_test_storage() as storage:
        storage.raw.put("2026-03-02/other/recording.json", TITLE.encode())

        result = find_remains(storage, read_settings(), Fingerprints([UNKNOWN], (TITLE,)))

    assert result.found == []


def truncate_log(home: Path) -> None:
    with closing(sqlite3.connect(home / "meetings.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_open_transaction_of_a_reader_is_reported_and_the_next_purge_succeeds(
    sandbox: Sandbox, recording: Recording, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_once("planted texts", [DAY])
    monkeypatch.setattr(scrub, "CHECKPOINT_TRIES", 1)
    monkeypatch.setattr(scrub, "BUSY_TIMEOUT_S", 0.1)
    with closing(sqlite3.connect(home / "meetings.db", isolation_level=None)) as reader, open_test_storage() as storage:
        fingerprints = fingerprints_of(storage, {recording.id: DAY})
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM recordings").fetchone()

        report = purge(storage, [recording.id], tombstones.ASKED_FOR)
        result = find_remains(storage, read_settings(), fingerprints)

        assert not report.is_scrubbed
        assert "run the same purge again" in " ".join(result.found)
        reader.execute("COMMIT")

        again = purge(storage, [recording.id], tombstones.ASKED_FOR)
        assert again.is_scrubbed
        assert find_remains(storage, read_settings(), fingerprints).found == []


@pytest.mark.parametrize("prefix", ["2019-01-01", "somewhere", ""])
def test_search_finds_raw_objects_below_any_prefix(sandbox: Sandbox, home: Path, prefix: str) -> None:
    recording = sandbox.world.recordings[0]
    sync_once("planted texts", [DAY])
    with open_test_storage() as storage:
        fingerprints = fingerprints_of(storage, {recording.id: DAY})
        purge(storage, [recording.id], tombstones.ASKED_FOR)
        elsewhere = home / "raw" / prefix / recording.id
        elsewhere.mkdir(parents=True)
        (elsewhere / "recording.json").write_bytes(b"{}")

        found = find_remains(storage, read_settings(), fingerprints).found

    assert found == [f"the raw store keeps 1 objects below {prefix}/{recording.id}/".replace(" /", " ")]
