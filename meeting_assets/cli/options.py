"""Options that several commands share."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer

FirstDay = Annotated[
    datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY", help="first day (UTC)")
]
LastDay = Annotated[
    datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DAY", help="last day (UTC), included")
]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON document and nothing else")]


def as_date(given: datetime | None) -> date | None:
    """The date of a day option, which typer parses into a datetime."""
    return given.date() if given else None
