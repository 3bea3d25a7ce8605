"""What may be kept no longer goes: what is too old, and what the API has deleted where that is wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest

from meeting_assets.core.errors import SettingsError
from meeting_assets.core.instants import day_of, now
from meeting_assets.definitions import definitions
from meeting_assets.orchestration.operations.meeting_retention import nightly_retention, retention
from meeting_assets.orchestration.runs import dagster_instance, prepare_home
from meeting_assets.pipeline.arrivals import ListingPass, list_arrivals
from meeting_assets.pipeline.days import day_of_recording, days_asked
from meeting_assets.pipeline.deletion.recordings import holding, purge
from meeting_assets.pipeline.deletion.removal import PurgeReport
from meeting_assets.pipeline.deletion.retention import retain
from meeting_assets.pipeline.deletion.today import confirmed_today
from meeting_assets.pipeline.derive import derive_days
from meeting_assets.pipeline.fetch import fetch_days
from meeting_assets.pipeline.rebuild import rebuild
from meeting_assets.pipeline.storage import access_of
from meeting_assets.sandbox import Recording, Sandbox, combined, uniform
from meeting_assets.settings import read_settings
from meeting_assets.store import tombstones
from meeting_assets_tests.support.environments import (
    age_missing_marks,
    contents,
    ledger_row,
    open_test_storage,
    sync_days,
    use,
)

KEPT_DAYS = 30
TODAY = day_of(now())
OLD, DAY = TODAY - timedelta(days=KEPT_DAYS + 1), TODAY - timedelta(days=KEPT_DAYS)


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A day that has just become too old, and the next."""
    with Sandbox(combined([uniform(OLD, recordings=3, words=20), uniform(DAY, recordings=2, words=20)])) as running:
        use(running, monkeypatch)
        yield running


@pytest.fixture
def recording(sandbox: Sandbox) -> Recording:
    return next(each for each in sandbox.world.recordings if each.day == DAY)


@pytest.fixture
def limited(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both days are home when the retention is set."""
    sync_days([OLD, DAY])
    monkeypatch.setenv("MEETING_ASSETS_RETENTION_DAYS", str(KEPT_DAYS))
    sandbox.stats.reset()


def days_here() -> list[date]:
    days = {day for row in contents()["recordings"] for day in row if day in (OLD, DAY)}
    with open_test_storage() as storage:
        return sorted(days | {*storage.raw.days()})


def a_night(limit: int = 100) -> PurgeReport:
    with open_test_storage() as storage:
        today = confirmed_today(storage, access_of(read_settings()))
        report, waiting = retain(storage, today, limit=limit, budget_s=60)
    assert waiting is None
    return report


def objects_of(recording_id: str) -> list[str]:
    with open_test_storage() as storage:
        return storage.raw.paths_of(DAY, recording_id)


def rows_of(recording_id: str) -> int:
    with open_test_storage() as storage:
        return holding(storage, recording_id).rows


@pytest.mark.usefixtures("limited")
def test_what_is_older_than_the_retention_goes_and_the_rest_stays(sandbox: Sandbox) -> None:
    report = a_night()

    assert (report.recordings, report.left) == (3, 0)
    assert days_here() == [DAY]
    assert len(contents()["meeting_metrics"]) == 2


@pytest.mark.usefixtures("limited")
def test_a_night_ends_at_its_limit_and_the_next_goes_on(sandbox: Sandbox) -> None:
    first = a_night(limit=2)
    second = a_night(limit=2)

    assert [(each.recordings, each.left) for each in (first, second)] == [(2, 1), (1, 0)]
    assert days_here() == [DAY]


@pytest.mark.usefixtures("limited")
def test_a_run_of_an_expired_day_fetches_nothing_and_leaves_the_removal_to_the_night(sandbox: Sandbox) -> None:
    before = contents()

    report = sync_days([OLD])

    assert report.recordings == 0
    assert sandbox.stats.requests == []
    assert contents() == before
    a_night()
    assert days_here() == [DAY]


def test_a_backfill_brings_home_what_may_be_kept(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_RETENTION_DAYS", str(KEPT_DAYS))

    sync_days([OLD, DAY])

    assert days_here() == [DAY]
    assert len(contents()["meeting_metrics"]) == 2


@pytest.mark.usefixtures("limited")
def test_who_asks_for_days_that_are_too_old_is_told_which_setting_says_so(sandbox: Sandbox) -> None:
    settings = read_settings()
    old = next(each for each in sandbox.world.recordings if each.day == OLD)

    with pytest.raises(SettingsError, match=f"{OLD} is older than MEETING_ASSETS_RETENTION_DAYS={KEPT_DAYS} keeps"):
        days_asked(settings, OLD, None)
    with pytest.raises(SettingsError, match="MEETING_ASSETS_RETENTION_DAYS"):
        day_of_recording(settings, old.id)
    assert days_asked(settings, DAY, None)[0] == DAY


def test_days_that_nobody_named_are_within_the_retention(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_RETENTION_DAYS", "2")

    days = days_asked(read_settings(), None, None)

    assert days[0] == TODAY - timedelta(days=2)


def test_nothing_that_arrives_for_a_day_that_is_too_old_is_asked_for(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_RETENTION_DAYS", str(KEPT_DAYS))
    with open_test_storage() as storage:
        due, _ = list_arrivals(
            storage, access_of(read_settings()), ListingPass.since(now() - timedelta(days=99)), budget_s=20
        )

    assert {each.day for each in due} == {DAY}


@pytest.mark.usefixtures("limited")
def test_no_rebuild_takes_in_what_is_too_old(sandbox: Sandbox) -> None:
    with open_test_storage() as storage:
        report = rebuild(storage)

    assert report.days == [DAY]


@pytest.mark.usefixtures("limited")
@pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")
def test_the_nightly_job_purges_and_shows_numbers(sandbox: Sandbox) -> None:
    settings = read_settings()
    prepare_home(settings)

    with dagster_instance() as instance:
        job = definitions(settings).resolve_job_def(retention.name)
        result = job.execute_in_process(instance=instance, raise_on_error=False)

    assert result.success
    (event,) = [each for each in result.all_node_events if each.is_successful_output]
    shown = {name: value.value for name, value in event.step_output_data.metadata.items()}
    assert (shown["recordings_purged"], shown["recordings_left"]) == (3, 0)
    assert days_here() == [DAY]


def test_the_schedule_asks_for_a_run_only_where_there_may_be_something_to_do(
    sandbox: Sandbox, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked() -> list[str]:
        with dg.DagsterInstance.ephemeral() as instance, dg.build_schedule_context(instance) as context:
            result = nightly_retention(context)
        return [type(result).__name__]

    assert asked() == ["SkipReason"]

    monkeypatch.setenv("MEETING_ASSETS_RETENTION_DAYS", str(KEPT_DAYS))
    assert asked() == ["RunRequest"]

    monkeypatch.delenv("MEETING_ASSETS_RETENTION_DAYS")
    with open_test_storage() as storage:
        purge(storage, [recording.id], tombstones.ASKED_FOR)
    assert asked() == ["RunRequest"]


def two_looks(days: Sequence[date] = (DAY,), recording_ids: Sequence[str] = ()) -> None:
    """Two runs, the second of them more than an hour after the first."""
    sync_days(days, recording_ids=recording_ids)
    age_missing_marks(timedelta(hours=2))
    sync_days(days, recording_ids=recording_ids)


@pytest.fixture(params=[False, True], ids=["status deleted", "404"])
def answers_404(request: pytest.FixtureRequest, sandbox: Sandbox) -> bool:
    sandbox.habits.deleted_answers_404 = request.param
    return bool(request.param)


@pytest.mark.usefixtures("answers_404")
@pytest.mark.parametrize("is_named", [False, True], ids=["day", "named"])
def test_a_deleted_recording_is_marked_and_kept(sandbox: Sandbox, recording: Recording, is_named: bool) -> None:
    sync_days([DAY])
    before = contents()["transcript_words"]
    sandbox.delete(recording.id)

    sync_days([DAY], recording_ids=[recording.id] if is_named else [])

    (row,) = [row for row in contents()["recordings"] if recording.id in row]
    assert "deleted" in row
    assert contents()["transcript_words"] == before
    assert objects_of(recording.id)


@pytest.mark.usefixtures("answers_404")
@pytest.mark.parametrize("is_named", [False, True], ids=["day", "named"])
def test_a_deleted_recording_is_purged_where_that_is_wanted(
    sandbox: Sandbox, recording: Recording, is_named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_ON_DELETION", "purge")
    sync_days([DAY])
    sandbox.delete(recording.id)

    two_looks(recording_ids=[recording.id] if is_named else [])

    assert (rows_of(recording.id), objects_of(recording.id)) == (0, [])
    with open_test_storage() as storage, storage.database.reading() as connection:
        assert tombstones.is_tombstoned(connection, [recording.id])
    assert len(contents()["meeting_metrics"]) == 1


@pytest.mark.usefixtures("answers_404")
def test_what_was_only_marked_is_purged_when_the_setting_changes(
    sandbox: Sandbox, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_days([DAY])
    sandbox.delete(recording.id)
    sync_days([DAY])
    monkeypatch.setenv("MEETING_ASSETS_ON_DELETION", "purge")

    two_looks()

    assert (rows_of(recording.id), objects_of(recording.id)) == (0, [])


@pytest.mark.usefixtures("answers_404")
@pytest.mark.parametrize("is_named", [False, True], ids=["day", "named"])
def test_a_deleted_artifact_is_marked_and_kept(sandbox: Sandbox, recording: Recording, is_named: bool) -> None:
    transcript = recording.of("transcript")[0].id
    sync_days([DAY])
    before = contents()["transcript_words"]
    sandbox.delete_artifact(transcript)

    sync_days([DAY], recording_ids=[recording.id] if is_named else [])

    assert ledger_row(transcript, "transcript")["api_status"] == "deleted"
    assert contents()["transcript_words"] == before


@pytest.mark.usefixtures("answers_404")
@pytest.mark.parametrize(
    ("collection", "kinds", "tables"),
    [
        # A recording shows its transcript, deleted or not; that a separate audio is gone shows only when asked for it.
        (
            "transcript",
            ("transcript", "provider_data"),
            ("transcripts", "transcript_utterances", "transcript_words", "provider_parts"),
        ),
        ("audio_separate", ("audio_separate",), ("audio_parts",)),
    ],
)
def test_a_deleted_artifact_is_purged_where_that_is_wanted(
    sandbox: Sandbox,
    recording: Recording,
    monkeypatch: pytest.MonkeyPatch,
    collection: str,
    kinds: tuple[str, ...],
    tables: tuple[str, ...],
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_ON_DELETION", "purge")
    (artifact,) = recording.of(collection)
    sync_days([DAY])
    before = contents()
    sandbox.delete_artifact(artifact.id)

    two_looks()

    for kind in kinds:
        row = ledger_row(artifact.id, kind)
        assert (row["status"], row["sha256"], row["row_count"]) == ("deleted", None, None)
    after = contents()
    assert not [table for table in tables for row in after[table] if recording.id in row]
    assert after["participants"] == before["participants"]
    assert not any(artifact.id in key for key in objects_of(recording.id))
    assert len(after["meeting_metrics"]) == 2
    sync_days([DAY])
    assert contents() == after


@pytest.mark.parametrize("is_derived", [False, True])
def test_metrics_of_a_deleted_artifact_go_with_it_and_come_again_from_the_others(
    sandbox: Sandbox, recording: Recording, monkeypatch: pytest.MonkeyPatch, is_derived: bool
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_ON_DELETION", "purge")
    sync_days([DAY])
    sandbox.delete_artifact(recording.of("transcript")[0].id)
    sync_days([DAY])
    age_missing_marks(timedelta(hours=2))

    with open_test_storage() as storage:
        asyncio.run(fetch_days(storage, access_of(read_settings()), [DAY]))
        if is_derived:
            derive_days([DAY], storage)

    assert (recording.id in {row[0] for row in contents()["meeting_metrics"]}) == is_derived


@pytest.mark.parametrize("others", [0, 1])
def test_a_recording_without_bot_is_gone_only_if_another_one_is_not(
    sandbox: Sandbox, recording: Recording, monkeypatch: pytest.MonkeyPatch, others: int
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_ON_DELETION", "purge")
    sandbox.habits.deleted_answers_404 = True
    added = [sandbox.add_recording(recording.created_at, words=20, has_bot=False) for _ in range(1 + others)]
    sync_days([DAY])
    sandbox.delete(added[0].id)

    two_looks()

    assert (rows_of(added[0].id) == 0) == bool(others)


def test_a_key_of_another_workspace_deletes_nothing(
    sandbox: Sandbox, recording: Recording, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To such a key every recording that is here is gone."""
    monkeypatch.setenv("MEETING_ASSETS_ON_DELETION", "purge")
    sync_days([DAY])
    before = contents()["transcript_words"]

    with Sandbox(uniform(DAY, recordings=1, words=20, seed=7)) as another:
        use(another, monkeypatch)
        two_looks()
        two_looks(recording_ids=[recording.id])

    assert set(before) <= set(contents()["transcript_words"])
    with open_test_storage() as storage, storage.database.reading() as connection:
        assert tombstones.count(connection) == 0
