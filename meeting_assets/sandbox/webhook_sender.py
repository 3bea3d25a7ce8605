"""Sends webhooks as Recall.ai does: signed, at least once, in any order, with retries.

`Habits` sets the number of copies, the order and the share of lost messages.
"""

import base64
import hashlib
import hmac
import json
import time
from collections import Counter
from dataclasses import dataclass
from random import Random
from threading import Condition, Thread
from uuid import uuid4

import httpx

from .state import Habits, Markers
from .world import Json

BATCH_S = 0.1
"""Messages created within this time may be reordered."""
MAX_ATTEMPTS = 8
RETRY_S = 1.0
"""Delay before the first retry; it doubles with each retry. (Recall.ai waits 5 s, 5 min, 30 min, …)"""
TIMEOUT_S = 15.0


@dataclass(slots=True)
class Message:
    """A message that has not been delivered."""

    id: str
    body: bytes
    due_s: float
    attempts: int = 0


class WebhookSender:
    """Sends messages to one endpoint from its own thread."""

    def __init__(self, url: str, secret: str, habits: Habits, markers: Markers, seed: int = 0) -> None:
        self._url = url
        self._key = base64.b64decode(secret.removeprefix("whsec_"))
        self._habits = habits
        self._markers = markers
        self._random = Random(seed)
        self._pending: list[Message] = []
        self._changed = Condition()
        self._is_stopping = False
        self.responses: Counter[int] = Counter()
        """Number of deliveries by HTTP status; 0 stands for a failed connection."""
        self._thread = Thread(target=self._run, name="webhook sender", daemon=True)
        self._thread.start()

    def send(self, content: Json) -> None:
        """Sends one message, in as many copies as `Habits.webhook_copies` says."""
        with self._changed:
            if self._random.random() < self._habits.webhooks_lost:
                return
            message_id, due_s = f"msg_{uuid4().hex}", time.monotonic() + BATCH_S
            body = self._markers.shown(json.dumps(content)).encode()
            self._pending += [Message(message_id, body, due_s) for _ in range(self._habits.webhook_copies)]
            self._changed.notify()

    def stop(self) -> None:
        """Stops the thread and discards undelivered messages."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        with httpx.Client(timeout=TIMEOUT_S, trust_env=False) as client:
            while (due := self._due()) is not None:
                for message in due:
                    self._deliver(client, message)

    def _due(self) -> list[Message] | None:
        """Waits for the next due messages; None after `stop`."""
        with self._changed:
            while not self._is_stopping:
                at_s = time.monotonic()
                due = [message for message in self._pending if message.due_s <= at_s]
                if due:
                    self._pending = [message for message in self._pending if message.due_s > at_s]
                    if self._habits.webhooks_shuffled:
                        self._random.shuffle(due)
                    return due
                soonest_s = min((message.due_s for message in self._pending), default=None)
                self._changed.wait(None if soonest_s is None else soonest_s - at_s)
            return None

    def _deliver(self, client: httpx.Client, message: Message) -> None:
        sent_s = str(int(time.time()))
        headers = {
            "content-type": "application/json",
            "webhook-id": message.id,
            "webhook-timestamp": sent_s,
            "webhook-signature": signature(self._key, message.id, sent_s, message.body),
        }
        try:
            status = client.post(self._url, content=message.body, headers=headers).status_code
        except httpx.TransportError:
            status = 0
        self.responses[status] += 1
        message.attempts += 1
        if not 200 <= status < 300 and message.attempts < MAX_ATTEMPTS:
            message.due_s = time.monotonic() + RETRY_S * 2 ** (message.attempts - 1)
            with self._changed:
                self._pending.append(message)


def signature(key: bytes, message_id: str, sent_s: str, body: bytes) -> str:
    """Signature of a message, with the workspace's verification secret as key."""
    digest = hmac.new(key, f"{message_id}.{sent_s}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
