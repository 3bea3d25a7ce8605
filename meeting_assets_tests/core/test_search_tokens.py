"""Tokens of the search: equal words have equal tokens, and every token has its place in the text."""

from __future__ import annotations

import re
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.core.search_tokens import (
    MAX_QUERY_TOKENS,
    MAX_TOKEN_CHARS,
    PASSAGE_TOKENS,
    folded,
    located_tokens,
    passages,
    query_tokens,
    search_tokens,
)

SCRIPTS = "aZé ß-İŞ'09_\n\u0301かがｶﾞー・漢字、ไทย้ำខ្មែរ한국어हिन्दीعَرَبִعריּтЁй🎉\u200c\u200d\u00ad\ufeffǅℌ½²"
texts = st.text() | st.text(st.sampled_from(SCRIPTS), max_size=40)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Café", "cafe"),
        ("ÜBERPRÜFUNG", "uberprufung"),
        ("Straße", "STRASSE"),
        ("İstanbul", "istanbul"),
        ("ЁЛКА", "елка"),
        ("Ａｂｃ１２", "abc12"),
        ("ﬁne", "fine"),
        ("co\u00adoperate", "cooperate"),
        ("مَدرَسة", "مدرسة"),
        ("ｶﾞｲﾄﾞ", "ガイド"),
        (normalize("NFD", "한국어"), "한국어"),
        (normalize("NFD", "がんばる"), "がんばる"),
        ("今日 は 会議", "今日は会議"),
    ],
)
def test_spellings_of_a_word_have_the_same_tokens(one: str, other: str) -> None:
    assert search_tokens(one) == search_tokens(other)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Follow-up: it's 3.5%, O'Neil!", ["follow", "up", "it", "s", "3", "5", "o", "neil"]),
        ("snake_case", ["snake", "case"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("한국어 회의", ["한국어", "회의"]),
        ("会", ["会"]),
        ("予算案", ["予算", "算案", "案"]),
        ("予算、案", ["予算", "算", "案"]),
        ("ソフト・ウェア", ["ソフ", "フト", "ト", "ウェ", "ェア", "ア"]),
        ("ครับ", ["คร", "รั", "ับ", "บ"]),
        ("Q3の予算2026年", ["q3", "の予", "予算", "算", "2026", "年"]),
        ("-- … 🎉", []),
        ("", []),
    ],
)
def test_text_is_split_into_words_and_unspaced_scripts_into_pairs(text: str, tokens: list[str]) -> None:
    assert search_tokens(text) == tokens


def test_voiced_kana_differ_from_unvoiced() -> None:
    assert search_tokens("がく") != search_tokens("かく")


@given(texts)
def test_places_of_tokens_are_in_order_and_hold_the_tokens(text: str) -> None:
    located = located_tokens(text)

    assert [each.text for each in located] == search_tokens(text)
    assert all(0 <= each.start < each.end <= len(text) for each in located)
    assert [each.start for each in located] == sorted(each.start for each in located)
    for each in located:
        assert folded(text[each.start : each.end]).replace(" ", "").strip() != ""


@given(texts)
def test_tokens_are_tokens_of_themselves(text: str) -> None:
    assert [search_tokens(token)[:1] for token in search_tokens(text)] == [[token] for token in search_tokens(text)]


@given(texts)
def test_tokens_need_no_escape_and_are_short(text: str) -> None:
    for token in search_tokens(text):
        assert re.fullmatch(r"[a-z0-9]*", re.sub(r"[^\x00-\x7f]", "", token))
        assert 0 < len(token) <= MAX_TOKEN_CHARS
        assert not any(char.isspace() for char in token)


@given(texts, texts)
def test_part_of_an_unspaced_text_is_found(before: str, after: str) -> None:
    tokens, is_prefix = query_tokens("予算")

    assert not is_prefix
    assert tokens[0] in search_tokens(f"{before}予算{after}") or folded(f"予算{after}")[:2] != "予算"


@given(st.integers(0, 2000))
def test_passages_hold_every_phrase_of_a_query(count: int) -> None:
    tokens = [str(number) for number in range(count)]

    parts = [*passages(tokens)]

    assert all(tokens[first : first + PASSAGE_TOKENS] == part for first, part in parts)
    for start in range(max(0, count - MAX_QUERY_TOKENS) + 1 if count else 0):
        end = min(count, start + MAX_QUERY_TOKENS)
        assert any(first <= start and end <= first + len(part) for first, part in parts)
