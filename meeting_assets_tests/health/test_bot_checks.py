"""The check of missed meetings counts them by category, for a week, and names no person and no title."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from meeting_assets.core.instants import start_of
from meeting_assets.health.bot_checks import REPORTED_FOR, bot_checks
from meeting_assets.health.check import Violations
from meeting_assets.orchestration.assets.checks import check_result
from meeting_assets.orchestration.workspace import DEFAULT
from meeting_assets_tests.pipeline.test_bots import AT, document, observe
from meeting_assets_tests.support.environments import open_test_storage

pytestmark = pytest.mark.with_tables

NAME = "Ann's assistant"


@pytest.fixture(autouse=True)
def _database(database_url: str) -> None:
    """Every test runs on both databases."""


def missed(number: int, sub_code: str, **fields: Any) -> dict[str, Any]:
    bot_id = f"6e1f5adb-3340-4f50-900d-9aa2cdc53d{number:02x}"
    return document("joining_call", ("fatal", sub_code), id=bot_id, bot_name=NAME, **fields)


def violations(age: timedelta = timedelta()) -> Violations:
    (check,) = bot_checks()
    with open_test_storage() as storage, storage.database.reading() as connection:
        return check.violations(connection, AT + age)


def test_missed_meetings_are_counted_by_category() -> None:
    observe(*(missed(n, code) for n, code in enumerate(["meeting_locked", "meeting_full", "meeting_link_expired"])))

    found = violations()

    assert found.count == 3
    assert found.count_by_source == {"not_admitted": 2, "wrong_link": 1}


def test_bots_that_were_not_to_record_pass() -> None:
    observe(missed(1, "bot_received_leave_call"))

    assert violations() == Violations(0, ())


def test_recorded_and_waiting_meetings_pass() -> None:
    observe(document("joining_call", "in_waiting_room"))

    assert violations() == Violations(0, ())


@pytest.mark.parametrize(
    ("beyond", "count"), [(timedelta(days=1) - timedelta(microseconds=1), 1), (timedelta(days=1), 0)]
)
def test_missed_meeting_is_reported_for_a_week(beyond: timedelta, count: int) -> None:
    observe(missed(1, "meeting_locked"))

    assert violations(start_of(AT.date()) + beyond + REPORTED_FOR - AT).count == count


def test_result_in_dagster_names_bots_and_categories_but_no_person_and_no_key() -> None:
    (check,) = bot_checks()
    observe(missed(1, "meeting_locked", metadata={"customer": "Contoso"}))

    result = check_result(DEFAULT.key(check.table), check, violations())

    assert not result.passed
    assert result.severity.value == "WARN"
    assert result.metadata["not_admitted"].value == 1
    shown = str(result.metadata)
    assert "bot 6e1f5adb-3340-4f50-900d-9aa2cdc53d01, fatal meeting_locked" in shown
    assert NAME not in shown
    assert "Contoso" not in shown
