"""Options that several commands share."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer

from meeting_assets.core.errors import UsageError

FirstDay = Annotated[
    datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY", help="first day (UTC)")
]
LastDay = Annotated[
    datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DAY", help="last day (UTC), included")
]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON document and nothing else")]


def check_days(first: date | None, last: date | None, *, names: tuple[str, str] = ("--from", "--to")) -> None:
    """Checks that a range of days is not reversed; None for an open end.

    Args:
        names: the options of the first and of the last day.

    Raises:
        UsageError: the last day is earlier than the first.
    """
    if first is not None and last is not None and last < first:
        raise UsageError(f"{names[1]} is earlier than {names[0]}. Exchange them.")


def as_date(given: datetime | None) -> date | None:
    """The date of a day option, which typer parses into a datetime."""
    return given.date() if given else None
