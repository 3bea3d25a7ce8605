"""Media downloads: a partial file is completed over broken connections, and never mixes two contents."""

from __future__ import annotations

import asyncio
import hashlib
import random
from pathlib import Path
from typing import Any

import httpx
import pytest

from meeting_assets.core.errors import ApiError, BytesMissing, Transient, UrlExpired
from meeting_assets.pipeline.media.spool import Spool, SpoolFile, stem_of
from meeting_assets.recall.bandwidth import Bandwidth
from meeting_assets.recall.client import Access
from meeting_assets.recall.media_downloads import Downloaded, MediaClient
from meeting_assets.recall.media_transfer import MAX_RESTARTS
from meeting_assets_tests.support.fake_transport import (
    ACCESS,
    BUCKET,
    KEY,
    SIGNATURE,
    FakeClock,
    FakeTransport,
    assert_no_secrets,
)
from meeting_assets_tests.support.media_server import MediaServer, media_server

RECORDING = "0f7a1c52-0000-4000-8000-000000000001"
STEM = stem_of(RECORDING, "video_mixed", "")
MIB = 2**20
CONTENT = random.Random(7).randbytes(3 * MIB + 777)
OTHER = random.Random(8).randbytes(2 * MIB + 5)


def open_file(folder: Path) -> SpoolFile:
    file = Spool(folder).open(STEM)
    assert file is not None
    return file


def download(folder: Path, server: MediaServer, expected: int | None = None, **options: Any) -> Downloaded:
    """Downloads the file of a server into the spool of a folder."""

    async def call() -> Downloaded:
        url = f"{server.url}/a.mp4?Signature={SIGNATURE}"
        with open_file(folder) as partial:
            async with MediaClient(Access(server.url, KEY), Bandwidth(), **options) as client:
                return await client.download(url, partial, expected)

    return asyncio.run(call())


def spooled(folder: Path) -> bytes:
    return (folder / "spool" / f"{STEM}.part").read_bytes()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_file_is_stored_with_its_hash_and_type(tmp_path: Path) -> None:
    with media_server(CONTENT, content_type="Video/MP4; codecs=x") as server:
        downloaded = download(tmp_path, server, len(CONTENT))

    assert spooled(tmp_path) == CONTENT
    assert downloaded == Downloaded(len(CONTENT), sha256(CONTENT), "video/mp4")
    assert len(server.requests) == 1


def test_empty_file_is_complete(tmp_path: Path) -> None:
    with media_server(b"") as server:
        assert download(tmp_path, server).sha256 == sha256(b"")


def test_request_has_no_key_and_asks_for_no_compression(tmp_path: Path) -> None:
    with media_server(CONTENT) as server:
        download(tmp_path, server)

    assert "Authorization" not in server.requests[0]
    assert KEY not in repr(server.requests)
    assert server.requests[0]["Accept-Encoding"] == "identity"


def test_cut_connection_is_resumed_where_it_broke(tmp_path: Path) -> None:
    with media_server(CONTENT, cuts=[MIB, 5, 2 * MIB]) as server:
        downloaded = download(tmp_path, server, len(CONTENT))

    assert downloaded.sha256 == sha256(CONTENT)
    assert [request.get("If-Range") for request in server.requests] == [None, *['"one"'] * 3]
    assert server.sent_bytes < 1.1 * len(CONTENT)


def test_more_cuts_than_attempts_are_survived_while_there_is_progress(tmp_path: Path) -> None:
    with media_server(CONTENT, cuts=[128 * 2**10] * 20) as server:
        assert download(tmp_path, server).sha256 == sha256(CONTENT)


def test_download_without_progress_is_given_up(tmp_path: Path) -> None:
    with media_server(CONTENT, cuts=[0] * 100) as server:
        with pytest.raises(Transient, match="media download failed") as raised:
            download(tmp_path, server)

        assert_no_secrets(raised.value)
        assert len(server.requests) < 10


def test_later_download_resumes_the_file_of_an_earlier_one(tmp_path: Path) -> None:
    with media_server(CONTENT, cuts=[MIB], statuses=[0, *[403] * 2]) as server:
        with pytest.raises(UrlExpired):
            download(tmp_path, server)
        server.statuses.clear()
        before = len(spooled(tmp_path))
        downloaded = download(tmp_path, server, len(CONTENT))

    assert before >= MIB / 2
    assert server.requests[-1]["Range"] == f"bytes={before}-"
    assert downloaded.sha256 == sha256(CONTENT)


def test_complete_file_is_not_downloaded_again(tmp_path: Path) -> None:
    with media_server(CONTENT) as server:
        download(tmp_path, server)
        sent_bytes = server.sent_bytes

        assert download(tmp_path, server, len(CONTENT)).sha256 == sha256(CONTENT)
        assert server.sent_bytes == sent_bytes


@pytest.mark.parametrize("etag", ['"one"', 'W/"one"', None])
def test_server_without_ranges_sends_the_whole_file_again(tmp_path: Path, etag: str | None) -> None:
    with media_server(CONTENT, cuts=[MIB, 2 * MIB], has_ranges=False, etag=etag) as server:
        assert download(tmp_path, server, len(CONTENT)).sha256 == sha256(CONTENT)
        assert spooled(tmp_path) == CONTENT


@pytest.mark.parametrize("etag", ['W/"one"', None])
def test_content_without_strong_etag_is_never_resumed(tmp_path: Path, etag: str | None) -> None:
    with media_server(CONTENT, cuts=[MIB], etag=etag) as server:
        assert download(tmp_path, server).sha256 == sha256(CONTENT)

    assert not any("Range" in request for request in server.requests)


def test_number_of_restarts_is_limited(tmp_path: Path) -> None:
    with media_server(CONTENT, cuts=[2 * MIB + n for n in range(50)], has_ranges=False) as server:
        with pytest.raises(ApiError, match="from its first byte"):
            download(tmp_path, server)

        assert len(server.requests) <= MAX_RESTARTS + 2
        assert spooled(tmp_path) == b""


def test_changed_etag_starts_the_new_content_from_its_first_byte(tmp_path: Path) -> None:
    with media_server(CONTENT, cuts=[MIB], statuses=[0, 403]) as server:
        with pytest.raises(UrlExpired):
            download(tmp_path, server)
        server.content, server.etag = OTHER, '"two"'
        downloaded = download(tmp_path, server, len(OTHER))

    assert spooled(tmp_path) == OTHER
    assert downloaded.sha256 == sha256(OTHER)


def test_shorter_content_with_another_etag_is_not_taken_for_complete(tmp_path: Path) -> None:
    with media_server(CONTENT) as server:
        download(tmp_path, server)
        server.content, server.etag = OTHER, '"two"'

        assert download(tmp_path, server).sha256 == sha256(OTHER)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Range": f"bytes 0-{len(CONTENT) - 1}/{len(CONTENT)}"},
        {"Content-Range": f"bytes {MIB}-{len(CONTENT)}/{len(CONTENT) + 1}"},
        {"Content-Range": "bytes from here on"},
        {"ETag": '"two"'},
    ],
)
def test_rest_that_does_not_fit_starts_the_file_again(tmp_path: Path, headers: dict[str, str]) -> None:
    with media_server(CONTENT, cuts=[MIB], range_headers=headers) as server:
        assert download(tmp_path, server).sha256 == sha256(CONTENT)

    assert "Range" not in server.requests[-1]


def test_rest_in_several_ranges_is_put_together(tmp_path: Path) -> None:
    with media_server(CONTENT, cuts=[MIB], largest_range=700_000) as server:
        assert download(tmp_path, server, len(CONTENT)).sha256 == sha256(CONTENT)


def test_stored_bytes_beyond_the_length_start_the_file_again(tmp_path: Path) -> None:
    with media_server(CONTENT) as server:
        download(tmp_path, server)
        server.content = OTHER

        assert download(tmp_path, server).sha256 == sha256(OTHER)


@pytest.mark.parametrize("expected", [len(CONTENT) - 1, len(CONTENT) + 1])
def test_length_that_is_not_the_expected_one_is_an_error_before_the_download(tmp_path: Path, expected: int) -> None:
    with media_server(CONTENT) as server, pytest.raises(ApiError, match=f"{len(CONTENT)} bytes.*{expected}"):
        download(tmp_path, server, expected)

    assert len(server.requests) == 1
    assert spooled(tmp_path) == b""


@pytest.mark.parametrize("expected", [len(CONTENT) - 1, len(CONTENT) + 1])
def test_length_that_only_the_end_shows_is_compared_with_the_expected_one(tmp_path: Path, expected: int) -> None:
    with media_server(CONTENT, length=-1) as server, pytest.raises(ApiError, match="but Recall"):
        download(tmp_path, server, expected)


def test_body_that_ends_before_its_length_is_an_error(tmp_path: Path) -> None:
    server = media_server(CONTENT, length=len(CONTENT) + 10, has_ranges=False)

    with server as media, pytest.raises(ApiError, match="from its first byte"):
        download(tmp_path, media)


def test_silent_server_is_given_up_after_the_stall_time(tmp_path: Path) -> None:
    with media_server(CONTENT, silent_after=0) as server, pytest.raises(Transient, match="time"):
        download(tmp_path, server, stall_s=0.05)


def test_server_that_trickles_is_given_up(tmp_path: Path) -> None:
    class Trickle(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            while True:
                await asyncio.sleep(0.01)
                yield b"x"

    transport = FakeTransport(lambda _: httpx.Response(200, stream=Trickle()))

    with pytest.raises(ApiError, match="first byte"):
        fake_download(tmp_path, transport, stall_s=0.05)

    assert 1 < len(transport.requests) < 10


@pytest.mark.parametrize(
    ("code", "kind"), [(400, UrlExpired), (403, UrlExpired), (404, BytesMissing), (410, BytesMissing)]
)
def test_refused_url_is_reported_without_a_retry(tmp_path: Path, code: int, kind: type[ApiError]) -> None:
    transport = FakeTransport(httpx.Response(code))

    with pytest.raises(kind, match=str(code)) as raised:
        fake_download(tmp_path, transport)

    assert len(transport.requests) == 1
    assert_no_secrets(raised.value)


@pytest.mark.parametrize(
    "headers",
    [{"Content-Type": "text/html; charset=utf-8"}, {"Content-Type": "application/xml"}, {"Content-Encoding": "gzip"}],
)
def test_response_that_is_no_media_file_is_not_stored(tmp_path: Path, headers: dict[str, str]) -> None:
    transport = FakeTransport(lambda _: httpx.Response(200, headers=headers, stream=httpx.ByteStream(b"<html>")))

    with pytest.raises(Transient, match=r"page|compressed"):
        fake_download(tmp_path, transport)

    assert spooled(tmp_path) == b""


def test_host_that_is_not_allowed_gets_no_request(tmp_path: Path) -> None:
    transport = FakeTransport(httpx.Response(200))

    with pytest.raises(ApiError, match="MEETING_ASSETS_DOWNLOAD_HOSTS"):
        fake_download(tmp_path, transport, url=f"https://example.com/?Signature={SIGNATURE}")

    assert transport.requests == []


def test_downloads_share_the_bandwidth() -> None:
    clock = FakeClock()
    bandwidth = Bandwidth(8.0, clock=clock, sleep=clock.sleep)

    async def both() -> None:
        await asyncio.gather(*(bandwidth.spend(1_000_000) for _ in range(5)))

    asyncio.run(both())

    assert bandwidth.received_bytes == 5_000_000
    assert clock.slept_s >= 4.5


def fake_download(folder: Path, transport: FakeTransport, url: str = BUCKET, **options: Any) -> Downloaded:
    async def call() -> Downloaded:
        with open_file(folder) as partial:
            async with MediaClient(ACCESS, Bandwidth(), transport=transport, **options) as client:
                return await client.download(url, partial)

    return asyncio.run(call())
