"""A receiver of alerts, and the sensors that send them."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import dagster as dg
import pytest

from meeting_assets.orchestration.runs import dagster_instance, run_days

DAY = date(2026, 3, 2)
OTHER_DAY = DAY + timedelta(days=1)
SECRET = "T0-B0-s3cret71c04d5e"
HOUR_S = 3600.0


class Receiver:
    """A real HTTP server on loopback that records the documents it receives."""

    def __init__(self, port: int) -> None:
        self.documents: list[dict[str, Any]] = []
        self.requests = 0
        self.status = 200
        self.url = f"http://127.0.0.1:{port}/services/{SECRET}"
        receiver = self

        class Answering(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.requests += 1
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if receiver.status == 200:
                    assert self.headers["Content-Type"] == "application/json"
                    receiver.documents.append(json.loads(body))
                self.send_response(receiver.status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()

            def log_request(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Answering)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def __enter__(self) -> Receiver:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Watch:
    """A sensor with its cursor, which a tick reads and replaces."""

    def __init__(self, sensor: dg.SensorDefinition, defs: dg.Definitions) -> None:
        self._sensor = sensor
        self._defs = defs
        self.cursor: str | None = None

    def tick(self) -> str:
        """Evaluates the sensor; returns the message of the tick in the UI."""
        with (
            dagster_instance() as instance,
            dg.build_sensor_context(instance=instance, cursor=self.cursor, definitions=self._defs) as context,
        ):
            result = self._sensor(context)
        assert isinstance(result, dg.SensorResult)
        assert result.skip_reason is not None
        self.cursor = result.cursor
        return str(result.skip_reason.skip_message)

    def let_pass(self, seconds: float) -> None:
        """Makes all instants in the cursor older."""
        assert self.cursor is not None
        self.cursor = re.sub(
            r'("\w+_s":)(\d+\.\d+)', lambda found: f"{found[1]}{float(found[2]) - seconds}", self.cursor
        )


def fail(defs: dg.Definitions, monkeypatch: pytest.MonkeyPatch, day: date = DAY) -> str:
    """Runs a day with a wrong key; returns the id of the failed run."""
    with monkeypatch.context() as patched:
        patched.setenv("RECALL_API_KEY", "not-the-key")
        outcome = run_days(defs, [day])
    assert not outcome.succeeded
    return outcome.run_id
