"""The command `webserver-proxy`: what it prints, and how it ends."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from meeting_assets_tests.support.commands import command, kill, started
from meeting_assets_tests.support.stand_in_webserver import PREFIX
from meeting_assets_tests.support.ui import until

START_S = 60.0
ADDRESS = "Dagster's UI is at http://127.0.0.1:"
UNPROTECTED = "The webserver's own port is unprotected. Set DAGSTER_WEBSERVER_PATH_PREFIX for both processes"


@dataclass
class Proxy:
    """A proxy whose address is printed."""

    process: BaseProcess
    out: Path
    err: Path

    def stop(self) -> int | None:
        assert self.process.pid
        os.kill(self.process.pid, signal.SIGTERM)
        self.process.join(START_S)
        return self.process.exitcode


@contextmanager
def proxy(folder: Path, environment: dict[str, str]) -> Iterator[Proxy]:
    out, err = folder / "out", folder / "err"
    process = started(("webserver-proxy", "--port", "0"), {**os.environ, **environment}, out, err)
    try:
        until(
            lambda: out.exists() and "Dagster's UI is at http://127.0.0.1:" in out.read_text(), "it", within_s=START_S
        )
        yield Proxy(process, out, err)
    finally:
        kill(process)


def test_proxy_without_a_secret_path_warns(tmp_path: Path) -> None:
    with proxy(tmp_path, {}) as running:
        until(lambda: UNPROTECTED in running.err.read_text().replace("\n", " "), "the warning", within_s=START_S)


def test_proxy_with_a_secret_path_does_not_print_it(tmp_path: Path) -> None:
    with proxy(tmp_path, {"DAGSTER_WEBSERVER_PATH_PREFIX": PREFIX}) as running:
        running.stop()
        printed = running.out.read_text() + running.err.read_text()

    assert UNPROTECTED not in printed
    assert PREFIX not in printed


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (
            ("--path-prefix", "/dagster"),
            3,
            "DAGSTER_WEBSERVER_PATH_PREFIX (or --path-prefix) must be //:/ and a secret",
        ),
        (("--host", "::", "--port", "0"), 2, "Add --public-url with the address that browsers use."),
        (("--port", "65536"), 2, "less than or equal to 65535"),
    ],
)
def test_unusable_options_end_with_a_sentence(options: tuple[str, ...], status: int, message: str) -> None:
    done = command("webserver-proxy", *options)

    assert done.returncode == status
    assert message in done.stderr
    assert "Traceback" not in done.stderr
