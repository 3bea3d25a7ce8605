"""Person aliases as CSV: one line per alias, UTF-8, with a header.

    person_key,target,author,at,note

Instants are ISO 8601 in UTC. Texts are written as `core.csv_cells` describes, so that a spreadsheet evaluates none.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime

from meeting_assets.core.csv_cells import as_cell, text_of_cell
from meeting_assets.core.errors import SettingsError
from meeting_assets.core.instants import check_year, to_iso8601, utc
from meeting_assets.pipeline.aliases import Statement, statement
from meeting_assets.store.person_aliases import Alias

COLUMNS = Alias._fields


def alias_csv(aliases: Iterable[Alias]) -> str:
    """The aliases as CSV."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for each in aliases:
        cells = (each.person_key, each.target, each.author, to_iso8601(each.at), each.note or "")
        writer.writerow(map(as_cell, cells))
    return text.getvalue()


def read_aliases(content: bytes) -> list[Statement]:
    """The aliases of a CSV file. Empty cells of `author`, `at` and `note` say nothing.

    Raises:
        SettingsError: a line is wrong; the message has its number and the cause, and quotes no cell.
    """
    rows = _rows(content)
    _, header = next(rows, (1, []))
    if sorted(header) != sorted(COLUMNS):
        raise SettingsError(f"Line 1: the header must have these columns, separated by commas: {','.join(COLUMNS)}.")
    return [_statement(f"Line {number}: ", header, cells) for number, cells in rows if cells]


def _rows(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """The rows of a file, each with the number of its first line."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content[: error.start].count(b"\n") + 1
        raise SettingsError(f"Line {number}: it is not UTF-8.") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    number = 1
    try:
        for row in reader:
            yield number, row
            number = reader.line_num + 1
    except csv.Error:
        raise SettingsError(
            f"Line {number}: it is no CSV. Quote cells that contain commas, quotes or line breaks."
        ) from None


def _statement(position: str, header: list[str], cells: list[str]) -> Statement:
    if len(cells) != len(header):
        raise SettingsError(f"{position}{len(cells)} cells instead of {len(header)}.")
    values = dict(zip(header, map(text_of_cell, cells), strict=True))
    return statement(
        values["person_key"],
        values["target"],
        author=values["author"] or None,
        at=_instant(values["at"], position),
        note=values["note"] or None,
        position=position,
    )


def _instant(text: str, position: str) -> datetime | None:
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
        check_year(instant)
    except ValueError:
        raise SettingsError(f"{position}at is no instant such as 2026-03-02T09:30:00Z.") from None
    return utc(instant)
