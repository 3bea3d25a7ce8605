"""API endpoints: authentication, errors, single resources."""

import httpx
import pytest

from meeting_assets.sandbox import Sandbox


def test_api_key_is_accepted_with_and_without_prefix(sandbox: Sandbox, web: httpx.Client) -> None:
    url = f"{sandbox.url}/api/v1/recording/"

    answers = [web.get(url, headers={"Authorization": key}) for key in ("Token sandbox-key", "sandbox-key")]

    assert [each.status_code for each in answers] == [200, 200]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Token wrong"}])
def test_request_without_valid_api_key_is_rejected(
    sandbox: Sandbox, web: httpx.Client, headers: dict[str, str]
) -> None:
    answer = web.get(f"{sandbox.url}/api/v1/recording/", headers=headers)

    assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid token."})
    assert sandbox.stats.unauthorized == 1
    assert sandbox.stats.list_calls_total == 0


@pytest.mark.parametrize("path", ["recording/0b6c6e36-58a3-4b37-9a2e-b0b2a2c6b7f1/", "transcript/7/", "nothing/"])
def test_unknown_resource_is_404(api: httpx.Client, path: str) -> None:
    answer = api.get(path)

    assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})


def test_artifact_is_found_only_in_its_own_collection(sandbox: Sandbox, api: httpx.Client) -> None:
    transcript = sandbox.world.recordings[0].of("transcript")[0]

    assert api.get(f"transcript/{transcript.id}/").json()["id"] == transcript.id
    assert api.get(f"participant_events/{transcript.id}/").status_code == 404


def test_post_request_is_not_allowed(api: httpx.Client) -> None:
    answer = api.post("recording/")

    assert (answer.status_code, answer.json()) == (405, {"detail": 'Method "POST" not allowed.'})


def test_get_request_with_a_body_is_blocked_by_the_firewall(api: httpx.Client) -> None:
    answer = api.request("GET", "recording/", content=b"null")

    assert answer.status_code == 403
    assert answer.headers["content-type"].startswith("text/html")


def test_path_without_trailing_slash_is_redirected(api: httpx.Client) -> None:
    answer = api.get("recording")

    assert answer.is_redirect
    assert api.get("recording", follow_redirects=True).status_code == 200


def test_recording_shows_its_artifacts_and_bot(sandbox: Sandbox, api: httpx.Client) -> None:
    recording = sandbox.world.recordings[0]

    shown = api.get(f"recording/{recording.id}/").json()
    bot = api.get(f"bot/{shown['bot']['id']}/").json()

    shortcuts = shown["media_shortcuts"]
    assert shortcuts["transcript"]["data"]["download_url"]
    assert shortcuts["participant_events"]["data"]["speaker_timeline_download_url"]
    assert shortcuts["meeting_metadata"]["data"]["title"] == "Check-in"
    assert shortcuts["video_mixed"]["format"] == "mp4"
    assert [each["id"] for each in bot["recordings"]] == [recording.id]
    assert "bot" not in bot["recordings"][0]


def test_meeting_password_contains_the_marker(sandbox: Sandbox, api: httpx.Client) -> None:
    bot = api.get("bot/").json()["results"][0]

    assert bot["meeting_url"]["meeting_password"].startswith(sandbox.password_marker)


def test_requests_are_counted(sandbox: Sandbox, api: httpx.Client) -> None:
    recording = sandbox.world.recordings[0]

    api.get("recording/?status_code=done")
    api.get("transcript/")
    api.get(f"recording/{recording.id}/")

    stats = sandbox.stats
    assert (stats.list_calls, stats.list_calls_total) == ({"recording": 1, "transcript": 1}, 2)
    assert stats.retrieve_calls == 1
    assert stats.requests[0] == ("GET", "/api/v1/recording/")
    stats.reset()
    assert (stats.list_calls_total, stats.requests) == (0, [])


def test_two_sandboxes_of_one_world_are_independent(sandbox: Sandbox) -> None:
    other = Sandbox(sandbox.world)

    other.delete(other.world.recordings[0].id)

    assert sandbox.world.recordings[0].status.code == "done"
    assert sandbox.signature_marker != other.signature_marker
