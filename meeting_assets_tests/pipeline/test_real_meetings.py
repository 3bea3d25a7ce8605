"""Real meetings, synced over HTTP, compared with third-party reference values."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from meeting_assets.health.status import status_of
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.pipeline.storage import open_storage
from meeting_assets.publications.data_faults import Fault
from meeting_assets.sandbox import Sandbox, World, from_folder
from meeting_assets.sandbox.world import Payload
from meeting_assets.settings import read_settings
from meeting_assets.store.database import table_of
from meeting_assets_tests.conftest import ROOT, fresh_postgresql, shared_folder
from meeting_assets_tests.support.bad_data import assert_same_meetings
from meeting_assets_tests.support.corpora import is_single_stream
from meeting_assets_tests.support.environments import (
    TIMES_OF_WORK,
    days_of_world,
    sync_days,
    table_rows,
    use_home,
    use_sandbox,
)
from meeting_assets_tests.support.noise import with_noise

CORPORA = ROOT / os.environ.get("MEETING_ASSETS_CORPORA", "../shared/corpora")
FOLDERS = sorted(path.parent for path in CORPORA.glob("*/*/oracle.json"))
SECONDS = {
    "speech_s": "speech_union_s",
    "overlap_s": "overlap_s",
    "silence_s": "silence_s",
    "longest_silence_s": "longest_silence_s",
    "span_s": "span_s",
}
RATIOS = {"overlap_ratio": "overlap_over_speech", "gini_talk": "gini_pysal", "entropy_talk": "entropy_normalised"}

pytestmark = pytest.mark.skipif(
    not FOLDERS, reason="no corpora of real meetings; MEETING_ASSETS_CORPORA names their folder"
)


@dataclass(frozen=True)
class Measured:
    """Metrics of the real meetings, by name of their folder."""

    meetings: dict[str, dict[str, Any]]
    talk_s: dict[str, dict[str, float]]
    bad_data: dict[str, str]
    """The reasons of each meeting with bad data."""


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((database, state), id=f"{database}-{state}", marks=marks)
        for database, state, marks in (
            ("sqlite", "clean", ()),
            # `test_reference_values` computes metrics of noisy timelines without a sync.
            ("sqlite", "noisy", pytest.mark.deployment),
            ("postgresql", "clean", pytest.mark.deployment),
            ("postgresql", "noisy", pytest.mark.deployment),
        )
    ],
)
def measured(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """All meetings synced, with clean or noisy timelines; in SQLite once for all test processes."""
    database, state = request.param
    world = from_folder(CORPORA)
    if state == "noisy":
        _add_noise(world)
    with (
        shared_folder(tmp_path_factory, f"{database}-{state}") as home,
        pytest.MonkeyPatch.context() as monkeypatch,
        Sandbox(world) as sandbox,
    ):
        use_home(home, monkeypatch)
        if database == "postgresql":
            server = request.getfixturevalue("postgresql_server")
            monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", fresh_postgresql(server))
        use_sandbox(sandbox, monkeypatch)
        if database == "postgresql" or not (home / "is_synced").exists():
            sync_days(days_of_world(sandbox))
            (home / "is_synced").touch()
        with open_storage(read_settings()) as storage:
            assert status_of(storage).missing == 0
            assert not status_of(storage).action_items
            bad_data = storage.database.read(assert_same_meetings)
        return _measured(world, bad_data)


def _add_noise(world: World) -> None:
    for index, recording in enumerate(world.recordings):
        (artifact,) = recording.of("participant_events")
        clean = json.loads(artifact.payloads["speaker_timeline"].body())
        body = json.dumps(with_noise(clean, seed=index)).encode()
        artifact.payloads["speaker_timeline"] = Payload(lambda body=body: body, as_is=True)  # type: ignore[misc]


def _measured(world: World, bad_data: dict[str, str]) -> Measured:
    tables = table_rows()
    folder_of = {recording_id: folder.name for recording_id, folder in world.sources.items()}
    meetings = {folder_of[row["recording_id"]]: row for row in _dicts(tables["meeting_metrics"], MeetingMetrics)}
    talk_s: dict[str, dict[str, float]] = {name: {} for name in folder_of.values()}
    for row in _dicts(tables["participant_metrics"], ParticipantMetrics):
        talk_s[folder_of[row["recording_id"]]][row["participant_key"]] = row["talk_time_s"]
    return Measured(meetings, talk_s, {folder_of[recording_id]: each for recording_id, each in bad_data.items()})


def _dicts(rows: list[tuple[Any, ...]], model: Any) -> list[dict[str, Any]]:
    names = [column.name for column in table_of(model).columns if column.name not in TIMES_OF_WORK]
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_all_real_meetings_are_measured(measured: Measured) -> None:
    assert set(measured.meetings) == {folder.name for folder in FOLDERS}
    assert len(FOLDERS) == 66


def test_meetings_without_a_transcript_have_bad_data(measured: Measured) -> None:
    untranscribed = {folder.name for folder in FOLDERS if not (folder / "transcript.json").exists()}

    assert {name for name, reasons in measured.bad_data.items() if Fault.NO_TRANSCRIPT in reasons} == untranscribed


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: f"{folder.parent.name}-{folder.name}")
def test_metrics_agree_with_reference_values(measured: Measured, folder: Path) -> None:
    oracle = json.loads((folder / "oracle.json").read_bytes())
    found = measured.meetings[folder.name]

    unknown = {"overlap_s", "overlap_ratio"} if is_single_stream(oracle) else set()
    for column, reference in SECONDS.items():
        expected = None if column in unknown else pytest.approx(oracle[reference], abs=1e-3)
        assert found[column] == expected, column
    for column, reference in RATIOS.items():
        expected = None if column in unknown else oracle[reference]
        assert found[column] == (None if expected is None else pytest.approx(expected, abs=1e-5)), column
    for name, participant_id in oracle["participant_ids"].items():
        talk_s = measured.talk_s[folder.name][str(participant_id)]
        assert talk_s == pytest.approx(oracle["speaker_talk_s"].get(name, 0.0), abs=1e-3), name
