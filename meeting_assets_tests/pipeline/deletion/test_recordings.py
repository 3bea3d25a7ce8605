"""A purged recording is nowhere any more, comes back by no way, and takes nothing of its neighbours along."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
import zstandard
from sqlalchemy import create_engine, inspect, select, text
from sqlmodel import SQLModel

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.errors import SettingsError
from meeting_assets.core.ids import canonical_uuid
from meeting_assets.core.instants import now
from meeting_assets.health.purge_verification import Fingerprints, Search, find_remains, fingerprints_of
from meeting_assets.health.status import status_of
from meeting_assets.pipeline.arrivals import ListingPass, list_arrivals
from meeting_assets.pipeline.days import day_of_recording
from meeting_assets.pipeline.deletion.recordings import day_at_api, holding, purge
from meeting_assets.pipeline.deletion.removal import tables_to_purge
from meeting_assets.pipeline.deletion.tombstone_sync import finish_purges
from meeting_assets.pipeline.discover import Discovery, discover_days
from meeting_assets.pipeline.load import load_days
from meeting_assets.pipeline.rebuild import rebuild
from meeting_assets.pipeline.record import record
from meeting_assets.pipeline.storage import access_of
from meeting_assets.recall.client import RecallClient
from meeting_assets.sandbox import Fault, Recording, Sandbox, uniform
from meeting_assets.schema.persistent import Meta, Tombstones
from meeting_assets.settings import read_settings
from meeting_assets.store import scrub, tombstones
from meeting_assets.store.database import table_of
from meeting_assets.store.unreadable_objects import UNREADABLE
from meeting_assets.webhooks import inbox
from meeting_assets.webhooks.inbox import Message
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.environments import contents, open_test_storage, sync_days, use

DAY = date(2026, 3, 2)
NAME, EMAIL, TITLE = "Zerlina Quibblethorpe", "zerlina@quibblethorpe.example", "Quarterly marmalade review"
SAID, CHATTED, HEARD = "the marmalade contains no oranges at all", "who ordered the oranges", "provider heard marmalade"
UNREAD = "this payload was never read by anybody"
PLANTED = (NAME, EMAIL, TITLE, CHATTED, HEARD, UNREAD)
SHARED = "Wilhelmina Everywhere"
TABLES_OF_POSTGRESQL = "SELECT tablename FROM pg_tables WHERE schemaname = 'meetings'"
UNKNOWN = "3b9d8f3e-0000-4000-8000-000000000000"


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Three meetings; what is planted is said in the first alone, and somebody attends the first two."""
    monkeypatch.setenv("RECALL_LIST_CALLS_PER_MINUTE", "6000")
    with Sandbox(uniform(DAY, recordings=3, words=40), limits=False) as running:
        use(running, monkeypatch)
        plant(running)
        yield running


@pytest.fixture
def recording(sandbox: Sandbox) -> Recording:
    return sandbox.world.recordings[0]


def plant(sandbox: Sandbox) -> None:
    first, second, _ = sandbox.world.recordings
    (events,), (transcript,) = first.of("participant_events"), first.of("transcript")
    people = sandbox.payload(events.id, "participants")
    person = {"id": 900, "name": NAME, "is_host": False, "platform": "desktop", "extra_data": None, "email": EMAIL}
    shared = person | {"id": 901, "name": SHARED, "email": None}
    sandbox.set_payload(events.id, "participants", json.dumps([*json.loads(people), person, shared]).encode())
    chat = {
        "id": "0199e7e6-c3a5-57dd-9f99-4c47c2a5daa5",
        "action": "chat_message",
        "participant": person,
        "timestamp": {"absolute": "2026-03-02T00:00:09Z", "relative": 7.0},
        "data": {"text": CHATTED, "to": "everyone"},
    }
    sandbox.set_payload(events.id, "participant_events", json.dumps([chat]).encode())
    words = [
        {"text": word, "start_timestamp": {"relative": n * 1.0}, "end_timestamp": {"relative": n + 0.5}}
        for n, word in enumerate(SAID.split())
    ]
    sandbox.set_payload(transcript.id, "transcript", json.dumps([{"participant": person, "words": words}]).encode())
    sandbox.set_payload(transcript.id, "provider_data", json.dumps([{"type": "x", "text": HEARD}]).encode())
    sandbox.set_payload(first.of("video_separate")[0].id, "video_separate", json.dumps([{"what": UNREAD}]).encode())
    first.of("meeting_metadata")[0].details["data"]["title"] = TITLE
    (others,) = second.of("participant_events")
    body = json.loads(sandbox.payload(others.id, "participants"))
    sandbox.set_payload(others.id, "participants", json.dumps([*body, shared]).encode())


def places(home: Path, url: str) -> Iterator[tuple[str, bytes]]:
    """Everything that is kept anywhere, byte for byte, raw objects also as they were."""
    for path in sorted(home.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            yield str(path), str(path).encode() + content
            if path.suffix == ".zst":
                yield f"{path}, unpacked", zstandard.ZstdDecompressor().decompressobj().decompress(content)
    if not url.startswith("sqlite"):
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            for (table,) in connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'meetings'"
            ).fetchall():
                rows = connection.execute(f'SELECT t::text FROM "{table}" AS t').fetchall()
                yield table, "\n".join(row[0] for row in rows).encode()


def where(home: Path, url: str, wanted: str) -> set[str]:
    spelled = {wanted.encode(), json.dumps(wanted)[1:-1].encode()}
    return {storage for storage, content in places(home, url) if any(each in content for each in spelled)}


def purged(*recording_ids: str) -> Search:
    """What the command does."""
    with open_test_storage() as storage:
        words = fingerprints_of(storage, {each: holding(storage, each).day for each in recording_ids})
        purge(storage, recording_ids, tombstones.ASKED_FOR)
        return find_remains(storage, read_settings(), words)


def held(recording_id: str) -> int:
    """How many rows of how many tables name a recording; raw objects count, too."""
    with open_test_storage() as storage:
        objects = len(storage.raw.paths_of(DAY, recording_id))
        return holding(storage, recording_id).rows + objects


@sqlite_first
def test_after_the_command_no_trace_is_left_anywhere(
    sandbox: Sandbox, recording: Recording, home: Path, database_url: str
) -> None:
    command("sync", "--from", str(DAY), "--to", str(DAY))
    before = {planted: where(home, database_url, planted) for planted in (*PLANTED, SAID, SHARED)}
    known = where(home, database_url, recording.id)

    done = command("purge", "--yes", recording.id)

    assert all(before.values()), before
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing found" in done.stdout
    assert {planted: where(home, database_url, planted) for planted in (*PLANTED, SAID)} == {
        planted: set() for planted in (*PLANTED, SAID)
    }
    assert where(home, database_url, SHARED)
    left = where(home, database_url, recording.id)
    in_dagster = {storage for storage in left if "/dagster/" in storage}
    tombstone = str(home / "raw" / "tombstones" / f"{recording.id}.json")
    assert left - in_dagster == {
        tombstone,
        *({"tombstones"} if "postgres" in database_url else {str(home / "meetings.db")}),
    }
    assert "tombstones" not in known
    assert not any(planted in done.stdout + done.stderr for planted in PLANTED)


def test_the_neighbours_stay_as_they_were(sandbox: Sandbox, recording: Recording) -> None:
    sync_days([DAY])
    before = contents()

    purged(recording.id)

    assert contents() == {table: [row for row in rows if recording.id not in row] for table, rows in before.items()}
    assert any(recording.id in row for rows in before.values() for row in rows)


def test_every_table_with_recordings_is_purged(sandbox: Sandbox, recording: Recording, database_url: str) -> None:
    sync_days([DAY])
    with open_test_storage() as storage, storage.database.writing() as connection:
        inbox.put(connection, [Message("msg_1", "recording.done", recording.id, None, now())])
        note = {"name": f"{UNREADABLE}recording {recording.id}", "value": " makes no sense"}
        connection.execute(table_of(Meta).insert().values(note))
        covered = {table.name for table in tables_to_purge(connection)}

    purged(recording.id)

    engine = create_engine(database_url)
    with engine.connect() as connection:
        there = inspect(connection)
        names = there.get_table_names()
        with_id = {name for name in names if "recording_id" in {each["name"] for each in there.get_columns(name)}}
        rows = {name: connection.execute(text(f'SELECT * FROM "{name}"')).all() for name in names}
    engine.dispose()
    assert with_id == covered | {"tombstones"}
    assert {name for name, found in rows.items() if recording.id in repr(found)} == {"tombstones"}


def test_a_new_table_about_recordings_is_covered_by_its_column() -> None:
    about_recordings = {name for name, table in SQLModel.metadata.tables.items() if "recording_id" in table.c}

    with open_test_storage() as storage, storage.database.reading() as connection:
        covered = {table.name for table in tables_to_purge(connection)}

    assert covered == about_recordings - {"tombstones"}


def test_no_sync_brings_it_back(sandbox: Sandbox, recording: Recording) -> None:
    sync_days([DAY])
    purged(recording.id)
    sandbox.reissue(recording.of("transcript")[0].id)
    sandbox.stats.reset()

    sync_days([DAY], refetch=True)
    sync_days([DAY], recording_ids=[recording.id])

    assert held(recording.id) == 0
    assert len(contents()["recordings"]) == 2
    asked = [each for each in sandbox.stats.requests if recording.id in str(each)]
    assert asked == []


def test_no_arrival_asks_for_it(sandbox: Sandbox, recording: Recording) -> None:
    with open_test_storage() as storage:
        access = access_of(read_settings())
        portion = ListingPass.since(recording.created_at)
        before, _ = list_arrivals(storage, access, portion, budget_s=20)
        purge(storage, [recording.id], tombstones.ASKED_FOR)

        after, _ = list_arrivals(storage, access, portion, budget_s=20)

    assert recording.id in {due.recording_id for due in before}
    assert {due.recording_id for due in before} - {due.recording_id for due in after} == {recording.id}


def test_who_asks_for_it_is_told_in_a_sentence(sandbox: Sandbox, recording: Recording) -> None:
    purged(recording.id)

    with pytest.raises(SettingsError, match=f"Recording {recording.id} was purged on .* is not brought back"):
        day_of_recording(read_settings(), recording.id)
    with open_test_storage() as storage:
        assert status_of(storage).purged == 1


def test_no_rebuild_brings_back_what_a_killed_purge_left(sandbox: Sandbox, recording: Recording, home: Path) -> None:
    sync_days([DAY])
    killed_between_database_and_raw_store(recording, home)

    with open_test_storage() as storage:
        report = rebuild(storage)

    assert report.recordings == 2
    assert held(recording.id) == 0


def test_a_rebuild_takes_nothing_in_that_is_purged_while_it_reads(
    sandbox: Sandbox, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_days([DAY])
    with open_test_storage() as storage:
        read = storage.raw.read_listing

        def read_and_purge(day: date, recording_id: str) -> bytes | None:
            listing = read(day, recording_id)
            if recording_id == recording.id:
                purge(storage, [recording.id], tombstones.ASKED_FOR)
            return listing

        monkeypatch.setattr(storage.raw, "read_listing", read_and_purge)
        rebuild(storage)

    assert held(recording.id) == 0
    assert len(contents()["recordings"]) == 2


@pytest.mark.parametrize("way", ["the same purge", "the night"])
def test_a_killed_purge_is_finished(sandbox: Sandbox, recording: Recording, home: Path, way: str) -> None:
    sync_days([DAY])
    killed_between_database_and_raw_store(recording, home)
    assert held(recording.id) > 0

    if way == "the night":
        with open_test_storage() as storage:
            finished = finish_purges(storage)
        assert finished == 8
    else:
        assert purged(recording.id).found == []

    assert held(recording.id) == 0


def killed_between_database_and_raw_store(recording: Recording, home: Path) -> None:
    raw = home / "raw" / str(DAY) / recording.id
    shutil.copytree(raw, home / "kept")
    purged(recording.id)
    shutil.move(home / "kept", raw)


def test_what_lists_do_not_show_of_the_raw_store_goes_too(sandbox: Sandbox, recording: Recording, home: Path) -> None:
    sync_days([DAY])
    folder = home / "raw" / str(DAY) / recording.id
    (folder / "transcript" / "half.zst#1").write_bytes(b"what a killed write left")

    purged(recording.id)

    assert not folder.exists()
    assert (home / "raw" / str(DAY)).exists()


def looked() -> Discovery:
    """A look at the API, as one run has it in memory."""

    async def look() -> Discovery:
        async with RecallClient(access_of(read_settings())) as client:
            return await discover_days(client, [DAY])

    return asyncio.run(look())


def test_a_slow_look_writes_nothing_of_what_was_purged_meanwhile(sandbox: Sandbox, recording: Recording) -> None:
    slow = looked()
    purged(recording.id)

    with open_test_storage() as storage:
        record(storage, slow, now())

    assert held(recording.id) == 0
    assert len(contents()["recordings"]) == 2


def test_a_listing_that_is_written_late_is_removed(
    sandbox: Sandbox, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_test_storage() as storage:
        write = storage.raw.write_listing

        def purge_and_write(day: date, recording_id: str, listing: bytes) -> None:
            if recording_id == recording.id:
                purge(storage, [recording.id], tombstones.ASKED_FOR)
            write(day, recording_id, listing)

        monkeypatch.setattr(storage.raw, "write_listing", purge_and_write)
        record(storage, looked(), now())

    assert held(recording.id) == 0


def test_a_slow_download_leaves_nothing_of_what_was_purged_meanwhile(sandbox: Sandbox, recording: Recording) -> None:
    transcript = recording.of("transcript")[0].id
    sandbox.inject(Fault(f"transcript:{transcript}", delay_s=4.0))
    run = threading.Thread(target=sync_days, args=([DAY],))
    run.start()
    while not [each for each in contents()["artifacts"] if transcript in each]:
        assert run.is_alive()

    purged(recording.id)
    assert run.is_alive(), "the download was to be slower than the purge"
    run.join(60)

    assert held(recording.id) == 0
    assert len(contents()["meeting_metrics"]) == 2


def test_runs_that_go_on_during_a_purge_write_nothing_of_it(sandbox: Sandbox) -> None:
    sync_days([DAY])
    ended = threading.Event()
    faults: list[BaseException] = []

    def go_on() -> None:
        try:
            while not ended.is_set():
                sync_days([DAY], refetch=True)
                with open_test_storage() as storage:
                    rebuild(storage)
        except BaseException as error:  # noqa: BLE001 - told below
            faults.append(error)

    runs = [threading.Thread(target=go_on) for _ in range(2)]
    for run in runs:
        run.start()

    for each in sandbox.world.recordings[:2]:
        purged(each.id)
    ended.set()
    for run in runs:
        run.join(120)

    assert not any(run.is_alive() for run in runs)
    assert faults == []
    assert [held(each.id) for each in sandbox.world.recordings[:2]] == [0, 0]
    assert len(contents()["meeting_metrics"]) == 1


def test_a_recording_that_only_the_api_knows_is_kept_out(sandbox: Sandbox, recording: Recording) -> None:
    done = command("purge", "--yes", recording.id)

    assert done.returncode == 0, done.stderr
    sync_days([DAY])
    assert recording.id not in {row[0] for row in contents()["recordings"]}
    with open_test_storage() as storage, storage.database.reading() as connection:
        assert connection.scalar(select(table_of(Tombstones).c.day)) == DAY


def test_an_id_that_nobody_knows_is_refused(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="neither here nor at the API"):
        day_at_api(read_settings(), UNKNOWN)
    monkeypatch.delenv("RECALL_API_KEY")
    with pytest.raises(SettingsError, match="without RECALL_API_KEY"):
        day_at_api(read_settings(), UNKNOWN)
    with pytest.raises(SettingsError, match="no id of a recording"):
        canonical_uuid("standup")
    with open_test_storage() as storage, storage.database.reading() as connection:
        assert tombstones.count(connection) == 0


def test_the_search_names_a_file_in_which_something_is_left(sandbox: Sandbox, recording: Recording, home: Path) -> None:
    sync_days([DAY])
    log = home / "dagster" / "some" / "run.log"
    log.parent.mkdir(parents=True)
    log.write_text(json.dumps({"message": f"hello {NAME}"}))

    result = purged(recording.id)

    assert result.found == [f"text of it stands in {log}"]


def test_the_search_names_a_table_in_which_something_is_left(
    sandbox: Sandbox, recording: Recording, database_url: str
) -> None:
    sync_days([DAY])
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE notes_of_an_analyst (recording_id VARCHAR(36), note VARCHAR(99))"))
        connection.execute(text("INSERT INTO notes_of_an_analyst VALUES (:id, 'x')"), {"id": recording.id})
    engine.dispose()

    result = purged(recording.id)

    assert result.found == ["1 rows of notes_of_an_analyst name it"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_pages_of_sqlite_kept_is_overwritten(sandbox: Sandbox, recording: Recording, home: Path) -> None:
    sync_days([DAY])
    file = home / "meetings.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as careless:
        careless.execute("PRAGMA secure_delete=OFF")
        careless.execute("CREATE TABLE scratch (title TEXT)")
        careless.execute("INSERT INTO scratch SELECT title || hex(zeroblob(2000)) FROM recordings")
        careless.execute("DELETE FROM scratch")
        careless.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with open_test_storage() as storage, storage.database.writing() as connection:
        words = fingerprints_of(storage, {recording.id: DAY})
        connection.execute(text("UPDATE recordings SET title = NULL"))
    scrub_only(home)
    assert TITLE.encode() in file.read_bytes()

    with open_test_storage() as storage:
        purge(storage, [recording.id], tombstones.ASKED_FOR)
        result = find_remains(storage, read_settings(), words)

    assert result.found == []
    assert TITLE.encode() not in file.read_bytes()


@pytest.mark.parametrize("spelled", ["{}", "file://{}", "file://localhost{}"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_files_of_the_raw_store_are_not_searched_for_text(
    database_url: str, home: Path, monkeypatch: pytest.MonkeyPatch, spelled: str
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_RAW_URL", spelled.format(home / "raw"))
    with open_test_storage() as storage:
        storage.raw.put("2026-03-02/other/recording.json", TITLE.encode())

        result = find_remains(storage, read_settings(), Fingerprints({UNKNOWN: []}, (TITLE,)))

    assert result.found == []


def scrub_only(home: Path) -> None:
    with closing(sqlite3.connect(home / "meetings.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_log_of_sqlite_is_empty_after_a_purge(sandbox: Sandbox, recording: Recording, home: Path) -> None:
    sync_days([DAY])
    with closing(sqlite3.connect(home / "meetings.db")) as idle, open_test_storage() as storage:
        idle.execute("SELECT count(*) FROM recordings").fetchall()

        purge(storage, [recording.id], tombstones.ASKED_FOR)

        assert (home / "meetings.db-wal").stat().st_size == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_reader_in_the_way_is_said_and_the_next_purge_ends_it(
    sandbox: Sandbox, recording: Recording, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_days([DAY])
    monkeypatch.setattr(scrub, "CHECKPOINT_TRIES", 1)
    monkeypatch.setattr(scrub, "BUSY_TIMEOUT_S", 0.1)
    with closing(sqlite3.connect(home / "meetings.db", isolation_level=None)) as reader, open_test_storage() as storage:
        words = fingerprints_of(storage, {recording.id: DAY})
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM recordings").fetchone()

        report = purge(storage, [recording.id], tombstones.ASKED_FOR)
        result = find_remains(storage, read_settings(), words)

        assert not report.is_scrubbed
        assert "run the same purge again" in " ".join(result.found)
        reader.execute("COMMIT")

        again = purge(storage, [recording.id], tombstones.ASKED_FOR)
        assert again.is_scrubbed
        assert find_remains(storage, read_settings(), words).found == []


def test_rows_that_were_being_parsed_do_not_come_after_the_purge(
    sandbox: Sandbox, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parser has read its work; the purge comes before it writes."""
    sync_days([DAY])
    artifact = ARTIFACTS["transcript"]
    with open_test_storage() as storage:
        with storage.database.writing() as connection:
            connection.execute(text("UPDATE artifacts SET parser_version = '0'"))
        read = storage.raw.read

        def read_and_purge(key: str, *rest: Any) -> bytes | None:
            payload = read(key, *rest)
            if recording.id in key:
                purge(storage, [recording.id], tombstones.ASKED_FOR)
            return payload

        monkeypatch.setattr(storage.raw, "read", read_and_purge)
        load_days(artifact, [DAY], storage)

    assert held(recording.id) == 0
