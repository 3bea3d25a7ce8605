"""Published payloads of the current API are parsed, older ones quarantined. They are not part of this repository."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets_tests.support.payloads import fault_of, rows_from

REPOSITORY = Path(__file__).resolve().parents[2]
SAMPLES = REPOSITORY / os.environ.get("MEETING_ASSETS_SAMPLES", "../shared/samples")

pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="no published payloads here; MEETING_ASSETS_SAMPLES names their folder"
)


def sample(path: str) -> Any:
    return json.loads((SAMPLES / path).read_bytes())


@pytest.mark.parametrize(
    ("path", "texts"),
    [
        (
            "transcript/docs-meeting-captions-2025-08.json",
            ["No, I am your father.", "No, that's not true.", "That's impossible!"],
        ),
        ("transcript/real-teams-2026-01-anonymised-excerpt.json", ["Hola.", "Epa.", "Oye,"]),
        ("transcript/derived-machine-diarization-2025-12.json", ["hello", "hello"]),
    ],
)
def test_sample_transcripts_are_parsed(path: str, texts: list[str]) -> None:
    rows = rows_from(ARTIFACTS["transcript"], sample(path))

    assert [row["text"] for row in rows] == texts
    assert all(row["start_s"] < row["end_s"] for row in rows)


def test_transcript_of_a_real_time_event_is_parsed() -> None:
    utterance = sample("realtime/real-transcript.data-2026-02-anonymised.json")["data"]["data"]

    (row,) = rows_from(ARTIFACTS["transcript"], [utterance])

    assert (row["participant_key"], row["start_s"], row["end_s"]) == ("100", 7.0, 12.0)


def test_sample_speaker_timelines_are_parsed() -> None:
    rows = rows_from(ARTIFACTS["speaker_timeline"], sample("speaker_timeline/derived-open-range-2025-12.json"))

    assert [(row["participant_key"], row["start_s"], row["end_s"]) for row in rows] == [
        ("100", 0.0, 10.0),
        ("200", 15.0, None),
    ]


def test_sample_participants_are_parsed() -> None:
    participants = [
        sample("participants/docs-zoom-participant-2025-08.json"),
        {"id": 200, "extra_data": {"microsoft_teams": sample("participants/docs-teams-extra_data-2025-08.json")}},
    ]

    rows = rows_from(ARTIFACTS["participants"], participants)

    assert [row["person_key"] for row in rows] == [
        "zoom:RiajKBaChMxzJAmuF90nln",
        "teams:8:orgid:780027c1-2d8e-4783-849f-8eeaf1f08525",
    ]


@pytest.mark.parametrize(
    "path",
    [
        "realtime/third-party-participant_events.join.json",
        "realtime/third-party-participant_events.screenshare_on.json",
        "realtime/third-party-participant_events.speech_on.json",
        "realtime/chat_message-google-meet-2026-09-anonymised.json",
    ],
)
def test_sample_participant_events_are_parsed(path: str) -> None:
    message = sample(path)
    action = message["event"].removeprefix("participant_events.")
    event = message["data"]["data"] | {"action": action}

    (row,) = rows_from(ARTIFACTS["participant_events"], [event])

    assert (row["action"], row["at_s"]) == (action, event["timestamp"]["relative"])
    assert row["chat_text"] == ("hello" if action == "chat_message" else None)


@pytest.mark.parametrize(
    ("path", "fault_path"),
    [
        ("transcript/legacy-v1.0-2022-react-transcript-components.json", "[0].words[0].start_timestamp: "),
        ("transcript/v1.10-schema-example.json", "[0].words[0].start_timestamp: "),
        ("speaker_timeline/v1.10-schema-example.json", "[0]: "),
    ],
)
def test_samples_of_older_api_are_quarantined_with_the_path(path: str, fault_path: str) -> None:
    fault = fault_of(ARTIFACTS[path.partition("/")[0]], sample(path))

    assert fault.startswith(fault_path)
    assert fault.endswith("(a shape from before API v1.11)")


def test_every_sample_payload_is_covered_by_a_test() -> None:
    kinds = [folder for folder in SAMPLES.iterdir() if folder.name in {*ARTIFACTS, "realtime"}]
    payloads = {f"{folder.name}/{path.name}" for folder in kinds for path in folder.glob("*.json")}

    of_the_api = {path for path in payloads if "openapi-example" in path}  # media objects, not payloads
    other = {
        "realtime/third-party-transcript.provider_data.json"
    }  # invented by its author; differs from the documented shape
    code = Path(__file__).read_text()
    assert {path for path in payloads - of_the_api - other if path not in code} == set()
