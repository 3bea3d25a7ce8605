"""Ten real meetings agree with pyannote.core, PySAL, SciPy and call-ai-metrics."""

from __future__ import annotations

from pathlib import Path

import pytest

from meeting_assets_tests.support.call_ai_rules import TOOL, explained, values_by
from meeting_assets_tests.support.reference_meetings import FILES, analysis_of_file, document, metrics_of_file

# Our column and the reference's name.
TIMES = {
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
COUNTS = {
    "turn_count": "turns",
    "interruptions_made": "interruptions",
    "interruptions_received": "interrupted",
    "reply_count": "replies",
}


def test_ten_meetings_are_in_the_repository() -> None:
    assert len(FILES) == 10


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_talk_time_equals_the_reference(path: Path) -> None:
    metrics = metrics_of_file(path)

    reference = dict.fromkeys(document(path)["participants"], 0.0) | document(path)["reference"]["talk_s"]
    assert metrics.talk_times_s() == pytest.approx(reference, abs=1e-3, rel=0)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_speech_overlap_silence_and_balance_equal_the_reference(path: Path) -> None:
    meeting = metrics_of_file(path).meeting

    reference = document(path)["reference"]
    for columns, tolerance in ((TIMES, 1e-3), (RATIOS, 1e-5)):
        for column, name in columns.items():
            assert meeting[column] == pytest.approx(reference[name], abs=tolerance + 1e-12, rel=0), column


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_turns_and_interruptions_by_the_rules_of_the_reference_equal_it(path: Path) -> None:
    values = values_by(analysis_of_file(path), TOOL)

    for key, counts in document(path)["reference"]["call_ai_metrics"].items():
        assert {column: values[key, column] for column in COUNTS} == {
            column: counts[name] for column, name in COUNTS.items()
        }, key


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_difference_to_the_reference_has_a_named_kind(path: Path) -> None:
    meeting = analysis_of_file(path)

    theirs, ours, kinds = explained(meeting)

    assert ours == {(key, column): meeting.participants[key][column] for key, column in ours}
    assert all(kinds[name] for name, value in ours.items() if value != theirs[name])
