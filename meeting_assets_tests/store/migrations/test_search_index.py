"""The search index keeps its own objects when its table is migrated, and is filled again when its table is dropped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Column

from meeting_assets.core.errors import StoreError
from meeting_assets.pipeline.search_index import days_of_outdated_index, index_days
from meeting_assets.pipeline.storage import Storage, open_storage, whole_schema
from meeting_assets.publications.search.finding import search
from meeting_assets.publications.search.scope import SearchFilter
from meeting_assets.schema.search_index import GIN_INDEX, SearchIndex
from meeting_assets.settings import read_settings
from meeting_assets.store.database import table_of
from meeting_assets.store.migrations.migrate import migrate
from meeting_assets.store.migrations.setup import set_up_database
from meeting_assets_tests.support.schema_versions import with_column
from meeting_assets_tests.support.stored_texts import store_meeting


@pytest.fixture
def storage(database_url: str) -> Iterator[Storage]:
    """A database with one indexed meeting."""
    with open_storage(read_settings()) as storage:
        storage.database.write(lambda connection: store_meeting(connection, 1, [("Ana", "the plan")]))
        index(storage)
        yield storage


def index(storage: Storage) -> None:
    index_days(storage.database.read(days_of_outdated_index), storage)


def found(storage: Storage, text: str) -> list[str]:
    result = storage.database.read(lambda connection: search(connection, text, SearchFilter(), 9))
    return [each.snippet.text for each in result.hits]


def scalar(storage: Storage, statement: str) -> object:
    with storage.database.reading() as connection:
        return connection.exec_driver_sql(statement).scalar()


def execute(storage: Storage, statement: str) -> None:
    storage.database.write(lambda connection: connection.exec_driver_sql(statement))


def drop_table(storage: Storage) -> None:
    """Drops the table; on PostgreSQL with the view that selects from it."""
    execute(storage, f"DROP TABLE search_index{'' if storage.database.is_sqlite else ' CASCADE'}")


def test_migrated_search_index_finds_old_and_new_words(storage: Storage) -> None:
    tokens = Column("tokens", table_of(SearchIndex).c.tokens.type, nullable=True)
    looser = with_column(whole_schema(), "search_index", tokens)

    migrate(storage.database, looser)

    assert found(storage, "plan") == ["the plan"]
    storage.database.write(lambda connection: store_meeting(connection, 2, [("Ben", "another plan")]))
    index(storage)
    assert found(storage, "plan") == ["another plan", "the plan"]
    if not storage.database.is_sqlite:
        assert "USING gin (tokens)" in str(
            scalar(storage, f"SELECT indexdef FROM pg_indexes WHERE indexname = '{GIN_INDEX}'")
        )
        of_tokens = "attrelid = 'meetings.search_index'::regclass AND attname = 'tokens'"
        assert scalar(storage, f"SELECT attstattarget FROM pg_attribute WHERE {of_tokens}") == 0


def test_dropped_search_index_is_created_and_filled_again(storage: Storage) -> None:
    drop_table(storage)

    set_up_database(storage.database, whole_schema())
    index(storage)

    assert found(storage, "plan") == ["the plan"]


def test_table_of_another_program_is_not_dropped_for_the_search_index(storage: Storage) -> None:
    drop_table(storage)
    if storage.database.is_sqlite:
        execute(storage, "DROP TABLE search_text")
    execute(storage, "CREATE TABLE search_text (note TEXT)")
    execute(storage, "INSERT INTO search_text VALUES ('kept')")

    if storage.database.is_sqlite:
        with pytest.raises(StoreError, match="search_text"):
            set_up_database(storage.database, whole_schema())
    else:
        set_up_database(storage.database, whole_schema())

    assert scalar(storage, "SELECT note FROM search_text") == "kept"
