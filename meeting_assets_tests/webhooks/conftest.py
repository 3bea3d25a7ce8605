"""A running receiver, and an HTTP client for it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest

from meeting_assets.settings import read_settings
from meeting_assets.webhooks.application import PATH
from meeting_assets.webhooks.receiver import Receiver
from meeting_assets_tests.support.webhook_sender import SECRET

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


def port_of(receiver: Receiver) -> int:
    return int(receiver.url.rsplit(":", 1)[1].removesuffix(PATH))
