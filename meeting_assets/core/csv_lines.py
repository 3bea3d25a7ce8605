"""CSV files (RFC 4180) of users' statements: UTF-8, a header, one line per statement.

Texts are written as `core.csv_cells` describes, so that a spreadsheet evaluates none of them.

Faults quote no cell, because errors may be logged.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from meeting_assets.core.csv_cells import as_cell, text_of_cell
from meeting_assets.core.errors import UsageError
from meeting_assets.core.instants import check_year, utc


class CsvLine(NamedTuple):
    """The texts of a line by column, and the number of its first line in the file."""

    number: int
    texts: dict[str, str]


class CsvFault(NamedTuple):
    """The fault of a line."""

    number: int
    fault: str

    def __str__(self) -> str:
        return f"Line {self.number}: {self.fault}."


BYTE_ORDER_MARK = "\ufeff"


def csv_text(
    columns: Sequence[str], rows: Iterable[Iterable[str | float]], *, is_for_spreadsheets: bool = False
) -> str:
    """The content of a file. With a byte order mark, spreadsheets read it as UTF-8."""
    text = io.StringIO(newline="")
    if is_for_spreadsheets:
        text.write(BYTE_ORDER_MARK)
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([as_cell(each) if isinstance(each, str) else each for each in row] for row in rows)
    return text.getvalue()


def csv_lines(content: bytes, columns: Sequence[str]) -> tuple[list[CsvLine], list[CsvFault]]:
    """The lines of a file without empty ones, and the faults of lines with a wrong number of cells.

    The columns may have any order. The file may begin with a byte order mark.

    Raises:
        UsageError: the file is no CSV in UTF-8 with these columns.
    """
    rows = _rows(content)
    _, header = next(rows, (1, []))
    if sorted(header) != sorted(columns):
        raise UsageError(
            f"Nothing was imported: the first line must have these columns, separated by commas: {','.join(columns)}."
        )
    lines: list[CsvLine] = []
    faults: list[CsvFault] = []
    for number, cells in rows:
        if len(cells) == len(header):
            lines.append(CsvLine(number, dict(zip(header, map(text_of_cell, cells), strict=True))))
        elif cells:
            faults.append(CsvFault(number, f"{len(cells)} cells instead of {len(header)}"))
    return lines, faults


def instant_of(text: str) -> datetime | None:
    """The instant of a cell, None if the cell is empty.

    Raises:
        ValueError: the text is no instant; the message is the fault of the line.
    """
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
        check_year(instant)
    except ValueError:
        raise ValueError("at is no instant such as 2026-03-02T09:30:00Z") from None
    return utc(instant)


def _rows(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """The rows of a file, each with the number of its first line."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content[: error.start].count(b"\n") + 1
        raise UsageError(f"Nothing was imported: line {number} is not UTF-8.") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    number = 1
    try:
        for row in reader:
            yield number, row
            number = reader.line_num + 1
    except csv.Error:
        raise UsageError(
            f"Nothing was imported: line {number} is no CSV. Quote cells that contain commas, quotes or line breaks."
        ) from None
