"""Requests for media files: whole files, ranges, conditions, sizes and counters."""

import httpx
import pytest

from meeting_assets.sandbox import MediaFile, Sandbox, fortnight, uniform

from ..conftest import DAY, LAST_DAY, client
from .conftest import FILE_BYTES, Served, whole

COLLECTIONS = ("audio_mixed", "video_mixed", "audio_separate", "video_separate")


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_file_arrives_with_its_length_and_a_strong_etag(voices: Served, collection: str) -> None:
    answer = voices.get(voices.url(collection))

    assert answer.status_code == 200
    assert answer.content == whole(voices.file(collection))
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["etag"].startswith('"')


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_shown_size_is_the_length_of_all_files(voices: Served, collection: str) -> None:
    if collection.endswith("_mixed"):
        shown, urls = voices.recording["media_shortcuts"][collection], [voices.url(collection)]
    else:
        shown, urls = voices.separate(collection), [part["download_url"] for part in voices.parts(collection)]

    assert shown["size_bytes"] == sum(len(voices.get(url).content) for url in urls)


@pytest.mark.parametrize("collection", COLLECTIONS)
@pytest.mark.parametrize(("first", "last"), [(0, 0), (1, 40), (30_000, 33_000), (70_001, 9_999_999)])
def test_range_is_that_part_of_the_file(voices: Served, collection: str, first: int, last: int) -> None:
    body = whole(voices.file(collection))
    first = min(first, len(body) - 1)

    answer = httpx.get(voices.url(collection), headers={"Range": f"bytes={first}-{last}"})

    assert answer.status_code == 206
    assert answer.content == body[first : last + 1]
    assert answer.headers["content-range"] == f"bytes {first}-{min(last, len(body) - 1)}/{len(body)}"


def test_last_bytes_can_be_requested(files: Served) -> None:
    answer = httpx.get(files.url(), headers={"Range": "bytes=-5"})

    assert (answer.status_code, answer.content) == (206, whole(files.file())[-5:])


def test_range_after_the_end_is_rejected_with_the_length(files: Served) -> None:
    answer = files.get(files.url(), first=FILE_BYTES)

    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{FILE_BYTES}"


@pytest.mark.parametrize("value", ["bytes=9-3", "bytes=a-", "bytes=-", "lines=1-2", "bytes=0-1,5-6"])
def test_malformed_range_is_ignored(files: Served, value: str) -> None:
    assert httpx.get(files.url(), headers={"Range": value}).status_code == 200


def test_range_of_the_same_content_is_resumed_across_urls(files: Served) -> None:
    etag = files.get(files.url()).headers["etag"]

    answer = files.get(files.url(), first=1000, etag=etag)

    assert (answer.status_code, answer.content) == (206, whole(files.file())[1000:])


def test_range_of_other_content_is_the_whole_file(files: Served) -> None:
    answer = files.get(files.url(), first=1000, etag='"other"')

    assert (answer.status_code, answer.content) == (200, whole(files.file()))


def test_head_has_the_headers_alone(files: Served) -> None:
    answer = httpx.head(files.url())

    assert answer.headers["content-length"] == str(FILE_BYTES)
    assert answer.content == b""
    assert files.sandbox.stats.sent_bytes == 0


def test_sent_and_resent_bytes_are_counted_by_file(files: Served) -> None:
    file, other, stats = files.file(), files.file("audio_mixed"), files.sandbox.stats

    files.get(files.url(), first=FILE_BYTES - 700)
    files.get(files.url("audio_mixed"))
    files.get(files.url("audio_mixed"), first=FILE_BYTES - 200)

    assert stats.sent_bytes_by_file == {file.label: 700, other.label: FILE_BYTES + 200}
    assert stats.resent_bytes_by_file[other.label] == stats.resent_bytes == 200
    assert stats.responses_by_file == {file.label: 1, other.label: 2}


def test_deleted_file_is_not_found(files: Served) -> None:
    url = files.url()

    files.sandbox.delete(files.recording["id"])

    assert files.get(url).status_code == 404


def test_file_that_left_its_manifest_is_not_found(voices: Served) -> None:
    url = voices.parts("audio_separate")[-1]["download_url"]

    voices.sandbox.reissue(voices.separate("audio_separate")["id"])

    assert voices.get(url).status_code == 404


def test_recording_without_media_stays_without() -> None:
    with Sandbox(fortnight(LAST_DAY), limits=False, media=True) as sandbox, client(sandbox) as api:
        bare = next(each for each in sandbox.world.recordings if not each.of("audio_mixed"))
        shown = api.get(f"recording/{bare.id}/").json()["media_shortcuts"]

    assert shown.get("audio_mixed") is None


def test_same_world_has_the_same_files() -> None:
    def etags() -> dict[str, str]:
        found: list[MediaFile] = Sandbox(uniform(DAY, recordings=2), media=True).media_files()
        return {file.label: file.content.etag for file in found}

    assert etags() == etags()
    assert len(set(etags().values())) == len(etags())


def test_urls_can_have_older_signatures(files: Served) -> None:
    files.sandbox.sign_with_version(2)

    url = httpx.URL(files.url())

    assert set(url.params) == {"AWSAccessKeyId", "Signature", "x-amz-security-token", "Expires"}
    assert files.get(str(url)).status_code == 200
