"""Tests change bots and metadata of a running sandbox."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from meeting_assets.sandbox import Sandbox, World, missed_bot, scheduled_bot, waiting_bot

from .conftest import results

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def test_scheduled_bot_has_a_join_time_and_no_status_changes(sandbox: Sandbox, api: httpx.Client) -> None:
    bot = scheduled_bot("next week", NOON, NOON + timedelta(days=7), metadata={"crm_deal_id": "HL-1"})
    sandbox.add_bot(bot)

    (found,) = results(api, "bot/", status="ready")
    assert (found["id"], found["join_at"]) == (bot.id, "2026-01-12T12:00:00.000000Z")
    assert found["status_changes"] == found["recordings"] == []
    assert found["metadata"] == {"crm_deal_id": "HL-1"}


def test_scheduled_bot_can_be_deleted_and_a_dispatched_one_cannot(sandbox: Sandbox, api: httpx.Client) -> None:
    scheduled, waiting = scheduled_bot("later", NOON, NOON + timedelta(days=1)), waiting_bot("now", NOON)
    sandbox.add_bot(scheduled)
    sandbox.add_bot(waiting)
    sandbox.delete_bot(scheduled.id)

    assert api.get(f"bot/{scheduled.id}/").status_code == 404
    with pytest.raises(ValueError, match="only scheduled bots"):
        sandbox.delete_bot(waiting.id)


def test_waiting_bot_advances_by_status_changes(sandbox: Sandbox, api: httpx.Client) -> None:
    bot = waiting_bot("waits", NOON, "microsoft_teams")
    sandbox.add_bot(bot)
    waiting = results(api, "bot/", status="in_waiting_room")
    sandbox.add_status_change(bot.id, "call_ended", "bot_kicked_from_waiting_room", NOON + timedelta(minutes=3))

    last = api.get(f"bot/{bot.id}/").json()["status_changes"][-1]
    assert [each["id"] for each in waiting] == [bot.id]
    assert (last["code"], last["sub_code"]) == ("call_ended", "bot_kicked_from_waiting_room")
    assert last["created_at"] == "2026-01-05T12:03:00.000000Z"


def test_missed_bot_has_the_given_reason(sandbox: Sandbox, api: httpx.Client) -> None:
    sandbox.add_bot(missed_bot("locked out", NOON, "meeting_locked"))

    (found,) = results(api, "bot/", status="fatal")
    assert [each["code"] for each in found["status_changes"]] == ["joining_call", "fatal"]
    assert found["status_changes"][-1]["sub_code"] == "meeting_locked"


def test_changed_metadata_are_shown_everywhere(sandbox: Sandbox, api: httpx.Client) -> None:
    recording = sandbox.world.recordings[0]
    sandbox.set_bot_metadata(recording.bot_id or "", {"customer": "Ottoline Frères"})
    sandbox.set_recording_metadata(recording.id, {"team": "product"})

    shown = api.get(f"recording/{recording.id}/").json()
    assert shown["bot"]["metadata"] == {"customer": "Ottoline Frères"}
    assert shown["metadata"] == {"team": "product"}
    assert api.get(f"bot/{recording.bot_id}/").json()["recordings"][0]["metadata"] == {"team": "product"}


def test_meeting_url_can_be_cleared(sandbox: Sandbox, api: httpx.Client) -> None:
    bot_id = sandbox.world.recordings[0].bot_id or ""
    sandbox.clear_meeting_url(bot_id)

    assert api.get(f"bot/{bot_id}/").json()["meeting_url"] is None
    assert bot_id not in {each["id"] for each in results(api, "bot/", platform="zoom")}


def test_changes_to_a_sandbox_do_not_change_its_world() -> None:
    bot = waiting_bot("shared", NOON)
    world = World(bots=[bot])
    sandbox = Sandbox(world)
    sandbox.add_status_change(bot.id, "done")

    assert len(world.bot(bot.id).status_changes) == 2
