"""Agreement of separate audio with timeline and words; swapped and shifted tracks are named, aligned ones are not."""

from __future__ import annotations

import random
from typing import Any

import pytest

from meeting_assets.metrics.audio_agreement import AudioAgreement
from meeting_assets.metrics.meeting import RawSegment, Word
from meeting_assets.metrics.parameters import Parameters
from meeting_assets_tests.support.meeting_builder import (
    TRANSCRIPT_ID,
    attendees,
    bot,
    meeting_of,
    metrics_of,
    said,
    word,
)

DURATION_S = 600.0
KEYS = ("ann", "bo", "cy")


def conversation(seed: int = 1) -> list[RawSegment]:
    """Ten minutes in which three people take turns of 1 to 8 s, with pauses and overlaps."""
    chance = random.Random(seed)
    segments, at_s = [], 1.0
    while at_s < DURATION_S - 20:
        length_s = chance.uniform(1.0, 8.0)
        segments.append(said(chance.choice(KEYS), round(at_s, 2), round(at_s + length_s, 2)))
        at_s += length_s + chance.uniform(-0.5, 2.0)
    return segments


def as_words(segments: list[RawSegment]) -> list[Word]:
    return [word(each.participant_key, each.start_s, each.end_s) for each in segments]


def moved(segments: list[RawSegment], by_s: dict[str, float]) -> list[RawSegment]:
    return [
        said(key, (start_s or 0) + by_s.get(key, 0.0), (end_s or 0) + by_s.get(key, 0.0))
        for key, _, start_s, end_s in segments
    ]


def renamed(segments: list[RawSegment], new: dict[str, str]) -> list[RawSegment]:
    return [each._replace(participant_key=new.get(each.participant_key, each.participant_key)) for each in segments]


def agreement(audio: list[RawSegment], **given: Any) -> dict[str, Any]:
    timeline = given.pop("timeline", conversation())
    facts = {"audio_tracks": KEYS, "attendees": attendees(*KEYS), "duration_s": DURATION_S}
    quality = metrics_of(meeting_of(*timeline, audio=audio, **{**facts, **given})).quality
    return {name: quality[name] for name in AudioAgreement.model_fields}


def test_equal_sources_agree_completely() -> None:
    segments = conversation()

    assert agreement(segments, words=as_words(segments), transcript_id=TRANSCRIPT_ID) == {
        "timeline_audio_coverage": pytest.approx(1.0),
        "audio_timeline_coverage": pytest.approx(1.0),
        "word_audio_coverage": pytest.approx(1.0),
        "audio_word_coverage": pytest.approx(1.0),
        "swapped_tracks": 0,
        "shifted_tracks": 0,
        "audio_shift_s": 0.0,
        "misaligned_tracks": None,
    }


def test_all_columns_are_null_without_analysed_audio() -> None:
    assert set(agreement([], audio_tracks=()).values()) == {None}


@pytest.mark.parametrize("shift_s", [-2.0, -0.5, 0.5, 1.2, 4.0])
def test_shifted_track_is_named_with_its_lag(shift_s: float) -> None:
    found = agreement(moved(conversation(), {"bo": shift_s}))

    assert (found["shifted_tracks"], found["swapped_tracks"], found["misaligned_tracks"]) == (1, 0, "bo")
    assert found["audio_shift_s"] == pytest.approx(shift_s, abs=0.05)


def test_recording_with_late_audio_has_all_tracks_shifted() -> None:
    found = agreement(moved(conversation(), dict.fromkeys(KEYS, 0.5)))

    assert (found["shifted_tracks"], found["misaligned_tracks"]) == (3, "ann,bo,cy")
    assert found["audio_shift_s"] == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("shift_s", [-0.2, 0.1, 0.2])
def test_delay_of_the_platform_is_no_shift(shift_s: float) -> None:
    found = agreement(moved(conversation(), dict.fromkeys(KEYS, shift_s)))

    assert (found["shifted_tracks"], found["audio_shift_s"]) == (0, 0.0)


def test_swapped_tracks_are_named() -> None:
    found = agreement(renamed(conversation(), {"ann": "bo", "bo": "ann"}))

    assert (found["swapped_tracks"], found["shifted_tracks"], found["misaligned_tracks"]) == (2, 0, "ann,bo")
    assert found["timeline_audio_coverage"] < 0.6


def test_three_tracks_in_a_circle_are_swapped() -> None:
    found = agreement(renamed(conversation(), {"ann": "bo", "bo": "cy", "cy": "ann"}))

    assert (found["swapped_tracks"], found["misaligned_tracks"]) == (3, "ann,bo,cy")


def test_words_are_the_reference_without_a_timeline() -> None:
    segments = conversation()

    found = agreement(
        renamed(segments, {"ann": "bo", "bo": "ann"}),
        timeline=[],
        words=as_words(segments),
        transcript_id=TRANSCRIPT_ID,
    )

    assert (found["swapped_tracks"], found["timeline_audio_coverage"]) == (2, None)
    assert found["word_audio_coverage"] < 0.6


def test_silent_track_lowers_the_coverage_of_the_timeline() -> None:
    segments = conversation()
    audio = [each for each in segments if each.participant_key != "cy"]

    found = agreement(audio)

    assert found["audio_timeline_coverage"] == pytest.approx(1.0)
    assert 0.5 < found["timeline_audio_coverage"] < 0.8


def test_participant_without_separate_audio_is_left_out() -> None:
    audio = [each for each in conversation() if each.participant_key != "cy"]

    assert agreement(audio, audio_tracks=("ann", "bo"))["timeline_audio_coverage"] == pytest.approx(1.0)


def test_tracks_with_little_speech_are_not_judged() -> None:
    found = agreement([said("ann", 2, 4)], timeline=[said("ann", 1, 3)])

    assert found["timeline_audio_coverage"] == pytest.approx(0.5)
    assert (found["swapped_tracks"], found["shifted_tracks"], found["audio_shift_s"]) == (None, None, None)


def test_audio_of_a_bot_is_left_out() -> None:
    found = agreement([said("note", 1, 90)], audio_tracks=("note",), attendees=[bot("note")], bot_names=["Note"])

    assert set(found.values()) == {None}


def test_pauses_inside_an_utterance_lower_no_coverage() -> None:
    found = agreement([said("ann", 10, 12), said("ann", 12.15, 14)], timeline=[said("ann", 10, 14)])

    assert found["timeline_audio_coverage"] == pytest.approx(1.0)


def test_preferred_audio_times_the_speech() -> None:
    meeting = meeting_of(
        said("ann", 0, 50), audio=[said("ann", 10, 20)], audio_tracks=("ann",), attendees=attendees("ann")
    )

    metrics = metrics_of(meeting, Parameters(timing_source="audio"))

    assert metrics.meeting["timing_source"] == "audio"
    assert metrics.talk_times_s() == {"ann": 10.0}


def test_audio_times_the_speech_where_no_other_source_does() -> None:
    metrics = metrics_of(meeting_of(audio=[said("ann", 10, 20)], audio_tracks=("ann",), attendees=attendees("ann")))

    assert (metrics.meeting["timing_source"], metrics.meeting["speech_s"]) == ("audio", 10.0)


def test_timeline_times_the_speech_by_default() -> None:
    metrics = metrics_of(
        meeting_of(said("ann", 0, 50), audio=[said("ann", 10, 20)], audio_tracks=("ann",), attendees=attendees("ann"))
    )

    assert metrics.meeting["timing_source"] == "speaker_timeline"
