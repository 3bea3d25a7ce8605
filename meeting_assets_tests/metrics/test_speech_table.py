"""The tables `speakers` and `speech` contain all that the metrics of speech and words derive from."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import SQLModel

from meeting_assets.metrics import metric_rows
from meeting_assets.metrics.meeting import MeetingInput, RawSegment, Utterance, Word
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.speakers import Speakers
from meeting_assets.metrics.speech_table import SpeechRows
from meeting_assets_tests.support.meeting_builder import (
    TRANSCRIPT_ID,
    attendees,
    bot,
    meeting_of,
    metrics_of,
    said,
    word,
)

PEOPLE = ("100", "200", "300")
KEYS = (*PEOPLE, "900", "label:A", "label:B", "label:100-0", "unknown")
times = st.none() | st.integers(-5_000, 105_000).map(lambda ms: ms / 1000) | st.integers(0, 100).map(float)
timelines = st.lists(st.builds(said, st.sampled_from(KEYS), times, times), max_size=15)
spoken = st.lists(
    st.builds(word, st.sampled_from(KEYS), times, times, st.sampled_from(("so", "two words", "-"))), max_size=30
)


def meeting_with(timeline: list[RawSegment], words: list[Word], attribution: str = "voices") -> MeetingInput:
    utterances = [Utterance(key, None, len(text.replace("-", "").split()), text) for key, _, _, text in words]
    return meeting_of(
        *timeline,
        attendees=[*attendees(*PEOPLE), bot("900")],
        words=words,
        utterances=utterances,
        transcript_id=TRANSCRIPT_ID,
        attribution=attribution,
    )


def rows_of(table: type[SQLModel], meeting: MeetingInput) -> list[dict[str, Any]]:
    rows = metric_rows(meeting, Parameters(), "hash")[table]
    return [dict(zip(table.model_fields, row, strict=True)) for row in rows]


@given(timelines, spoken)
def test_talk_time_is_the_sum_of_speech(timeline: list[RawSegment], words: list[Word]) -> None:
    meeting = meeting_with(timeline, words)
    found = metrics_of(meeting)
    summed: dict[str, float] = defaultdict(float)
    for row in rows_of(SpeechRows, meeting):
        summed[row["participant_key"]] += row["end_s"] - row["start_s"]

    for key, talk_time_s in found.talk_times_s().items():
        assert talk_time_s is None or talk_time_s == pytest.approx(summed[key], abs=1e-9)
    if found.meeting["timing_source"]:
        assert found.meeting["unattributed_speech_s"] == pytest.approx(summed["unknown"], abs=1e-9)
    assert "900" not in summed


@given(timelines, spoken)
def test_metrics_of_speech_follow_from_the_rows_of_speech(timeline: list[RawSegment], words: list[Word]) -> None:
    meeting = meeting_with(timeline, words)
    rows = rows_of(SpeechRows, meeting)
    replayed = [said(row["participant_key"], row["start_s"], row["end_s"]) for row in rows]
    stored = metrics_of(meeting)

    again = metrics_of(meeting_with(replayed, words))

    same = ("speech_s", "overlap_s", "silence_s", "span_s", "gini_talk", "longest_silence_s", "first_speech_s")
    if rows:
        assert {name: again.meeting[name] for name in same} == {name: stored.meeting[name] for name in same}
        assert again.talk_times_s() == stored.talk_times_s()
        assert [row["talk_s"] for row in again.windows] == [row["talk_s"] for row in stored.windows]


@given(timelines, spoken)
def test_rows_of_speech_are_in_order_and_apart(timeline: list[RawSegment], words: list[Word]) -> None:
    rows = rows_of(SpeechRows, meeting_with(timeline, words))

    order = [(row["start_s"], row["end_s"], row["participant_key"]) for row in rows]
    assert order == sorted(order)
    assert [row["segment_index"] for row in rows] == list(range(len(rows)))
    assert len({row["source"] for row in rows}) <= 1
    ends: dict[str, float] = {}
    for start_s, end_s, key in order:
        assert ends.get(key, -math.inf) < start_s < end_s
        ends[key] = end_s


@given(timelines, spoken)
def test_words_of_participants_are_those_of_their_speakers(timeline: list[RawSegment], words: list[Word]) -> None:
    meeting = meeting_with(timeline, words)
    found = metrics_of(meeting)
    speakers = [row for row in rows_of(Speakers, meeting) if row["source"] == "transcript"]
    counts: dict[str | None, int] = defaultdict(int)
    for row in speakers:
        counts[row["participant_key"]] += row["word_count"]

    for key, row in found.participants.items():
        assert row["word_count"] in {None, counts[key]}
    total = sum(counts.values())
    assert found.quality["attributed_word_share"] == (None if not total else (total - counts[None]) / total)


@given(timelines, spoken)
def test_every_speaker_key_has_a_row_in_each_of_its_sources(timeline: list[RawSegment], words: list[Word]) -> None:
    rows = rows_of(Speakers, meeting_with(timeline, words))

    found = [(row["source"], row["speaker_key"]) for row in rows]
    assert len(found) == len(set(found))
    assert set(found) == {("speaker_timeline", each[0]) for each in timeline} | {
        ("transcript", each[0]) for each in words
    }
    for row in rows:
        assert (row["participant_key"] is None) == (row["method"] == "none")
        assert row["evidence"] is None or 0 <= row["runner_up"] <= row["evidence"] <= 1


def test_words_of_a_segment_are_those_that_its_speaker_starts_in_it() -> None:
    words = [
        *(word("100", 1, 2), word("100", 9.5, 11), word("100", 10, 12)),
        *(word("200", 3, 4), word("100", 20, 21, "two words"), word("100", None, None)),
    ]

    rows = rows_of(SpeechRows, meeting_with([said("100", 0, 10), said("100", 20, 30), said("300", 0, 99)], words))

    assert [(row["participant_key"], row["start_s"], row["word_count"]) for row in rows] == [
        ("100", 0.0, 2),
        ("300", 0.0, 0),
        ("100", 20.0, 2),
    ]


def test_segments_have_no_word_count_without_a_transcript() -> None:
    assert [row["word_count"] for row in rows_of(SpeechRows, meeting_of(said("100", 0, 10)))] == [None]


def test_meeting_without_speech_has_no_rows() -> None:
    assert rows_of(SpeechRows, meeting_of()) == rows_of(Speakers, meeting_of()) == []
