"""Data versions: one hash per partition and step, which changes if and only if the content of its tables changes.

Dagster publishes them with each materialization. Assets of other projects can therefore run when a day really changed,
instead of after every sync.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, select
from sqlmodel import SQLModel

from meeting_assets.artifacts.artifact import Artifact
from meeting_assets.metrics.series import RecordingSeries
from meeting_assets.metrics.tables import MeetingMetrics
from meeting_assets.metrics.trends import MeetingTrends
from meeting_assets.pipeline.rollup import PEOPLE_HASH
from meeting_assets.schema.persistent import Recordings
from meeting_assets.store.database import meta_value, table_of
from meeting_assets.store.ledger import LEDGER, RECORDINGS
from meeting_assets.store.ledger_states import STORED
from meeting_assets.store.modification import BOOKKEEPING

DataVersions = Mapping[date, str]
"""Versions by the day or Monday of the partition."""

# Columns that change although the API lists the recording as before.
_NOT_CONTENT = BOOKKEEPING


def recordings_versions(connection: Connection, days: Collection[date]) -> DataVersions:
    """Hashes of the rows of `recordings` by day."""
    columns = [column for column in table_of(Recordings).columns if column.name not in _NOT_CONTENT]
    return _by_day(connection.execute(select(RECORDINGS.c.day, *columns).where(RECORDINGS.c.day.in_(days))), days)


def listed_versions(connection: Connection, model: type[SQLModel], days: Collection[date]) -> DataVersions:
    """Hashes of the rows of a table about listed objects by day."""
    table = table_of(model)
    columns = [column for column in table.columns if column.name not in _NOT_CONTENT]
    query = select(RECORDINGS.c.day, *columns).join_from(
        table, RECORDINGS, RECORDINGS.c.recording_id == table.c.recording_id
    )
    return _by_day(connection.execute(query.where(RECORDINGS.c.day.in_(days))), days)


def raw_versions(connection: Connection, kind: str, days: Collection[date]) -> DataVersions:
    """Hashes of the stored artifacts of a kind by day, from their hashes in the ledger."""
    c = LEDGER.c
    query = _of_kind(kind, days, c.recording_id, c.artifact_id, c.sha256, c.provider).where(c.status.in_(STORED))
    return _by_day(connection.execute(query), days)


def parsed_versions(connection: Connection, artifact: Artifact, days: Collection[date]) -> DataVersions:
    """Hashes of the inputs of parsed rows by day: bytes, parser versions, and names of bots where rows need them."""
    c = LEDGER.c
    bot = [RECORDINGS.c.bot_name] if artifact.depends_on_bot_names else []
    query = _of_kind(artifact.kind, days, c.recording_id, c.artifact_id, c.sha256, c.parser_version, *bot)
    return _by_day(connection.execute(query.where(c.row_count.is_not(None))), days)


def metrics_versions(connection: Connection, days: Collection[date]) -> DataVersions:
    """Hashes of the inputs of all metrics by day."""
    metrics = table_of(MeetingMetrics)
    query = (
        select(RECORDINGS.c.day, metrics.c.recording_id, metrics.c.inputs_hash)
        .join_from(metrics, RECORDINGS, RECORDINGS.c.recording_id == metrics.c.recording_id)
        .where(RECORDINGS.c.day.in_(days))
    )
    return _by_day(connection.execute(query), days)


def trends_versions(connection: Connection, mondays: Collection[date]) -> DataVersions:
    """Hashes of the inputs of the trends by week."""
    trends = table_of(MeetingTrends)
    query = select(trends.c.week, trends.c.inputs_hash).where(trends.c.week.in_(mondays))
    return _by_day(connection.execute(query), mondays)


def people_version(connection: Connection) -> str:
    """The hash of the inputs of `people` and `person_keys`, which have no partitions."""
    return meta_value(connection, PEOPLE_HASH) or _sha256([])


def series_version(connection: Connection) -> str:
    """The hash of the inputs of all series, whose tables have no partitions."""
    series = table_of(RecordingSeries)
    return _sha256(sorted(map(list, connection.execute(select(series.c.series_id, series.c.inputs_hash)))))


def version_of_range(versions: DataVersions) -> str:
    """The version of some partitions together: of a single partition its own, else a hash of all versions."""
    if len(versions) == 1:
        return next(iter(versions.values()))
    return _sha256(sorted((partition.isoformat(), version) for partition, version in versions.items()))


def _of_kind(kind: str, days: Collection[date], *columns: Any) -> Any:
    query = select(RECORDINGS.c.day, *columns).join_from(
        LEDGER, RECORDINGS, RECORDINGS.c.recording_id == LEDGER.c.recording_id
    )
    return query.where(LEDGER.c.kind == kind, RECORDINGS.c.day.in_(days))


def _by_day(rows: Iterable[Row[Any]], days: Collection[date]) -> DataVersions:
    """Hashes of rows whose first column is the day, in any order; days without rows have a hash, too."""
    contents: dict[date, list[str]] = defaultdict(list)
    for row in rows:
        contents[row[0]].append(json.dumps(list(row[1:]), default=str))
    return {day: _sha256(sorted(contents[day])) for day in days}


def _sha256(document: object) -> str:
    return hashlib.sha256(json.dumps(document, separators=(",", ":")).encode()).hexdigest()
