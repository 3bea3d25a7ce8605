"""SQL views: those for everyday use, `missed_meetings`, and `fresh_meetings`: rows of metrics with unchanged inputs.

`meeting_metrics.inputs` stores the inputs of a row as text. The view compares it with the present inputs, formatted by
the same SQL expression, which gives the same text on both databases.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, String, cast, func, literal, select

from meeting_assets.metrics.parameters import METRICS_VERSION
from meeting_assets.metrics.tables import MeetingMetrics
from meeting_assets.pipeline.everyday_views import EVERYDAY_VIEWS
from meeting_assets.pipeline.missed_meetings import missed_meetings
from meeting_assets.pipeline.search_view import searchable_utterances
from meeting_assets.pipeline.sql_functions import CodePoints, InstantText
from meeting_assets.schema.persistent import Meta
from meeting_assets.store.audio_activity import ANALYSES
from meeting_assets.store.corrections import CORRECTIONS
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER, RECORDINGS

METRICS_CONFIG = "metrics_config"
"""Name in `meta` of the parameters of the metrics."""

# Characters of ids and hashes that are enough to distinguish the artifacts of one recording.
_ID, _SHA = 8, 12


def present_inputs() -> ColumnElement[str]:
    """The present inputs of the metrics of a row of `recordings`, as text."""
    meta = table_of(Meta)
    config = select(meta.c.value).where(meta.c.name == METRICS_CONFIG).scalar_subquery()
    # As whole microseconds: SQLite and PostgreSQL format floating-point numbers differently.
    duration_us = cast(cast(func.round(RECORDINGS.c.duration_s * 1_000_000), BigInteger), String)
    instants = (InstantText(column) for column in (RECORDINGS.c.started_at, RECORDINGS.c.scheduled_at))
    facts = (config, RECORDINGS.c.bot_name, duration_us, *instants, _artifacts(), _corrections())
    joined: ColumnElement[Any] = literal(METRICS_VERSION)
    for fact in facts:
        joined = joined + " " + func.coalesce(fact, "-")
    # Without analysed audio the text is the one that versions without voice activity stored.
    return joined + func.coalesce(" " + _audio(), "")


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


def _audio() -> ColumnElement[Any]:
    """The recording's analysed parts of separate audio, in the order of their ids."""
    c = ANALYSES.c
    rows = (
        select((c.part_id + " " + func.substr(c.inputs_hash, 1, _SHA)).label("row_text"))
        .where(c.recording_id == RECORDINGS.c.recording_id)
        .order_by(CodePoints(c.part_id))
        .correlate(RECORDINGS)
        .subquery()
    )
    return select(func.aggregate_strings(rows.c.row_text, ";")).scalar_subquery()


def _corrections() -> ColumnElement[Any]:
    """The recording's corrections in force, in the order of their speaker keys.

    Lengths precede the texts, so that no text of a user can imitate another list of corrections.
    """
    c = CORRECTIONS.c
    text: ColumnElement[Any] = c.kind
    for part in (c.speaker_key, c.target):
        text = text + " " + cast(func.length(part), String) + " " + part
    rows = (
        select(text.label("row_text"))
        .where(c.recording_id == RECORDINGS.c.recording_id)
        .order_by(CodePoints(c.speaker_key))
        .correlate(RECORDINGS)
        .subquery()
    )
    return select(func.aggregate_strings(rows.c.row_text, ";")).scalar_subquery()


def _fresh_meetings() -> Select[Any]:
    metrics = table_of(MeetingMetrics)
    is_fresh = metrics.c.inputs == present_inputs()
    return select(metrics).join(RECORDINGS, RECORDINGS.c.recording_id == metrics.c.recording_id).where(is_fresh)


VIEWS: Mapping[str, Select[Any]] = {
    "fresh_meetings": _fresh_meetings(),
    "missed_meetings": missed_meetings(),
    **EVERYDAY_VIEWS,
    "searchable_utterances": searchable_utterances(),
}
