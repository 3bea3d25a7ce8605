"""The documented queries about a meeting's context give the expected rows, on both databases."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from meeting_assets.metrics.tables import ParticipantMetrics
from meeting_assets.schema.persistent import Recordings
from meeting_assets.store.database import table_of
from meeting_assets_tests.support.aliased_persons import ADA, BO, CHI, set_participants
from meeting_assets_tests.support.documented_queries import QUERIES, answer
from meeting_assets_tests.support.environments import open_test_storage
from meeting_assets_tests.support.rollups import (
    MONDAY,
    SUNDAY,
    TUESDAY,
    WEEK,
    WEEK_BEFORE,
    Home,
    change,
    ids,
    roll_up_all,
    rows,
)
from meeting_assets_tests.support.snapshots import fill_once

pytestmark = pytest.mark.with_tables


@pytest.fixture(autouse=True)
def weekly(home_with_meetings: Home) -> list[str]:
    """Three meetings of one account and one series, 10 minutes planned; Bo is late on Sunday and on Monday."""
    given = [(day, ids(home_with_meetings, day)[0]) for day in (SUNDAY, MONDAY, TUESDAY)]
    fill_once("weekly meetings", lambda: plan_and_roll_up(given))
    return [recording_id for _, recording_id in given]


def plan_and_roll_up(given: list[tuple[date, str]]) -> None:
    starts = {row["recording_id"]: row["started_at"] for row in rows(Recordings)}
    for day, recording_id in given:
        plan = {
            "scheduled_at": starts[recording_id],
            "scheduled_end_at": starts[recording_id] + timedelta(minutes=10),
        }
        keys: dict[str, Any] = {"recording_metadata": {"crm_deal_id": "A-7"}, "bot_metadata": {"crm_deal_id": "A-7"}}
        change(Recordings, recording_id, series_id="zoom:1", display_title="Weekly", **keys, **plan)
        set_participants(recording_id, day, ADA, BO, CHI)
    members = table_of(ParticipantMetrics)
    late = members.c.recording_id.in_([each for _, each in given[:2]]) & (members.c.name == BO[0])
    with open_test_storage() as storage, storage.database.writing() as connection:
        values = {"joined_late_s": 300.0, "first_join_s": 300.0}
        connection.execute(members.update().where(late).values(values))
    roll_up_all()


def day_of(row: dict[str, Any]) -> str:
    return str(row["day"])


def test_meetings_of_a_customer_key_are_found() -> None:
    found = answer("Which meetings belong to a customer's record?")

    assert [(row["value"], day_of(row), row["title"]) for row in found] == [
        ("A-7", str(day), "Weekly") for day in (TUESDAY, MONDAY, SUNDAY)
    ]


def test_series_shows_each_of_its_weeks() -> None:
    found = answer("How does a series develop?")

    assert [(row["title"], row["meeting_count"], str(row["week"]), row["recording_count"]) for row in found] == [
        ("Weekly", 3, str(WEEK_BEFORE), 1),
        ("Weekly", 3, str(WEEK), 2),
    ]
    assert found[1]["gini_talk_change"] is not None


def test_regular_participants_who_are_late_are_named() -> None:
    found = answer("Which regular participants are late?")

    assert [(row["name"], row["meetings_attended"], row["late_count"]) for row in found] == [(BO[0], 3, 2)]


def test_planned_minutes_are_compared_with_actual_ones() -> None:
    found = answer("Do meetings take as long as planned?")

    assert {row["planned_minutes"] for row in found} == {10.0}
    assert len(found) == 3
    assert all(row["minutes_over"] == row["minutes"] - 10 for row in found)


def test_latest_meetings_come_first() -> None:
    found = answer("What happened in the latest meetings?")

    assert [day_of(row) for row in found] == [str(TUESDAY), str(MONDAY), str(MONDAY), str(SUNDAY)]
    assert found[0]["participant_names"] == "Ada Lovelace, Bo Larsen, Chi Tran"


@pytest.mark.parametrize("question", QUERIES)
def test_every_documented_query_runs(question: str) -> None:
    answer(question)
