"""Users' corrections of speakers: reads and writes of the table `corrections`.

The raw store has a copy of each recording's corrections (`store.raw_corrections`). A transaction that changes
corrections locks the row of their recording first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, Connection, select

from meeting_assets.schema.persistent import Corrections
from meeting_assets.store.database import table_of

CORRECTIONS = table_of(Corrections)

Statement: TypeAlias = tuple[str, str, str]
"""speaker_key, kind and target: the part of a correction that metrics depend on."""


class StoredCorrection(NamedTuple):
    """A correction of one speaker of a recording: a row of `corrections` without the recording's id."""

    speaker_key: str
    kind: str
    target: str
    author: str
    at: datetime
    note: str | None

    @property
    def statement(self) -> Statement:
        return self.speaker_key, self.kind, self.target


InForce: TypeAlias = Mapping[str, StoredCorrection]
"""The corrections in force of one recording, by speaker key."""


def read_corrections(connection: Connection, condition: ColumnElement[bool]) -> dict[str, InForce]:
    """The corrections in force that meet a condition, by recording, then by speaker key in the order of code points."""
    columns = [CORRECTIONS.c[name] for name in StoredCorrection._fields]
    found: dict[str, dict[str, StoredCorrection]] = defaultdict(dict)
    for recording_id, *values in connection.execute(select(CORRECTIONS.c.recording_id, *columns).where(condition)):
        found[recording_id][values[0]] = StoredCorrection(*values)
    # Sorted here: the order of texts in PostgreSQL depends on the database's locale.
    return {recording_id: dict(sorted(found[recording_id].items())) for recording_id in sorted(found)}


def corrections_of(connection: Connection, recording_id: str) -> InForce:
    """The corrections in force of one recording."""
    return read_corrections(connection, CORRECTIONS.c.recording_id == recording_id).get(recording_id, {})


def read_statements(connection: Connection, condition: ColumnElement[bool]) -> dict[str, list[Statement]]:
    """The statements in force that meet a condition, by recording."""
    columns = CORRECTIONS.c.speaker_key, CORRECTIONS.c.kind, CORRECTIONS.c.target
    found: dict[str, list[Statement]] = defaultdict(list)
    for recording_id, *statement in connection.execute(select(CORRECTIONS.c.recording_id, *columns).where(condition)):
        found[recording_id].append((statement[0], statement[1], statement[2]))
    return {recording_id: sorted(statements) for recording_id, statements in found.items()}


def statements_of(connection: Connection, recording_id: str) -> list[Statement]:
    """The statements in force of one recording, sorted."""
    return read_statements(connection, CORRECTIONS.c.recording_id == recording_id).get(recording_id, [])


def replace_corrections(connection: Connection, recording_id: str, corrections: Collection[StoredCorrection]) -> None:
    """Makes the table contain exactly these corrections of a recording. The caller has locked the recording."""
    connection.execute(CORRECTIONS.delete().where(CORRECTIONS.c.recording_id == recording_id))
    rows: list[dict[str, Any]] = [{"recording_id": recording_id, **each._asdict()} for each in corrections]
    if rows:
        connection.execute(CORRECTIONS.insert(), rows)
