"""Properties of every payload, valid or not.

It is parsed to rows, or quarantined with the place and cause of its fault and without its content.
Its rows can be stored in SQLite and PostgreSQL, and are read back unchanged.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from math import isfinite
from typing import Any

from sqlalchemy import Connection, Float, Integer, Select, Table, select

from meeting_assets.artifacts.artifact import Artifact, Row, Rows
from meeting_assets.artifacts.wire import DEEPEST_NESTING, decoded
from meeting_assets.core.errors import PayloadError
from meeting_assets.core.urls import without_url_secrets
from meeting_assets.schema.columns import Instant, Integer64, Json, RecordingRow, Uuid
from meeting_assets.store.bulk import insert_rows
from meeting_assets.store.database import table_of
from meeting_assets_tests.support.payloads import SOURCE
from meeting_assets_tests.support.plausible_payloads import PLAUSIBLE

LONGEST_INDEXED_BYTES = 2_700  # limit of PostgreSQL's B-trees: a third of a page


def _keys(document: Any) -> Iterator[str]:
    """All keys of the objects in a JSON document."""
    if isinstance(document, dict):
        yield from document
        document = list(document.values())
    for each in document if isinstance(document, list) else ():
        yield from _keys(each)


_NAMES = "|".join(sorted({*_keys(PLAUSIBLE), "offset", "email"}))
_PLACE = rf"byte \d+|(?:parts\b)?(?:\[\d+\]|\[\.\.\.\]|\.(?:{_NAMES})\b)*(?<=.)"
_TYPES = "array|bool|datetime|float|int|null|object|str"
_SHAPE = (
    rf"expected (?:{_TYPES}), got (?:{_TYPES})|object missing required field (?:{_NAMES})|year out of range"
    r"|expected int (?:<= 9223372036854775807|>= -9223372036854775808)|expected float (?:<= |>= -)9000000000000\.0"
    r"|invalid RFC3339 encoded datetime|integer value out of range|number out of range"
)
_SYNTAX = (
    "input data was truncated|trailing characters|text is not UTF-8|nested more than 200 levels"
    "|invalid (?:number|character|escaped character|escape character in string|character in unicode escape)"
    "|invalid utf-16 surrogate pair|unexpected end of (?:hex escape|escaped utf-16 surrogate pair)"
    r"|expected (?:':'|'\"'|',' or '[\]}]')|trailing comma in (?:array|object)|object keys must be strings"
)
# The pattern allows only names and numbers of the wire format, so that no content of a payload matches.
FAULT = re.compile(rf"(?:{_PLACE}): (?:{_SHAPE}|{_SYNTAX})(?: \(a shape from before API v1\.11\))?")


def read_or_quarantined(artifact: Artifact, payload: bytes) -> Rows | str:
    """Returns the rows of a payload or its fault. Any other exception violates the property."""
    if artifact.contains_signed_urls:
        payload = without_url_secrets(payload)
    try:
        document, repaired = decoded(payload, artifact.wire)
        rows = artifact.rows(document, SOURCE)
    except PayloadError as error:
        fault = str(error)
        assert FAULT.fullmatch(fault), f"no place, or more than a place and a cause: {fault!r}"
        return fault
    assert repaired >= 0
    return rows


def assert_storable(artifact: Artifact, rows: Rows) -> None:
    """Asserts that every value fits its column on both databases, without using them."""
    for model, rows_of_table in zip(artifact.tables, rows.by_table, strict=True):
        table = table_of(model)
        keys = [index for index, column in enumerate(table.columns) if column.primary_key]
        indexed = [index for index, column in enumerate(table.columns) if column.primary_key or column.index]
        again = Counter(tuple(row[index] for index in keys) for row in rows_of_table)
        assert len(again) == len(rows_of_table), f"{table.name}: repeated key"
        for row in rows_of_table:
            for column, value in zip(table.columns, row, strict=True):
                assert _fits(value, column), f"{table.name}.{column.name} does not take {value!r:.200}"
            length = sum(len(row[index].encode()) for index in indexed if isinstance(row[index], str))
            assert length < LONGEST_INDEXED_BYTES, f"{table.name}: {length} bytes exceed the limit of an index"


def _fits(value: Any, column: Any) -> bool:
    if value is None:
        return bool(column.nullable)
    kind = column.type
    if isinstance(kind, Integer):
        bits = 63 if isinstance(kind, Integer64) else 31
        return type(value) is int and -(2**bits) <= value < 2**bits
    if isinstance(kind, Float):
        return type(value) is float and isfinite(value)
    if isinstance(kind, Instant):
        return bool(value.utcoffset() == timedelta(0))
    if isinstance(kind, Json):
        return _is_text(value) and _depth(json.loads(value, parse_constant=_refuse)) <= DEEPEST_NESTING
    if isinstance(kind, Uuid):
        return value in {SOURCE.recording_id, SOURCE.artifact_id}
    return type(value) is bool or _is_text(value)


def _is_text(value: Any) -> bool:
    return type(value) is str and not re.search("[\0\ud800-\udfff]", value)


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def _depth(document: Any) -> int:
    if isinstance(document, dict):
        return 1 + max(map(_depth, document.values()), default=0)
    if isinstance(document, list):
        return 1 + max(map(_depth, document), default=0)
    return 0


def assert_stored(artifact: Artifact, rows: Rows, connection: Connection) -> None:
    """Asserts that a database stores the rows and returns them unchanged. The caller rolls back."""
    for model, rows_of_table in zip(artifact.tables, rows.by_table, strict=True):
        insert_rows(connection, model, rows_of_table)
        found = map(tuple, connection.execute(_all_of(table_of(model))))
        assert sorted(found, key=repr) == sorted((as_read(model, row) for row in rows_of_table), key=repr)


def _all_of(table: Table) -> Select[Any]:
    return select(table)


def as_read(model: type[RecordingRow], row: Row) -> Row:
    """Returns the row with decoded JSON, which is inserted as text."""
    columns = table_of(model).columns
    return tuple(
        json.loads(value) if isinstance(column.type, Json) and value is not None else value
        for column, value in zip(columns, row, strict=True)
    )
