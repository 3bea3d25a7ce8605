"""A pass over the bots lists new ones with few calls, and retrieves those that had not ended."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
import stamina

from meeting_assets.core.errors import Transient
from meeting_assets.core.instants import now
from meeting_assets.pipeline.bots_pass import BotsReport, sync_bots
from meeting_assets.pipeline.storage import access_of
from meeting_assets.sandbox import Fault, Sandbox
from meeting_assets.sandbox.world import Bot as ListedBot
from meeting_assets.sandbox.world import World, identifier
from meeting_assets.settings import read_settings
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.pipeline.test_bots import AT, MINUTE, changes, listed, rows
from meeting_assets_tests.support.environments import open_test_storage, use_sandbox

pytestmark = [sqlite_first, pytest.mark.with_tables]

LIST = "/api/v1/bot/"


@pytest.fixture(autouse=True)
def _database(database_url: str) -> None:
    """Every test runs on both databases."""


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """An API with 25 ended bots in pages of ten; the newest come first."""
    bots = [listed(f"bot {number}", AT + number * MINUTE, "joining_call", "fatal") for number in range(25)]
    with Sandbox(World(bots=bots), limits=False) as running:
        running.habits.page_size = 10
        use_sandbox(running, monkeypatch)
        yield running


def run_pass(*bot_ids: str) -> BotsReport:
    with open_test_storage() as storage:
        return asyncio.run(sync_bots(storage, access_of(read_settings()), bot_ids))


def add(sandbox: Sandbox, *bots: ListedBot) -> None:
    for bot in bots:
        sandbox.add_bot(bot)


def stored_ids() -> set[str]:
    return {each["bot_id"] for each in rows()}


def test_first_pass_reads_the_whole_list(sandbox: Sandbox) -> None:
    report = run_pass()

    assert (report.new, report.list_calls) == (25, 3)
    assert len(rows()) == 25


def test_pass_without_new_bots_takes_one_call(sandbox: Sandbox) -> None:
    run_pass()

    report = run_pass()

    assert (report.new, report.list_calls, report.retrieved) == (0, 1, 0)


def test_pass_reads_pages_until_one_shows_no_new_bot(sandbox: Sandbox) -> None:
    run_pass()
    add(sandbox, *(listed(f"new {n}", AT + (100 + n) * MINUTE, "joining_call", "fatal") for n in range(12)))

    report = run_pass()

    assert (report.new, report.list_calls) == (12, 3)
    assert len(rows()) == 37


def test_bots_behind_a_page_of_bots_from_webhooks_are_found(sandbox: Sandbox) -> None:
    run_pass()
    new = [listed(f"new {n}", AT + (100 + n) * MINUTE, "joining_call", "fatal") for n in range(15)]
    add(sandbox, *new)
    run_pass(*(each.id for each in new[-10:]))

    report = run_pass()

    assert report.new == 5
    assert len(rows()) == 40


def test_pass_continues_after_an_interrupted_one(sandbox: Sandbox) -> None:
    """The second request, for the second page, fails with all its retries."""
    sandbox.inject(Fault(LIST, times=1, edit=lambda body: body))
    sandbox.inject(Fault(LIST, times=None, status=500))
    with stamina.set_testing(True, attempts=3, cap=True), pytest.raises(Transient):
        run_pass()
    interrupted = len(rows())
    sandbox.clear_faults()

    report = run_pass()

    assert interrupted == 10
    assert report.new == 15
    assert len(rows()) == 25


def test_list_with_the_oldest_bots_first_is_read_from_its_end(sandbox: Sandbox) -> None:
    sandbox.habits.newest_bots_first = False
    run_pass()
    add(sandbox, *(listed(f"new {n}", AT + (100 + n) * MINUTE, "joining_call", "fatal") for n in range(3)))

    report = run_pass()

    assert (report.new, len(rows())) == (3, 28)
    assert report.list_calls == 3


def test_list_that_becomes_shorter_while_it_is_read_backwards_is_read_to_its_end(sandbox: Sandbox) -> None:
    """The first page still counts 40 bots; the last two pages exist no more when they are requested."""
    sandbox.habits.newest_bots_first = False
    run_pass()
    add(sandbox, *(listed(f"new {n}", AT + (100 + n) * MINUTE, "joining_call", "fatal") for n in range(3)))
    sandbox.inject(Fault(LIST, times=1, edit=lambda body: body.replace(b'"count": 28', b'"count": 50')))
    sandbox.inject(Fault(LIST, times=2, status=404, body="{}"))

    report = run_pass()

    assert report.new == 3
    assert len(rows()) == 28


def test_bots_that_had_not_ended_are_retrieved(sandbox: Sandbox) -> None:
    waiting = listed("waiting", now() - 60 * MINUTE, "joining_call", "in_waiting_room")
    waiting.created_at = AT - MINUTE  # so that the first page does not list it
    add(sandbox, waiting)
    run_pass()
    waiting.status_changes += changes(("call_ended", "timeout_exceeded_waiting_room"), "done", at=now())

    report = run_pass()

    assert (report.list_calls, report.retrieved) == (1, 1)
    found = next(each for each in rows() if each["bot_id"] == waiting.id)
    assert (found["outcome"], found["sub_code"]) == ("missed", "timeout_exceeded_waiting_room")


@pytest.mark.parametrize(
    ("joins_in", "retrieved"), [(-60 * MINUTE, 1), (9 * MINUTE, 1), (11 * MINUTE, 0), (-timedelta(days=31), 0)]
)
def test_scheduled_bots_are_retrieved_from_shortly_before_they_join(
    sandbox: Sandbox, joins_in: timedelta, retrieved: int
) -> None:
    add(sandbox, listed("scheduled", AT - MINUTE, join_at=now() + joins_in))
    run_pass()

    assert run_pass().retrieved == retrieved


def test_bot_deleted_before_it_joined_is_removed(sandbox: Sandbox) -> None:
    scheduled = listed("scheduled", AT, join_at=now())
    add(sandbox, scheduled)
    run_pass()
    sandbox.delete_bot(scheduled.id)

    report, next_report = run_pass(), run_pass()

    assert report.gone == 1
    assert scheduled.id not in stored_ids()
    assert len(rows()) == 25
    assert next_report.list_calls == 1


@pytest.mark.parametrize("status", [400, 403, 405, 409, 500])
def test_bot_that_the_api_refuses_to_show_keeps_its_row(sandbox: Sandbox, status: int) -> None:
    scheduled = listed("scheduled", AT, join_at=now())
    add(sandbox, scheduled)
    run_pass()
    sandbox.inject(Fault(scheduled.id, times=None, status=status, body='{"detail": "forbidden"}'))

    with stamina.set_testing(True, attempts=3, cap=True):
        report = run_pass(scheduled.id)

    assert (report.gone, report.retrieved) == (0, 0)
    assert report.failed.keys() == {scheduled.id}
    assert scheduled.id in stored_ids()


def test_bot_missed_by_a_pass_is_found_although_a_stored_one_is_no_longer_listed(sandbox: Sandbox) -> None:
    """The new bot is on the last page, which the pass would not read because the first page shows no new bot."""
    run_pass()
    sandbox.world.remove_bot(sandbox.world.bots[3].id)
    run_pass()
    add(sandbox, listed("late", AT - 100 * MINUTE, "joining_call", "fatal"))

    report = run_pass()

    assert report.new == 1
    assert len(rows()) == 26


def test_bot_without_a_final_status_becomes_unknown_after_a_month(sandbox: Sandbox) -> None:
    recently, long_ago = now() - timedelta(days=29), now() - timedelta(days=31)
    waiting = listed("waiting", recently, "joining_call", "in_waiting_room")
    add(sandbox, waiting, listed("abandoned", long_ago, "joining_call", "in_waiting_room"))

    run_pass()

    outcomes = {row["bot_id"]: row["outcome"] for row in rows()}
    assert outcomes[waiting.id] == "in_progress"
    assert outcomes[identifier("bot", "abandoned")] == "unknown"


def test_named_bots_are_retrieved_without_listing_any(sandbox: Sandbox) -> None:
    named = sandbox.world.bots[3]

    report = run_pass(named.id, identifier("no such bot"))

    assert (report.list_calls, report.retrieved, report.gone) == (0, 1, 1)
    assert [each["bot_id"] for each in rows()] == [named.id]


def test_malformed_bot_costs_no_other_one_and_is_not_looked_for_again(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    malformed = sandbox.world.bots[24].id.encode()
    sandbox.inject(Fault(LIST, times=None, edit=lambda body: body.replace(malformed, b"confidential")))

    first, second = run_pass(), run_pass()

    assert (first.new, first.unreadable) == (24, 1)
    assert second.list_calls == 1
    assert len(rows()) == 24
    assert "confidential" not in caplog.text


def test_bot_with_an_invalid_name_is_stored_without_it(sandbox: Sandbox) -> None:
    sandbox.world.bots[24].name = 5  # type: ignore[assignment]

    report = run_pass()

    assert (report.new, report.unreadable) == (25, 0)
    assert [each["bot_id"] for each in rows() if each["bot_name"] is None] == [sandbox.world.bots[24].id]
