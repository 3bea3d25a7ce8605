"""Loading: raw bytes of one kind become rows, some artifacts at a time, those of a large day in several processes."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from time import monotonic

from meeting_assets.artifacts.artifact import Artifact
from meeting_assets.pipeline.crew import Crew, worthwhile_size
from meeting_assets.pipeline.replace import LoadReport, Read, load_together, set_aside
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store import attempts, worklist
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.raw import RawStore
from meeting_assets.store.states import FETCHED, PENDING
from meeting_assets.store.tasks import LoadTask

__all__ = ["LoadReport", "load_days"]

logger = logging.getLogger(__name__)


def load_days(
    artifact: Artifact, days: Collection[date], storage: Storage, *, processes: int | None = None
) -> LoadReport:
    """Makes the tables of one kind say what the raw store holds for some days.

    By default as many processes take part as the work is worth and the machine has room for.

    Raises:
        StoreError: database or raw store do not answer; what was loaded before stays loaded.
    """
    started = monotonic()
    report = LoadReport()
    entries, home_count = storage.database.read(
        lambda connection: (
            worklist.to_load(connection, days, artifact.kind, artifact.parser_version),
            worklist.stored_count(connection, days, artifact.kind),
        )
    )
    report.unchanged = home_count - len(entries)
    entries = _without_deadly(artifact, entries, storage, report)
    size = worthwhile_size(artifact, entries, storage) if processes is None else processes
    with Crew(artifact, storage, entries, helpers=size - 1) as crew:
        for batch in _read_ahead(crew, storage.raw):
            load_together(artifact, batch, storage, report)
            crew.note_ended([entry for entry, _ in batch])
        report.add(crew.finished())
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


def _without_deadly(
    artifact: Artifact, entries: Sequence[LoadTask], storage: Storage, report: LoadReport
) -> list[LoadTask]:
    """What may be loaded; what ended the process too often is quarantined until its bytes or the parser change."""
    for entry in entries:
        if entry.is_deadly:
            set_aside(artifact, entry, storage, report)
    released = {each.key: _released(each) for each in entries if each.load_attempts and each.is_quarantined}
    if released:
        _release(storage, released.values())
    return [released.get(entry.key, entry) for entry in entries if not entry.is_deadly]


@retry_on_conflict
def _release(storage: Storage, entries: Collection[LoadTask]) -> None:
    with storage.database.writing() as connection:
        attempts.release(connection, entries)


def _released(entry: LoadTask) -> LoadTask:
    """The entry as it is after `attempts.release`."""
    status = PENDING if entry.status == PENDING else FETCHED
    return entry._replace(status=status, parser_version=None, load_attempts=None, is_quarantined=False)


def _read_ahead(crew: Crew, raw: RawStore) -> Iterator[list[tuple[LoadTask, Read]]]:
    """What this process loads at a time; the next is read and decompressed while one is parsed and inserted."""
    reader = ThreadPoolExecutor(1, "reader")

    def begun(entries: list[LoadTask]) -> list[tuple[LoadTask, Read]]:
        return [(each, reader.submit(raw.read, each.raw_key, each.sha256, each.size_bytes).result) for each in entries]

    try:
        current = begun(crew.next())
        while current:
            following = begun(crew.following())
            yield current
            current = following or begun(crew.next())
    finally:
        # After an error nobody waits for what was to be read.
        reader.shutdown(cancel_futures=True)
