"""Replacing: one transaction exchanges the rows of some artifacts for those parsed from their raw bytes.

The same transaction updates the ledger rows. A payload that cannot be read is quarantined with the place of its fault.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain

from sqlalchemy import ColumnElement, Connection, and_

from meeting_assets.artifacts.artifact import OF_RECORDING, Artifact, Rows, Source
from meeting_assets.artifacts.wire import decoded
from meeting_assets.core.errors import MeetingAssetsError, PayloadError, bug_message
from meeting_assets.core.gc_tuning import paused
from meeting_assets.core.instants import now
from meeting_assets.core.logs import log_context
from meeting_assets.pipeline.storage import Storage
from meeting_assets.schema.columns import RecordingRow
from meeting_assets.store import ledger, ledger_raw, ledger_tables
from meeting_assets.store.bulk import insert_rows
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import ArtifactKey
from meeting_assets.store.ledger_states import LedgerRow
from meeting_assets.store.ledger_tables import Loaded
from meeting_assets.store.tasks import LoadTask

Batch = list[tuple[LoadTask, Callable[[], bytes | None]]]
"""Artifacts that share a transaction; each with a function that returns its raw bytes, or None if they are lost."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class LoadReport:
    """Counts of artifacts and rows of one load: `new` artifacts had no rows before, `changed` ones had."""

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


@dataclass(frozen=True, slots=True)
class _Parsed:
    """The rows of one artifact."""

    task: LoadTask
    rows: Rows
    repaired_chars: int

    @property
    def row_count(self) -> int:
        return len(self.rows.by_table[-1])


class Loader:
    """Loads artifacts of one kind and counts the results in `report`."""

    def __init__(self, artifact: Artifact, storage: Storage) -> None:
        self._artifact = artifact
        self._storage = storage
        self.report = LoadReport()

    # A decorator, so that the batch's rows are freed before the garbage collector runs again and would visit them.
    @paused()
    def load(self, batch: Batch) -> None:
        """Replaces the rows of a batch in one transaction. If that fails, each artifact gets a transaction of its own.

        Raises:
            StoreError: database or raw store do not answer.
        """
        parsed = [each for task, read in batch if (each := self._parse(task, read)) is not None]
        try:
            self._replace(parsed)
        except MeetingAssetsError:
            raise
        except Exception as error:  # noqa: BLE001 - our bug with one artifact; loading singly identifies it
            kind, name = self._artifact.kind, type(error).__name__
            logger.warning("%s: %d artifacts are loaded one by one (%s)", kind, len(parsed), name)
            for each in parsed:
                with self._bug_recorded(each.task.key):
                    self._replace([each])

    def quarantine(self, task: LoadTask, error: str, *, interrupted: int | None = None) -> None:
        """Removes the artifact's rows and records why its bytes are not loaded.

        `interrupted` is the number of attempts that ended the process.
        """
        self._write_quarantine(task, error, interrupted)
        self.report.quarantined += 1
        key = task.key
        logger.warning("%s of %s is quarantined: %s", key.kind, key.recording_id, error, extra=log_context(*key))

    def _parse(self, task: LoadTask, read: Callable[[], bytes | None]) -> _Parsed | None:
        """The rows of one artifact; None if its bytes are lost or unreadable, which the ledger records."""
        with self._bug_recorded(task.key):
            payload = read()
            if payload is None:
                self._storage.database.write(lambda connection: ledger_raw.mark_lost(connection, task.key, task.sha256))
                self.report.missing_raw += 1
                return None
            try:
                document, repaired_chars = decoded(payload, self._artifact.wire)
                return _Parsed(task, self._artifact.rows(document, self._source(task)), repaired_chars)
            except PayloadError as error:
                self.quarantine(task, str(error))
        return None

    def _source(self, task: LoadTask) -> Source:
        bot_names = self._storage.bot_names_with(task.bot_name)
        return Source(task.key.recording_id, task.key.artifact_id, task.created_at, task.provider, bot_names)

    @retry_on_conflict
    def _replace(self, parsed: Sequence[_Parsed]) -> None:
        """Replaces the rows of artifacts, except those that another run has changed since they were read."""
        artifact = self._artifact
        replaced: list[_Parsed] = []
        had_rows = 0
        with self._storage.database.writing() as connection:
            locked = ledger.lock_rows(connection, artifact.kind, [each.task.key.recording_id for each in parsed])
            for each in parsed:
                siblings = locked[each.task.key.recording_id]
                if _is_current(each.task, siblings):
                    had_rows += _delete_rows(connection, artifact, each.task.key, siblings)
                    replaced.append(each)
            for index, table in enumerate(artifact.tables):
                rows = chain.from_iterable(each.rows.by_table[index] for each in replaced)
                insert_rows(connection, table, [*rows])
            loaded = [
                Loaded(each.task.key, each.row_count, each.rows.replaced, each.repaired_chars) for each in replaced
            ]
            ledger_tables.mark_parsed(connection, loaded, artifact.parser_version, at=now())
            run_post_load(connection, artifact, [each.task.key.recording_id for each in replaced])
        self.report.new += len(replaced) - had_rows
        self.report.changed += had_rows
        self.report.rows += sum(each.row_count for each in replaced)

    @retry_on_conflict
    def _write_quarantine(self, task: LoadTask, error: str, interrupted: int | None) -> None:
        artifact, key = self._artifact, task.key
        with self._storage.database.writing() as connection:
            siblings = ledger.lock_siblings(connection, key)
            if not _is_current(task, siblings):
                return
            _delete_rows(connection, artifact, key, siblings)
            version = artifact.parser_version
            ledger_tables.mark_quarantined(
                connection, key, parser_version=version, error=error, at=now(), load_attempts=interrupted
            )
            run_post_load(connection, artifact, [key.recording_id])

    @contextmanager
    def _bug_recorded(self, key: ArtifactKey) -> Iterator[None]:
        """Records an unexpected exception as our bug: the other artifacts are loaded, and the step fails at its end."""
        try:
            yield
        except MeetingAssetsError:
            raise
        except Exception as error:  # noqa: BLE001 - recorded in the ledger
            text = bug_message(error)
            self._storage.database.write(lambda connection: ledger_tables.mark_bug(connection, key, text))
            self.report.faults.append(f"{key.kind} of {key.recording_id}: {text}")
            logger.error("%s of %s: %s", key.kind, key.recording_id, text, extra=log_context(*key))


def run_post_load(connection: Connection, artifact: Artifact, recording_ids: Sequence[str]) -> None:
    """Makes the rows of one kind consistent with each other within each recording."""
    parameters = [{OF_RECORDING: recording_id} for recording_id in dict.fromkeys(recording_ids)]
    for statement in artifact.post_load if parameters else ():
        connection.execute(statement, parameters)


def _is_current(task: LoadTask, siblings: Mapping[str, LedgerRow]) -> bool:
    """True if the locked ledger row still has the bytes and state that were read and parsed."""
    row = siblings.get(task.key.artifact_id)
    read = (task.sha256, task.parser_version, task.status)
    return row is not None and (row.sha256, row.parser_version, row.status) == read


def _delete_rows(
    connection: Connection, artifact: Artifact, key: ArtifactKey, siblings: Mapping[str, LedgerRow]
) -> bool:
    """Deletes the artifact's rows, or all rows of its recording for kinds with one current artifact.

    Returns whether there were any.
    """
    with_rows = [
        ArtifactKey.of(row)
        for row in siblings.values()
        if row.row_count is not None and (not artifact.allows_multiple or row.artifact_id == key.artifact_id)
    ]
    if not with_rows:
        return False
    for model in artifact.tables:
        connection.execute(table_of(model).delete().where(rows_of(model, artifact, key)))
    ledger_tables.mark_without_rows(connection, with_rows)
    return True


def rows_of(model: type[RecordingRow], artifact: Artifact, key: ArtifactKey) -> ColumnElement[bool]:
    """Selects the rows of one artifact in one of its tables."""
    columns = table_of(model).c
    of_recording = columns.recording_id == key.recording_id
    if artifact.id_column is None:
        return of_recording
    return and_(of_recording, columns[artifact.id_column] == key.artifact_id)
