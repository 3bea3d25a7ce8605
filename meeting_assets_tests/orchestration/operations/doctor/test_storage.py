"""`doctor` examines the database, the ledger and the raw store, and removes its probes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import inspect

from meeting_assets.health.diagnostics.report import Severity
from meeting_assets.sandbox import Fault, Sandbox
from meeting_assets.schema.persistent import Meta
from meeting_assets.store.database import Database, table_of
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.diagnoses import DAY, HUSH, findings, only_finding
from meeting_assets_tests.support.environments import open_test_storage, sync_days, use_sandbox
from meeting_assets_tests.support.snapshots import sync_once

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")


def test_differences_of_ledger_and_raw_store_are_named(database_url: str, sandbox: Sandbox, home: Path) -> None:
    sync_once("doctor", [DAY])
    lost, half_written, older, *_ = sorted((home / "raw" / str(DAY)).rglob("*.zst"))
    stranger = older.parent.parent.parent / "transcript" / str(uuid4()) / older.name
    stranger.parent.mkdir(parents=True)
    shutil.copy(older, stranger)
    shutil.copy(older, older.with_name("0" * 64 + ".zst"))
    shutil.copy(half_written, half_written.with_name(half_written.name + "#1"))
    lost.unlink()
    for path in (stranger, half_written.with_name(half_written.name + "#1")):
        os.utime(path, (0, 0))

    found = [f"{each.severity} {each.sentence}" for each in findings("raw objects")]

    assert [each.split()[0] for each in found] == ["error", "warning", "warning", "ok"]
    assert str(lost.relative_to(home / "raw")) in found[0]
    assert str(stranger.relative_to(home / "raw")) in found[1]
    assert f"{half_written.name}#1" in found[2]
    assert "(1 of them are earlier contents) of 1 day were compared" in found[3]


def test_objects_of_a_write_in_progress_are_not_reported_as_unknown(
    database_url: str, sandbox: Sandbox, home: Path
) -> None:
    sync_once("doctor", [DAY])
    kept = next((home / "raw" / str(DAY)).rglob("*.zst"))
    shutil.copytree(kept.parent, kept.parent.with_name(str(uuid4())))
    shutil.copy(kept, kept.with_name(kept.name + "#1"))

    assert only_finding("raw objects").severity is Severity.OK


def test_doctor_removes_its_probes(database_url: str, sandbox: Sandbox, home: Path) -> None:
    assert only_finding("database").severity is Severity.OK
    assert only_finding("raw store").severity is Severity.OK

    database = Database.at(database_url)
    with database.reading() as connection:
        assert inspect(connection).get_table_names() == []
    database.close()
    assert [*(home / "raw").iterdir()] == []


def test_doctor_removes_its_probes_from_a_used_database(database_url: str, sandbox: Sandbox) -> None:
    def meta() -> dict[str, str]:
        with open_test_storage() as storage, storage.database.reading() as connection:
            return dict(connection.execute(table_of(Meta).select()).all())

    before = meta()

    assert only_finding("database").severity is Severity.OK

    assert meta() == before


@pytest.mark.parametrize("url", ["file:///sys", "/dev/null/raw"])
def test_a_raw_store_that_cannot_be_written_is_found(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_RAW_URL", url)

    found = only_finding("raw store")

    assert found.severity is Severity.ERROR
    assert "check MEETING_ASSETS_RAW_URL" in found.sentence


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        (f"postgresql://me:{HUSH}@127.0.0.1:1/meetings", "does not answer"),
        ("sqlite:////dev/null/meetings.db", "folder cannot be created"),
        ("sqlite:////proc", "cannot be opened"),
    ],
)
def test_a_database_that_is_down_is_found(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, url: str, cause: str
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", url)

    found = only_finding("database")

    assert found.severity is Severity.ERROR
    assert cause in found.sentence
    assert "heck MEETING_ASSETS_DATABASE_URL" in found.sentence
    assert HUSH not in found.sentence


def test_the_meetings_of_another_region_are_found(
    database_url: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECALL_BASE_URL", "https://us-west-2.recall.ai")
    with open_test_storage():
        pass
    use_sandbox(sandbox, monkeypatch)

    for subject in ("database", "raw store"):
        found = only_finding(subject)
        assert found.severity is Severity.ERROR
        assert "It contains meetings from https://us-west-2.recall.ai" in found.sentence
        assert "RECALL_REGION" in found.sentence
    assert command("doctor").returncode == 6


def test_sandbox_meetings_in_a_real_home_are_reported(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_test_storage():
        pass
    monkeypatch.setenv("RECALL_BASE_URL", "https://127.0.0.2:1")

    found = only_finding("database")

    assert found.severity is Severity.ERROR
    assert "They come from a sandbox. Choose another MEETING_ASSETS_HOME for real meetings." in found.sentence


def test_a_database_of_a_newer_version_is_found(sandbox: Sandbox) -> None:
    with open_test_storage() as storage, storage.database.writing() as connection:
        meta = table_of(Meta)
        connection.execute(meta.update().where(meta.c.name == "schema_version").values(value="99"))

    found = only_finding("database")

    assert found.severity is Severity.ERROR
    assert "upgrade meeting_assets" in found.sentence


def test_tables_that_are_missing_are_named(database_url: str, sandbox: Sandbox) -> None:
    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.exec_driver_sql("DROP TABLE transcript_words")

    fine, missing = findings("database")

    assert fine.severity is Severity.OK
    assert missing.severity is Severity.WARNING
    assert "transcript_words" in missing.sentence


def test_action_items_are_counted(sandbox: Sandbox) -> None:
    first, second = sandbox.world.recordings
    sandbox.set_payload(first.of("transcript")[0].id, "transcript", b"[7]")
    sandbox.inject(Fault(f"speaker_timeline:{second.of('participant_events')[0].id}", times=None, expired=True))
    sync_days([DAY])

    found = only_finding("ledger")

    assert found.severity is Severity.WARNING
    assert (
        "2 artifacts need a person's action, 1 artifacts are not fetched or not parsed. Run `meeting-assets status`"
        in found.sentence
    )


def test_a_raw_store_that_is_broken_does_not_hide_the_ledger(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    sync_once("doctor", [DAY])
    monkeypatch.setenv("MEETING_ASSETS_RAW_URL", "/dev/null/raw")

    assert only_finding("ledger").severity is Severity.OK
    assert only_finding("raw store").severity is Severity.ERROR
