"""Changes that tests make to a running sandbox."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from meeting_assets.sandbox import Recording, Sandbox, uniform

from .conftest import DAY, results


def shown(api: httpx.Client, recording: Recording) -> Any:
    return api.get(f"recording/{recording.id}/").json()


def test_unfinished_recording_has_no_urls(sandbox: Sandbox, api: httpx.Client) -> None:
    recording = sandbox.add_recording(processing=True)
    before = shown(api, recording)

    sandbox.finish(recording.id)

    after = shown(api, recording)
    assert (before["status"]["code"], before["completed_at"]) == ("processing", None)
    assert before["media_shortcuts"]["transcript"]["data"]["download_url"] is None
    assert (after["status"]["code"], after["completed_at"] is None) == ("done", False)
    assert after["media_shortcuts"]["transcript"]["data"]["download_url"]


def test_deleted_recording_is_not_listed_and_has_status_deleted(sandbox: Sandbox, api: httpx.Client) -> None:
    recording = sandbox.world.recordings[0]

    sandbox.delete(recording.id)

    assert recording.id not in {each["id"] for each in results(api, "recording/")}
    assert not results(api, "transcript/", recording_id=recording.id)
    assert shown(api, recording)["status"]["code"] == "deleted"
    assert shown(api, recording)["media_shortcuts"]["transcript"]["data"]["download_url"] is None
    sandbox.habits.deleted_answers_404 = True
    assert api.get(f"recording/{recording.id}/").status_code == 404


def test_url_of_a_deleted_artifact_is_404(sandbox: Sandbox, api: httpx.Client, web: httpx.Client) -> None:
    recording = sandbox.world.recordings[0]
    url = shown(api, recording)["media_shortcuts"]["transcript"]["data"]["download_url"]

    sandbox.delete_artifact(recording.of("transcript")[0].id)

    assert web.get(url).status_code == 404


def test_failed_artifact_shows_its_sub_code(sandbox: Sandbox, api: httpx.Client) -> None:
    recording = sandbox.world.recordings[0]

    sandbox.fail(recording.of("transcript")[0].id, "provider_connection_failed")
    sandbox.fail_recording(recording.id, "something")

    transcript = results(api, "transcript/", status_code="failed")[0]
    assert transcript["status"]["sub_code"] == "provider_connection_failed"
    assert transcript["data"]["download_url"] is None
    assert shown(api, recording)["status"]["code"] == "failed"


def test_reissued_artifact_is_shorter_and_newer(sandbox: Sandbox) -> None:
    transcript = sandbox.world.recordings[0].of("transcript")[0]
    before, moment = json.loads(sandbox.payload(transcript.id, "transcript")), transcript.status.updated_at

    sandbox.reissue(transcript.id)

    assert json.loads(sandbox.payload(transcript.id, "transcript")) == before[:-1]
    assert transcript.status.updated_at > moment


def test_reissue_accepts_new_content(sandbox: Sandbox) -> None:
    transcript = sandbox.world.recordings[0].of("transcript")[0]

    sandbox.reissue(transcript.id, {"transcript": b"[]"})

    assert sandbox.payload(transcript.id, "transcript") == b"[]"
    assert len(sandbox.payload(transcript.id, "provider_data")) > 100


def test_touch_changes_only_the_time_of_the_status(sandbox: Sandbox) -> None:
    transcript = sandbox.world.recordings[0].of("transcript")[0]
    before, moment = sandbox.payload(transcript.id, "transcript"), transcript.status.updated_at

    sandbox.touch(transcript.id)
    sandbox.touch(transcript.id)

    assert sandbox.payload(transcript.id, "transcript") == before
    assert transcript.status.updated_at >= moment + timedelta(seconds=2)


def test_set_payload_serves_any_bytes(sandbox: Sandbox, api: httpx.Client, web: httpx.Client) -> None:
    recording = sandbox.world.recordings[0]
    video = recording.of("video_separate")[0]
    moment = video.status.updated_at

    sandbox.set_payload(video.id, "video_separate", b'[{"sandbox:x": NaN')

    url = results(api, "video_separate/", recording_id=recording.id)[0]["data"]["download_url"]
    assert web.get(url).content == b'[{"sandbox:x": NaN'
    assert video.status.updated_at == moment
    with pytest.raises(ValueError, match="video_separate has no transcript"):
        sandbox.set_payload(video.id, "transcript", b"[]")


def test_url_can_be_null_or_replaced(sandbox: Sandbox, api: httpx.Client) -> None:
    recording = sandbox.world.recordings[0]
    transcript = recording.of("transcript")[0]

    def url() -> Any:
        return shown(api, recording)["media_shortcuts"]["transcript"]["data"]["download_url"]

    sandbox.set_url(transcript.id, "transcript", None)
    assert url() is None
    sandbox.set_url(transcript.id, "transcript", "https://elsewhere.example/x")
    assert url() == "https://elsewhere.example/x"
    sandbox.restore_url(transcript.id, "transcript")
    assert url().startswith(sandbox.download_url)


def test_added_transcript_appears_in_the_recording(sandbox: Sandbox, api: httpx.Client) -> None:
    recording = sandbox.world.recordings[0]
    created_at = recording.created_at + timedelta(days=2)

    added = sandbox.add_transcript(recording.id, created_at=created_at, processing=True)

    assert results(api, "transcript/", recording_id=recording.id)[0]["status"]["code"] == "processing"
    sandbox.finish_artifact(added)
    newest = shown(api, recording)["media_shortcuts"]["transcript"]
    assert newest["id"] == added
    assert newest["data"]["provider_data_download_url"]


def test_world_can_be_added(sandbox: Sandbox, api: httpx.Client) -> None:
    sandbox.add_world(uniform(DAY + timedelta(days=1), recordings=2))

    assert len(results(api, "recording/")) == 5
    assert sandbox.world.last_day == DAY + timedelta(days=1)


def test_recording_of_the_desktop_sdk_has_no_bot(sandbox: Sandbox, api: httpx.Client) -> None:
    recording = sandbox.add_recording(has_bot=False)

    found = shown(api, recording)
    assert found["bot"] is None
    assert set(found["desktop_sdk_upload"]) == {"id", "metadata"}
