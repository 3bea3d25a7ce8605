"""The receiver over HTTP: each message gets its answer, and what is answered 2xx stands in the inbox once."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from meeting_assets.core.errors import SettingsError
from meeting_assets.core.instants import now
from meeting_assets.sandbox import Sandbox, empty
from meeting_assets.settings import read_settings
from meeting_assets.store.database import Database, schema_of
from meeting_assets.store.migrations.setup import prepare
from meeting_assets.webhooks import inbox, protocol
from meeting_assets.webhooks import receiver as module
from meeting_assets.webhooks.inbox import INBOX, Message
from meeting_assets.webhooks.message import MEDIA
from meeting_assets.webhooks.receiver import BODY_BYTES, HEADER_BYTES, HEALTH, PATH, Receiver
from meeting_assets_tests.support.ui import until
from meeting_assets_tests.support.webhook_sender import SECRET, ReceiverCommand, sealed

HOST = "127.0.0.1"
SOON_S = 20


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECALL_WEBHOOK_SECRETS", SECRET)


@contextmanager
def served() -> Iterator[Receiver]:
    with Receiver(read_settings(), host=HOST, port=0) as running:
        thread = threading.Thread(target=running.serve)
        thread.start()
        try:
            yield running
        finally:
            running.stop()
            thread.join()


@pytest.fixture
def receiver(database_url: str) -> Iterator[Receiver]:
    with served() as running:
        yield running


@pytest.fixture
def web(receiver: Receiver) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=receiver.url.removesuffix(PATH), timeout=30) as client:
        yield client


def body(event: str = "recording.done", **data: Any) -> bytes:
    return json.dumps({"event": event, "data": {"recording": {"id": str(uuid4())}} | data}).encode()


def stored() -> list[Message]:
    database = Database.at(read_settings().database_url)
    with database.reading() as connection:
        columns = (INBOX.c[name] for name in Message._fields)
        rows = [Message(*row) for row in connection.execute(INBOX.select().with_only_columns(*columns))]
    database.close()
    return sorted(rows)


def counts(web: httpx.Client) -> dict[str, int]:
    """The outcomes there were, with their numbers."""
    return {name: count for name, count in web.get(HEALTH).json()["messages"].items() if count}


def test_a_signed_message_is_in_the_inbox_when_it_is_answered(web: httpx.Client) -> None:
    recording_id, transcript_id = str(uuid4()), str(uuid4())
    content = body("transcript.done", recording={"id": recording_id}, transcript={"id": transcript_id})

    answer = web.post(PATH, **sealed(content))

    (message,) = stored()
    assert answer.status_code == 200
    assert message[:4] == ("msg_1", "transcript.done", recording_id, transcript_id)
    assert abs(now() - message.received_at) < timedelta(seconds=SOON_S)
    assert message.handled_at is None


def test_a_message_that_comes_again_is_answered_and_changes_nothing(web: httpx.Client) -> None:
    content = body()
    web.post(PATH, **sealed(content))
    before = stored()

    answers = [web.post(PATH, **sealed(content)).status_code for _ in range(3)]

    assert answers == [200] * 3
    assert stored() == before
    assert counts(web) == {"stored": 1, "repeated": 3}


def test_what_has_only_begun_needs_no_look(web: httpx.Client) -> None:
    web.post(PATH, **sealed(body("recording.processing")))

    (message,) = stored()
    assert message.handled_at == message.received_at


@pytest.mark.parametrize(
    ("sent", "status", "outcome"),
    [
        (lambda: {"content": body()}, 401, "unsigned"),
        (lambda: sealed(body(), key=b"another"), 401, "forged"),
        (lambda: sealed(body()) | {"content": body()}, 401, "forged"),
        (lambda: sealed(body(), age_s=600), 401, "stale"),
        (lambda: sealed(body(), age_s=-600), 401, "stale"),
        (lambda: sealed(b"[]"), 400, "unreadable"),
        (lambda: sealed(b""), 400, "unreadable"),
        (lambda: sealed(body(recording={"id": "rec_123"})), 200, "not_ours"),
        (lambda: sealed(b'{"type": "ping"}'), 200, "not_ours"),
        (lambda: sealed(body("transcript.data", transcript={"id": str(uuid4())})), 200, "not_ours"),
        (lambda: sealed(body("participant_events.speech_on")), 200, "not_ours"),
        (lambda: sealed(body(realtime_endpoint={"id": str(uuid4())})), 200, "not_ours"),
        (lambda: sealed(b" " * (BODY_BYTES + 1)), 413, "too_long"),
        (lambda: sealed(body("bot.done")), 200, "not_ours"),
        (lambda: sealed(body("something.new")), 200, "not_ours"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_wanted_leaves_no_trace_but_a_count(
    web: httpx.Client, sent: Callable[[], dict[str, Any]], status: int, outcome: str
) -> None:
    # Sealed now: what was sealed when the tests were collected is stale by now.
    answer = web.post(PATH, **sent())

    assert (answer.status_code, answer.json()) == (status, {"outcome": outcome})
    assert stored() == []
    assert counts(web) == {outcome: 1}


def test_a_body_without_an_announced_length_has_the_same_limit(web: httpx.Client) -> None:
    chunks = (b" " * 65_536 for _ in range(20))

    try:
        status = web.post(PATH, content=chunks).status_code
    except httpx.WriteError:
        status = 413  # the answer came before the body was through, and the connection is closed then

    assert status == 413
    assert counts(web) == {"too_long": 1}


def test_other_paths_and_methods_are_not_served(web: httpx.Client) -> None:
    statuses = [web.get(PATH).status_code, web.post(HEALTH).status_code, web.get("/").status_code]

    assert statuses == [405, 405, 404]


def test_headers_without_end_are_refused(receiver: Receiver) -> None:
    with socket.create_connection((HOST, port_of(receiver)), timeout=SOON_S) as connection:
        connection.sendall(b"POST /webhooks HTTP/1.1\r\nx: " + b"a" * (HEADER_BYTES + 1))

        assert connection.recv(100).startswith(b"HTTP/1.1 400")


def test_a_sender_who_does_not_go_on_is_hung_up_on(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEADERS_S", 0.3)
    monkeypatch.setattr(protocol, "EXCHANGE_S", 0.3)
    headers = b"POST /webhooks HTTP/1.1\r\nhost: here\r\n"
    silent = b"", headers, headers + b"content-length: 9\r\n\r\n"

    for sent in silent:
        with socket.create_connection((HOST, port_of(receiver)), timeout=SOON_S) as connection:
            connection.sendall(sent)

            assert not is_answered(connection)


HEADERS = b"POST /webhooks HTTP/1.1\r\n"


@pytest.mark.parametrize("sent", [b"", HEADERS, HEADERS + b"Content-Length: 9\r\n\r\n"])
def test_silent_connections_keep_no_sender_waiting(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(protocol, "CONNECTIONS", 30)
    monkeypatch.setattr(protocol, "RESERVED", 3)
    monkeypatch.setattr(protocol, "HEADERS_S", 60.0)

    assert among_silent_connections(receiver, 40, sent) < 2


@pytest.mark.deployment
def test_a_thousand_silent_connections_keep_no_sender_waiting(receiver: Receiver) -> None:
    assert among_silent_connections(receiver, protocol.CONNECTIONS, b"") < 2


def among_silent_connections(receiver: Receiver, count: int, sent: bytes) -> float:
    """How long three messages take beside connections that send no whole request, in seconds."""
    with ExitStack() as silent:
        for _ in range(count):
            connection = silent.enter_context(socket.create_connection((HOST, port_of(receiver)), timeout=SOON_S))
            connection.sendall(sent)

        started_s = monotonic()
        statuses = [httpx.post(receiver.url, **sealed(body(), f"msg_{n}")).status_code for n in range(3)]
        took_s = monotonic() - started_s

    assert statuses == [200] * 3
    return took_s


@pytest.mark.parametrize("path", [PATH, "/elsewhere"])
@pytest.mark.parametrize(
    "header", [f"Content-Length: {BODY_BYTES * 50}", "Transfer-Encoding: chunked"], ids=["announced", "chunked"]
)
def test_the_rest_of_an_unwanted_body_is_not_read(receiver: Receiver, path: str, header: str) -> None:
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    request = f"POST {path} HTTP/1.1\r\nHost: here\r\n{header}\r\n\r\n".encode()
    with socket.create_connection((HOST, port_of(receiver)), timeout=SOON_S) as connection:
        started_s = monotonic()
        connection.sendall(request + chunk * (BODY_BYTES // 0x10000 + 1))
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
        took_s = monotonic() - started_s

    assert answer.startswith(b"HTTP/1.1 413" if path == PATH else b"HTTP/1.1 404")
    assert took_s < 2


def test_a_sender_that_sends_on_after_the_answer_is_closed_soon(receiver: Receiver) -> None:
    request = f"POST {PATH} HTTP/1.1\r\nHost: here\r\nContent-Length: {BODY_BYTES * 10_000}\r\n\r\n".encode()
    with socket.create_connection((HOST, port_of(receiver)), timeout=SOON_S) as connection:
        connection.sendall(request)
        started_s = monotonic()
        with suppress(ConnectionError):
            while monotonic() - started_s < SOON_S:
                connection.sendall(b" " * 65_536)

        assert monotonic() - started_s < 5


def test_a_body_that_does_not_come_is_answered_so(
    receiver: Receiver, web: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BODY_S", 0.2)

    def drip() -> Iterator[bytes]:
        yield b"{"
        until(lambda: counts(other), "an answer", within_s=SOON_S)

    with httpx.Client(base_url=receiver.url.removesuffix(PATH)) as other:
        status = web.post(PATH, content=drip()).status_code

    assert status == 408
    assert counts(web) == {"too_slow": 1}


def test_many_senders_at_once_share_transactions_and_lose_nothing(web: httpx.Client) -> None:
    sent = [sealed(body(), f"msg_{number % 300}") for number in range(400)]

    with ThreadPoolExecutor(16) as senders:
        answers = [*senders.map(lambda each: web.post(PATH, **each).status_code, sent)]

    assert set(answers) == {200}
    assert len(stored()) == 300
    assert counts(web) == {"stored": 300, "repeated": 100}


def test_while_the_database_takes_nothing_senders_are_told_to_come_again(receiver: Receiver, web: httpx.Client) -> None:
    database = Database.at(read_settings().database_url)
    rename(database, "webhook_events", "elsewhere")

    refused = web.post(PATH, **sealed(body()))
    ill = web.get(HEALTH)
    rename(database, "elsewhere", "webhook_events")
    accepted = web.post(PATH, **sealed(body()))

    database.close()
    assert (refused.status_code, accepted.status_code) == (503, 200)
    assert (ill.status_code, ill.json()["database"]) == (503, "unreachable")
    assert web.get(HEALTH).json()["database"] == "reachable"
    assert len(stored()) == 1


def test_a_writer_elsewhere_keeps_senders_waiting_and_no_longer_than_they_do(
    receiver: Receiver, web: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STORED_WITHIN_S", 0.3)
    database = Database.at(read_settings().database_url)

    with database.writing() as connection:
        connection.execute(text(lock(database)))
        kept_waiting = web.post(PATH, **sealed(body(), "msg_1"))
    accepted = web.post(PATH, **sealed(body(), "msg_1"))

    database.close()
    assert (kept_waiting.status_code, accepted.status_code) == (503, 200)
    assert len(stored()) == 1


def test_what_was_handled_a_month_ago_is_forgotten(database_url: str) -> None:
    long_ago = now() - timedelta(days=31)
    database = Database.at(database_url)
    prepare(database, schema_of({}))
    with database.writing() as connection:
        old = Message("old", "recording.done", str(uuid4()), None, long_ago, long_ago)
        inbox.put(connection, [old, old._replace(message_id="waiting", handled_at=None)])
    database.close()

    with served():
        until(lambda: len(stored()) == 1, "the old message's end", within_s=SOON_S)

    assert [message.message_id for message in stored()] == ["waiting"]


def test_without_a_secret_it_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECALL_WEBHOOK_SECRETS")

    with pytest.raises(SettingsError, match="RECALL_WEBHOOK_SECRETS is not set"):
        Receiver(read_settings(), host=HOST, port=0)


def test_a_port_in_use_is_named(receiver: Receiver) -> None:
    port = port_of(receiver)

    with pytest.raises(SettingsError, match=f"--port {port}"), Receiver(read_settings(), host=HOST, port=port):
        pass


def test_the_sandbox_s_messages_are_genuine_and_all_of_ours_arrive(receiver: Receiver, web: httpx.Client) -> None:
    with Sandbox(empty()) as sandbox:
        sandbox.habits.webhook_copies = 2
        sandbox.habits.webhooks_shuffled = True
        sandbox.notify(receiver.url, SECRET)
        recording = sandbox.add_recording(processing=True)
        sandbox.finish(recording.id)
        sandbox.add_transcript(recording.id)
        sandbox.delete(recording.id)
        # It begins, is done and is deleted; the second transcript did not begin before anybody's eyes.
        things = [recording.id, *(each.id for each in recording.artifacts if each.collection in MEDIA)]
        ours, others = 3 * len(things) - 1, 3 * (1 + len(recording.artifacts) - len(things))
        until(
            lambda: sandbox.webhook_sender.responses[200] == 2 * (ours + others), "every message twice", within_s=SOON_S
        )

        assert [*sandbox.webhook_sender.responses] == [200]

    assert counts(web) == {"stored": ours, "repeated": ours, "not_ours": 2 * others}
    assert {message.recording_id for message in stored()} == {recording.id}


def test_what_was_answered_survives_a_kill_and_is_there_once_after_redelivery(database_url: str) -> None:
    contents = {f"msg_{number:03}": body() for number in range(200)}
    answered: set[str] = set()

    def send(message_id: str) -> None:
        try:
            if client.post(killed.url, **sealed(contents[message_id], message_id)).status_code == 200:
                answered.add(message_id)
        except httpx.TransportError:
            return
        if len(answered) == 50:
            killed.end(signal.SIGKILL)

    with ReceiverCommand() as killed, httpx.Client() as client, ThreadPoolExecutor(8) as senders:
        [*senders.map(send, contents)]
    there = {message.message_id for message in stored()}
    with ReceiverCommand() as again, httpx.Client() as client:
        statuses = {client.post(again.url, **sealed(contents[each], each)).status_code for each in contents}
        status = again.end(signal.SIGTERM)

    assert 50 <= len(answered) < 200
    assert answered <= there
    assert statuses == {200}
    assert [message.message_id for message in stored()] == [*contents]
    assert status == 0


def test_the_command_says_where_it_listens_and_nothing_of_what_it_hears() -> None:
    private = body("bot.done", bot={"metadata": {"customer": "Contoso"}})
    with ReceiverCommand() as running, httpx.Client() as client:
        for sent in (sealed(private), sealed(private, key=b"another"), sealed(b"Contoso"), {"content": private}):
            client.post(running.url, **sent)

    said = running.said()
    assert said.strip() == f"Webhooks are received at {running.url}"


def test_the_command_refuses_without_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECALL_WEBHOOK_SECRETS")

    refused = subprocess.run(
        [sys.executable, "-m", "meeting_assets.cli", "webhooks"], capture_output=True, text=True, timeout=60
    )

    assert refused.returncode == 1
    assert "RECALL_WEBHOOK_SECRETS is not set" in refused.stderr
    assert "Traceback" not in refused.stderr


def port_of(receiver: Receiver) -> int:
    return int(receiver.url.rsplit(":", 1)[1].removesuffix(PATH))


def is_answered(connection: socket.socket) -> bool:
    """Whether anything comes before the other side closes."""
    try:
        return bool(connection.recv(1))
    except ConnectionResetError:
        return False


def rename(database: Database, table: str, name: str) -> None:
    with database.writing() as connection:
        connection.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))


def lock(database: Database) -> str:
    """What keeps every other writer of the inbox waiting; on SQLite the transaction itself does."""
    return "SELECT 1" if database.is_sqlite else "LOCK TABLE webhook_events IN EXCLUSIVE MODE"
