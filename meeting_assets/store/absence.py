"""Absence: the time since which all observations have found a recording or an artifact deleted at the API.

`missing_since` is the time of the first of these observations. It becomes NULL as soon as the API shows the object
again. A permanent deletion needs two observations at least `CONFIRMED_AFTER` apart, so one wrong response of the API
deletes nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Table, and_, select

from meeting_assets.store.ledger import KEY_COLUMNS, LEDGER, RECORDINGS, ArtifactKey, is_of_days
from meeting_assets.store.ledger_states import DELETED
from meeting_assets.store.modification import update_of

CONFIRMED_AFTER = timedelta(hours=1)


def update_missing_since(connection: Connection, recording_ids: Collection[str], *, at: datetime) -> None:
    """Updates `missing_since` of recordings and their artifacts after an observation was recorded."""
    for table, status in ((RECORDINGS, RECORDINGS.c.status), (LEDGER, LEDGER.c.api_status)):
        of_recordings = table.c.recording_id.in_(recording_ids)
        is_new = and_(of_recordings, status == DELETED, table.c.missing_since.is_(None))
        connection.execute(update_of(table, is_new, {"missing_since": at}))
        is_back = and_(of_recordings, status.is_distinct_from(DELETED), table.c.missing_since.is_not(None))
        connection.execute(update_of(table, is_back, {"missing_since": None}))


def confirmed_recordings(connection: Connection, recording_ids: Collection[str], *, at: datetime) -> set[str]:
    """The ones of some recordings that were also found deleted long enough ago."""
    query = select(RECORDINGS.c.recording_id).where(
        RECORDINGS.c.recording_id.in_(recording_ids), _is_confirmed(RECORDINGS, at)
    )
    return set(connection.scalars(query))


def confirmed_artifacts(
    connection: Connection, media: Collection[tuple[str, str]], *, at: datetime
) -> list[tuple[ArtifactKey, date]]:
    """Stored artifacts of some (recording, media object) also found deleted long enough ago, with their days."""
    query = select(*KEY_COLUMNS, RECORDINGS.c.day).where(
        LEDGER.c.recording_id == RECORDINGS.c.recording_id,
        LEDGER.c.recording_id.in_({recording_id for recording_id, _ in media}),
        LEDGER.c.api_status == DELETED,
        LEDGER.c.sha256.is_not(None),
        _is_confirmed(LEDGER, at),
    )
    found = [(ArtifactKey(*row[:3]), row[3]) for row in connection.execute(query)]
    return [(key, day) for key, day in found if (key.recording_id, key.artifact_id) in media]


def marked_deleted(connection: Connection, days: Collection[date]) -> set[ArtifactKey]:
    """The artifacts of some days that the last observation found deleted at the API."""
    query = select(*KEY_COLUMNS).where(is_of_days(days), LEDGER.c.api_status == DELETED)
    return {ArtifactKey(*row) for row in connection.execute(query)}


def unconfirmed_deletions(connection: Connection) -> set[tuple[date, str]]:
    """Recordings, with their days, that have stored bytes whose deletion at the API awaits a second observation."""
    columns = RECORDINGS.c.day, RECORDINGS.c.recording_id
    joined = RECORDINGS.join(LEDGER, LEDGER.c.recording_id == RECORDINGS.c.recording_id)
    of_artifacts = and_(LEDGER.c.missing_since.is_not(None), LEDGER.c.sha256.is_not(None))
    queries = (
        select(*columns).where(RECORDINGS.c.missing_since.is_not(None)),
        select(*columns).select_from(joined).where(of_artifacts),
    )
    return {(day, recording_id) for query in queries for day, recording_id in connection.execute(query)}


def _is_confirmed(table: Table, at: datetime) -> ColumnElement[bool]:
    return table.c.missing_since <= at - CONFIRMED_AFTER
