"""Trends and people follow the metrics of their meetings, and are computed only after changes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from meeting_assets.artifacts.participants import Participants
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.tables import MeetingMetrics
from meeting_assets.metrics.trends import MeetingTrends, People, PersonKeys, PersonTrends
from meeting_assets.pipeline.deletion.recordings import purge
from meeting_assets.pipeline.derive import derive_days
from meeting_assets.pipeline.rollup import outdated_weeks
from meeting_assets.pipeline.storage import open_storage
from meeting_assets.schema.persistent import Recordings
from meeting_assets.settings import read_settings
from meeting_assets_tests.support.environments import open_test_storage
from meeting_assets_tests.support.rollups import (
    MONDAY,
    SUNDAY,
    TUESDAY,
    WEEK,
    WEEK_BEFORE,
    Home,
    change,
    identify,
    ids,
    roll_up_all,
    rows,
)

pytestmark = pytest.mark.with_tables


@pytest.mark.usefixtures("home_with_meetings")
def test_each_week_has_its_meetings() -> None:
    assert roll_up_all()[:2] == (2, 0)

    found = {row["week"]: (row["meeting_count"], row["silence_ratio_n"]) for row in rows(MeetingTrends)}
    assert found == {WEEK_BEFORE: (1, 1), WEEK: (3, 3)}


@pytest.mark.usefixtures("home_with_meetings")
def test_weekly_numbers_are_those_of_its_meetings() -> None:
    roll_up_all()

    metrics = [row for row in rows(MeetingMetrics) if row["recording_id"]]
    total_s = sum(row["duration_s"] for row in metrics)
    assert sum(row["meeting_hours"] for row in rows(MeetingTrends)) == pytest.approx(total_s / 3600)


@pytest.mark.usefixtures("home_with_meetings")
def test_second_roll_up_changes_nothing() -> None:
    roll_up_all()

    with open_test_storage() as storage:
        assert outdated_weeks(storage) == []
    assert roll_up_all() == (0, 2, 0)


def test_changed_meeting_changes_its_week_and_the_following_one(home_with_meetings: Home) -> None:
    roll_up_all()
    before = {row["week"]: row["inputs_hash"] for row in rows(MeetingTrends)}

    change(MeetingMetrics, ids(home_with_meetings, SUNDAY)[0], inputs_hash="other", silence_s=0.0)

    assert roll_up_all()[:2] == (2, 0)
    after = rows(MeetingTrends)
    assert all(row["inputs_hash"] != before[row["week"]] for row in after)
    assert after[1]["silence_ratio_change"] == pytest.approx(after[1]["silence_ratio_mean"])


def test_changed_meeting_does_not_change_the_week_before(home_with_meetings: Home) -> None:
    roll_up_all()

    change(MeetingMetrics, ids(home_with_meetings, TUESDAY)[0], inputs_hash="other")

    with open_test_storage() as storage:
        assert outdated_weeks(storage) == [WEEK]


def test_people_are_counted_over_all_their_meetings(home_with_meetings: Home) -> None:
    for day in (SUNDAY, TUESDAY):
        identify(ids(home_with_meetings, day)[0], day, None)
    for recording_id in ids(home_with_meetings, MONDAY):
        identify(recording_id, MONDAY, "zoom:a", email="A@example.com")

    roll_up_all()

    (person,) = rows(People)
    mondays = [row for row in rows(MeetingMetrics) if row["recording_id"] in ids(home_with_meetings, MONDAY)]
    assert (person["person_key"], person["meeting_count"]) == ("zoom:a", 2)
    assert person["talk_time_s"] == pytest.approx(sum(row["speech_s"] for row in mondays))
    assert person["attended_s"] == pytest.approx(sum(row["attended_hours"] for row in mondays) * 3600)
    assert person["attended_s"] <= sum(row["duration_s"] for row in mondays)
    assert person["first_seen_at"] < person["last_seen_at"]
    assert [(row["week"], row["meeting_count"]) for row in rows(PersonTrends)] == [(WEEK, 2)]


def test_meeting_of_another_week_may_merge_keys(home_with_meetings: Home) -> None:
    first, *_ = ids(home_with_meetings, SUNDAY)
    for day in (SUNDAY, MONDAY, TUESDAY):
        for recording_id in ids(home_with_meetings, day):
            identify(recording_id, day, None)
    identify(first, SUNDAY, "email:a@example.com", email="a@example.com")
    roll_up_all()
    assert [row["person_key"] for row in rows(PersonTrends)] == ["email:a@example.com"]

    identify(ids(home_with_meetings, TUESDAY)[0], TUESDAY, "zoom:a", email="A@Example.com")
    change(MeetingMetrics, ids(home_with_meetings, TUESDAY)[0], inputs_hash="other")

    assert roll_up_all()[0] == 2
    assert [(row["week"], row["person_key"]) for row in rows(PersonTrends)] == [
        (WEEK_BEFORE, "zoom:a"),
        (WEEK, "zoom:a"),
    ]
    assert [(row["known_key"], row["person_key"]) for row in rows(PersonKeys)] == [
        ("email:a@example.com", "zoom:a"),
        ("zoom:a", "zoom:a"),
    ]
    assert [(row["person_key"], row["meeting_count"]) for row in rows(People)] == [("zoom:a", 2)]


def test_keys_merged_by_one_meeting_are_merged_in_every_meeting(
    home_with_meetings: Home,
) -> None:
    for day in (SUNDAY, MONDAY):
        for recording_id in ids(home_with_meetings, day):
            identify(recording_id, day, None)
    both, linking = ids(home_with_meetings, MONDAY)[0], ids(home_with_meetings, SUNDAY)[0]
    identify(ids(home_with_meetings, TUESDAY)[0], TUESDAY, None)
    identify(both, MONDAY, "email:a@example.com", "zoom:a")
    change(Participants, both, email=None)
    roll_up_all()
    assert {row["person_key"] for row in rows(People)} == {"email:a@example.com", "zoom:a"}

    identify(linking, SUNDAY, "zoom:a", None, email="a@example.com")
    change(MeetingMetrics, linking, inputs_hash="other")
    roll_up_all()

    (week,) = [row for row in rows(PersonTrends) if row["week"] == WEEK]
    (meeting,) = [row for row in rows(MeetingMetrics) if row["recording_id"] == both]
    assert (week["person_key"], week["meeting_count"]) == ("zoom:a", 1)
    assert week["talk_time_s"] == pytest.approx(meeting["speech_s"])
    assert week["attended_s"] == pytest.approx(meeting["duration_s"])
    assert week["talk_share_mean"] == 1
    assert week["interruptions_made_per_hour_mean"] == week["interruptions_received_per_hour_mean"] == 0
    (person,) = rows(People)
    assert (person["person_key"], person["meeting_count"]) == ("zoom:a", 2)


def test_purged_meeting_is_removed_from_trends_and_people(home_with_meetings: Home) -> None:
    (purged,) = ids(home_with_meetings, SUNDAY)
    identify(purged, SUNDAY, "zoom:gone")
    roll_up_all()
    assert "zoom:gone" in {row["person_key"] for row in rows(People)}

    with open_test_storage() as storage:
        purge(storage, [purged], "asked for")

    assert [row["week"] for row in rows(MeetingTrends)] == [WEEK]
    for model in (People, PersonKeys, PersonTrends):
        assert "zoom:gone" not in {row["person_key"] for row in rows(model)}
    with open_test_storage() as storage:
        assert outdated_weeks(storage) == []


@pytest.mark.usefixtures("home_with_meetings")
def test_fresh_meetings_are_those_whose_metrics_match_the_ledger() -> None:
    assert fresh() == {row["recording_id"] for row in rows(MeetingMetrics)}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE artifacts SET sha256 = 'other' WHERE kind = 'transcript' AND recording_id = :id",
        "UPDATE artifacts SET status = 'quarantined' WHERE kind = 'participants' AND recording_id = :id",
        "UPDATE artifacts SET parser_version = NULL WHERE kind = 'transcript' AND recording_id = :id",
        "DELETE FROM artifacts WHERE kind = 'audio_separate' AND recording_id = :id",
        "UPDATE recordings SET duration_s = 1 WHERE recording_id = :id",
        "UPDATE recordings SET bot_name = 'Another' WHERE recording_id = :id",
        "UPDATE recordings SET started_at = '2026-01-05 09:00:00.000000' WHERE recording_id = :id",
        "UPDATE recordings SET scheduled_at = '2026-01-05 09:00:00.000000' WHERE recording_id = :id",
    ],
)
def test_changed_meeting_is_not_fresh_until_it_is_measured_again(home_with_meetings: Home, statement: str) -> None:
    stale, *_ = ids(home_with_meetings, MONDAY)
    everything = fresh()

    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.execute(text(statement), {"id": stale})

    assert fresh() == everything - {stale}
    with open_test_storage() as storage:
        derive_days([MONDAY], storage)
    assert fresh() == everything


@pytest.mark.usefixtures("home_with_meetings")
def test_no_meeting_is_fresh_under_other_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = fresh()
    monkeypatch.setenv("MEETING_ASSETS_METRICS", "dead_air_s=3")

    assert fresh() == set()
    with open_test_storage() as storage:
        assert storage.parameters == Parameters(dead_air_s=3)
        derive_days([SUNDAY, MONDAY, TUESDAY], storage)
        assert outdated_weeks(storage) == [WEEK_BEFORE, WEEK]
    assert fresh() == everything


def test_freshness_does_not_depend_on_the_time_zone(home_with_meetings: Home) -> None:
    recording_id, *_ = ids(home_with_meetings, MONDAY)
    change(Recordings, recording_id, scheduled_at=datetime(2026, 3, 2, 9, tzinfo=UTC))
    with open_test_storage() as storage:
        derive_days([MONDAY], storage)

    assert fresh(time_zone="Asia/Tokyo") == fresh() == {row["recording_id"] for row in rows(MeetingMetrics)}


def fresh(time_zone: str | None = None) -> set[str]:
    with open_storage(read_settings()) as storage, storage.database.reading() as connection:
        if time_zone and not storage.database.is_sqlite:
            connection.exec_driver_sql(f"SET LOCAL TIME ZONE '{time_zone}'")
        return {str(each) for each in connection.scalars(text("SELECT recording_id FROM fresh_meetings"))}
