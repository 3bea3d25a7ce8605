"""Bots are stored with their status changes, their outcome and their reason, as last observed."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, text

from meeting_assets.pipeline.bot_corrections import correct_outcomes
from meeting_assets.pipeline.bot_status_changes import CHANGES
from meeting_assets.pipeline.bots import BOTS, ObservedBot, record_bots
from meeting_assets.recall.objects import Bot, decode_object
from meeting_assets.sandbox.world import Bot as ListedBot
from meeting_assets.sandbox.world import identifier
from meeting_assets.store import tombstones
from meeting_assets.store.calendar_events import EVENTS
from meeting_assets.store.ledger import RECORDINGS
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.environments import open_test_storage
from meeting_assets_tests.support.ui import until

pytestmark = [sqlite_first, pytest.mark.with_tables]
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
BOT_ID = "6e1f5adb-3340-4f50-900d-9aa2cdc53d6c"
PASSWORD = "planted-password"
TICK = timedelta(microseconds=1)
DENIED = "recording_permission_denied"
NOT_PERMITTED = "timeout_exceeded_recording_permission_denied"


def changes(*codes: str | tuple[str, str | None], at: datetime = AT) -> list[dict[str, Any]]:
    """Status changes a minute apart, each a code or a code with its sub code."""
    pairs = [(each, None) if isinstance(each, str) else each for each in codes]
    return [
        {"code": code, "sub_code": sub_code, "message": None, "created_at": (at + number * MINUTE).isoformat()}
        for number, (code, sub_code) in enumerate(pairs)
    ]


MINUTE = timedelta(minutes=1)


def document(*codes: str | tuple[str, str | None], **fields: Any) -> dict[str, Any]:
    return {
        "id": BOT_ID,
        "bot_name": "Notetaker",
        "meeting_url": {"platform": "zoom", "meeting_id": "8123456789", "meeting_password": PASSWORD},
        "join_at": None,
        "metadata": {"crm_id": "C-17"},
        "calendar_meetings": [],
        "recordings": [],
        "status_changes": changes(*codes),
        **fields,
    }


def observe(*documents: dict[str, Any], observed_at: datetime | None = AT, at: datetime = AT + 10 * MINUTE) -> None:
    with open_test_storage() as storage:
        record_bots(storage, [ObservedBot(decode_object(each, Bot, "bot"), observed_at) for each in documents], at)


def rows() -> list[dict[str, Any]]:
    with open_test_storage() as storage, storage.database.reading() as connection:
        return [dict(row) for row in connection.execute(BOTS.select().order_by(BOTS.c.bot_id)).mappings()]


def row() -> dict[str, Any]:
    (only,) = rows()
    return only


def codes() -> list[str]:
    with open_test_storage() as storage, storage.database.reading() as connection:
        return [*connection.scalars(select(CHANGES.c.code).order_by(CHANGES.c.change_index))]


@pytest.fixture(autouse=True)
def _database(database_url: str) -> None:
    """Every test runs on both databases."""


def test_bot_is_stored_with_its_meeting_and_its_keys() -> None:
    meeting = {"id": "event", "start_time": "2026-03-02T09:00:00Z", "end_time": "2026-03-02T10:00:00Z"}

    observe(
        document("joining_call", ("call_ended", "bot_kicked_from_waiting_room"), "done", calendar_meetings=[meeting])
    )

    found = row()
    assert found["bot_name"] == "Notetaker"
    assert (found["platform"], found["meeting_id"]) == ("zoom", "8123456789")
    assert found["bot_metadata"] == {"crm_id": "C-17"}
    assert (found["scheduled_at"], found["scheduled_end_at"]) == (AT, AT + 60 * MINUTE)
    assert found["calendar_event_id"] == "event"
    assert (found["day"], found["first_status_at"], found["status_at"]) == (date(2026, 3, 2), AT, AT + 2 * MINUTE)
    assert (found["status"], found["sub_code"], found["outcome"]) == ("done", "bot_kicked_from_waiting_room", "missed")
    assert codes() == ["joining_call", "call_ended", "done"]


@pytest.mark.parametrize(
    ("codes", "recordings", "outcome"),
    [
        ((), 0, "scheduled"),
        (("ready",), 0, "scheduled"),
        (("joining_call", "in_waiting_room"), 0, "in_progress"),
        (("joining_call", "in_call_recording"), 1, "in_progress"),
        (("joining_call", "call_ended"), 0, "in_progress"),
        (("joining_call", "call_ended", "done"), 0, "missed"),
        (("joining_call", "fatal"), 0, "missed"),
        (("joining_call", "call_ended", "done"), 1, "recorded"),
        (("joining_call", "in_call_recording", "call_ended", "done"), 0, "recorded"),
        (("joining_call", "in_call_recording", "call_ended", "done", "media_expired"), 0, "recorded"),
        (("joining_call", "done", "analysis_done"), 0, "recorded"),
        (("joining_call", "a_new_code"), 0, "in_progress"),
        (("joining_call", "fatal", "a_new_code"), 0, "missed"),
        (("joining_call", "call_ended", "done", "a_new_code"), 0, "missed"),
        (("joining_call", "call_ended", "a_new_code"), 0, "in_progress"),
    ],
)
def test_outcome_of_a_bot(codes: tuple[str, ...], recordings: int, outcome: str) -> None:
    listed = [{"id": identifier("recording", number)} for number in range(recordings)]

    observe(document(*codes, recordings=listed))

    assert (row()["outcome"], row()["recording_count"]) == (outcome, recordings)


@pytest.mark.parametrize(("age", "outcome"), [(timedelta(hours=24), "in_progress"), (timedelta(hours=25), "missed")])
def test_bot_that_left_its_call_a_day_ago_has_ended(age: timedelta, outcome: str) -> None:
    observe(document("call_ended"), at=AT + age)

    assert row()["outcome"] == outcome


@pytest.mark.parametrize(("later", "outcome"), [("a_new_code", "missed"), ("in_waiting_room", "in_progress")])
def test_only_a_known_code_of_a_call_shows_that_a_bot_joined_again(later: str, outcome: str) -> None:
    observe(document("joining_call", "call_ended", later), at=AT + timedelta(days=3))

    assert row()["outcome"] == outcome


@pytest.mark.parametrize(
    ("codes", "fields", "outcome"),
    [
        (("joining_call", "in_waiting_room"), {}, "unknown"),
        (("joining_call", "in_call_recording"), {}, "recorded"),
        ((), {"join_at": AT.isoformat()}, "unknown"),
        ((), {}, "scheduled"),
        (("ready",), {"join_at": (AT + timedelta(days=30)).isoformat()}, "scheduled"),
    ],
)
def test_bot_without_a_final_status_is_unknown_after_a_month(
    codes: tuple[str, ...], fields: dict[str, Any], outcome: str
) -> None:
    observe(document(*codes, **fields), at=AT + timedelta(days=31))

    assert row()["outcome"] == outcome


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ((("call_ended", "timeout_exceeded_waiting_room"), ("fatal", "bot_errored")), "bot_errored"),
        ((("fatal", "bot_errored"), ("call_ended", "timeout_exceeded_waiting_room")), "bot_errored"),
        (((DENIED, "zoom_host_not_present"), ("call_ended", "call_ended_by_host"), "done"), "call_ended_by_host"),
        (((DENIED, "zoom_host_not_present"), "call_ended", "done"), "zoom_host_not_present"),
        (((DENIED, "first"), (DENIED, "second"), "fatal"), "second"),
        (("call_ended", ("done", "never_of_done")), None),
        (((DENIED, "zoom_local_recording_disabled"), ("call_ended", NOT_PERMITTED)), "zoom_local_recording_disabled"),
        ((("call_ended", NOT_PERMITTED), "done"), NOT_PERMITTED),
        (((DENIED, "a_new_code"), "done"), "a_new_code"),
    ],
)
def test_reason_of_a_missed_meeting(given: tuple[Any, ...], reason: str | None) -> None:
    observe(document("joining_call", *given))

    assert row()["sub_code"] == reason


def test_status_changes_are_replaced_by_later_ones() -> None:
    observe(document("joining_call", "in_waiting_room", "in_call_not_recording"))

    observe(document("joining_call", "fatal"), observed_at=AT + TICK)

    assert codes() == ["joining_call", "fatal"]
    assert row()["status"] == "fatal"


def test_older_observation_never_overwrites_a_newer_one() -> None:
    observe(document("joining_call", "call_ended", "done", recordings=[{"id": identifier("recording")}]))

    observe(document("joining_call", bot_name="Old"), observed_at=AT - TICK)
    observe(document("joining_call", bot_name="Old"), observed_at=None)

    assert codes() == ["joining_call", "call_ended", "done"]
    assert (row()["bot_name"], row()["outcome"], row()["observed_at"]) == ("Notetaker", "recorded", AT)


def test_newest_of_several_observations_in_one_call_is_stored() -> None:
    with open_test_storage() as storage:
        seen = [("done", AT + TICK), ("joining_call", AT)]
        observations = [ObservedBot(decode_object(document(code), Bot, "bot"), at) for code, at in seen]
        record_bots(storage, observations, AT)

    assert codes() == ["done"]


def test_values_that_the_api_clears_are_kept() -> None:
    observe(document("joining_call", join_at=AT.isoformat()))

    observe(document("joining_call", "done", meeting_url=None, join_at=None), observed_at=AT + TICK)

    found = row()
    assert (found["platform"], found["meeting_id"], found["join_at"]) == ("zoom", "8123456789", AT)


def test_recording_removed_from_recall_ai_does_not_make_a_meeting_missed() -> None:
    ended = ("joining_call", "call_ended", "done")
    observe(document(*ended, recordings=[{"id": identifier("recording")}]))

    observe(document(*ended, recordings=[]), observed_at=AT + TICK)
    observe(document(*ended, "media_expired", recordings=[]), observed_at=AT + 2 * TICK)

    assert (row()["outcome"], row()["recording_count"]) == ("recorded", 0)


def test_bot_without_status_changes_in_its_object_keeps_the_stored_ones() -> None:
    observe(document("joining_call", "fatal"))

    observe({"id": BOT_ID, "bot_name": "Renamed"}, observed_at=AT + TICK)

    assert codes() == ["joining_call", "fatal"]
    assert (row()["bot_name"], row()["status"], row()["outcome"]) == ("Renamed", "fatal", "missed")


def test_malformed_status_change_costs_no_other_one() -> None:
    given: list[Any] = [*changes("joining_call"), "no object", {"sub_code": "x"}, {"code": 5}, *changes("fatal")]
    given[-1]["created_at"] = "not an instant"

    observe(document(status_changes=given))

    assert codes() == ["joining_call", "fatal"]
    assert (row()["status"], row()["status_at"]) == ("fatal", None)


@pytest.mark.parametrize(
    "message",
    [
        f"Wrong passcode {PASSWORD} for the meeting",
        f"https://acme.zoom.us/j/8123456789?pwd={PASSWORD}#success was refused",
        "acme.zoom.us/j/8123456789?pwd=other-planted-password was refused",
        "acme.zoom.us/w/8123456789?tk=other-planted-token&uuid=x",
    ],
)
def test_passwords_and_tokens_in_messages_are_not_stored(message: str) -> None:
    given: list[Any] = changes("fatal")
    given[0]["message"] = message

    observe(document(status_changes=given))

    with open_test_storage() as storage, storage.database.reading() as connection:
        (stored,) = connection.scalars(select(CHANGES.c.message)).all()
    assert "planted" not in stored + str(rows())
    assert "8123456789" in stored or "for the meeting" in stored


def test_hidden_password_stays_hidden_after_the_api_clears_the_meeting_url() -> None:
    given: list[Any] = changes("fatal")
    given[0]["message"] = f"Wrong passcode {PASSWORD} for the meeting"

    observe(document(status_changes=given))
    observe(document(status_changes=given, meeting_url=None), observed_at=AT + MINUTE)

    with open_test_storage() as storage, storage.database.reading() as connection:
        assert connection.scalars(select(CHANGES.c.message)).all() == ["Wrong passcode … for the meeting"]


ZOOM_LINK = f"https://acme.zoom.us/j/8123456789?pwd={PASSWORD}"


@pytest.mark.parametrize("meeting_url", [None, "https://acme.zoom.us/j/8123456789"])
@pytest.mark.parametrize("is_first", [True, False], ids=["first observation", "after one with the URL"])
def test_message_without_its_meeting_url_is_not_stored(meeting_url: str | None, is_first: bool) -> None:
    """A status change before the message's moves it to another position in the list."""
    given: list[Any] = changes("fatal")
    given[0]["message"] = f"Refused {PASSWORD} there"
    if not is_first:
        observe(document(status_changes=given))

    observe(document(status_changes=[*changes("ready"), *given], meeting_url=meeting_url), observed_at=AT + MINUTE)

    assert messages() == ([None, None] if is_first else [None, "Refused … there"])


@pytest.mark.parametrize("link", [ZOOM_LINK, ZOOM_LINK.removeprefix("https://"), ZOOM_LINK.replace("?", "#")])
@pytest.mark.parametrize("name", ["pwd", "tk"])
def test_password_of_a_meeting_url_that_is_text_is_not_stored(link: str, name: str) -> None:
    given: list[Any] = changes("fatal")
    given[0]["message"] = f"Refused {PASSWORD} there"

    observe(document(status_changes=given, meeting_url=link.replace("pwd", name)))

    assert messages() == ["Refused … there"]


def messages() -> list[str | None]:
    with open_test_storage() as storage, storage.database.reading() as connection:
        return [*connection.scalars(select(CHANGES.c.message).order_by(CHANGES.c.change_index))]


def add_recording(status: str) -> None:
    found = {"recording_id": identifier("recording"), "bot_id": BOT_ID, "created_at": AT, "day": AT.date()}
    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.execute(RECORDINGS.insert(), {**found, "status": status})


RECORDED = ("joining_call", "in_call_recording", "call_ended", "done")


@pytest.mark.parametrize(
    ("statuses", "outcome"), [(["failed"], "missed"), (["failed", "done"], "recorded"), (["processing"], "recorded")]
)
def test_failed_recording_is_no_recording(statuses: list[str], outcome: str) -> None:
    given = [{"id": identifier("recording", n), "status": {"code": status}} for n, status in enumerate(statuses)]

    observe(document(*RECORDED, recordings=given))
    first = row()["outcome"]
    observe({"id": BOT_ID}, observed_at=AT + TICK)

    assert (first, row()["outcome"]) == (outcome, outcome)


@pytest.mark.parametrize(
    ("codes", "status", "before", "after"),
    [
        (("joining_call", "fatal"), "done", "missed", "recorded"),
        (("joining_call", "fatal"), "failed", "missed", "missed"),
        (RECORDED, "failed", "recorded", "missed"),
        (("joining_call", "in_waiting_room"), "done", "in_progress", "in_progress"),
    ],
)
def test_outcome_is_corrected_after_the_recording_is_stored(
    codes: tuple[str, ...], status: str, before: str, after: str
) -> None:
    observe(document(*codes))
    first = row()["outcome"]
    add_recording(status)

    with open_test_storage() as storage:
        correct_outcomes(storage, AT, [BOT_ID, identifier("another bot")])
    corrected = row()["outcome"]
    observe(document(*codes), observed_at=AT + TICK)

    assert (first, corrected, row()["outcome"]) == (before, after, after)


@pytest.mark.parametrize(("config", "is_off"), [(None, True), ({}, False)])
def test_bot_that_records_on_request_only_is_recognised(config: Any, is_off: bool) -> None:
    observe(document("joining_call", recording_config=config))
    observe(document("joining_call", "fatal"), observed_at=AT + TICK)

    assert row()["is_recording_off"] is is_off


def test_two_first_insertions_at_once_keep_values_that_the_api_clears(
    database_url: str,
) -> None:
    """Another run inserts the bot while this one writes a later observation without the meeting and `join_at`."""
    newer = threading.Thread(
        target=observe, args=(document("joining_call", meeting_url=None),), kwargs={"observed_at": AT + TICK}
    )
    older = {"bot_id": BOT_ID, "join_at": AT, "platform": "zoom", "recording_count": 1, "observed_at": AT}

    with open_test_storage() as storage:
        with storage.database.writing() as connection:
            connection.execute(BOTS.insert(), older)
            newer.start()
            if "postgresql" in database_url:
                until(lambda: is_a_session_waiting(connection), "the other run waits for this one", within_s=60)
        newer.join(60)

    found = row()
    assert found["observed_at"] == AT + TICK
    assert (found["join_at"], found["platform"], found["recording_count"]) == (AT, "zoom", 0)


def is_a_session_waiting(connection: Connection) -> bool:
    return bool(connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))


def test_observation_from_the_raw_store_never_replaces_one_of_the_api() -> None:
    observe(document("joining_call", "done"))

    observe(document("joining_call"), observed_at=None)

    assert codes() == ["joining_call", "done"]
    assert row()["observed_at"] == AT


@pytest.mark.parametrize("is_older_first", [True, False])
@pytest.mark.parametrize("at_once", [True, False])
def test_the_later_status_of_two_files_in_the_raw_store_is_restored(is_older_first: bool, at_once: bool) -> None:
    files = [document("joining_call"), document("joining_call", "call_ended", "done")]
    ordered = files if is_older_first else files[::-1]

    for documents in [ordered] if at_once else [[each] for each in ordered]:
        observe(*documents, observed_at=None)

    assert codes() == ["joining_call", "call_ended", "done"]
    assert row()["status"] == "done"


def test_former_values_fill_what_a_bot_from_the_raw_store_lacks() -> None:
    bot = decode_object(document("done", meeting_url=None), Bot, "bot")
    kept = {"platform": "zoom", "meeting_id": "812", "bot_name": "Former", "bot_id": BOT_ID}

    with open_test_storage() as storage:
        record_bots(storage, [ObservedBot(bot, None, kept)], AT)

    assert (row()["platform"], row()["meeting_id"], row()["bot_name"]) == ("zoom", "812", "Notetaker")


def test_stored_calendar_event_fills_a_new_bot_and_later_observations_keep_its_values() -> None:
    event = {"calendar_event_id": identifier("event"), "start_at": AT, "end_at": AT + 30 * MINUTE, "bot_id": BOT_ID}
    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.execute(EVENTS.insert(), {**event, "is_deleted": False, "invitee_count": 0})

    observe(document("joining_call"))
    first = row()
    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.execute(BOTS.update().values(modified_at=LONG_AGO))
    observe(document("joining_call"), observed_at=AT + MINUTE)

    assert (first["scheduled_at"], first["scheduled_end_at"]) == (AT, AT + 30 * MINUTE)
    assert first["calendar_event_id"] == event["calendar_event_id"]
    assert row() == first | {"observed_at": AT + MINUTE, "modified_at": LONG_AGO}


def test_bot_of_a_purged_recording_is_not_stored() -> None:
    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.execute(
            tombstones.TOMBSTONES.insert(),
            {"recording_id": identifier("purged"), "purged_at": AT, "reason": "asked for", "bot_id": BOT_ID},
        )

    observe(document("joining_call", "done"))

    assert rows() == []
    assert codes() == []


def listed(name: str, at: datetime, *codes: str | tuple[str, str | None], join_at: datetime | None = None) -> ListedBot:
    url = {"platform": "zoom", "meeting_id": "8123456789", "meeting_password": "secret"}
    return ListedBot(identifier("bot", name), at, join_at, name, url, changes(*codes, at=at))
