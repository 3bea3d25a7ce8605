"""Several processes load what one would, and none of them can do harm by ending."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import psutil
import pytest
from sqlalchemy import select

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.errors import StoreError
from meeting_assets.core.processes import ProcessIdentity
from meeting_assets.pipeline.crew import WORTH_BYTES, Crew, worthwhile_size
from meeting_assets.pipeline.load import load_days
from meeting_assets.pipeline.replace import LoadReport, load_together
from meeting_assets.pipeline.run_heartbeat import RunHeartbeat
from meeting_assets.pipeline.storage import Storage
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets.store import heartbeats, table_state, worklist
from meeting_assets.store.ledger import LEDGER, RECORDINGS
from meeting_assets.store.raw import RawStore
from meeting_assets.store.tasks import LoadTask
from meeting_assets_tests.support.environments import VOLATILE, contents, open_test_storage, sync_days, use
from meeting_assets_tests.support.ui import until

DAY = date(2026, 3, 2)
COUNT = 4
TRANSCRIPT = ARTIFACTS["transcript"]
START_S = 60
SOON_S = 0.02
NEVER_S = 3600.0


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=COUNT, words=30)) as running:
        use(running, monkeypatch)
        yield running


def to_load(storage: Storage, *kinds: str) -> list[LoadTask]:
    """All transcripts of the day, to be loaded once more, and perhaps other kinds."""
    with storage.database.writing() as connection:
        recordings = connection.scalars(select(RECORDINGS.c.recording_id)).all()
        table_state.mark_outdated(connection, recordings, [TRANSCRIPT.kind, *kinds])
    with storage.database.reading() as connection:
        return worklist.to_load(connection, [DAY], TRANSCRIPT.kind, TRANSCRIPT.parser_version)


def load_rest(crew: Crew, storage: Storage) -> LoadReport:
    """What this process does of the crew's work."""
    report = LoadReport()
    while batch := crew.next():
        reads = [partial(storage.raw.read, each.raw_key, each.sha256, each.size_bytes) for each in batch]
        load_together(TRANSCRIPT, [*zip(batch, reads, strict=True)], storage, report)
    return report


def members(of: psutil.Process | None = None) -> list[psutil.Process]:
    """The helping processes of a process, or of this one, that live."""
    found = []
    for each in (of or psutil.Process()).children():
        with suppress(psutil.NoSuchProcess):  # which a zombie is, too
            found += [each] if any("crew" in part for part in each.cmdline()) else []
    return found


@contextmanager
def nobody_writes(storage: Storage) -> Iterator[None]:
    """Every other writer waits at the ledger meanwhile."""
    with storage.database.writing() as connection:
        connection.execute(LEDGER.select().with_for_update()).all()
        yield


def test_helpers_leave_what_one_process_does(sandbox: Sandbox) -> None:
    sync_days([DAY])
    expected = contents(without=VOLATILE)

    with open_test_storage() as storage, Crew(TRANSCRIPT, storage, to_load(storage), helpers=2) as crew:
        until(lambda: crew.finished().parsed == COUNT, "all rows", within_s=START_S, every_s=SOON_S)
        left = crew.next()

    assert left == []
    assert crew.finished() == LoadReport(changed=COUNT, rows=30 * COUNT)
    assert contents(without=VOLATILE) == expected
    assert members() == []


@pytest.mark.deployment
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_several_processes_count_every_artifact_once(sandbox: Sandbox) -> None:
    sync_days([DAY])
    expected = contents(without=VOLATILE)

    with open_test_storage() as storage:
        to_load(storage, *ARTIFACTS)
        reports = [load_days(artifact, [DAY], storage, processes=2) for artifact in ARTIFACTS.values()]

    assert [report.changed for report in reports] == [COUNT] * len(ARTIFACTS)
    assert contents(without=VOLATILE) == expected


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_helper_quarantines_what_cannot_be_read(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    victim = sandbox.world.recordings[1].of("transcript")[0]
    sandbox.set_payload(victim.id, "transcript", b'[{"words": 1}]')
    sync_days([DAY])
    expected = contents(without=VOLATILE)
    caplog.clear()

    with open_test_storage() as storage, Crew(TRANSCRIPT, storage, to_load(storage), helpers=1) as crew:
        until(lambda: crew.finished().quarantined, "the fault", within_s=START_S, every_s=SOON_S)
        report = load_rest(crew, storage)

    assert report.parsed + crew.finished().parsed == COUNT - 1
    assert [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING] == [
        f"transcript of {victim.recording_id} is quarantined: [0].words: expected array, got int"
    ]
    assert contents(without=VOLATILE) == expected


def test_what_a_dead_helper_had_in_hand_is_done_without_it(sandbox: Sandbox) -> None:
    sync_days([DAY])
    expected = contents(without=VOLATILE)

    with open_test_storage() as storage, Crew(TRANSCRIPT, storage, to_load(storage), helpers=1) as crew:
        with nobody_writes(storage):
            until(lambda: crew.in_hand, "an artifact in its hand", within_s=START_S, every_s=SOON_S)
            members()[0].kill()
            until(lambda: not crew.in_hand, "its end", within_s=START_S, every_s=SOON_S)
        report = load_rest(crew, storage)

    assert report.changed == COUNT
    assert crew.finished() == LoadReport()
    assert contents(without=VOLATILE) == expected


@pytest.mark.deployment
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_helpers_do_not_outlive_a_process_that_is_killed(sandbox: Sandbox) -> None:
    sync_days([DAY])
    code = (
        f"from {__name__} import *\nwith warehouse() as place:\n    load_days(TRANSCRIPT, [DAY], place, processes=2)\n"
    )

    with open_test_storage() as storage:
        to_load(storage)
        with nobody_writes(storage):
            leader = psutil.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
            helpers = until(lambda: members(leader), "a helper", within_s=START_S, every_s=SOON_S)
            leader.send_signal(signal.SIGKILL)
            leader.wait()

    gone, alive = psutil.wait_procs(helpers, timeout=START_S)
    assert (len(gone), alive) == (1, [])


@pytest.mark.deployment
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_helpers_do_not_outlive_an_interrupted_load(sandbox: Sandbox) -> None:
    sync_days([DAY])

    with pytest.raises(KeyboardInterrupt):
        _load_interrupted()

    assert members() == []


def _load_interrupted() -> None:
    with open_test_storage() as storage, Crew(TRANSCRIPT, storage, to_load(storage), helpers=2):
        assert len(members()) == 2
        raise KeyboardInterrupt


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_store_that_a_helper_cannot_use_stops_the_load(sandbox: Sandbox, tmp_path: Path) -> None:
    sync_days([DAY])
    raw = RawStore.at(str(tmp_path / "elsewhere"))
    (tmp_path / "elsewhere").rmdir()
    (tmp_path / "elsewhere").touch()

    with (
        open_test_storage() as storage,
        Crew(TRANSCRIPT, replace(storage, raw=raw), to_load(storage), helpers=1) as crew,
    ):
        until(lambda: crew.error, "its end", within_s=START_S, every_s=SOON_S)

        with pytest.raises(StoreError, match="MEETING_ASSETS_RAW_URL"):
            crew.next()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_processes_are_as_many_as_the_work_is_worth(sandbox: Sandbox) -> None:
    sync_days([DAY])
    with open_test_storage() as storage:
        small = to_load(storage)
        large = [entry._replace(size_bytes=WORTH_BYTES) for entry in small]

        assert worthwhile_size(TRANSCRIPT, [], storage) == 1
        assert worthwhile_size(TRANSCRIPT, small, storage) == 1
        assert worthwhile_size(TRANSCRIPT, large[:1], storage) == 1
        assert worthwhile_size(TRANSCRIPT, large, storage) == min(4, len(psutil.Process().cpu_affinity()))
        assert worthwhile_size(replace(TRANSCRIPT, parser_version="2"), large, storage) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_one_process_is_enough_for_one_writer(sandbox: Sandbox) -> None:
    sync_days([DAY])

    with open_test_storage() as storage:
        large = [entry._replace(size_bytes=WORTH_BYTES) for entry in to_load(storage)]
        assert worthwhile_size(TRANSCRIPT, large, storage) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_worker_of_a_pool_has_no_helpers(sandbox: Sandbox) -> None:
    sync_days([DAY])

    worker = get_context("spawn").Process(target=_end_with_size_of_crew, daemon=True)
    worker.start()
    worker.join(START_S)

    assert worker.exitcode == 1


def _end_with_size_of_crew() -> None:
    with open_test_storage() as storage:
        large = [entry._replace(size_bytes=WORTH_BYTES) for entry in to_load(storage)]
        sys.exit(worthwhile_size(TRANSCRIPT, large, storage))


def test_a_worker_of_a_run_declared_orphaned_stores_nothing(sandbox: Sandbox) -> None:
    sync_days([DAY])
    with open_test_storage() as storage:
        entries = to_load(storage)
        elsewhere = replace(ProcessIdentity.current(), boot_id="another boot")
        heartbeat = RunHeartbeat("a run", lambda: storage.database, elsewhere, interval_s=NEVER_S, certain_s=NEVER_S)
        heartbeat.start(storage.database)
        storage.database.before_commit = heartbeat.before_commit
        with storage.database.writing() as connection:
            (found,) = heartbeats.heartbeats(connection, ["a run"])
            assert heartbeats.declare_failed(connection, found)

        with Crew(TRANSCRIPT, storage, entries, helpers=1) as crew:
            until(lambda: crew.error or crew.finished().parsed, "an outcome", within_s=START_S, every_s=SOON_S)
        heartbeat.stop()

        with storage.database.reading() as connection:
            left = worklist.to_load(connection, [DAY], TRANSCRIPT.kind, TRANSCRIPT.parser_version)
    assert "declared orphaned" in str(crew.error)
    assert len(left) == COUNT
