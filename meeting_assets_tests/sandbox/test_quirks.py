"""Every fortnight has every quirk, and each quirk matches its description."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from meeting_assets.sandbox import QUIRKS, Recording, fortnight, quirks_of

from .conftest import LAST_DAY, Archive

Predicate = Callable[[Archive, Recording], bool]


def events(archive: Archive, recording: Recording) -> Any:
    return archive.read(recording, "participant_events")


def actions(archive: Archive, recording: Recording) -> list[str]:
    return [each["action"] for each in events(archive, recording)]


def names(archive: Archive, recording: Recording) -> list[str]:
    return [each["name"] for each in archive.read(recording, "participants")]


def words(archive: Archive, recording: Recording) -> list[Any]:
    return [word for entry in archive.read(recording, "transcript") for word in entry["words"]]


def parts(archive: Archive, recording: Recording) -> list[Any]:
    found: list[Any] = []
    for newest in (True, False):
        found += archive.read(recording, "provider_data", newest=newest)["parts"]
    return found


def speakers(archive: Archive, recording: Recording) -> list[Any]:
    return [entry["participant"] for entry in archive.read(recording, "transcript")]


def relative_times(archive: Archive, recording: Recording) -> list[float]:
    return [each["timestamp"]["relative"] for each in events(archive, recording)]


def joins(archive: Archive, recording: Recording) -> list[Any]:
    return [each["participant"] for each in events(archive, recording) if each["action"] == "join"]


def delay(recording: Recording) -> timedelta:
    assert recording.completed_at
    return recording.of("transcript")[-1].created_at - recording.completed_at


def respelled(archive: Archive, recording: Recording) -> bool:
    spellings = {(each["id"], each["name"]) for each in speakers(archive, recording)}
    return len(spellings) > len({participant_id for participant_id, _ in spellings})


def speaker_ids(archive: Archive, recording: Recording) -> set[Any]:
    return {each["participant"]["id"] for each in archive.read(recording, "speaker_timeline")}


def chats(archive: Archive, recording: Recording) -> set[str]:
    return {each["data"]["to"] for each in events(archive, recording) if each["data"]}


PREDICATES: dict[str, Predicate] = {
    "three_transcripts": lambda a, r: len(r.of("transcript")) == 3,
    "transcript_failed": lambda a, r: (
        [(t.status.code, bool(t.status.sub_code)) for t in r.of("transcript")] == [("failed", True), ("done", False)]
    ),
    "same_day_transcript": lambda a, r: (
        timedelta(hours=2) < delay(r) < timedelta(hours=12) and r.of("transcript")[-1].created_at.date() == r.day
    ),
    "late_transcript": lambda a, r: timedelta(days=1) < delay(r) < timedelta(days=2),
    "no_bot": lambda a, r: r.bot_id is None and r.source in ("desktop_sdk", "mobile_sdk", "direct_connect"),
    "two_recordings": lambda a, r: len(a.world.recordings_of(r.bot_id or "")) == 2,
    "no_separate_audio": lambda a, r: not r.of("audio_separate"),
    "no_separate_video": lambda a, r: not r.of("video_separate"),
    "provider_data_null": lambda a, r: any("provider_data" not in t.kinds for t in r.of("transcript")),
    "kept_forever": lambda a, r: r.expires_at is None,
    "crosses_midnight": lambda a, r: bool(r.completed_at and r.completed_at.date() > r.day),
    "provider_webhook": lambda a, r: any(p["type"] == "webhook" for p in parts(a, r)),
    "provider_http_response": lambda a, r: any(p["type"] == "http_response" for p in parts(a, r)),
    "provider_websocket_message": lambda a, r: any(p["type"] == "websocket_message" for p in parts(a, r)),
    "provider_audio_mixed": lambda a, r: any(p["source_audio"]["type"] == "mixed" for p in parts(a, r)),
    "provider_audio_separate": lambda a, r: any(p["source_audio"]["participant"] for p in parts(a, r)),
    "provider_secret_in_url": lambda a, r: any("sgn" in p["data"].get("url", "") for p in parts(a, r)),
    "captions": lambda a, r: any(
        " " in entry["words"][0]["text"] and len(entry["words"]) == 1 for entry in a.read(r, "transcript", newest=False)
    ),
    "respelled_name": respelled,
    "machine_diarization": lambda a, r: all(
        p["id"] is None and p["name"].startswith("Speaker ") for p in speakers(a, r)
    ),
    "hybrid_diarization": lambda a, r: all(p["id"] is None and p["name"].endswith("00-0") for p in speakers(a, r)),
    "untimed_words_null": lambda a, r: any(w["start_timestamp"] is None for w in words(a, r)),
    "untimed_words_absent": lambda a, r: any("start_timestamp" not in w for w in words(a, r)),
    "absolute_null": lambda a, r: all(w["start_timestamp"]["absolute"] is None for w in words(a, r)),
    "absolute_absent": lambda a, r: all(set(w["start_timestamp"]) == {"relative"} for w in words(a, r)),
    "language_code_absent": lambda a, r: all(set(e) == {"participant", "words"} for e in a.read(r, "transcript")),
    "email_absent": lambda a, r: '"email"' not in json.dumps([events(a, r), a.read(r, "participants")]),
    "lean_transcript": lambda a, r: all(set(p) == {"id", "name"} for p in speakers(a, r)),
    "japanese_meeting": lambda a, r: {e["language_code"] for e in a.read(r, "transcript")} == {"ja"},
    "silent_meeting": lambda a, r: a.read(r, "transcript") == a.read(r, "speaker_timeline") == [],
    "unknown_first_speaker": lambda a, r: speakers(a, r)[0]["id"] is speakers(a, r)[0]["name"] is None,
    "open_segments": lambda a, r: a.read(r, "speaker_timeline")[-1]["end_timestamp"] is None,
    "empty_segment_ends": lambda a, r: (
        a.read(r, "speaker_timeline")[-1]["end_timestamp"] == {"absolute": None, "relative": None}
    ),
    "negative_start": lambda a, r: a.read(r, "speaker_timeline")[0]["start_timestamp"]["relative"] < 0,
    "duplicated_events": lambda a, r: max(Counter(e["id"] for e in events(a, r)).values()) == 2,
    "out_of_order_events": lambda a, r: relative_times(a, r) != sorted(relative_times(a, r)),
    "unknown_action": lambda a, r: "hand_raised" in actions(a, r),
    "webcam_left_on": lambda a, r: actions(a, r).count("webcam_on") > actions(a, r).count("webcam_off"),
    "chat_to_everyone": lambda a, r: "everyone" in chats(a, r),
    "chat_to_only_bot": lambda a, r: "only_bot" in chats(a, r),
    "rejoin_same_id": lambda a, r: max(Counter(p["id"] for p in joins(a, r)).values()) == 2,
    "rejoin_new_id": lambda a, r: max(Counter(p["name"] for p in joins(a, r)).values()) == 2,
    "late_joiner": lambda a, r: any(
        each["timestamp"]["relative"] > 60 for each in events(a, r) if each["action"] == "join"
    ),
    "silent_participant": lambda a, r: len({p["id"] for p in a.read(r, "participants")} - speaker_ids(a, r)) > 0,
    "listed_twice": lambda a, r: max(Counter(p["id"] for p in a.read(r, "participants")).values()) == 2,
    "bot_listed": lambda a, r: a.world.bot(r.bot_id or "").name in names(a, r),
    "generic_names": lambda a, r: len({"Guest", "Participant", "Unknown", "Speaker 2"} & set(names(a, r))) == 2,
    "same_name": lambda a, r: max(Counter(names(a, r)).values()) == 2,
    "name_with_apostrophe": lambda a, r: any("'" in name for name in names(a, r)),
    "name_with_emoji": lambda a, r: any("🌊" in name for name in names(a, r)),
    "name_right_to_left": lambda a, r: any("\u0600" <= name[0] <= "\u06ff" for name in names(a, r)),
}


def test_every_quirk_has_a_description_and_a_predicate() -> None:
    assert PREDICATES.keys() == QUIRKS.keys()
    assert all(QUIRKS.values())


@pytest.mark.parametrize("last_day", [LAST_DAY + timedelta(days=n) for n in range(0, 400, 37)])
def test_any_fortnight_has_every_quirk(last_day: date) -> None:
    assert [name for name, found in quirks_of(fortnight(last_day)).items() if not found] == []


@pytest.mark.parametrize("quirk", QUIRKS)
def test_recordings_have_their_quirks(archive: Archive, quirk: str) -> None:
    for recording_id in quirks_of(archive.world)[quirk]:
        assert PREDICATES[quirk](archive, archive.world.recording(recording_id)), recording_id


@pytest.mark.parametrize("last_day", [date(2026, 11, 21), date(2027, 3, 3)])
def test_recordings_of_other_days_have_their_quirks(last_day: date) -> None:
    other = Archive(fortnight(last_day, seed=7))

    for quirk, found in quirks_of(other.world).items():
        assert PREDICATES[quirk](other, other.world.recording(found[0])), quirk


def test_duplicated_events_have_the_same_or_a_new_id(archive: Archive) -> None:
    recording = archive.world.recording(quirks_of(archive.world)["duplicated_events"][0])
    found = [(e["action"], e["participant"]["id"], e["timestamp"]["relative"]) for e in events(archive, recording)]
    ids = [e["id"] for e in events(archive, recording)]

    assert len(set(found)) < len(set(ids)) < len(ids)


def test_rejoining_with_a_new_id_splits_the_speech(archive: Archive) -> None:
    recording = archive.world.recording(quirks_of(archive.world)["rejoin_new_id"][0])
    twice = [name for name, count in Counter(names(archive, recording)).items() if count == 2]
    ids = {each["id"] for each in archive.read(recording, "participants") if each["name"] in twice}

    assert ids <= speaker_ids(archive, recording)
