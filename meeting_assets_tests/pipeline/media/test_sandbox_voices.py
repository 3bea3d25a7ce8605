"""The voices of sample meetings: timeline, words and audio agree as they were made, and wrong tracks are noticed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.audio_formats import AudioFormat
from meeting_assets.metrics.audio_activity import activity_intervals
from meeting_assets.metrics.meeting import MeetingInput, RawSegment
from meeting_assets.metrics.timeline.intervals import intersection_us, length_us, to_microseconds, union
from meeting_assets.pipeline.media.conversion import convert_pcm
from meeting_assets.pipeline.media.voice_detection import speech_flags
from meeting_assets.sandbox.fortnight import fortnight
from meeting_assets.sandbox.media.content import chunks
from meeting_assets.sandbox.media.sources import Voices, file_names, parts_of, speech_in
from meeting_assets.sandbox.world import Artifact, Recording
from meeting_assets_tests.support.meeting_builder import TRANSCRIPT_ID, metrics_of
from meeting_assets_tests.support.payloads import tables_from

pytestmark = pytest.mark.deployment

LAST_DAY = date(2026, 3, 14)
MEETINGS = 2
MOST_AUDIO_S = 4000
AGREED = 0.95


@cache
def meetings_with_audio() -> list[tuple[Recording, Artifact]]:
    """Sample meetings with little separate audio in total, and complete speaker timelines."""
    found = [
        (recording, artifact)
        for recording in fortnight(LAST_DAY).recordings
        for artifact in recording.artifacts
        if artifact.collection == "audio_separate" and artifact.status.code == "done"
    ]
    return [
        (recording, artifact)
        for recording, artifact in found
        if 0 < sum(part["duration"] for part in parts_of(artifact)) < MOST_AUDIO_S
        and "open_segments" not in recording.quirks
    ][:MEETINGS]


@cache
def activity(number: int) -> Mapping[str, list[tuple[int, int]]]:
    """Voice activity of each participant's converted files, in microseconds of the recording."""
    recording, artifact = meetings_with_audio()[number]
    found: dict[str, list[tuple[int, int]]] = {}
    for part, name in zip(parts_of(artifact), file_names(artifact), strict=True):
        path = FOLDER / name
        with path.open("wb") as file:
            file.writelines(chunks(Voices().content(recording, artifact, name, 0)))
        converted = convert_pcm(path, AudioFormat.FLAC)
        start_us = to_microseconds(part["start_timestamp"]["relative"])
        intervals = activity_intervals(speech_flags(converted), start_us)
        found.setdefault(str(part["participant"]["id"]), []).extend(intervals)
        path.unlink()
        converted.unlink()
    return found


FOLDER = Path()


@pytest.fixture(autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    global FOLDER
    FOLDER = tmp_path_factory.mktemp("voices")


def meeting(number: int, audio: Mapping[str, list[tuple[int, int]]]) -> MeetingInput:
    """The parsed rows of a sample meeting, with this voice activity."""
    recording, _ = meetings_with_audio()[number]
    payloads = {kind: payload.body() for each in recording.artifacts for kind, payload in each.payloads.items()}

    def rows(kind: str, table: str) -> list[dict[str, Any]]:
        return tables_from(ARTIFACTS[kind], payloads[kind])[table]

    names = ("participant_key", "speaker_name", "start_s", "end_s")
    return MeetingInput(
        "0b6e4a60-5d4f-4f0e-8d1c-2f8f1c7d9a01",
        recording.started_at,
        recording.completed_at,
        timeline=[RawSegment(*(row[name] for name in names)) for row in rows("speaker_timeline", "speaker_timeline")],
        words=[
            (row["participant_key"], row["start_s"], row["end_s"], row["text"])
            for row in rows("transcript", "transcript_words")
        ],
        transcript_id=TRANSCRIPT_ID,
        audio=[
            RawSegment(key, None, start / 1_000_000, end / 1_000_000)
            for key, own in audio.items()
            for start, end in own
        ],
        audio_tracks=tuple(audio),
    )


@pytest.mark.parametrize("number", range(MEETINGS))
def test_activity_is_the_speech_that_was_synthesized(number: int) -> None:
    made = {
        str(key): union((to_microseconds(start_s), to_microseconds(end_s)) for start_s, end_s in spans)
        for key, spans in speech_in(meetings_with_audio()[number][0]).items()
    }
    found = {key: union(own) for key, own in activity(number).items()}

    shared_us = sum(intersection_us(made.get(key, ()), own) for key, own in found.items())
    assert shared_us >= AGREED * sum(map(length_us, found.values()))
    assert shared_us >= AGREED * sum(length_us(made[key]) for key in found if key in made)


@pytest.mark.parametrize("number", range(MEETINGS))
def test_timeline_words_and_audio_agree(number: int) -> None:
    quality = metrics_of(meeting(number, activity(number))).quality

    assert quality["audio_timeline_coverage"] >= AGREED
    assert quality["word_audio_coverage"] >= AGREED
    assert quality["audio_word_coverage"] >= AGREED
    # The timeline of the platform spans pauses between sentences, which neither words nor audio do.
    assert quality["timeline_audio_coverage"] >= quality["timeline_word_coverage"] / quality["word_timeline_coverage"]
    assert (quality["swapped_tracks"], quality["shifted_tracks"], quality["misaligned_tracks"]) == (0, 0, None)


@pytest.mark.parametrize("number", range(MEETINGS))
@pytest.mark.parametrize("shift_us", [500_000, -500_000])
def test_track_that_is_off_by_half_a_second_is_named(number: int, shift_us: int) -> None:
    audio = dict(activity(number))
    key = max(audio, key=lambda each: length_us(audio[each]))
    audio[key] = [(start + shift_us, end + shift_us) for start, end in audio[key]]

    quality = metrics_of(meeting(number, audio)).quality

    assert (quality["shifted_tracks"], quality["swapped_tracks"], quality["misaligned_tracks"]) == (1, 0, key)
    assert quality["audio_shift_s"] == pytest.approx(shift_us / 1_000_000, abs=0.12)


@pytest.mark.parametrize("number", range(MEETINGS))
def test_swapped_tracks_are_named(number: int) -> None:
    audio = dict(activity(number))
    one, other = sorted(audio, key=lambda each: length_us(audio[each]))[-2:]
    audio[one], audio[other] = audio[other], audio[one]

    quality = metrics_of(meeting(number, audio)).quality

    assert (quality["swapped_tracks"], quality["shifted_tracks"]) == (2, 0)
    assert quality["misaligned_tracks"] == ",".join(sorted((one, other)))


def test_swap_is_noticed_against_words_alone() -> None:
    audio = dict(activity(0))
    one, other = sorted(audio, key=lambda each: length_us(audio[each]))[-2:]
    audio[one], audio[other] = audio[other], audio[one]

    quality = metrics_of(replace(meeting(0, audio), timeline=[])).quality

    assert quality["misaligned_tracks"] == ",".join(sorted((one, other)))
