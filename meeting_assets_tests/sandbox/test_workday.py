"""A simulated workday: meetings start and finish by the sandbox's clock."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from meeting_assets.sandbox import Clock, Recording, Sandbox, Workday, empty
from meeting_assets.sandbox.workday import LONGEST, ROTATION, meeting_of
from meeting_assets_tests.sandbox.conftest import client, results

MORNING = datetime(2026, 3, 2, 9, 0, 20, tzinfo=UTC)
DEADLINE_S = 20.0
RECORDED = [
    *("joining_call", "in_waiting_room", "in_call_not_recording", "recording_permission_allowed", "in_call_recording"),
    *("call_ended", "recording_done", "done"),
]
"""Status codes of a bot that recorded a meeting."""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox without meetings and rate limits whose clock shows a morning."""
    with Sandbox(empty(), limits=False, clock=Clock(MORNING)) as running:
        yield running


def pass_minutes(sandbox: Sandbox, workday: Workday, minutes: int) -> None:
    for _ in range(minutes):
        sandbox.clock.advance(60)
        workday.catch_up()


def ids(sandbox: Sandbox, code: str) -> set[str]:
    return {each.id for each in sandbox.world.recordings if each.status.code == code}


def late_transcripts(recording: Recording) -> list[str]:
    """Ids of transcripts created minutes after the meeting's end."""
    assert recording.completed_at
    late_from = recording.completed_at + timedelta(minutes=1)
    return [each.id for each in recording.of("transcript") if each.created_at > late_from]


def test_workday_starts_with_running_meetings(sandbox: Sandbox, api: httpx.Client) -> None:
    Workday(sandbox).catch_up()

    listed = results(api, "recording/")
    assert len(listed) >= 5
    assert {each["status"]["code"] for each in listed} == {"processing"}
    assert all(each["completed_at"] is None for each in listed)
    assert all(each["created_at"] <= "2026-03-02T09:00:21" for each in listed)
    bots = {each["id"]: each for each in results(api, "bot/")}
    recording = [bots[each["bot"]["id"]]["status_changes"][-1]["code"] for each in listed if each["started_at"]]
    assert Counter(recording).most_common(1)[0][0] == "in_call_recording"


def test_about_one_meeting_starts_and_one_finishes_every_minute(sandbox: Sandbox) -> None:
    workday = Workday(sandbox)
    workday.catch_up()
    before = len(sandbox.world.recordings)

    pass_minutes(sandbox, workday, 30)

    assert 26 <= len(sandbox.world.recordings) - before <= 34
    assert 26 <= len(ids(sandbox, "done")) <= 34
    assert 4 <= len(ids(sandbox, "processing")) <= 12


def test_transcript_appears_minutes_after_the_other_artifacts(sandbox: Sandbox, api: httpx.Client) -> None:
    workday = Workday(sandbox)
    workday.catch_up()
    first_seen: dict[str, str] = {}
    for _ in range(40):
        pass_minutes(sandbox, workday, 1)
        for each in results(api, "transcript/"):
            first_seen.setdefault(each["id"], each["recording"]["id"])

    done = [sandbox.world.recording(each) for each in ids(sandbox, "done")]
    statuses = {
        each.status.code for recording in done for each in recording.artifacts if each.collection != "transcript"
    }
    assert statuses == {"done"}
    late = [transcript for recording in done for transcript in late_transcripts(recording)]
    assert len(late) >= 5
    assert set(late) <= set(first_seen)
    finished = {each["id"]: each["status"]["code"] for each in results(api, "transcript/", status_code="done")}
    assert len(set(late) & set(finished)) >= 5
    with_bots = {each["status_changes"][-1]["code"] for each in results(api, "bot/") if each["recordings"]}
    assert with_bots >= {"in_call_recording", "done"}


def test_bots_pass_through_all_their_statuses_in_order(sandbox: Sandbox, api: httpx.Client) -> None:
    workday = Workday(sandbox)
    workday.catch_up()
    pass_minutes(sandbox, workday, 30)

    recorded = [each["status_changes"] for each in results(api, "bot/", status="done") if each["recordings"]]
    assert len(recorded) >= 20
    for changes in recorded:
        assert [each["code"] for each in changes] == RECORDED
        assert [each["created_at"] for each in changes] == sorted(each["created_at"] for each in changes)


def test_now_and_then_a_bot_is_not_admitted(sandbox: Sandbox, api: httpx.Client) -> None:
    workday = Workday(sandbox)
    workday.catch_up()
    pass_minutes(sandbox, workday, 60)

    missed = [each for each in results(api, "bot/") if not each["recordings"] and each["status_changes"]]
    reasons = {change["sub_code"] for each in missed for change in each["status_changes"]}
    assert reasons >= {"bot_kicked_from_waiting_room", "meeting_password_incorrect"}


def test_late_transcript_is_missing_when_its_meeting_finishes(sandbox: Sandbox) -> None:
    workday = Workday(sandbox)
    workday.catch_up()
    without: set[str] = set()
    for _ in range(20):
        pass_minutes(sandbox, workday, 1)
        without |= {each for each in ids(sandbox, "done") if not sandbox.world.recording(each).of("transcript")}
    pass_minutes(sandbox, workday, 20)

    assert len(without) >= 3
    assert all(sandbox.world.recording(each).of("transcript") for each in without)


def test_every_payload_of_every_kind_of_meeting_can_be_downloaded(sandbox: Sandbox) -> None:
    for minute in range(len(ROTATION)):
        recording, bot = meeting_of(MORNING.replace(minute=minute, second=0)).build()
        sandbox.add(recording, bot)

        assert recording.completed_at
        assert recording.completed_at - recording.created_at < LONGEST
        for artifact in recording.artifacts:
            for kind in artifact.kinds:
                assert json.loads(sandbox.payload(artifact.id, kind))


def test_meetings_do_not_depend_on_the_start_of_the_workday() -> None:
    worlds = []
    for opened_at in (MORNING, MORNING + timedelta(minutes=7, seconds=13)):
        with Sandbox(empty(), limits=False, clock=Clock(opened_at)) as sandbox:
            workday = Workday(sandbox)
            workday.catch_up()
            now = sandbox.clock.now()
            sandbox.clock.advance((MORNING + timedelta(minutes=25) - now).total_seconds())
            workday.catch_up()
            with client(sandbox) as api:
                listed = results(api, "recording/", created_at_after="2026-03-02T09:08:00Z")
            worlds.append({each["id"]: each["created_at"] for each in listed})

    assert worlds[0] == worlds[1]
    assert len(worlds[0]) >= 15


def test_workday_advances_in_a_thread_until_closed(sandbox: Sandbox) -> None:
    with Workday(sandbox):
        sandbox.clock.advance(600)
        deadline = time.monotonic() + DEADLINE_S
        while not ids(sandbox, "done"):
            assert time.monotonic() < deadline
            time.sleep(0.05)

    assert "workday" not in {thread.name for thread in threading.enumerate()}
