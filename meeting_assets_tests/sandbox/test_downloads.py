"""Download URLs: new in every response, short-lived, and used without an API key."""

from datetime import UTC, datetime

import httpx
import pytest

from meeting_assets.sandbox import Clock, Sandbox, uniform

from .conftest import DAY, client, results

HOUR_S = 3600
SIGNED_NAMES = ("Algorithm", "Credential", "Date", "Expires", "Security-Token", "SignedHeaders", "Signature")


def links(api: httpx.Client) -> dict[str, str]:
    """URLs of all JSON downloads of the newest recording, by kind."""
    recording = api.get("recording/").json()["results"][0]
    events = recording["media_shortcuts"]["participant_events"]["data"]
    transcript = recording["media_shortcuts"]["transcript"]["data"]
    separate = {
        kind: results(api, f"{kind}/", recording_id=recording["id"])[0]["data"]["download_url"]
        for kind in ("video_separate", "audio_separate")
    }
    return {
        "participants": events["participants_download_url"],
        "participant_events": events["participant_events_download_url"],
        "speaker_timeline": events["speaker_timeline_download_url"],
        "transcript": transcript["download_url"],
        "provider_data": transcript["provider_data_download_url"],
        **separate,
    }


def test_all_seven_artifacts_can_be_downloaded(sandbox: Sandbox, api: httpx.Client, web: httpx.Client) -> None:
    for kind, url in links(api).items():
        assert web.get(url).raise_for_status().json(), kind

    assert set(sandbox.stats.downloads_by_kind) == set(links(api))
    assert sandbox.stats.downloads == 7


def test_every_response_has_new_urls(sandbox: Sandbox, api: httpx.Client) -> None:
    first, second = links(api), links(api)

    assert not set(first.values()) & set(second.values())
    assert sandbox.stats.urls_minted >= 14
    assert all(sandbox.signature_marker in url for url in first.values())


def test_all_urls_of_an_artifact_return_the_same_content(api: httpx.Client, web: httpx.Client) -> None:
    first, second = links(api), links(api)

    assert web.get(first["transcript"]).content == web.get(second["transcript"]).content


def test_downloads_of_a_manifest_differ_only_in_url_queries(api: httpx.Client, web: httpx.Client) -> None:
    url = links(api)["audio_separate"]

    first, second = web.get(url).json(), web.get(url).json()

    assert first != second
    for part, again in zip(first, second, strict=True):
        one, other = httpx.URL(part.pop("download_url")), httpx.URL(again.pop("download_url"))
        assert part == again
        assert one.path == other.path
        assert one.query != other.query
        assert set(one.params) == {f"X-Amz-{name}" for name in SIGNED_NAMES}


def test_media_files_of_a_manifest_can_be_downloaded(sandbox: Sandbox, api: httpx.Client, web: httpx.Client) -> None:
    urls = links(api)

    audio = web.get(web.get(urls["audio_separate"]).json()[0]["download_url"]).content
    video = web.get(web.get(urls["video_separate"]).json()[0]["download_url"]).content

    assert len(audio) % 2 == 0
    assert video[4:8] == b"ftyp"
    assert sandbox.stats.downloads_by_kind["audio_part"] == 1


def test_url_expires_after_six_hours() -> None:
    clock = Clock(at=datetime(2026, 1, 6, tzinfo=UTC))
    with Sandbox(uniform(DAY, recordings=1), limits=False, clock=clock) as sandbox, client(sandbox) as api:
        url = links(api)["transcript"]
        clock.advance(6 * HOUR_S - 60)
        good = httpx.get(url)
        clock.advance(120)
        late = httpx.get(url)

    assert good.status_code == 200
    assert late.status_code == 403
    assert "<Code>AccessDenied</Code>" in late.text
    assert "Request has expired" in late.text
    assert sandbox.stats.expired == 1


def test_media_url_expires() -> None:
    clock = Clock()
    with Sandbox(uniform(DAY, recordings=1), limits=False, clock=clock) as sandbox, client(sandbox) as api:
        part = httpx.get(links(api)["audio_separate"]).json()[0]
        clock.advance(7 * HOUR_S)

        assert httpx.get(part["download_url"]).status_code == 403
    assert sandbox.stats.expired == 1


def test_urls_can_be_expired_immediately(sandbox: Sandbox, api: httpx.Client, web: httpx.Client) -> None:
    old = links(api)["participants"]

    sandbox.expire_urls()

    assert web.get(old).status_code == 403
    assert web.get(links(api)["participants"]).status_code == 200
    sandbox.expire_urls_after(0)
    assert web.get(links(api)["participants"]).status_code == 403


@pytest.mark.parametrize("kind", ["transcript", "audio_separate"])
def test_download_request_with_api_key_is_rejected_and_counted(sandbox: Sandbox, api: httpx.Client, kind: str) -> None:
    answer = api.get(links(api)[kind])

    assert answer.status_code == 400
    assert sandbox.stats.downloads_with_authorization == 1
    assert sandbox.stats.downloads == 0


def test_forged_url_is_rejected(sandbox: Sandbox, api: httpx.Client, web: httpx.Client) -> None:
    url = links(api)["transcript"]
    other = sandbox.world.recordings[0].of("transcript")[0].id
    file = web.get(links(api)["video_separate"]).json()[0]["download_url"]

    assert web.get(url.replace("/transcript?", "/provider_data?")).status_code == 403
    assert web.get(url[:-1] + ("A" if url[-1] != "A" else "B")).status_code == 403
    assert web.get(f"{sandbox.download_url}/api/v1/download/transcript?token={other}").status_code == 403
    assert web.get(file.replace("X-Amz-Expires=", "X-Amz-Expires=9")).status_code == 403


def test_downloads_use_another_port(sandbox: Sandbox, api: httpx.Client, web: httpx.Client) -> None:
    url = links(api)["transcript"]

    assert url.startswith(sandbox.download_url)
    misled = web.get(url.replace(sandbox.download_url, sandbox.url), follow_redirects=True)
    assert misled.status_code == 404


def test_provider_secret_contains_the_marker(sandbox: Sandbox, api: httpx.Client, web: httpx.Client) -> None:
    part = web.get(links(api)["provider_data"]).json()["parts"][0]

    assert sandbox.signature_marker in httpx.URL(part["data"]["url"]).params["access_token"]
