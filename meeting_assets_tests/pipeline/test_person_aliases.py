"""Aliases of users join persons across meetings; trends and people follow them."""

from __future__ import annotations

from datetime import date
from itertools import permutations

import pytest
from sqlalchemy import true

from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.metrics.trends import MeetingTrends, PersonKeys, PersonTrends
from meeting_assets.pipeline import persons as person_rows
from meeting_assets.pipeline.people_lists import unlinked_names
from meeting_assets.pipeline.persons import known_persons, person_meetings
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.aliased_persons import (
    ADA,
    BO,
    CHI,
    alias,
    meetings_without_person_keys,
    of_meeting,
    outdated,
    people,
    set_participants,
    tables,
)
from meeting_assets_tests.support.environments import open_test_storage
from meeting_assets_tests.support.rollups import (
    MONDAY,
    SUNDAY,
    TUESDAY,
    WEEK,
    WEEK_BEFORE,
    Home,
    change,
    roll_up_all,
    rows,
)

pytestmark = [sqlite_first, pytest.mark.with_tables]


@pytest.fixture
def meetings(home_with_meetings: Home) -> list[str]:
    """The ids of four meetings, on Sunday, Monday (two) and Tuesday, without any person key."""
    return meetings_without_person_keys(home_with_meetings)


def test_two_keys_that_an_alias_joins_are_one_person_named_by_its_target(meetings: list[str]) -> None:
    set_participants(meetings[0], SUNDAY, ("Ada Lovelace", "zoom:a"), BO, CHI)
    set_participants(meetings[1], MONDAY, ("Ada Lovelace", "email:ada@example.com"), BO, CHI)

    alias(("zoom:a", "email:ada@example.com"))

    (ada,) = people().values()
    assert (ada["person_key"], ada["meeting_count"]) == ("email:ada@example.com", 2)
    assert [(row["week"], row["person_key"]) for row in rows(PersonTrends)] == [
        (WEEK_BEFORE, "email:ada@example.com"),
        (WEEK, "email:ada@example.com"),
    ]
    assert {row["known_key"]: row["person_key"] for row in rows(PersonKeys)} == {
        "zoom:a": "email:ada@example.com",
        "email:ada@example.com": "email:ada@example.com",
    }


def test_devices_that_an_alias_joins_are_merged_and_not_summed(meetings: list[str]) -> None:
    set_participants(meetings[1], MONDAY, ("Ada", "zoom:a"), ("Ada (phone)", "email:ada@example.com"), CHI)

    alias(("email:ada@example.com", "zoom:a"))

    (ada,) = people().values()
    (meeting,) = [row for row in rows(MeetingMetrics) if row["recording_id"] == meetings[1]]
    assert ada["attended_s"] == pytest.approx(meeting["duration_s"])
    assert ada["meeting_count"] == 1


def test_name_with_an_alias_belongs_to_the_person_in_every_meeting(meetings: list[str]) -> None:
    set_participants(meetings[0], SUNDAY, ("Ada Lovelace", "zoom:a"), BO, CHI)
    assert people()["zoom:a"]["meeting_count"] == 1

    alias(("name:Ada Lovelace", "zoom:a"))

    ada = people()["zoom:a"]
    talk_s = sum(of_meeting(each, "Ada Lovelace")["talk_time_s"] for each in meetings)
    assert ada["meeting_count"] == 4
    assert ada["talk_time_s"] == pytest.approx(talk_s)
    assert ("name:ada lovelace", "zoom:a") in {(row["known_key"], row["person_key"]) for row in rows(PersonKeys)}


@pytest.mark.parametrize(
    ("name", "is_linked"),
    [
        ("ada  LOVELACE", True),
        ("Ada Lovelace (Guest)", True),
        ("Ada\u200b Lovelace", True),
        ("Ada Lovelace (Acme)", False),
        ("Ada", False),
        ("\u200b", False),
    ],
)
def test_names_are_compared_like_names_of_bots(meetings: list[str], name: str, is_linked: bool) -> None:
    set_participants(meetings[0], SUNDAY, (name, None), BO, CHI)

    alias(("name:Ada Lovelace", "email:ada@example.com"))

    assert people()["email:ada@example.com"]["meeting_count"] == 3 + is_linked


def test_participant_with_a_key_is_never_linked_by_name(meetings: list[str]) -> None:
    set_participants(meetings[0], SUNDAY, ("Ada Lovelace", "zoom:another"), BO, CHI)

    alias(("name:Ada Lovelace", "email:ada@example.com"))

    found = people()
    assert {key: row["meeting_count"] for key, row in found.items()} == {
        "email:ada@example.com": 3,
        "zoom:another": 1,
    }


@pytest.mark.usefixtures("meetings")
def test_names_without_an_alias_are_never_linked() -> None:
    assert people() == {}


def test_rows_of_names_equal_those_of_meetings_measured_again(meetings: list[str]) -> None:
    set_participants(meetings[1], MONDAY, ADA, ("Bo Larsen", "zoom:b"), CHI)
    set_participants(meetings[2], MONDAY, ADA, ("Bo Larsen", "zoom:b"), ("Bo (phone)", "zoom:b"))
    set_participants(meetings[3], TUESDAY, ADA, ADA, CHI)
    alias(("name:Ada Lovelace", "email:ada@example.com"), ("name:Chi Tran", "email:chi@example.com"))

    with open_test_storage() as storage, storage.database.reading() as connection:
        persons = known_persons(connection)
        found = person_meetings(connection, storage, persons, true())
        again = [*person_rows._measured_again(connection, storage, persons, meetings)]

    again.sort(key=lambda row: (row["recording_id"], row["person_key"]))
    assert [dict(sorted(row.items())) for row in found] == [dict(sorted(row.items())) for row in again]
    assert {row["participant_count"] for row in found} == {1, 2}


def test_order_of_aliases_does_not_matter(meetings: list[str]) -> None:
    set_participants(meetings[0], SUNDAY, ("Ada", "zoom:a"), ("Bo", "zoom:b"), CHI)
    stated = [
        ("zoom:a", "email:ada@example.com"),
        ("name:Ada Lovelace", "zoom:a"),
        ("zoom:b", "email:ada@example.com"),
    ]
    found = []
    for order in permutations(stated):
        for each in order:
            alias(each)
        found.append(tables())
        alias(undo=[key for key, _ in stated])

    assert all(each == found[0] for each in found)


@pytest.mark.parametrize(
    "pair", [("name:Ada Lovelace", "zoom:a"), ("zoom:a", "zoom:b"), ("zoom:b", "email:new@example.com")]
)
def test_undone_alias_leaves_all_tables_as_they_were(meetings: list[str], pair: tuple[str, str]) -> None:
    set_participants(meetings[1], MONDAY, ("Ada", "zoom:a"), ("Bo", "zoom:b"), ADA)
    before = tables()

    alias(pair)
    during = tables()
    alias(undo=[pair[0]])

    assert during != before
    assert tables() == before


@pytest.mark.parametrize(
    ("weeks_of", "pair"),
    [
        ([WEEK], ("name:Only Tuesday", "email:t@example.com")),
        ([WEEK_BEFORE, WEEK], ("name:Only Sunday", "email:s@example.com")),
        ([WEEK], ("zoom:tuesday", "email:t@example.com")),
        ([], ("name:Nobody", "email:n@example.com")),
        ([], ("zoom:nobody", "email:n@example.com")),
    ],
    ids=["name of one week", "name, and the week after it", "key", "unknown name", "unknown key"],
)
def test_alias_outdates_the_weeks_of_its_person_only(
    meetings: list[str], weeks_of: list[date], pair: tuple[str, str]
) -> None:
    set_participants(meetings[0], SUNDAY, ("Only Sunday", None), BO, CHI)
    set_participants(meetings[3], TUESDAY, ("Only Tuesday", None), ("T", "zoom:tuesday"), CHI)
    roll_up_all()

    alias(pair)
    assert outdated() == (weeks_of, bool(weeks_of))
    roll_up_all()
    assert outdated() == ([], False)
    alias((pair[0], "email:changed@example.com"))
    assert outdated() == (weeks_of, bool(weeks_of))
    roll_up_all()
    alias(undo=[pair[0]])
    assert outdated() == (weeks_of, bool(weeks_of))


def test_covered_share_is_the_talk_of_persons_among_that_of_all_speakers(meetings: list[str]) -> None:
    set_participants(meetings[0], SUNDAY, ("Ada", "zoom:a"), BO, CHI)
    own_s = of_meeting(meetings[0], "Ada")["talk_time_s"]
    spoken_s = {row["recording_id"]: row["speakers_talk_s"] for row in rows(MeetingMetrics)}

    roll_up_all()

    expected = {WEEK_BEFORE: own_s / spoken_s[meetings[0]], WEEK: 0}
    assert {row["week"]: row["covered_talk_share"] for row in rows(MeetingTrends)} == pytest.approx(expected)
    assert [row["covered_talk_share"] for row in rows(PersonTrends)] == [pytest.approx(expected[WEEK_BEFORE])]
    assert people()["zoom:a"]["covered_talk_share"] == pytest.approx(own_s / sum(spoken_s.values()))


@pytest.mark.usefixtures("meetings")
def test_all_talk_is_covered_if_every_name_has_a_person() -> None:
    alias(*((f"name:{name}", f"email:{name[:3]}@example.com") for name, _ in (ADA, BO, CHI)))

    assert {row["covered_talk_share"] for row in people().values()} == {1.0}
    assert {row["covered_talk_share"] for row in rows(MeetingTrends)} == {1.0}


def test_meetings_without_a_timing_source_do_not_count_in_the_covered_share(meetings: list[str]) -> None:
    set_participants(meetings[0], SUNDAY, ("Ada", "zoom:a"), ("Bo", "zoom:b"), ("Chi", "zoom:c"))
    for recording_id in meetings[1:]:
        change(MeetingMetrics, recording_id, speakers_talk_s=None, inputs_hash="silent")
        change(ParticipantMetrics, recording_id, talk_time_s=None)

    roll_up_all()

    assert {row["week"]: row["covered_talk_share"] for row in rows(MeetingTrends)} == {WEEK_BEFORE: 1.0, WEEK: None}
    assert {row["covered_talk_share"] for row in people().values()} == {1.0}


def test_names_without_a_person_are_listed_by_talk_time(meetings: list[str]) -> None:
    set_participants(meetings[0], SUNDAY, ("Ada Lovelace", "zoom:a"), ("bo  larsen (Guest)", None), CHI)
    roll_up_all()

    with open_test_storage() as storage:
        before = storage.database.read(unlinked_names)
        alias(("name:Bo Larsen", "email:bo@example.com"))
        after = storage.database.read(unlinked_names)

    found = {each.person_key: (each.name, each.meeting_count, each.namesakes) for each in before}
    assert found == {
        "name:ada lovelace": ("Ada Lovelace", 3, ("zoom:a",)),
        "name:bo larsen": ("Bo Larsen", 4, ()),
        "name:chi tran": ("Chi Tran", 4, ()),
    }
    talk_s = [each.talk_time_s or 0 for each in before]
    assert talk_s == sorted(talk_s, reverse=True)
    assert {each.person_key for each in after} == found.keys() - {"name:bo larsen"}
