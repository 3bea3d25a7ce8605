"""Fixtures of the media tests: sandboxes whose four kinds of media are there, and URLs of their files."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from meeting_assets.sandbox import MediaFile, RandomFiles, Sandbox, uniform

from ..conftest import DAY, client, results

FILE_BYTES = 900_000


class Served:
    """A sandbox with its API client, and the download of its files without an API key."""

    def __init__(self, sandbox: Sandbox, api: httpx.Client, web: httpx.Client) -> None:
        self.sandbox = sandbox
        self.api = api
        self._web = web

    @property
    def recording(self) -> dict[str, Any]:
        return dict(self.api.get("recording/").raise_for_status().json()["results"][0])

    def file(self, collection: str = "video_mixed") -> MediaFile:
        """The first file of a collection of the newest recording."""
        recording_id = self.recording["id"]
        return next(f for f in self.sandbox.media_files(collection) if f.recording_id == recording_id)

    def separate(self, collection: str) -> dict[str, Any]:
        return dict(results(self.api, f"{collection}/", recording_id=self.recording["id"])[0])

    def parts(self, collection: str) -> list[dict[str, Any]]:
        manifest = self._web.get(self.separate(collection)["data"]["download_url"])
        return list(manifest.raise_for_status().json())

    def url(self, collection: str = "video_mixed") -> str:
        """A fresh URL of `file(collection)`."""
        if collection.endswith("_mixed"):
            return str(self.recording["media_shortcuts"][collection]["data"]["download_url"])
        return str(self.parts(collection)[0]["download_url"])

    def get(self, url: str, first: int | None = None, etag: str | None = None) -> httpx.Response:
        """Downloads a file; with `first` its rest from there on, if its content still has this ETag."""
        headers = {} if first is None else {"Range": f"bytes={first}-"}
        return self._web.get(url, headers=headers | ({"If-Range": etag} if etag else {}))

    def received(self, url: str) -> tuple[bytes, Exception | None]:
        """The bytes that arrive before the connection ends, and the error that ended it."""
        body = b""
        try:
            with self._web.stream("GET", url) as response:
                for chunk in response.iter_raw():
                    body += chunk
        except httpx.TransportError as error:
            return body, error
        return body, None


@pytest.fixture
def voices(web: httpx.Client) -> Iterator[Served]:
    """A sandbox with playable files."""
    world = uniform(DAY, recordings=2, has_audio_mixed=True)
    with Sandbox(world, limits=False, media=True) as sandbox, client(sandbox) as api:
        yield Served(sandbox, api, web)


@pytest.fixture
def files(web: httpx.Client) -> Iterator[Served]:
    """A sandbox with files of 900 kB."""
    world = uniform(DAY, recordings=2, has_audio_mixed=True)
    with Sandbox(world, limits=False, media=RandomFiles(FILE_BYTES)) as sandbox, client(sandbox) as api:
        yield Served(sandbox, api, web)


def whole(file: MediaFile) -> bytes:
    """All bytes of a file."""
    return file.content.read(0, file.content.size_bytes)
