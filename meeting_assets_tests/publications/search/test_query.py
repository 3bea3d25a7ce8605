"""The query language: its operators, and the same passages on both databases for any text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from meeting_assets.core.errors import UsageError
from meeting_assets.core.search_tokens import passages, search_tokens
from meeting_assets.pipeline.search_index import days_of_outdated_index, index_days
from meeting_assets.pipeline.storage import Storage, open_storage
from meeting_assets.publications.search.passages import Span, matching_passages
from meeting_assets.publications.search.query import Alternative, Query, Term, parse_query
from meeting_assets.settings import read_settings
from meeting_assets_tests.support.stored_texts import store_meeting

WORDS = ["budget", "Plan", "planning", "follow", "up", "the", "café", "OR", "予算", "計画", "ไทย", "x", "3", "NEAR"]
TEXTS = (
    *("The budget plan", "Follow-up: the budgets!", "We follow them up, planning", "CAFÉ plan x 3", "the the the"),
    *("予算の計画", "計画 と 予算", "今日は予算", "ภาษาไทย", "'quoted' \\ (x) NEAR y", "plan\x01ned", "x" * 300),
    *("word " * 254 + "budget plan " + "other " * 300 + "follow up", "the " * 300 + "zenith", ""),
)
EVERYTHING = Span(-(2**63), 2**63 - 1)
part = st.sampled_from(WORDS) | st.text(max_size=6)
decorated = st.one_of(
    part,
    part.map(lambda word: f"{word}*"),
    part.map(lambda word: f"-{word}"),
    st.lists(part, max_size=3).map(lambda words: f'"{" ".join(words)}"'),
    st.sampled_from(
        ["OR", "AND", '"', "(", ")", "*", "-", "'", ":", "^", "NOT", "\\", "|", "&", "!", "<->", "{a} : b"]
    ),
)
queries = st.lists(decorated, min_size=1, max_size=6).map(" ".join) | st.text(max_size=20)


def term(*tokens: str, is_prefix: bool = False) -> Term:
    return Term(tokens, is_prefix)


@pytest.mark.parametrize(
    ("text", "alternatives"),
    [
        ("follow up", [Alternative((term("follow"), term("up")))]),
        ('"follow up"', [Alternative((term("follow", "up"),))]),
        ("“follow up”", [Alternative((term("follow", "up"),))]),
        ("follow-up", [Alternative((term("follow", "up"),))]),
        ("budg*", [Alternative((term("budg", is_prefix=True),))]),
        ('"the bud"*', [Alternative((term("the", "bud", is_prefix=True),))]),
        ("budget -draft", [Alternative((term("budget"),), (term("draft"),))]),
        ('budget -"first draft"', [Alternative((term("budget"),), (term("first", "draft"),))]),
        ("a b OR c", [Alternative((term("a"), term("b"))), Alternative((term("c"),))]),
        ("a AND b", [Alternative((term("a"), term("b")))]),
        ("a or b", [Alternative((term("a"), term("or"), term("b")))]),
        ('"OR"', [Alternative((term("or"),))]),
        ("OR a OR OR b OR", [Alternative((term("a"),)), Alternative((term("b"),))]),
        ('"unclosed phrase', [Alternative((term("unclosed", "phrase"),))]),
        ("予算", [Alternative((term("予算"),))]),
        ("予", [Alternative((term("予", is_prefix=True),))]),
        ("予算案", [Alternative((term("予算", "算案"),))]),
        ("a (b) ^ --", [Alternative((term("a"), term("b")))]),
    ],
)
def test_query_is_read(text: str, alternatives: list[Alternative]) -> None:
    assert parse_query(text) == Query(tuple(alternatives))


@pytest.mark.parametrize("text", ["", '"', "  ", "-- *", "🎉", "OR", "AND"])
def test_query_without_words_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no word to find"):
        parse_query(text)


@pytest.mark.parametrize("text", ["-draft", "budget OR -draft"])
def test_query_that_only_excludes_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="only excludes"):
        parse_query(text)


def test_query_with_too_many_words_is_refused() -> None:
    parse_query("word " * 64)

    with pytest.raises(UsageError, match="more than 64 words"):
        parse_query("word " * 65)


@pytest.fixture
def both(home: Path, postgresql_database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Storage]]:
    """A storage on each database, with the same texts."""
    with ExitStack() as stack:
        storages = []
        for url in (postgresql_database, f"sqlite:///{home / 'meetings.db'}"):
            monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", url)
            storage = stack.enter_context(open_storage(read_settings()))
            with storage.database.writing() as connection:
                for number, text in enumerate(TEXTS, 1):
                    store_meeting(connection, number, [("Ana", text), ("Ben", f"{text} {TEXTS[-number]}")])
            with storage.database.reading() as connection:
                days = days_of_outdated_index(connection)
            index_days(days, storage)
            storages.append(storage)
        yield storages


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=queries)
@example(text='"the zenith"')
@example(text='"budget plan" -follow')
def test_both_databases_find_the_passages_that_match(both: list[Storage], text: str) -> None:
    try:
        query = parse_query(text)
    except UsageError:
        return
    expected = [each for each in _passages() if query.places(each) is not None]

    found = []
    for storage in both:
        with storage.database.reading() as connection:
            found.append(matching_passages(connection, query, EVERYTHING, 1000))

    assert found[0] == found[1] == sorted(found[0], reverse=True)
    assert len(found[0]) == len(expected)


def _passages() -> list[list[str]]:
    texts = [text for number, own in enumerate(TEXTS, 1) for text in (own, f"{own} {TEXTS[-number]}")]
    return [[*tokens] for text in texts for _, tokens in passages(search_tokens(text))]


def test_pages_of_candidates_are_complete_on_both_databases(both: list[Storage]) -> None:
    query = parse_query("the OR plan*")

    for storage in both:
        with storage.database.reading() as connection:
            whole = matching_passages(connection, query, EVERYTHING, 1000)
            first = matching_passages(connection, query, EVERYTHING, 3)
            rest = matching_passages(connection, query, Span(EVERYTHING.first, first[-1] - 1), 1000)

        assert len(whole) > 6
        assert [*first, *rest] == whole


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=queries, limit=st.integers(1, 8), bounds=st.tuples(*[st.integers(1, 20)] * 3))
@example(text="the OR plan*", limit=5, bounds=(1, 2, 1))
@example(text="the OR plan*", limit=5, bounds=(1, 2, 20))
def test_bounds_of_probes_do_not_change_the_matches(
    both: list[Storage], text: str, limit: int, bounds: tuple[int, int, int]
) -> None:
    try:
        query = parse_query(text)
    except UsageError:
        return

    with pytest.MonkeyPatch.context() as patch:
        for name, value in zip(("PROBED_PASSAGES", "MOST_SORTED", "WIDER_PROBE"), bounds, strict=True):
            patch.setattr(f"meeting_assets.publications.search.passages.{name}", value)
        found = []
        for storage in both:
            with storage.database.reading() as connection:
                found.append(matching_passages(connection, query, EVERYTHING, limit))

    assert found[0] == found[1]
