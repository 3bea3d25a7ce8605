"""The start of the listing of late arrivals in a sync."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from meeting_assets.orchestration.assets.partitions import DAYS_PER_RUN
from meeting_assets.orchestration.sync import unlisted_since

FIRST = date(2026, 3, 2)
LATER = datetime(2026, 9, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day_count", "began", "since"),
    [
        (1, LATER, datetime(2026, 3, 5, tzinfo=UTC)),
        (7, LATER, datetime(2026, 3, 11, tzinfo=UTC)),
        # The lists of the second run reach farther, but may skip artifacts of the first day.
        (DAYS_PER_RUN + 1, LATER, datetime(2026, 3, 4, tzinfo=UTC) + timedelta(days=DAYS_PER_RUN)),
        # An artifact created a minute later is in no list of this sync.
        (1, datetime(2026, 3, 4, 23, 50, tzinfo=UTC), datetime(2026, 3, 4, 23, 50, tzinfo=UTC)),
    ],
)
def test_late_arrivals_are_listed_from_the_end_of_the_lists(day_count: int, began: datetime, since: datetime) -> None:
    days = [FIRST + timedelta(days=number) for number in range(day_count)]

    assert unlisted_since(days, began) == since
