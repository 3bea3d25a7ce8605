"""The raw store alone suffices to rebuild the database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from meeting_assets.artifacts.participants import Participants
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.pipeline.rebuild import rebuild, refresh
from meeting_assets.pipeline.rollup import outdated_weeks
from meeting_assets.pipeline.storage import open_storage
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets.settings import read_settings
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER
from meeting_assets_tests.conftest import fresh_postgresql
from meeting_assets_tests.support.environments import VOLATILE_COLUMNS, sync_days, table_rows, use_sandbox

DAY = date(2026, 3, 2)
# A sync notes the hash of the listing that it writes; a rebuild writes none.
WITHOUT = VOLATILE_COLUMNS | {"listing_sha256"}


@pytest.fixture
def synced_day(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A synced day with a recording in progress, an absent, a failed and an unreadable artifact."""
    with Sandbox(uniform(DAY, recordings=3)) as sandbox:
        use_sandbox(sandbox, monkeypatch)
        first, second, third = sandbox.world.recordings
        sandbox.add_recording(first.created_at, processing=True)
        sandbox.set_url(first.of("transcript")[0].id, "provider_data", None)
        sandbox.fail(second.of("video_separate")[0].id, "something")
        sandbox.set_payload(third.of("transcript")[0].id, "transcript", b"[7]")
        sandbox.add_transcript(second.id, second.of("transcript")[0].created_at)
        sync_days([DAY])
        yield sandbox


def test_rebuild_fills_an_empty_database_without_the_api(
    synced_day: Sandbox, home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = table_rows(without=WITHOUT)
    synced_day.stats.reset()
    monkeypatch.delenv("RECALL_API_KEY")
    url = f"sqlite:///{home / 'another.db'}"
    if "postgresql" in read_settings().database_url:
        url = fresh_postgresql(request.getfixturevalue("postgresql_server"))
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", url)

    with open_storage(read_settings()) as storage:
        report = rebuild(storage)

    assert synced_day.stats.requests == []
    assert report.faults == []
    assert report.recordings == 4
    assert table_rows(without=WITHOUT) == before


def test_rebuild_of_a_complete_database_changes_no_row(synced_day: Sandbox) -> None:
    before = table_rows(without=VOLATILE_COLUMNS)
    synced_day.stats.reset()

    with open_storage(read_settings()) as storage:
        rebuild(storage, [DAY])
        assert outdated_weeks(storage) == []

    assert table_rows(without=VOLATILE_COLUMNS) == before
    assert synced_day.stats.requests == []


def test_refresh_parses_only_rows_of_another_parser_version(synced_day: Sandbox) -> None:
    before = table_rows(without=VOLATILE_COLUMNS)
    with open_storage(read_settings()) as storage:
        with storage.database.writing() as connection:
            outdate = LEDGER.update().where(LEDGER.c.kind == "participants", LEDGER.c.status == "parsed")
            connection.execute(outdate.values(parser_version="0"))

        report = refresh(storage)
        again = refresh(storage)

    assert (report.days, report.artifacts) == ([DAY], 3)
    assert (again.days, again.artifacts) == ([], 0)
    assert table_rows(without=VOLATILE_COLUMNS) == before


def test_changed_parameters_derive_metrics_again_and_parse_nothing(
    synced_day: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced_day.stats.reset()
    monkeypatch.setenv("MEETING_ASSETS_METRICS", "dead_air_s=3, bridge_s=0.5")

    with open_storage(read_settings()) as storage:
        report = refresh(storage)
        with storage.database.reading() as connection:
            versions = {*connection.scalars(select(table_of(MeetingMetrics).c.config_version))}

    assert (report.days, report.artifacts, report.faults) == ([DAY], 0, [])
    assert versions == {Parameters(dead_air_s=3, bridge_s=0.5).config_version}
    assert synced_day.stats.requests == []


@pytest.mark.parametrize(("domain", "is_external"), [("Northwind.EXAMPLE", False), ("wind.example", True)])
def test_own_domains_are_compared_with_stored_addresses_without_parsing_again(
    synced_day: Sandbox, monkeypatch: pytest.MonkeyPatch, domain: str, is_external: bool
) -> None:
    synced_day.stats.reset()
    monkeypatch.setenv("MEETING_ASSETS_OWN_DOMAINS", domain)

    with open_storage(read_settings()) as storage:
        report = refresh(storage)
        with storage.database.reading() as connection:
            addresses = {*connection.scalars(select(table_of(Participants).c.email))}
            sides = [*connection.scalars(select(table_of(ParticipantMetrics).c.is_external))]

    assert {each.partition("@")[2] for each in addresses} == {"northwind.example"}
    assert sides == [is_external] * 9
    assert (report.days, report.artifacts, synced_day.stats.requests) == ([DAY], 0, [])
