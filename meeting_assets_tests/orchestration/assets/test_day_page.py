"""The page of a day: the state of each recording, and the totals of its meetings that Dagster plots over the days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import select

from meeting_assets.metrics.tables import MeetingMetrics
from meeting_assets.orchestration.runs import run_days
from meeting_assets.pipeline.storage import open_storage
from meeting_assets.sandbox import Sandbox, combined, uniform
from meeting_assets.settings import read_settings
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER
from meeting_assets_tests.support.environments import use_sandbox
from meeting_assets_tests.support.materializations import Metadata, recording_states, shown
from meeting_assets_tests.support.runs import run_once

FIRST, SECOND, EMPTY = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")
ALL_DAYS = "two days with meetings and one without"


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(combined([uniform(FIRST, recordings=2), uniform(SECOND, recordings=1)])) as running:
        use_sandbox(running, monkeypatch)
        yield running


def rows_of(*columns: Any) -> list[tuple[Any, ...]]:
    with open_storage(read_settings()) as storage, storage.database.reading() as connection:
        return [tuple(row) for row in connection.execute(select(*columns))]


def values(metadata: Metadata, *names: str) -> tuple[Any, ...]:
    return tuple(metadata[name] for name in names)


def test_run_of_a_day_shows_the_state_of_each_recording(sandbox: Sandbox, defs: dg.Definitions) -> None:
    one, other = (each for each in sandbox.world.recordings if each.day == FIRST)
    running = sandbox.add_recording(one.created_at + timedelta(minutes=1), processing=True)
    sandbox.set_payload(other.of("transcript")[0].id, "transcript", b"[7]")
    sandbox.set_url(one.of("transcript")[0].id, "transcript", None)

    outcome = run_days(defs, [FIRST])

    found = shown(outcome.run_id, FIRST)
    after_fetch, at_the_end = (recording_states(found[asset]) for asset in ("recordings", "meeting_metrics"))
    assert after_fetch[one.id] == {"status": "done", "fetched": 6, "pending": 1}
    assert at_the_end[one.id] == {"status": "done", "parsed": 6, "pending": 1}
    assert at_the_end[other.id] == {"status": "done", "parsed": 6, "quarantined": 1}
    assert at_the_end[running.id]["status"] == "processing"
    assert next(iter(at_the_end)) == other.id


def test_table_of_a_day_includes_every_artifact_whatever_its_state(sandbox: Sandbox, defs: dg.Definitions) -> None:
    one, other = (each for each in sandbox.world.recordings if each.day == FIRST)
    sandbox.fail(one.of("transcript")[0].id)
    sandbox.delete_artifact(other.of("video_separate")[0].id)

    outcome = run_days(defs, [FIRST])

    table = recording_states(shown(outcome.run_id, FIRST)["meeting_metrics"])
    in_ledger = Counter(
        (recording_id, state) for recording_id, state in rows_of(LEDGER.c.recording_id, LEDGER.c.status)
    )
    in_table = Counter(
        {
            (recording_id, state): count
            for recording_id, row in table.items()
            for state, count in row.items()
            if state != "status"
        }
    )
    assert in_table == in_ledger
    assert table[one.id].keys() == {"status", "parsed", "failed"}
    assert table[other.id] == {"status": "done", "parsed": 6, "absent": 1}


def test_plots_of_the_meetings_show_what_each_day_has(defs: dg.Definitions) -> None:
    columns = table_of(MeetingMetrics).c

    outcome = run_once(ALL_DAYS, defs, [FIRST, SECOND, EMPTY])

    names = "day.meeting_hours", "day.participants", "day.words"
    first, second, empty = (
        values(shown(outcome.run_id, day)["meeting_metrics"], *names) for day in (FIRST, SECOND, EMPTY)
    )
    rows = rows_of(columns.duration_s, columns.participant_count, columns.word_count)
    hours, participants, words = (sum(column) for column in zip(*rows, strict=True))
    assert first[1] + second[1] == participants
    assert first[2] + second[2] == words
    assert first[0] + second[0] == pytest.approx(hours / 3600, abs=0.002)
    assert first[1:] > second[1:] > (0, 0)
    assert empty == (0, 0, 0)


def test_values_that_are_plotted_are_numbers_on_every_day(defs: dg.Definitions) -> None:
    outcome = run_once(ALL_DAYS, defs, [FIRST, SECOND, EMPTY])

    for asset in ("recordings", "meeting_metrics", "transcript_words"):
        first, empty = shown(outcome.run_id, FIRST)[asset], shown(outcome.run_id, EMPTY)[asset]
        assert first.keys() == empty.keys()
        assert [name for name in first if type(first[name]) is not type(empty[name])] == []
