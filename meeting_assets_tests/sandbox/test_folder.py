"""Real meetings from a folder are moved to other days and otherwise unchanged."""

import json
import os
import re
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from meeting_assets.sandbox import Sandbox, World, from_folder, uniform
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.environments import use_sandbox

CORPORA = Path(os.environ.get("MEETING_ASSETS_CORPORA") or Path(__file__).parents[2].parent / "shared" / "corpora")
FIRST_DAY = date(2026, 2, 2)


@pytest.fixture(scope="module")
def world() -> World:
    if not CORPORA.is_dir():
        pytest.skip("no folder of real meetings: set MEETING_ASSETS_CORPORA")
    return from_folder(CORPORA, first_day=FIRST_DAY)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two meetings, one without a transcript."""
    for name in ("b", "a"):
        meeting = tmp_path / "set" / name
        meeting.mkdir(parents=True)
        about = {"started_at": "2005-01-19T10:55:00.250Z", "duration_s": 90.5}
        (meeting / "meeting.json").write_text(json.dumps(about))
        (meeting / "participants.json").write_text("[]")
        stamp = '{"relative": 1.0, "absolute":  "2005-01-19T10:55:01.250Z"}'
        segment = f'[{{"participant": {{"id": 100}}, "start_timestamp": {stamp}, "end_timestamp": null}}]'
        (meeting / "speaker_timeline.json").write_text(segment)
    (tmp_path / "set" / "a" / "transcript.json").write_text("[]")
    return tmp_path


def test_meetings_are_in_order_of_folder_name(folder: Path) -> None:
    world = from_folder(folder, first_day=FIRST_DAY)

    assert [world.sources[each.id].name for each in world.recordings] == ["a", "b"]
    assert world.days == [FIRST_DAY]


def test_last_day_defaults_to_yesterday(folder: Path) -> None:
    world = from_folder(folder, per_day=1)

    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    assert world.days in (
        [yesterday - timedelta(days=1), yesterday],
        [yesterday - timedelta(days=2), yesterday - timedelta(days=1)],  # midnight passed in between
    )


def test_kind_without_a_file_has_no_artifact(folder: Path) -> None:
    first, second = from_folder(folder, first_day=FIRST_DAY).recordings

    assert [each.kinds for each in first.of("transcript")] == [("transcript",)]
    assert second.of("transcript") == second.of("audio_separate") == []
    assert second.of("participant_events")[0].kinds == ("participants", "participant_events", "speaker_timeline")


def test_missing_file_of_participant_events_is_served_as_empty_list(folder: Path) -> None:
    sandbox = Sandbox(from_folder(folder, first_day=FIRST_DAY))
    events = sandbox.world.recordings[0].of("participant_events")[0]

    assert sandbox.payload(events.id, "participant_events") == b"[]"
    assert sandbox.payload(events.id, "participants") == b"[]"
    assert sandbox.payload(events.id, "speaker_timeline") != b"[]"


def test_meetings_with_any_subset_of_files_sync_completely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Sandbox(uniform(FIRST_DAY, recordings=1, words=20))
    (recording,) = source.world.recordings
    payloads = {kind: source.payload(each.id, kind) for each in recording.artifacts for kind in each.kinds}
    choices = [*combinations(payloads, 1), *combinations(payloads, 6), (), tuple(payloads)]
    choices += [("participants", "transcript"), ("participants", "speaker_timeline", "transcript"), ("provider_data",)]
    for n, choice in enumerate(choices):
        meeting = tmp_path / "real" / f"{n:02}"
        meeting.mkdir(parents=True)
        (meeting / "meeting.json").write_text(json.dumps({"started_at": "2026-01-05T09:00:00Z", "duration_s": 90.5}))
        for kind in choice:
            (meeting / f"{kind}.json").write_bytes(payloads[kind])

    with Sandbox(from_folder(tmp_path / "real", first_day=FIRST_DAY, per_day=len(choices))) as sandbox:
        use_sandbox(sandbox, monkeypatch)
        synced = command("sync", "--from", str(FIRST_DAY), "--to", str(FIRST_DAY), "--json")

    assert synced.returncode == 0, synced.stderr
    assert json.loads(synced.stdout)["missing_artifacts"] == 0
    assert sum(json.loads(synced.stdout)["recordings"].values()) == len(choices)


def test_absolute_times_move_with_the_meeting(folder: Path) -> None:
    sandbox = Sandbox(from_folder(folder, first_day=FIRST_DAY))
    recording = sandbox.world.recordings[0]
    events = recording.of("participant_events")[0]

    body = sandbox.payload(events.id, "speaker_timeline").decode()

    assert recording.started_at == datetime(2026, 2, 2, 8, 0, 12, 250_000, UTC)
    assert recording.completed_at == recording.started_at + timedelta(seconds=90.5)
    assert '"absolute":  "2026-02-02T08:00:13.250Z"' in body


def test_recording_ids_depend_on_the_day(folder: Path) -> None:
    first, again, other = (
        {each.id for each in from_folder(folder, first_day=day).recordings}
        for day in (FIRST_DAY, FIRST_DAY, FIRST_DAY + timedelta(days=1))
    )

    assert first == again
    assert not first & other


def test_all_real_meetings_are_loaded(world: World) -> None:
    assert len(world.recordings) == len(list(CORPORA.rglob("meeting.json")))
    assert max(len([r for r in world.recordings if r.day == day]) for day in world.days) == 4


def test_only_absolute_times_of_real_payloads_change(world: World) -> None:
    sandbox = Sandbox(world)
    for recording in sandbox.world.recordings[::11]:
        for artifact in recording.artifacts:
            for kind in artifact.kinds:
                source = (world.sources[recording.id] / f"{kind}.json").read_text()
                served = sandbox.payload(artifact.id, kind).decode()
                assert without_dates(served) == without_dates(source)


def test_absolute_times_match_the_start_of_the_recording(world: World) -> None:
    sandbox = Sandbox(world)
    recording = sandbox.world.recordings[3]
    events: Any = json.loads(sandbox.payload(recording.of("participant_events")[0].id, "participant_events"))

    assert recording.started_at
    for event in events:
        moment = recording.started_at + timedelta(seconds=event["timestamp"]["relative"])
        assert abs(datetime.fromisoformat(event["timestamp"]["absolute"]) - moment) < timedelta(seconds=0.002)


def without_dates(text: str) -> str:
    """The text with only the fraction of a second left of each absolute time."""
    return re.sub(r'("absolute"\s*:\s*")[^".]*', r"\1", text)
