"""Runs a documented query on either database, with equal values from both.

SQLite returns instants and JSON documents as texts, PostgreSQL sums of integers as decimals and ids as UUIDs. Columns
whose names end in `_at` are instants, and those that end in `_metadata` are JSON documents, as in all tables.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Connection, Float, String, bindparam, text

from meeting_assets.core.instants import to_iso8601, utc
from meeting_assets.publications.queries.query import Query, Value

_TYPES = {"text": String, "integer": BigInteger, "number": Float}


@dataclass(frozen=True, slots=True)
class Answer:
    """The columns and rows of a query's result. Days and instants are texts in ISO 8601."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


def answer(connection: Connection, query: Query, values: Mapping[str, Value]) -> Answer:
    """The result of a query. Parameters without a value have their defaults; all are bound, none is part of the SQL."""
    bound = [
        bindparam(each.name, values.get(each.name, each.default), type_=_TYPES[each.type]())
        for each in query.parameters.values()
    ]
    result = connection.execute(text(query.sql).bindparams(*bound))
    columns = [*result.keys()]
    rows = [[_value(name, each) for name, each in zip(columns, row, strict=True)] for row in result]
    return Answer(columns, rows)


def _value(column: str, value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, str):
        if column == "at" or column.endswith("_at"):
            return to_iso8601(datetime.fromisoformat(f"{value}+00:00"))
        return json.loads(value) if column.endswith("_metadata") else value
    if isinstance(value, datetime):
        return to_iso8601(utc(value))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
