"""Results of fetching and loading in the ledger: waits between attempts, errors, and marks of attempts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from meeting_assets.store import attempts, ledger, ledger_api, ledger_raw, ledger_tables, worklist
from meeting_assets.store.database import Database, schema_of
from meeting_assets.store.ledger import LEDGER, ArtifactKey
from meeting_assets.store.ledger_states import (
    DELETED,
    FETCHED,
    INTERRUPTED,
    MAX_INTERRUPTIONS,
    PENDING,
    QUARANTINED,
    LedgerRow,
)
from meeting_assets.store.migrations.setup import set_up_database
from meeting_assets.store.tasks import LoadTask

pytestmark = pytest.mark.with_tables

KEY = ArtifactKey("00000000-0000-4000-8000-000000000001", "transcript", "00000000-0000-4000-8000-000000000002")
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database.at(database_url)
    set_up_database(database, schema_of({}))
    with database.writing() as connection:
        connection.execute(LEDGER.insert().values(asdict(LedgerRow(*KEY, PENDING, api_status="done"))))
    yield database
    database.close()


def fail(database: Database, at: datetime, expires_at: datetime | None = None) -> Any:
    with database.writing() as connection:
        ledger_raw.mark_attempt_failed(connection, KEY, "503", updated_at=None, at=at, expires_at=expires_at)
    return row_of(database)


def row_of(database: Database) -> Any:
    with database.reading() as connection:
        return connection.execute(LEDGER.select()).one()


def write(database: Database, **values: object) -> None:
    with database.writing() as connection:
        connection.execute(LEDGER.update().values(values))


def waits_after_failures(database: Database, count: int, expires_at: datetime | None) -> list[timedelta]:
    """The waits after a number of consecutive failures."""
    found = []
    for n in range(count):
        at = AT + n * timedelta(microseconds=1)
        row = fail(database, at, expires_at)
        found.append(row.next_attempt_at - at)
    assert row.attempts == count
    return found


@pytest.mark.parametrize("expires_at", [None, AT + timedelta(days=2)], ids=["never", "later"])
def test_wait_doubles_from_one_minute_to_six_hours(database: Database, expires_at: datetime | None) -> None:
    assert waits_after_failures(database, len(MINUTES), expires_at) == [timedelta(minutes=each) for each in MINUTES]


def test_wait_near_expiry_is_at_most_15_minutes(database: Database) -> None:
    found = waits_after_failures(database, len(MINUTES), AT + timedelta(hours=23))

    assert found == [timedelta(minutes=min(each, 15)) for each in MINUTES]


def test_failed_attempt_counts_once_if_its_transaction_is_repeated_after_the_commit(database: Database) -> None:
    fail(database, AT)

    assert fail(database, AT).attempts == 1
    assert fail(database, AT + timedelta(hours=1)).attempts == 2


@pytest.mark.parametrize("sha256", [None, "0" * 64], ids=["nothing stored", "older bytes stored"])
@pytest.mark.parametrize("what", ["recording", "artifact"])
def test_deleted_artifact_has_no_error_of_former_attempts(database: Database, sha256: str | None, what: str) -> None:
    write(database, sha256=sha256)
    fail(database, AT)

    with database.writing() as connection:
        if what == "recording":
            ledger_api.mark_recording_deleted(connection, KEY.recording_id, observed_at=AT)
        else:
            ledger_api.mark_object_deleted(connection, KEY.recording_id, KEY.artifact_id, observed_at=AT)

    row = row_of(database)
    assert row.status == (FETCHED if sha256 else DELETED)
    assert (row.error, row.attempts, row.next_attempt_at, row.is_waiting) == (None, 0, None, None)


def test_quarantined_artifact_keeps_its_error_when_the_api_deletes_it(database: Database) -> None:
    write(database, status=QUARANTINED, sha256="0" * 64, error="words[3]: no text")

    with database.writing() as connection:
        ledger_api.mark_object_deleted(connection, KEY.recording_id, KEY.artifact_id, observed_at=AT)

    assert (row_of(database).status, row_of(database).error) == (QUARANTINED, "words[3]: no text")


@pytest.mark.parametrize("outcome", ["parsed", "quarantined", "bug"])
def test_loading_older_bytes_keeps_the_mark_of_a_running_download(database: Database, outcome: str) -> None:
    write(database, sha256="0" * 64, attempts=1, error=INTERRUPTED)

    with database.writing() as connection:
        if outcome == "parsed":
            ledger_tables.mark_parsed(connection, [ledger_tables.Loaded(KEY, 1, 0, 0)], "1", at=AT)
        elif outcome == "quarantined":
            ledger_tables.mark_quarantined(connection, KEY, parser_version="1", error="no text", at=AT)
        else:
            ledger_tables.mark_bug(connection, KEY, "a bug")

    assert (row_of(database).status, row_of(database).error) == (PENDING, INTERRUPTED)
    assert fail(database, AT).attempts == 1


def test_another_parser_version_retries_once_a_pending_artifact_that_ended_the_process(database: Database) -> None:
    write(database, sha256="0" * 64)
    with database.writing() as connection:
        row = {"recording_id": KEY.recording_id, "status": "done", "created_at": AT, "day": AT.date()}
        connection.execute(ledger.RECORDINGS.insert().values(row))
        ledger_tables.mark_quarantined(
            connection, KEY, parser_version="1", error="interrupted", at=AT, load_attempts=MAX_INTERRUPTIONS
        )

    first = load_task(database)
    with database.writing() as connection:
        attempts.reset_loads(connection, [first])
    released = load_task(database)
    write(database, load_attempts=MAX_INTERRUPTIONS)

    assert (first.is_exhausted, first.is_quarantined) == (False, True)
    assert (released.status, released.load_attempts, released.is_quarantined) == (PENDING, None, False)
    assert load_task(database).is_exhausted


def load_task(database: Database) -> LoadTask:
    (task,) = database.read(lambda connection: worklist.to_load(connection, [AT.date()], KEY.kind, "2"))
    return task


@pytest.mark.parametrize(("held", "recorded"), [("former", "ours"), ("ours", "ours"), ("theirs", None)])
def test_recording_json_written_by_two_runs_is_written_again(
    database: Database, held: str, recorded: str | None
) -> None:
    with database.writing() as connection:
        row = {"recording_id": KEY.recording_id, "status": "done", "created_at": AT, "day": AT.date()}
        connection.execute(ledger.RECORDINGS.insert().values(row | {"listing_sha256": held}))

        ledger_api.mark_listings_written(
            connection, [{"id": KEY.recording_id, "sha256": "ours", "former_sha256": "former"}]
        )

        assert (
            connection.scalar(ledger.RECORDINGS.select().with_only_columns(ledger.RECORDINGS.c.listing_sha256))
            == recorded
        )


def test_ledger_row_has_the_columns_of_the_table() -> None:
    assert [field.name for field in fields(LedgerRow)] == LEDGER.columns.keys()


def test_adopted_bytes_keep_the_row_count_of_lost_bytes(database: Database) -> None:
    write(database, status=PENDING, row_count=7, parser_version="1")
    found = LedgerRow(*KEY, FETCHED, raw_key="key", sha256="0" * 64, size_bytes=2, fetched_at=AT)

    with database.writing() as connection:
        ledger_raw.adopt(connection, [found])

    row = row_of(database)
    assert (row.status, row.sha256, row.row_count, row.parser_version) == (FETCHED, "0" * 64, 7, "1")
