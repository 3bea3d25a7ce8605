"""The raw store: bytes come back as they were or not at all, in private files, and its faults name the setting."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from obstore.store import LocalStore, MemoryStore, from_url

from meeting_assets.core.errors import StoreError
from meeting_assets.core.urls import without_queries
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


def test_an_artifact_lies_where_its_day_recording_kind_and_content_say(raw: RawStore, folder: Path) -> None:
    kept = keep(raw)

    sha256 = hashlib.sha256(PAYLOAD).hexdigest()
    assert kept == RawObject(f"2026-03-02/recording/transcript/artifact/{sha256}.zst", sha256, len(PAYLOAD))
    stored = (folder / kept.key).read_bytes()
    assert zstandard.ZstdDecompressor().decompress(stored) == PAYLOAD
    assert len(stored) < len(PAYLOAD)


@given(st.binary())
def test_bytes_come_back_as_they_were(payload: bytes) -> None:
    raw = RawStore(MemoryStore())

    kept = keep(raw, payload)

    assert raw.read(kept.key, kept.sha256) == payload


def test_writing_again_changes_nothing_and_mends_what_was_damaged(raw: RawStore, folder: Path) -> None:
    kept = keep(raw)
    before = (folder / kept.key).read_bytes()
    (folder / kept.key).write_bytes(b"damaged")

    assert keep(raw) == kept
    assert (folder / kept.key).read_bytes() == before
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 1


def test_many_writers_of_the_same_bytes_leave_one_whole_object(raw: RawStore, folder: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        kept = list(pool.map(lambda _: keep(raw), range(40)))

    assert len(set(kept)) == 1
    assert raw.read(kept[0].key, kept[0].sha256) == PAYLOAD
    assert raw.read(kept[0].key, kept[0].sha256, kept[0].size_bytes) == PAYLOAD
    assert raw.read(kept[0].key, kept[0].sha256, 1) == PAYLOAD
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 1


def test_a_missing_object_is_none(raw: RawStore) -> None:
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
        # A header that names an exabyte.
        lambda stored: b"\x28\xb5\x2f\xfd\xe0" + (2**60).to_bytes(8, "little") + stored[8:],
    ],
    ids=["empty", "cut", "half", "garbage", "bit", "other", "huge-header"],
)
def test_a_damaged_object_is_none(raw: RawStore, folder: Path, damage: object) -> None:
    assert callable(damage)
    kept = keep(raw)
    path = folder / kept.key
    path.write_bytes(damage(path.read_bytes()))

    assert raw.read(kept.key, kept.sha256) is None
    assert raw.read(kept.key, kept.sha256, kept.size_bytes) is None


def test_what_a_killed_writer_left_is_no_object(raw: RawStore, folder: Path) -> None:
    kept = keep(raw)
    path = folder / kept.key
    path.rename(path.with_name(path.name + "#1"))

    assert raw.read(kept.key, kept.sha256) is None
    assert keep(raw) == kept
    assert raw.read(kept.key, kept.sha256) == PAYLOAD


@pytest.fixture
def private() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.usefixtures("private")
def test_folders_and_files_are_the_users_alone(folder: Path) -> None:
    raw = RawStore.at(str(folder))
    keep(raw)
    raw.write_listing(DAY, "recording", b"{}")

    modes = {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in [folder, *folder.rglob("*")]}

    assert modes == {(True, 0o700), (False, 0o600)}


def test_the_folder_itself_is_private_without_a_mask(folder: Path) -> None:
    RawStore.at(str(folder))

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "spell",
    [
        str,
        lambda folder: f"file://{folder}",
        lambda folder: f"file://localhost{folder}",
        lambda folder: "file://" + str(folder).replace(" ", "%20").replace("é", "%C3%A9"),
    ],
    ids=["folder", "file-url", "localhost", "escaped"],
)
def test_a_folder_may_be_spelled_in_several_ways(tmp_path: Path, spell: object) -> None:
    assert callable(spell)
    folder = tmp_path / "my raw é" / "deeper"

    kept = keep(RawStore.at(spell(folder)))

    assert (folder / kept.key).exists()


class BoundMeanwhile(RawStore):
    """A store that another process binds to another origin, just after this one found it unbound."""

    is_bound = False

    def origin(self) -> str | None:
        held = super().origin()
        if not self.is_bound:
            self.is_bound = True
            RawStore.at(self.url).bind_origin("https://first")
        return held


def test_of_two_origins_that_bind_a_new_store_at_once_the_second_is_refused(folder: Path) -> None:
    raw = BoundMeanwhile.at(str(folder))

    with pytest.raises(StoreError, match="holds meetings from https://first, not from https://second"):
        raw.bind_origin("https://second")

    assert RawStore.at(str(folder)).origin() == "https://first"


def test_a_store_in_memory_is_a_store() -> None:
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
def test_a_store_that_cannot_be_opened_names_the_setting_and_not_its_value(url: str) -> None:
    with pytest.raises(StoreError, match="MEETING_ASSETS_RAW_URL") as raised:
        RawStore.at(url)

    assert SECRET not in str(raised.value)
    assert "\n" not in str(raised.value)
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)


def test_a_store_that_does_not_answer_names_the_setting_and_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_folder_that_has_gone_is_an_error_and_no_empty_store(raw: RawStore, folder: Path) -> None:
    kept = keep(raw)
    shutil.rmtree(folder)
    folder.write_bytes(b"a file in its place")

    with pytest.raises(StoreError, match=r"does not take .* MEETING_ASSETS_RAW_URL: Not a directory"):
        keep(raw)
    with pytest.raises(StoreError, match=r"does not give .* MEETING_ASSETS_RAW_URL: Not a directory"):
        raw.read(kept.key, kept.sha256)


def test_a_folder_that_takes_nothing_says_why() -> None:
    with pytest.raises(StoreError, match=r"does not take 2026-03-02/.*: No such file or directory\.$") as raised:
        keep(RawStore(LocalStore("/proc")))

    assert raised.value.__context__ is None


def test_where_there_is_no_room_nothing_is_left_behind(raw: RawStore, folder: Path) -> None:
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


def test_a_new_store_is_claimed_once(raw: RawStore, folder: Path) -> None:
    raw.bind_origin("https://us-east-1.recall.ai")
    raw.bind_origin("https://us-east-1.recall.ai")

    assert json.loads((folder / "origin.json").read_bytes()) == {"api_origin": "https://us-east-1.recall.ai"}


def test_a_store_says_whose_meetings_it_holds(raw: RawStore) -> None:
    before = raw.origin()
    raw.bind_origin("https://us-east-1.recall.ai")

    assert (before, raw.origin()) == (None, "https://us-east-1.recall.ai")


def test_the_store_of_one_origin_refuses_another(raw: RawStore, folder: Path) -> None:
    raw.bind_origin("https://us-east-1.recall.ai")
    before = (folder / "origin.json").read_bytes()

    with pytest.raises(StoreError, match=r"https://us-east-1\.recall\.ai, not from http://127\.0\.0\.1"):
        raw.bind_origin("http://127.0.0.1")

    assert (folder / "origin.json").read_bytes() == before


@pytest.mark.parametrize(
    "stored", [b"", b"{", b"[]", b"{}", b"7", b'{"api_origin": null}', b'{"api_origin": 7}', b"\xff"]
)
def test_a_damaged_claim_is_named_and_left_to_a_person(raw: RawStore, folder: Path, stored: bytes) -> None:
    (folder / "origin.json").write_bytes(stored)

    for ask in (raw.origin, lambda: raw.bind_origin("https://us-east-1.recall.ai")):
        with pytest.raises(StoreError, match=r"origin\.json is damaged"):
            ask()

    assert (folder / "origin.json").read_bytes() == stored


def test_everything_that_is_kept_can_be_found_again(raw: RawStore, folder: Path) -> None:
    raw.bind_origin("https://us-east-1.recall.ai")
    kept = keep(raw)
    raw.write_listing(DAY, "recording", b'{"listed": 1}')
    raw.write_listing(date(2026, 3, 1), "other", b"{}")
    (folder / "notes").mkdir()
    (folder / "notes" / "of-somebody.txt").write_bytes(b"")

    (found,) = raw.artifacts(DAY, "recording")

    assert raw.days() == [date(2026, 3, 1), DAY]
    assert raw.recordings(DAY) == ["recording"]
    assert raw.recordings(date(2026, 3, 3)) == []
    assert raw.read_listing(DAY, "recording") == b'{"listed": 1}'
    assert raw.read_listing(DAY, "nobody") is None
    assert (found.kind, found.artifact_id, found.sha256, found.key) == (
        "transcript",
        "artifact",
        kept.sha256,
        kept.key,
    )


def test_the_newest_bytes_of_an_artifact_come_first(raw: RawStore, folder: Path) -> None:
    kept = [keep(raw, payload) for payload in (b"a", b"b", b"c")]
    for age, each in enumerate(kept):
        os.utime(folder / each.key, (1_000_000 - age, 1_000_000 - age))

    assert [each.sha256 for each in raw.artifacts(DAY, "recording")] == [each.sha256 for each in kept]


def test_what_a_killed_writer_left_is_not_found(raw: RawStore, folder: Path) -> None:
    path = folder / keep(raw).key
    path.rename(path.with_name(path.name + "#1"))

    assert raw.artifacts(DAY, "recording") == []


def test_a_store_that_cannot_be_listed_is_an_error_and_no_empty_store(raw: RawStore, folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_bytes(b"a file in its place")

    for ask in (lambda: raw.recordings(DAY), lambda: raw.artifacts(DAY, "recording")):
        with pytest.raises(StoreError, match=r"does not list .* MEETING_ASSETS_RAW_URL: Not a directory") as raised:
            ask()

        assert (raised.value.__cause__, raised.value.__context__) == (None, None)


def test_queries_are_taken_off_before_bytes_are_kept() -> None:
    assert without_queries(b'{"download_url": "https://h/a.mp4?Signature=x"}') == b'{"download_url": "https://h/a.mp4"}'
