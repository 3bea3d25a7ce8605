"""The raw store lists its objects, and holds the meetings of one API origin."""

from __future__ import annotations

import json
import os
import shutil
from datetime import date
from pathlib import Path

import pytest

from meeting_assets.core.errors import StoreError
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


class BoundMeanwhile(RawStore):
    """A store that another process binds to another origin, immediately after this process found it unbound."""

    is_bound = False

    def origin(self) -> str | None:
        held = super().origin()
        if not self.is_bound:
            self.is_bound = True
            RawStore.at(self.url).bind_origin("https://first")
        return held


def test_second_of_two_origins_that_bind_a_new_store_at_once_is_refused(folder: Path) -> None:
    raw = BoundMeanwhile.at(str(folder))

    with pytest.raises(StoreError, match="holds meetings from https://first, not from https://second"):
        raw.bind_origin("https://second")

    assert RawStore.at(str(folder)).origin() == "https://first"


def test_new_store_is_bound_once(raw: RawStore, folder: Path) -> None:
    raw.bind_origin("https://us-east-1.recall.ai")
    raw.bind_origin("https://us-east-1.recall.ai")

    assert json.loads((folder / "origin.json").read_bytes()) == {"api_origin": "https://us-east-1.recall.ai"}


def test_store_returns_its_origin(raw: RawStore) -> None:
    before = raw.origin()
    raw.bind_origin("https://us-east-1.recall.ai")

    assert (before, raw.origin()) == (None, "https://us-east-1.recall.ai")


def test_store_bound_to_one_origin_refuses_another(raw: RawStore, folder: Path) -> None:
    raw.bind_origin("https://us-east-1.recall.ai")
    before = (folder / "origin.json").read_bytes()

    with pytest.raises(StoreError, match=r"https://us-east-1\.recall\.ai, not from http://127\.0\.0\.1"):
        raw.bind_origin("http://127.0.0.1")

    assert (folder / "origin.json").read_bytes() == before


@pytest.mark.parametrize(
    "stored", [b"", b"{", b"[]", b"{}", b"7", b'{"api_origin": null}', b'{"api_origin": 7}', b"\xff"]
)
def test_damaged_origin_is_reported_and_not_overwritten(raw: RawStore, folder: Path, stored: bytes) -> None:
    (folder / "origin.json").write_bytes(stored)

    for ask in (raw.origin, lambda: raw.bind_origin("https://us-east-1.recall.ai")):
        with pytest.raises(StoreError, match=r"origin\.json is damaged"):
            ask()

    assert (folder / "origin.json").read_bytes() == stored


def test_all_stored_objects_are_listed(raw: RawStore, folder: Path) -> None:
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


def test_newest_bytes_of_an_artifact_are_listed_first(raw: RawStore, folder: Path) -> None:
    kept = [keep(raw, payload) for payload in (b"a", b"b", b"c")]
    for age, each in enumerate(kept):
        os.utime(folder / each.key, (1_000_000 - age, 1_000_000 - age))

    assert [each.sha256 for each in raw.artifacts(DAY, "recording")] == [each.sha256 for each in kept]


def test_incomplete_file_of_a_killed_writer_is_not_listed(raw: RawStore, folder: Path) -> None:
    path = folder / keep(raw).key
    path.rename(path.with_name(path.name + "#1"))

    assert raw.artifacts(DAY, "recording") == []


def test_store_that_cannot_be_listed_is_an_error_and_not_empty(raw: RawStore, folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_bytes(b"a file in its place")

    for ask in (lambda: raw.recordings(DAY), lambda: raw.artifacts(DAY, "recording")):
        with pytest.raises(StoreError, match=r"does not list .* MEETING_ASSETS_RAW_URL: Not a directory") as raised:
            ask()

        assert (raised.value.__cause__, raised.value.__context__) == (None, None)
