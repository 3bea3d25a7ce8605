"""The receiver over HTTP: each message gets the right response, and is stored once if the response is 2xx."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from meeting_assets.core.errors import SettingsError, UsageError
from meeting_assets.core.instants import now
from meeting_assets.sandbox import Sandbox, empty
from meeting_assets.settings import read_settings
from meeting_assets.store.database import Database, schema_of
from meeting_assets.store.migrations.setup import set_up_database
from meeting_assets.webhooks import application, inbox, inbox_writer, object_inbox
from meeting_assets.webhooks.application import HEALTH, MAX_BODY_BYTES, PATH
from meeting_assets.webhooks.event import MEDIA, OTHER_MEDIA
from meeting_assets.webhooks.inbox import INBOX, Message
from meeting_assets.webhooks.object_inbox import OBJECT_INBOX, ObjectMessage
from meeting_assets.webhooks.receiver import Receiver
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.ui import until
from meeting_assets_tests.support.webhook_sender import SECRET, ReceiverCommand, signed_request
from meeting_assets_tests.webhooks.conftest import HOST, SOON_S, body, port_of, served


def stored() -> list[Message]:
    database = Database.at(read_settings().database_url)
    with database.reading() as connection:
        columns = (INBOX.c[name] for name in Message._fields)
        rows = [Message(*row) for row in connection.execute(INBOX.select().with_only_columns(*columns))]
    database.close()
    return sorted(rows)


def counted_messages() -> list[ObjectMessage]:
    """The messages about other objects than recordings."""
    database = Database.at(read_settings().database_url)
    with database.reading() as connection:
        columns = (OBJECT_INBOX.c[name] for name in ObjectMessage._fields)
        rows = [ObjectMessage(*row) for row in connection.execute(OBJECT_INBOX.select().with_only_columns(*columns))]
    database.close()
    return sorted(rows)


def counts(web: httpx.Client) -> dict[str, int]:
    """Number of messages by outcome, without zeros."""
    return {name: count for name, count in web.get(HEALTH).json()["messages"].items() if count}


def test_signed_message_is_stored_before_the_response(web: httpx.Client) -> None:
    recording_id, transcript_id = str(uuid4()), str(uuid4())
    content = body("transcript.done", recording={"id": recording_id}, transcript={"id": transcript_id})

    response = web.post(PATH, **signed_request(content))

    (message,) = stored()
    assert response.status_code == 200
    assert message[:4] == ("msg_1", "transcript.done", recording_id, transcript_id)
    assert abs(now() - message.received_at) < timedelta(seconds=SOON_S)
    assert message.handled_at is None


def test_repeated_message_gets_200_and_changes_nothing(web: httpx.Client) -> None:
    content = body()
    web.post(PATH, **signed_request(content))
    before = stored()

    statuses = [web.post(PATH, **signed_request(content)).status_code for _ in range(3)]

    assert statuses == [200] * 3
    assert stored() == before
    assert counts(web) == {"stored": 1, "repeated": 3}


def test_message_about_an_unfinished_object_is_stored_as_handled(web: httpx.Client) -> None:
    web.post(PATH, **signed_request(body("recording.processing")))

    (message,) = stored()
    assert message.handled_at == message.received_at


@sqlite_first
@pytest.mark.parametrize(
    ("sent", "status", "outcome"),
    [
        (lambda: {"content": body()}, 401, "unsigned"),
        (lambda: signed_request(body(), key=b"another"), 401, "forged"),
        (lambda: signed_request(body()) | {"content": body()}, 401, "forged"),
        (lambda: signed_request(body(), age_s=600), 401, "stale"),
        (lambda: signed_request(body(), age_s=-600), 401, "stale"),
        (lambda: signed_request(b"[]"), 400, "unreadable"),
        (lambda: signed_request(b""), 400, "unreadable"),
        (lambda: signed_request(body(recording={"id": "rec_123"})), 200, "ignored"),
        (lambda: signed_request(b'{"type": "ping"}'), 200, "ignored"),
        (lambda: signed_request(body("transcript.data", transcript={"id": str(uuid4())})), 200, "ignored"),
        (lambda: signed_request(body("participant_events.speech_on")), 200, "ignored"),
        (lambda: signed_request(body(realtime_endpoint={"id": str(uuid4())})), 200, "ignored"),
        (lambda: signed_request(b" " * (MAX_BODY_BYTES + 1)), 413, "too_long"),
        (lambda: signed_request(body("bot.done")), 200, "ignored"),
        (lambda: signed_request(body("something.new")), 200, "ignored"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_rejected_message_is_counted_and_not_stored(
    web: httpx.Client, sent: Callable[[], dict[str, Any]], status: int, outcome: str
) -> None:
    # Signed here: a signature from the collection of the tests may be stale by now.
    response = web.post(PATH, **sent())

    assert (response.status_code, response.json()) == (status, {"outcome": outcome})
    assert stored() == []
    assert counts(web) == {outcome: 1}


def test_body_without_content_length_has_the_same_limit(web: httpx.Client) -> None:
    chunks = (b" " * 65_536 for _ in range(20))

    try:
        status = web.post(PATH, content=chunks).status_code
    except httpx.WriteError:
        status = 413  # the receiver responds before the body is complete, and closes the connection

    assert status == 413
    assert counts(web) == {"too_long": 1}


def test_other_paths_and_methods_are_rejected(web: httpx.Client) -> None:
    statuses = [web.get(PATH).status_code, web.post(HEALTH).status_code, web.get("/").status_code]

    assert statuses == [405, 405, 404]


def test_slow_body_gets_408(receiver: Receiver, web: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application, "BODY_TIMEOUT_S", 0.2)

    def drip() -> Iterator[bytes]:
        yield b"{"
        until(lambda: counts(other), "a response", within_s=SOON_S)

    with httpx.Client(base_url=receiver.url.removesuffix(PATH)) as other:
        status = web.post(PATH, content=drip()).status_code

    assert status == 408
    assert counts(web) == {"too_slow": 1}


def test_messages_of_concurrent_senders_are_all_stored(web: httpx.Client) -> None:
    sent = [signed_request(body(), f"msg_{number % 300}") for number in range(400)]

    with ThreadPoolExecutor(16) as senders:
        statuses = [*senders.map(lambda each: web.post(PATH, **each).status_code, sent)]

    assert set(statuses) == {200}
    assert len(stored()) == 300
    assert counts(web) == {"stored": 300, "repeated": 100}


def test_message_gets_503_while_the_database_fails(receiver: Receiver, web: httpx.Client) -> None:
    database = Database.at(read_settings().database_url)
    rename(database, "webhook_events", "elsewhere")

    refused = web.post(PATH, **signed_request(body()))
    health = web.get(HEALTH)
    rename(database, "elsewhere", "webhook_events")
    accepted = web.post(PATH, **signed_request(body()))

    database.close()
    assert (refused.status_code, accepted.status_code) == (503, 200)
    assert (health.status_code, health.json()["database"]) == (503, "unreachable")
    assert web.get(HEALTH).json()["database"] == "reachable"
    assert len(stored()) == 1


def test_message_gets_503_while_another_writer_holds_the_inbox_for_too_long(
    receiver: Receiver, web: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_writer, "PUT_TIMEOUT_S", 0.3)
    database = Database.at(read_settings().database_url)

    with database.writing() as connection:
        connection.execute(text(lock(database)))
        delayed = web.post(PATH, **signed_request(body(), "msg_1"))
    accepted = web.post(PATH, **signed_request(body(), "msg_1"))

    database.close()
    assert (delayed.status_code, accepted.status_code) == (503, 200)
    assert len(stored()) == 1


def test_message_handled_a_month_ago_is_deleted(database_url: str) -> None:
    long_ago = now() - timedelta(days=31)
    database = Database.at(database_url)
    set_up_database(database, schema_of({}))
    with database.writing() as connection:
        old = Message("old", "recording.done", str(uuid4()), None, long_ago, long_ago)
        inbox.insert_messages(connection, [old, old._replace(message_id="waiting", handled_at=None)])
    database.close()

    with served():
        until(lambda: len(stored()) == 1, "deletion of the old message", within_s=SOON_S)

    assert [message.message_id for message in stored()] == ["waiting"]


def test_receiver_without_a_secret_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECALL_WEBHOOK_SECRETS")

    with pytest.raises(SettingsError, match="RECALL_WEBHOOK_SECRETS is not set"):
        Receiver(read_settings(), host=HOST, port=0)


def test_error_for_an_occupied_port_names_it(receiver: Receiver) -> None:
    port = port_of(receiver)

    with pytest.raises(UsageError, match=f"--port {port}"), Receiver(read_settings(), host=HOST, port=port):
        pass


def test_messages_of_the_sandbox_are_genuine_and_stored(receiver: Receiver, web: httpx.Client) -> None:
    with Sandbox(empty()) as sandbox:
        sandbox.habits.webhook_copies = 2
        sandbox.habits.webhooks_shuffled = True
        sandbox.notify(receiver.url, SECRET)
        recording = sandbox.add_recording(processing=True)
        sandbox.finish(recording.id)
        sandbox.add_transcript(recording.id)
        sandbox.delete(recording.id)
        # Each object sends processing, done and deleted, except that the second transcript sends no processing.
        object_ids = [recording.id, *(each.id for each in recording.artifacts if each.collection in MEDIA)]
        ours, counted = 3 * len(object_ids) - 1, 3 * (1 + len(recording.artifacts) - len(object_ids))
        until(
            lambda: sandbox.webhook_sender.responses[200] == 2 * (ours + counted),
            "every message twice",
            within_s=SOON_S,
        )

        assert [*sandbox.webhook_sender.responses] == [200]

    assert counts(web) == {"stored": ours + counted, "repeated": ours + counted}
    assert {message.recording_id for message in stored()} == {recording.id}
    assert len(stored()) == ours
    assert {message.family for message in counted_messages()} <= {*OTHER_MEDIA}
    assert len(counted_messages()) == counted


@pytest.mark.parametrize(
    ("event", "is_handled"), [("bot.fatal", False), ("calendar.update", False), ("video_mixed.done", True)]
)
def test_message_about_another_object_is_stored_in_the_inbox_of_objects(
    web: httpx.Client, event: str, is_handled: bool
) -> None:
    family, object_id = event.partition(".")[0], str(uuid4())
    content = body(event, **{family: {"id": object_id, "metadata": {"customer": "Contoso"}}, "calendar_id": object_id})

    statuses = [web.post(PATH, **signed_request(content)).status_code for _ in range(2)]

    (message,) = counted_messages()
    assert statuses == [200, 200]
    assert message[:3] == ("msg_1", event, object_id)
    assert (message.handled_at is not None) is is_handled
    assert stored() == []
    assert counts(web) == {"stored": 1, "repeated": 1}


def test_message_about_an_object_handled_a_month_ago_is_deleted(database_url: str) -> None:
    long_ago = now() - timedelta(days=31)
    database = Database.at(database_url)
    set_up_database(database, schema_of({}))
    with database.writing() as connection:
        old = ObjectMessage("old", "bot.done", str(uuid4()), long_ago, long_ago)
        object_inbox.insert_messages(connection, [old, old._replace(message_id="waiting", handled_at=None)])
    database.close()

    with served():
        until(lambda: len(counted_messages()) == 1, "deletion of the old message", within_s=SOON_S)

    assert [message.message_id for message in counted_messages()] == ["waiting"]


@sqlite_first
def test_acknowledged_messages_survive_a_kill_and_are_stored_once_after_redelivery(database_url: str) -> None:
    contents = {f"msg_{number:03}": body() for number in range(200)}
    acknowledged: set[str] = set()

    def send(message_id: str) -> None:
        try:
            if client.post(killed.url, **signed_request(contents[message_id], message_id)).status_code == 200:
                acknowledged.add(message_id)
        except httpx.TransportError:
            return
        if len(acknowledged) == 50:
            killed.end(signal.SIGKILL)

    with ReceiverCommand() as killed, httpx.Client() as client, ThreadPoolExecutor(8) as senders:
        [*senders.map(send, contents)]
    stored_ids = {message.message_id for message in stored()}
    with ReceiverCommand() as again, httpx.Client() as client:
        statuses = {client.post(again.url, **signed_request(contents[each], each)).status_code for each in contents}
        status = again.end(signal.SIGTERM)

    assert 50 <= len(acknowledged) < 200
    assert acknowledged <= stored_ids
    assert statuses == {200}
    assert [message.message_id for message in stored()] == [*contents]
    assert status == 0


def test_command_prints_its_url_and_no_content_of_messages() -> None:
    private = body("bot.done", bot={"metadata": {"customer": "Contoso"}})
    with ReceiverCommand() as running, httpx.Client() as client:
        for sent in (
            signed_request(private),
            signed_request(private, key=b"another"),
            signed_request(b"Contoso"),
            {"content": private},
        ):
            client.post(running.url, **sent)

    assert running.output().strip() == f"Webhooks are received at {running.url}"


def test_command_without_a_secret_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECALL_WEBHOOK_SECRETS")

    refused = subprocess.run(
        [sys.executable, "-m", "meeting_assets.cli", "webhooks"], capture_output=True, text=True, timeout=60
    )

    assert refused.returncode == 3
    assert "RECALL_WEBHOOK_SECRETS is not set" in refused.stderr
    assert "Traceback" not in refused.stderr


def rename(database: Database, table: str, name: str) -> None:
    with database.writing() as connection:
        connection.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))


def lock(database: Database) -> str:
    """A statement that blocks other writers of the inbox; on SQLite the transaction itself blocks them."""
    return "SELECT 1" if database.is_sqlite else "LOCK TABLE webhook_events IN EXCLUSIVE MODE"
