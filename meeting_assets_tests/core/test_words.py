from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.core.words import is_unspaced, word_count

texts = st.text(st.characters() | st.sampled_from(" \t\n\u00a0\u2003\u3000_-'.…"))


@given(texts)
def test_word_is_a_run_of_non_blanks_with_a_letter_or_digit(text: str) -> None:
    assert word_count(text) == sum(any(map(str.isalnum, run)) for run in text.split())


def test_letters_and_digits_are_those_of_unicode() -> None:
    characters = [chr(code) for code in range(sys.maxunicode + 1)]

    assert [word_count(character) for character in characters] == [each.isalnum() for each in characters]


def test_blanks_are_those_of_unicode() -> None:
    blanks = [chr(code) for code in range(sys.maxunicode + 1) if chr(code).isspace()]

    assert {word_count(f"a{blank}b") for blank in blanks} == {2}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        (" \n", 0),
        ("—", 0),
        ("__", 0),
        ("No, I am your father.", 5),
        ("it's twenty-one e-mails", 3),
        ("...so", 1),
        ("§ 42", 1),
        ("¿Qué?", 1),
        ("यह ठीक है", 3),
        ("e\u0301te\u0301", 1),
        ("今日は 会議", 2),
    ],
)
def test_words_are_counted(text: str, count: int) -> None:
    assert word_count(text) == count


@given(texts, texts)
def test_count_of_joined_texts_is_the_sum(one: str, other: str) -> None:
    assert word_count(f"{one} {other}") == word_count(one) + word_count(other)


@pytest.mark.parametrize(
    "text", ["今日は会議です。", "ワタシ", "สวัสดี", "ສະບາຍດີ", "សួស្តី", "会議中 ok", "𠀀", "今1234567890"]
)
def test_unspaced_scripts_are_detected(text: str) -> None:
    assert is_unspaced(text)


@pytest.mark.parametrize(
    "text", ["", "123", "—", "Guten Tag", "Müller", "안녕하세요", "Привет", "会議 ok", "会ab", "。、"]
)
def test_spaced_scripts_are_not_detected(text: str) -> None:
    assert not is_unspaced(text)


@given(texts, texts)
def test_order_and_case_of_letters_are_irrelevant(one: str, other: str) -> None:
    assert is_unspaced(one + other) == is_unspaced(other + one)


@given(st.text())
def test_majority_of_letters_decides(text: str) -> None:
    letters = sum(map(str.isalpha, text))

    assert is_unspaced(text + "会" * (letters + 1))
