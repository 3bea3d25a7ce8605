"""The publications store works in a folder as on a real S3-compatible server, and creates nothing before a write."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from meeting_assets.core.errors import StoreError
from meeting_assets.store import publications
from meeting_assets.store.object_stores import open_object_store
from meeting_assets.store.publications import PublicationStore, meeting_prefix
from meeting_assets_tests.support.object_store import BUCKET, s3_server

DAY, OTHER_DAY = date(2026, 3, 2), date(2026, 3, 9)
PURGED, KEPT = "0206f11b-68ab-42b1-8a30-b85f60076e83", "9a06f11b-68ab-42b1-8a30-b85f60076e83"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with s3_server(tmp_path_factory.mktemp("s3") / "buckets") as environment:
        yield environment


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PublicationStore:
    if request.param == "folder":
        return PublicationStore(str(tmp_path / "publications"))
    for name, value in request.getfixturevalue("server").items():
        monkeypatch.setenv(name, value)
    return PublicationStore(f"s3://{BUCKET}/{tmp_path.name}")


def link(recording_id: str, day: date = DAY) -> bytes:
    return f'<a href="{meeting_prefix(day, recording_id)}index.html">'.encode()


def test_reading_creates_nothing(store: PublicationStore) -> None:
    assert store.sizes("meetings/") == store.sizes_of_shared() == {}
    assert dict(store.shared_contents()) == {}
    assert store.names_with([PURGED]) == []
    assert store.get("index.html") is None
    assert store.shared_with([PURGED]) == []
    assert store.purge([PURGED], []) == 0
    store.delete(["index.html"])

    assert store.folder is None or not store.folder.exists()


def test_files_are_listed_with_their_sizes(store: PublicationStore) -> None:
    files = {f"{meeting_prefix(DAY, KEPT)}{name}": name.encode() for name in ("index.html", "a.vtt", "b.md")}
    store.put_all({**files, "index.html": b"12345", "people/1.html": b"123"})

    assert store.sizes(f"meetings/{DAY}/") == {key: len(content) for key, content in files.items()}
    assert store.sizes_of_shared() == {"index.html": 5, "people/1.html": 3}
    assert dict(store.shared_contents()) == {"index.html": b"12345", "people/1.html": b"123"}


def test_purge_deletes_files_of_any_day_and_shared_files_that_mention_the_recording(store: PublicationStore) -> None:
    store.put_all(
        {
            f"{meeting_prefix(DAY, PURGED)}index.html": b"page",
            f"{meeting_prefix(OTHER_DAY, PURGED)}index.html": b"page",
            f"{meeting_prefix(DAY, KEPT)}index.html": b"page",
            "index.html": link(PURGED) + link(KEPT),
            "people/1.html": link(KEPT),
            "series/2.html": link(PURGED),
            "health.html": b"a missed meeting without an id",
            "notes.txt": link(PURGED),
        }
    )

    shared = store.shared_with([PURGED])
    assert shared == ["health.html", "index.html", "series/2.html"]
    assert store.shared_with([]) == []
    assert store.purge([PURGED], shared) == 5
    assert store.purge([PURGED], store.shared_with([PURGED])) == 0
    assert {*store.keys("")} == {f"{meeting_prefix(DAY, KEPT)}index.html", "people/1.html", "notes.txt"}
    assert store.names_with([PURGED]) == []
    if store.folder is not None:
        assert not (store.folder / "meetings" / str(OTHER_DAY)).exists()


def test_purge_reads_no_foreign_file(store: PublicationStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.put_all({"index.html": link(PURGED), "backup.tar": b"x", "photos/1.html": link(PURGED), "people/a.txt": b"x"})
    read: list[str] = []
    get = PublicationStore.get

    def noting_get(self: PublicationStore, key: str) -> bytes | None:
        read.append(key)
        return get(self, key)

    monkeypatch.setattr(PublicationStore, "get", noting_get)

    assert store.shared_with([PURGED]) == read == ["index.html"]


@pytest.mark.parametrize("before", [0, 100 - len(PURGED) // 2, 250 - len(PURGED)])
def test_large_shared_files_are_read_in_pieces_that_split_no_text(
    store: PublicationStore, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    monkeypatch.setattr(publications, "PIECE_BYTES", 100)
    monkeypatch.setattr(publications, "OVERLAP_BYTES", 50)
    content = (b"." * before + PURGED.encode()).ljust(250, b".")
    store.put_all({"index.html": content, "small.html": b"x"})

    pieces = [*store.shared_contents()]

    assert pieces[0] == ("small.html", b"x")
    assert any(PURGED.encode() in piece for _, piece in pieces)
    assert store.shared_with([PURGED]) == ["index.html"]


@pytest.mark.parametrize("key", [f"meetings/{DAY}/{PURGED}/x", f"elsewhere/{PURGED}", f"meetings/{PURGED}/x/y"])
def test_names_below_any_prefix_are_searched(store: PublicationStore, key: str) -> None:
    store.put(key, b"x")

    found = store.names_with([PURGED])

    assert found
    assert all(key.startswith(name.rstrip("/")) for name in found)
    assert store.names_with([KEPT]) == []


def test_incomplete_files_of_a_folder_are_purged(tmp_path: Path) -> None:
    store = PublicationStore(str(tmp_path / "publications"))
    half_written = tmp_path / "publications" / meeting_prefix(DAY, PURGED) / "index.html#1"
    half_written.parent.mkdir(parents=True)
    half_written.write_bytes(b"text")

    store.purge([PURGED], [])

    assert not half_written.parent.exists()


@pytest.mark.parametrize(
    "url", ["/dev/null/pages", "file:///proc/pages", "foo://hush-4711@bucket/pages?token=hush-4711"]
)
def test_a_store_that_cannot_be_opened_is_named_with_its_setting_on_first_use(url: str) -> None:
    store = PublicationStore(url)

    with pytest.raises(StoreError, match=r"publications store.* check MEETING_ASSETS_PUBLICATIONS_URL") as caught:
        store.probe()

    assert "hush" not in str(caught.value) + store.location("index.html")
    assert "raw store" not in str(caught.value)


def test_missing_credentials_name_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_SKIP_SIGNATURE"):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(StoreError, match="no credentials for S3, which MEETING_ASSETS_PUBLICATIONS_URL names"):
        PublicationStore("s3://bucket/pages").sizes_of_shared()


def test_objects_tell_browsers_their_content_type(server: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in server.items():
        monkeypatch.setenv(name, value)
    url = f"s3://{BUCKET}/types"
    PublicationStore(url).put_all({"index.html": b"<p>", "a.vtt": b"WEBVTT"})

    stored = open_object_store(url, "URL", instance_credentials=False)

    types = {key: stored.get(key).attributes["Content-Type"] for key in ("index.html", "a.vtt")}
    assert types == {"index.html": "text/html; charset=utf-8", "a.vtt": "text/vtt; charset=utf-8"}


def test_probe_leaves_no_object(store: PublicationStore) -> None:
    store.probe()

    assert store.keys("") == []
