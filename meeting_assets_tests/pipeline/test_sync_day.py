"""Syncs of a day: complete, without duplicates, and idempotent."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.sandbox import Sandbox, empty, uniform
from meeting_assets.schema.persistent import Recordings
from meeting_assets_tests.support.environments import days_of_world, ledger_row, sync_days, table_rows, use_sandbox

DAY = date(2026, 3, 2)

pytestmark = [pytest.mark.usefixtures("database_url"), pytest.mark.with_tables]


def test_sync_fills_every_table(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(uniform(DAY, recordings=3)) as sandbox:
        use_sandbox(sandbox, monkeypatch)

        sync_days([DAY])

    assert all(table_rows().values())


def test_second_sync_downloads_nothing_and_changes_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(uniform(DAY, recordings=3)) as sandbox:
        use_sandbox(sandbox, monkeypatch)
        sync_days([DAY])
        before = table_rows()
        sandbox.stats.reset()

        sync_days([DAY])

        assert sandbox.stats.downloads == 0
        assert sandbox.stats.retrieve_calls == 0
    assert table_rows() == before


def test_refetch_downloads_everything_and_changes_only_fetch_times(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(uniform(DAY, recordings=2)) as sandbox:
        use_sandbox(sandbox, monkeypatch)
        sync_days([DAY])
        before = table_rows(without=frozenset({"fetched_at"}))
        sandbox.stats.reset()

        sync_days([DAY], refetch=True)

        assert sandbox.stats.downloads == 2 * len(ARTIFACTS)
    assert table_rows(without=frozenset({"fetched_at"})) == before


def test_day_without_recordings_leaves_the_tables_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(empty()) as sandbox:
        use_sandbox(sandbox, monkeypatch)

        sync_days([DAY])

    assert not any(table_rows().values())


def test_recordings_of_neighbouring_days_are_not_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(uniform(DAY, recordings=2)) as sandbox:
        use_sandbox(sandbox, monkeypatch)

        sync_days([DAY + timedelta(days=1)])
        sync_days([DAY - timedelta(days=1)])

        assert sandbox.stats.downloads == 0
    assert table_rows()["recordings"] == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_200_recordings_are_fetched_with_few_list_calls_and_no_429(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(uniform(DAY, recordings=200, words=5)) as sandbox:
        use_sandbox(sandbox, monkeypatch)

        sync_days(days_of_world(sandbox))

        assert sandbox.stats.list_calls_total <= 30
        assert sandbox.stats.throttled == 0
        assert sandbox.stats.downloads == 200 * len(ARTIFACTS)
    assert len(table_rows()["meeting_metrics"]) == 200


def test_bot_columns_are_complete_although_the_bot_list_hides_half_of_the_bots(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Sandbox(uniform(DAY, recordings=20, words=5)) as sandbox:
        use_sandbox(sandbox, monkeypatch)

        sync_days([DAY])

        retrieved = sandbox.stats.retrieve_calls
        world = sandbox.world
        calendars = {each.id: world.bot(each.bot_id or "").calendar_meetings for each in world.recordings}
    recordings = table_rows(without=frozenset({"listing_sha256"}))["recordings"]
    assert all(row[2] and row[3] for row in recordings)
    assert 0 < retrieved < 20
    index = [*Recordings.model_fields].index("scheduled_at")
    scheduled = {row[0]: row[index] for row in recordings}
    assert scheduled == {
        each: datetime.fromisoformat(meetings[0]["start_time"]) if meetings else None
        for each, meetings in calendars.items()
    }
    assert None in scheduled.values()


def test_only_the_named_recording_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(uniform(DAY, recordings=3)) as sandbox:
        use_sandbox(sandbox, monkeypatch)
        wanted = sandbox.world.recordings[1]

        sync_days([DAY], recording_ids=[wanted.id])

        assert sandbox.stats.downloads == len(ARTIFACTS)
    assert {row[0] for row in table_rows()["recordings"]} == {wanted.id}


def test_ledger_has_key_and_size_of_the_raw_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(uniform(DAY, recordings=1)) as sandbox:
        use_sandbox(sandbox, monkeypatch)
        transcript = sandbox.world.recordings[0].of("transcript")[0]

        sync_days([DAY])

        row = ledger_row(transcript.id, "transcript")
        assert row["status"] == "parsed"
        assert row["size_bytes"] == len(sandbox.payload(transcript.id, "transcript"))
        assert row["raw_key"].startswith(f"{DAY}/{transcript.recording_id}/transcript/{transcript.id}/")
        assert row["row_count"] == len([r for r in table_rows()["transcript_words"] if r[1] == transcript.id])
