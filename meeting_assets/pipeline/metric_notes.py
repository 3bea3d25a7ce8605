"""Notes in the metric rows of a recording: the inputs they were computed from, and the times of their changes."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Update, bindparam, func, select

from meeting_assets.metrics import MeetingResult
from meeting_assets.metrics.quality import DataQuality
from meeting_assets.metrics.tables import MeetingMetrics
from meeting_assets.pipeline.views import present_inputs
from meeting_assets.schema.columns import Instant
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import RECORDINGS
from meeting_assets.store.modification import DatabaseNow, kept_instant

METRICS, QUALITY = table_of(MeetingMetrics), table_of(DataQuality)


class FormerTimes(NamedTuple):
    """`modified_at` of the stored rows whose content the new rows have, too; None for other rows."""

    of_metrics: datetime | None
    of_quality: datetime | None


def former_times(connection: Connection, rows: MeetingResult) -> FormerTimes:
    """Compares the new rows of a recording with the stored ones, before they are replaced."""
    [metrics], [quality] = rows[MeetingMetrics], rows[DataQuality]
    return FormerTimes(kept_instant(connection, METRICS, metrics), kept_instant(connection, QUALITY, quality))


def add_notes(connection: Connection, recording_id: str, former: FormerTimes) -> None:
    """Adds the notes to the new rows of a recording."""
    connection.execute(_NOTE_METRICS, {"of": recording_id, "former": former.of_metrics})
    connection.execute(_NOTE_QUALITY, {"of": recording_id, "former": former.of_quality})


def _modified_at() -> ColumnElement[datetime]:
    return func.coalesce(bindparam("former", type_=Instant()), DatabaseNow())


def _note_metrics() -> Update:
    """The statement for the metrics of recording `of`."""
    inputs = select(present_inputs()).where(RECORDINGS.c.recording_id == bindparam("of")).scalar_subquery()
    values = {"inputs": inputs, "derived_at": DatabaseNow(), "modified_at": _modified_at()}
    return METRICS.update().where(METRICS.c.recording_id == bindparam("of")).values(values)


def _note_quality() -> Update:
    return QUALITY.update().where(QUALITY.c.recording_id == bindparam("of")).values(modified_at=_modified_at())


# perf: building these statements costs more than executing them (benchmarks metrics)
_NOTE_METRICS, _NOTE_QUALITY = _note_metrics(), _note_quality()
