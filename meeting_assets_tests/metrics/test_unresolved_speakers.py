"""Effects of unresolved speakers on the metrics."""

from __future__ import annotations

import pytest

from meeting_assets_tests.support.meeting_builder import meeting_of, metrics_of, said
from meeting_assets_tests.support.speaker_builder import (
    ADA,
    BEN,
    A,
    B,
    resolved,
    spoken_by,
    transcribed,
)


def test_label_is_no_name_of_its_participant() -> None:
    words = spoken_by(A, (0, 20), (40, 60))

    meeting = transcribed(words, names={A: "Aardvark"}, timeline=[said("300", 0, 60)], attendees=[])

    assert metrics_of(meeting).participants["300"]["name"] is None


def test_unresolved_labels_hold_the_floor_without_being_participants() -> None:
    words = [*spoken_by(A, (0, 20)), *spoken_by("200", (20, 40)), *spoken_by(B, (35, 50))]

    found = metrics_of(transcribed(words, timeline=[]))

    assert found.participants.keys() == {"100", "200"}
    assert (found.meeting["speech_s"], found.meeting["overlap_s"]) == (50.0, 5.0)
    assert found.meeting["speaker_switches"] == 2
    assert found.meeting["participant_count"] == 2


def test_columns_of_speech_are_unknown_if_little_of_it_has_a_participant() -> None:
    words = [*spoken_by(A, (0, 20)), *spoken_by("200", (20, 40))]

    found = metrics_of(transcribed(words, timeline=[]))

    assert {row["turn_count"] for row in found.participants.values()} == {None}
    assert found.meeting["turn_count"] == 2
    assert not found.windows


@pytest.mark.parametrize(("label_s", "is_measured"), [(2, True), (3, False)])
def test_columns_of_speech_need_the_attributed_share(label_s: int, is_measured: bool) -> None:
    words = [*spoken_by("200", (0, 18)), *spoken_by(A, (20, 20 + label_s))]

    found = metrics_of(transcribed(words, timeline=[]))

    assert (found.participants["200"]["turn_count"] is not None) == is_measured


@pytest.mark.parametrize(("unknown_s", "is_measured"), [(2, True), (3, False), (100, False)])
def test_speech_of_unknown_speakers_counts_as_not_attributed(unknown_s: int, is_measured: bool) -> None:
    timeline = [said("200", 0, 18), said("unknown", 18, 18 + unknown_s)]

    found = metrics_of(meeting_of(*timeline, attendees=[ADA, BEN]))

    assert (found.participants["200"]["talk_time_s"] is not None) == is_measured
    assert (found.meeting["silent_participants"] is not None) == is_measured


def test_meeting_of_unknown_speakers_has_no_silent_participants() -> None:
    found = metrics_of(meeting_of(said("unknown", 0, 20), attendees=[ADA, BEN]))

    assert found.talk_times_s() == {"100": None, "200": None}
    assert (found.meeting["silent_participants"], found.meeting["speech_s"]) == (None, 20)


def test_attributed_word_share_is_that_of_words_with_participants() -> None:
    words = [*spoken_by("200", (0, 30)), *spoken_by(A, (30, 36)), *spoken_by("unknown", (36, 40))]

    assert metrics_of(transcribed(words, timeline=[])).quality["attributed_word_share"] == 0.75
    assert metrics_of(meeting_of()).quality["attributed_word_share"] is None


def test_meeting_with_ids_is_not_rewritten() -> None:
    meeting = transcribed(spoken_by("100", (0, 20)), attribution="platform")

    found = resolved(meeting).meeting

    assert found.words is meeting.words
    assert found == meeting
