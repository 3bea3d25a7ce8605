"""Recordings with rows that were written since an instant, by the database's clock.

A check that passed needs no other recordings: each transaction that writes parsed rows also changes a row of the
ledger, and each that writes metrics sets `meeting_metrics.derived_at`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, literal, select, union

from meeting_assets.metrics.tables import MeetingMetrics
from meeting_assets.schema.columns import Instant
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER
from meeting_assets.store.modification import DatabaseNow

# A transaction sets its times before its commit, and its rows become visible after it.
LONGEST_TRANSACTION = timedelta(minutes=15)

METRICS = table_of(MeetingMetrics)


def database_now(connection: Connection) -> datetime:
    """The present instant, by the database's clock."""
    found: datetime = connection.execute(select(DatabaseNow())).scalar_one()
    return found


def changed_recordings(connection: Connection, since: datetime) -> frozenset[str]:
    """The ids of recordings with rows that became visible since an instant, and of some that did shortly before."""
    start = literal(since - LONGEST_TRANSACTION, Instant)
    parsed = select(LEDGER.c.recording_id).where(LEDGER.c.modified_at >= start)
    derived = select(METRICS.c.recording_id).where(METRICS.c.derived_at >= start)
    return frozenset(connection.scalars(union(parsed, derived)))
