"""A sync runs the job `meeting_context` only if the API or time has changed something, or after a day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import dagster as dg
import pytest
import stamina
from sqlalchemy import UpdateBase, update

from meeting_assets.core.instants import now
from meeting_assets.orchestration.assets import context
from meeting_assets.orchestration.assets.context import JOB
from meeting_assets.orchestration.runs import dagster_instance
from meeting_assets.orchestration.sync import SyncReport, sync
from meeting_assets.pipeline.bots import BOTS
from meeting_assets.pipeline.storage import open_storage
from meeting_assets.sandbox import Fault, Sandbox, combined, uniform
from meeting_assets.sandbox.world import World
from meeting_assets.settings import read_settings
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.pipeline.test_bots import AT, MINUTE, listed, rows
from meeting_assets_tests.support.environments import use_sandbox

DAY = date(2026, 3, 2)
BOT_COUNT = 12


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """An API with two recorded meetings and ten missed ones, in pages of ten bots."""
    missed = [listed(f"bot {number}", AT + number * MINUTE, "joining_call", "fatal") for number in range(10)]
    with Sandbox(combined([uniform(DAY, recordings=2, words=1), World(bots=missed)]), limits=False) as running:
        running.habits.page_size = 10
        use_sandbox(running, monkeypatch)
        yield running


def synced(defs: dg.Definitions) -> SyncReport:
    with dagster_instance():
        return sync(defs, read_settings(), [DAY])


def write(statement: UpdateBase) -> None:
    with open_storage(read_settings()) as storage, storage.database.writing() as connection:
        connection.execute(statement)


def run_count() -> int:
    with dagster_instance() as instance:
        return instance.get_runs_count(dg.RunsFilter(job_name=JOB))


def ended_long_ago(sandbox: Sandbox) -> None:
    sandbox.add_bot(listed("new", AT + 60 * MINUTE, "joining_call", "fatal"))


def changed_on_the_first_page(sandbox: Sandbox) -> None:
    newest = max(sandbox.world.bots, key=lambda bot: bot.created_at)
    newest.status_changes.extend(listed("later", AT + 90 * MINUTE, "media_expired").status_changes)


def unfinished_in_the_database(_sandbox: Sandbox) -> None:
    bot_id = rows()[-1]["bot_id"]
    write(update(BOTS).where(BOTS.c.bot_id == bot_id).values(outcome="in_progress", status_at=now()))


def removed_from_the_database(_sandbox: Sandbox) -> None:
    write(BOTS.delete().where(BOTS.c.bot_id == rows()[-1]["bot_id"]))


def failing_list(sandbox: Sandbox) -> None:
    sandbox.inject(Fault("/api/v1/bot/", times=None, status=403, body='{"detail": "forbidden"}'))


def test_sync_without_new_bots_takes_one_list_call_and_no_run(sandbox: Sandbox, defs: dg.Definitions) -> None:
    synced(defs)
    stored, calls = rows(), sandbox.stats.list_calls["bot"]

    report = synced(defs)

    assert report.is_complete
    assert (run_count(), sandbox.stats.list_calls["bot"] - calls) == (1, 1)
    assert len(stored) == BOT_COUNT
    assert rows() == stored


@sqlite_first
@pytest.mark.parametrize(
    "change",
    [
        ended_long_ago,
        changed_on_the_first_page,
        unfinished_in_the_database,
        removed_from_the_database,
        failing_list,
    ],
    ids=lambda change: change.__name__,
)
def test_change_leads_to_a_run(sandbox: Sandbox, defs: dg.Definitions, change: Callable[[Sandbox], None]) -> None:
    synced(defs)

    with stamina.set_testing(True):
        change(sandbox)
        synced(defs)

    assert run_count() == 2


@sqlite_first
def test_list_in_another_order_leads_to_a_run(sandbox: Sandbox, defs: dg.Definitions) -> None:
    sandbox.habits.newest_bots_first = False
    synced(defs)

    synced(defs)

    assert run_count() == 2


@sqlite_first
def test_old_materialization_leads_to_a_run(
    sandbox: Sandbox, defs: dg.Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced(defs)
    monkeypatch.setattr(context, "MAX_AGE", timedelta())

    synced(defs)

    assert run_count() == 2
    assert len(sandbox.world.bots) == BOT_COUNT
