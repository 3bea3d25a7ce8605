"""The fortnight of sample meetings is deterministic and varied."""

import json
from collections import Counter
from datetime import date, timedelta

import pytest

from meeting_assets.sandbox import Recording, Sandbox, fortnight
from meeting_assets.sandbox.world import KINDS

from .conftest import LAST_DAY, Archive

LAST_DAYS = [LAST_DAY + timedelta(days=n) for n in range(14)]


def word_count(archive: Archive, recording: Recording) -> int:
    transcript = archive.read(recording, "transcript")
    return sum(len(word["text"].split()) for entry in transcript for word in entry["words"])


def test_fortnights_of_consecutive_days_share_thirteen_days() -> None:
    today, tomorrow = fortnight(LAST_DAY), fortnight(LAST_DAY + timedelta(days=1))

    shared = {each.id: each for each in today.recordings if each.day > today.first_day}
    again = {each.id: each for each in tomorrow.recordings if each.day <= LAST_DAY}
    assert shared.keys() == again.keys()
    assert all(each.created_at == again[key].created_at for key, each in shared.items())
    assert {a.id for each in shared.values() for a in each.artifacts} == {
        a.id for each in again.values() for a in each.artifacts
    }


def test_payloads_of_a_date_are_the_same_in_every_fortnight() -> None:
    first, second = Archive(fortnight(LAST_DAY)), Archive(fortnight(LAST_DAY + timedelta(days=3)))
    recording = first.world.recordings[-2]

    for kind in ("participants", "participant_events", "speaker_timeline", "transcript"):
        assert first.read(recording, kind) == second.read(second.world.recording(recording.id), kind)


def test_seed_changes_the_meetings() -> None:
    ids = [{each.id for each in fortnight(LAST_DAY, seed=seed).recordings} for seed in (0, 1)]

    assert not ids[0] & ids[1]


@pytest.mark.parametrize("last_day", LAST_DAYS)
def test_any_fourteen_days_have_forty_meetings_on_four_platforms(last_day: date) -> None:
    world = fortnight(last_day)

    bots = {bot.id: bot for bot in world.bots}
    platforms = {bots[each.bot_id].platform for each in world.recordings if each.bot_id}
    assert len(world.days) == 14
    assert (world.first_day, world.last_day) == (last_day - timedelta(days=13), last_day)
    assert len(world.recordings) >= 40
    assert platforms == {"zoom", "google_meet", "microsoft_teams", "webex"}
    assert {each.day for each in world.recordings} < set(world.days)


@pytest.mark.parametrize("last_day", LAST_DAYS)
def test_meetings_last_5_to_60_minutes(last_day: date) -> None:
    lengths_s = [each.planned_s for each in fortnight(last_day).recordings]

    assert min(lengths_s) >= 300
    assert max(lengths_s) <= 3600


def test_times_of_a_recording_are_in_order() -> None:
    for recording in fortnight(LAST_DAY).recordings:
        assert recording.started_at
        assert recording.completed_at
        assert recording.created_at < recording.started_at < recording.completed_at
        assert all(each.created_at > recording.completed_at for each in recording.artifacts)
        assert all(each.status.updated_at > each.created_at for each in recording.artifacts)
        assert all(each.created_at < recording.completed_at + timedelta(days=2) for each in recording.artifacts)
        if recording.expires_at:
            assert recording.expires_at - recording.completed_at == timedelta(hours=168)


def test_fortnight_has_150_000_words_and_3_to_8_participants_per_meeting(archive: Archive) -> None:
    words = 0
    for recording in archive.world.recordings:
        people = {each["id"] for each in archive.read(recording, "participants")}
        words += word_count(archive, recording)
        assert 3 <= len(people) <= 8 + ("rejoin_new_id" in recording.quirks)

    assert words >= 150_000


def test_all_downloadable_artifacts_but_one_are_done(archive: Archive) -> None:
    artifacts = [each for recording in archive.world.recordings for each in recording.artifacts]
    codes = Counter(each.status.code for each in artifacts if each.collection in KINDS)

    assert codes == {"done": sum(codes.values()) - 1, "failed": 1}
    assert {each.status.code for each in archive.world.recordings} == {"done"}


def test_payloads_are_generated_on_first_access() -> None:
    sandbox = Sandbox(fortnight(LAST_DAY))
    transcript = sandbox.world.recordings[0].of("transcript")[0]

    assert transcript.payloads["transcript"]._body is None
    assert json.loads(sandbox.payload(transcript.id, "transcript"))
