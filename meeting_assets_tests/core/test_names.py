"""Equivalent names are equal after normalization, different names are not."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.core.names import PLATFORM_LABELS, comparable_name, is_one_of, normalized_name

NAME = "Réunion Notes"
DECOMPOSED = unicodedata.normalize("NFD", NAME)
names = st.text(st.characters() | st.sampled_from(" \t\u00a0\u200b\u0301éİßſ()[]"), max_size=12)

SPELLINGS = [
    NAME,
    DECOMPOSED,
    f"  {NAME}\t",
    "Réunion  Notes",
    "Réunion\u00a0Notes",
    "Réunion\u3000Notes",
    "Réu\u200bnion Notes",
    "\ufeffRéunion Notes",
    "\u202aRéunion Notes\u202c",
    "Ré\u00adunion Notes",
    "RÉUNION NOTES",
    DECOMPOSED.upper(),
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_equivalent_names_are_recognized(spelling: str) -> None:
    assert comparable_name(spelling) == comparable_name(NAME)
    assert is_one_of(spelling, {comparable_name(NAME)})


@pytest.mark.parametrize(
    "label", ["(Guest)", "[External]", " (guest) [EXTERNAL]", "(Nicht\u00a0überprüft)", "（ゲスト）"]
)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_platform_labels_are_ignored(spelling: str, label: str) -> None:
    assert is_one_of(f"{spelling} {unicodedata.normalize('NFD', label)}", {comparable_name(NAME)})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Reunion Notes", NAME),
        ("Speaker ①", "Speaker 1"),
        ("Team²", "Team2"),
        ("Speaker A", "Speaker B"),
        ("AB", "A B"),
    ],
)
def test_different_names_are_distinguished(one: str, other: str) -> None:
    assert comparable_name(one) != comparable_name(other)
    assert normalized_name(one) != normalized_name(other)


@pytest.mark.parametrize("name", [None, "", " ", "\u200b\ufeff", "(Guest)", "Notes (Ada)", "Guest", "Notes 2"])
def test_other_names_are_not_recognized(name: str | None) -> None:
    assert not is_one_of(name, {"notes", ""})


@given(names)
def test_normalization_is_idempotent(name: str) -> None:
    assert normalized_name(normalized_name(name)) == normalized_name(name)
    assert comparable_name(comparable_name(name)) == comparable_name(name)


@given(names)
def test_encoding_blanks_and_case_are_irrelevant(name: str) -> None:
    comparable = comparable_name(name)

    assert comparable_name(unicodedata.normalize("NFD", name)) == comparable
    assert comparable_name(f"\u200b {name}\n") == comparable
    assert comparable_name(name.casefold()) == comparable


def test_platform_labels_are_in_comparable_form() -> None:
    assert {comparable_name(each) for each in PLATFORM_LABELS} == PLATFORM_LABELS
