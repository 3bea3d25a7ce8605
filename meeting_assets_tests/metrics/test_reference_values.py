"""Compares real meetings with pyannote.core, PySAL and SciPy: clean, noisy, and by their other sources."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from meeting_assets.metrics.parameters import Parameters
from meeting_assets_tests.support.corpora import AMI_MEETINGS, MEETINGS, document, is_single_stream, meeting_in
from meeting_assets_tests.support.meeting_builder import Metrics, metrics_of
from meeting_assets_tests.support.noise import with_noise

# Columns and their names in the reference values.
SECONDS = {
    "span_s": "span_s",
    "speech_s": "speech_union_s",
    "overlap_s": "overlap_s",
    "silence_s": "silence_s",
    "longest_silence_s": "longest_silence_s",
}
RATIOS = {
    "overlap_ratio": "overlap_over_speech",
    "overlap_ratio_span": "overlap_over_span",
    "gini_talk": "gini_pysal",
    "gini_talk_attendees": "gini_pysal_all_participants",
    "entropy_talk": "entropy_normalised",
}

OF_OVERLAP = ("overlap_s", "overlap_ratio", "overlap_ratio_span")

pytestmark = pytest.mark.skipif(
    not MEETINGS, reason="no corpora of real meetings; MEETING_ASSETS_CORPORA names their folder"
)


def meetings(folders: Sequence[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "folder", [pytest.param(path, id=f"{path.parent.name}-{path.name}") for path in folders]
    )


def assert_agrees(metrics: Metrics, folder: Path) -> None:
    oracle = document(folder / "oracle.json")
    talk_s = {str(oracle["participant_ids"][name]): talk for name, talk in oracle["speaker_talk_s"].items()}
    silent = {str(one["id"]) for one in document(folder / "participants.json")} - talk_s.keys()

    assert metrics.talk_times_s() == pytest.approx(talk_s | dict.fromkeys(silent, 0), abs=1e-3, rel=0)
    assert metrics.quality["is_single_stream"] == is_single_stream(oracle)
    unknown = OF_OVERLAP if is_single_stream(oracle) else ()
    assert [column for column in OF_OVERLAP if metrics.meeting[column] is None] == [*unknown]
    for columns, tolerance in ((SECONDS, 1e-3), (RATIOS, 1e-5)):
        for column in columns.keys() - {*unknown}:
            assert is_near(metrics.meeting[column], oracle[columns[column]], tolerance), column
    top_share = max(row["talk_share"] for row in metrics.participants.values())
    assert is_near(top_share, oracle["max_share"], 1e-5)


def is_near(value: float | None, reference: float | None, tolerance: float) -> bool:
    if value is None or reference is None:
        return value is reference
    return abs(value - reference) <= tolerance + 1e-12


@meetings(MEETINGS)
def test_real_meeting_agrees_with_the_reference_values(folder: Path) -> None:
    metrics = metrics_of(meeting_in(folder))

    assert metrics.meeting["timing_source"] == "speaker_timeline"
    assert_agrees(metrics, folder)


def test_four_long_meetings_come_from_a_source_without_overlap() -> None:
    found = [f"{each.parent.name}-{each.name}" for each in MEETINGS if is_single_stream(document(each / "oracle.json"))]

    assert found == ["earnings21-4364366", "earnings21-4367535", "earnings22-4420696", "earnings22-4450488"]


@meetings(MEETINGS)
@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.deployment) for seed in (2, 3))])
def test_noisy_timeline_gives_the_same_metrics(folder: Path, seed: int) -> None:
    clean = meeting_in(folder)
    segments = document(folder / "speaker_timeline.json")
    noisy = with_noise(segments, seed=seed, duration_s=document(folder / "meeting.json")["duration_s"])

    metrics = metrics_of(meeting_in(folder, timeline=noisy))

    assert_agrees(metrics, folder)
    assert metrics.without_counts() == metrics_of(clean).without_counts()


@meetings(MEETINGS)
def test_speech_events_alone_give_the_reference_values(folder: Path) -> None:
    metrics = metrics_of(meeting_in(folder), Parameters(timing_source="speech_events"))

    assert metrics.meeting["timing_source"] == "speech_events"
    assert_agrees(metrics, folder)


@meetings(AMI_MEETINGS)
def test_words_with_times_give_the_reference_values(folder: Path) -> None:
    metrics = metrics_of(meeting_in(folder), Parameters(timing_source="words"))

    assert metrics.meeting["timing_source"] == "words"
    assert_agrees(metrics, folder)


@meetings(AMI_MEETINGS)
def test_word_counts_agree_with_the_annotators(folder: Path) -> None:
    oracle = document(folder / "oracle.json")
    counted = oracle["transcript_counts"]["by_participant"]
    words = {str(oracle["participant_ids"][name]): counts["words"] for name, counts in counted.items()}

    metrics = metrics_of(meeting_in(folder))

    assert {key: row["word_count"] for key, row in metrics.participants.items()} == words
    rates = [row["words_per_minute"] for row in metrics.participants.values()]
    assert all(100 < rate < 260 for rate in rates), rates
