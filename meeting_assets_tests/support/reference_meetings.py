"""Ten real meetings from AMI and PriMock57 as inputs of the metrics; their README states source and licence."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.metrics.analysis import MeetingAnalysis, analyse
from meeting_assets.metrics.meeting import MeetingInput
from meeting_assets.metrics.parameters import Parameters
from meeting_assets_tests.support.meeting_builder import Metrics, attendees, meeting_of, metrics_of, said

FILES = sorted((Path(__file__).parents[1] / "reference_meetings").glob("*.json"))


@cache
def document(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text())
    return loaded


def metrics_of_file(path: Path) -> Metrics:
    return metrics_of(_meeting(path))


def analysis_of_file(path: Path) -> MeetingAnalysis:
    return analyse(_meeting(path), Parameters())


def _meeting(path: Path) -> MeetingInput:
    meeting = document(path)
    timeline = (said(str(participant), start_s, end_s) for participant, start_s, end_s in meeting["segments"])
    people = attendees(*meeting["participants"])
    return meeting_of(*timeline, duration_s=meeting["duration_s"], attendees=people, artifact_kinds=[*ARTIFACTS])
