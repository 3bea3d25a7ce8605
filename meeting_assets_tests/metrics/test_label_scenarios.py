"""Labels of AMI meetings resolve to the speakers of their words, or stay unresolved."""

from __future__ import annotations

import pytest

from meeting_assets.metrics.parameters import Parameters
from meeting_assets_tests.support.corpora import AMI_MEETINGS
from meeting_assets_tests.support.label_scenarios import SCENARIOS, attribution_in

LEAST_CORRECT = {
    "one label per speaker": 1.0,
    "two speakers, one label": 0.49,
    "one speaker, two labels": 1.0,
    "times off by 0.3 s": 0.99,
    "10 % mislabelled": 0.0,
}

pytestmark = pytest.mark.skipif(
    not AMI_MEETINGS, reason="no corpora of real meetings; MEETING_ASSETS_CORPORA names their folder"
)


@pytest.mark.parametrize("name", SCENARIOS)
def test_at_most_one_word_in_a_hundred_is_attributed_wrongly(name: str) -> None:
    found = attribution_in(SCENARIOS[name], AMI_MEETINGS, Parameters())

    assert found.wrong_share <= 0.01
    assert found.correct / found.words >= LEAST_CORRECT[name]
    assert found.words > 39_000


def test_lower_thresholds_attribute_most_mislabelled_words_and_few_of_the_errors_are_of_the_resolution() -> None:
    lenient = Parameters(label_share=0.7, label_margin=0.3)

    found = attribution_in(SCENARIOS["10 % mislabelled"], AMI_MEETINGS, lenient)

    assert found.correct / found.words > 0.8
    assert (found.wrong - found.wrong_by_diarization) / found.words <= 0.01
