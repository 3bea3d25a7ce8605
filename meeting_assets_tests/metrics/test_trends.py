from __future__ import annotations

import random
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.metrics.identity import one_person
from meeting_assets.metrics.measures import MEETING_MEASURES, PERSON_MEASURES
from meeting_assets.metrics.trends import ROLLUPS, person_trends
from meeting_assets.metrics.weeks import meeting_trend, monday
from meeting_assets.store.database import table_of


def meeting(**numbers: Any) -> dict[str, Any]:
    """A row of `meeting_metrics`."""
    names = {name for each in MEETING_MEASURES for name in (each.numerator, each.denominator)}
    return {**dict.fromkeys(names | {"gini_talk", "word_count", "words_per_minute"}), "duration_s": 1800.0, **numbers}


def member(person: str, recording: str = "r1", **numbers: Any) -> dict[str, Any]:
    """A row of `person_metrics`, with the meeting's duration."""
    names = {name for each in PERSON_MEASURES for name in (each.numerator, each.denominator)}
    return {
        **dict.fromkeys(names | {"word_share", "word_count"}),
        "person_key": person,
        "recording_id": recording,
        **numbers,
    }


def of(columns: dict[str, Any], measure: str) -> tuple[Any, ...]:
    return tuple(columns[f"{measure}_{suffix}"] for suffix in ("n", "mean", "pooled", "change"))


def test_a_mean_counts_meetings_and_a_pool_counts_seconds() -> None:
    meetings = [meeting(silence_s=10.0, span_s=100.0), meeting(silence_s=300.0, span_s=1000.0)]

    trend = meeting_trend(meetings, [])

    assert of(trend, "silence_ratio") == (2, pytest.approx(0.2), pytest.approx(310 / 1100), None)
    assert (trend["meeting_count"], trend["meeting_hours"]) == (2, 1)


def test_a_change_is_against_the_mean_of_the_week_before() -> None:
    trend = meeting_trend([meeting(overlap_s=3.0, speech_s=10.0)], [meeting(overlap_s=1.0, speech_s=10.0)])

    assert of(trend, "overlap_ratio") == (1, 0.3, 0.3, pytest.approx(0.2))


def test_meetings_with_unknown_values_are_left_out_of_trends() -> None:
    trend = meeting_trend([meeting(silence_s=None, span_s=None), meeting(silence_s=0.0, span_s=0.0)], [meeting()])

    assert of(trend, "silence_ratio") == (0, None, None, None)
    assert trend["meeting_count"] == 2


def test_rates_use_the_unit_of_their_name() -> None:
    trend = meeting_trend(
        [
            meeting(
                interruption_count=3, speaker_switches=60, word_count=300, words_per_minute=150.0, speakers_talk_s=120.0
            )
        ],
        [],
    )

    assert of(trend, "interruptions_per_hour")[1] == 6
    assert of(trend, "interactivity_per_min")[1] == 2
    assert of(trend, "words_per_minute")[1] == 150


def test_balance_is_pooled_by_talk_time() -> None:
    trend = meeting_trend([meeting(gini_talk=0.2, talk_s=100.0), meeting(gini_talk=0.5, talk_s=300.0)], [])

    assert of(trend, "gini_talk") == (2, pytest.approx(0.35), pytest.approx((20 + 150) / 400), None)


def test_a_persons_meetings_are_averaged_and_pooled() -> None:
    rows = [
        member("zoom:a", talk_time_s=100.0, persons_talk_s=400.0, attended_s=400.0),
        member("zoom:a", "r2", talk_time_s=50.0, persons_talk_s=100.0, attended_s=None),
    ]

    (person,) = person_trends(rows, []).values()

    assert (person["meeting_count"], person["talk_time_s"], person["attended_s"]) == (2, 150, 400)
    assert of(person, "talk_share") == (2, pytest.approx((0.25 + 0.5) / 2), 150 / 500, None)
    assert of(person, "presence_talk_ratio") == (1, 0.25, 0.25, None)


def test_person_without_meetings_in_the_week_before_has_no_change() -> None:
    now = [member("zoom:a", talk_time_s=1.0, persons_talk_s=2.0), member("zoom:b", talk_time_s=1.0, persons_talk_s=2.0)]

    people = person_trends(now, [member("zoom:a", talk_time_s=1.0, persons_talk_s=4.0)])

    assert people["zoom:a"]["talk_share_change"] == 0.25
    assert people["zoom:b"]["talk_share_change"] is None


def test_word_rate_is_unknown_under_ten_seconds_of_talk() -> None:
    rows = [member("zoom:a", talk_time_s=9.9, word_count=30, word_share=1.0)]

    assert of(person_trends(rows, [])["zoom:a"], "words_per_minute") == (0, None, None, None)


@pytest.mark.parametrize(
    ("measure", "numbers"),
    [
        ("words_per_minute", {"talk_time_s": 60.0, "word_count": None, "word_share": None}),
        ("words_per_minute", {"talk_time_s": None, "word_count": 150, "word_share": 0.5}),
        ("fillers_per_100_words", {"filler_count": None, "word_count": 150}),
        ("fillers_per_100_words", {"filler_count": None, "word_count": None}),
        ("talk_share", {"talk_time_s": None, "persons_talk_s": None}),
    ],
)
def test_meeting_with_unknown_numbers_of_a_person_counts_in_no_mean(measure: str, numbers: dict[str, Any]) -> None:
    known: dict[str, Any] = {
        "talk_time_s": 60.0,
        "persons_talk_s": 120.0,
        "word_count": 150,
        "word_share": 0.5,
        "filler_count": 3,
    }

    (alone,) = person_trends([member("zoom:a", **known)], []).values()
    (person,) = person_trends([member("zoom:a", **known), member("zoom:a", "r2", **numbers)], []).values()

    assert of(person, measure) == of(alone, measure)
    assert person["meeting_count"] == 2


def test_person_without_any_known_word_numbers_has_no_word_trends() -> None:
    (person,) = person_trends([member("zoom:a", talk_time_s=60.0, persons_talk_s=60.0)], []).values()

    assert of(person, "words_per_minute") == of(person, "fillers_per_100_words") == (0, None, None, None)
    assert of(person, "talk_share")[0] == 1


@pytest.mark.parametrize(
    ("day", "first"),
    [
        (date(2026, 1, 5), date(2026, 1, 5)),
        (date(2026, 1, 11), date(2026, 1, 5)),
        (date(2027, 1, 1), date(2026, 12, 28)),
    ],
)
def test_weeks_begin_on_monday(day: date, first: date) -> None:
    assert monday(day) == first


pairs = st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("ABCDEF")), max_size=12)


@given(pairs, st.integers(0, 2**32))
def test_who_is_one_person_does_not_depend_on_the_order(seen: list[tuple[str, str]], seed: int) -> None:
    keys = [(f"zoom:{key}", f"email:{address}") for key, address in seen]
    shuffled = random.Random(seed).sample(keys, len(keys))

    persons = one_person(keys)

    assert one_person(shuffled) == persons
    assert all(persons[one] == persons[other] for one, other in keys)
    assert all(persons[person] == person for person in persons.values())
    assert all(person.startswith("zoom:") for person in persons.values())


@pytest.mark.parametrize("table", ROLLUPS, ids=lambda table: table.__tablename__)
def test_every_table_states_its_grain_and_describes_every_column(table: Any) -> None:
    assert "Grain: one row per" in (table.__doc__ or "")
    assert [column.name for column in table_of(table).columns] == list(table.model_fields)
    for name, field in table.model_fields.items():
        assert field.description, name
