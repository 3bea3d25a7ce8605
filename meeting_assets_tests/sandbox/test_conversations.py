"""Words, speaker timeline and events of a sample meeting are consistent."""

from collections import defaultdict
from itertools import pairwise
from typing import Any

import pytest

from meeting_assets.sandbox import Recording

from .conftest import Archive

UNNAMED_SPEAKERS = ("machine_diarization", "hybrid_diarization", "lean_transcript", "captions")
TOLERANCE_S = 0.002


def plain(archive: Archive) -> list[Recording]:
    """Meetings whose transcripts name all participants and have a time for every word."""
    return [each for each in archive.world.recordings if not set(each.quirks) & set(UNNAMED_SPEAKERS)]


def spans(timeline: Any, end_s: float) -> dict[Any, list[tuple[float, float]]]:
    found = defaultdict(list)
    for segment in timeline:
        end = (segment["end_timestamp"] or {}).get("relative")
        found[segment["participant"]["id"]].append(
            (segment["start_timestamp"]["relative"], end_s if end is None else end)
        )
    return found


def timed_words(transcript: Any) -> list[tuple[Any, float, float]]:
    return [
        (entry["participant"]["id"], word["start_timestamp"]["relative"], word["end_timestamp"]["relative"])
        for entry in transcript
        for word in entry["words"]
        if word.get("start_timestamp")
    ]


def test_every_word_is_within_a_segment_of_its_speaker(archive: Archive) -> None:
    for recording in plain(archive):
        timeline = spans(archive.read(recording, "speaker_timeline"), recording.planned_s)
        for speaker, start_s, end_s in timed_words(archive.read(recording, "transcript")):
            assert any(
                start <= start_s + TOLERANCE_S and end_s <= end + TOLERANCE_S for start, end in timeline[speaker]
            ), (recording.id, speaker, start_s)


def test_every_segment_starts_and_ends_with_a_word(archive: Archive) -> None:
    for recording in plain(archive):
        if {"untimed_words_null", "untimed_words_absent"} & set(recording.quirks):
            continue
        words = timed_words(archive.read(recording, "transcript"))
        starts, ends = (
            {(participant, start) for participant, start, _ in words},
            {(participant, end) for participant, _, end in words},
        )
        for segment in archive.read(recording, "speaker_timeline"):
            participant = segment["participant"]["id"]
            assert (participant, segment["start_timestamp"]["relative"]) in starts
            end = (segment["end_timestamp"] or {}).get("relative")
            assert end is None or (participant, end) in ends


def test_speech_events_match_segment_boundaries(archive: Archive) -> None:
    for recording in archive.world.recordings:
        timeline = archive.read(recording, "speaker_timeline")
        events = archive.read(recording, "participant_events")
        noted = {
            (each["action"], each["participant"]["id"], each["timestamp"]["relative"])
            for each in events
            if each["action"].startswith("speech")
        }
        edges = set()
        for segment in timeline:
            participant, end = segment["participant"]["id"], (segment["end_timestamp"] or {}).get("relative")
            edges.add(("speech_on", participant, segment["start_timestamp"]["relative"]))
            edges |= {("speech_off", participant, end)} if end is not None else set()
        assert noted == edges


def test_participants_speak_only_between_join_and_leave(archive: Archive) -> None:
    for recording in archive.world.recordings:
        first: dict[Any, float] = {}
        last: dict[Any, float] = {}
        for event in archive.read(recording, "participant_events"):
            participant, at_s = event["participant"]["id"], event["timestamp"]["relative"]
            if event["action"] == "join":
                first[participant] = min(at_s, first.get(participant, at_s))
            elif event["action"] == "leave":
                last[participant] = max(at_s, last.get(participant, at_s))
        # An open segment has no known end; 0 s always passes.
        for participant, segments in spans(archive.read(recording, "speaker_timeline"), 0.0).items():
            if participant is not None:
                assert first[participant] <= min(start for start, _ in segments)
                assert max(end for _, end in segments) <= last[participant] + TOLERANCE_S


def test_only_segments_of_different_speakers_overlap(archive: Archive) -> None:
    overlaps = 0
    for recording in plain(archive):
        everyone_s = []
        for segments in spans(archive.read(recording, "speaker_timeline"), recording.planned_s).values():
            ordered = sorted(segments)
            assert all(a[1] <= b[0] + TOLERANCE_S for a, b in pairwise(ordered))
            everyone_s += ordered
        everyone_s.sort()
        overlaps += sum(a[1] > b[0] + TOLERANCE_S for a, b in pairwise(everyone_s))

    assert overlaps > 1000


def test_participants_speak_135_to_195_words_per_minute(archive: Archive) -> None:
    for recording in plain(archive):
        spoken_s: dict[Any, float] = defaultdict(float)
        count: dict[Any, int] = defaultdict(int)
        for entry in archive.read(recording, "transcript"):
            words = [word for word in entry["words"] if word.get("start_timestamp")]
            if len(words) < 2 or entry["participant"]["id"] is None:
                continue
            participant = entry["participant"]["id"]
            spoken_s[participant] += words[-1]["end_timestamp"]["relative"] - words[0]["start_timestamp"]["relative"]
            count[participant] += len(words)
        for participant, words_spoken in count.items():
            if words_spoken > 100:
                assert 135 <= words_spoken / spoken_s[participant] * 60 <= 195


def test_all_speech_is_within_the_recording(archive: Archive) -> None:
    for recording in archive.world.recordings:
        for segment in archive.read(recording, "speaker_timeline"):
            end = (segment["end_timestamp"] or {}).get("relative") or 0.0
            assert end < recording.planned_s
            if "negative_start" not in recording.quirks:
                assert segment["start_timestamp"]["relative"] >= 0


def test_every_speaker_has_an_audio_part(archive: Archive) -> None:
    for recording in archive.world.recordings:
        if not archive.has(recording, "audio_separate"):
            continue
        heard = {each["participant"]["id"] for each in archive.read(recording, "audio_separate")}
        speaking = {each["participant"]["id"] for each in archive.read(recording, "speaker_timeline")}
        assert heard == speaking - {None}


def test_video_parts_match_events(archive: Archive) -> None:
    for recording in archive.world.recordings:
        if not archive.has(recording, "video_separate"):
            continue
        events = {
            (each["action"], each["participant"]["id"], each["timestamp"]["relative"])
            for each in archive.read(recording, "participant_events")
        }
        for part in archive.read(recording, "video_separate"):
            started = part["start_timestamp"]["relative"]
            assert (f"{part['type']}_on", part["participant"]["id"], started) in events


def test_email_address_appears_in_an_update_after_the_join(archive: Archive) -> None:
    for recording in archive.world.recordings:
        if "out_of_order_events" in recording.quirks:
            continue
        events = archive.read(recording, "participant_events")
        joins = {each["participant"]["id"]: each for each in reversed(events) if each["action"] == "join"}
        for person in archive.read(recording, "participants"):
            first = joins[person["id"]]["participant"]
            updates = [each for each in events if each["action"] == "update"]
            if person.get("email"):
                assert first["email"] is None
                assert any(each["participant"]["email"] == person["email"] for each in updates)


@pytest.mark.parametrize(
    ("platform", "decimals"), [("zoom", 6), ("google_meet", 6), ("microsoft_teams", 3), ("webex", 3)]
)
def test_absolute_times_have_the_decimals_of_the_platform(archive: Archive, platform: str, decimals: int) -> None:
    world = archive.world
    meetings = [
        each
        for each in world.recordings
        if each.bot_id
        and world.bot(each.bot_id).platform == platform
        and not {"absolute_null", "silent_meeting"} & set(each.quirks)
    ]

    assert meetings
    for recording in meetings:
        absolute = archive.read(recording, "speaker_timeline")[0]["start_timestamp"]["absolute"]
        assert len(absolute.partition(".")[2].removesuffix("Z")) == decimals


def test_transcripts_contain_no_phrase_syntax(archive: Archive) -> None:
    for recording in archive.world.recordings:
        for entry in archive.read(recording, "transcript"):
            text = " ".join(word["text"] for word in entry["words"])
            assert not set(text) & set("{}<>|@~"), text
            assert not any(pair in text for pair in ("..", "?.", ".?", " ,", "??", ",,", ",.", ":.")), text
