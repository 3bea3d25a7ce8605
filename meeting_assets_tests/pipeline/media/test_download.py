"""Media files of meetings arrive in the raw store with the right bytes, or the ledger says why not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from meeting_assets.core.errors import StoreError
from meeting_assets.core.instants import now
from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.core.processes import ProcessIdentity
from meeting_assets.pipeline.deletion.recordings import purge
from meeting_assets.pipeline.media.report import Outcome
from meeting_assets.pipeline.media.results import waiting_days
from meeting_assets.pipeline.media.spool import Spool, SpoolFile, stem_of
from meeting_assets.pipeline.media.spool_state import complete_files
from meeting_assets.pipeline.storage import Storage
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets.store import tombstones
from meeting_assets.store.ledger_states import INTERRUPTED
from meeting_assets.store.media_ledger import MEDIA_FILES
from meeting_assets.store.media_observation import OBJECTS
from meeting_assets_tests.support.environments import open_test_storage, sync_days, use_home, use_sandbox
from meeting_assets_tests.support.media_homes import expect_media, fetch, media_rows, sha256_of

DAY = date(2026, 3, 2)
ENDED_PROCESS = replace(ProcessIdentity.current(), start_ticks=1).name
"""A process that had the id of this one before."""


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    use_home(tmp_path, monkeypatch)
    with Sandbox(uniform(DAY, recordings=2, words=60), media=True, limits=False) as running:
        use_sandbox(running, monkeypatch)
        yield running


@pytest.fixture
def storage(sandbox: Sandbox) -> Iterator[Storage]:
    sync_days([DAY])
    with open_test_storage() as storage:
        expect_media(storage)
        yield storage


def stored_bytes(storage: Storage, key: str) -> bytes:
    content = storage.raw.get(key)
    assert content is not None
    return content


def test_every_media_file_is_stored_with_its_properties(sandbox: Sandbox, storage: Storage) -> None:
    report = fetch(storage)

    rows = media_rows(storage)
    assert rows
    assert {row["status"] for row in rows} == {"fetched"}
    assert report.total(Outcome.STORED) == len(rows) == len(sandbox.media_files())
    for row in rows:
        content = stored_bytes(storage, row["key"])
        assert (row["size_bytes"], row["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert row["duration_s"] > 5
    served = {sha256_of(file) for file in sandbox.media_files("video_mixed", "video_separate")}
    assert {row["sha256"] for row in rows if row["media_kind"].startswith("video")} == served
    assert {row["codec"] for row in rows if row["media_kind"] == "audio_separate"} == {"flac"}


def test_stored_files_are_not_downloaded_again(sandbox: Sandbox, storage: Storage) -> None:
    fetch(storage)

    report = fetch(storage)

    assert report.received_bytes == 0
    assert not any(counts.total() for counts in report.counts.values())


def test_only_files_of_the_chosen_kinds_and_days_are_downloaded(sandbox: Sandbox, storage: Storage) -> None:
    assert fetch(storage, days=[date(2026, 3, 3)]).received_bytes == 0

    fetch(storage, [MediaKind.VIDEO_MIXED])

    assert {row["media_kind"] for row in media_rows(storage) if row["status"] == "fetched"} == {"video_mixed"}


def test_nothing_stays_in_the_spool(storage: Storage, tmp_path: Path) -> None:
    fetch(storage)

    assert [*(tmp_path / "spool").iterdir()] == []


def test_files_that_expire_first_are_downloaded_first(sandbox: Sandbox, storage: Storage) -> None:
    with storage.database.writing() as connection:
        connection.execute(OBJECTS.update().values(expires_at=datetime(2030, 1, 2, tzinfo=UTC)))
        of_video = OBJECTS.c.collection == MediaKind.VIDEO_MIXED.value
        connection.execute(OBJECTS.update().where(of_video).values(expires_at=datetime(2030, 1, 1, tzinfo=UTC)))

    fetch(storage, max_bytes_per_run=1)

    rows = media_rows(storage)
    assert {row["media_kind"] for row in rows if row["status"] == "fetched"} == {"video_mixed"}


def test_byte_budget_postpones_files_to_the_next_run(sandbox: Sandbox, storage: Storage) -> None:
    total = len(media_rows(storage))

    first = fetch(storage, [MediaKind.VIDEO_MIXED], max_bytes_per_run=1)
    second = fetch(storage)

    assert (first.total(Outcome.STORED), first.total(Outcome.POSTPONED)) == (1, 1)
    assert second.total(Outcome.STORED) == total - 1


def test_file_that_another_process_downloads_is_left_to_it(storage: Storage, tmp_path: Path) -> None:
    row = next(row for row in media_rows(storage) if row["media_kind"] == "video_mixed")
    stem = stem_of(row["recording_id"], row["media_kind"], row["part_id"])

    with open_file(tmp_path, stem):
        report = fetch(storage)

    assert report.total(Outcome.IN_USE) == 1
    waiting = [each for each in media_rows(storage) if each["status"] == "pending"]
    assert [(each["recording_id"], each["error"], each["attempts"]) for each in waiting] == [
        (row["recording_id"], None, 0)
    ]


def test_spool_files_of_other_recordings_are_removed(storage: Storage, tmp_path: Path) -> None:
    open_file(tmp_path, stem_of("0f7a1c52-0000-4000-8000-000000000001", "video_mixed", "")).close()

    assert fetch(storage).abandoned == 1


def test_purge_during_the_download_leaves_nothing(sandbox: Sandbox, storage: Storage, tmp_path: Path) -> None:
    recording_id = media_rows(storage)[0]["recording_id"]
    purge(storage, [recording_id], tombstones.ASKED_FOR)
    with storage.database.writing() as connection:
        # As a run that has read the ledger before the purge.
        values = {"recording_id": recording_id, "day": DAY, "status": "pending", "attempts": 0, "part_id": ""}
        kind = {"media_kind": "video_mixed", "media_object_id": video_of(sandbox, recording_id)}
        connection.execute(MEDIA_FILES.delete().where(MEDIA_FILES.c.recording_id == recording_id))
        connection.execute(MEDIA_FILES.insert().values(**values, **kind))

    report = fetch(storage, [MediaKind.VIDEO_MIXED])

    assert (report.total(Outcome.OVERTAKEN), report.total(Outcome.STORED)) == (1, 1)
    kept = [key for key in storage.raw.keys("") if recording_id in key and not key.startswith("tombstones/")]
    assert kept == []
    assert [*(tmp_path / "spool").iterdir()] == []


@pytest.mark.parametrize(("attempts", "stored"), [(1, 2), (2, 2), (3, 1)])
def test_file_that_ended_the_process_three_times_is_set_aside(storage: Storage, attempts: int, stored: int) -> None:
    recording_id = media_rows(storage)[0]["recording_id"]
    with storage.database.writing() as connection:
        is_file = (MEDIA_FILES.c.recording_id == recording_id, MEDIA_FILES.c.media_kind == "video_mixed")
        later = now() + timedelta(hours=1)
        marked = {"error": INTERRUPTED, "attempts": attempts, "next_attempt_at": later, "worker": ENDED_PROCESS}
        connection.execute(MEDIA_FILES.update().where(*is_file).values(**marked))

    assert fetch(storage, [MediaKind.VIDEO_MIXED]).total(Outcome.STORED) == stored


def test_file_that_a_running_process_downloads_is_not_wanted(storage: Storage) -> None:
    with storage.database.writing() as connection:
        marked = {"error": INTERRUPTED, "attempts": 1, "worker": ProcessIdentity.current().name}
        connection.execute(MEDIA_FILES.update().values(**marked))

    assert not any(counts.total() for counts in fetch(storage).counts.values())


def test_files_of_meetings_that_were_synced_before_are_found(sandbox: Sandbox) -> None:
    sync_days([DAY])

    with open_test_storage() as storage:
        assert waiting_days(storage.database, [MediaKind.VIDEO_MIXED], at=now()) == [DAY]
        assert fetch(storage, [MediaKind.VIDEO_MIXED]).total(Outcome.STORED) == 2
        assert waiting_days(storage.database, [MediaKind.VIDEO_MIXED], at=now()) == []


def test_purge_removes_media_files_and_partial_downloads(storage: Storage, tmp_path: Path) -> None:
    recording_id, other_id = sorted({row["recording_id"] for row in media_rows(storage)})
    fetch(storage)
    open_file(tmp_path, stem_of(recording_id, "video_mixed", "")).close()
    assert any(key.startswith(f"media/{DAY}/{recording_id}/") for key in storage.raw.keys(""))

    purge(storage, [recording_id], tombstones.ASKED_FOR)

    kept = [key for key in storage.raw.keys("") if not key.startswith("tombstones/")]
    assert not any(recording_id in key for key in kept)
    assert any(key.startswith(f"media/{DAY}/{other_id}/") for key in kept)
    assert Spool(tmp_path).recordings() == {}
    assert storage.raw.prefixes_naming([recording_id]) == {}
    assert f"media/{DAY}/{other_id}" in storage.raw.prefixes_naming([other_id])
    assert not (tmp_path / "raw" / "media" / str(DAY) / recording_id).exists()


def test_deleted_media_is_recorded_as_lost(sandbox: Sandbox, storage: Storage) -> None:
    recording_id = media_rows(storage)[0]["recording_id"]
    sandbox.delete(recording_id)

    report = fetch(storage, [MediaKind.VIDEO_MIXED])

    lost = next(row for row in media_rows(storage) if row["recording_id"] == recording_id and is_video(row))
    assert report.total(Outcome.GONE) == 1
    assert lost["status"] == "deleted"


def test_complete_file_is_stored_although_the_api_has_deleted_it(
    sandbox: Sandbox, storage: Storage, tmp_path: Path
) -> None:
    blocked = tmp_path / "raw" / "media"
    blocked.write_bytes(b"no folder")
    with pytest.raises(StoreError):
        fetch(storage, [MediaKind.VIDEO_MIXED])
    complete = {stem[:36] for stem in complete_files(tmp_path / "spool")}
    for each in complete:
        sandbox.delete(each)
    blocked.unlink()

    report = fetch(storage, [MediaKind.VIDEO_MIXED])

    stored = {row["recording_id"] for row in media_rows(storage) if row["status"] == "fetched" and is_video(row)}
    assert complete
    assert stored == {each.id for each in sandbox.world.recordings}
    assert report.total(Outcome.GONE) == 0
    assert [*(tmp_path / "spool").iterdir()] == []


def test_complete_file_is_kept_although_a_sync_has_seen_its_deletion(
    sandbox: Sandbox, storage: Storage, tmp_path: Path
) -> None:
    blocked = tmp_path / "raw" / "media"
    blocked.write_bytes(b"no folder")
    with pytest.raises(StoreError):
        fetch(storage, [MediaKind.VIDEO_MIXED])
    complete = {stem[:36] for stem in complete_files(tmp_path / "spool")}
    for each in complete:
        sandbox.delete_artifact(video_of(sandbox, each))
    blocked.unlink()
    sync_days([DAY])

    fetch(storage, [MediaKind.VIDEO_MIXED])

    stored = {row["recording_id"] for row in media_rows(storage) if row["status"] == "fetched" and is_video(row)}
    assert complete
    assert complete <= stored
    assert [*(tmp_path / "spool").iterdir()] == []


def is_video(row: dict[str, object]) -> bool:
    return row["media_kind"] == "video_mixed"


def video_of(sandbox: Sandbox, recording_id: str) -> str:
    """The id of a recording's mixed video."""
    artifacts = sandbox.world.recording(recording_id).artifacts
    return next(each.id for each in artifacts if each.collection == "video_mixed")


def open_file(home: Path, stem: str) -> SpoolFile:
    file = Spool(home).open(stem)
    assert file is not None
    return file
