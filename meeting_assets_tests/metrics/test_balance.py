from __future__ import annotations

import math
import random
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.metrics.balance import MeetingBalance, dominance, gini, meeting_balance, normalised_entropy
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.speech import spoken_meeting
from meeting_assets_tests.support.meeting_builder import attendees, meeting_of, metrics_of, said

positive = st.integers(1, 10**9)
several = st.lists(positive, min_size=2, max_size=20)


@given(several)
def test_gini_by_ranks_is_gini_by_pairs(amounts: list[int]) -> None:
    n, mean = len(amounts), sum(amounts) / len(amounts)
    by_pairs = sum(abs(one - other) for one, other in product(amounts, repeat=2)) / (2 * n * n * mean)

    assert gini(amounts) == pytest.approx(by_pairs)


@given(positive, st.integers(2, 200))
def test_equals_have_no_gini_full_entropy_and_no_dominance(amount: int, n: int) -> None:
    assert gini([amount] * n) == 0
    assert normalised_entropy([amount] * n) == pytest.approx(1, abs=1e-12)
    assert dominance([amount] * n) == 0


@given(positive, st.integers(2, 200))
def test_one_speaker_among_n_attendees_has_all_the_gini_there_is(amount: int, n: int) -> None:
    assert gini([amount] + [0] * (n - 1)) == pytest.approx((n - 1) / n)


@given(several)
def test_balance_measures_stay_between_0_and_1(amounts: list[int]) -> None:
    for measure in (gini(amounts), normalised_entropy(amounts), dominance(amounts)):
        assert measure is not None
        assert -1e-12 <= measure <= 1 + 1e-12


@given(several, st.randoms(use_true_random=False))
def test_order_does_not_change_balance_by_a_bit(amounts: list[int], chance: random.Random) -> None:
    shuffled = list(amounts)
    chance.shuffle(shuffled)

    assert [gini(amounts), normalised_entropy(amounts), dominance(amounts)] == [
        gini(shuffled),
        normalised_entropy(shuffled),
        dominance(shuffled),
    ]


@pytest.mark.parametrize("amounts", [[], [5]], ids=["nobody", "one"])
def test_fewer_than_two_speakers_have_no_balance(amounts: list[int]) -> None:
    assert (gini(amounts), normalised_entropy(amounts), dominance(amounts)) == (None, None, None)


def test_entropy_is_the_mean_surprise_over_its_maximum() -> None:
    assert normalised_entropy([1, 3]) == pytest.approx(-(0.25 * math.log(0.25) + 0.75 * math.log(0.75)) / math.log(2))


def test_silent_participants_count_among_attendees_only() -> None:
    metrics = metrics_of(
        meeting_of(said("ann", 0, 30), said("bo", 30, 60), attendees=attendees("ann", "bo", "cy", "di"))
    )

    assert metrics.meeting["gini_talk"] == 0
    assert metrics.meeting["entropy_talk"] == 1
    assert metrics.meeting["dominance"] == 0
    assert metrics.meeting["gini_talk_attendees"] == 0.5


def test_single_speaker_has_balance_among_attendees_only() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 30), attendees=attendees("ann", "bo", "cy", "di")))

    assert metrics.meeting["gini_talk"] is None
    assert metrics.meeting["entropy_talk"] is None
    assert metrics.meeting["dominance"] is None
    assert metrics.meeting["gini_talk_attendees"] == 0.75


def test_dominance_grows_from_equal_shares_to_all() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 75), said("bo", 75, 100)))

    assert metrics.meeting["dominance"] == 0.5


def test_participant_who_speaks_for_less_than_a_second_is_nearly_silent_and_not_silent() -> None:
    metrics = metrics_of(
        meeting_of(said("ann", 0, 0.999), said("bo", 1, 2), said("di", 3, 9), attendees=attendees("ann", "bo", "cy"))
    )

    assert (metrics.meeting["silent_participants"], metrics.meeting["nearly_silent_participants"]) == (1, 1)
    assert metrics.meeting["participant_count"] == 4


def test_balance_is_unknown_if_too_little_speech_has_a_participant() -> None:
    meeting = meeting_of(said("ann", 0, 30), said("bo", 30, 40), attendees=attendees("ann", "bo", "cy"))
    spoken = replace(spoken_meeting(meeting, Parameters()), is_speech_attributed=False)

    columns = meeting_balance(spoken)

    assert columns == dict.fromkeys(MeetingBalance.model_fields) | {"participant_count": 3}
