"""Fresh URLs come from the media object, the recording or the manifest, and are requested no more often than needed."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
import pytest

from meeting_assets.core.errors import ApiError, Gone, Transient
from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.pipeline.media.sources import MediaSource, MediaSources, WantedSource
from meeting_assets_tests.support.fake_transport import API, SIGNATURE, FakeTransport, assert_no_secrets

RECORDING = "0f7a1c52-0000-4000-8000-000000000001"
MEDIA = "0f7a1c52-0000-4000-8000-00000000000a"
MIXED = WantedSource(RECORDING, MediaKind.VIDEO_MIXED, MEDIA)
AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
Result = TypeVar("Result")


class Api:
    """Answers with the objects it has, and counts requests by path."""

    def __init__(self, **objects: Any) -> None:
        self.objects = {f"/api/v1/{name.replace('__', '/')}/": value for name, value in objects.items()}
        self.manifests: dict[str, Any] = {}
        self.requests: Counter[str] = Counter()
        self.transport = FakeTransport(self.respond)

    def respond(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.requests[path] += 1
        if path in self.manifests:
            return httpx.Response(200, json=self.manifests[path])
        found = self.objects.get(path)
        return httpx.Response(404 if found is None else 200, json=found or {"detail": "Not found."})

    def run(self, work: Any) -> Any:
        """Runs a function of `MediaSources`."""

        async def call() -> Any:
            async with self.transport.client() as client:
                return await work(MediaSources(client, clock=lambda: AT))

        return asyncio.run(call())

    def fresh(self, wanted: WantedSource = MIXED) -> MediaSource:
        found: MediaSource = self.run(lambda sources: sources.fresh(wanted))
        return found


def url_of(name: str, expires: int = 0) -> str:
    return f"{API}/files/{name}?Signature={SIGNATURE}" + (f"&Expires={expires}" if expires else "")


def media_object(url: str | None = None, code: str = "done", **more: Any) -> dict[str, Any]:
    return {"id": MEDIA, "status": {"code": code}, "data": {"download_url": url}, **more}


def object_path(kind: str) -> str:
    return f"{kind}__{MEDIA}"


def test_mixed_media_has_the_url_format_and_size_of_its_object() -> None:
    api = Api(**{object_path("video_mixed"): media_object(url_of("a"), format="mp4", size_bytes=7)})

    assert api.fresh() == MediaSource(url_of("a"), "mp4", 7)


def test_shortcut_of_the_recording_stands_in_for_an_object_that_the_api_does_not_give() -> None:
    shortcuts = {"video_mixed": media_object(url_of("a"), format="mp4")}
    api = Api(**{f"recording__{RECORDING}": {"id": RECORDING, "media_shortcuts": shortcuts}})

    assert api.fresh() == MediaSource(url_of("a"), "mp4")


@pytest.mark.parametrize(
    "objects",
    [
        {},
        {f"recording__{RECORDING}": {"id": RECORDING, "media_shortcuts": {"video_mixed": None}}},
        {f"recording__{RECORDING}": {"id": RECORDING, "media_shortcuts": {"video_mixed": {"id": RECORDING}}}},
        {object_path("video_mixed"): media_object(code="deleted")},
        {object_path("video_mixed"): media_object(url_of("a"), code="failed")},
    ],
)
def test_media_that_the_api_no_longer_has_is_gone(objects: dict[str, Any]) -> None:
    with pytest.raises(Gone):
        Api(**objects).fresh()


@pytest.mark.parametrize("document", [media_object(), media_object(code="processing"), {"id": MEDIA}])
def test_media_without_a_url_is_asked_for_later(document: dict[str, Any]) -> None:
    with pytest.raises(Transient, match="no download URL yet"):
        Api(**{object_path("video_mixed"): document}).fresh()


def separate(*names: str, expires: int = 0) -> tuple[Api, list[WantedSource]]:
    """An API with a manifest of parts, and these parts."""
    api = Api(**{object_path("audio_separate"): media_object(url_of("manifest"), format="raw")})
    api.manifests["/files/manifest"] = [{"id": name, "download_url": url_of(name, expires)} for name in names]
    return api, [WantedSource(RECORDING, MediaKind.AUDIO_SEPARATE, MEDIA, name) for name in names]


def all_of(parts: list[WantedSource], **refused: MediaSource) -> Any:
    async def work(sources: MediaSources) -> list[MediaSource]:
        return await asyncio.gather(*(sources.fresh(each, refused.get(each.part_id)) for each in parts))

    return work


def test_manifest_is_requested_once_for_all_of_its_parts() -> None:
    api, parts = separate("a", "b", "c")

    assert api.run(all_of(parts)) == [MediaSource(url_of(name), "raw") for name in ("a", "b", "c")]
    assert api.requests["/files/manifest"] == 1


def test_manifest_is_requested_again_for_a_refused_url() -> None:
    api, (part,) = separate("a")

    async def work(sources: MediaSources) -> None:
        await sources.fresh(part, await sources.fresh(part))

    api.run(work)

    assert api.requests["/files/manifest"] == 2


def test_manifest_is_requested_again_when_its_urls_are_about_to_expire() -> None:
    api, (part,) = separate("a", expires=int(AT.timestamp()) + 30)

    async def work(sources: MediaSources) -> None:
        await sources.fresh(part)
        await sources.fresh(part)

    api.run(work)

    assert api.requests["/files/manifest"] == 2


def test_part_without_a_url_in_the_manifest_is_asked_for_later() -> None:
    api, _ = separate("a")

    with pytest.raises(Transient, match="no URL of this part now"):
        api.fresh(WantedSource(RECORDING, MediaKind.AUDIO_SEPARATE, MEDIA, "b"))


@pytest.mark.parametrize("manifest", [{"a": 1}, "text", 3])
def test_manifest_of_another_shape_is_an_error_without_secrets(manifest: Any) -> None:
    api, (part,) = separate("a")
    api.manifests["/files/manifest"] = manifest

    with pytest.raises(ApiError, match="manifest") as raised:
        api.fresh(part)

    assert_no_secrets(raised.value, json.dumps(manifest))


def test_sources_do_not_show_their_urls() -> None:
    assert SIGNATURE not in repr(MediaSource(url_of("a"), "mp4"))
