"""With webhooks, the API's lists are read every ten minutes; rows follow a webhook within seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from meeting_assets.core.instants import now
from meeting_assets.orchestration.runs import run_days
from meeting_assets.orchestration.triggers.finished_recordings import Cursor
from meeting_assets.pipeline.storage import open_storage
from meeting_assets.sandbox import Fault, Recording, Sandbox, uniform
from meeting_assets.settings import read_settings
from meeting_assets_tests.support.deployment import Deployment
from meeting_assets_tests.support.environments import table_rows
from meeting_assets_tests.support.sensor_ticks import ids_of, reason, tick
from meeting_assets_tests.support.ui import until
from meeting_assets_tests.support.webhook_inbox import waiting
from meeting_assets_tests.support.webhook_sender import SECRET, ReceiverCommand

ROWS_WITHIN_S = 20
PATIENCE_S = 60
LISTS = "finished_recordings"

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")


@pytest.mark.usefixtures("with_webhooks")
def test_with_webhooks_the_lists_are_read_every_ten_minutes(sandbox: Sandbox, defs: dg.Definitions) -> None:
    sandbox.add_recording()
    lately, long_ago = (
        Cursor(completed_at=(now() - timedelta(minutes=minutes)).isoformat()).encode() for minutes in (9, 11)
    )

    soon = tick(defs, LISTS, lately)
    calls = sandbox.stats.list_calls_total
    late = tick(defs, LISTS, long_ago)

    assert isinstance(soon, dg.SensorResult)
    assert isinstance(late, dg.SensorResult)
    assert (calls, soon.cursor, soon.run_requests) == (0, lately, [])
    assert "every 10 minutes" in reason(soon)
    assert len(late.run_requests or []) == 1
    assert sandbox.stats.list_calls_total > 0


def test_every_tick_reads_the_lists_without_webhooks(sandbox: Sandbox, defs: dg.Definitions) -> None:
    tick(defs, LISTS, Cursor(completed_at=now().isoformat()).encode())

    assert sandbox.stats.list_calls_total > 0


@pytest.mark.usefixtures("with_webhooks")
def test_pending_artifacts_are_requested_between_listing_passes(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording()
    transcript = recording.of("transcript")[0].id
    sandbox.inject(Fault(status=500, match=f"transcript:{transcript}", times=None))
    run_days(defs, [recording.day])
    with open_storage(read_settings()) as storage, storage.database.writing() as connection:
        connection.exec_driver_sql("UPDATE artifacts SET next_attempt_at = NULL")

    answer = tick(defs, LISTS, Cursor(completed_at=now().isoformat()).encode())

    assert isinstance(answer, dg.SensorResult)
    assert [ids_of(request.run_config) for request in answer.run_requests or []] == [[recording.id]]


@pytest.mark.deployment
def test_rows_are_stored_within_seconds_of_a_webhook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = uniform(now().date() - timedelta(days=3), recordings=1)
    with (
        Sandbox(world, limits=False) as sandbox,
        Deployment(tmp_path, sandbox, RECALL_WEBHOOK_SECRETS=SECRET) as deployment,
        ReceiverCommand(deployment.settings) as receiver,
    ):
        deployment.settle(monkeypatch)
        sandbox.habits.webhook_copies, sandbox.habits.webhooks_shuffled = 2, True
        sandbox.notify(receiver.url, SECRET)
        until(
            lambda: deployment.ui.ticks("finished_recordings"),
            "the first look of the other sensor",
            within_s=PATIENCE_S,
        )
        recording = sandbox.add_recording(processing=True)

        sandbox.finish(recording.id)
        meeting_s = seconds_until(lambda: rows("meeting_metrics", recording))
        sandbox.add_transcript(recording.id)
        transcript_s = seconds_until(lambda: len(rows("transcripts", recording)) == 2)

        until(lambda: not waiting(), "every message handled", within_s=PATIENCE_S)
        runs = deployment.ui.runs(day=recording.day)

    assert max(meeting_s, transcript_s) < ROWS_WITHIN_S
    assert [run.recording_ids for run in runs] == [[recording.id]] * 2


def seconds_until(look: Callable[[], object]) -> float:
    began_s = time.monotonic()
    until(look, "rows", within_s=PATIENCE_S)
    return time.monotonic() - began_s


def rows(table: str, recording: Recording) -> list[tuple[Any, ...]]:
    return [row for row in table_rows()[table] if row[0] == recording.id]
