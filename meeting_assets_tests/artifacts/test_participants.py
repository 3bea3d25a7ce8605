"""Participants of the payload become one row per key."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.artifacts.participants import ARTIFACT
from meeting_assets.artifacts.wire import decoded, participant_key
from meeting_assets_tests.support.payloads import (
    ADA,
    RECORDING_ID,
    SOURCE,
    encoded,
    fault_of,
    row_from,
    rows_from,
    speakers,
)

listed = st.lists(speakers, max_size=8)
TEAMS_ID = "780027c1-2d8e-4783-849f-8eeaf1f08525"


def clean(name: str | None) -> str | None:
    return name and name.replace("\0", "\ufffd").replace("\ud800", "\ufffd")


@given(listed)
def test_last_entry_of_a_participant_becomes_its_row(participants: list[dict[str, Any]]) -> None:
    last = {participant_key(each["id"], clean(each.get("name"))): each for each in participants}

    rows = rows_from(ARTIFACT, participants)

    assert {row["participant_key"]: row["name"] for row in rows} == {
        key: clean(each.get("name")) for key, each in last.items()
    }
    assert len(rows) == len(last)
    assert all(row["participant_key"] for row in rows)


@given(listed)
def test_replaced_entries_are_counted(participants: list[dict[str, Any]]) -> None:
    document, _ = decoded(encoded(participants), ARTIFACT.wire)

    rows = ARTIFACT.rows(document, SOURCE)

    assert len(rows.by_table[0]) + rows.replaced == len(participants)


def test_participant_becomes_a_row() -> None:
    extra_data = {"zoom": {"os": 2, "guest": False, "user_guid": "EF3A", "conf_user_id": "RiajK"}}

    row = row_from(ARTIFACT, ADA | {"extra_data": extra_data, "email": "Ada@Example.com"})

    assert row == {
        "recording_id": RECORDING_ID,
        "participant_key": "100",
        "participant_id": 100,
        "name": "Ada",
        "email": "Ada@Example.com",
        "is_host": True,
        "is_bot": False,
        "client_kind": "desktop",
        "extra_data": json.dumps(extra_data),
        "person_key": "zoom:RiajK",
    }


def test_all_fields_except_id_are_optional() -> None:
    row = row_from(ARTIFACT, {"id": None})

    assert row["participant_key"] == "unknown"
    assert {row[name] for name in row.keys() - {"recording_id", "participant_key", "is_bot"}} == {None}


def test_empty_list_gives_no_participants() -> None:
    assert rows_from(ARTIFACT, []) == []


def test_rows_have_the_order_of_the_last_entries() -> None:
    rows = rows_from(ARTIFACT, [{"id": 1, "name": "A"}, {"id": 2}, {"id": 1, "name": "a"}])

    assert [(row["participant_id"], row["name"]) for row in rows] == [(2, None), (1, "a")]


@pytest.mark.parametrize(
    ("extra_data", "email", "person_key"),
    [
        ({"zoom": {"conf_user_id": "z"}}, "ada@example.com", "zoom:z"),
        ({"microsoft_teams": {"user_id": "8:orgid:u"}}, None, "teams:8:orgid:u"),
        ({"slack": {"user_id": "U1", "email": "x@example.com"}}, None, "slack:U1"),
        ({"microsoft_teams": {"user_id": "8:live:ada_1"}}, None, "teams:8:live:ada_1"),
        ({"microsoft_teams": {"user_id": "8:gcch:0a59"}}, None, "teams:8:gcch:0a59"),
        ({"microsoft_teams": {"user_id": TEAMS_ID}}, None, f"teams:{TEAMS_ID}"),
        ({"microsoft_teams": {"user_id": "8:teamsvisitor:0a5933c6"}}, None, None),
        ({"microsoft_teams": {"user_id": "8:teamsvisitor:0a5933c6"}}, "ada@example.com", "email:ada@example.com"),
        ({"microsoft_teams": {"user_id": "8:guest:0a59"}}, None, None),
        ({"microsoft_teams": {"user_id": "8:acs:0a59_1"}}, None, None),
        ({"microsoft_teams": {"user_id": "4:+493012345678"}}, None, None),
        ({"microsoft_teams": {"user_id": "28:0a59"}}, None, None),
        ({"microsoft_teams": {"user_id": "8:orgid:"}}, None, None),
        ({"zoom": {"conf_user_id": "+49 30 12345678"}}, None, None),
        ({"zoom": {"conf_user_id": "16778240"}}, None, None),
        ({"zoom": {"conf_user_id": " "}}, None, None),
        ({"slack": {"user_id": "+14155550100"}}, None, None),
        ({"slack": {"user_id": "B0123"}}, None, None),
        (None, "+49 30 12345678", None),
        ({"zoom": {"user_guid": "g"}}, " Ada@Example.COM ", "email:ada@example.com"),
        ({"zoom": {"conf_user_id": ""}}, "ada@example.com", "email:ada@example.com"),
        ({"zoom": {"conf_user_id": 7}}, None, None),
        ({"zoom": "native"}, None, None),
        ({"google_meet": {"static_participant_id": "s"}}, None, None),
        ({}, "", None),
        (None, "  ", None),
        ("text", None, None),
        ([1], None, None),
    ],
)
def test_person_key_uses_stable_ids_and_never_the_name(extra_data: Any, email: str | None, person_key: str) -> None:
    row = row_from(ARTIFACT, ADA | {"extra_data": extra_data, "email": email})

    assert row["person_key"] == person_key


@pytest.mark.parametrize(
    ("client_kind", "name", "person_key"),
    [
        ("dial-in", "+49 30 12***678", None),
        ("phone", "(030) 1234567", None),
        ("dial-in", "Ada", "zoom:z"),
        ("desktop", "+49 30 12345678", "zoom:z"),
    ],
)
def test_telephone_id_gives_no_person_key(client_kind: str, name: str, person_key: str | None) -> None:
    dial_in = ADA | {"platform": client_kind, "name": name, "extra_data": {"zoom": {"conf_user_id": "z"}}}

    assert row_from(ARTIFACT, dial_in)["person_key"] == person_key


def test_person_key_too_long_for_an_index_is_shortened() -> None:
    row = row_from(ARTIFACT, ADA | {"email": "a" * 10_000 + "@example.com"})

    assert row["person_key"].startswith("email:aaa")
    assert len(row["person_key"]) <= 300


@pytest.mark.parametrize(
    ("name", "is_bot"),
    [
        ("Note Taker", True),
        (" NOTE TAKER ", True),
        ("Note\u00a0 Taker\u200b", True),
        ("Note Taker (Guest)", True),
        ("Note Taker 2", False),
        ("", False),
        (" ", False),
        (None, False),
    ],
)
def test_bot_is_recognized_by_name(name: str | None, is_bot: bool) -> None:
    source = replace(SOURCE, bot_names=frozenset({"note taker", ""}))

    (row,) = rows_from(ARTIFACT, [ADA | {"name": name}], source)

    assert row["is_bot"] is is_bot


@pytest.mark.parametrize(
    ("extra_data", "kept"),
    [
        ("null", None),
        ("{}", "{}"),
        ('{"a":  [1.50, true]}', '{"a":  [1.50, true]}'),
        (r'{"a\u0000": "\ud800"}', r'{"a\ufffd": "\ufffd"}'),
    ],
)
def test_extra_data_is_stored_unchanged(extra_data: str, kept: str | None) -> None:
    (row,) = rows_from(ARTIFACT, f'[{{"id": 1, "extra_data": {extra_data}}}]')

    assert row["extra_data"] == kept


@pytest.mark.parametrize(
    ("payload", "fault"),
    [
        ([{"name": "Ada"}], "[0]: object missing required field id"),
        ([ADA, ADA | {"id": "100"}], "[1].id: expected int, got str"),
        ([ADA | {"id": 2**63}], "[0].id: expected int <= 9223372036854775807"),
        ([ADA | {"is_host": "yes"}], "[0].is_host: expected bool, got str"),
        ('[{"id": 1}, {"id": 2, "extra_data": {"a": [1e999]}}]', "[1].extra_data[...][0]: number out of range"),
        ({"participants": []}, "byte 0: expected array, got object"),
    ],
)
def test_wrong_shape_is_quarantined_with_its_path(payload: Any, fault: str) -> None:
    assert fault_of(ARTIFACT, payload) == fault
