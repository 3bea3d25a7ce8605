"""Each fault of a server, a file or a disk ends in the right bytes or in a clear error of the ledger."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from meeting_assets.core.errors import StoreError
from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.pipeline.media.report import MediaReport, Outcome
from meeting_assets.pipeline.storage import Storage
from meeting_assets.sandbox import Fault, Sandbox, uniform
from meeting_assets.sandbox.media import MediaFile, RandomFiles
from meeting_assets.store.media_ledger import MEDIA_FILES
from meeting_assets_tests.support.environments import open_test_storage, sync_days, use_sandbox
from meeting_assets_tests.support.media_homes import expect_media, fetch, media_rows, sha256_of
from meeting_assets_tests.support.media_process import started

DAY = date(2026, 3, 2)
FILE_BYTES = 3_000_000
HALF = FILE_BYTES // 2
VIDEO = [MediaKind.VIDEO_MIXED]


@pytest.fixture
def sandbox(raw_store: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox with two large files, for a raw store in a folder and in an S3-compatible server."""
    with Sandbox(uniform(DAY, recordings=2, words=10), media=RandomFiles(FILE_BYTES), limits=False) as running:
        use_sandbox(running, monkeypatch)
        monkeypatch.setenv("MEETING_ASSETS_MEDIA", "video_mixed")
        yield running


@pytest.fixture
def storage(sandbox: Sandbox) -> Iterator[Storage]:
    sync_days([DAY])
    with open_test_storage() as storage:
        expect_media(storage, VIDEO)
        yield storage


@pytest.fixture
def file(sandbox: Sandbox, storage: Storage) -> MediaFile:
    """The file with the fault; the other one has none."""
    return sandbox.media_files("video_mixed")[0]


def row_of(storage: Storage, file: MediaFile) -> dict[str, Any]:
    return next(row for row in media_rows(storage) if row["recording_id"] == file.recording_id)


def assert_stored(storage: Storage, sandbox: Sandbox) -> None:
    """All files are stored with the content that the sandbox serves now."""
    for file in sandbox.media_files("video_mixed"):
        row = row_of(storage, file)
        assert row["key"], row["error"]
        content = storage.raw.get(row["key"]) or b""
        assert row["sha256"] == hashlib.sha256(content).hexdigest() == sha256_of(file)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"expires_after_bytes": HALF}, id="the URL expires in the middle of the file"),
        pytest.param({"reset_after_bytes": HALF}, id="the connection is reset"),
        pytest.param({"cut_after_bytes": HALF}, id="the connection ends early"),
        pytest.param({"cut_after_bytes": HALF, "no_ranges": True}, id="the first response is cut and without ranges"),
        pytest.param({"cut_after_bytes": HALF, "revises": True}, id="the content and its ETag change"),
        pytest.param({"content_length": FILE_BYTES + 9}, id="the length of one response is too large"),
        pytest.param({"truncate_to_bytes": HALF}, id="one response is truncated"),
        pytest.param({"expired": True}, id="the URL has expired before"),
        pytest.param({"status": 503}, id="the server is overloaded"),
        pytest.param({"body": "<html>", "content_type": "text/html"}, id="a page is sent with status 200"),
        pytest.param({"moved": True}, id="the server redirects"),
    ],
)
def test_fault_of_one_response_ends_in_the_right_bytes(
    sandbox: Sandbox, storage: Storage, file: MediaFile, fault: dict[str, Any]
) -> None:
    sandbox.inject(Fault(file.label, **fault))

    report = fetch_until_due(storage)

    assert_stored(storage, sandbox)
    assert report.total(Outcome.FAILED) == 0


def fetch_until_due(storage: Storage) -> MediaReport:
    """Downloads; files that failed are repeated at once, as a run after their wait does."""
    report = fetch(storage, VIDEO)
    if report.total(Outcome.FAILED):
        with storage.database.writing() as connection:
            connection.execute(MEDIA_FILES.update().values(next_attempt_at=None))
        report = fetch(storage, VIDEO)
    return report


def test_server_without_ranges_ends_in_the_right_bytes(sandbox: Sandbox, storage: Storage, file: MediaFile) -> None:
    sandbox.inject(Fault(file.label, cut_after_bytes=HALF, no_ranges=True))
    sandbox.inject(Fault(file.label, no_ranges=True, times=None))

    fetch(storage, VIDEO)

    assert_stored(storage, sandbox)


def wrong_size(sandbox: Sandbox, file: MediaFile) -> None:
    sandbox.set_size_bytes(file.artifact_id, FILE_BYTES + 1)


def truncated_file(sandbox: Sandbox, file: MediaFile) -> None:
    sandbox.truncate_media(file, HALF)


def too_short_length(sandbox: Sandbox, file: MediaFile) -> None:
    sandbox.inject(Fault(file.label, content_length=HALF, times=None))


def always_cut(sandbox: Sandbox, file: MediaFile) -> None:
    sandbox.inject(Fault(file.label, cut_after_bytes=0, times=None))


def changes_in_every_response(sandbox: Sandbox, file: MediaFile) -> None:
    sandbox.inject(Fault(file.label, cut_after_bytes=HALF, revises=True, times=None))


@pytest.mark.parametrize(
    ("break_file", "said"),
    [
        (wrong_size, "but Recall.ai announces"),
        (truncated_file, "but Recall.ai announces"),
        (too_short_length, "but Recall.ai announces"),
        (always_cut, "media download failed"),
        (changes_in_every_response, "from its first byte"),
    ],
)
def test_fault_that_stays_is_an_error_in_the_ledger_and_blocks_no_other_file(
    sandbox: Sandbox, storage: Storage, file: MediaFile, break_file: Callable[[Sandbox, MediaFile], None], said: str
) -> None:
    break_file(sandbox, file)

    report = fetch(storage, VIDEO)

    row = row_of(storage, file)
    assert (report.total(Outcome.FAILED), report.total(Outcome.QUARANTINED)) == (1, 1)
    assert row["status"] == "pending"
    assert said in row["error"]
    assert row["next_attempt_at"] is not None
    assert sandbox.signature_marker not in str(media_rows(storage))


def test_file_that_cannot_be_read_is_stored_with_the_place_of_the_fault(storage: Storage, file: MediaFile) -> None:
    fetch(storage, VIDEO)

    row = row_of(storage, file)
    assert row["status"] == "quarantined"
    assert row["error"].startswith("byte 0: ")
    assert row["size_bytes"] == FILE_BYTES


def test_full_disk_of_the_spool_ends_the_run_with_its_folder(storage: Storage, home: Path) -> None:
    """A limit of file sizes stands for the full disk: the system reports both while bytes are written."""
    process = started("--max-file-bytes", str(HALF))
    _, errors = process.communicate(timeout=60)

    assert process.returncode == 5
    assert f"{home / 'spool'}. Make room there" in errors
    assert {(row["status"], row["error"], row["attempts"]) for row in media_rows(storage)} == {("pending", None, 0)}
    assert len([*(home / "spool").glob("*.part")]) < 2


@contextmanager
def small_disk(folder: Path, size_bytes: int) -> Iterator[None]:
    """A file system of its own in a folder; skips the test where that is not allowed."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def test_full_raw_store_ends_the_run_with_its_setting_and_keeps_the_download(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "small"
    with small_disk(folder, 1_500_000):
        monkeypatch.setenv("MEETING_ASSETS_RAW_URL", str(folder / "raw"))
        sync_days([DAY])
        with open_test_storage() as storage:
            expect_media(storage, VIDEO)
            with pytest.raises(StoreError, match="MEETING_ASSETS_RAW_URL: No space left"):
                fetch(storage, VIDEO)
            sent_bytes = sandbox.stats.sent_bytes

            assert {row["status"] for row in media_rows(storage)} == {"pending"}
            subprocess.run(["mount", "-o", "remount,size=20000000", folder], check=True)
            fetch(storage, VIDEO)

            assert_stored(storage, sandbox)
            assert sandbox.stats.sent_bytes < sent_bytes + 2 * FILE_BYTES
