"""Ten real meetings agree with pyannote.core, PySAL, SciPy and call-ai-metrics."""

from __future__ import annotations

from pathlib import Path

import pytest

from meeting_assets.metrics.parameters import Parameters
from meeting_assets_tests.support.reference_meetings import FILES, TWO_SPEAKERS, document, metrics_of_file

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
CALL_AI_METRICS = Parameters(ipu_gap_s=0, backchannel_max_s=0, dead_air_s=3.0)
"""The parameters of call-ai-metrics, in our terms."""


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


@pytest.mark.parametrize("path", TWO_SPEAKERS, ids=lambda path: path.stem)
def test_turns_and_interruptions_of_two_speakers_equal_the_reference(path: Path) -> None:
    # With more than two speakers the definitions differ; docs/metrics.md states how.
    participants = metrics_of_file(path, CALL_AI_METRICS).participants

    reference = document(path)["reference"]["call_ai_metrics"]
    for column, name in COUNTS.items():
        assert {key: row[column] for key, row in participants.items()} == {
            key: counts[name] for key, counts in reference.items()
        }, column
