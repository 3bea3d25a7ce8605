"""Hashes over everything that the published files of a recording depend on.

The hash of a recording covers

- its row of `recordings` (`modified_at`): title, platform, times, metadata, links;
- its ledger: kind, id, status with its reason, hash of the bytes and version of the parser of each artifact, so all
  parsed rows;
- `meeting_metrics.inputs_hash`, so all metric rows, with the parameters and the version of the metrics;
- the corrections of its speakers.

The hash of its page also covers its links to persons and series, its downloads, and the current metric parameters. A
new correction or parameter changes the hash immediately; metric rows change only when they are derived again.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.publications.pages.site import Site
from meeting_assets.store import corrections
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import KEY_COLUMNS, LEDGER, RECORDINGS, is_of_days

METRICS = table_of(MeetingMetrics).c
MEMBERS = table_of(ParticipantMetrics).c
LEDGER_COLUMNS = ("status", "sub_code", "sha256", "parser_version", "error", "repaired_chars")


@dataclass(frozen=True, slots=True)
class RecordingInputs:
    """A recording of a day, and the hash of everything stored about it."""

    recording_id: str
    series_id: str | None
    stored_hash: str


def inputs_of_day(connection: Connection, day: date) -> list[RecordingInputs]:
    """The recordings of a day in the order of their ids. The connection should be in a snapshot."""
    c = RECORDINGS.c
    ids = select(c.recording_id).where(c.day == day)
    columns = (c.recording_id, c.series_id, c.modified_at, METRICS.inputs_hash)
    of_recordings = select(*columns).join(METRICS.recording_id.table, isouter=True, onclause=_is_measured())
    rows = connection.execute(of_recordings.where(c.day == day)).all()
    if not rows:
        return []
    artifacts = _artifacts(connection, day)
    statements = corrections.read_statements(connection, corrections.CORRECTIONS.c.recording_id.in_(ids))
    found = [
        RecordingInputs(
            row.recording_id,
            row.series_id,
            digest(
                [
                    row.modified_at.isoformat() if row.modified_at is not None else None,
                    row.inputs_hash,
                    artifacts.get(row.recording_id, []),
                    statements.get(row.recording_id, []),
                ]
            ),
        )
        for row in rows
    ]
    return sorted(found, key=lambda each: each.recording_id)


def linked_pages(connection: Connection, day: date, inputs: list[RecordingInputs], site: Site) -> Mapping[str, Any]:
    """The pages of persons and of the series that the page of each recording of a day may link to, by recording."""
    ids = select(RECORDINGS.c.recording_id).where(RECORDINGS.c.day == day)
    links: dict[str, set[str]] = defaultdict(set)
    for recording_id, key in connection.execute(
        select(MEMBERS.recording_id, MEMBERS.person_key).where(MEMBERS.recording_id.in_(ids))
    ):
        if page := site.person_page(key):
            links[recording_id].add(page)
    return {
        each.recording_id: [
            sorted(links[each.recording_id]),
            site.series_page(each.series_id),
            site.series_titles.get(each.series_id) if each.series_id is not None else None,
        ]
        for each in inputs
    }


def digest(document: object) -> str:
    """The hash of a JSON document."""
    return hashlib.sha256(json.dumps(document, separators=(",", ":")).encode()).hexdigest()


def _is_measured() -> Any:
    return METRICS.recording_id == RECORDINGS.c.recording_id


def _artifacts(connection: Connection, day: date) -> Mapping[str, list[list[Any]]]:
    """The states of artifacts, by recording and in the order of their keys."""
    found: dict[str, list[list[Any]]] = defaultdict(list)
    columns = (*KEY_COLUMNS, *(LEDGER.c[name] for name in LEDGER_COLUMNS))
    for recording_id, *values in connection.execute(select(*columns).where(is_of_days([day]))):
        found[recording_id].append(values)
    # Sorted here: the order of texts in PostgreSQL depends on the database's locale.
    return {recording_id: sorted(rows, key=lambda row: row[:2]) for recording_id, rows in found.items()}
