"""Nothing is deleted for good because of one answer of the API: list and retrieve agree, at two different times."""

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
from meeting_assets_tests.support.environments import (
    age_missing_marks,
    contents,
    ledger_row,
    open_test_storage,
    sync_days,
    use,
)

DAY = date(2026, 3, 2)
LATER = timedelta(hours=2)


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=2, words=20), limits=False) as running:
        use(running, monkeypatch)
        sync_days([DAY])
        yield running


@pytest.fixture
def recording(sandbox: Sandbox) -> Recording:
    return sandbox.world.recordings[0]


@pytest.fixture
def purging(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_ON_DELETION", "purge")


def look(after: timedelta = timedelta(0), recording_ids: Sequence[str] = ()) -> None:
    """A run some time after the former looks."""
    age_missing_marks(after)
    sync_days([DAY], recording_ids=recording_ids)


def is_stored(recording: Recording) -> bool:
    with open_test_storage() as storage:
        return stored_recording(storage, recording.id).artifacts > 0 and bool(storage.raw.kept(DAY, recording.id))


def api_status_of(recording: Recording) -> str:
    with open_test_storage() as storage, storage.database.reading() as connection:
        columns = RECORDINGS.c
        query = RECORDINGS.select().where(columns.recording_id == recording.id)
        row = connection.execute(query).mappings().one()
    assert (row["deleted_at"] is None) == (row["missing_since"] is None)
    return str(row["status"])


def restore(sandbox: Sandbox, recording: Recording) -> None:
    """The API shows a recording again that it had deleted."""
    recording.status = Status("done", now())
    for artifact in recording.artifacts:
        artifact.status = Status("done", now())


@pytest.mark.usefixtures("purging")
@pytest.mark.parametrize("times", [1, None], ids=["once", "always"])
def test_a_wrong_404_purges_nothing_while_the_list_shows_the_recording(
    sandbox: Sandbox, recording: Recording, times: int | None
) -> None:
    before = contents()
    sandbox.inject(Fault(f"/recording/{recording.id}", status=404, body="{}", times=times))

    look(recording_ids=[recording.id])
    look(LATER, recording_ids=[recording.id])

    assert contents() == before


@pytest.mark.usefixtures("purging")
@pytest.mark.parametrize("is_named", [False, True], ids=["day", "named"])
@pytest.mark.parametrize("answers_404", [False, True], ids=["status deleted", "404"])
def test_a_deleted_recording_is_purged_by_the_second_look_an_hour_later(
    sandbox: Sandbox, recording: Recording, is_named: bool, answers_404: bool
) -> None:
    sandbox.habits.deleted_answers_404 = answers_404
    sandbox.delete(recording.id)
    named = [recording.id] if is_named else []

    look(recording_ids=named)
    look(timedelta(minutes=59), recording_ids=named)

    assert is_stored(recording)
    with open_test_storage() as storage, storage.database.reading() as connection:
        assert absence.unconfirmed(connection) == {(DAY, recording.id)}
    look(LATER, recording_ids=named)
    assert not is_stored(recording)


@pytest.mark.usefixtures("purging")
def test_looks_that_disagree_start_anew(sandbox: Sandbox, recording: Recording) -> None:
    sandbox.delete(recording.id)
    look()
    restore(sandbox, recording)
    look(LATER)
    sandbox.delete(recording.id)

    look(2 * LATER)

    assert is_stored(recording)
    look(3 * LATER)
    assert not is_stored(recording)


@pytest.mark.parametrize("answers_404", [False, True], ids=["status deleted", "404"])
def test_a_mark_is_taken_back_when_the_api_shows_the_recording_again(
    sandbox: Sandbox, recording: Recording, answers_404: bool
) -> None:
    sandbox.habits.deleted_answers_404 = answers_404
    sandbox.delete(recording.id)
    look()
    assert api_status_of(recording) == "deleted"

    restore(sandbox, recording)
    look()

    assert api_status_of(recording) == "done"
    assert {row[3] for row in contents()["artifacts"] if recording.id in row} == {"parsed"}


@pytest.mark.usefixtures("purging")
@pytest.mark.parametrize("is_named", [False, True], ids=["day", "named"])
def test_a_wrong_404_of_an_artifact_purges_nothing_while_its_list_shows_it(
    sandbox: Sandbox, recording: Recording, is_named: bool
) -> None:
    """Made long after its day, it is not in the lists of the day."""
    late = sandbox.add_transcript(recording.id, recording.created_at + timedelta(days=9))
    sync_days([DAY], recording_ids=[recording.id])
    before = contents()["transcript_words"]
    sandbox.inject(Fault(f"/transcript/{late}", status=404, body="{}", times=None))

    for hours in (0, 2):
        look(timedelta(hours=hours), recording_ids=[recording.id] if is_named else [])

    assert contents()["transcript_words"] == before
    assert ledger_row(late, "transcript")["api_status"] == "done"


@pytest.mark.usefixtures("purging")
@pytest.mark.parametrize("answers_404", [False, True], ids=["status deleted", "404"])
def test_a_deleted_artifact_is_purged_by_the_second_look_and_not_called_lost(
    sandbox: Sandbox, recording: Recording, answers_404: bool
) -> None:
    sandbox.habits.deleted_answers_404 = answers_404
    (artifact,) = recording.of("audio_separate")
    sandbox.delete_artifact(artifact.id)

    look()
    assert ledger_row(artifact.id, "audio_separate")["sha256"]
    look(LATER)

    row = ledger_row(artifact.id, "audio_separate")
    assert (row["status"], row["sha256"]) == ("deleted", None)
    with open_test_storage() as storage:
        console = Console(record=True, width=200)
        print_status(console, status_of(storage), "All days")
        with storage.database.reading() as connection:
            broken = {claim.name: claim.violations(connection, now()).count for claim in ledger_checks()}
    sentences = console.export_text()
    assert "1 artifacts were deleted at Recall.ai and purged here" in sentences
    assert "before they could be fetched" not in sentences
    assert broken["nothing_expires_unfetched"] == 0


def test_a_day_without_deletions_asks_for_no_object_again(sandbox: Sandbox) -> None:
    sandbox.stats.reset()

    look()

    assert not [each for each in sandbox.stats.requests if str(each).count("-") > 3]
