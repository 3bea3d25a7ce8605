"""Loading: raw bytes of one kind become rows, artifact by artifact, those of a large day in several processes."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from time import monotonic

from meeting_assets.artifacts.artifact import Artifact
from meeting_assets.pipeline.crew import Crew, worthwhile_size
from meeting_assets.pipeline.replace import LoadReport, load_one
from meeting_assets.pipeline.warehouse import Warehouse
from meeting_assets.store import worklist
from meeting_assets.store.raw import RawStore
from meeting_assets.store.worklist import Entry

__all__ = ["LoadReport", "load_days"]

logger = logging.getLogger(__name__)


def load_days(
    artifact: Artifact, days: Collection[date], warehouse: Warehouse, *, processes: int | None = None
) -> LoadReport:
    """Makes the tables of one kind say what the raw store holds for some days.

    By default as many processes take part as the work is worth and the machine has room for.

    Raises:
        StoreError: database or raw store do not answer; what was loaded before stays loaded.
    """
    started = monotonic()
    report = LoadReport()
    with warehouse.database.reading() as connection:
        entries = worklist.to_load(connection, days, artifact.kind, artifact.parser_version)
        report.unchanged = worklist.count_home(connection, days, artifact.kind) - len(entries)
    size = worthwhile_size(artifact, entries, warehouse) if processes is None else processes
    with Crew(artifact, warehouse, entries, helpers=size - 1) as crew:
        for entry, reading in _read_ahead(crew, warehouse.raw):
            load_one(artifact, entry, reading.result, warehouse, report)
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


def _read_ahead(crew: Crew, raw: RawStore) -> Iterator[tuple[Entry, Future[bytes | None]]]:
    """The artifacts of this process with their bytes, which are read while the one before is parsed and inserted."""
    with ThreadPoolExecutor(1, "reader") as reader:

        def begun(entry: Entry | None) -> tuple[Entry, Future[bytes | None]] | None:
            return entry and (entry, reader.submit(raw.read, entry.raw_key, entry.sha256, entry.size_bytes))

        current = begun(crew.next())
        while current:
            following = begun(crew.following())
            yield current
            current = following or begun(crew.next())
