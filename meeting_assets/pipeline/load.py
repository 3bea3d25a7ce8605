"""Loading: raw bytes of one kind become rows, some artifacts at a time, those of a large day in several processes."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from time import monotonic

from meeting_assets.artifacts.artifact import Artifact
from meeting_assets.pipeline.crew import Crew, worthwhile_size
from meeting_assets.pipeline.replace import LoadReport, Read, load_together
from meeting_assets.pipeline.warehouse import Warehouse
from meeting_assets.store import worklist
from meeting_assets.store.raw import RawStore
from meeting_assets.store.worklist import Entry

__all__ = ["LoadReport", "load_days"]

# A transaction's fixed cost is that of a thousand words. Twice as much at once takes more memory, and hardly less time.
BYTES_AT_ONCE, MOST_AT_ONCE = 4_000_000, 100

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
        for batch in _batches(crew, warehouse.raw):
            load_together(artifact, batch, warehouse, report)
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


def _batches(crew: Crew, raw: RawStore) -> Iterator[list[tuple[Entry, Read]]]:
    """What this process loads at a time; the next is read and decompressed while one is parsed and inserted."""
    held: Entry | None = None
    with ThreadPoolExecutor(1, "reader") as reader:

        def begun(entry: Entry | None) -> list[tuple[Entry, Read]]:
            nonlocal held
            batch: dict[str, tuple[Entry, Read]] = {}
            size_bytes, held = 0, None
            while entry is not None:
                size_bytes += entry.size_bytes or 0
                is_full = len(batch) == MOST_AT_ONCE or size_bytes > BYTES_AT_ONCE
                # Which rows of a recording count depends on the one before.
                if batch and (is_full or entry.key.recording_id in batch):
                    held = entry
                    break
                reading = reader.submit(raw.read, entry.raw_key, entry.sha256, entry.size_bytes)
                batch[entry.key.recording_id] = entry, reading.result
                entry = crew.following()
            return [*batch.values()]

        current = begun(crew.next())
        while current:
            following = begun(held or crew.following())
            yield current
            current = following or begun(crew.next())
