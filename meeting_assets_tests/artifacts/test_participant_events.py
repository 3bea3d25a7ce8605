"""Participant events become one row each; only chat messages have their data decoded."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.artifacts.participant_events import ARTIFACT
from meeting_assets_tests.support.payloads import ADA, RECORDING_ID, fault_of, moments, row_from, rows_from, speakers

JOIN = {
    "id": "e1",
    "action": "join",
    "participant": ADA,
    "timestamp": {"absolute": "2026-03-02T09:30:00.123456Z", "relative": -0.5},
    "data": None,
}

anything: st.SearchStrategy[Any] = st.none() | st.integers() | st.just([]) | st.just({"text": 3})
events = st.lists(
    st.fixed_dictionaries(
        {
            "action": st.sampled_from(["join", "speech_on", "levitate", ""]),
            "participant": speakers,
            "timestamp": moments(),
        },
        optional={"id": st.none() | st.just("e"), "data": anything, "more": anything},
    ),
    max_size=8,
)


@given(events)
def test_events_become_rows_in_payload_order(payload: list[dict[str, Any]]) -> None:
    rows = rows_from(ARTIFACT, payload)

    assert [row["event_index"] for row in rows] == list(range(len(payload)))
    assert [row["action"] for row in rows] == [event["action"] for event in payload]
    assert [row["at_s"] for row in rows] == [(event["timestamp"] or {}).get("relative") for event in payload]
    assert [row["participant_id"] for row in rows] == [event["participant"]["id"] for event in payload]
    assert all(row["participant_key"] for row in rows)


def test_event_becomes_a_row() -> None:
    assert row_from(ARTIFACT, JOIN) == {
        "recording_id": RECORDING_ID,
        "event_index": 0,
        "event_id": "e1",
        "action": "join",
        "participant_key": "100",
        "participant_id": 100,
        "participant_name": "Ada",
        "at": datetime(2026, 3, 2, 9, 30, 0, 123_456, tzinfo=UTC),
        "at_s": -0.5,
        "chat_text": None,
        "chat_to": None,
    }


def test_empty_list_gives_no_events() -> None:
    assert rows_from(ARTIFACT, []) == []


def test_repeated_event_gives_two_rows() -> None:
    rows = rows_from(ARTIFACT, [JOIN, JOIN])

    assert [row["event_id"] for row in rows] == ["e1", "e1"]


@pytest.mark.parametrize("timestamp", [None, {}, {"relative": None, "absolute": None}])
def test_missing_time_is_null(timestamp: Any) -> None:
    row = row_from(ARTIFACT, JOIN | {"timestamp": timestamp})

    assert (row["at"], row["at_s"]) == (None, None)


@pytest.mark.parametrize(
    ("data", "text", "to"),
    [
        ({"text": "hi\n", "to": "everyone"}, "hi\n", "everyone"),
        ({"text": "", "to": "a new room"}, "", "a new room"),
        ({"text": "hi"}, "hi", None),
        ({}, None, None),
        (None, None, None),
    ],
)
def test_chat_message_has_text_and_recipient(data: Any, text: str | None, to: str | None) -> None:
    row = row_from(ARTIFACT, JOIN | {"action": "chat_message", "data": data})

    assert (row["chat_text"], row["chat_to"]) == (text, to)


@pytest.mark.parametrize("data", [{"text": "👍"}, {"text": 3}, "👍", [1], 7])
def test_data_of_unknown_action_is_ignored(data: Any) -> None:
    row = row_from(ARTIFACT, JOIN | {"action": "reaction", "data": data})

    assert (row["action"], row["chat_text"], row["chat_to"]) == ("reaction", None, None)


@pytest.mark.parametrize(
    ("payload", "fault"),
    [
        ([{"code": "join", "participant": ADA}], "[0]: object missing required field action"),
        ([JOIN | {"action": None}], "[0].action: expected str, got null"),
        ([JOIN | {"participant": 100}], "[0].participant: expected object, got int"),
        ([JOIN | {"timestamp": 3.5}], "[0].timestamp: expected object, got float"),
        ([JOIN | {"timestamp": {"absolute": "noon"}}], "[0].timestamp.absolute: invalid RFC3339 encoded datetime"),
        ([JOIN | {"timestamp": {"absolute": "0001-01-01T00:00:00Z"}}], "[0].timestamp: year out of range"),
        ([JOIN, JOIN | {"action": "chat_message", "data": "hi"}], "[1].data: expected object, got str"),
        ([JOIN | {"action": "chat_message", "data": {"text": 3}}], "[0].data.text: expected str, got int"),
    ],
)
def test_wrong_shape_is_quarantined_with_its_path(payload: Any, fault: str) -> None:
    assert fault_of(ARTIFACT, payload) == fault
