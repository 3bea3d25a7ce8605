"""Series follow their recordings and the persons of their meetings, and are computed only after changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from meeting_assets.metrics.series import SERIES_TABLES, RecordingSeries, SeriesMembers, SeriesTrends
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.pipeline.deletion.recordings import purge
from meeting_assets.pipeline.series_rollup import forget, outdated_series, roll_up_series
from meeting_assets.schema.persistent import Recordings
from meeting_assets.store import locks
from meeting_assets.store.database import table_of
from meeting_assets.store.locks import Lock
from meeting_assets_tests.support.aliased_persons import ADA, BO, CHI, alias, set_participants
from meeting_assets_tests.support.environments import TableRows, content_of, open_test_storage
from meeting_assets_tests.support.rollups import MONDAY, SUNDAY, TUESDAY, WEEK, WEEK_BEFORE, Home, change, ids, rows

pytestmark = [pytest.mark.with_tables, pytest.mark.sqlite_first]

SERIES = "zoom:81234567890"
OTHERS = {"name:bo larsen", "name:chi tran"}
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


@pytest.fixture
def weekly(home_with_meetings: Home) -> list[str]:
    """The recordings of Sunday, Monday (one of two) and Tuesday as a series; three persons attend."""
    of_series = [(day, ids(home_with_meetings, day)[0]) for day in (SUNDAY, MONDAY, TUESDAY)]
    for day, recording_id in of_series:
        change(Recordings, recording_id, series_id=SERIES, platform="zoom", display_title=f"Weekly of {day}")
        set_participants(recording_id, day, ADA, BO, CHI)
    return [recording_id for _, recording_id in of_series]


def roll_up() -> tuple[int, int]:
    with open_test_storage() as storage:
        report = roll_up_series(storage)
    return report.changed, report.unchanged


def outdated() -> list[str]:
    with open_test_storage() as storage:
        return outdated_series(storage)


def queries_of_recordings() -> list[str]:
    """The statements by which outdated series are found and that read recordings."""
    statements: list[str] = []
    with open_test_storage() as storage:
        event.listen(storage.database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
        outdated_series(storage)
    return [each for each in statements if "recordings" in each]


def contents() -> TableRows:
    with open_test_storage() as storage, storage.database.reading() as connection:
        return {str(model.__tablename__): content_of(connection, model) for model in SERIES_TABLES}


def member(person_key: str) -> dict[str, Any]:
    return next(row for row in rows(SeriesMembers) if row["person_key"] == person_key)


def test_series_has_its_meetings_members_and_weeks(weekly: list[str]) -> None:
    assert outdated() == [SERIES]

    assert roll_up() == (1, 0)

    (series,) = rows(RecordingSeries)
    assert (series["meeting_count"], series["recording_count"]) == (3, 3)
    assert (series["title"], series["platform"]) == (f"Weekly of {TUESDAY}", "zoom")
    assert series["cadence_days"] == pytest.approx(1, abs=0.1)
    durations = [row["duration_s"] for row in rows(MeetingMetrics) if row["recording_id"] in weekly]
    assert series["mean_duration_s"] == pytest.approx(sum(durations) / 3)
    assert (member("name:ada lovelace")["meetings_attended"], member("name:ada lovelace")["is_regular"]) == (3, True)
    assert [(row["week"], row["recording_count"]) for row in rows(SeriesTrends)] == [(WEEK_BEFORE, 1), (WEEK, 2)]


def test_second_roll_up_changes_nothing(weekly: list[str]) -> None:
    roll_up()
    before = {model: rows(model) for model in SERIES_TABLES}

    assert outdated() == []
    assert roll_up() == (0, 1)
    assert {model: rows(model) for model in SERIES_TABLES} == before
    assert len(weekly) == 3


def test_unchanged_series_take_one_query_of_recordings(weekly: list[str]) -> None:
    assert len(queries_of_recordings()) > 1
    roll_up()

    (query,) = queries_of_recordings()

    assert "meeting_metrics" in query
    change(Recordings, weekly[0], display_title="Other")
    assert len(queries_of_recordings()) > 1


def test_single_meeting_is_no_series(weekly: list[str]) -> None:
    roll_up()
    for recording_id in weekly[1:]:
        change(Recordings, recording_id, series_id=None)

    assert roll_up() == (1, 0)
    assert [row for model in SERIES_TABLES for row in rows(model)] == []
    assert outdated() == []


def test_two_recordings_of_one_bot_are_no_series(weekly: list[str]) -> None:
    change(Recordings, weekly[2], series_id=None)
    (bot_id,) = {row["bot_id"] for row in rows(Recordings) if row["recording_id"] == weekly[0]}
    change(Recordings, weekly[1], bot_id=bot_id)

    assert outdated() == []


def test_recording_without_metrics_does_not_count(weekly: list[str]) -> None:
    with open_test_storage() as storage, storage.database.writing() as connection:
        table = table_of(MeetingMetrics)
        connection.execute(table.delete().where(table.c.recording_id.in_(weekly[1:])))

    assert outdated() == []


@pytest.mark.parametrize(
    "values",
    [
        {"display_title": "Other"},
        {"platform": "webex"},
        {"started_at": datetime(2026, 3, 2, 7, tzinfo=UTC)},
        {"scheduled_at": datetime(2026, 3, 2, 7, tzinfo=UTC)},
        {"scheduled_end_at": datetime(2026, 3, 2, 7, tzinfo=UTC)},
        {"calendar_event_id": "event"},
        {"meeting_uuid": "uuid"},
        {"bot_id": "00000000-0000-4000-8000-000000000001"},
        {"series_id": "zoom:1"},
    ],
    ids=lambda values: next(iter(values)),
)
def test_changed_recording_makes_its_series_outdated(weekly: list[str], values: dict[str, Any]) -> None:
    roll_up()

    change(Recordings, weekly[1], **values)

    assert outdated() == [SERIES]
    roll_up()
    assert outdated() == []


def test_changed_metrics_make_the_series_outdated(weekly: list[str]) -> None:
    roll_up()

    change(MeetingMetrics, weekly[0], inputs_hash="other", silence_s=0.0)

    assert roll_up() == (1, 0)
    assert next(row["silence_ratio_mean"] for row in rows(SeriesTrends)) == 0


def test_other_recordings_leave_the_series_alone(home_with_meetings: Home, weekly: list[str]) -> None:
    roll_up()

    other = next(each for each in ids(home_with_meetings, MONDAY) if each not in weekly)
    change(Recordings, other, display_title="Other")
    change(MeetingMetrics, other, inputs_hash="other")

    assert outdated() == []


def test_alias_merges_members(weekly: list[str]) -> None:
    for day, recording_id in zip((SUNDAY, MONDAY), weekly, strict=False):
        set_participants(recording_id, day, ("Ada L.", "zoom:ada"), BO, CHI)
    roll_up()
    assert {row["person_key"] for row in rows(SeriesMembers)} == {"zoom:ada", "name:ada lovelace", *OTHERS}

    alias(("name:ada lovelace", "zoom:ada"))

    assert outdated() == [SERIES]
    roll_up()
    assert {row["person_key"] for row in rows(SeriesMembers)} == {"zoom:ada", *OTHERS}
    assert (member("zoom:ada")["meetings_attended"], member("zoom:ada")["name"]) == (3, "Ada Lovelace")

    alias(undo=["name:ada lovelace"])

    assert outdated() == [SERIES]


def test_purged_meeting_is_removed_from_its_series(weekly: list[str]) -> None:
    set_participants(weekly[0], SUNDAY, ("Gone", "zoom:gone"), BO, CHI)
    roll_up()
    assert "zoom:gone" in {row["person_key"] for row in rows(SeriesMembers)}

    with open_test_storage() as storage:
        purge(storage, [weekly[0]], "asked for")

    (series,) = rows(RecordingSeries)
    assert series["meeting_count"] == 2
    assert "zoom:gone" not in {row["person_key"] for row in rows(SeriesMembers)}
    assert outdated() == []


def test_purge_deletes_the_rows_of_the_series_in_its_own_transaction(weekly: list[str]) -> None:
    roll_up()

    with open_test_storage() as storage, storage.database.writing() as connection:
        locks.take(connection, Lock.ROLLUP)
        tables = forget(connection, weekly[0])

    assert tables == {"recording_series", "series_members", "series_trends"}
    assert [row for model in SERIES_TABLES for row in rows(model)] == []
    assert outdated() == [SERIES]


@pytest.mark.parametrize("series_id", ["zoom:other", None], ids=["of-another-series", "without-a-series"])
def test_purge_deletes_every_series_with_a_member_of_the_recording(
    home_with_meetings: Home, weekly: list[str], series_id: str | None
) -> None:
    other = next(each for each in ids(home_with_meetings, MONDAY) if each not in weekly)
    change(Recordings, other, series_id=series_id)
    set_participants(other, MONDAY, ("A. L.", "zoom:ada"), ("Eve", None), ("Fay", None))
    alias(("name:ada lovelace", "zoom:ada"))
    roll_up()
    assert "zoom:ada" in {row["person_key"] for row in rows(SeriesMembers)}

    with open_test_storage() as storage, storage.database.writing() as connection:
        locks.take(connection, Lock.ROLLUP)
        forget(connection, other)

    assert [row for model in SERIES_TABLES for row in rows(model)] == []
    assert outdated() == [SERIES]


def test_purge_keeps_series_without_a_member_of_the_recording(home_with_meetings: Home, weekly: list[str]) -> None:
    other = next(each for each in ids(home_with_meetings, MONDAY) if each not in weekly)
    set_participants(other, MONDAY, ("Dee", "zoom:dee"), ("Eve", None), ("Fay", None))
    roll_up()

    with open_test_storage() as storage, storage.database.writing() as connection:
        locks.take(connection, Lock.ROLLUP)
        assert forget(connection, other) == set()

    assert outdated() == []


def test_name_of_a_member_is_that_of_the_last_device_by_code_points(weekly: list[str]) -> None:
    table = table_of(ParticipantMetrics)
    set_participants(weekly[2], TUESDAY, ("Ada a", "zoom:ada"), ("Ada B", "zoom:ada"), CHI)
    given = [
        row for row in rows(ParticipantMetrics) if row["recording_id"] == weekly[2] and row["person_key"] == "zoom:ada"
    ]
    with open_test_storage() as storage, storage.database.writing() as connection:
        for row, key in zip(sorted(given, key=lambda row: row["name"]), ("label:B", "label:a"), strict=True):
            is_row = (table.c.recording_id == weekly[2]) & (table.c.participant_key == row["participant_key"])
            connection.execute(table.update().where(is_row).values(participant_key=key, name=f"Ada of {key}"))

    roll_up()

    assert member("zoom:ada")["name"] == "Ada of label:a"


def test_rows_do_not_depend_on_the_order_of_roll_ups(weekly: list[str]) -> None:
    change(Recordings, weekly[2], series_id=None)
    roll_up()
    change(Recordings, weekly[2], series_id=SERIES)
    roll_up()
    in_steps = contents()
    with open_test_storage() as storage, storage.database.writing() as connection:
        for model in SERIES_TABLES:
            connection.execute(table_of(model).delete())

    roll_up()

    assert contents() == in_steps


def test_series_with_equal_content_keeps_its_modification_time(weekly: list[str]) -> None:
    roll_up()
    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.execute(table_of(RecordingSeries).update().values(modified_at=LONG_AGO))

    change(MeetingMetrics, weekly[0], inputs_hash="other")
    assert roll_up() == (1, 0)
    assert [row["modified_at"] for row in rows(RecordingSeries)] == [LONG_AGO]

    change(Recordings, weekly[2], display_title="Other")
    roll_up()
    assert [row["modified_at"] > LONG_AGO for row in rows(RecordingSeries)] == [True]


def test_planned_length_and_delay_come_from_the_schedule(weekly: list[str]) -> None:
    for row in rows(Recordings):
        if row["recording_id"] in weekly:
            scheduled_at = row["started_at"] - timedelta(minutes=3)
            plan = {"scheduled_at": scheduled_at, "scheduled_end_at": scheduled_at + timedelta(minutes=25)}
            change(Recordings, row["recording_id"], **plan)

    roll_up()

    (series,) = rows(RecordingSeries)
    delays = sorted(row["first_speech_s"] + 180 for row in rows(MeetingMetrics) if row["recording_id"] in weekly)
    assert series["mean_planned_s"] == 25 * 60
    assert series["median_start_delay_s"] == pytest.approx(delays[1])
