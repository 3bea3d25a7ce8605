"""Small payloads, and helpers that parse them to rows by column name or to the fault."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import strategies as st

from meeting_assets.artifacts.artifact import Artifact, Source
from meeting_assets.artifacts.wire import decoded
from meeting_assets.core.errors import PayloadError
from meeting_assets.store.database import table_of

RECORDING_ID = "5a7062f3-bd54-4838-b296-df84f85c7b92"
ARTIFACT_ID = "04530d90-6745-455a-b190-e55d463cbb2a"
SOURCE = Source(
    RECORDING_ID,
    ARTIFACT_ID,
    created_at=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
    provider="deepgram_async",
    bot_names=frozenset({"note taker"}),
)
ADA = {"id": 100, "name": "Ada", "is_host": True, "platform": "desktop", "extra_data": None, "email": None}

# Values of the wire format, with edge cases.
texts = st.text(max_size=8) | st.sampled_from(["", " ", "\u0000", "\ud800", "\\", "\n\t", "😀", "会議", "]" * 3])
ids = st.none() | st.integers(0, 900) | st.sampled_from([-(2**63), 2**63 - 1])
numbers = st.floats(-9e12, 9e12) | st.integers(-10, 10_000)
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
clocks = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=zones).map(datetime.isoformat)
speakers = st.fixed_dictionaries({"id": ids}, optional={"name": st.none() | texts, "email": st.none() | texts})
offsets = st.none() | st.fixed_dictionaries({}, optional={"relative": st.none() | numbers, "absolute": st.just("x")})


def moments() -> st.SearchStrategy[Any]:
    optional = {"relative": st.none() | numbers, "absolute": st.none() | st.just("2026-03-02T09:30:00.5Z") | clocks}
    return st.none() | st.fixed_dictionaries({}, optional=optional)


def encoded(payload: Any) -> bytes:
    """Encodes the payload; bytes and text are used unchanged."""
    if isinstance(payload, bytes):
        return payload
    return (payload if isinstance(payload, str) else json.dumps(payload)).encode()


def tables_from(artifact: Artifact, payload: Any, source: Source = SOURCE) -> dict[str, list[dict[str, Any]]]:
    """Returns the rows of each table by column name, and asserts that rows are complete."""
    document, _ = decoded(encoded(payload), artifact.wire)
    rows = artifact.rows(document, source)
    return {
        str(table_of(model).name): [
            dict(zip(table_of(model).columns.keys(), row, strict=True)) for row in rows_of_table
        ]
        for model, rows_of_table in zip(artifact.tables, rows.by_table, strict=True)
    }


def rows_from(artifact: Artifact, payload: Any, source: Source = SOURCE) -> list[dict[str, Any]]:
    """Returns the rows of the table with the finest grain."""
    return list(tables_from(artifact, payload, source).values())[-1]


def row_from(artifact: Artifact, *elements: Any) -> dict[str, Any]:
    """Returns the only row of a payload with these elements."""
    (row,) = rows_from(artifact, list(elements))
    return row


def fault_of(artifact: Artifact, payload: Any) -> str:
    """Returns the fault of a payload that is quarantined."""
    with pytest.raises(PayloadError) as quarantined:
        rows_from(artifact, payload)
    return str(quarantined.value)
