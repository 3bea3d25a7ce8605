from __future__ import annotations

import pytest

from meeting_assets.metrics.meeting import MeetingInput, RawSegment, Word
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.speech import spoken_meeting
from meeting_assets_tests.support.meeting_builder import TRANSCRIPT_ID, meeting_of, metrics_of, said, word

US = 1e-6
HALF_HOUR_S = 1800


def has_one_stream(meeting: MeetingInput) -> bool:
    return spoken_meeting(meeting, Parameters()).is_single_stream


def captioned(*timeline: RawSegment, provider: str = "meeting_captions") -> MeetingInput:
    words: list[Word] = [word("ann", 0, 10, "Shall we begin?"), word("bo", 9, 20, "Let us wait for the others.")]
    return meeting_of(*timeline, words=words, transcript_id=TRANSCRIPT_ID, provider=provider)


def talk(length_s: float, *, overlap_s: float = 0, speakers: tuple[str, str] = ("ann", "bo")) -> MeetingInput:
    """Two turns without a pause that make up a length of speech, the later one starting before the earlier one ends."""
    one, other = speakers
    middle_s = length_s / 2
    return meeting_of(said(one, 0, middle_s + overlap_s), said(other, middle_s, length_s), duration_s=length_s)


def test_times_of_captions_are_a_single_stream() -> None:
    assert has_one_stream(captioned())


def test_words_of_another_provider_and_captions_beside_a_timeline_are_not() -> None:
    assert not has_one_stream(captioned(provider="assembly_ai_async"))
    assert not has_one_stream(captioned(said("ann", 0, 10), said("bo", 9, 20)))


@pytest.mark.parametrize(("length_s", "is_one"), [(HALF_HOUR_S, True), (HALF_HOUR_S - US, False)])
def test_half_an_hour_of_speech_without_overlap_is_a_single_stream(length_s: float, is_one: bool) -> None:
    assert has_one_stream(talk(length_s)) is is_one


@pytest.mark.parametrize(("overlap_s", "is_one"), [(0.3 - US, True), (0.3, False)])
def test_overlap_of_ten_milliseconds_a_minute_is_more_than_a_single_stream(overlap_s: float, is_one: bool) -> None:
    assert has_one_stream(talk(HALF_HOUR_S, overlap_s=overlap_s)) is is_one


def test_one_speaker_alone_is_no_single_stream() -> None:
    assert not has_one_stream(talk(HALF_HOUR_S, speakers=("ann", "ann")))


def test_meeting_without_speech_is_no_single_stream() -> None:
    assert not has_one_stream(meeting_of())


def test_overlap_interruptions_and_offsets_of_a_single_stream_are_unknown() -> None:
    metrics = metrics_of(captioned())

    for name in ("interruption_count", "fto_median_s", "fto_count", "overlap_between_count", "overlap_within_count"):
        assert metrics.meeting[name] is None, name
    for row in (metrics.meeting, *metrics.participants.values()):
        assert row["response_latency_s"] is None
    for row in metrics.participants.values():
        names = "interruptions_made", "interruptions_successful", "interruptions_received"
        assert [row[name] for name in names] == [None] * 3


def test_turns_backchannels_and_silences_of_a_single_stream_are_known() -> None:
    metrics = metrics_of(captioned())

    assert (metrics.meeting["turn_count"], metrics.meeting["speaker_switches"]) == (2, 1)
    assert (metrics.meeting["backchannel_count"], metrics.meeting["gap_count"]) == (0, 0)
    assert [row["reply_count"] for row in metrics.participants.values()] == [0, 1]
