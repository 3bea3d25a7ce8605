"""Views: what can be asked of the tables by name.

`fresh_meetings` has the rows of `meeting_metrics` that are made from what the ledger says now. What a row was made from
is written down with it, spelled by the same expression that the view compares it with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, extract, func, literal, select

from meeting_assets.metrics.parameters import METRICS_VERSION
from meeting_assets.metrics.tables import MeetingMetrics
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER, RECORDINGS
from meeting_assets.store.tables import Meta

METRICS_CONFIG = "metrics_config"
"""Names in `meta` what is set of the metrics."""

# Of ids and hashes so much is enough to tell one recording's artifacts apart.
_ID, _SHA = 8, 12


def present_inputs() -> ColumnElement[str]:
    """What the metrics of a row of `recordings` are to be made from, as text."""
    meta = table_of(Meta)
    config = select(meta.c.value).where(meta.c.name == METRICS_CONFIG).scalar_subquery()
    # As seconds: what PostgreSQL makes of an instant itself depends on the time zone of who asks.
    instants = (extract("epoch", column) for column in (RECORDINGS.c.started_at, RECORDINGS.c.scheduled_at))
    times = (cast(column, String) for column in (RECORDINGS.c.duration_s, *instants))
    facts = (config, RECORDINGS.c.bot_name, *times, _artifacts())
    spelled: ColumnElement[Any] = literal(METRICS_VERSION)
    for fact in facts:
        spelled = spelled + " " + func.coalesce(fact, "-")
    return spelled


def _artifacts() -> ColumnElement[Any]:
    """The recording's rows in the ledger, in a fixed order."""
    c = LEDGER.c
    text: ColumnElement[Any] = c.kind + " " + func.substr(c.artifact_id, 1, _ID) + " " + c.status
    for part in (func.substr(c.sha256, 1, _SHA), c.parser_version):
        text = text + " " + func.coalesce(part, "-")
    rows = (
        select(text.label("row_text"))
        .where(c.recording_id == RECORDINGS.c.recording_id)
        .order_by(c.kind, c.artifact_id)
        .correlate(RECORDINGS)
        .subquery()
    )
    return select(func.aggregate_strings(rows.c.row_text, ";")).scalar_subquery()


def _fresh_meetings() -> Select[Any]:
    metrics = table_of(MeetingMetrics)
    is_fresh = metrics.c.inputs == present_inputs()
    return select(metrics).join(RECORDINGS, RECORDINGS.c.recording_id == metrics.c.recording_id).where(is_fresh)


VIEWS: Mapping[str, Select[Any]] = {"fresh_meetings": _fresh_meetings()}
