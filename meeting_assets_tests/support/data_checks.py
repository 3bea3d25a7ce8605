"""Evaluates data checks, and changes stored rows so that they violate one."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Executable

from meeting_assets.core.instants import now
from meeting_assets.health.check import Check, Violations
from meeting_assets.health.ledger_checks import ledger_checks
from meeting_assets.health.table_checks import table_checks
from meeting_assets.sandbox import Recording
from meeting_assets.schema.columns import RecordingRow
from meeting_assets.store.database import table_of
from meeting_assets_tests.support.environments import open_test_storage

AFTER_RUNS = timedelta(hours=2)
"""After this time a check does not expect a run to be in progress."""


def check_of(name: str, table: str) -> Check:
    (check,) = (each for each in [*ledger_checks(), *table_checks()] if (each.name, each.table) == (name, table))
    return check


def violations(name: str, table: str, at: datetime | None = None) -> Violations:
    """Evaluates a check as of an instant, by default after all runs have ended."""
    with open_test_storage() as storage, storage.database.reading() as connection:
        return check_of(name, table).violations(connection, at or now() + AFTER_RUNS)


def as_tuples(found: Violations) -> list[tuple[str, date | None, str, str]]:
    return [(each.recording_id, each.day, each.source, each.location) for each in found.newest]


def change_rows(*statements: Executable) -> None:
    """Executes statements that make stored rows contradict each other."""
    with open_test_storage() as storage, storage.database.writing() as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount > 0


def deletion(model: type[RecordingRow], recording: Recording, **values: Any) -> Executable:
    """A statement that deletes some rows of a recording."""
    table = table_of(model)
    conditions = [table.c[name] == value for name, value in values.items()]
    return table.delete().where(table.c.recording_id == recording.id, *conditions)
