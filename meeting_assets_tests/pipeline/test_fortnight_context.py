"""The tables contain the whole context of the fortnight's meetings, counted from the sandbox's world.

The expected numbers come from the world, not from its API. The test of PostgreSQL is in `test_fortnight.py`, because
syncing the fortnight takes half a minute.
"""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from meeting_assets_tests.support.context_counts import CONTEXT, missed_meetings, series, sources
from meeting_assets_tests.support.stored_fortnight import StoredFortnight

LEAST_SUB_CODES = 8
"""Documented sub codes of missed meetings that the sandbox must produce at least."""


@pytest.mark.parametrize("subject", CONTEXT)
def test_tables_contain_the_context_of_the_world(
    stored_fortnight: StoredFortnight, connection: Connection, subject: str
) -> None:
    expected = CONTEXT[subject].of_world(stored_fortnight.world)

    assert expected
    assert CONTEXT[subject].stored(connection) == expected


def test_fortnight_has_every_source_repeated_series_and_eight_reasons(stored_fortnight: StoredFortnight) -> None:
    world = stored_fortnight.world

    assert {*sources(world)} == {"bot", "desktop_sdk", "mobile_sdk", "direct_connect"}
    assert len(missed_meetings(world)) >= LEAST_SUB_CODES
    assert max(series(world).values()) > 1
