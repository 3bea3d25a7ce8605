"""The raw store returns bytes unchanged or not at all, keeps files private, and names the setting in its errors."""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from obstore.store import LocalStore, MemoryStore, from_url

from meeting_assets.core.errors import StoreError
from meeting_assets.core.instants import now
from meeting_assets.core.urls import without_url_secrets
from meeting_assets.store.raw import RawStore
from meeting_assets.store.raw_layout import RawObject

DAY = date(2026, 3, 2)
PAYLOAD = b'[{"text": "hello"}]' * 100
SECRET = "AKIASECRET"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "raw"


@pytest.fixture
def raw(folder: Path) -> RawStore:
    return RawStore.at(str(folder))


def keep(raw: RawStore, payload: bytes = PAYLOAD) -> RawObject:
    return raw.write(DAY, "recording", "transcript", "artifact", payload)


def test_key_of_an_artifact_names_day_recording_kind_and_hash(raw: RawStore, folder: Path) -> None:
    kept = keep(raw)

    sha256 = hashlib.sha256(PAYLOAD).hexdigest()
    assert kept == RawObject(f"2026-03-02/recording/transcript/artifact/{sha256}.zst", sha256, len(PAYLOAD))
    stored = (folder / kept.key).read_bytes()
    assert zstandard.ZstdDecompressor().decompress(stored) == PAYLOAD
    assert len(stored) < len(PAYLOAD)


@given(st.binary())
def test_stored_bytes_are_read_unchanged(payload: bytes) -> None:
    raw = RawStore(MemoryStore())

    kept = keep(raw, payload)

    assert raw.read(kept.key, kept.sha256) == payload


def test_writing_again_changes_nothing_and_repairs_damage(raw: RawStore, folder: Path) -> None:
    kept = keep(raw)
    before = (folder / kept.key).read_bytes()
    (folder / kept.key).write_bytes(b"damaged")

    assert keep(raw) == kept
    assert (folder / kept.key).read_bytes() == before
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 1


def test_concurrent_writers_of_the_same_bytes_leave_one_object(raw: RawStore, folder: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        kept = list(pool.map(lambda _: keep(raw), range(40)))

    assert len(set(kept)) == 1
    assert raw.read(kept[0].key, kept[0].sha256) == PAYLOAD
    assert raw.read(kept[0].key, kept[0].sha256, kept[0].size_bytes) == PAYLOAD
    assert raw.read(kept[0].key, kept[0].sha256, 1) == PAYLOAD
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 1


def test_missing_object_is_read_as_none(raw: RawStore) -> None:
    kept = keep(raw)

    assert raw.read(kept.key.replace("artifact", "other"), kept.sha256) is None
    assert raw.read("2026-03-02/recording", kept.sha256) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda stored: b"",
        lambda stored: stored[:-1],
        lambda stored: stored[: len(stored) // 2],
        lambda stored: b"no zstd at all",
        lambda stored: stored[:20] + bytes([stored[20] ^ 1]) + stored[21:],
        lambda stored: zstandard.ZstdCompressor().compress(b"other bytes"),
        # A header with a size of one exabyte.
        lambda stored: b"\x28\xb5\x2f\xfd\xe0" + (2**60).to_bytes(8, "little") + stored[8:],
    ],
    ids=["empty", "cut", "half", "garbage", "bit", "other", "huge-header"],
)
def test_damaged_object_is_read_as_none(raw: RawStore, folder: Path, damage: object) -> None:
    assert callable(damage)
    kept = keep(raw)
    path = folder / kept.key
    path.write_bytes(damage(path.read_bytes()))

    assert raw.read(kept.key, kept.sha256) is None
    assert raw.read(kept.key, kept.sha256, kept.size_bytes) is None


def test_incomplete_file_of_a_killed_writer_is_no_object(raw: RawStore, folder: Path) -> None:
    kept = keep(raw)
    path = folder / kept.key
    path.rename(path.with_name(path.name + "#1"))

    assert raw.read(kept.key, kept.sha256) is None
    assert keep(raw) == kept
    assert raw.read(kept.key, kept.sha256) == PAYLOAD


def test_incomplete_files_of_artifacts_and_media_are_found(raw: RawStore, folder: Path) -> None:
    artifact = f"{DAY}/r/transcript/t#1"
    media = f"media/{DAY}/r/video_mixed/mixed.mp4#1"
    for key in (artifact, media):
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(PAYLOAD)

    assert raw.interrupted_writes(DAY, before=now() + timedelta(minutes=1)) == [artifact, media]
    assert raw.interrupted_writes(DAY, before=now() - timedelta(minutes=1)) == []


@pytest.fixture
def private() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.usefixtures("private")
def test_folders_and_files_are_private_to_the_user(folder: Path) -> None:
    raw = RawStore.at(str(folder))
    keep(raw)
    raw.write_listing(DAY, "recording", b"{}")

    modes = {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in [folder, *folder.rglob("*")]}

    assert modes == {(True, 0o700), (False, 0o600)}


def test_folder_of_the_store_is_private_without_a_umask(folder: Path) -> None:
    RawStore.at(str(folder))

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "form",
    [
        str,
        lambda folder: f"file://{folder}",
        lambda folder: f"file://localhost{folder}",
        lambda folder: "file://" + str(folder).replace(" ", "%20").replace("é", "%C3%A9"),
    ],
    ids=["folder", "file-url", "localhost", "escaped"],
)
def test_folder_can_be_given_as_path_or_url(tmp_path: Path, form: object) -> None:
    assert callable(form)
    folder = tmp_path / "my raw é" / "deeper"

    kept = keep(RawStore.at(form(folder)))

    assert (folder / kept.key).exists()


def test_store_in_memory_works() -> None:
    raw = RawStore.at("memory://")

    kept = keep(raw)

    assert raw.read(kept.key, kept.sha256) == PAYLOAD


@pytest.mark.parametrize(
    "url",
    [
        f"foo://{SECRET}:{SECRET}@host/path?sig={SECRET}",
        f"foo://{SECRET}",
        "s3://",
        "az://container/path",
        f"file://{SECRET}/x",
        f"://{SECRET}",
        "/dev/null/raw",
    ],
)
def test_error_of_a_store_that_cannot_be_opened_names_the_setting_without_its_value(url: str) -> None:
    with pytest.raises(StoreError, match="MEETING_ASSETS_RAW_URL") as raised:
        RawStore.at(url)

    assert SECRET not in str(raised.value)
    assert "\n" not in str(raised.value)
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)


def test_error_of_an_unreachable_store_names_the_setting_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ENDPOINT": "http://127.0.0.1:9",
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": SECRET,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_SESSION_TOKEN": SECRET,
    }.items():
        monkeypatch.setenv(name, value)
    raw = RawStore(from_url("s3://bucket/prefix", retry_config={"max_retries": 0}))

    with pytest.raises(StoreError, match=r"does not take .* MEETING_ASSETS_RAW_URL: no connection") as raised:
        keep(raw)

    assert SECRET not in str(raised.value)
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)


def test_removed_folder_is_an_error_and_not_an_empty_store(raw: RawStore, folder: Path) -> None:
    kept = keep(raw)
    shutil.rmtree(folder)
    folder.write_bytes(b"a file in its place")

    with pytest.raises(StoreError, match=r"does not take .* MEETING_ASSETS_RAW_URL: Not a directory"):
        keep(raw)
    with pytest.raises(StoreError, match=r"does not give .* MEETING_ASSETS_RAW_URL: Not a directory"):
        raw.read(kept.key, kept.sha256)


def test_unwritable_folder_reports_the_reason() -> None:
    with pytest.raises(StoreError, match=r"does not take 2026-03-02/.*: No such file or directory\.$") as raised:
        keep(RawStore(LocalStore("/proc")))

    assert raised.value.__context__ is None


def test_full_disk_leaves_no_partial_object(raw: RawStore, folder: Path) -> None:
    unpackable = os.urandom(10_000)
    key = f"{DAY}/recording/transcript/artifact/{hashlib.sha256(unpackable).hexdigest()}.zst"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(StoreError, match=r"MEETING_ASSETS_RAW_URL: File too large\.$") as raised:
            keep(raw, unpackable)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert raised.value.__context__ is None
    assert not (folder / key).exists()
    assert raw.read(key, "") is None


def test_query_strings_of_urls_are_removed() -> None:
    assert (
        without_url_secrets(b'{"download_url": "https://h/a.mp4?Signature=x"}')
        == b'{"download_url": "https://h/a.mp4"}'
    )
