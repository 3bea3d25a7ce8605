"""One wrong response of the API deletes nothing: list and retrieve must agree, at two different times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import pytest
from rich.console import Console

from meeting_assets.console import print_status
from meeting_assets.core.instants import now
from meeting_assets.health.ledger_checks import ledger_checks
from meeting_assets.health.status import status_of
from meeting_assets.pipeline.deletion.recordings import stored_recording
from meeting_assets.sandbox import Fault, Recording, Sandbox, uniform
from meeting_assets.sandbox.world import Status
from meeting_assets.store import absence
from meeting_assets.store.ledger import RECORDINGS
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.environments import (
    age_missing_marks,
    ledger_row,
    open_test_storage,
    sync_days,
    table_rows,
    use_sandbox,
)
from meeting_assets_tests.support.purges import paths_of
from meeting_assets_tests.support.snapshots import DOWNLOAD_PORT, sync_once

pytestmark = [sqlite_first, pytest.mark.with_tables]

DAY = date(2026, 3, 2)
LATER = timedelta(hours=2)


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=2, words=20), limits=False, download_port=DOWNLOAD_PORT) as running:
        use_sandbox(running, monkeypatch)
        sync_once("two short recordings", [DAY])
        yield running


@pytest.fixture
def purging(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_ON_DELETION", "purge")


def sync_later(after: timedelta = timedelta(0), recording_ids: Sequence[str] = ()) -> None:
    """Syncs as if the former syncs had been earlier by `after`."""
    age_missing_marks(after)
    sync_days([DAY], recording_ids=recording_ids)


def is_stored(recording: Recording) -> bool:
    with open_test_storage() as storage:
        return stored_recording(storage, recording.id).artifacts > 0 and bool(paths_of(storage.raw, DAY, recording.id))


def api_status_of(recording: Recording) -> str:
    with open_test_storage() as storage, storage.database.reading() as connection:
        columns = RECORDINGS.c
        query = RECORDINGS.select().where(columns.recording_id == recording.id)
        row = connection.execute(query).mappings().one()
    assert (row["deleted_at"] is None) == (row["missing_since"] is None)
    return str(row["status"])


def restore(sandbox: Sandbox, recording: Recording) -> None:
    """Makes the API show a deleted recording again."""
    recording.status = Status("done", now())
    for artifact in recording.artifacts:
        artifact.status = Status("done", now())


@pytest.mark.usefixtures("purging")
@pytest.mark.parametrize("times", [1, None], ids=["once", "always"])
def test_wrong_404_purges_nothing_while_the_list_shows_the_recording(
    sandbox: Sandbox, recording: Recording, times: int | None
) -> None:
    before = table_rows()
    sandbox.inject(Fault(f"/recording/{recording.id}", status=404, body="{}", times=times))

    sync_later(recording_ids=[recording.id])
    sync_later(LATER, recording_ids=[recording.id])

    assert table_rows() == before


@pytest.mark.usefixtures("purging")
@pytest.mark.parametrize("is_named", [False, True], ids=["day", "named"])
@pytest.mark.parametrize("answers_404", [False, True], ids=["status deleted", "404"])
def test_deleted_recording_is_purged_by_a_second_fetch_an_hour_later(
    sandbox: Sandbox, recording: Recording, is_named: bool, answers_404: bool
) -> None:
    sandbox.habits.deleted_answers_404 = answers_404
    sandbox.delete(recording.id)
    named = [recording.id] if is_named else []

    sync_later(recording_ids=named)
    sync_later(timedelta(minutes=59), recording_ids=named)

    assert is_stored(recording)
    with open_test_storage() as storage, storage.database.reading() as connection:
        assert absence.unconfirmed_deletions(connection) == {(DAY, recording.id)}
    sync_later(LATER, recording_ids=named)
    assert not is_stored(recording)


@pytest.mark.usefixtures("purging")
def test_reappearance_resets_the_confirmation_of_a_deletion(sandbox: Sandbox, recording: Recording) -> None:
    sandbox.delete(recording.id)
    sync_later()
    restore(sandbox, recording)
    sync_later(LATER)
    sandbox.delete(recording.id)

    sync_later(2 * LATER)

    assert is_stored(recording)
    sync_later(3 * LATER)
    assert not is_stored(recording)


@pytest.mark.parametrize("answers_404", [False, True], ids=["status deleted", "404"])
def test_deletion_mark_is_cleared_when_the_api_shows_the_recording_again(
    sandbox: Sandbox, recording: Recording, answers_404: bool
) -> None:
    sandbox.habits.deleted_answers_404 = answers_404
    sandbox.delete(recording.id)
    sync_later()
    assert api_status_of(recording) == "deleted"

    restore(sandbox, recording)
    sync_later()

    assert api_status_of(recording) == "done"
    assert {row[3] for row in table_rows()["artifacts"] if recording.id in row} == {"parsed"}


@pytest.mark.usefixtures("purging")
@pytest.mark.parametrize("is_named", [False, True], ids=["day", "named"])
def test_wrong_404_of_an_artifact_purges_nothing_while_its_list_shows_it(
    sandbox: Sandbox, recording: Recording, is_named: bool
) -> None:
    """The artifact was created long after its day, so the lists of the day do not show it."""
    late = sandbox.add_transcript(recording.id, recording.created_at + timedelta(days=9))
    sync_days([DAY], recording_ids=[recording.id])
    before = table_rows()["transcript_words"]
    sandbox.inject(Fault(f"/transcript/{late}", status=404, body="{}", times=None))

    for hours in (0, 2):
        sync_later(timedelta(hours=hours), recording_ids=[recording.id] if is_named else [])

    assert table_rows()["transcript_words"] == before
    assert ledger_row(late, "transcript")["api_status"] == "done"


@pytest.mark.usefixtures("purging")
@pytest.mark.parametrize("answers_404", [False, True], ids=["status deleted", "404"])
def test_deleted_artifact_is_purged_by_the_second_fetch_and_not_reported_as_lost(
    sandbox: Sandbox, recording: Recording, answers_404: bool
) -> None:
    sandbox.habits.deleted_answers_404 = answers_404
    (artifact,) = recording.of("audio_separate")
    sandbox.delete_artifact(artifact.id)

    sync_later()
    assert ledger_row(artifact.id, "audio_separate")["sha256"]
    sync_later(LATER)

    row = ledger_row(artifact.id, "audio_separate")
    assert (row["status"], row["sha256"]) == ("deleted", None)
    with open_test_storage() as storage:
        console = Console(record=True, width=200)
        print_status(console, status_of(storage), "All days")
        with storage.database.reading() as connection:
            broken = {check.name: check.violations(connection, now()).count for check in ledger_checks()}
    output = console.export_text()
    assert "1 artifacts were purged, because they were deleted at Recall.ai." in output
    assert "before they could be fetched" not in output
    assert broken["nothing_expires_unfetched"] == 0


def test_day_without_deletions_retrieves_no_single_object(sandbox: Sandbox) -> None:
    sandbox.stats.reset()

    sync_later()

    assert not [each for each in sandbox.stats.requests if str(each).count("-") > 3]
