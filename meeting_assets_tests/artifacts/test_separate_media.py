"""Manifests of separate audio and video become one row per part, without URLs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.artifacts import audio_separate, video_separate
from meeting_assets.artifacts.artifact import Artifact
from meeting_assets_tests.support.payloads import ADA, RECORDING_ID, fault_of, moments, row_from, rows_from, speakers

PART = {
    "id": "p1",
    "participant": ADA,
    "start_timestamp": {"absolute": "2026-03-02T09:30:00Z", "relative": 1.5},
    "duration": 63,
    "download_url": "https://example.com/a.mp4",
}

parts = st.lists(
    st.fixed_dictionaries(
        {"participant": speakers, "start_timestamp": moments()},
        optional={
            "id": st.none() | st.just("p"),
            "duration": st.none() | st.floats(0, 1e9),
            "type": st.none() | st.sampled_from(["webcam", "screenshare", "hologram"]),
            "download_url": st.none(),
        },
    ),
    max_size=8,
)


@pytest.fixture(params=[audio_separate.ARTIFACT, video_separate.ARTIFACT], ids=["audio", "video"], scope="module")
def artifact(request: pytest.FixtureRequest) -> Artifact:
    made: Artifact = request.param
    return made


@given(parts)
def test_parts_become_rows_in_payload_order(artifact: Artifact, payload: list[dict[str, Any]]) -> None:
    rows = rows_from(artifact, payload)

    assert [row["part_index"] for row in rows] == list(range(len(payload)))
    assert [row["type"] for row in rows] == [part.get("type") for part in payload]
    assert [row["duration_s"] for row in rows] == [part.get("duration") for part in payload]
    assert all(row["participant_key"] for row in rows)


def test_part_becomes_a_row_without_url(artifact: Artifact) -> None:
    assert row_from(artifact, PART | {"type": "webcam"}) == {
        "recording_id": RECORDING_ID,
        "part_index": 0,
        "part_id": "p1",
        "participant_key": "100",
        "participant_id": 100,
        "type": "webcam",
        "start_s": 1.5,
        "start_at": datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
        "duration_s": 63.0,
    }


def test_audio_part_has_no_type(artifact: Artifact) -> None:
    assert row_from(artifact, PART)["type"] is None


def test_empty_manifest_gives_no_parts(artifact: Artifact) -> None:
    assert rows_from(artifact, []) == []


@pytest.mark.parametrize(
    ("payload", "fault"),
    [
        ([{"id": "p1", "start_timestamp": None}], "[0]: object missing required field participant"),
        ([{"id": "p1", "participant": ADA}], "[0]: object missing required field start_timestamp"),
        ([PART, PART | {"id": 7}], "[1].id: expected str, got int"),
        ([PART | {"duration": "63"}], "[0].duration: expected float, got str"),
        ([PART | {"duration": 1e300}], "[0].duration: expected float <= 9000000000000.0"),
        ([PART | {"start_timestamp": 1.5}], "[0].start_timestamp: expected object, got float"),
    ],
)
def test_wrong_shape_is_quarantined_with_its_path(artifact: Artifact, payload: Any, fault: str) -> None:
    assert fault_of(artifact, payload) == fault
