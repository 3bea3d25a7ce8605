"""List calls: order, pages, time windows and filters."""

from datetime import timedelta

import httpx
import pytest

from meeting_assets.sandbox import Sandbox, fortnight, uniform

from .conftest import DAY, LAST_DAY, client, results


def test_recordings_are_listed_newest_first_in_pages_of_50() -> None:
    with Sandbox(uniform(DAY, recordings=120), limits=False) as sandbox, client(sandbox) as api:
        first = api.get("recording/").json()
        listed = results(api, "recording/")

    assert len(first["results"]) == 50
    assert [each["id"] for each in listed] == [each.id for each in reversed(sandbox.world.recordings)]


def test_next_is_an_absolute_url_with_the_same_parameters() -> None:
    with Sandbox(uniform(DAY, recordings=60), limits=False) as sandbox, client(sandbox) as api:
        page = api.get("recording/", params={"created_at_after": f"{DAY}T00:00:00Z", "status_code": "done"}).json()

    following = httpx.URL(page["next"])
    assert page["next"].startswith(f"{sandbox.url}/api/v1/recording/?")
    assert dict(following.params) | {"cursor": ""} == {
        "created_at_after": f"{DAY}T00:00:00Z",
        "status_code": "done",
        "cursor": "",
    }


def test_previous_returns_the_previous_page() -> None:
    with Sandbox(uniform(DAY, recordings=60), limits=False) as sandbox, client(sandbox) as api:
        first = api.get("recording/").json()
        second = api.get(first["next"]).json()
        again = api.get(second["previous"]).json()

    assert first["previous"] is None
    assert [each["id"] for each in again["results"]] == [each["id"] for each in first["results"]]


def test_recording_added_during_paging_does_not_shift_pages() -> None:
    with Sandbox(uniform(DAY, recordings=60), limits=False) as sandbox, client(sandbox) as api:
        first = api.get("recording/").json()
        sandbox.add_recording(sandbox.world.recordings[-1].created_at + timedelta(seconds=1))
        second = api.get(first["next"]).json()

    ids = {each["id"] for each in first["results"]} | {each["id"] for each in second["results"]}
    assert len(ids) == 60


@pytest.mark.parametrize("repeated", [1, 9, 99])
def test_paging_ends_when_pages_repeat_items(repeated: int) -> None:
    with Sandbox(uniform(DAY, recordings=25), limits=False) as sandbox, client(sandbox) as api:
        sandbox.habits.page_size, sandbox.habits.pages_repeat = 10, repeated
        listed = [each["id"] for each in results(api, "recording/")]

    assert len(listed) > 25
    assert set(listed) == {each.id for each in sandbox.world.recordings}


def test_window_includes_its_start_and_excludes_its_end(sandbox: Sandbox, api: httpx.Client) -> None:
    first, second, third = (each.created_at.isoformat() for each in sandbox.world.recordings)

    found = results(api, "recording/", created_at_after=first, created_at_before=third)

    assert [each["id"] for each in found] == [r.id for r in reversed(sandbox.world.recordings[:2])]
    sandbox.habits.after_is_inclusive, sandbox.habits.before_is_inclusive = False, True
    other = results(api, "recording/", created_at_after=first, created_at_before=third)
    assert [each["id"] for each in other] == [r.id for r in reversed(sandbox.world.recordings[1:])]
    assert second in {r.created_at.isoformat() for r in sandbox.world.recordings}


def test_artifacts_can_be_listed_by_recording_or_by_window(sandbox: Sandbox, api: httpx.Client) -> None:
    recording = sandbox.world.recordings[1]

    by_recording = results(api, "transcript/", recording_id=recording.id)
    by_window = results(api, "audio_separate/", created_at_after=f"{DAY}T00:00:00Z")

    assert [each["recording"]["id"] for each in by_recording] == [recording.id]
    assert len(by_window) == 3


def test_recordings_can_be_listed_by_bot_and_status(sandbox: Sandbox, api: httpx.Client) -> None:
    running = sandbox.add_recording(processing=True)
    finished = sandbox.world.recordings[0]

    assert [each["id"] for each in results(api, "recording/", status_code="processing")] == [running.id]
    assert [each["id"] for each in results(api, "recording/", bot_id=finished.bot_id or "")] == [finished.id]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status_code": "deleted"}, "status_code"),
        ({"created_at_after": "yesterday"}, "created_at_after"),
        ({"bot_id": "7"}, "bot_id"),
    ],
)
def test_error_names_the_invalid_parameter(api: httpx.Client, query: dict[str, str], field: str) -> None:
    answer = api.get("recording/", params=query)

    assert answer.status_code == 400
    assert list(answer.json()) == [field]


def test_bots_have_numbered_pages() -> None:
    with Sandbox(uniform(DAY, recordings=60), limits=False) as sandbox, client(sandbox) as api:
        first = api.get("bot/").json()
        second = api.get(first["next"]).json()

        assert api.get("bot/?page=3").status_code == 404
    assert (first["count"], len(first["results"]), len(second["results"])) == (60, 50, 10)
    assert second["next"] is None
    assert second["previous"].endswith("page=1")


def test_about_half_of_the_bots_have_no_join_at() -> None:
    with Sandbox(fortnight(LAST_DAY), limits=False) as sandbox, client(sandbox) as api:
        bots = results(api, "bot/")
        found = results(api, "bot/", join_at_after="2026-01-01T00:00:00Z", join_at_before="2026-02-01T00:00:00Z")

    lost = [each for each in bots if each["join_at"] is None]
    assert 0.3 < len(lost) / len(bots) < 0.7
    assert len(found) == len(bots) - len(lost)


def test_bots_can_be_listed_by_platform_and_status() -> None:
    with Sandbox(fortnight(LAST_DAY), limits=False) as sandbox, client(sandbox) as api:
        webex = results(api, "bot/", platform="webex")
        fatal = results(api, "bot/", status="fatal")

    assert {each["meeting_url"]["platform"] for each in webex} == {"webex"}
    assert fatal
    assert all(each["recordings"] == [] for each in fatal)


def test_bots_can_be_listed_by_metadata_and_by_meeting_url() -> None:
    with Sandbox(fortnight(LAST_DAY), limits=False) as sandbox, client(sandbox) as api:
        customer = next(each.metadata["customer"] for each in sandbox.world.bots if "customer" in each.metadata)
        by_key = results(api, "bot/", metadata__customer=customer)
        by_two_keys = results(api, "bot/", metadata__customer=customer, metadata__team="office")
        standup = next(each for each in results(api, "bot/", platform="zoom", status="done"))
        url = f"https://zoom.us/j/{standup['meeting_url']['meeting_id']}?pwd=any"
        by_url = results(api, "bot/", meeting_url=url)

    assert by_key
    assert all(each["metadata"]["customer"] == customer for each in by_key)
    assert by_two_keys == []
    assert standup["id"] in {each["id"] for each in by_url}
    assert {each["meeting_url"]["meeting_id"] for each in by_url} == {standup["meeting_url"]["meeting_id"]}


def test_bots_are_listed_in_either_order() -> None:
    with Sandbox(uniform(DAY, recordings=3), limits=False) as sandbox, client(sandbox) as api:
        newest_first = [each["id"] for each in results(api, "bot/")]
        sandbox.habits.newest_bots_first = False
        oldest_first = [each["id"] for each in results(api, "bot/")]

    assert oldest_first == newest_first[::-1] == [each.id for each in sandbox.world.bots]
