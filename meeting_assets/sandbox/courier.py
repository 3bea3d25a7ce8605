"""Webhooks as Recall sends them: signed, at least once, in no particular order, again after a failure.

    recording.done          {event, data: {data: {code, sub_code, updated_at}, recording, bot}}
    transcript.done         {event, data: {data: {code, sub_code, updated_at}, transcript, recording, bot}}

How many copies come, in which order, and which never come, is among the sandbox's habits.
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

from .clock import iso
from .state import Habits
from .world import Artifact, Json, Recording

GATHERED_S = 0.1
"""Messages that come within this time may change places."""
ATTEMPTS = 8
RETRY_S = 1.0
"""Recall waits 5 s, 5 min, 30 min, ...; here the first wait is this, and each is twice the one before."""
PATIENCE_S = 15.0


@dataclass(slots=True)
class Letter:
    """A message on its way."""

    id: str
    body: bytes
    due_s: float
    attempts: int = 0


class Courier:
    """Brings messages to one endpoint, from a thread of its own."""

    def __init__(self, url: str, secret: str, habits: Habits, seed: int = 0) -> None:
        self._url = url
        self._key = base64.b64decode(secret.removeprefix("whsec_"))
        self._habits = habits
        self._random = Random(seed)
        self._letters: list[Letter] = []
        self._changed = Condition()
        self._is_stopping = False
        self.answers: Counter[int] = Counter()
        """Deliveries by the status of their answer; 0 where there was none."""
        self._thread = Thread(target=self._run, name="courier", daemon=True)
        self._thread.start()

    def tell(self, thing: Recording | Artifact, recording: Recording) -> None:
        """Says where a recording, or a media object of it, stands now."""
        noun = thing.collection if isinstance(thing, Artifact) else "recording"
        data: Json = {
            "data": {
                "code": thing.status.code,
                "sub_code": thing.status.sub_code,
                "updated_at": iso(thing.status.updated_at),
            },
            noun: {"id": thing.id, "metadata": thing.metadata},
            "recording": {"id": recording.id, "metadata": recording.metadata},
            "bot": {"id": recording.bot_id, "metadata": {}} if recording.bot_id else None,
        }
        self.send({"event": f"{noun}.{thing.status.code}", "data": data})

    def send(self, message: Json) -> None:
        """Sends any message, as often as is the sandbox's habit."""
        with self._changed:
            if self._random.random() < self._habits.webhooks_lost:
                return
            letter = Letter(f"msg_{uuid4().hex}", json.dumps(message).encode(), time.monotonic() + GATHERED_S)
            self._letters += [Letter(letter.id, letter.body, letter.due_s) for _ in range(self._habits.webhook_copies)]
            self._changed.notify()

    def stop(self) -> None:
        """What has not been delivered by now is lost."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        with httpx.Client(timeout=PATIENCE_S, trust_env=False) as client:
            while (letters := self._due()) is not None:
                for letter in letters:
                    self._deliver(client, letter)

    def _due(self) -> list[Letter] | None:
        """The letters whose time has come, when there are any; None when there will be none."""
        with self._changed:
            while not self._is_stopping:
                at_s = time.monotonic()
                due = [letter for letter in self._letters if letter.due_s <= at_s]
                if due:
                    self._letters = [letter for letter in self._letters if letter.due_s > at_s]
                    if self._habits.webhooks_shuffled:
                        self._random.shuffle(due)
                    return due
                soonest_s = min((letter.due_s for letter in self._letters), default=None)
                self._changed.wait(None if soonest_s is None else soonest_s - at_s)
            return None

    def _deliver(self, client: httpx.Client, letter: Letter) -> None:
        sent_s = str(int(time.time()))
        headers = {
            "content-type": "application/json",
            "webhook-id": letter.id,
            "webhook-timestamp": sent_s,
            "webhook-signature": signature(self._key, letter.id, sent_s, letter.body),
        }
        try:
            status = client.post(self._url, content=letter.body, headers=headers).status_code
        except httpx.TransportError:
            status = 0
        self.answers[status] += 1
        letter.attempts += 1
        if not 200 <= status < 300 and letter.attempts < ATTEMPTS:
            letter.due_s = time.monotonic() + RETRY_S * 2 ** (letter.attempts - 1)
            with self._changed:
                self._letters.append(letter)


def signature(key: bytes, message_id: str, sent_s: str, body: bytes) -> str:
    """The signature of a message by the workspace's verification secret."""
    digest = hmac.new(key, f"{message_id}.{sent_s}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
