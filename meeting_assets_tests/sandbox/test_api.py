"""The API origin: keys, errors, single resources."""

import httpx
import pytest

from meeting_assets.sandbox import Sandbox


def test_a_key_is_taken_with_and_without_its_prefix(sandbox: Sandbox, web: httpx.Client) -> None:
    url = f"{sandbox.url}/api/v1/recording/"

    answers = [web.get(url, headers={"Authorization": key}) for key in ("Token sandbox-key", "sandbox-key")]

    assert [each.status_code for each in answers] == [200, 200]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Token wrong"}])
def test_without_the_right_key_nothing_is_told(sandbox: Sandbox, web: httpx.Client, headers: dict[str, str]) -> None:
    answer = web.get(f"{sandbox.url}/api/v1/recording/", headers=headers)

    assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid token."})
    assert sandbox.stats.unauthorized == 1
    assert sandbox.stats.list_calls_total == 0


@pytest.mark.parametrize("path", ["recording/0b6c6e36-58a3-4b37-9a2e-b0b2a2c6b7f1/", "transcript/7/", "nothing/"])
def test_what_is_not_there_is_not_found(api: httpx.Client, path: str) -> None:
    answer = api.get(path)

    assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})


def test_an_artifact_is_only_found_in_its_own_collection(sandbox: Sandbox, api: httpx.Client) -> None:
    transcript = sandbox.world.recordings[0].of("transcript")[0]

    assert api.get(f"transcript/{transcript.id}/").json()["id"] == transcript.id
    assert api.get(f"participant_events/{transcript.id}/").status_code == 404


def test_writing_is_not_allowed(api: httpx.Client) -> None:
    answer = api.post("recording/")

    assert (answer.status_code, answer.json()) == (405, {"detail": 'Method "POST" not allowed.'})


def test_a_get_with_a_body_meets_the_firewall(api: httpx.Client) -> None:
    answer = api.request("GET", "recording/", content=b"null")

    assert answer.status_code == 403
    assert answer.headers["content-type"].startswith("text/html")


def test_a_path_without_its_slash_is_redirected(api: httpx.Client) -> None:
    answer = api.get("recording")

    assert answer.is_redirect
    assert api.get("recording", follow_redirects=True).status_code == 200


def test_a_recording_carries_its_artifacts_and_its_bot(sandbox: Sandbox, api: httpx.Client) -> None:
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


def test_a_meeting_password_carries_the_marker(sandbox: Sandbox, api: httpx.Client) -> None:
    bot = api.get("bot/").json()["results"][0]

    assert bot["meeting_url"]["meeting_password"].startswith(sandbox.password_marker)


def test_requests_are_counted_and_noted(sandbox: Sandbox, api: httpx.Client) -> None:
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


def test_a_world_can_be_served_twice_without_one_changing_the_other(sandbox: Sandbox) -> None:
    other = Sandbox(sandbox.world)

    other.delete(other.world.recordings[0].id)

    assert sandbox.world.recordings[0].status.code == "done"
    assert sandbox.signature_marker != other.signature_marker
