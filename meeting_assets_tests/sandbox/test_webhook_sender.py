"""Webhooks of the sandbox: one signed message per change, with configurable copies, order and losses."""

import hashlib
import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from meeting_assets.sandbox import Sandbox, empty, waiting_bot
from meeting_assets.sandbox.world import PASSWORD
from meeting_assets_tests.support.ui import until

KEY = b"a key"
SECRET = f"whsec_{b64encode(KEY).decode()}"
SOON_S = 20
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


class Endpoint(ThreadingHTTPServer):
    """A server that records deliveries and responds to the first `faults` of them with 503."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Deliveries)
        self.faults = 0
        self.deliveries: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    @property
    def messages(self) -> list[Any]:
        return [json.loads(body) for _, body in self.deliveries]

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.deliveries]


class Deliveries(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.deliveries.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(503 if len(self.server.deliveries) <= self.server.faults else 200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Suppresses the default log line."""


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def sandbox(endpoint: Endpoint) -> Iterator[Sandbox]:
    with Sandbox(empty()) as running:
        running.notify(endpoint.url, SECRET)
        yield running


def test_every_status_change_sends_an_event(sandbox: Sandbox, endpoint: Endpoint) -> None:
    recording = sandbox.add_recording(processing=True)
    sandbox.fail_recording(recording.id, "bot_errored")
    transcript = sandbox.add_transcript(recording.id)
    message_count = len(recording.artifacts) + 2
    until(lambda: len(endpoint.deliveries) == message_count, "every message", within_s=SOON_S)

    by_event = {message["event"]: message["data"] for message in endpoint.messages}
    failed, made = by_event["recording.failed"], by_event["transcript.done"]
    assert failed["recording"]["id"] == made["recording"]["id"] == recording.id
    assert (failed["data"]["code"], failed["data"]["sub_code"]) == ("failed", "bot_errored")
    assert (made["transcript"]["id"], made["bot"]["id"]) == (transcript, recording.bot_id)
    assert "recording.processing" in by_event


def test_status_change_of_a_bot_sends_its_reason_and_metadata(sandbox: Sandbox, endpoint: Endpoint) -> None:
    bot = waiting_bot("waits", NOON)
    bot.metadata = {"crm_deal_id": "HL-1"}
    sandbox.add_bot(bot)
    sandbox.add_status_change(bot.id, "call_ended", "bot_kicked_from_waiting_room", NOON)
    until(lambda: endpoint.deliveries, "the message", within_s=SOON_S)

    reason = {
        "code": "call_ended",
        "sub_code": "bot_kicked_from_waiting_room",
        "updated_at": "2026-01-05T12:00:00.000000Z",
    }
    assert endpoint.messages == [
        {
            "event": "bot.call_ended",
            "data": {"data": reason, "bot": {"id": bot.id, "metadata": {"crm_deal_id": "HL-1"}}},
        }
    ]


def test_upload_of_a_recording_without_a_bot_sends_events_of_its_own(sandbox: Sandbox, endpoint: Endpoint) -> None:
    recording = sandbox.add_recording(processing=True, has_bot=False)
    sandbox.finish(recording.id)
    message_count = 2 * (len(recording.artifacts) + 2)
    until(lambda: len(endpoint.deliveries) == message_count, "every message", within_s=SOON_S)

    uploads = {each["event"]: each["data"] for each in endpoint.messages if "sdk_upload" in each["data"]}
    assert set(uploads) == {"sdk_upload.uploading", "sdk_upload.complete"}
    complete = uploads["sdk_upload.complete"]
    assert complete["data"]["code"] == "complete"
    assert complete["recording"]["id"] == recording.id
    assert complete["sdk_upload"]["id"] == recording.desktop_sdk_upload_id


def test_change_of_a_calendar_sends_its_id_and_time(sandbox: Sandbox, endpoint: Endpoint) -> None:
    sandbox.notify_calendar("sync_events", "a calendar", NOON)
    sandbox.notify_calendar("update", "a calendar")
    until(lambda: len(endpoint.deliveries) == 2, "both messages", within_s=SOON_S)

    by_event = {each["event"]: each["data"] for each in endpoint.messages}
    assert by_event == {
        "calendar.sync_events": {"calendar_id": "a calendar", "last_updated_ts": "2026-01-05T12:00:00.000000Z"},
        "calendar.update": {"calendar_id": "a calendar"},
    }


def test_tokens_in_metadata_contain_the_marker(sandbox: Sandbox, endpoint: Endpoint) -> None:
    bot = waiting_bot("waits", NOON)
    bot.metadata = {"brief": f"https://crm.example/?token={PASSWORD}"}
    sandbox.add_bot(bot)
    sandbox.add_status_change(bot.id, "fatal", "bot_errored")
    until(lambda: endpoint.deliveries, "the message", within_s=SOON_S)

    assert sandbox.password_marker in endpoint.messages[0]["data"]["bot"]["metadata"]["brief"]


def test_signature_covers_id_time_and_body(sandbox: Sandbox, endpoint: Endpoint) -> None:
    sandbox.add_recording()
    until(lambda: endpoint.deliveries, "a message", within_s=SOON_S)

    headers, body = endpoint.deliveries[0]
    version, _, signature = headers["webhook-signature"].partition(",")
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    assert version == "v1"
    assert b64decode(signature) == hmac.new(KEY, signed, hashlib.sha256).digest()


def test_copies_share_one_id_and_are_shuffled(sandbox: Sandbox, endpoint: Endpoint) -> None:
    sandbox.habits.webhook_copies, sandbox.habits.webhooks_shuffled = 3, True
    recording = sandbox.add_recording()
    message_count = 1 + len(recording.artifacts)
    until(lambda: len(endpoint.deliveries) == 3 * message_count, "every copy", within_s=SOON_S)

    assert len({*endpoint.ids}) == message_count
    assert endpoint.ids != sorted(endpoint.ids, key=endpoint.ids.index)


def test_lost_messages_are_never_sent(sandbox: Sandbox, endpoint: Endpoint) -> None:
    sandbox.habits.webhooks_lost = 1.0
    sandbox.add_recording()
    sandbox.habits.webhooks_lost = 0.0
    last = sandbox.add_recording(processing=True)
    until(lambda: len(endpoint.deliveries) == 1 + len(last.artifacts), "the second's messages", within_s=SOON_S)

    assert {message["data"]["recording"]["id"] for message in endpoint.messages} == {last.id}


def test_rejected_message_is_sent_again_with_the_same_id(sandbox: Sandbox, endpoint: Endpoint) -> None:
    endpoint.faults = 1
    recording = sandbox.add_recording()
    message_count = 1 + len(recording.artifacts)
    until(
        lambda: sandbox.webhook_sender.responses == {503: 1, 200: message_count}, "every message taken", within_s=SOON_S
    )

    assert endpoint.ids[0] in endpoint.ids[1:]
