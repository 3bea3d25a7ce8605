"""The search index follows the primary transcripts: after every change, a run indexes the changed recordings."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from meeting_assets.artifacts.transcript import Transcripts, TranscriptUtterances
from meeting_assets.pipeline import search_index
from meeting_assets.pipeline.deletion.recordings import purge
from meeting_assets.pipeline.rebuild import rebuild, refresh
from meeting_assets.pipeline.search_index import IndexReport, days_of_outdated_index, index_days, outdated_index_count
from meeting_assets.pipeline.storage import Storage, open_storage
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets.settings import read_settings
from meeting_assets.store import tombstones
from meeting_assets.store.database import Database, table_of
from meeting_assets.store.ledger import LEDGER
from meeting_assets.store.search_index import PASSAGES, RECORDINGS, delete_passages, slot_of
from meeting_assets_tests.support.environments import open_test_storage, sync_days, use_sandbox
from meeting_assets_tests.support.purges import confirm_deletion, transcript_of
from meeting_assets_tests.support.sample_day import DAY
from meeting_assets_tests.support.searches import put_transcript, snippets
from meeting_assets_tests.support.stored_texts import FIRST, store_meeting

UTTERANCES, TRANSCRIPTS = table_of(TranscriptUtterances), table_of(Transcripts)
Content = list[tuple[str, int, int, str]]


@pytest.fixture
def storage(database_url: str) -> Iterator[Storage]:
    with open_storage(read_settings()) as storage:
        yield storage


def index(storage: Storage) -> IndexReport:
    """Indexes all days; the counts without times."""
    days = [FIRST.date() + timedelta(days=n) for n in range(-1, 4)]
    report = index_days(days, storage)
    report.index_s = 0.0
    return report


def content(storage: Storage) -> Content:
    """Recording, utterance, offset and text of all passages, in the order of results."""
    is_indexed = RECORDINGS.c.slot == PASSAGES.c.passage_id.op(">>")(text("23"))
    query = select(RECORDINGS.c.recording_id, UTTERANCES.c.utterance_index, PASSAGES.c.token_offset, UTTERANCES.c.text)
    query = query.select_from(PASSAGES).join(RECORDINGS, is_indexed)
    query = query.join(
        UTTERANCES,
        (UTTERANCES.c.recording_id == RECORDINGS.c.recording_id)
        & (UTTERANCES.c.transcript_id == RECORDINGS.c.transcript_id)
        & (UTTERANCES.c.utterance_index == PASSAGES.c.utterance_index),
    )
    with storage.database.reading() as connection:
        return [tuple(row) for row in connection.execute(query.order_by(PASSAGES.c.passage_id.desc()))]


def assert_fts_is_consistent(storage: Storage) -> None:
    """SQLite compares the FTS5 index with the table that it indexes, and raises an error if they differ."""
    if storage.database.is_sqlite:
        with storage.database.writing() as connection:
            connection.exec_driver_sql("INSERT INTO search_text (search_text, rank) VALUES ('integrity-check', 1)")


def test_every_utterance_with_a_word_is_indexed_once(storage: Storage) -> None:
    with storage.database.writing() as connection:
        first = store_meeting(connection, 1, [("Ana", "hello"), ("Ben", "..."), ("Ana", "bye " * 300)])
        second = store_meeting(connection, 2, [("Ana", "welcome")])

    assert index(storage) == IndexReport(new=2, passages=4)
    assert index(storage) == IndexReport(unchanged=2)
    assert [each[:3] for each in content(storage)] == [(second, 0, 0), (first, 0, 0), (first, 2, 0), (first, 2, 176)]
    assert_fts_is_consistent(storage)


def test_recording_without_words_leaves_the_index_alone(storage: Storage) -> None:
    with storage.database.writing() as connection:
        store_meeting(connection, 1, [("Ana", "...")])
        store_meeting(connection, 2, [])

    assert index(storage) == IndexReport()
    with storage.database.reading() as connection:
        assert days_of_outdated_index(connection) == set()


def test_parsed_again_is_indexed_again(storage: Storage) -> None:
    with storage.database.writing() as connection:
        store_meeting(connection, 1, [("Ana", "old words"), ("Ben", "more")])
        other = store_meeting(connection, 2, [("Ana", "other")])
    index(storage)
    with storage.database.writing() as connection:
        is_first = UTTERANCES.c.recording_id != other
        connection.execute(UTTERANCES.delete().where(is_first, UTTERANCES.c.utterance_index == 1))
        connection.execute(UTTERANCES.update().where(is_first).values(text="new words"))
        parsed_at = FIRST + timedelta(days=1)
        connection.execute(LEDGER.update().where(LEDGER.c.recording_id != other).values(parsed_at=parsed_at))

    assert index(storage) == IndexReport(changed=1, unchanged=1, passages=-1)
    assert [each[3] for each in content(storage)] == ["other", "new words"]
    assert_fts_is_consistent(storage)


def test_another_index_version_indexes_again(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    with storage.database.writing() as connection:
        store_meeting(connection, 1, [("Ana", "hello")])
    index(storage)
    with storage.database.writing() as connection:
        connection.execute(RECORDINGS.update().values(index_version="0"))
    with storage.database.reading() as connection:
        assert outdated_index_count(connection) == 1
        assert len(days_of_outdated_index(connection)) == 1

    assert index(storage) == IndexReport(changed=1)
    assert index(storage) == IndexReport(unchanged=1)


def test_recording_whose_transcript_is_gone_leaves_the_index(storage: Storage) -> None:
    with storage.database.writing() as connection:
        store_meeting(connection, 1, [("Ana", "hello"), ("Ben", "hello")])
    index(storage)
    with storage.database.writing() as connection:
        connection.execute(TRANSCRIPTS.update().values(is_primary=False))

    assert index(storage) == IndexReport(removed=1, passages=-2)
    assert content(storage) == []
    assert index(storage) == IndexReport()
    assert_fts_is_consistent(storage)


def test_recordings_of_the_same_moment_have_passages_of_their_own(storage: Storage) -> None:
    with storage.database.writing() as connection:
        for number in range(5):
            store_meeting(connection, number, [("Ana", f"hello {number}")], created_at=FIRST)

    assert index(storage) == IndexReport(new=5, passages=5)
    with storage.database.reading() as connection:
        slots = sorted(connection.scalars(select(RECORDINGS.c.slot)))
    assert slots == [slot_of(FIRST) + n for n in range(5)]
    assert len(content(storage)) == 5


@pytest.mark.parametrize("year", [1, 1970, 2054, 9999])
def test_recording_of_any_year_is_indexed(storage: Storage, year: int) -> None:
    at = FIRST.replace(year=year)
    with storage.database.writing() as connection:
        for number in range(2):
            store_meeting(connection, number, [("Ana", "hello")], created_at=at)

    assert index_days([at.date()], storage).new == 2
    assert len(content(storage)) == 2


def test_two_runs_at_once_index_each_recording_once(storage: Storage) -> None:
    with storage.database.writing() as connection:
        for number in range(40):
            store_meeting(connection, number, [("Ana", f"hello {number}")] * 20, created_at=FIRST)
    reports: list[IndexReport] = []
    with closing(Database.at(storage.database.url)) as other:
        second = Storage(other, storage.raw)
        threads = [
            threading.Thread(target=lambda given=each: reports.append(index(given))) for each in (storage, second)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sum(each.new + each.changed for each in reports) == 40
    assert sum(each.passages for each in reports) == 800
    assert len(content(storage)) == 800
    assert_fts_is_consistent(storage)


def test_transcript_replaced_while_it_is_indexed_is_left_to_the_next_run(storage: Storage) -> None:
    with storage.database.writing() as connection:
        store_meeting(connection, 1, [("Ana", "old words")])
    with storage.database.reading() as connection:
        stale = search_index._recordings(connection, LEDGER.c.recording_id.is_not(None))
    with storage.database.writing() as connection:
        connection.execute(UTTERANCES.update().values(text="new words"))
        connection.execute(LEDGER.update().values(parsed_at=FIRST + timedelta(days=1)))

    assert search_index._index(storage, stale) == IndexReport()
    assert content(storage) == []
    assert index(storage).new == 1
    assert [each[3] for each in content(storage)] == ["new words"]


def test_index_of_a_batch_is_the_index_of_its_recordings(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_index, "BATCH_RECORDINGS", 2)
    with storage.database.writing() as connection:
        for number in range(5):
            store_meeting(connection, number, [("Ana", f"hello {number}")])

    assert index(storage) == IndexReport(new=5, passages=5)
    assert [each[3] for each in content(storage)] == [f"hello {number}" for number in reversed(range(5))]


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=2, words=30), limits=False) as running:
        use_sandbox(running, monkeypatch)
        yield running


def test_replaced_transcript_replaces_its_words(sandbox: Sandbox) -> None:
    first, second = sandbox.world.recordings
    put_transcript(sandbox, first, [("Ana", "the zugzwang plan")])
    put_transcript(sandbox, second, [("Ana", "another plan")])
    sync_days([DAY])
    assert snippets("plan") == ["another plan", "the zugzwang plan"]
    put_transcript(sandbox, first, [("Ana", "the quokka plan")])
    sandbox.touch(first.of("transcript")[0].id)

    sync_days([DAY])

    assert snippets("zugzwang") == []
    assert snippets("plan") == ["another plan", "the quokka plan"]


def test_newer_transcript_becomes_the_indexed_one(sandbox: Sandbox) -> None:
    recording = sandbox.world.recordings[0]
    put_transcript(sandbox, recording, [("Ana", "the zugzwang plan")])
    sync_days([DAY])
    added = sandbox.add_transcript(recording.id)
    newer = next(each for each in recording.of("transcript") if each.id == added)
    older = next(each for each in recording.of("transcript") if each.id != added)
    quokka = sandbox.payload(older.id, "transcript").replace(b"zugzwang", b"quokka")
    sandbox.set_payload(newer.id, "transcript", quokka)

    sync_days([DAY])

    assert snippets("zugzwang") == []
    assert snippets("quokka") == ["the quokka plan"]

    sandbox.delete_artifact(newer.id)
    sync_days([DAY])
    with open_test_storage() as storage:
        confirm_deletion(storage, newer)
    assert snippets("quokka") == []

    sync_days([DAY])

    assert snippets("zugzwang") == ["the zugzwang plan"]


def test_rebuild_fills_the_index_of_an_older_database(sandbox: Sandbox) -> None:
    sync_days([DAY])
    with open_test_storage() as storage:
        expected = content(storage)
        with storage.database.writing() as connection:
            delete_passages(connection, connection.scalars(select(RECORDINGS.c.recording_id)).all())
        assert content(storage) == []

        assert refresh(storage).days == [DAY]

        assert content(storage) == expected != []
        assert refresh(storage).days == []
        rebuild(storage)
        assert content(storage) == expected
        assert_fts_is_consistent(storage)


def test_purged_recording_leaves_the_index(sandbox: Sandbox) -> None:
    recording, other = sandbox.world.recordings
    sync_days([DAY])
    with open_test_storage() as storage:
        purge(storage, [recording.id], tombstones.ASKED_FOR)

        assert {each[0] for each in content(storage)} == {other.id}
        with storage.database.reading() as connection:
            assert connection.scalars(select(RECORDINGS.c.recording_id)).all() == [other.id]
        assert_fts_is_consistent(storage)


def test_purged_transcript_leaves_the_index(sandbox: Sandbox) -> None:
    recording, other = sandbox.world.recordings
    sync_days([DAY])
    sandbox.delete_artifact(transcript_of(recording).id)
    sync_days([DAY])
    with open_test_storage() as storage:
        confirm_deletion(storage, transcript_of(recording))

        assert {each[0] for each in content(storage)} == {other.id}
