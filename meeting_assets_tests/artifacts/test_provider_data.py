"""Provider data: the envelope is decoded, the provider's messages are stored unchanged."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.artifacts.provider_data import ARTIFACT
from meeting_assets_tests.support.payloads import ADA, ARTIFACT_ID, RECORDING_ID, fault_of, rows_from, speakers

PART = {
    "id": "p1",
    "created_at": "2026-03-02T09:30:00.5Z",
    "source_audio": {"type": "separate", "offset": 12.5, "participant": ADA},
    "type": "http_response",
    "data": {"url": "https://example.com/v1", "status_code": 200, "body": {"words": []}},
}

documents: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
parts = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["webhook", "http_response", "websocket_message", "telepathy"]), "data": documents},
        optional={
            "id": st.none() | st.just("p"),
            "created_at": st.none(),
            "source_audio": st.none()
            | st.fixed_dictionaries(
                {},
                optional={
                    "type": st.none() | st.just("mixed"),
                    "offset": st.none() | st.floats(0, 9),
                    "participant": st.none() | speakers,
                },
            ),
        },
    ),
    max_size=5,
)


def row_from(part: dict[str, Any]) -> dict[str, Any]:
    (row,) = rows_from(ARTIFACT, {"parts": [part]})
    return row


@given(parts)
def test_parts_become_rows_in_payload_order(payload: list[dict[str, Any]]) -> None:
    rows = rows_from(ARTIFACT, {"parts": payload})

    assert [row["part_index"] for row in rows] == list(range(len(payload)))
    assert [row["type"] for row in rows] == [part["type"] for part in payload]
    assert all(row["participant_key"] for row in rows)


@given(documents)
def test_provider_message_is_stored_unchanged(document: Any) -> None:
    kept = row_from({"type": "webhook", "data": document})["payload"]

    if document is None:
        assert kept is None
    elif "\\u0000" not in (sent := json.dumps(document)):
        assert kept == sent


def test_part_becomes_a_row() -> None:
    assert row_from(PART) == {
        "recording_id": RECORDING_ID,
        "transcript_id": ARTIFACT_ID,
        "part_index": 0,
        "part_id": "p1",
        "created_at": datetime(2026, 3, 2, 9, 30, 0, 500_000, tzinfo=UTC),
        "type": "http_response",
        "source_type": "separate",
        "offset_s": 12.5,
        "participant_key": "100",
        "payload": json.dumps(PART["data"]),
    }


def test_document_without_parts_gives_no_rows() -> None:
    assert rows_from(ARTIFACT, {"parts": []}) == []


@pytest.mark.parametrize(
    "audio",
    [None, {}, {"type": "mixed", "offset": 0.0, "participant": None}, {"type": "mixed", "participant": {"id": None}}],
)
def test_mixed_audio_has_unknown_speaker(audio: Any) -> None:
    assert row_from(PART | {"source_audio": audio})["participant_key"] == "unknown"


def test_deep_or_wide_message_is_stored() -> None:
    document: dict[str, Any] = {"a": [[[]] * 1_000] * 10}

    assert json.loads(row_from({"type": "webhook", "data": document})["payload"]) == document


@pytest.mark.parametrize(
    ("payload", "fault"),
    [
        ([PART], "byte 0: expected object, got array"),
        ({}, "byte 0: object missing required field parts"),
        ({"parts": None}, "parts: expected array, got null"),
        ({"parts": [PART, {"data": {}}]}, "parts[1]: object missing required field type"),
        ({"parts": [PART | {"created_at": "noon"}]}, "parts[0].created_at: invalid RFC3339 encoded datetime"),
        ({"parts": [PART | {"created_at": "0001-01-01T00:00:00Z"}]}, "parts[0]: year out of range"),
        (
            {"parts": [PART | {"source_audio": {"offset": 1e300}}]},
            "parts[0].source_audio.offset: expected float <= 9000000000000.0",
        ),
        ({"parts": [PART | {"source_audio": "mixed"}]}, "parts[0].source_audio: expected object, got str"),
        ('{"parts": [{"type": "webhook", "data": {"n": 1e999}}]}', "parts[0].data[...]: number out of range"),
        ('{"parts": [{"type": "webhook", "data": {"n": NaN}}]}', "byte 45: invalid character"),
    ],
)
def test_wrong_shape_is_quarantined_with_its_path(payload: Any, fault: str) -> None:
    assert fault_of(ARTIFACT, payload) == fault
