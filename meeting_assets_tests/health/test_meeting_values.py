"""Purge verification names rows and raw objects that contain a value which only the purged meeting had."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import Table

from meeting_assets.health.fingerprints import Fingerprints, fingerprints_of
from meeting_assets.health.purge_verification import VALUE_KINDS, find_remains
from meeting_assets.metrics.series import RecordingSeries
from meeting_assets.metrics.trends import People
from meeting_assets.pipeline.bot_status_changes import CHANGES
from meeting_assets.pipeline.bots import BOTS
from meeting_assets.pipeline.deletion.recordings import purge
from meeting_assets.pipeline.media_objects import METADATA
from meeting_assets.sandbox.world import identifier
from meeting_assets.schema.persistent import Meta
from meeting_assets.settings import read_settings
from meeting_assets.store import tombstones
from meeting_assets.store.calendar_events import EVENTS, INVITEES
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import RECORDINGS
from meeting_assets.store.raw_layout import listing_key
from meeting_assets.webhooks.object_inbox import OBJECT_INBOX
from meeting_assets_tests.support.contexts import (
    AT,
    bot_id,
    event_id,
    recording_id,
    store,
    store_bot,
    store_event,
    store_recording,
)
from meeting_assets_tests.support.environments import open_test_storage

pytestmark = [pytest.mark.with_tables, pytest.mark.sqlite_first]

DAY = AT.date()
DEAL, ACCOUNT, TITLE, SERIES = "crm-deal-471100", "Zoë Ångström & Søn", "Marmalade review", "zoom:8123456789"
ADDRESS, UUID, RECURRING = "zerlina@quibblethorpe.example", "Pa5sZ00mUuid==", "recurring-4711"
PLANTED = (DEAL, ACCOUNT, TITLE, SERIES, "8123456789", ADDRESS, UUID, RECURRING)


@pytest.fixture(autouse=True)
def _database(database_url: str) -> None:
    """Every test runs on both databases."""


def store_planted_meeting() -> None:
    """A recording with every kind of value; `customer` is the metadata of another meeting, too."""
    store_bot("purged", meeting_id="8123456789", bot_metadata={"deal": DEAL, "customer": "northwind-traders"})
    store_event("purged", "purged", title=TITLE, recurring_id=RECURRING)
    store(INVITEES, calendar_event_id=event_id("purged"), email=ADDRESS, is_organizer=False, is_optional=False)
    store_recording(
        "purged",
        bot="purged",
        recording_metadata={"account": ACCOUNT, "flag": "true"},
        series_id=SERIES,
        calendar_event_id=event_id("purged"),
    )
    store(
        METADATA,
        recording_id=recording_id("purged"),
        media_object_id=identifier("metadata"),
        data={"zoom": {"id": UUID}},
    )


def remains_with(change: Callable[[], None] = lambda: None) -> list[str]:
    """The remains that verification finds after a purge and a change that leaves something behind."""
    with open_test_storage() as storage:
        fingerprints = fingerprints_of(storage, {recording_id("purged"): DAY})
        purge(storage, [recording_id("purged")], tombstones.ASKED_FOR)
    change()
    with open_test_storage() as storage:
        return find_remains(storage, read_settings(), fingerprints).found


def planted_fingerprints() -> Fingerprints:
    with open_test_storage() as storage:
        return fingerprints_of(storage, {recording_id("purged"): DAY})


def test_values_of_every_table_are_collected() -> None:
    store_planted_meeting()

    found = planted_fingerprints()

    assert {*found.values} >= {*PLANTED, "northwind-traders"}
    assert "true" not in found.values
    assert {*found.object_ids} == {bot_id("purged"), event_id("purged")}


def test_purge_leaves_none_of_them() -> None:
    store_planted_meeting()

    assert remains_with() == []


LEFT: list[tuple[Table, dict[str, Any]]] = [
    (BOTS, {"bot_metadata": {"other": DEAL}}),
    (BOTS, {"bot_metadata": {"other": [f"for {ACCOUNT}"]}}),
    (BOTS, {"meeting_id": "8123456789"}),
    (CHANGES, {"message": f"{ADDRESS} refused"}),
    (EVENTS, {"title": f"Re: {TITLE}"}),
    (EVENTS, {"recurring_id": RECURRING}),
    (EVENTS, {"organizer_email": ADDRESS}),
    (INVITEES, {"email": ADDRESS}),
    (METADATA, {"data": {"deep": [{"id": UUID}]}}),
    (RECORDINGS, {"series_id": SERIES}),
    (table_of(Meta), {"name": "unreadable bot", "value": f"it names {TITLE}"}),
    (table_of(RecordingSeries), {"series_id": SERIES}),
    (table_of(RecordingSeries), {"title": TITLE}),
    (table_of(People), {"person_key": f"email:{ADDRESS}"}),
]


def filled(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """The row with a value in every column that must have one."""
    values = {datetime: AT, date: DAY, str: identifier("x"), bool: False, int: 0, float: 0.0}
    types = {each.name: getattr(each.type, "impl", each.type).python_type for each in table.c if not each.nullable}
    needed = {name: values[of_column] for name, of_column in types.items()}
    return needed | row


@pytest.mark.parametrize(
    ("table", "row"), LEFT, ids=[f"{table.name} {number}" for number, (table, _) in enumerate(LEFT)]
)
def test_row_that_contains_a_value_is_named(table: Table, row: dict[str, Any]) -> None:
    store_planted_meeting()

    found = remains_with(lambda: store(table, **filled(table, row)))

    assert found == [f"1 rows of {table.name} contain {VALUE_KINDS}"]


@pytest.mark.parametrize(
    ("table", "row"),
    [
        (BOTS, {"bot_id": bot_id("purged")}),
        (CHANGES, {"bot_id": bot_id("purged")}),
        (EVENTS, {"calendar_event_id": event_id("purged")}),
        (EVENTS, {"other_bot_ids": [bot_id("purged")]}),
        (INVITEES, {"calendar_event_id": event_id("purged")}),
        (OBJECT_INBOX, {"object_id": bot_id("purged")}),
    ],
)
def test_row_with_the_id_of_its_bot_or_event_is_named(table: Table, row: dict[str, Any]) -> None:
    store_planted_meeting()

    assert remains_with(lambda: store(table, **filled(table, row))) == [f"1 rows of {table.name} name it"]


@pytest.mark.parametrize(
    "row",
    [{"bot_metadata": {"deal": DEAL}}, {"meeting_id": "8123456789"}],
)
def test_value_that_another_meeting_has_is_no_trace(row: dict[str, Any]) -> None:
    store_planted_meeting()
    store_bot("another", **row)

    (value,) = row["bot_metadata"].values() if "bot_metadata" in row else row.values()

    assert value not in planted_fingerprints().values
    assert remains_with() == []


def test_recording_json_with_a_value_is_named() -> None:
    store_planted_meeting()
    key = listing_key(DAY, identifier("x"))

    def leave_object() -> None:
        with open_test_storage() as storage:
            storage.raw.put(key, json.dumps({"metadata": {"account": ACCOUNT}}).encode())

    assert remains_with(leave_object) == [f"{key} in the raw store contains {VALUE_KINDS}"]


def test_value_in_recording_json_of_another_meeting_is_no_trace() -> None:
    store_planted_meeting()
    with open_test_storage() as storage:
        for day in (DAY, date(2026, 3, 3)):
            storage.raw.put(listing_key(day, identifier("x")), json.dumps({"metadata": {"deal": DEAL}}).encode())

    assert remains_with() == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_value_in_unused_pages_of_sqlite_is_found() -> None:
    store_planted_meeting()

    def leave_deleted_row() -> None:
        with open_test_storage() as storage, storage.database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA secure_delete=OFF")
            connection.exec_driver_sql("CREATE TABLE scratch (content TEXT)")
            connection.exec_driver_sql(f"INSERT INTO scratch VALUES ('{DEAL}' || hex(zeroblob(2000)))")
            connection.exec_driver_sql("DELETE FROM scratch")
            connection.commit()

    (found,) = remains_with(leave_deleted_row)
    assert "1 texts of deleted rows" in found
