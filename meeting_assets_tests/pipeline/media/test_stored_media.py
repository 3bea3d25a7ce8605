"""Stored media files survive a lost database, disappear with a purge, and follow deletions at the API."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from meeting_assets.core.errors import SettingsError
from meeting_assets.core.instants import now
from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.health.fingerprints import fingerprints_of
from meeting_assets.health.media_audit import audit_media
from meeting_assets.health.media_checks import media_checks
from meeting_assets.health.purge_verification import find_remains
from meeting_assets.health.status import status_of
from meeting_assets.pipeline.deletion.media import purge_deleted_media
from meeting_assets.pipeline.deletion.recordings import purge
from meeting_assets.pipeline.deletion.tombstone_sync import finish_purges
from meeting_assets.pipeline.media.expected import expect_files, new_files
from meeting_assets.pipeline.media.spool import Spool, stem_of
from meeting_assets.pipeline.rebuild import rebuild
from meeting_assets.pipeline.storage import Storage
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets.schema.persistent import Recordings
from meeting_assets.settings import read_settings
from meeting_assets.store import media_ledger, tombstones
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger_states import DELETED, FETCHED, QUARANTINED
from meeting_assets.store.media_ledger import MEDIA_FILES, MediaFile, MediaIdentity, StoredMedia, record_gone
from meeting_assets.store.raw_layout import media_description_key, media_key
from meeting_assets.store.raw_media import write_description
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.environments import open_test_storage, sync_days, use_sandbox
from meeting_assets_tests.support.media_homes import media_rows
from meeting_assets_tests.support.purges import CONFIRMED_AFTER

pytestmark = sqlite_first

DAY = date(2026, 3, 2)
BYTES = b"sound"


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=2, has_audio_mixed=True)) as running:
        use_sandbox(running, monkeypatch)
        monkeypatch.setenv("MEETING_ASSETS_ON_DELETION", "purge")
        sync_days([DAY])
        yield running


@pytest.fixture
def storage(sandbox: Sandbox) -> Iterator[Storage]:
    with open_test_storage() as storage:
        expect_files(storage, [*MediaKind], None)
        yield storage


def waiting(storage: Storage) -> list[MediaFile]:
    return storage.database.read(lambda connection: media_ledger.wanted(connection, [*MediaKind], None, now()))


def store(storage: Storage, tmp_path: Path, *, error: str | None = None) -> list[str]:
    """Stores all waiting files with the same content; returns their keys."""
    path = tmp_path / "content"
    path.write_bytes(BYTES)
    keys = []
    for file in waiting(storage):
        key = media_key(file.day, file.recording_id, file.media_kind, file.part_id, "mp3")
        stored = StoredMedia(key, len(BYTES), "5" * 64, "audio/mpeg", duration_s=1.5, error=error)
        storage.raw.write_media_file(key, path)
        write_description(storage.raw, file, stored, at=now())
        assert media_ledger.record_stored(storage.database, file.identity, stored)
        keys.append(key)
    return keys


def media_objects(storage: Storage, recording_id: str) -> list[str]:
    return [*storage.raw.media_objects(DAY, recording_id)]


@pytest.mark.parametrize(("error", "status"), [(None, FETCHED), ("track 0: no samples", QUARANTINED)])
def test_rebuild_restores_the_ledger_of_media_files(
    storage: Storage, tmp_path: Path, error: str | None, status: str
) -> None:
    store(storage, tmp_path, error=error)
    before = [{**row, "modified_at": None, "fetched_at": None} for row in media_rows(storage)]
    storage.database.write(lambda connection: connection.execute(MEDIA_FILES.delete()))

    report = rebuild(storage)

    assert report.faults == []
    assert [{**row, "modified_at": None, "fetched_at": None} for row in media_rows(storage)] == before
    assert {row["status"] for row in before} == {status}
    assert waiting(storage) == []


def test_rebuild_skips_files_that_are_damaged_or_not_described(storage: Storage, tmp_path: Path) -> None:
    damaged, undescribed, truncated, *_ = store(storage, tmp_path)
    storage.raw.put(media_description_key(damaged), b"{")
    storage.raw.delete([media_description_key(undescribed)])
    storage.raw.put(truncated, BYTES[:2])
    storage.database.write(lambda connection: connection.execute(MEDIA_FILES.delete()))

    report = rebuild(storage)

    restored = {row["key"] for row in media_rows(storage)}
    assert restored.isdisjoint({damaged, undescribed, truncated})
    assert len(report.faults) == 2


def test_purge_removes_media_files_their_rows_and_partial_files(
    sandbox: Sandbox, storage: Storage, tmp_path: Path
) -> None:
    store(storage, tmp_path)
    purged, kept = (each.id for each in sandbox.world.recordings)
    spool = Spool(read_settings().home)
    for recording_id in (purged, kept):
        partial = spool.open(stem_of(recording_id, MediaKind.AUDIO_MIXED, ""))
        assert partial is not None
        with partial:
            partial.begin(None, 9)
            partial.append(BYTES)
    fingerprints = fingerprints_of(storage, {purged: DAY})
    before = find_remains(storage, read_settings(), fingerprints).found

    purge(storage, [purged], tombstones.ASKED_FOR)

    assert any("spool" in each for each in before)
    assert any(f"media/{DAY}/{purged}" in each for each in before)
    assert find_remains(storage, read_settings(), fingerprints).found == []
    assert media_objects(storage, purged) == []
    assert media_objects(storage, kept)
    assert {row["recording_id"] for row in media_rows(storage)} == {kept}
    assert list(spool.recordings()) == [kept]


def test_upload_that_ends_after_the_purge_is_removed(sandbox: Sandbox, storage: Storage, tmp_path: Path) -> None:
    recording_id = sandbox.world.recordings[0].id
    file = next(each for each in waiting(storage) if each.recording_id == recording_id)
    purge(storage, [recording_id], tombstones.ASKED_FOR)
    key = media_key(DAY, recording_id, file.media_kind, file.part_id, "mp3")
    storage.raw.put(key, BYTES)

    assert not media_ledger.record_stored(storage.database, file.identity, StoredMedia(key, len(BYTES), "5" * 64))
    finish_purges(storage)  # as the nightly job, after the process that uploaded was killed

    assert media_objects(storage, recording_id) == []
    expect_files(storage, [*MediaKind], None)
    assert recording_id not in {each.recording_id for each in waiting(storage)}


def test_rebuild_removes_media_files_of_purged_recordings(sandbox: Sandbox, storage: Storage, tmp_path: Path) -> None:
    recording_id = sandbox.world.recordings[0].id
    store(storage, tmp_path)
    described = {key: storage.raw.get(key) for key in media_objects(storage, recording_id)}
    purge(storage, [recording_id], tombstones.ASKED_FOR)
    for key, content in described.items():
        storage.raw.put(key, content or b"")

    rebuild(storage)

    assert recording_id not in {row["recording_id"] for row in media_rows(storage)}


def test_files_that_the_api_deleted_or_failed_stop_waiting(sandbox: Sandbox, storage: Storage) -> None:
    first, second = sandbox.world.recordings
    sandbox.delete_artifact(first.of("audio_separate")[0].id)
    sandbox.fail(second.of("audio_separate")[0].id, "something")

    sync_days([DAY])

    found = {row["recording_id"]: row["status"] for row in media_rows(storage) if row["media_kind"] == "audio_separate"}
    assert found == {first.id: "deleted", second.id: "failed"}


def test_file_that_a_download_found_missing_waits_again_if_the_api_offers_it(
    sandbox: Sandbox, storage: Storage
) -> None:
    for row in media_rows(storage):
        record_gone(
            storage.database, MediaIdentity(row["recording_id"], MediaKind(row["media_kind"]), row["part_id"]), "404"
        )
    before = {row["status"] for row in media_rows(storage)}

    sync_days([DAY])

    assert before == {"deleted"}
    assert {(row["status"], row["error"], row["attempts"]) for row in media_rows(storage)} == {("pending", None, 0)}


def test_stored_files_are_purged_after_two_observations_of_their_deletion(
    sandbox: Sandbox, storage: Storage, tmp_path: Path
) -> None:
    store(storage, tmp_path)
    recording = sandbox.world.recordings[0]
    objects = len(media_objects(storage, recording.id))
    of_recording = [each for each in media_rows(storage) if each["recording_id"] == recording.id]
    parts = [each for each in of_recording if each["media_kind"] == "audio_separate"]
    sandbox.delete_artifact(recording.of("audio_separate")[0].id)
    sync_days([DAY])
    first = len(media_objects(storage, recording.id))

    purge_deleted_media(storage, now() + CONFIRMED_AFTER)

    assert first == objects
    assert len(media_objects(storage, recording.id)) == objects - 2 * len(parts)
    after = [each for each in media_rows(storage) if each["recording_id"] == recording.id]
    assert {(each["status"], each["key"]) for each in after if each["media_kind"] == "audio_separate"} == {
        (DELETED, None)
    }
    assert {each["status"] for each in after if each["media_kind"] != "audio_separate"} == {FETCHED}


def violations(storage: Storage, name: str, kinds: Collection[MediaKind] = tuple(MediaKind)) -> list[str]:
    check = next(each for each in media_checks(kinds) if each.name == name)
    with storage.database.reading() as connection:
        return [each.location for each in check.violations(connection, now()).newest]


def change_first(storage: Storage, **values: Any) -> None:
    """Changes the row of a mixed audio."""
    first = next(row for row in media_rows(storage) if row["media_kind"] == "audio_mixed")
    is_first = (MEDIA_FILES.c.recording_id == first["recording_id"]) & (MEDIA_FILES.c.media_kind == "audio_mixed")
    storage.database.write(lambda connection: connection.execute(MEDIA_FILES.update().where(is_first).values(values)))


def test_stored_media_violates_no_check(storage: Storage, tmp_path: Path) -> None:
    store(storage, tmp_path)
    durations = {row["expected_duration_s"] for row in media_rows(storage)}
    match_the_api(storage)

    assert durations
    assert {check.name: violations(storage, check.name) for check in media_checks([*MediaKind])} == {
        check.name: [] for check in media_checks([*MediaKind])
    }


def match_the_api(storage: Storage) -> None:
    """Gives every stored file the duration and size that the API announces."""
    recordings = table_of(Recordings)
    of_recording = (
        select(recordings.c.duration_s).where(recordings.c.recording_id == MEDIA_FILES.c.recording_id).scalar_subquery()
    )
    values = {
        "duration_s": func.coalesce(MEDIA_FILES.c.expected_duration_s, of_recording),
        "expected_size_bytes": MEDIA_FILES.c.size_bytes,
    }
    storage.database.write(lambda connection: connection.execute(MEDIA_FILES.update().values(values)))


@pytest.mark.parametrize(
    ("check", "values", "location"),
    [
        ("every_media_file_can_be_read", {"status": "quarantined", "error": "track 0: no samples"}, "track 0"),
        (
            "media_lasts_as_long_as_expected",
            {"expected_duration_s": 4.0, "duration_s": 15.5},
            "15.5 s instead of 4.0",
        ),
        ("media_lasts_as_long_as_expected", {"expected_duration_s": 60.0, "duration_s": 54.0}, "54.0 s instead of"),
        ("media_lasts_as_long_as_expected", {"expected_duration_s": 4.0, "duration_s": 10.1}, None),
        ("no_media_expires_unfetched", {"status": "pending", "sha256": None, "hours_left": 23}, "not stored, expires"),
        ("no_media_expires_unfetched", {"status": "pending", "sha256": None, "hours_left": 25}, None),
        ("no_media_expires_unfetched", {"status": "pending", "sha256": None, "hours_left": -24 * 8}, None),
        ("no_media_expires_unfetched", {"status": "deleted", "sha256": None, "days_ago": 1}, "deleted at the API"),
        ("no_media_expires_unfetched", {"status": "deleted", "sha256": None, "days_ago": 8}, None),
    ],
)
def test_checks_find_media_faults(
    storage: Storage, tmp_path: Path, check: str, values: dict[str, Any], location: str | None
) -> None:
    store(storage, tmp_path)
    match_the_api(storage)
    values = dict(values)
    if (hours := values.pop("hours_left", None)) is not None:
        values["expires_at"] = now() + timedelta(hours=hours)
    if (days := values.pop("days_ago", None)) is not None:
        values["modified_at"] = now() - timedelta(days=days)

    change_first(storage, **values)

    found = violations(storage, check)
    assert len(found) == (location is not None)
    assert not found or (location or "") in found[0]


def test_waiting_file_of_a_kind_that_is_off_violates_no_check(storage: Storage, tmp_path: Path) -> None:
    store(storage, tmp_path)
    change_first(storage, status="pending", sha256=None, expires_at=now() + timedelta(hours=3))

    assert len(violations(storage, "no_media_expires_unfetched", [MediaKind.AUDIO_MIXED])) == 1
    assert violations(storage, "no_media_expires_unfetched", [MediaKind.VIDEO_MIXED]) == []
    assert violations(storage, "no_media_expires_unfetched", []) == []


@pytest.mark.parametrize("values", [{"expires_at": None}, {"expected_size_bytes": None}, {"expected_size_bytes": 1}])
def test_changed_facts_of_a_waiting_file_are_refreshed(
    storage: Storage, tmp_path: Path, values: dict[str, Any]
) -> None:
    store(storage, tmp_path)
    kinds = [MediaKind.AUDIO_MIXED]
    change_first(storage, status="pending", sha256=None, key=None)
    expect_files(storage, kinds, None)
    before = media_rows(storage)
    change_first(storage, **values)
    assert storage.database.read(partial(new_files, kinds=kinds))

    expect_files(storage, kinds, None)

    facts = ("recording_id", "media_kind", "expires_at", "expected_size_bytes")
    assert [[row[fact] for fact in facts] for row in media_rows(storage)] == [
        [row[fact] for fact in facts] for row in before
    ]
    assert storage.database.read(partial(new_files, kinds=kinds)) == []


def test_status_counts_media_files_by_state(storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_MEDIA", "audio_mixed")
    store(storage, tmp_path)
    expires_at = now() + timedelta(hours=3)
    change_first(
        storage, status="pending", sha256=None, attempts=1, expected_size_bytes=700, expires_at=expires_at, key=None
    )

    with open_test_storage() as reopened:
        found = status_of(reopened).media["audio_mixed"]

    assert (found.stored, found.stored_bytes, found.pending, found.pending_bytes) == (1, len(BYTES), 1, 700)
    assert (found.failing, found.expiring_soon, found.lost, found.failed) == (1, 1, 0, 0)
    assert found.earliest_expiry == expires_at
    printed = " ".join(command("status").stdout.split())
    assert "Media audio_mixed: 1 stored (5 B), 1 waiting." in printed
    assert "1 expire within 24 hours" in printed


def test_audit_names_lost_unknown_and_purged_media(sandbox: Sandbox, storage: Storage, tmp_path: Path) -> None:
    kept, gone = sandbox.world.recordings
    lost, truncated, *_ = [key for key in store(storage, tmp_path) if kept.id in key]
    storage.raw.delete([lost])
    storage.raw.put(truncated, BYTES[:1])
    unknown = media_key(DAY, kept.id, "audio_mixed", "other", "mp3")
    purged = media_key(DAY, gone.id, "audio_mixed", "", "mp3")
    purge(storage, [gone.id], tombstones.ASKED_FOR)
    storage.raw.put(unknown, BYTES)
    storage.raw.put(purged, BYTES)

    result = audit_media(storage.database, storage.raw, budget_s=60, min_age=timedelta(minutes=-5))

    assert {*result.lost} == {lost, truncated}
    assert result.unknown == [unknown]
    assert result.purged == [purged]


def test_only_media_files_whose_part_is_stored_may_be_deleted(
    sandbox: Sandbox, storage: Storage, tmp_path: Path
) -> None:
    stored = store(storage, tmp_path)[0]
    replaced, only_copy = f"{stored}x", stored.replace("/mixed.", "/other.")
    assert only_copy != stored
    storage.raw.put(replaced, BYTES)
    storage.raw.put(only_copy, BYTES)
    named = audit_media(storage.database, storage.raw, budget_s=60, min_age=timedelta(minutes=-5))
    storage.raw.delete([stored])
    of_lost = audit_media(storage.database, storage.raw, budget_s=60, min_age=timedelta(minutes=-5))

    assert (named.replaced, named.unknown) == ([replaced], [only_copy])
    assert (of_lost.replaced, of_lost.unknown) == ([], sorted([replaced, only_copy]))


@pytest.mark.parametrize("given", ["audio", "audio_mixed,video", "on"])
def test_unknown_media_kinds_are_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_MEDIA", given)

    with pytest.raises(SettingsError, match="MEETING_ASSETS_MEDIA"):
        read_settings()
