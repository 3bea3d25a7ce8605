"""Recordings and artifacts that the API deletes are marked, or purged if MEETING_ASSETS_ON_DELETION says so."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

from meeting_assets.pipeline.derive import derive_days
from meeting_assets.pipeline.fetch import fetch_days
from meeting_assets.pipeline.storage import access_of
from meeting_assets.sandbox import Recording, Sandbox, uniform
from meeting_assets.settings import read_settings
from meeting_assets.store import tombstones
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.environments import (
    age_missing_marks,
    ledger_row,
    open_test_storage,
    sync_days,
    table_rows,
    use_sandbox,
)
from meeting_assets_tests.support.purges import (
    paths_of,
    stored_rows,
)
from meeting_assets_tests.support.snapshots import DOWNLOAD_PORT, sync_once

pytestmark = [sqlite_first, pytest.mark.with_tables]

DAY = date(2026, 3, 2)


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=2, words=20), download_port=DOWNLOAD_PORT) as running:
        use_sandbox(running, monkeypatch)
        yield running


def objects_of(recording_id: str) -> list[str]:
    with open_test_storage() as storage:
        return paths_of(storage.raw, DAY, recording_id)


def sync_twice(days: Sequence[date] = (DAY,), recording_ids: Sequence[str] = ()) -> None:
    """Two syncs with more than an hour between their observations."""
    sync_days(days, recording_ids=recording_ids)
    age_missing_marks(timedelta(hours=2))
    sync_days(days, recording_ids=recording_ids)


@pytest.fixture(params=[False, True], ids=["status deleted", "404"])
def answers_404(request: pytest.FixtureRequest, sandbox: Sandbox) -> bool:
    sandbox.habits.deleted_answers_404 = request.param
    return bool(request.param)


@pytest.mark.usefixtures("answers_404")
@pytest.mark.parametrize("is_named", [False, True], ids=["day", "named"])
def test_recording_deleted_at_the_api_is_marked_and_kept(
    sandbox: Sandbox, recording: Recording, is_named: bool
) -> None:
    sync_once("two short recordings", [DAY])
    before = table_rows()["transcript_words"]
    sandbox.delete(recording.id)

    sync_days([DAY], recording_ids=[recording.id] if is_named else [])

    (row,) = [row for row in table_rows()["recordings"] if recording.id in row]
    assert "deleted" in row
    assert table_rows()["transcript_words"] == before
    assert objects_of(recording.id)


@pytest.mark.usefixtures("answers_404")
@pytest.mark.parametrize("is_named", [False, True], ids=["day", "named"])
def test_recording_deleted_at_the_api_is_purged_if_configured(
    sandbox: Sandbox, recording: Recording, is_named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_ON_DELETION", "purge")
    sync_once("two short recordings", [DAY])
    sandbox.delete(recording.id)

    sync_twice(recording_ids=[recording.id] if is_named else [])

    assert (stored_rows(recording.id), objects_of(recording.id)) == (0, [])
    with open_test_storage() as storage, storage.database.reading() as connection:
        assert tombstones.tombstoned_recordings(connection, [recording.id])
    assert len(table_rows()["meeting_metrics"]) == 1


@pytest.mark.usefixtures("answers_404")
def test_marked_recording_is_purged_after_the_setting_changes(
    sandbox: Sandbox, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_once("two short recordings", [DAY])
    sandbox.delete(recording.id)
    sync_days([DAY])
    monkeypatch.setenv("MEETING_ASSETS_ON_DELETION", "purge")

    sync_twice()

    assert (stored_rows(recording.id), objects_of(recording.id)) == (0, [])


@pytest.mark.usefixtures("answers_404")
@pytest.mark.parametrize("is_named", [False, True], ids=["day", "named"])
def test_artifact_deleted_at_the_api_is_marked_and_kept(sandbox: Sandbox, recording: Recording, is_named: bool) -> None:
    transcript = recording.of("transcript")[0].id
    sync_once("two short recordings", [DAY])
    before = table_rows()["transcript_words"]
    sandbox.delete_artifact(transcript)

    sync_days([DAY], recording_ids=[recording.id] if is_named else [])

    assert ledger_row(transcript, "transcript")["api_status"] == "deleted"
    assert table_rows()["transcript_words"] == before


@pytest.mark.usefixtures("answers_404")
@pytest.mark.parametrize(
    ("collection", "kinds", "tables"),
    [
        # The API lists a deleted transcript with its recording; deleted separate audio is only noticed by a retrieve.
        (
            "transcript",
            ("transcript", "provider_data"),
            ("transcripts", "transcript_utterances", "transcript_words", "provider_parts"),
        ),
        ("audio_separate", ("audio_separate",), ("audio_parts",)),
    ],
)
def test_artifact_deleted_at_the_api_is_purged_if_configured(
    sandbox: Sandbox,
    recording: Recording,
    monkeypatch: pytest.MonkeyPatch,
    collection: str,
    kinds: tuple[str, ...],
    tables: tuple[str, ...],
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_ON_DELETION", "purge")
    (artifact,) = recording.of(collection)
    sync_once("two short recordings", [DAY])
    before = table_rows()
    sandbox.delete_artifact(artifact.id)

    sync_twice()

    for kind in kinds:
        row = ledger_row(artifact.id, kind)
        assert (row["status"], row["sha256"], row["row_count"]) == ("deleted", None, None)
    after = table_rows()
    assert not [table for table in tables for row in after[table] if recording.id in row]
    assert after["participants"] == before["participants"]
    assert not any(artifact.id in key for key in objects_of(recording.id))
    assert len(after["meeting_metrics"]) == 2
    sync_days([DAY])
    assert table_rows() == after


@pytest.mark.parametrize("is_derived", [False, True])
def test_artifact_purge_deletes_metrics_and_derive_restores_them_from_other_artifacts(
    sandbox: Sandbox, recording: Recording, monkeypatch: pytest.MonkeyPatch, is_derived: bool
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_ON_DELETION", "purge")
    sync_once("two short recordings", [DAY])
    sandbox.delete_artifact(recording.of("transcript")[0].id)
    sync_days([DAY])
    age_missing_marks(timedelta(hours=2))

    with open_test_storage() as storage:
        asyncio.run(fetch_days(storage, access_of(read_settings()), [DAY]))
        if is_derived:
            derive_days([DAY], storage)

    assert (recording.id in {row[0] for row in table_rows()["meeting_metrics"]}) == is_derived


@pytest.mark.parametrize("others", [0, 1])
def test_recording_without_bot_counts_as_deleted_only_if_another_one_is_found(
    sandbox: Sandbox, recording: Recording, monkeypatch: pytest.MonkeyPatch, others: int
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_ON_DELETION", "purge")
    sandbox.habits.deleted_answers_404 = True
    added = [sandbox.add_recording(recording.created_at, words=20, has_bot=False) for _ in range(1 + others)]
    sync_days([DAY])
    sandbox.delete(added[0].id)

    sync_twice()

    assert (stored_rows(added[0].id) == 0) == bool(others)


def test_key_of_another_workspace_deletes_nothing(
    sandbox: Sandbox, recording: Recording, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a key does not see any stored recording."""
    monkeypatch.setenv("MEETING_ASSETS_ON_DELETION", "purge")
    sync_once("two short recordings", [DAY])
    before = table_rows()["transcript_words"]

    with Sandbox(uniform(DAY, recordings=1, words=20, seed=7)) as another:
        use_sandbox(another, monkeypatch)
        sync_twice()
        sync_twice(recording_ids=[recording.id])

    assert set(before) <= set(table_rows()["transcript_words"])
    with open_test_storage() as storage, storage.database.reading() as connection:
        assert tombstones.count(connection) == 0
