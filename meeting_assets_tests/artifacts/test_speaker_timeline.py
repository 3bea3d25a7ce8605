"""Segments of the speaker timeline become one row each, including open ends and negative times."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.artifacts.speaker_timeline import ARTIFACT
from meeting_assets_tests.support.payloads import ADA, RECORDING_ID, fault_of, moments, row_from, rows_from, speakers

SEGMENT = {
    "participant": ADA,
    "start_timestamp": {"absolute": "2026-03-02T09:30:00.435Z", "relative": -2},
    "end_timestamp": {"absolute": "2026-03-02T11:30:04.5+02:00", "relative": 2.065},
}

segments = st.lists(
    st.fixed_dictionaries(
        {"participant": speakers, "start_timestamp": moments()},
        optional={"end_timestamp": moments(), "more": st.none()},
    ),
    max_size=8,
)


@given(segments)
def test_segments_become_rows_in_payload_order(payload: list[dict[str, Any]]) -> None:
    rows = rows_from(ARTIFACT, payload)

    assert [row["segment_index"] for row in rows] == list(range(len(payload)))
    for side in ("start", "end"):
        given_moments = [each.get(f"{side}_timestamp") or {} for each in payload]
        assert [row[f"{side}_s"] for row in rows] == [moment.get("relative") for moment in given_moments]
        assert [row[f"{side}_at"] for row in rows] == [instant_of(moment.get("absolute")) for moment in given_moments]
    assert all(row["participant_key"] for row in rows)


def instant_of(absolute: str | None) -> datetime | None:
    return datetime.fromisoformat(absolute) if absolute else None


def test_segment_becomes_a_row() -> None:
    assert row_from(ARTIFACT, SEGMENT) == {
        "recording_id": RECORDING_ID,
        "segment_index": 0,
        "participant_key": "100",
        "participant_id": 100,
        "speaker_name": "Ada",
        "start_s": -2.0,
        "end_s": 2.065,
        "start_at": datetime(2026, 3, 2, 9, 30, 0, 435_000, tzinfo=UTC),
        "end_at": datetime(2026, 3, 2, 9, 30, 4, 500_000, tzinfo=UTC),
    }


def test_empty_list_gives_no_segments() -> None:
    assert rows_from(ARTIFACT, []) == []


@pytest.mark.parametrize("end", [{}, {"end_timestamp": None}, {"end_timestamp": {"relative": None, "absolute": None}}])
def test_open_segment_has_no_end(end: dict[str, Any]) -> None:
    row = row_from(ARTIFACT, {"participant": ADA, "start_timestamp": {"relative": 15, "absolute": None}, **end})

    assert (row["start_s"], row["end_s"], row["start_at"], row["end_at"]) == (15.0, None, None, None)


def test_segment_without_speaker_becomes_a_row() -> None:
    row = row_from(ARTIFACT, SEGMENT | {"participant": {"id": None, "name": None}, "start_timestamp": None})

    assert (row["participant_key"], row["start_s"], row["start_at"]) == ("unknown", None, None)


@pytest.mark.parametrize(
    ("payload", "fault"),
    [
        (
            [{"name": "Ada", "user_id": 100, "timestamp": 3.5}],
            "[0]: object missing required field participant (a shape from before API v1.11)",
        ),
        ([{"participant": ADA}], "[0]: object missing required field start_timestamp"),
        ([SEGMENT, SEGMENT | {"participant": None}], "[1].participant: expected object, got null"),
        ([SEGMENT | {"end_timestamp": 3.5}], "[0].end_timestamp: expected object, got float"),
        ([SEGMENT | {"end_timestamp": {"relative": "3"}}], "[0].end_timestamp.relative: expected float, got str"),
        ('[{"participant": {"id": 1}, "start_timestamp": {"relative": NaN}}]', "byte 60: invalid character"),
    ],
)
def test_wrong_shape_is_quarantined_with_its_path(payload: Any, fault: str) -> None:
    assert fault_of(ARTIFACT, payload) == fault
