"""Benchmarks of the search: fill rate, size, and the documented example searches, in process and warm."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import cache, partial
from itertools import accumulate

from sqlalchemy import text

from benchmarks.fixtures import FIRST_DAY, HOUR_WORDS, Fixtures, out, settings, show
from meeting_assets.core.batches import batched
from meeting_assets.core.instants import start_of
from meeting_assets.pipeline.search_index import days_of_outdated_index, index_days
from meeting_assets.pipeline.storage import Storage, open_storage
from meeting_assets.publications.search.finding import search as find
from meeting_assets.publications.search.scope import SearchFilter
from meeting_assets_tests.support.stored_texts import store_meeting

DAY_MEETINGS = 8
LIMIT = 20
COMMON = (
    "the and to of a in is that it we you so for on this what have but they yeah be just do with not like are okay "
)
PHRASES = ("follow up", "customer success", "as soon as possible")
RARE = ("zugzwang", "quokka", "syzygy")
JAPANESE = ("今日は会議です", "予算の計画を立てましょう", "来週の月曜日に確認します", "売上の報告をお願いします")
QUERIES: Sequence[tuple[str, str, SearchFilter]] = (
    ("a very common word", "the", SearchFilter()),
    ("a word", "budget", SearchFilter()),
    ("a rare word", "zugzwang", SearchFilter()),
    ("two common words", "okay they", SearchFilter()),
    ("a phrase", '"follow up"', SearchFilter()),
    ("a phrase of common words", '"that it we"', SearchFilter()),
    ("a prefix", "budg*", SearchFilter()),
    ("without a word", "budget -the", SearchFilter()),
    ("either word", "zugzwang OR quokka", SearchFilter()),
    ("a speaker", "budget", SearchFilter(speaker="Person 7")),
    ("a rare speaker, common word", "the", SearchFilter(speaker="Rare Guest")),
    ("two weeks", "the", SearchFilter(first_day=FIRST_DAY, last_day=FIRST_DAY + timedelta(days=13))),
    ("Japanese", "予算", SearchFilter()),
    ("a Japanese phrase", "来週の月曜日", SearchFilter()),
    ("nothing found", "abracadabra", SearchFilter()),
)


def search(fixtures: Fixtures, *, words: int = 1_000_000, rounds: int = 15) -> None:
    """Fill rate and size of the search index, and times of searches over many words."""
    for kind in ("sqlite", "postgresql"):
        home = fixtures.folder / f"search-{kind}"
        url = "" if kind == "sqlite" else fixtures.database(kind)
        with settings(home, database_url=url) as given, open_storage(given) as storage:
            count = _store_meetings(storage, words)
            before = _size_bytes(storage)
            _fill(storage, kind, count, before)
            _idle(storage, kind)
            _time_queries(storage, kind, count, rounds)


def _store_meetings(storage: Storage, words: int) -> int:
    """Stores one-hour meetings; returns the number of their words."""
    draw = random.Random(17)  # noqa: S311 - synthetic words
    total = 0
    for numbers in batched(range(1, words // HOUR_WORDS + 2), 20):
        with storage.database.writing() as connection:
            for number in numbers:
                said = [*_meeting(draw, number)]
                created_at = start_of(FIRST_DAY) + timedelta(days=number // DAY_MEETINGS, minutes=number % DAY_MEETINGS)
                store_meeting(connection, number, said, created_at=created_at)
                total += sum(len(each.split()) for _, each in said)
    return total


def _meeting(draw: random.Random, number: int) -> Iterator[tuple[str, str]]:
    """Utterances of 5 to 25 words whose frequencies follow Zipf's law; one of 20 meetings is Japanese."""
    vocabulary, weights = _vocabulary()
    people = [f"Person {each}" for each in draw.sample(range(40), 6)] + (["Rare Guest"] if number % 250 == 7 else [])
    count = 0
    while count < HOUR_WORDS:
        if number % 20 == 0:
            spoken = [draw.choice(JAPANESE) for _ in range(3)]
        else:
            spoken = draw.choices(vocabulary, cum_weights=weights, k=draw.randint(5, 25))
            if draw.random() < 0.002:
                spoken.insert(draw.randrange(len(spoken)), draw.choice(PHRASES))
            if draw.random() < 0.00005:
                spoken.append(draw.choice(RARE))
        count += len(spoken)
        yield draw.choice(people), f"{' '.join(spoken).capitalize()}."


@cache
def _vocabulary() -> tuple[list[str], list[float]]:
    """Synthetic words, and the cumulative weights of their frequencies."""
    draw = random.Random(4)  # noqa: S311 - synthetic words
    made = ["".join(draw.choices("abcdefghijklmnoprstuvw", k=draw.randint(3, 10))) for _ in range(20_000)]
    vocabulary = [*COMMON.split(), *made[:300], "budget", "forecast", "deadline", *made[300:]]
    return vocabulary, [*accumulate(1 / (rank + 2) for rank in range(len(vocabulary)))]


def _fill(storage: Storage, kind: str, words: int, before: int) -> None:
    with storage.database.reading() as connection:
        days = sorted(days_of_outdated_index(connection))
    began_s = time.perf_counter()
    for each in batched(days, 30):
        index_days(each, storage)
    seconds = time.perf_counter() - began_s
    size = _size_bytes(storage) - before
    rows = [
        ["fill", f"{seconds:.1f} s", f"{words / seconds:,.0f} words/s"],
        ["size", f"{size / 1e6:.0f} MB", f"{size / words:.1f} bytes per word"],
    ]
    show(f"{kind}: index of {words:,} words", ("", "", ""), rows)


def _idle(storage: Storage, kind: str) -> None:
    taken = [_timed(lambda: index_days([FIRST_DAY], storage)) for _ in range(15)]
    out.print(f"{kind}: a day with nothing to index takes {1000 * statistics.median(taken):.1f} ms")


def _time_queries(storage: Storage, kind: str, words: int, rounds: int) -> None:
    rows = []
    for name, query, restriction in QUERIES:
        with storage.database.reading() as connection:
            hits = len(find(connection, query, restriction, LIMIT).hits)  # warms the cache
            again = partial(find, connection, query, restriction, LIMIT)
            taken = [_timed(again) for _ in range(rounds)]
        spread = f"{1000 * min(taken):.1f} to {1000 * max(taken):.1f}"
        rows.append([name, query, hits, f"{1000 * statistics.median(taken):.1f}", spread])
    show(f"{kind}: searches over {words:,} words, milliseconds", ("", "query", "hits", "median", "range"), rows)


def _timed(work: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s


def _size_bytes(storage: Storage) -> int:
    query = "PRAGMA page_count" if storage.database.is_sqlite else "SELECT pg_database_size(current_database())"
    with storage.database.reading() as connection:
        size: int = connection.scalar(text(query)) or 0
        return size * 4096 if storage.database.is_sqlite else size
