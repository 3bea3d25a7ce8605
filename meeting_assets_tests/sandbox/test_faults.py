"""Injected faults affect the matching requests, as often as requested."""

import time
from collections import Counter

import httpx
import pytest

from meeting_assets.sandbox import Fault, Sandbox


def transcript_url(api: httpx.Client) -> str:
    recording = api.get("recording/").json()["results"][0]
    return str(recording["media_shortcuts"]["transcript"]["data"]["download_url"])


def test_fault_affects_the_given_number_of_requests(sandbox: Sandbox, api: httpx.Client) -> None:
    sandbox.inject(Fault("/recording/", times=2, status=503, headers={"Retry-After": "7"}))

    answers = [api.get("recording/") for _ in range(3)]

    assert [each.status_code for each in answers] == [503, 503, 200]
    assert answers[0].headers["Retry-After"] == "7"
    assert sandbox.stats.faulted == 2


def test_permanent_fault_can_be_cleared(sandbox: Sandbox, api: httpx.Client) -> None:
    sandbox.inject(Fault("/recording/", times=None, status=502))

    assert {api.get("recording/").status_code for _ in range(5)} == {502}
    sandbox.clear_faults()
    assert api.get("recording/").status_code == 200


def test_fault_can_match_one_artifact(sandbox: Sandbox, api: httpx.Client, web: httpx.Client) -> None:
    victim = sandbox.world.recordings[-1].of("transcript")[0]
    sandbox.inject(Fault(f"provider_data:{victim.id}", times=None, status=500))
    sandbox.inject(Fault(f"transcript:{sandbox.world.recordings[0].of('transcript')[0].id}", status=500))

    assert web.get(transcript_url(api)).status_code == 200


def test_fault_can_return_html_instead_of_json(sandbox: Sandbox, api: httpx.Client, web: httpx.Client) -> None:
    sandbox.inject(Fault("/download/transcript", body="<html>busy</html>", content_type="text/html"))

    answer = web.get(transcript_url(api))

    assert (answer.status_code, answer.text) == (200, "<html>busy</html>")
    assert answer.headers["content-type"].startswith("text/html")


def test_fault_can_reset_the_connection(sandbox: Sandbox, api: httpx.Client) -> None:
    sandbox.inject(Fault("/recording/", reset=True))

    with pytest.raises(httpx.RemoteProtocolError):
        api.get("recording/")
    assert api.get("recording/").status_code == 200


def test_body_can_be_shorter_than_its_content_length(sandbox: Sandbox, api: httpx.Client, web: httpx.Client) -> None:
    url = transcript_url(api)
    sandbox.inject(Fault("/download/", cut_after_bytes=10))

    with pytest.raises(httpx.RemoteProtocolError, match="received 10 bytes"):
        web.get(url)


def test_truncated_body_can_have_a_matching_content_length(
    sandbox: Sandbox, api: httpx.Client, web: httpx.Client
) -> None:
    url = transcript_url(api)
    whole = web.get(url).content
    sandbox.inject(Fault("/download/", truncate_to_bytes=100))

    assert web.get(url).content == whole[:100]


def test_response_can_be_delayed(sandbox: Sandbox, api: httpx.Client) -> None:
    sandbox.inject(Fault("/recording/", delay_s=0.2))

    start_s = time.monotonic()
    answer = api.get("recording/")

    assert answer.status_code == 200
    assert time.monotonic() - start_s >= 0.2


def test_fault_can_expire_a_url(sandbox: Sandbox, api: httpx.Client, web: httpx.Client) -> None:
    url = transcript_url(api)
    sandbox.inject(Fault("transcript:", expired=True))

    assert web.get(url).status_code == 403
    assert web.get(url).status_code == 200
    assert sandbox.stats.expired == 1


def test_body_can_be_chunked_and_compressed(sandbox: Sandbox, api: httpx.Client, web: httpx.Client) -> None:
    url = transcript_url(api)
    whole = web.get(url).content
    sandbox.inject(Fault("/download/", pieces=3, gzip=True))

    answer = web.get(url)

    assert answer.content == whole
    assert (answer.headers["content-encoding"], answer.headers["transfer-encoding"]) == ("gzip", "chunked")


def test_download_can_be_redirected(sandbox: Sandbox, api: httpx.Client, web: httpx.Client) -> None:
    url = transcript_url(api)
    whole = web.get(url).content
    sandbox.inject(Fault("/download/", times=None, moved=True))

    answer = web.get(url, follow_redirects=True)

    assert (len(answer.history), answer.content) == (1, whole)


def test_random_faults_affect_a_share_of_matching_requests_until_cleared(sandbox: Sandbox, api: httpx.Client) -> None:
    sandbox.inject_randomly([Fault("/recording/", status=502), Fault("/recording/", status=503)], chance=0.5)

    codes = Counter(api.get("recording/").status_code for _ in range(40))
    others = {api.get("bot/").status_code for _ in range(10)}
    sandbox.clear_faults()
    after = {api.get("recording/").status_code for _ in range(10)}

    assert codes.keys() == {200, 502, 503}
    assert 10 < codes[200] < 30
    assert others == after == {200}
