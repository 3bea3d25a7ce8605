"""Texts as cells of CSV files that spreadsheets open.

A spreadsheet evaluates a cell that begins with `=`, `+`, `-`, `@`, a tab or a line break as a formula. An apostrophe
before such a text makes it a text. Texts that begin with an apostrophe get another one, so that reading a cell returns
exactly the text that was written.

>>> as_cell("=1+1"), as_cell("'=1"), as_cell("Ada"), as_cell("'t Hooft")
("'=1+1", "''=1", 'Ada', "''t Hooft")
>>> [text_of_cell(as_cell(text)) for text in ("=1+1", "'=1", "Ada", "'t Hooft")]
['=1+1', "'=1", 'Ada', "'t Hooft"]

A spreadsheet whose separator is `;` or a tab begins another cell inside a text, even if the file quotes the text. A
sign there gets an apostrophe, too:

>>> as_cell("Ada;=1+1"), text_of_cell(as_cell("Ada;=1+1"))
("Ada;'=1+1", 'Ada;=1+1')

A cell that a person wrote may begin with a single apostrophe:

>>> text_of_cell("'t Hooft")
"'t Hooft"
"""

from __future__ import annotations

import re

APOSTROPHE = "'"
# The full-width forms count, too: spreadsheets in Asian locales evaluate them.
SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"
FORMULA_STARTS = frozenset(f"{SIGNS}\t\r\n")
_INNER_START = r"""([;\t\r\n][ "]*)"""
_SIGN = rf"(?=[{APOSTROPHE}{re.escape(SIGNS)}])"
_UNESCAPED, _ESCAPED = re.compile(_INNER_START + _SIGN), re.compile(_INNER_START + APOSTROPHE + _SIGN)


def as_cell(text: str) -> str:
    """Returns the cell of a text."""
    cell = _UNESCAPED.sub(rf"\1{APOSTROPHE}", text)
    return APOSTROPHE + cell if text and text[0] in FORMULA_STARTS | {APOSTROPHE} else cell


def text_of_cell(cell: str) -> str:
    """Returns the text of a cell; the inverse of `as_cell`."""
    is_escaped = cell[:1] == APOSTROPHE and cell[1:2] in FORMULA_STARTS | {APOSTROPHE} and len(cell) > 1
    return _ESCAPED.sub(r"\1", cell[1:] if is_escaped else cell)
