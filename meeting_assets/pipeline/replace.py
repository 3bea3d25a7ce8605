"""Replacing: the rows of artifacts by what their raw bytes say, in one transaction with their ledger rows.

A payload that cannot be read is quarantined with the place of its fault.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from sqlalchemy import Connection, and_

from meeting_assets.artifacts.artifact import OF_RECORDING, Artifact, Rows, Source
from meeting_assets.artifacts.wire import decoded
from meeting_assets.core.errors import MeetingAssetsError, PayloadError
from meeting_assets.core.gc_tuning import paused
from meeting_assets.core.instants import now
from meeting_assets.core.logs import log_context
from meeting_assets.core.names import comparable_name
from meeting_assets.pipeline.storage import Storage
from meeting_assets.schema.columns import RecordingRow
from meeting_assets.store import ledger
from meeting_assets.store.attempts import ENDED_THE_PROCESS
from meeting_assets.store.bulk import insert_rows
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import Key, Loaded
from meeting_assets.store.worklist import LoadTask

Read = Callable[[], bytes | None]

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class LoadReport:
    """What loading one kind did, in artifacts and rows: `new` had no rows before, those of `changed` were replaced."""

    new: int = 0
    changed: int = 0
    quarantined: int = 0
    unchanged: int = 0
    missing_raw: int = 0
    rows: int = 0
    faults: list[str] = field(default_factory=list)
    parse_s: float = 0.0

    @property
    def parsed(self) -> int:
        return self.new + self.changed

    def add(self, other: LoadReport) -> None:
        """Counts in what was done elsewhere."""
        self.new += other.new
        self.changed += other.changed
        self.quarantined += other.quarantined
        self.missing_raw += other.missing_raw
        self.rows += other.rows
        self.faults += other.faults


# As a decorator: its rows are gone before the next search, which would go through all of them.
@paused()
def load_together(
    artifact: Artifact, batch: Sequence[tuple[LoadTask, Read]], storage: Storage, report: LoadReport
) -> None:
    """Makes the tables say what the bytes of some artifacts of one kind say.

    One transaction spares each of them most of its fixed cost. Where it fails, each has one of its own.

    Raises:
        StoreError: database or raw store do not answer.
    """
    found: list[_Parsed] = []
    for entry, read in batch:
        with _bug_noted(storage, entry.key, report):
            if (parsed := _parse_or_set_aside(artifact, entry, read, storage, report)) is not None:
                found.append(parsed)
    try:
        _replace(artifact, found, storage, report)
    except MeetingAssetsError:
        raise
    except Exception as error:  # noqa: BLE001 - our bug with one of them; with which, it says when it is alone
        logger.warning("%s: %d artifacts are loaded one by one (%s)", artifact.kind, len(found), type(error).__name__)
        for each in found:
            with _bug_noted(storage, each.entry.key, report):
                _replace(artifact, [each], storage, report)


@dataclass(frozen=True, slots=True)
class _Parsed:
    """What the bytes of an artifact say."""

    entry: LoadTask
    rows: Rows
    repaired_chars: int

    @property
    def row_count(self) -> int:
        return len(self.rows.by_table[-1])


def _parse_or_set_aside(
    artifact: Artifact, entry: LoadTask, read: Read, storage: Storage, report: LoadReport
) -> _Parsed | None:
    """What the bytes say that `read` gives; None, and noted in the ledger, if they are lost or cannot be read."""
    payload = read()
    if payload is None:
        _note_lost(storage, entry)
        report.missing_raw += 1
        return None
    try:
        document, repaired = decoded(payload, artifact.wire)
        return _Parsed(entry, artifact.rows(document, _source(entry, storage)), repaired)
    except PayloadError as error:
        _quarantine(artifact, entry, str(error), storage)
        report.quarantined += 1
        logger.warning(
            "%s of %s is quarantined: %s", artifact.kind, entry.key.recording_id, error, extra=log_context(*entry.key)
        )
        return None


@retry_on_conflict
def _note_lost(storage: Storage, entry: LoadTask) -> None:
    with storage.database.writing() as connection:
        ledger.note_lost(connection, entry.key, entry.sha256)


def set_aside(artifact: Artifact, entry: LoadTask, storage: Storage, report: LoadReport) -> None:
    """Quarantines an artifact without a further attempt: loading it has ended the process too often."""
    _quarantine(artifact, entry, ENDED_THE_PROCESS, storage, deaths=entry.load_attempts)
    report.quarantined += 1
    logger.warning(
        "%s of %s is quarantined: %s",
        artifact.kind,
        entry.key.recording_id,
        ENDED_THE_PROCESS,
        extra=log_context(*entry.key),
    )


def _source(entry: LoadTask, storage: Storage) -> Source:
    return Source(
        entry.key.recording_id,
        entry.key.artifact_id,
        entry.created_at,
        entry.provider,
        storage.bot_names | ({comparable_name(entry.bot_name)} if entry.bot_name else frozenset()),
    )


@retry_on_conflict
def _replace(artifact: Artifact, found: Sequence[_Parsed], storage: Storage, report: LoadReport) -> None:
    """Puts rows in the place of their artifacts' former ones, but where another run was faster."""
    if not found:
        return
    done: list[_Parsed] = []
    had_rows = 0
    with storage.database.writing() as connection:
        locked = ledger.locked(connection, artifact.kind, [each.entry.key.recording_id for each in found])
        for each in found:
            siblings = locked[each.entry.key.recording_id]
            if _is_as_seen(each.entry, siblings):
                had_rows += _delete_rows(connection, artifact, each.entry.key, siblings)
                done.append(each)
        by_table = zip(*(each.rows.by_table for each in done), strict=True)
        for table, rows in zip(artifact.tables if done else (), by_table, strict=True):
            insert_rows(connection, table, [*chain.from_iterable(rows)])
        loaded = [Loaded(each.entry.key, each.row_count, each.rows.replaced, each.repaired_chars) for each in done]
        ledger.note_parsed(connection, loaded, artifact.parser_version, at=now())
        settle(connection, artifact, [each.entry.key.recording_id for each in done])
    report.new += len(done) - had_rows
    report.changed += had_rows
    report.rows += sum(each.row_count for each in done)


@retry_on_conflict
def _quarantine(
    artifact: Artifact, entry: LoadTask, error: str, storage: Storage, *, deaths: int | None = None
) -> None:
    with storage.database.writing() as connection:
        siblings = ledger.locked(connection, artifact.kind, [entry.key.recording_id])[entry.key.recording_id]
        if not _is_as_seen(entry, siblings):
            return
        _delete_rows(connection, artifact, entry.key, siblings)
        version = artifact.parser_version
        ledger.note_quarantined(connection, entry.key, parser_version=version, error=error, at=now(), deaths=deaths)
        settle(connection, artifact, [entry.key.recording_id])


def _is_as_seen(entry: LoadTask, siblings: Sequence[Any]) -> bool:
    """Whether the ledger row, now locked, is still what was read and parsed; else its rows are not ours to write."""
    for row in siblings:
        if row["artifact_id"] == entry.key.artifact_id:
            seen = (entry.sha256, entry.parser_version, entry.status)
            return bool((row["sha256"], row["parser_version"], row["status"]) == seen)
    return False


def _delete_rows(connection: Connection, artifact: Artifact, key: Key, siblings: Sequence[Any]) -> bool:
    """Deletes the former rows, if there are any: of this artifact, or of the recording where only one counts."""
    holders = [
        Key(row["recording_id"], row["kind"], row["artifact_id"])
        for row in siblings
        if row["row_count"] is not None and (not artifact.allows_multiple or row["artifact_id"] == key.artifact_id)
    ]
    if not holders:
        return False
    for model in artifact.tables:
        connection.execute(table_of(model).delete().where(_rows_of(model, artifact, key)))
    ledger.note_without_rows(connection, holders)
    return True


def _rows_of(model: type[RecordingRow], artifact: Artifact, key: Key) -> Any:
    columns = table_of(model).c
    of_recording = columns.recording_id == key.recording_id
    if artifact.id_column is None:
        return of_recording
    return and_(of_recording, columns[artifact.id_column] == key.artifact_id)


def settle(connection: Connection, artifact: Artifact, recording_ids: Sequence[str]) -> None:
    """Brings rows of one kind in line with each other, within each recording."""
    of_each = [{OF_RECORDING: recording_id} for recording_id in dict.fromkeys(recording_ids)]
    for statement in artifact.post_load if of_each else ():
        connection.execute(statement, of_each)


@contextmanager
def _bug_noted(storage: Storage, key: Key, report: LoadReport) -> Iterator[None]:
    """Notes what can only be our bug: the others go on, and the step fails at its end."""
    try:
        yield
    except MeetingAssetsError:
        raise
    except Exception as error:  # noqa: BLE001 - that is what is noted
        _note_bug(storage, key, error, report)


def _note_bug(storage: Storage, key: Key, error: Exception, report: LoadReport) -> None:
    # The text of a foreign error may quote what was said in the meeting; its kind does not.
    text = f"unexpected {type(error).__name__} while loading it; this is a fault of meeting_assets, please report it"
    _write_bug(storage, key, text)
    report.faults.append(f"{key.kind} of {key.recording_id}: {text}")
    logger.error("%s of %s: %s", key.kind, key.recording_id, text, extra=log_context(*key))


@retry_on_conflict
def _write_bug(storage: Storage, key: Key, text: str) -> None:
    with storage.database.writing() as connection:
        ledger.note_bug(connection, key, text)
