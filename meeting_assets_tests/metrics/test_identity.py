"""Keys that occur together, or that a user's alias joins, identify one person."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.metrics.identity import one_person

KEYS = ("email:a", "email:b", "name:a", "slack:a", "teams:b", "zoom:a", "zoom:b")
pairs = st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(KEYS)), max_size=8)
# An alias leads to a later key, so aliases form no cycle.
aliases = st.dictionaries(st.integers(0, len(KEYS) - 2), st.integers(1, len(KEYS)), max_size=5).map(
    lambda steps: {KEYS[key]: KEYS[min(key + step, len(KEYS) - 1)] for key, step in steps.items()}
)


@pytest.mark.parametrize(
    ("stated", "person"),
    [
        ({}, "zoom:a"),
        ({"zoom:a": "email:e"}, "email:e"),
        ({"email:e": "email:new"}, "email:new"),
        ({"zoom:a": "zoom:b", "zoom:b": "zoom:c"}, "zoom:c"),
        ({"zoom:a": "zoom:c", "email:e": "teams:c"}, "teams:c"),
    ],
    ids=["no alias", "an address", "a new address", "through another alias", "two targets"],
)
def test_target_of_an_alias_names_the_person(stated: dict[str, str], person: str) -> None:
    assert one_person([("zoom:a", "email:e")], stated)["zoom:a"] == person


@given(pairs, aliases)
def test_both_keys_of_a_pair_and_of_an_alias_have_the_same_person(
    seen: list[tuple[str, str]], stated: dict[str, str]
) -> None:
    persons = one_person(seen, stated)

    assert all(persons[key] == persons[other] for key, other in [*seen, *stated.items()])
    assert {persons[person] for person in persons.values()} == {*persons.values()}


@given(pairs, aliases, st.randoms(use_true_random=False))
def test_order_of_pairs_and_aliases_does_not_matter(
    seen: list[tuple[str, str]], stated: dict[str, str], chance: st.DataObject
) -> None:
    shuffled, items = [*seen], [*stated.items()]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    chance.shuffle(items)  # type: ignore[attr-defined]

    assert one_person(shuffled, dict(items)) == one_person(seen, stated)


@given(pairs, aliases)
def test_aliases_join_persons_and_divide_none(seen: list[tuple[str, str]], stated: dict[str, str]) -> None:
    before, after = one_person(seen), one_person(seen, stated)

    assert all(
        after[key] == after[other] for key, person in before.items() for other in before if before[other] == person
    )
