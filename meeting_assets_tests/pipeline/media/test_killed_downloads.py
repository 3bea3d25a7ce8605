"""Downloads of killed processes and over broken connections end in the right bytes, and few bytes are sent twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.sandbox import Fault, Sandbox, uniform
from meeting_assets.sandbox.media import RandomFiles
from meeting_assets_tests.support.environments import open_test_storage, sync_days, use_sandbox
from meeting_assets_tests.support.media_homes import expect_media, media_rows, sha256_of
from meeting_assets_tests.support.media_process import ended, killed_and_repeated, started

pytestmark = pytest.mark.deployment

DAY, OTHER_DAY = date(2026, 3, 2), date(2026, 3, 3)
FILES, FILE_BYTES = 6, 1_500_000
BYTES_PER_S = 2_000_000
"""The server is slow, so that few bytes are on their way when a process is killed."""
VIDEO = [MediaKind.VIDEO_MIXED]


@pytest.fixture
def sandbox(raw_store: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    world = uniform(DAY, recordings=FILES, words=10)
    with Sandbox(world, media=RandomFiles(FILE_BYTES), limits=False) as running:
        use_sandbox(running, monkeypatch)
        monkeypatch.setenv("MEETING_ASSETS_MEDIA", "video_mixed")
        yield running


def test_memory_does_not_depend_on_the_size_of_files(raw_store: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_MEDIA", "video_mixed")
    peaks_mb = []
    for day, file_bytes in ((DAY, 100_000), (OTHER_DAY, 30_000_000)):
        with Sandbox(uniform(day, recordings=4, words=10), media=RandomFiles(file_bytes), limits=False) as sandbox:
            use_sandbox(sandbox, monkeypatch)
            sync_days([day])
            peaks_mb.append(ended(started())["peak_mb"])

    assert peaks_mb[1] < peaks_mb[0] + 60


def test_kills_and_resets_end_in_the_right_bytes(sandbox: Sandbox) -> None:
    sync_days([DAY])
    with open_test_storage() as storage:
        expect_media(storage, VIDEO)
    for number in range(4):
        sandbox.inject(Fault("video_mixed:", reset_after_bytes=200_000 * (number + 1), bytes_per_s=BYTES_PER_S))
    sandbox.inject(Fault("video_mixed:", bytes_per_s=BYTES_PER_S, times=None))
    total = FILES * FILE_BYTES

    kills = killed_and_repeated(lambda: sandbox.stats.sent_bytes, [total // 4, total // 2])

    assert kills == 2
    expected = {file.recording_id: sha256_of(file) for file in sandbox.media_files(*VIDEO)}
    with open_test_storage() as storage:
        rows = media_rows(storage)
        assert {row["recording_id"]: row["sha256"] for row in rows} == expected
        for row in rows:
            assert len(storage.raw.get(row["key"]) or b"") == FILE_BYTES
    assert sandbox.stats.resent_bytes < 0.2 * total
