"""Start and stop of the server, and worlds of other shapes."""

import signal
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from meeting_assets.sandbox import Clock, Sandbox, combined, empty, uniform

from .conftest import DAY, client

SERVE = """
from meeting_assets.sandbox import Sandbox, empty, serve_forever

class Announced(Sandbox):
    def start(self):
        super().start()
        print(self.url, flush=True)

serve_forever(Announced(empty()))
"""
"""`serve_forever` handles signals before it starts the sandbox, so its address appears after that."""


def test_port_can_be_chosen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    with Sandbox(empty(), port=port) as sandbox:
        assert sandbox.url == f"http://127.0.0.1:{port}"
        assert sandbox.download_url != sandbox.url


def test_empty_world_has_empty_lists() -> None:
    with Sandbox(empty(), api_key="other-key") as sandbox, client(sandbox) as api:
        page = api.get("recording/").json()

    assert page == {"next": None, "previous": None, "results": []}
    assert sandbox.world.days == []


def test_stopped_sandbox_accepts_no_connection() -> None:
    with Sandbox(empty()) as sandbox:
        url = sandbox.url

    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_open_connection_does_not_delay_the_stop() -> None:
    with Sandbox(empty()) as sandbox:
        kept = client(sandbox)
        kept.get("recording/")

    assert not sandbox.is_running
    kept.close()


def test_threads_can_read_and_change_the_sandbox_concurrently() -> None:
    with Sandbox(uniform(DAY, recordings=20), limits=False) as sandbox, client(sandbox) as api:
        asking = [threading.Thread(target=lambda: api.get("recording/").raise_for_status()) for _ in range(8)]
        changing = [threading.Thread(target=sandbox.add_recording) for _ in range(8)]
        for thread in asking + changing:
            thread.start()
        for thread in asking + changing:
            thread.join()

        assert len(sandbox.world.recordings) == 28
        assert sandbox.stats.list_calls["recording"] == 8


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_the_server_without_output(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", SERVE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    url = process.stdout.readline().strip()
    answer = httpx.get(f"{url}/api/v1/recording/")

    process.send_signal(number)
    out, err = process.communicate(timeout=20)

    assert answer.status_code == 401
    assert (process.returncode, out, err) == (0, "", "")


def test_clock_can_be_set_and_moved() -> None:
    clock = Clock(at=datetime(2026, 1, 5, tzinfo=UTC))

    clock.advance(3600)

    assert timedelta(0) <= clock.now() - datetime(2026, 1, 5, 1, tzinfo=UTC) < timedelta(seconds=5)


def test_uniform_world_has_the_requested_size() -> None:
    world = uniform(DAY, recordings=30, words=40, people=2)

    assert (len(world.recordings), world.days) == (30, [DAY])
    assert all(len(each.artifacts) >= 6 for each in world.recordings)


def test_worlds_can_be_combined() -> None:
    both = combined([uniform(DAY, recordings=2), uniform(DAY + timedelta(days=2), recordings=1)])

    assert len(both.recordings) == 3
    assert both.days == [DAY, DAY + timedelta(days=1), DAY + timedelta(days=2)]
