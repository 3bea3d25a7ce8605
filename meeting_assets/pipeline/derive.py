"""Deriving: computes the metrics of finished recordings whose inputs have changed."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from time import monotonic
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, or_, select, true

from meeting_assets.core.batches import batched
from meeting_assets.core.errors import MeetingAssetsError, bug_message
from meeting_assets.core.gc_tuning import paused
from meeting_assets.core.progress import Stage, report_progress
from meeting_assets.metrics import metric_rows
from meeting_assets.metrics.parameters import AudioEntry, inputs_hash
from meeting_assets.metrics.tables import MeetingMetrics
from meeting_assets.pipeline.meeting_input import meeting_input
from meeting_assets.pipeline.metric_notes import add_notes, former_times
from meeting_assets.pipeline.storage import Storage
from meeting_assets.recall.objects import DELETED, FINISHED
from meeting_assets.store import audio_activity, corrections, ledger, worklist
from meeting_assets.store.bulk import insert_rows
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import table_of

logger = logging.getLogger(__name__)

BATCH = 500


@dataclass(slots=True)
class DeriveReport:
    """Counts of recordings whose metrics were computed for the first time, again, or not at all."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    faults: list[str] = field(default_factory=list)
    derive_s: float = 0.0

    @property
    def derived(self) -> int:
        return self.new + self.changed

    def add(self, other: DeriveReport) -> None:
        """Adds the counts of other recordings."""
        self.new += other.new
        self.changed += other.changed
        self.unchanged += other.unchanged
        self.faults += other.faults
        self.derive_s = round(self.derive_s + other.derive_s, 3)


def derive_days(days: Collection[date], storage: Storage) -> DeriveReport:
    """Updates the metrics of some days."""
    return _derive_where(ledger.RECORDINGS.c.day.in_(days), storage)


def derive_recordings(recording_ids: Collection[str], storage: Storage) -> DeriveReport:
    """Updates the metrics of some recordings."""
    report = DeriveReport()
    for batch in batched(sorted(recording_ids), BATCH):
        report.add(_derive_where(ledger.RECORDINGS.c.recording_id.in_(batch), storage))
    return report


def _derive_where(condition: ColumnElement[bool], storage: Storage) -> DeriveReport:
    started = monotonic()
    report = DeriveReport()
    outdated, report.unchanged = _outdated(storage, condition)
    for number, (recording, current) in enumerate(outdated):
        report_progress(Stage.DERIVE, number, len(outdated))
        try:
            outcome = _derive(recording, current, storage)
        except MeetingAssetsError:
            raise
        except Exception as error:  # noqa: BLE001 - our bug; the others go on and the step fails at its end
            report.faults.append(f"metrics of {recording.recording_id}: {bug_message(error)}")
            logger.error("metrics of %s: %s", recording.recording_id, bug_message(error))
        else:
            report.new += outcome == "new"
            report.changed += outcome == "changed"
    report.derive_s = round(monotonic() - started, 3)
    logger.info("metrics: %d recordings derived, %d unchanged", report.derived, report.unchanged)
    return report


def outdated_metrics_count(storage: Storage, days: Collection[date] | None = None) -> int:
    """Number of finished recordings of some days, or of all, whose metrics are missing or outdated."""
    return len(_outdated(storage, ledger.RECORDINGS.c.day.in_(days) if days is not None else true())[0])


def is_outdated(storage: Storage, recording_id: str) -> bool:
    """True if the recording should have metrics, and they are missing or outdated."""
    return bool(_outdated(storage, ledger.RECORDINGS.c.recording_id == recording_id)[0])


def mark_metrics_outdated(connection: Connection, days: Collection[date]) -> None:
    """Marks the metrics of some days as outdated."""
    metrics = table_of(MeetingMetrics)
    ids = select(ledger.RECORDINGS.c.recording_id).where(ledger.RECORDINGS.c.day.in_(days))
    connection.execute(metrics.update().where(metrics.c.recording_id.in_(ids)).values(inputs_hash=""))


def days_of_outdated_metrics(storage: Storage) -> set[date]:
    """Days with finished recordings whose metrics are missing or outdated."""
    return {recording.day for recording, _ in _outdated(storage, true())[0]}


@retry_on_conflict
def _outdated(storage: Storage, condition: ColumnElement[bool]) -> tuple[list[tuple[Row[Any], str]], int]:
    """Recordings with outdated metrics and the hash of their present inputs, and the number of other recordings.

    Only recordings that meet the condition are considered.
    """
    ids = select(ledger.RECORDINGS.c.recording_id).where(condition)
    metrics = table_of(MeetingMetrics).c
    with storage.database.reading() as connection:
        finished = _finished(connection, condition)
        inputs = worklist.inputs_of(connection, ledger.LEDGER.c.recording_id.in_(ids))
        corrected = corrections.read_statements(connection, corrections.CORRECTIONS.c.recording_id.in_(ids))
        analysed = audio_activity.inputs_of(connection, audio_activity.ANALYSES.c.recording_id.in_(ids))
        hashes_of_rows = select(metrics.recording_id, metrics.inputs_hash).where(metrics.recording_id.in_(ids))
        derived = dict(connection.execute(hashes_of_rows).all())
    hashes = [
        (
            each,
            _hash(
                each,
                inputs.get(each.recording_id, []),
                corrected.get(each.recording_id, []),
                analysed.get(each.recording_id, []),
                storage,
            ),
        )
        for each in finished
    ]
    outdated = [(each, current) for each, current in hashes if derived.get(each.recording_id) != current]
    return outdated, len(finished) - len(outdated)


def is_measurable() -> ColumnElement[bool]:
    """SQL condition for recordings that have metrics."""
    recordings = ledger.RECORDINGS
    # A recording deleted at the API keeps its metrics while artifacts of it are stored.
    has_artifacts = exists().where(
        ledger.LEDGER.c.recording_id == recordings.c.recording_id, ledger.LEDGER.c.sha256.is_not(None)
    )
    return or_(recordings.c.status.in_(FINISHED), and_(recordings.c.status == DELETED, has_artifacts))


def _finished(connection: Connection, condition: Any) -> Sequence[Row[Any]]:
    recordings = ledger.RECORDINGS
    return connection.execute(
        recordings.select().where(condition, is_measurable()).order_by(recordings.c.recording_id)
    ).all()


def _hash(
    recording: Row[Any],
    ledger_rows: Collection[Any],
    statements: Collection[corrections.Statement],
    audio: Collection[AudioEntry],
    storage: Storage,
) -> str:
    return inputs_hash(
        ledger_rows,
        duration_s=recording.duration_s,
        started_at=recording.started_at,
        scheduled_at=recording.scheduled_at,
        bot_names=storage.bot_names_with(recording.bot_name),
        config_version=storage.parameters.config_version,
        corrections=statements,
        audio=audio,
    )


@retry_on_conflict
def _derive(recording: Row[Any], current: str, storage: Storage) -> str:
    """Computes and writes the rows of one recording.

    Returns `new` or `changed`; or `overtaken`, with nothing written, if the inputs changed during the computation.
    """
    with paused(), storage.database.reading() as connection:
        meeting = meeting_input(connection, recording, storage.bot_names_with(recording.bot_name))
        rows = metric_rows(meeting, storage.parameters, current)
    with storage.database.writing() as connection:
        # The lock makes two runs that derive the same recording wait for each other.
        of_recording = ledger.RECORDINGS.c.recording_id == recording.recording_id
        ledger.lock_recordings(connection, [recording.recording_id])
        still = _finished(connection, of_recording)
        # Locked too: `add_notes` must read the same ledger rows, or `fresh_meetings` would omit the meeting.
        of_ledger = ledger.LEDGER.c.recording_id == recording.recording_id
        inputs = worklist.inputs_of(connection, of_ledger, is_locking=True).get(recording.recording_id, [])
        statements = corrections.statements_of(connection, recording.recording_id)
        # A correction that was made and undone since the hash was computed leaves no trace in the hash.
        is_read = statements == [*meeting.corrections]
        of_audio = audio_activity.ANALYSES.c.recording_id == recording.recording_id
        analysed = audio_activity.inputs_of(connection, of_audio).get(recording.recording_id, [])
        if not still or not is_read or _hash(still[0], inputs, statements, analysed, storage) != current:
            return "overtaken"
        former_of_rows, had_rows = former_times(connection, rows), False
        for table, rows_of_table in rows.items():
            target = table_of(table)
            former = connection.execute(target.delete().where(target.c.recording_id == recording.recording_id))
            had_rows |= former.rowcount > 0
            insert_rows(connection, table, rows_of_table)
        add_notes(connection, recording.recording_id, former_of_rows)
    return "changed" if had_rows else "new"
