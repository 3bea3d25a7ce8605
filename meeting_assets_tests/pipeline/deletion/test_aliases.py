"""Aliases are purged with the last meeting of their persons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from meeting_assets.artifacts.participants import Participants
from meeting_assets.health.fingerprints import fingerprints_of
from meeting_assets.health.purge_verification import find_remains
from meeting_assets.metrics import METRICS
from meeting_assets.pipeline.aliases import alias_request, change_aliases
from meeting_assets.pipeline.deletion.aliases import aliased_keys, unused_aliases
from meeting_assets.pipeline.deletion.recordings import purge
from meeting_assets.settings import read_settings
from meeting_assets.store.database import table_of
from meeting_assets.store.person_aliases import Alias, all_aliases, put_aliases
from meeting_assets.store.tombstones import ASKED_FOR
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.environments import open_test_storage
from meeting_assets_tests.support.planted_texts import locations_of
from meeting_assets_tests.support.rollups import MONDAY, SUNDAY, TUESDAY, Home, identify, ids, roll_up_all
from meeting_assets_tests.support.snapshots import fill_once

pytestmark = [sqlite_first, pytest.mark.with_tables]

AT = datetime(2026, 4, 1, 9, tzinfo=UTC)
NOTE = "Zerlina Quibblethorpe said so herself"
ANA = "name:Ana Ruiz"
"""The first participant of every meeting."""


@pytest.fixture
def meetings(home_with_meetings: Home) -> list[str]:
    """The ids of a meeting on Sunday and of one on Tuesday; the other two are purged."""

    def purge_others() -> list[str]:
        remaining = {SUNDAY: ids(home_with_meetings, SUNDAY)[0], TUESDAY: ids(home_with_meetings, TUESDAY)[0]}
        with open_test_storage() as storage:
            purge(storage, ids(home_with_meetings, MONDAY), ASKED_FOR)
        for day, recording_id in remaining.items():
            identify(recording_id, day, None)
        return [*remaining.values()]

    return fill_once("two of four meetings", purge_others)


def alias(*pairs: tuple[str, str]) -> None:
    with open_test_storage() as storage:
        change_aliases(storage, [alias_request(*pair, note=NOTE) for pair in pairs], author="test", at=AT)
    roll_up_all()


def aliases_after_purge(*recording_ids: str) -> list[str]:
    with open_test_storage() as storage:
        purge(storage, recording_ids, ASKED_FOR)
        return [each.person_key for each in storage.database.read(all_aliases)]


def identify_first(recording_id: str, day: date, key: str, *, email: str | None = None) -> None:
    identify(recording_id, day, key, None, email=email)


@pytest.mark.parametrize(
    ("pairs", "kept"),
    [
        ([("zoom:sunday", "email:new@example.com")], []),
        ([("zoom:sunday", "zoom:tuesday")], ["zoom:sunday"]),
        ([("zoom:tuesday", "zoom:sunday")], ["zoom:tuesday"]),
        ([("zoom:sunday", "zoom:middle"), ("zoom:middle", "zoom:tuesday")], ["zoom:middle", "zoom:sunday"]),
        ([("zoom:sunday", "zoom:middle"), ("zoom:middle", "zoom:end")], []),
        ([("email:s@example.com", "email:new@example.com")], []),
        ([("zoom:not-yet", "zoom:later")], ["zoom:not-yet"]),
        ([("name:Bo Larsen", "zoom:sunday")], ["name:bo larsen"]),
        ([(ANA, "zoom:tuesday")], []),
    ],
    ids=[
        "person of the purged meeting only",
        "target remains",
        "key remains",
        "joined with a remaining key through another alias",
        "joined with no remaining key",
        "address beside the key",
        "person of no meeting",
        "name in another meeting",
        "name in no other meeting without a key",
    ],
)
def test_alias_is_purged_with_the_last_meeting_of_its_person(
    meetings: list[str], pairs: Sequence[tuple[str, str]], kept: list[str]
) -> None:
    sunday, tuesday = meetings
    identify_first(tuesday, TUESDAY, "zoom:tuesday")
    if (ANA, "zoom:tuesday") not in pairs:
        identify_first(sunday, SUNDAY, "zoom:sunday", email="S@Example.com")
    alias(*pairs)

    assert aliases_after_purge(sunday) == kept


def test_name_is_purged_with_the_last_meeting_that_has_it(meetings: list[str]) -> None:
    alias((ANA, "email:ana@example.com"))

    assert aliases_after_purge(meetings[0]) == ["name:ana ruiz"]
    assert aliases_after_purge(meetings[1]) == []


def test_purged_alias_leaves_no_text(meetings: list[str], home: Path) -> None:
    identify_first(meetings[0], SUNDAY, "email:zerlina@quibblethorpe.example")
    alias(("email:zerlina@quibblethorpe.example", "email:z@marmalade.example"))
    url = read_settings().database_url
    assert locations_of(home, url, NOTE)

    with open_test_storage() as storage:
        fingerprints = fingerprints_of(storage, {meetings[0]: SUNDAY})
        purge(storage, meetings[:1], ASKED_FOR)
        remains = find_remains(storage, read_settings(), fingerprints)

    assert {NOTE, "email:z@marmalade.example"} <= {*fingerprints.texts}
    assert remains.found == []
    for text in (NOTE, "zerlina@quibblethorpe.example", "z@marmalade.example"):
        assert locations_of(home, url, text) == set()


def test_purge_verification_finds_an_alias_that_remains(meetings: list[str], home: Path) -> None:
    identify_first(meetings[0], SUNDAY, "email:zerlina@quibblethorpe.example")
    kept = Alias("email:zerlina@quibblethorpe.example", "email:z@marmalade.example", "test", AT, NOTE)
    with open_test_storage() as storage:
        storage.database.write(lambda connection: put_aliases(connection, [kept]))
        fingerprints = fingerprints_of(storage, {meetings[0]: SUNDAY})
        purge(storage, meetings[:1], ASKED_FOR)
        storage.database.write(lambda connection: put_aliases(connection, [kept]))
        (home / "notes.log").write_text(f"... {NOTE} ...")

        remains = find_remains(storage, read_settings(), fingerprints)

    assert "1 rows of person_aliases name its persons" in remains.found
    assert any("notes.log contains text" in each for each in remains.found)


def test_name_that_an_artifact_of_an_unmeasured_meeting_contains_is_in_use(meetings: list[str]) -> None:
    alias((ANA, "email:ana@example.com"))
    with open_test_storage() as storage, storage.database.writing() as connection:
        keys = aliased_keys(connection, meetings[0])
        connection.execute(table_of(Participants).delete())
        for model in METRICS:
            connection.execute(table_of(model).delete())

        assert "name:ana ruiz" in keys
        assert unused_aliases(connection, keys) == []
        assert aliased_keys(connection, meetings[0]) >= {"name:ana ruiz"}
