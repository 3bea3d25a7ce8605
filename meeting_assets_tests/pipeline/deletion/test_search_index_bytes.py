"""Deleted words are gone from the files of the search index, on both databases."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from meeting_assets.artifacts.transcript import TranscriptUtterances
from meeting_assets.pipeline import search_index
from meeting_assets.pipeline.deletion.recordings import purge
from meeting_assets.pipeline.deletion.removal import is_scrub_due
from meeting_assets.pipeline.search_index import days_of_outdated_index, index_days
from meeting_assets.pipeline.storage import Storage, open_storage
from meeting_assets.settings import read_settings
from meeting_assets.store import scrub as scrub_module
from meeting_assets.store import tombstones
from meeting_assets.store.database import Database, meta_value, table_of
from meeting_assets.store.ledger import LEDGER
from meeting_assets.store.scrub import scrub
from meeting_assets.store.search_index import MERGE_DUE, delete_passages, note_merge_due
from meeting_assets_tests.support.stored_texts import FIRST, store_meeting

PLANTED, OTHER = "qxzvplanted", "jkwyremains"
"""Words with beginnings of their own: FTS5 stores only the end of a word that begins like the word before it."""

MEETINGS = 15


class Killed(BaseException):
    """Simulates the end of a process."""


@pytest.fixture
def storage(database_url: str) -> Iterator[Storage]:
    with open_storage(read_settings()) as storage:
        yield storage


@pytest.fixture
def files(storage: Storage, home: Path) -> Callable[[], dict[str, bytes]]:
    """The present files of the database; of PostgreSQL without its log and without the table of utterances."""

    def sqlite() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in home.glob("meetings.db*")}

    def postgresql() -> dict[str, bytes]:
        with psycopg.connect(_url(storage), autocommit=True) as connection:
            connection.execute("CHECKPOINT")  # writes changed pages to the files
            ((folder,),) = connection.execute("SHOW data_directory").fetchall()
            ((number,),) = connection.execute("SELECT oid FROM pg_database WHERE datname = current_database()")
            rows = connection.execute("SELECT pg_relation_filenode(oid)::text, relname FROM pg_class").fetchall()
            names: dict[str, str] = dict(rows)
            paths = (Path(folder) / "base" / str(number)).glob("*")
            found = {names.get(path.name.split(".")[0], path.name): path.read_bytes() for path in paths}
        # Free space in pages of this table keeps bytes of rows that a VACUUM has removed.
        return {name: content for name, content in found.items() if name != "transcript_utterances"}

    return sqlite if storage.database.is_sqlite else postgresql


def found_in(files: dict[str, bytes], word: str) -> list[str]:
    return [name for name, content in files.items() if word.encode() in content]


def store(storage: Storage) -> list[str]:
    """Stores and indexes meetings of random words in several runs, so that the index has several segments."""
    draw = random.Random(3)
    ids = []
    for number in range(MEETINGS):
        words = [f"w{draw.randrange(3000)}" for _ in range(1500)]
        words[700] = PLANTED if number == 5 else OTHER
        said = [("Ana", " ".join(words[n : n + 30])) for n in range(0, len(words), 30)]
        with storage.database.writing() as connection:
            ids.append(store_meeting(connection, number, said))
        index(storage)
    return ids


def index(storage: Storage) -> None:
    with storage.database.reading() as connection:
        days = days_of_outdated_index(connection)
    index_days(days, storage)


def test_purged_words_are_gone_from_all_files(storage: Storage, files: Callable[[], dict[str, bytes]]) -> None:
    ids = store(storage)
    assert found_in(files(), PLANTED)

    report = purge(storage, [ids[5]], tombstones.ASKED_FOR)

    assert report.obstacles == []
    assert found_in(files(), PLANTED) == []
    assert found_in(files(), OTHER)


def test_purge_of_all_recordings_leaves_no_word(storage: Storage, files: Callable[[], dict[str, bytes]]) -> None:
    ids = store(storage)

    purge(storage, ids, tombstones.ASKED_FOR)

    assert [found_in(files(), word) for word in (PLANTED, OTHER)] == [[], []]


def test_words_of_a_replaced_transcript_are_gone(storage: Storage, files: Callable[[], dict[str, bytes]]) -> None:
    ids = store(storage)
    replace_text(storage, ids[5])

    index(storage)

    if storage.database.is_sqlite:
        scrub(storage.database, ())  # empties the write-ahead log, as SQLite does when the last process ends
    else:
        purge(storage, [ids[0]], tombstones.ASKED_FOR)  # PostgreSQL keeps dead rows of all tables until then
    assert found_in(files(), PLANTED) == []
    assert found_in(files(), OTHER)


def test_words_that_a_killed_run_deleted_are_gone_after_the_next_run(
    storage: Storage, files: Callable[[], dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not storage.database.is_sqlite:
        pytest.skip("PostgreSQL keeps dead rows of all tables until the next purge")
    ids = store(storage)
    replace_text(storage, ids[5])
    with monkeypatch.context() as patched:
        patched.setattr(search_index, "merge_if_due", killed)  # the process ends after the commit
        with pytest.raises(Killed):
            index(storage)
    scrub(storage.database, ())
    assert found_in(files(), PLANTED)

    report = index_days([FIRST.date()], storage)

    assert not report.has_deleted
    scrub(storage.database, ())
    assert found_in(files(), PLANTED) == []
    assert found_in(files(), OTHER)


def test_merge_is_not_due_after_a_run_without_deleted_words(storage: Storage) -> None:
    ids = store(storage)
    assert is_merge_due(storage) is False

    storage.database.write(note_merge_due)
    assert is_merge_due(storage) is storage.database.is_sqlite

    replace_text(storage, ids[5])
    index(storage)
    assert is_merge_due(storage) is False


def is_merge_due(storage: Storage) -> bool:
    return storage.database.read(lambda connection: meta_value(connection, MERGE_DUE)) is not None


def killed(_database: Database) -> None:
    raise Killed


def test_index_keeps_deleted_words_without_the_last_step(
    storage: Storage, files: Callable[[], dict[str, bytes]]
) -> None:
    ids = store(storage)
    replace_text(storage, ids[5])

    storage.database.write(lambda connection: delete_passages(connection, [ids[5]]))

    if storage.database.is_sqlite:
        scrub(storage.database, ())
    else:
        with psycopg.connect(_url(storage), autocommit=True) as connection:
            connection.execute("VACUUM meetings.search_index")
    assert found_in(files(), PLANTED)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_purge_does_not_wait_for_an_idle_reader_of_the_index_and_the_next_one_repeats_the_step(
    storage: Storage, files: Callable[[], dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scrub_module, "LOCK_TIMEOUT_S", 0.2)
    ids = store(storage)
    with psycopg.connect(_url(storage)) as reader:
        reader.execute("SELECT count(*) FROM meetings.search_index")

        report = purge(storage, [ids[5]], tombstones.ASKED_FOR)

        assert report.obstacles == [scrub_module.IN_USE]
        assert storage.database.read(is_scrub_due)
        reader.execute("SELECT count(*) FROM meetings.search_index")  # a search needs no lock that the purge holds
        assert _vacuumed(storage) >= {"artifacts", "transcripts", "transcript_utterances"}
    with storage.database.reading() as connection:
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "0"

    again = purge(storage, [ids[5]], tombstones.ASKED_FOR)

    assert again.obstacles == []
    assert not storage.database.read(is_scrub_due)
    assert found_in(files(), PLANTED) == []


def _vacuumed(storage: Storage) -> set[str]:
    """The tables that were vacuumed. A VACUUM FULL does not count."""
    with psycopg.connect(_url(storage), autocommit=True) as connection:
        rows = connection.execute("SELECT relname FROM pg_stat_user_tables WHERE vacuum_count > 0").fetchall()
        return {name for (name,) in rows}


def replace_text(storage: Storage, recording_id: str) -> None:
    """Replaces a recording's transcript, as a load does."""
    utterances = table_of(TranscriptUtterances)
    with storage.database.writing() as connection:
        of_recording = utterances.c.recording_id == recording_id
        connection.execute(utterances.update().where(of_recording).values(text="nothing"))
        parsed_at = (
            LEDGER.update().where(LEDGER.c.recording_id == recording_id).values(parsed_at=FIRST.replace(year=2027))
        )
        connection.execute(parsed_at)


def _url(storage: Storage) -> str:
    return make_url(storage.database.url).set(drivername="postgresql").render_as_string(hide_password=False)
