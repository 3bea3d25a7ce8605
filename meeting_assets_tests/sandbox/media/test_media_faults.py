"""Faults of media downloads: lost connections, expiry, slow and wrong servers, changed content."""

import time

import httpx
import pytest

from meeting_assets.sandbox import Fault

from .conftest import FILE_BYTES, Served, whole

CUT = 400_000


def test_connection_is_closed_after_some_bytes(files: Served) -> None:
    files.sandbox.inject(Fault("video_mixed", cut_after_bytes=CUT))

    body, error = files.received(files.url())

    assert body == whole(files.file())[:CUT]
    assert isinstance(error, httpx.RemoteProtocolError)
    assert files.sandbox.stats.sent_bytes == CUT


def test_connection_is_reset_after_some_bytes(files: Served) -> None:
    files.sandbox.inject(Fault("video_mixed", reset_after_bytes=CUT))

    body, error = files.received(files.url())

    assert whole(files.file()).startswith(body)
    assert len(body) <= CUT
    assert isinstance(error, httpx.ReadError)


def test_cut_download_can_be_resumed(files: Served) -> None:
    files.sandbox.inject(Fault("video_mixed", cut_after_bytes=CUT))
    body, _ = files.received(files.url())

    rest = files.get(files.url(), first=len(body), etag=files.file().content.etag)

    assert body + rest.content == whole(files.file())
    assert files.sandbox.stats.resent_bytes == 0


def test_cut_of_a_range_counts_its_own_bytes(files: Served) -> None:
    url = files.url()
    files.sandbox.inject(Fault("video_mixed", cut_after_bytes=10))

    with pytest.raises(httpx.RemoteProtocolError):
        files.get(url, first=CUT)

    assert files.sandbox.stats.sent_until_by_file[files.file().label] == CUT + 10


def test_url_expires_during_its_download_but_a_fresh_one_works(files: Served) -> None:
    old, other = files.url(), files.url("audio_mixed")
    files.sandbox.inject(Fault("video_mixed", expires_after_bytes=CUT))

    body, error = files.received(old)

    assert len(body) == CUT
    assert isinstance(error, httpx.RemoteProtocolError)
    assert files.get(old, first=CUT).status_code == 403
    assert files.get(other).status_code == 200
    assert files.get(files.url(), first=CUT).status_code == 206
    assert files.sandbox.stats.expired == 1


@pytest.mark.parametrize("version", [2, 4])
def test_urls_of_both_signatures_expire_during_a_download(files: Served, version: int) -> None:
    files.sandbox.sign_with_version(2 if version == 2 else 4)
    old = files.url()
    files.sandbox.inject(Fault("video_mixed", expires_after_bytes=CUT))

    files.received(old)

    assert files.get(old).status_code == 403


def test_body_is_throttled(files: Served) -> None:
    url = files.url()
    files.sandbox.inject(Fault("video_mixed", bytes_per_s=4_000_000))

    started_s = time.monotonic()
    answer = files.get(url)

    assert time.monotonic() - started_s >= FILE_BYTES / 4_000_000
    assert answer.content == whole(files.file())


def test_server_without_ranges_sends_the_whole_file(files: Served) -> None:
    url = files.url()
    files.sandbox.inject(Fault("video_mixed", no_ranges=True))

    answer = files.get(url, first=CUT, etag=files.file().content.etag)

    assert (answer.status_code, answer.content) == (200, whole(files.file()))
    assert "accept-ranges" not in answer.headers


def test_stated_length_can_be_too_long(files: Served) -> None:
    files.sandbox.inject(Fault("video_mixed", content_length=FILE_BYTES + 5))

    body, error = files.received(files.url())

    assert body == whole(files.file())
    assert isinstance(error, httpx.RemoteProtocolError)


def test_stated_length_can_be_too_short(files: Served) -> None:
    files.sandbox.inject(Fault("video_mixed", content_length=FILE_BYTES - 5))

    body, error = files.received(files.url())

    assert body == whole(files.file())[:-5]
    assert error is None


def test_shown_size_can_be_wrong_and_right_again(files: Served) -> None:
    artifact_id = files.file().artifact_id

    files.sandbox.set_size_bytes(artifact_id, 7)
    wrong = files.recording["media_shortcuts"]["video_mixed"]["size_bytes"]
    files.sandbox.set_size_bytes(artifact_id, None)

    assert wrong == 7
    assert files.recording["media_shortcuts"]["video_mixed"]["size_bytes"] == FILE_BYTES


def test_truncated_file_is_served_as_if_it_were_complete(files: Served) -> None:
    body, etag = whole(files.file()), files.file().content.etag

    files.sandbox.truncate_media(files.file(), CUT)
    answer = files.get(files.url())

    assert (answer.status_code, answer.content) == (200, body[:CUT])
    assert answer.headers["etag"] != etag
    assert files.get(files.url(), first=CUT - 1).headers["content-range"] == f"bytes {CUT - 1}-{CUT - 1}/{CUT}"
    assert files.recording["media_shortcuts"]["video_mixed"]["size_bytes"] == FILE_BYTES


def test_content_changes_between_two_attempts(files: Served) -> None:
    first = files.file().content
    files.sandbox.inject(Fault("video_mixed", cut_after_bytes=CUT, revises=True))
    body, _ = files.received(files.url())

    answer = files.get(files.url(), first=len(body), etag=first.etag)

    assert answer.status_code == 200
    assert answer.headers["etag"] != first.etag
    assert len(answer.content) == FILE_BYTES
    assert answer.content[:CUT] != body


@pytest.mark.parametrize("collection", ["audio_mixed", "video_mixed", "audio_separate", "video_separate"])
def test_revision_of_a_playable_file_has_other_bytes_of_the_same_length(voices: Served, collection: str) -> None:
    before = voices.file(collection)

    voices.sandbox.revise_media(before.label)
    after = voices.file(collection)

    assert after.content.size_bytes == before.content.size_bytes
    assert after.content.etag != before.content.etag
    assert whole(after) != whole(before)


@pytest.mark.parametrize("status", [429, 503])
def test_server_asks_to_wait(files: Served, status: int) -> None:
    url = files.url()
    files.sandbox.inject(Fault("video_mixed", status=status, headers={"Retry-After": "3"}))

    answer = files.get(url)

    assert (answer.status_code, answer.headers["retry-after"]) == (status, "3")
    assert files.get(url).status_code == 200
    assert files.sandbox.stats.sent_bytes == FILE_BYTES


def test_fault_of_one_part_leaves_the_others(files: Served) -> None:
    first, second = (part["download_url"] for part in files.parts("audio_separate")[:2])
    files.sandbox.inject(Fault(files.file("audio_separate").label, status=500))

    assert files.get(second).status_code == 200
    assert files.get(first).status_code == 500


def test_server_stops_sending_when_the_client_is_gone(files: Served) -> None:
    files.sandbox.inject(Fault("video_mixed", bytes_per_s=200_000))

    with httpx.stream("GET", files.url()) as response:
        next(response.iter_raw())
    files.get(files.url("audio_mixed"))
    sent = files.sandbox.stats.sent_bytes_by_file[files.file().label]

    assert sent < FILE_BYTES
