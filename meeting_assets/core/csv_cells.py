"""Texts as cells of CSV files that spreadsheets open.

A spreadsheet evaluates a cell that begins with `=`, `+`, `-`, `@`, a tab or a line break as a formula. An apostrophe
before such a text makes it a text. Texts that begin with an apostrophe get another one, so that reading a cell returns
exactly the text that was written.

>>> as_cell("=1+1"), as_cell("'=1"), as_cell("Ada"), as_cell("'t Hooft")
("'=1+1", "''=1", 'Ada', "''t Hooft")
>>> [text_of_cell(as_cell(text)) for text in ("=1+1", "'=1", "Ada", "'t Hooft")]
['=1+1', "'=1", 'Ada', "'t Hooft"]

A cell that a person wrote may begin with a single apostrophe:

>>> text_of_cell("'t Hooft")
"'t Hooft"
"""

from __future__ import annotations

APOSTROPHE = "'"
# The full-width forms count, too: spreadsheets in Asian locales evaluate them.
FORMULA_STARTS = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def as_cell(text: str) -> str:
    """Returns the cell of a text."""
    return APOSTROPHE + text if text[:1] in FORMULA_STARTS | {APOSTROPHE} and text else text


def text_of_cell(cell: str) -> str:
    """Returns the text of a cell; the inverse of `as_cell`."""
    is_escaped = cell[:1] == APOSTROPHE and cell[1:2] in FORMULA_STARTS | {APOSTROPHE} and len(cell) > 1
    return cell[1:] if is_escaped else cell
