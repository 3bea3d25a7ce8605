"""When an artifact that could not be fetched is tried again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from meeting_assets.store import attempts, ledger, worklist
from meeting_assets.store.database import Database, schema_of
from meeting_assets.store.ledger import LEDGER, Key
from meeting_assets.store.migrations.setup import prepare
from meeting_assets.store.states import DELETED, FETCHED, INTERRUPTED, MOST_DEATHS, PENDING, QUARANTINED, blank_row
from meeting_assets.store.worklist import LoadTask

KEY = Key("00000000-0000-4000-8000-000000000001", "transcript", "00000000-0000-4000-8000-000000000002")
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database.at(database_url)
    prepare(opened, schema_of({}))
    with opened.writing() as connection:
        row = blank_row(*KEY) | {"status": PENDING, "api_status": "done"}
        connection.execute(LEDGER.insert().values(row))
    yield opened
    opened.close()


def fail(database: Database, at: datetime, expires_at: datetime | None = None) -> Any:
    with database.writing() as connection:
        ledger.note_failed_attempt(connection, KEY, "503", updated_at=None, at=at, expires_at=expires_at)
    return row_of(database)


def row_of(database: Database) -> Any:
    with database.reading() as connection:
        return connection.execute(LEDGER.select()).one()


def write(database: Database, **values: object) -> None:
    with database.writing() as connection:
        connection.execute(LEDGER.update().values(values))


def waits(database: Database, count: int, expires_at: datetime | None) -> list[timedelta]:
    """How long is waited after each of so many failures in a row."""
    found = []
    for n in range(count):
        at = AT + n * timedelta(microseconds=1)
        row = fail(database, at, expires_at)
        found.append(row.next_attempt_at - at)
    assert row.attempts == count
    return found


@pytest.mark.parametrize("expires_at", [None, AT + timedelta(days=2)], ids=["never", "later"])
def test_waits_double_from_a_minute_up_to_six_hours(database: Database, expires_at: datetime | None) -> None:
    assert waits(database, len(MINUTES), expires_at) == [timedelta(minutes=each) for each in MINUTES]


def test_near_its_expiry_nothing_waits_longer_than_a_quarter_of_an_hour(database: Database) -> None:
    found = waits(database, len(MINUTES), AT + timedelta(hours=23))

    assert found == [timedelta(minutes=min(each, 15)) for each in MINUTES]


def test_a_failed_attempt_is_counted_once_if_its_transaction_is_repeated_after_the_commit(database: Database) -> None:
    fail(database, AT)

    assert fail(database, AT).attempts == 1
    assert fail(database, AT + timedelta(hours=1)).attempts == 2


@pytest.mark.parametrize("sha256", [None, "0" * 64], ids=["nothing stored", "older bytes stored"])
@pytest.mark.parametrize("what", ["recording", "artifact"])
def test_a_deleted_artifact_keeps_no_error_of_its_attempts(database: Database, sha256: str | None, what: str) -> None:
    write(database, sha256=sha256)
    fail(database, AT)

    with database.writing() as connection:
        if what == "recording":
            ledger.note_deleted(connection, KEY.recording_id, observed_at=AT)
        else:
            ledger.note_gone(connection, KEY.recording_id, KEY.artifact_id, observed_at=AT)

    row = row_of(database)
    assert row.status == (FETCHED if sha256 else DELETED)
    assert (row.error, row.attempts, row.next_attempt_at, row.is_waiting) == (None, 0, None, None)


def test_a_quarantined_artifact_keeps_its_error_when_the_api_deletes_it(database: Database) -> None:
    write(database, status=QUARANTINED, sha256="0" * 64, error="words[3]: no text")

    with database.writing() as connection:
        ledger.note_gone(connection, KEY.recording_id, KEY.artifact_id, observed_at=AT)

    assert (row_of(database).status, row_of(database).error) == (QUARANTINED, "words[3]: no text")


@pytest.mark.parametrize("outcome", ["parsed", "quarantined", "bug"])
def test_loading_older_bytes_keeps_the_mark_of_a_download_in_progress(database: Database, outcome: str) -> None:
    write(database, sha256="0" * 64, attempts=1, error=INTERRUPTED)

    with database.writing() as connection:
        if outcome == "parsed":
            ledger.note_parsed(connection, [ledger.Loaded(KEY, 1, 0, 0)], "1", at=AT)
        elif outcome == "quarantined":
            ledger.note_quarantined(connection, KEY, parser_version="1", error="no text", at=AT)
        else:
            ledger.note_bug(connection, KEY, "a bug")

    assert (row_of(database).status, row_of(database).error) == (PENDING, INTERRUPTED)
    assert fail(database, AT).attempts == 1


def test_a_pending_artifact_that_ended_the_process_is_released_once_by_another_parser(database: Database) -> None:
    write(database, sha256="0" * 64)
    with database.writing() as connection:
        row = {"recording_id": KEY.recording_id, "status": "done", "created_at": AT, "day": AT.date()}
        connection.execute(ledger.RECORDINGS.insert().values(row))
        ledger.note_quarantined(connection, KEY, parser_version="1", error="deaths", at=AT, deaths=MOST_DEATHS)

    first = entry_of(database)
    with database.writing() as connection:
        attempts.release(connection, [first])
    released = entry_of(database)
    write(database, load_attempts=MOST_DEATHS)

    assert (first.is_deadly, first.is_quarantined) == (False, True)
    assert (released.status, released.load_attempts, released.is_quarantined) == (PENDING, None, False)
    assert entry_of(database).is_deadly


def entry_of(database: Database) -> LoadTask:
    (entry,) = database.read(lambda connection: worklist.to_load(connection, [AT.date()], KEY.kind, "2"))
    return entry


@pytest.mark.parametrize(("held", "noted"), [("former", "ours"), ("ours", "ours"), ("theirs", None)])
def test_a_recording_json_that_two_runs_wrote_is_written_again(
    database: Database, held: str, noted: str | None
) -> None:
    with database.writing() as connection:
        row = {"recording_id": KEY.recording_id, "status": "done", "created_at": AT, "day": AT.date()}
        connection.execute(ledger.RECORDINGS.insert().values(row | {"listing_sha256": held}))

        ledger.note_listings(connection, [{"id": KEY.recording_id, "sha256": "ours", "former_sha256": "former"}])

        assert (
            connection.scalar(ledger.RECORDINGS.select().with_only_columns(ledger.RECORDINGS.c.listing_sha256)) == noted
        )
