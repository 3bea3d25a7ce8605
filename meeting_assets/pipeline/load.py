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

# The fixed cost of a transaction is that of a thousand words, of 200 kB. 8 MB at once take more memory, and no less time.
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
        for batch in batches(artifact, crew, warehouse.raw):
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


def batches(artifact: Artifact, crew: Crew, raw: RawStore) -> Iterator[list[tuple[Entry, Read]]]:
    """What this process loads at a time; the next is read and decompressed while one is parsed and inserted."""
    held: Entry | None = None
    reader = ThreadPoolExecutor(1, "reader")

    def begun(entry: Entry | None) -> list[tuple[Entry, Read]]:
        nonlocal held
        batch: list[tuple[Entry, Read]] = []
        recordings: set[str] = set()
        size_bytes, held = 0, None
        while entry is not None:
            size_bytes += entry.size_bytes or 0
            is_full = len(batch) == MOST_AT_ONCE or size_bytes > BYTES_AT_ONCE
            # Where one artifact of a recording counts, the rows of a former one go before those of the next come.
            has_former = entry.key.recording_id in recordings and not artifact.is_many
            if batch and (is_full or has_former):
                held = entry
                break
            reading = reader.submit(raw.read, entry.raw_key, entry.sha256, entry.size_bytes)
            batch.append((entry, reading.result))
            recordings.add(entry.key.recording_id)
            entry = crew.following()
        return batch

    try:
        current = begun(crew.next())
        while current:
            following = begun(held or crew.following())
            yield current
            current = following or begun(crew.next())
    finally:
        # After an error nobody waits for what was to be read.
        reader.shutdown(cancel_futures=True)
