"""Runs that are in progress during a purge store nothing of the purged recording."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.instants import now
from meeting_assets.pipeline.deletion.recordings import purge
from meeting_assets.pipeline.discover import discover_days
from meeting_assets.pipeline.discovered import Discovery
from meeting_assets.pipeline.load import load_days
from meeting_assets.pipeline.rebuild import rebuild
from meeting_assets.pipeline.record import record
from meeting_assets.pipeline.storage import access_of
from meeting_assets.recall.client import RecallClient
from meeting_assets.sandbox import Fault, Recording, Sandbox
from meeting_assets.settings import read_settings
from meeting_assets.store import tombstones
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.environments import open_test_storage, sync_days, table_rows
from meeting_assets_tests.support.planted_texts import (
    DAY,
    planted_sandbox,
)
from meeting_assets_tests.support.purges import (
    purge_and_verify,
    stored_count,
)
from meeting_assets_tests.support.snapshots import sync_once

pytestmark = [sqlite_first, pytest.mark.with_tables]


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with planted_sandbox(monkeypatch) as running:
        yield running


def test_rebuild_stores_nothing_of_a_recording_purged_meanwhile(
    sandbox: Sandbox, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_once("planted texts", [DAY])
    with open_test_storage() as storage:
        read = storage.raw.read_listing

        def read_and_purge(day: date, recording_id: str) -> bytes | None:
            listing = read(day, recording_id)
            if recording_id == recording.id:
                purge(storage, [recording.id], tombstones.ASKED_FOR)
            return listing

        monkeypatch.setattr(storage.raw, "read_listing", read_and_purge)
        rebuild(storage)

    assert stored_count(recording.id, DAY) == 0
    assert len(table_rows()["recordings"]) == 2


def discover_day() -> Discovery:
    """The discovery of a day, as a run keeps it in memory."""

    async def discover() -> Discovery:
        async with RecallClient(access_of(read_settings())) as client:
            return await discover_days(client, [DAY])

    return asyncio.run(discover())


def test_slow_discovery_stores_nothing_of_a_recording_purged_meanwhile(sandbox: Sandbox, recording: Recording) -> None:
    discovery = discover_day()
    purge_and_verify(recording.id)

    with open_test_storage() as storage:
        record(storage, discovery, now())

    assert stored_count(recording.id, DAY) == 0
    assert len(table_rows()["recordings"]) == 2


def test_listing_written_after_the_purge_is_deleted(
    sandbox: Sandbox, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_test_storage() as storage:
        write = storage.raw.write_listing

        def purge_and_write(day: date, recording_id: str, listing: bytes) -> None:
            if recording_id == recording.id:
                purge(storage, [recording.id], tombstones.ASKED_FOR)
            write(day, recording_id, listing)

        monkeypatch.setattr(storage.raw, "write_listing", purge_and_write)
        record(storage, discover_day(), now())

    assert stored_count(recording.id, DAY) == 0


def test_slow_download_stores_nothing_of_a_recording_purged_meanwhile(sandbox: Sandbox, recording: Recording) -> None:
    transcript = recording.of("transcript")[0].id
    sandbox.inject(Fault(f"transcript:{transcript}", delay_s=4.0))
    run = threading.Thread(target=sync_days, args=([DAY],))
    run.start()
    while not [each for each in table_rows()["artifacts"] if transcript in each]:
        assert run.is_alive()

    purge_and_verify(recording.id)
    assert run.is_alive(), "the purge must end before the download"
    run.join(60)

    assert stored_count(recording.id, DAY) == 0
    assert len(table_rows()["meeting_metrics"]) == 2


def test_concurrent_runs_store_nothing_of_purged_recordings(sandbox: Sandbox) -> None:
    sync_once("planted texts", [DAY])
    ended = threading.Event()
    faults: list[BaseException] = []

    def sync_repeatedly() -> None:
        try:
            while not ended.is_set():
                sync_days([DAY], refetch=True)
                with open_test_storage() as storage:
                    rebuild(storage)
        except BaseException as error:  # noqa: BLE001 - asserted below
            faults.append(error)

    runs = [threading.Thread(target=sync_repeatedly) for _ in range(2)]
    for run in runs:
        run.start()

    for each in sandbox.world.recordings[:2]:
        purge_and_verify(each.id)
    ended.set()
    for run in runs:
        run.join(120)

    assert not any(run.is_alive() for run in runs)
    assert faults == []
    assert [stored_count(each.id, DAY) for each in sandbox.world.recordings[:2]] == [0, 0]
    assert len(table_rows()["meeting_metrics"]) == 1


def test_parser_stores_nothing_of_a_recording_purged_meanwhile(
    sandbox: Sandbox, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The purge happens after the parser has read the payload and before it writes rows."""
    sync_once("planted texts", [DAY])
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

    assert stored_count(recording.id, DAY) == 0
