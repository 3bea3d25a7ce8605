"""Loading: raw bytes of one kind become rows, in batches of artifacts that share a transaction.

An artifact takes this path: the ledger lists it as due, its raw bytes are read, decoded and parsed, and one
transaction replaces its rows and updates its ledger row.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import date
from functools import partial
from itertools import chain
from time import monotonic

from meeting_assets.artifacts.artifact import Artifact
from meeting_assets.core.errors import StoreError
from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.core.progress import Stage, report_progress
from meeting_assets.pipeline.media.expected import expect_files
from meeting_assets.pipeline.replace import Batch, Loader, LoadReport
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store import attempts, worklist
from meeting_assets.store.attempts import ENDED_THE_PROCESS
from meeting_assets.store.tasks import LoadTask

logger = logging.getLogger(__name__)

# perf: a transaction costs as much as 200 kB of payload; batches above 4 MB are no faster (benchmarks load)
MAX_BATCH_BYTES, MAX_BATCH_ARTIFACTS = 4_000_000, 100


def load_days(artifact: Artifact, days: Collection[date], storage: Storage) -> LoadReport:
    """Brings the tables of one kind up to date with the raw store for some days.

    Raises:
        StoreError: database or raw store do not answer; artifacts loaded before stay loaded.
    """
    started = monotonic()
    loader = Loader(artifact, storage)
    report = loader.report
    due, stored_count = storage.database.read(
        lambda connection: (
            worklist.to_load(connection, days, artifact.kind, artifact.parser_version),
            worklist.stored_count(connection, days, artifact.kind),
        )
    )
    report.unchanged = stored_count - len(due)
    tasks = _without_crashing(loader, due, storage)
    done = 0
    report_progress(Stage.LOAD, done, len(due), artifact.kind)
    with closing(_read_ahead(batches(artifact, tasks), storage)) as reads:
        for batch in reads:
            loader.load(batch)
            done += len(batch)
            report_progress(Stage.LOAD, done, len(due), artifact.kind)
    if artifact.kind in storage.media_kinds:
        expect_files(storage, [MediaKind(artifact.kind)], days)
    report.parse_s = round(monotonic() - started, 3)
    logger.info(
        "%s: %d parsed (%d rows), %d quarantined, %d unchanged",
        artifact.kind,
        report.parsed,
        report.rows,
        report.quarantined,
        report.unchanged,
    )
    return report


def batches(artifact: Artifact, tasks: Sequence[LoadTask]) -> Iterator[list[LoadTask]]:
    """Groups artifacts into transactions.

    Artifacts with interrupted attempts come last, each alone: if the process ends again, the cause is certain.
    """
    batch: list[LoadTask] = []
    recording_ids: set[str] = set()
    size_bytes = 0
    for task in sorted(tasks, key=lambda each: each.load_attempts or 0):
        size_bytes += task.size_bytes or 0
        # A transaction deletes former rows before it inserts: it cannot replace rows that it has inserted itself.
        has_sibling = task.key.recording_id in recording_ids and not artifact.allows_multiple
        is_full = size_bytes > MAX_BATCH_BYTES or len(batch) == MAX_BATCH_ARTIFACTS
        if batch and (is_full or has_sibling or task.load_attempts):
            yield batch
            batch, recording_ids, size_bytes = [], set(), task.size_bytes or 0
        batch.append(task)
        recording_ids.add(task.key.recording_id)
    if batch:
        yield batch


def _read_ahead(batched: Iterable[list[LoadTask]], storage: Storage) -> Generator[Batch]:
    """Yields batches with their raw bytes; the next batch is read while the current one is loaded.

    An artifact with interrupted attempts is read when nothing else is in memory. Each attempt is marked in the ledger
    before it begins. An attempt that is stopped by another failure does not count.
    """
    reader = ThreadPoolExecutor(1, "raw reader")
    marked: list[LoadTask] = []
    begun: deque[Batch] = deque()
    try:
        for tasks in chain(batched, [[]]):  # the empty batch at the end drains the queue
            read_ahead = 1 if tasks and not tasks[0].load_attempts else 0
            while len(begun) > read_ahead:
                yield begun[0]
                del marked[: len(begun.popleft())]
            marked += tasks
            if tasks:
                storage.database.write(partial(attempts.begin_loads, tasks=tasks))
            begun.append(
                [
                    (task, reader.submit(storage.raw.read, task.raw_key, task.sha256, task.size_bytes).result)
                    for task in tasks
                ]
            )
    finally:
        reader.shutdown(cancel_futures=True)
        if marked:
            with suppress(StoreError):  # if the database is down, these attempts then count as interrupted
                storage.database.write(lambda connection: attempts.cancel_loads(connection, marked))


def _without_crashing(loader: Loader, tasks: Sequence[LoadTask], storage: Storage) -> list[LoadTask]:
    """Quarantines artifacts whose loading ended the process too often, and returns the others.

    Artifacts that another parser version has quarantined start again without attempts.
    """
    for task in tasks:
        if task.is_exhausted:
            loader.quarantine(task, ENDED_THE_PROCESS, interrupted=task.load_attempts)
    released = {task.key: task.reset() for task in tasks if task.load_attempts and task.is_quarantined}
    if released:
        storage.database.write(lambda connection: attempts.reset_loads(connection, released.values()))
    return [released.get(task.key, task) for task in tasks if not task.is_exhausted]
