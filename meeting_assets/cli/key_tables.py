"""Tables with keys that users copy into options.

Keys and numbers are never cut or broken into lines. Texts are wrapped in narrow terminals. Where even that is too wide,
each row becomes a paragraph, which begins with its first cell:

    email:ada@example.com
      name: Ada Lovelace
      meetings: 12, hours: 10.5, share of talk: 31.2%
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.cells import cell_len
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from meeting_assets.cli.terminal import out, print_line, print_table

TEXT_WIDTH = 12
"""The least width of a column of texts; longer ones continue on the next line."""
GAP, INDENT = 2, 2


@dataclass(frozen=True, slots=True)
class KeyTable:
    """The headings of a table. Columns that are neither numbers nor texts contain keys."""

    headings: Sequence[str]
    numbers: Collection[str] = ()
    texts: Collection[str] = ()

    def print(self, rows: Sequence[Sequence[str]]) -> None:
        """Prints the rows. Their cells contain no markup, only printable characters."""
        if out.is_terminal and rows and self._least_width(rows) > out.width:
            for row in rows:
                self._print_paragraph(row)
        else:
            print_table(self._table(rows))

    def _least_width(self, rows: Sequence[Sequence[str]]) -> int:
        """The least width of a terminal in which no key, number or heading is broken."""
        widths = []
        for index, heading in enumerate(self.headings):
            longest = max(cell_len(row[index]) for row in rows)
            widths.append(max(min(longest, TEXT_WIDTH) if heading in self.texts else longest, cell_len(heading)))
        return sum(widths) + GAP * (len(widths) - 1)

    def _table(self, rows: Sequence[Sequence[str]]) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="dim")
        for heading in self.headings:
            justify: Literal["left", "right"] = "right" if heading in self.numbers else "left"
            table.add_column(heading, justify=justify, overflow="fold", no_wrap=heading not in self.texts)
        for row in rows:
            table.add_row(*map(Text, row))
        return table

    def _print_paragraph(self, row: Sequence[str]) -> None:
        """Prints lines with keys as they are: a terminal that breaks such a line copies it whole."""
        numbers = []
        for index, (heading, cell) in enumerate(zip(self.headings, row, strict=True)):
            if index == 0:
                print_line(cell)
            elif heading in self.numbers:
                numbers.append(f"{heading}: {cell}")
            elif heading in self.texts:
                _print_indented(f"{heading}: {cell}")
            else:
                print_line(f"{' ' * INDENT}{heading}: {cell}")
        if numbers:
            _print_indented(", ".join(numbers))


def _print_indented(text: str) -> None:
    out.print(Padding(Text(text), (0, 0, 0, INDENT), expand=False))
