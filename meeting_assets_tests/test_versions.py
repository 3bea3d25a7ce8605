"""A changed result needs a raised version, so that stored rows become outdated and are made again.

`golden/` holds, for each version constant, the version and the results it produced. A test fails

- if results differ and the version is the same: raise the version constant that the message names, or undo the change;
- if the version differs: `make renew` writes the new results, and the review reads the difference.

`make renew` refuses to write different results under the same version; results of new samples are added.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.urls import without_url_secrets
from meeting_assets.metrics.audio_agreement import AudioAgreement
from meeting_assets.metrics.meeting import Attendee, Event, MeetingInput, Utterance
from meeting_assets.metrics.occurrences import SeriesRecording, meetings_of
from meeting_assets.metrics.parameters import METRICS_VERSION
from meeting_assets.metrics.series import SeriesAttendee, member_columns, series_columns
from meeting_assets.metrics.trends import TRENDS_VERSION, person_trends
from meeting_assets.metrics.weeks import meeting_trend
from meeting_assets.orchestration.assets.raw import RAW_VERSION
from meeting_assets_tests.support.meeting_builder import (
    STARTED_AT,
    TRANSCRIPT_ID,
    Metrics,
    meeting_of,
    metrics_of,
    off,
    on,
    said,
    word,
)
from meeting_assets_tests.support.payloads import tables_from
from meeting_assets_tests.support.plausible_payloads import PLAUSIBLE
from meeting_assets_tests.support.reference_meetings import FILES, document, metrics_of_file

GOLDEN = Path(__file__).parent / "golden"
Results = Mapping[str, Any]


def full_meeting() -> MeetingInput:
    """A meeting that fills every metric table: overlaps, backchannels, a bot, a label, an open end, chat, late join."""
    return meeting_of(
        said("ann", 0.5, 20.0),
        said("bob", 18.0, 19.0),
        said("bob", 25.0, 60.0),
        said("ann", 40.0, 48.5),
        said("unknown", 61.0, 62.0),
        said("note", 63.0, 64.0),
        said("label:Guest", 70.0, 75.0, name="Guest"),
        said("ann", 86.0, None),
        duration_s=120,
        scheduled_at=STARTED_AT,
        bot_names=["Note Taker"],
        attendees=[
            Attendee("ann", "Ann", False, "email:ann@example.com"),
            Attendee("bob", "Bob", False, "zoom:b1"),
            Attendee("bob2", "Bob", False, "zoom:b1"),
            Attendee("note", "Note Taker", True),
            Attendee("silent", "Sid", False, "zoom:s1"),
        ],
        words=[word("ann", 0.5, 1.0, "um"), word("ann", 1.1, 1.5, "hello"), word("bob", 25.0, 26.0, "why?")],
        transcript_id=TRANSCRIPT_ID,
        utterances=[Utterance("ann", "Ann", 2, "um hello"), Utterance("bob", "Bob", 1, "why?")],
        events=[
            Event("ann", "Ann", "join", 0.0),
            Event("bob", "Bob", "join", 10.0),
            Event("bob2", "Bob", "join", 50.0),
            Event("bob", "Bob", "webcam_on", 11.0),
            Event("bob", "Bob", "webcam_off", 30.0),
            Event("ann", "Ann", "chat_message", 33.0, "see you"),
            on("ann", 0.5),
            off("ann", 20.0),
            Event("bob", "Bob", "leave", 90.0),
        ],
        clock_readings=[(0.0, STARTED_AT), (60.0, STARTED_AT.replace(minute=1))],
        artifact_kinds=[*ARTIFACTS],
        artifacts=[("speaker_timeline", "parsed"), ("transcript", "parsed"), ("participants", "parsed")],
    )


def tables(metrics: Metrics) -> dict[str, Any]:
    """Rows of every metric table of a meeting, as JSON."""
    rows = {name: getattr(metrics, name) for name in metrics.__dataclass_fields__}
    rows["transitions"] = [[*pair, count] for pair, count in metrics.transitions.items()]
    # Columns about analysed audio are NULL in rows of versions that had none, so they outdate no row.
    rows["quality"] = {
        name: value
        for name, value in metrics.quality.items()
        if value is not None or name not in AudioAgreement.model_fields
    }
    return plain(rows)  # type: ignore[no-any-return]


def plain(value: Any) -> Any:
    """The value after a trip through JSON; floats keep 9 digits, since sums may differ in the last bit."""
    rounded = json.loads(json.dumps(value, default=str), parse_float=lambda text: float(f"{float(text):.9g}"))
    return {key: rounded[key] for key in sorted(rounded)} if isinstance(rounded, dict) else rounded


def digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def parsed_rows(kind: str) -> Results:
    return plain({str(i): tables_from(ARTIFACTS[kind], payload) for i, payload in enumerate(PLAUSIBLE[kind])})  # type: ignore[no-any-return]


def raw_bytes() -> Results:
    """Hashes of the bytes as the raw store names them, by kind."""
    found = {}
    for kind, payloads in PLAUSIBLE.items():
        for number, payload in enumerate(payloads):
            content = json.dumps(payload).encode()
            kept = without_url_secrets(content) if ARTIFACTS[kind].contains_signed_urls else content
            found[f"{kind}[{number}]"] = hashlib.sha256(kept).hexdigest()
    return found


def metric_rows() -> Results:
    """All rows of one meeting, with and without analysed audio, and a digest of those of each reference meeting."""
    with_audio = replace(
        full_meeting(), audio=[said("ann", 0.7, 20.4), said("bob", 25, 59)], audio_tracks=("ann", "bob")
    )
    meetings = {"meeting": full_meeting(), "meeting with analysed audio": with_audio}
    return {name: tables(metrics_of(meeting)) for name, meeting in meetings.items()} | {
        path.stem: digest(tables(metrics_of_file(path))) for path in FILES
    }


def trend_rows() -> Results:
    measured = [metrics_of(full_meeting()), *map(metrics_of_file, FILES[:3])]
    meetings = [each.meeting for each in measured]
    persons = [{**row, "duration_s": each.meeting["duration_s"]} for each in measured for row in each.persons.values()]
    return plain(  # type: ignore[no-any-return]
        {
            "meetings": meeting_trend(meetings[:2], meetings[2:]),
            "persons": person_trends(persons, persons[:1]),
            "series": series_rows(),
        }
    )


def series_rows() -> Results:
    """A series of three meetings in four recordings, with a late person and one who comes once."""
    starts = [STARTED_AT + timedelta(days=days) for days in (0, 0.01, 7, 14)]
    plan: dict[str, Any] = {"scheduled_at": STARTED_AT, "scheduled_end_at": STARTED_AT + timedelta(minutes=30)}
    recordings = [SeriesRecording(str(n), at.date(), at, 1500.0, 30.0) for n, at in enumerate(starts)]
    recordings[:2] = [each._replace(bot_id="bot", **plan) for each in recordings[:2]]
    attendees = [SeriesAttendee(str(n), "ann", "Ann", 90.0, 90.0) for n in range(4)] + [SeriesAttendee("3", "bo", "Bo")]
    meetings = meetings_of(recordings)
    members = member_columns(meetings, attendees, late_grace_s=60)
    return {"series": series_columns(meetings, members.values()), "members": members}


CASES: dict[str, tuple[str, str, Callable[[], Results]]] = {
    **{
        f"parser-{kind}": (
            f"parser_version in artifacts/{kind}.py",
            artifact.parser_version,
            partial(parsed_rows, kind),
        )
        for kind, artifact in ARTIFACTS.items()
    },
    "raw": ("RAW_VERSION", RAW_VERSION, raw_bytes),
    "metrics": ("METRICS_VERSION", METRICS_VERSION, metric_rows),
    "trends": ("METRICS_VERSION or TRENDS_VERSION", f"{METRICS_VERSION}.{TRENDS_VERSION}", trend_rows),
}


def fault_of(name: str, version: str, results: Results, golden: Mapping[str, Any]) -> str | None:
    """Why results and golden file do not fit; None if they do."""
    if golden["version"] != version:
        return f"{name} is new: run `make renew` and review the diff"
    if golden["results"] == results:
        return None
    if is_extended(results, golden):
        return "results of new samples are missing: run `make renew` and review the diff"
    return f"results changed: raise {name}, or undo the change"


def is_extended(results: Results, golden: Mapping[str, Any]) -> bool:
    """True if the results contain all golden results unchanged, and results of new samples."""
    return golden["results"] is not None and {**results, **golden["results"]} == results


@pytest.mark.golden
@pytest.mark.parametrize("case", CASES)
def test_changed_results_have_a_new_version(case: str) -> None:
    name, version, compute = CASES[case]
    results = json.loads(json.dumps(compute()))
    path = GOLDEN / f"{case}.json"
    golden = json.loads(path.read_text()) if path.exists() else {"version": None, "results": None}
    fault = fault_of(name, version, results, golden)
    if os.environ.get("RENEW") and (golden["version"] != version or is_extended(results, golden)):
        path.write_text(json.dumps({"version": version, "results": results}, indent=1, ensure_ascii=False) + "\n")
        return

    assert fault is None


def test_same_version_with_other_results_is_a_fault() -> None:
    golden = {"version": "1", "results": {"talk_s": 1.0}}

    assert fault_of("V", "1", {"talk_s": 1.0}, golden) is None
    assert "raise V" in str(fault_of("V", "1", {"talk_s": 1.1}, golden))
    assert "new samples" in str(fault_of("V", "1", {"talk_s": 1.0, "words": 2}, golden))
    assert "make renew" in str(fault_of("V", "2", {"talk_s": 1.0}, golden))


def test_every_metric_table_has_rows_in_the_golden_meeting() -> None:
    metrics = metrics_of(full_meeting())

    assert all(getattr(metrics, name) for name in metrics.__dataclass_fields__)


def test_reference_meetings_have_distinct_timelines() -> None:
    assert len({digest(document(path)["segments"]) for path in FILES}) == len(FILES)
