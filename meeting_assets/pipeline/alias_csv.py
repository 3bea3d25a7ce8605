"""Person aliases as CSV: one line per alias, as `core.csv_lines` describes. Instants are ISO 8601 in UTC.

person_key,target,author,at,note
"""

from __future__ import annotations

from collections.abc import Iterable

from meeting_assets.core.csv_lines import CsvFault, CsvLine, csv_lines, csv_text, instant_of
from meeting_assets.core.instants import to_iso8601
from meeting_assets.pipeline.aliases import AliasRequest, alias_request
from meeting_assets.store.person_aliases import Alias

COLUMNS = Alias._fields


def alias_csv(aliases: Iterable[Alias]) -> str:
    """The aliases as CSV."""
    rows = ((each.person_key, each.target, each.author, to_iso8601(each.at), each.note or "") for each in aliases)
    return csv_text(COLUMNS, rows)


def read_aliases(content: bytes) -> tuple[list[AliasRequest], list[CsvFault]]:
    """The aliases of a CSV file, and the faults of its lines. Empty cells of `author`, `at` and `note` say nothing.

    Raises:
        UsageError: the file is no CSV in UTF-8 with the header.
    """
    lines, faults = csv_lines(content, COLUMNS)
    requests: list[AliasRequest] = []
    for each in lines:
        try:
            requests.append(_request(each))
        except ValueError as error:
            faults.append(CsvFault(each.number, str(error)))
    return requests, sorted(faults)


def _request(line: CsvLine) -> AliasRequest:
    """Raises a ValueError with the fault of a line."""
    texts = line.texts
    return alias_request(
        texts["person_key"],
        texts["target"],
        author=texts["author"] or None,
        at=instant_of(texts["at"]),
        note=texts["note"] or None,
        position=f"line {line.number}: ",
    )
