"""Found utterances: their order, their moments and snippets, and the restrictions of a search."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from meeting_assets.artifacts.transcript import TranscriptUtterances, TranscriptWords
from meeting_assets.core.errors import UsageError
from meeting_assets.metrics.series import RecordingSeries
from meeting_assets.metrics.speakers import Speakers
from meeting_assets.pipeline.search_index import days_of_outdated_index, index_days
from meeting_assets.pipeline.storage import Storage, open_storage
from meeting_assets.publications.search import finding, scope
from meeting_assets.publications.search.finding import SearchResult, search
from meeting_assets.publications.search.scope import SearchFilter
from meeting_assets.settings import read_settings
from meeting_assets.store.bulk import insert_rows
from meeting_assets.store.database import table_of
from meeting_assets_tests.support.stored_texts import FIRST, Said, store_meeting

EVERYTHING = SearchFilter()


@pytest.fixture
def storage(database_url: str) -> Iterator[Storage]:
    with open_storage(read_settings()) as storage:
        yield storage


def put(storage: Storage, *meetings: Said, series_id: str | None = None, first: int = 1) -> None:
    """Stores and indexes meetings; each is an hour later than the last one."""
    with storage.database.writing() as connection:
        for number, said in enumerate(meetings, first):
            store_meeting(connection, number, said, series_id=series_id)
    index(storage)


def index(storage: Storage) -> None:
    with storage.database.reading() as connection:
        days = days_of_outdated_index(connection)
    index_days(days, storage)


def found(storage: Storage, text: str, restriction: SearchFilter = EVERYTHING, limit: int = 20) -> SearchResult:
    return storage.database.read(lambda connection: search(connection, text, restriction, limit))


def texts(storage: Storage, text: str, restriction: SearchFilter = EVERYTHING) -> list[str]:
    return [each.snippet.text for each in found(storage, text, restriction).hits]


def test_newest_meeting_comes_first_and_each_meeting_is_in_its_order(storage: Storage) -> None:
    put(storage, [("Ana", "plan one"), ("Ben", "plan two")], [("Ana", "plan three"), ("Ben", "plan four")])

    assert texts(storage, "plan") == ["plan three", "plan four", "plan one", "plan two"]


def test_order_does_not_depend_on_the_order_of_indexing(storage: Storage) -> None:
    put(storage, [("Ana", "plan new")], first=9)
    put(storage, [("Ana", "plan old")], first=1)
    put(storage, [("Ana", "plan middle")], first=5)

    assert texts(storage, "plan") == ["plan new", "plan middle", "plan old"]


def test_hit_names_its_meeting_speaker_and_moment(storage: Storage) -> None:
    put(storage, [("Ana", "hello"), ("Ben", "The budget, please.")])

    (hit,) = found(storage, "budget").hits

    assert (hit.title, hit.day, hit.speaker, hit.utterance_index) == ("Meeting 1", FIRST.date(), "Ben", 1)
    assert (hit.at_s, hit.at) == (5.0, FIRST + timedelta(hours=1, seconds=5))
    assert hit.snippet.text[slice(*hit.snippet.marks[0])] == "budget"


def test_hit_in_a_long_utterance_has_the_time_of_its_word(storage: Storage) -> None:
    words = ["word"] * 400 + ["budget"] + ["word"] * 50
    with storage.database.writing() as connection:
        recording_id = store_meeting(connection, 1, [("Ana", " ".join(words))])
        utterances = table_of(TranscriptUtterances)
        connection.execute(utterances.update().values(end_s=451.0))
        transcript_id = connection.scalar(utterances.select().with_only_columns(utterances.c.transcript_id))
        rows = [
            (recording_id, transcript_id, n, 0, "Ana", None, float(n), n + 1.0, word) for n, word in enumerate(words)
        ]
        insert_rows(connection, TranscriptWords, rows)
    index(storage)

    (hit,) = found(storage, "budget").hits

    assert hit.at_s == 400.0
    assert hit.at == FIRST + timedelta(hours=1, seconds=400)
    assert len(hit.snippet.text) < 200


def test_long_utterance_is_found_once(storage: Storage) -> None:
    put(storage, [("Ana", "plan " * 700), ("Ben", "plan")])

    assert [each.utterance_index for each in found(storage, "plan").hits] == [0, 1]


def test_words_far_apart_in_a_long_utterance_are_found_with_either(storage: Storage) -> None:
    put(storage, [("Ana", "budget " + "word " * 600 + "deadline")])

    assert len(texts(storage, "budget OR deadline")) == 1
    assert texts(storage, "budget deadline") == []


def test_all_words_phrases_prefixes_and_exclusions(storage: Storage) -> None:
    put(storage, [("Ana", each) for each in ("Follow up on it", "Up we follow", "Following", "Follow it, draft")])

    assert texts(storage, "follow up") == ["Follow up on it", "Up we follow"]
    assert texts(storage, '"follow up"') == ["Follow up on it"]
    assert texts(storage, "follow*") == ["Follow up on it", "Up we follow", "Following", "Follow it, draft"]
    assert texts(storage, "follow -up") == ["Follow it, draft"]
    assert texts(storage, "following OR draft") == ["Following", "Follow it, draft"]


@pytest.mark.parametrize(
    ("said", "query"),
    [
        ("来週の予算を確認します", "予算"),
        ("来週 の 予算 を 確認", "の予算"),
        ("算", "算"),
        ("来週の予算", "算"),
        ("カタカナのテスト", "ﾃｽﾄ"),
        ("สวัสดีครับ ผมชื่อสมชาย", "ชื่อ"),
        ("CAFÉ", "cafe"),
        ("Überprüfung", "ÜBERPRÜFUNG"),
    ],
)
def test_words_of_every_script_are_found(storage: Storage, said: str, query: str) -> None:
    put(storage, [("Ana", "something else"), ("Ben", said)])

    assert texts(storage, query) == [said]


def test_marks_show_the_words_of_any_script(storage: Storage) -> None:
    put(storage, [("Ana", "今日 の 予算、Café!")])

    (hit,) = found(storage, "の予算 cafe").hits

    assert [hit.snippet.text[slice(*mark)] for mark in hit.snippet.marks] == ["の 予算", "Café"]


def test_limit_says_that_there_are_more(storage: Storage) -> None:
    put(storage, [("Ana", f"plan {n}") for n in range(120)])

    assert [len(found(storage, "plan", limit=n).hits) for n in (1, 119, 120, 121)] == [1, 119, 120, 120]
    assert [found(storage, "plan", limit=n).has_more for n in (1, 119, 120, 121)] == [True, True, False, False]


@pytest.mark.parametrize(
    ("count", "limit", "total", "is_exact"),
    [
        (0, 20, 0, True),
        (1, 20, 1, True),
        (20, 20, 20, True),
        (21, 20, 21, True),
        (finding.MOST_COUNTED, 20, finding.MOST_COUNTED, True),
        (finding.MOST_COUNTED + 1, 20, finding.MOST_COUNTED, False),
        (600, 20, finding.MOST_COUNTED, False),
        (600, 599, 599, False),
        (600, 600, 600, True),
    ],
)
def test_total_is_exact_up_to_a_bound(storage: Storage, count: int, limit: int, total: int, is_exact: bool) -> None:
    put(storage, [("Ana", f"plan {n}") for n in range(count)], [("Ben", "something else")])

    result = found(storage, "plan", limit=limit)

    assert (result.total, result.is_total_exact, len(result.hits)) == (total, is_exact, min(count, limit))
    assert result.has_more == (count > limit)


def test_counting_ends_after_a_bounded_number_of_passages(storage: Storage) -> None:
    read = finding.READ_AT_ONCE * (finding.COUNTED_BATCHES + 2)
    ana, ben = [("Ana", "plan")] * 3, [("Ben", "plan")]
    put(storage, ben + ana, ana + ben * 2 * read)

    result = found(storage, "plan", SearchFilter(speaker="Ana"), limit=1)

    assert (result.total, result.is_total_exact, result.has_more) == (2, False, True)
    assert found(storage, "plan", SearchFilter(speaker="Ana"), limit=6).total == 6


@pytest.mark.parametrize("spans", [0, 1, 50])
def test_speaker_restricts_to_parts_of_their_name(
    storage: Storage, spans: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scope, "MAX_SPANS", spans)
    ana, ben = ("Ana Rúiz", "plan of Ana"), ("Ben Ruiz", "plan of Ben")
    put(storage, [ana, ben], [ben], [ana])

    assert texts(storage, "plan", SearchFilter(speaker="ana ruiz")) == ["plan of Ana", "plan of Ana"]
    assert texts(storage, "plan", SearchFilter(speaker="RUIZ")) == [
        *("plan of Ana", "plan of Ben", "plan of Ana", "plan of Ben"),
    ]
    with pytest.raises(UsageError, match="No speaker has the name 'Rui'"):
        texts(storage, "plan", SearchFilter(speaker="Rui"))


def test_restrictions_with_more_values_than_a_query_takes_are_searched_in_batches(storage: Storage) -> None:
    names = [f"Ruiz {number:04}" for number in range(1200)]
    ids = [f"{number:04}" for number in range(1200)]
    put(storage, [(names[0], "plan one"), (names[1199], "plan two"), ("Ben", "plan")], series_id=ids[0])
    put(storage, [(names[1199], "plan three"), (names[600], "plan four")], series_id=ids[1199], first=2)
    with storage.database.writing() as connection:
        query = select(table_of(Speakers)).where(table_of(Speakers).c.name == names[0])
        row = connection.execute(query).mappings().one()
        others = [{**row, "speaker_key": f"name:{name}", "name": name} for name in names[1:1199]]
        connection.execute(table_of(Speakers).insert(), others)
        counts = dict.fromkeys(("meeting_count", "recording_count", "member_count", "regular_count"), 0)
        of_all = {"title": "weekly", "first_at": FIRST, "last_at": FIRST, "inputs_hash": ""} | counts
        series = [{"series_id": each} | of_all for each in ids]
        connection.execute(table_of(RecordingSeries).insert(), series)

    with storage.database.reading() as connection:
        if storage.database.is_sqlite:
            driver: Any = connection.connection.driver_connection
            driver.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 999)
        result = search(connection, "plan", SearchFilter(speaker="ruiz", series="weekly"), 20)

    assert [each.snippet.text for each in result.hits] == ["plan three", "plan four", "plan one", "plan two"]


def test_corrected_speaker_is_found_without_indexing_again(storage: Storage) -> None:
    put(storage, [("Speaker A", "plan")])
    with storage.database.writing() as connection:
        connection.execute(table_of(Speakers).update().values(name="Ana Ruiz"))

    assert texts(storage, "plan", SearchFilter(speaker="Ana")) == ["plan"]
    assert found(storage, "plan").hits[0].speaker == "Ana Ruiz"
    assert found(storage, "plan").unindexed_recordings == 0


def test_days_restrict_to_meetings_of_those_days(storage: Storage) -> None:
    put(storage, *([("Ana", f"plan {n}")] for n in range(1, 50)))  # 2026-03-02 10:00 to 2026-03-04 10:00
    second = date(2026, 3, 3)

    assert texts(storage, "plan", SearchFilter(first_day=second, last_day=second))[0] == "plan 38"
    assert len(texts(storage, "plan", SearchFilter(first_day=second, last_day=second))) == 20
    assert texts(storage, "plan", SearchFilter(last_day=date(2026, 3, 2)))[0] == "plan 14"
    assert len(texts(storage, "plan", SearchFilter(first_day=date(2026, 3, 4)))) == 11
    assert texts(storage, "plan", SearchFilter(first_day=date.min, last_day=date.min)) == []
    assert texts(storage, "plan", SearchFilter(first_day=date.max, last_day=date.max)) == []


def test_series_restricts_by_id_or_title(storage: Storage) -> None:
    put(storage, [("Ana", "plan 1")], series_id="zoom:1")
    put(storage, [("Ana", "plan 2")], series_id="zoom:2", first=2)
    row = {"meeting_count": 2, "recording_count": 2, "first_at": FIRST, "last_at": FIRST}
    row |= {"member_count": 0, "regular_count": 0, "inputs_hash": ""}
    with storage.database.writing() as connection:
        for series_id, title in (("zoom:1", "Weekly Sync"), ("zoom:2", "Board")):
            connection.execute(table_of(RecordingSeries).insert(), row | {"series_id": series_id, "title": title})

    assert texts(storage, "plan", SearchFilter(series="zoom:2")) == ["plan 2"]
    assert texts(storage, "plan", SearchFilter(series="weekly")) == ["plan 1"]
    with pytest.raises(UsageError, match="No series has the id or the title 'daily'"):
        texts(storage, "plan", SearchFilter(series="daily"))


def test_text_that_was_replaced_since_it_was_indexed_is_not_found(storage: Storage) -> None:
    put(storage, [("Ana", "the old plan")])
    with storage.database.writing() as connection:
        connection.execute(table_of(TranscriptUtterances).update().values(text="something else"))

    assert texts(storage, "plan") == []


def test_missing_transcripts_are_counted(storage: Storage) -> None:
    with storage.database.writing() as connection:
        store_meeting(connection, 1, [("Ana", "plan")])
        store_meeting(connection, 2, [("Ana", "...")])

    assert found(storage, "plan").unindexed_recordings == 1
    index(storage)
    assert found(storage, "plan").unindexed_recordings == 0
