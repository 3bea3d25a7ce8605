"""Purges recordings and artifacts, and searches for their remains."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from meeting_assets.core.instants import now
from meeting_assets.health.fingerprints import fingerprints_of
from meeting_assets.health.purge_verification import Remains, find_remains
from meeting_assets.pipeline.deletion.artifacts import purge_deleted_artifacts
from meeting_assets.pipeline.deletion.recordings import purge, stored_recording
from meeting_assets.pipeline.storage import Storage
from meeting_assets.sandbox import Artifact, Recording, Sandbox
from meeting_assets.settings import read_settings
from meeting_assets.store import raw_tombstones, tombstones
from meeting_assets.store.raw import RawStore
from meeting_assets.store.tombstones import TombstoneName
from meeting_assets_tests.conftest import fresh_postgresql
from meeting_assets_tests.support.environments import open_test_storage, sync_days

CONFIRMED_AFTER = timedelta(hours=2)
"""After this time a second observation confirms that the API has deleted an object."""


def purge_and_verify(*recording_ids: str) -> Remains:
    """Purges recordings and searches for remains, like the command."""
    with open_test_storage() as storage:
        fingerprints = fingerprints_of(storage, {each: stored_recording(storage, each).day for each in recording_ids})
        purge(storage, recording_ids, tombstones.ASKED_FOR)
        return find_remains(storage, read_settings(), fingerprints)


def paths_of(raw: RawStore, day: date, recording_id: str) -> list[str]:
    """The paths of everything stored of a recording; in a folder also incomplete files and empty folders."""
    if raw.folder is None:
        return raw.keys(f"{day}/{recording_id}/")
    folder = raw.folder / str(day) / recording_id
    return sorted(map(str, [folder, *folder.rglob("*")])) if folder.exists() else []


def stored_count(recording_id: str, day: date) -> int:
    """The number of rows and raw objects of a recording."""
    with open_test_storage() as storage:
        return stored_recording(storage, recording_id).rows + len(paths_of(storage.raw, day, recording_id))


def stored_rows(recording_id: str) -> int:
    with open_test_storage() as storage:
        return stored_recording(storage, recording_id).rows


def remains_of(recording_id: str) -> list[str]:
    """Rows and raw objects of a recording below any prefix."""
    with open_test_storage() as storage:
        fingerprints = fingerprints_of(storage, {recording_id: None})
        found = find_remains(storage, read_settings(), fingerprints).found
        return [
            *found,
            *storage.raw.prefixes_naming([recording_id]),
            *([f"{rows} rows"] if (rows := stored_rows(recording_id)) else []),
        ]


def transcript_of(recording: Recording) -> Artifact:
    return recording.of("transcript")[0]


def names_of(artifact: Artifact) -> set[TombstoneName]:
    """The tombstones of a transcript, which is two artifacts."""
    return {TombstoneName(artifact.recording_id, kind, artifact.id) for kind in ("transcript", "provider_data")}


def tombstone_names(storage: Storage) -> set[TombstoneName]:
    """The tombstones of the database, which must be equal to those of the raw store."""
    with storage.database.reading() as connection:
        assert tombstones.names(connection) == raw_tombstones.names(storage.raw)
        return tombstones.names(connection)


def confirm_deletion(storage: Storage, artifact: Artifact) -> None:
    """Purges an artifact, as after a second observation that the API has deleted it."""
    media = {(artifact.recording_id, artifact.id)}
    purge_deleted_artifacts(storage, media, at=now() + CONFIRMED_AFTER)


def purge_recording_and_artifact(recording: Recording, artifact: Artifact, sandbox: Sandbox, day: date) -> None:
    """Purges a recording, and an artifact of another recording that the API has deleted."""
    sandbox.delete_artifact(artifact.id)
    sync_days([day])
    with open_test_storage() as storage:
        purge(storage, [recording.id], tombstones.ASKED_FOR)
        confirm_deletion(storage, artifact)


def use_empty_database(home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Points the settings to a new database, as after the loss of the old one."""
    url = f"sqlite:///{home / 'another.db'}"
    if "postgresql" in read_settings().database_url:
        url = fresh_postgresql(request.getfixturevalue("postgresql_server"))
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", url)
