"""The receiver command as a subprocess, and signed requests for it."""

from __future__ import annotations

import base64
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from meeting_assets.sandbox.webhook_sender import signature
from meeting_assets_tests.support.ui import until

KEY = b"the key of a workspace"
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
START_S = 60
STOP_S = 30


def signed_request(content: bytes, message_id: str = "msg_1", *, key: bytes = KEY, age_s: float = 0) -> dict[str, Any]:
    """Content and headers of a signed request, as keyword arguments for httpx."""
    sent_s = str(int(time.time() - age_s))
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": sent_s,
        "webhook-signature": signature(key, message_id, sent_s, content),
    }
    return {"content": content, "headers": headers}


class ReceiverCommand:
    """`meeting-assets webhooks` as a subprocess, while the `with` block runs."""

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        self._environment = {**os.environ, **(settings or {})}
        self._log = Path(self._environment["MEETING_ASSETS_HOME"]) / f"receiver-{uuid4().hex}.log"

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "meeting_assets.cli", "webhooks", "--port", "0"],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            self.url = until(self._address, "the receiver's address", within_s=START_S)
        except BaseException:
            self.end(signal.SIGKILL)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self.end(signal.SIGTERM)

    def output(self) -> str:
        """Its standard output and standard error so far."""
        return self._log.read_text()

    def end(self, number: signal.Signals) -> int:
        """Sends a signal, waits for the exit, and returns the exit status."""
        self._process.send_signal(number)
        return self._process.wait(STOP_S)

    def _address(self) -> str:
        assert self._process.poll() is None, self.output()
        found = re.search(r"http://\S+/webhooks", self.output())
        return found[0] if found else ""
