"""Results of queries as tables and as CSV."""

from __future__ import annotations

import json
from typing import Any

from meeting_assets.cli.key_tables import KeyTable
from meeting_assets.cli.meeting_texts import printable
from meeting_assets.core.csv_lines import csv_text
from meeting_assets.publications.queries.answers import Answer

UNKNOWN = "·"
DECIMALS = 3
MAX_CHARACTERS = 300
"""Longer texts are shortened in tables; JSON and CSV have them whole."""


def print_answer(found: Answer) -> None:
    """Prints rows as a table. Numbers, days and ids stay whole; long texts are wrapped."""
    values = dict(zip(found.columns, zip(*found.rows, strict=True), strict=True))
    numbers = {name for name, each in values.items() if all(isinstance(value, int | float | None) for value in each)}
    texts = {name for name, each in values.items() if any(isinstance(value, str) and " " in value for value in each)}
    table = KeyTable(found.columns, numbers=numbers, texts=texts)
    table.print([[shown(value) for value in row] for row in found.rows])


def shown(value: Any) -> str:
    """A value for people: numbers with separators and at most three decimals.

    >>> shown(1234567), shown(12.0), shown(0.12345), shown(0.0000123), shown(None)
    ('1,234,567', '12', '0.123', '1.23e-05', '·')
    """
    if value is None:
        return UNKNOWN
    if isinstance(value, bool) or not isinstance(value, int | float):
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return printable(text if len(text) <= MAX_CHARACTERS else f"{text[: MAX_CHARACTERS - 1]}…")
    if isinstance(value, float) and 0 < abs(value) < 10**-DECIMALS:
        return f"{value:.{DECIMALS}g}"
    rounded = f"{value:,.{DECIMALS}f}" if isinstance(value, float) else f"{value:,}"
    return rounded.rstrip("0").rstrip(".") if "." in rounded else rounded


def answer_csv(found: Answer) -> str:
    """The content of a CSV file: exact numbers, empty cells for NULL, documents as JSON."""
    return csv_text(found.columns, ([_cell(value) for value in row] for row in found.rows))


def _cell(value: Any) -> str | float:
    if value is None:
        return ""
    return value if isinstance(value, str | int | float) else json.dumps(value, ensure_ascii=False)
