"""`meeting-assets dev`: Dagster's UI with all that belongs to it, from its start to its end without a trace."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import httpx
import psutil
import pytest
from websockets.sync.client import connect as websocket
from websockets.typing import Subprotocol

from meeting_assets.cli.exit_codes import ExitCode
from meeting_assets.health.diagnostics.report import Severity
from meeting_assets.orchestration.dev import DAEMON
from meeting_assets.orchestration.home import prepare_home
from meeting_assets.orchestration.operations.doctor import diagnostics
from meeting_assets.orchestration.run_tags import PROCESS
from meeting_assets.orchestration.runs import dagster_instance
from meeting_assets.sandbox import Fault, Sandbox, uniform
from meeting_assets.settings import read_settings
from meeting_assets_tests.support.deployment import Deployment
from meeting_assets_tests.support.environments import free_port, open_test_storage, table_rows, use_sandbox
from meeting_assets_tests.support.ui import until

START_S = 150.0
STOP_S = 60.0
MOST_STOP_S = 5.0
LONG_S = 120.0
WEBSERVER = "dagster_webserver"
GRAPHQL_WS = Subprotocol("graphql-ws")

pytestmark = [
    pytest.mark.deployment,
    pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning"),
]


class Dev:
    """A `dev` command that runs on a free port, and all it has begun."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self._said = folder / "said"
        with self._said.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-u", "-m", "meeting_assets.cli", "dev", "--port", str(self.port), *options],
                stdout=said,
                stderr=said,
                env=dict(os.environ),
            )

    @property
    def said(self) -> str:
        return self._said.read_text()

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.said
        return "Stop " in self.said

    def server_info(self) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}/server_info", timeout=10, trust_env=False)

    def children(self) -> list[psutil.Process]:
        """Every process it has begun, and these have."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def stopped_by(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(STOP_S)


@contextmanager
def dev(folder: Path, *options: str) -> Iterator[Dev]:
    """A `dev` command whose UI responds; its remaining processes are killed after the test."""
    running = Dev(folder, *options)
    begun: list[psutil.Process] = []
    try:
        until(running.is_ready, "the UI", within_s=START_S)
        begun = running.children()
        yield running
    finally:
        begun += running.children() if running.process.poll() is None else []
        for each in begun:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        running.process.kill()
        running.process.wait()


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """The running processes; zombies do not count."""
    found = []
    for each in processes:
        with suppress(psutil.NoSuchProcess):
            if each.is_running() and each.status() != psutil.STATUS_ZOMBIE:
                found.append(each)
    return found


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(datetime.now(UTC).date(), recordings=1, words=20)) as running:
        use_sandbox(running, monkeypatch)
        yield running


def severity_of(subject: str) -> Severity:
    """How bad `doctor` finds something."""
    (found,) = [each for each in diagnostics().checks if each.subject == subject]
    return found.severity


def test_dev_without_a_key_uses_a_sandbox_and_leaves_no_process(home: Path) -> None:
    with dev(home) as running:
        answer = running.server_info()
        begun = running.children()
        daemon = severity_of("daemon")
        said = running.said
        status = running.stopped_by(signal.SIGINT)

        assert answer.is_success
        assert "dagster_webserver_version" in answer.json()
        assert f"http://127.0.0.1:{running.port}" in said
        assert "a sandbox, where a meeting finishes about every minute" in said
        assert str(home / "meetings.db") in said
        assert "Traceback" not in said
        assert len(begun) >= 4
        assert daemon is Severity.OK
        assert status == 0
        assert alive(begun) == []


def test_dev_with_a_key_calls_its_api_and_stops_during_a_run(home: Path, sandbox: Sandbox) -> None:
    # The run waits for its download until it is told to end.
    sandbox.inject(Fault("transcript:", times=None, delay_s=LONG_S))

    prepare_home(read_settings())

    with dev(home) as running:
        until(lambda: bool(run_statuses()), "a run that the sensor began", within_s=START_S)
        begun = running.children()
        began_s = monotonic()
        status = running.stopped_by(signal.SIGTERM)
        took_s = monotonic() - began_s

        assert took_s < MOST_STOP_S
        assert sandbox.stats.list_calls["transcript"]
        assert f"from {sandbox.url}, stored in" in running.said
        assert status == 0
        assert alive(begun) == []
        assert severity_of("runs") is Severity.WARNING


def test_second_ctrl_c_kills_processes_that_stop_slowly(home: Path, sandbox: Sandbox) -> None:
    # The run waits for its download, and delays the stop of its group.
    sandbox.inject(Fault("transcript:", times=None, delay_s=LONG_S))
    prepare_home(read_settings())

    with dev(home) as running:
        until(lambda: bool(run_statuses()), "a run that the sensor began", within_s=START_S)
        begun = running.children()
        running.process.send_signal(signal.SIGINT)
        until(lambda: len(alive(begun)) < len(begun), "the end of a process", within_s=STOP_S)
        is_stopping = running.process.poll() is None and bool(alive(begun))
        status = running.stopped_by(signal.SIGINT)
        until(lambda: not alive(begun), "the end of all processes", within_s=MOST_STOP_S)

    assert is_stopping
    assert status == ExitCode.INTERRUPTED


def run_statuses() -> list[str]:
    """The statuses of all runs that a process does, or did."""
    with dagster_instance() as instance:
        return [run.status.value for run in instance.get_runs() if PROCESS in run.tags]


@pytest.mark.parametrize(
    ("argument", "name"),
    [(WEBSERVER, "webserver"), (DAEMON, "daemon"), ("webserver-proxy", "proxy"), ("code-server", "code server")],
)
def test_dev_fails_when_one_of_its_processes_exits(home: Path, sandbox: Sandbox, argument: str, name: str) -> None:
    with dev(home) as running:
        begun = running.children()
        (killed,) = [each for each in begun if each.ppid() == running.process.pid and argument in each.cmdline()]
        killed.kill()

        assert running.process.wait(STOP_S) == 1
        assert f"Error: Dagster exited: its {name} has ended." in running.said
        assert alive(begun) == []


def test_dev_stops_within_5_s_while_a_page_is_open(home: Path, sandbox: Sandbox) -> None:
    with dev(home) as running, websocket(f"ws://127.0.0.1:{running.port}/graphql", subprotocols=[GRAPHQL_WS]) as page:
        page.send('{"type": "connection_init"}')
        acknowledged = page.recv(timeout=LONG_S)
        begun = running.children()
        began_s = monotonic()
        status = running.stopped_by(signal.SIGINT)
        took_s = monotonic() - began_s

    assert "connection_ack" in acknowledged
    assert status == 0
    assert alive(begun) == []
    assert took_s < MOST_STOP_S


def test_webserver_of_dev_cannot_be_used_without_the_proxy(home: Path, sandbox: Sandbox) -> None:
    with dev(home) as running:
        (webserver,) = [each for each in running.children() if WEBSERVER in each.cmdline()]
        ports = {each.laddr.port for each in webserver.net_connections("tcp") if each.status == psutil.CONN_LISTEN}
        answers = [
            httpx.request(method, f"http://127.0.0.1:{port}{path}", json=body, trust_env=False).status_code
            for port in ports
            for method, path, body in [
                ("GET", "/server_info", None),
                ("GET", "/graphql?query={version}", None),
                ("POST", "/graphql", {"query": "{version}"}),
            ]
        ]

    assert answers == [404, 404, 404]
    assert ports != {running.port}


def test_used_port_is_reported_in_one_sentence(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "meeting_assets.cli", "dev", "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=dict(os.environ),
        )

    assert done.returncode == 2
    assert (
        f"Error: --port {port} cannot be used: Address already in use. Choose another port with --port." in done.stderr
    )
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("port", [0, 65_536, 99_999])
def test_number_that_is_no_port_is_refused_before_anything_starts(home: Path, port: int) -> None:
    done = second("dev", "--port", str(port))

    assert done.returncode == 2
    assert "than or equal to" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (home / "dagster").exists()


def test_unusable_public_url_is_refused_before_anything_starts(home: Path) -> None:
    done = second("dev", "--public-url", "dagster.example.org")

    assert done.returncode == 2
    assert "--public-url must be the address that browsers use" in done.stderr
    assert not (home / "dagster").exists()


def test_dev_accepts_its_public_url(home: Path, sandbox: Sandbox) -> None:
    with dev(home, "--public-url", "http://localhost:8080") as running:
        answers = [
            httpx.get(
                f"http://127.0.0.1:{running.port}/server_info", headers={"host": host}, trust_env=False, timeout=LONG_S
            ).status_code
            for host in ("localhost:8080", f"localhost:{running.port}", "localhost:8081")
        ]

    assert answers == [200, 200, 403]
    assert "http://localhost:8080" in running.said


def second(command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Another command on the same home."""
    return subprocess.run(
        [sys.executable, "-m", "meeting_assets.cli", command, *arguments],
        capture_output=True,
        text=True,
        timeout=START_S,
        check=False,
        env=dict(os.environ),
    )


def test_dev_excludes_a_second_dev_and_demo_until_it_is_killed(home: Path) -> None:
    with dev(home) as first:
        before = table_rows()
        refused = [second("dev", "--port", str(free_port())), second("demo")]
        alive_after = first.server_info().is_success
        begun = first.children()
        first.process.kill()
        first.process.wait()
        (home / "second").mkdir()
        with dev(home / "second") as after_the_kill:
            left = alive(begun)
            answers = after_the_kill.server_info().is_success
            status = after_the_kill.stopped_by(signal.SIGINT)

    for done in refused:
        assert done.returncode == 6
        assert f"already runs at http://127.0.0.1:{first.port} (process {first.process.pid})" in done.stderr
        assert "Traceback" not in done.stderr
    assert {row[0] for row in before["recordings"]} <= {row[0] for row in table_rows()["recordings"]}
    assert alive_after
    assert left == []
    assert answers
    assert status == 0


def test_dev_refuses_to_run_beside_a_daemon_on_the_same_dagster_home(
    home: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Deployment(home, sandbox) as deployment:
        deployment.settle(monkeypatch)
        until(lambda: severity_of("daemon") is Severity.OK, "the daemon's heartbeats", within_s=START_S)

        done = second("dev", "--port", str(free_port()))

    assert done.returncode == 6
    assert "A Dagster daemon already runs" in done.stderr
    assert "Traceback" not in done.stderr


def test_sandbox_meetings_are_not_added_to_a_home_of_real_meetings(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_test_storage():
        pass

    done = subprocess.run(
        [sys.executable, "-m", "meeting_assets.cli", "dev", "--port", str(free_port())],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=dict(os.environ),
    )

    assert done.returncode == 6
    assert "holds meetings from https://us-east-1.recall.ai" in done.stderr
    assert "Traceback" not in done.stderr
