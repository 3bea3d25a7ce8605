"""Checks of bots: they run after every pass over the bots."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, literal, select

from meeting_assets.core.instants import day_of
from meeting_assets.health.check import Check
from meeting_assets.pipeline.missed_meeting_categories import NOT_INTENDED
from meeting_assets.pipeline.missed_meetings import BOTS, missed_meetings

REPORTED_FOR = timedelta(days=7)


def bot_checks() -> list[Check]:
    """Checks that read `bots` and `recordings` alone."""
    return [
        Check(
            name="no_meeting_was_missed_last_week",
            description=(
                f"Every bot that ended within the last {REPORTED_FOR.days} days has a recording. The view "
                "`missed_meetings` names the reason and the remedy of each missed meeting. Metadata count the missed "
                "meetings of each category, such as `waiting_room`. Bots that were not to record, of the category "
                f"`{NOT_INTENDED}`, are left out."
            ),
            table=BOTS.name,
            is_error=False,
            violating_rows=_missed,
            location_of=lambda row: f"bot {row.bot_id}, {row.status} {row.sub_code or 'without a sub code'}",
            counts_sources=True,
        )
    ]


def _missed(at: datetime) -> Select[Any]:
    missed = missed_meetings().subquery("missed")
    c = missed.c
    return select(
        literal("").label("recording_id"), c.day, c.category.label("source"), c.bot_id, c.status, c.sub_code
    ).where(c.day >= day_of(at - REPORTED_FOR), c.category != NOT_INTENDED)
