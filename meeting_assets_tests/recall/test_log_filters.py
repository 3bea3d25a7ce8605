"""Request logs of HTTP libraries are suppressed by entry points, and by no import."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from meeting_assets.orchestration.resources import apply_settings
from meeting_assets.recall.log_filters import URL_LOGGERS, suppress_request_logs
from meeting_assets_tests.support.fake_transport import DOWNLOAD, SIGNATURE, FakeTransport


@pytest.fixture(autouse=True)
def unfiltered() -> Iterator[None]:
    for name in URL_LOGGERS:
        logging.getLogger(name).filters.clear()
    yield
    suppress_request_logs()


def test_httpx_logs_signed_urls_without_the_filter(caplog: pytest.LogCaptureFixture) -> None:
    FakeTransport(httpx.Response(200, content=b"[]")).download(DOWNLOAD)

    assert SIGNATURE in caplog.text


def test_suppressed_loggers_drop_records_of_every_level(caplog: pytest.LogCaptureFixture) -> None:
    suppress_request_logs()

    FakeTransport(httpx.Response(200, content=b"[]")).download(DOWNLOAD)
    for name in URL_LOGGERS:
        logging.getLogger(name).critical(DOWNLOAD)

    assert SIGNATURE not in caplog.text


def test_processes_of_dagster_suppress_request_logs(caplog: pytest.LogCaptureFixture) -> None:
    apply_settings()

    FakeTransport(httpx.Response(200, content=b"[]")).download(DOWNLOAD)

    assert SIGNATURE not in caplog.text


def test_repeated_calls_add_one_filter() -> None:
    suppress_request_logs()
    suppress_request_logs()

    assert [len(logging.getLogger(name).filters) for name in URL_LOGGERS] == [1] * len(URL_LOGGERS)


def test_importing_the_client_changes_no_logger() -> None:
    code = (
        "import logging, meeting_assets.recall.client, meeting_assets.recall.log_filters as module; "
        "print(sum(len(logging.getLogger(name).filters) for name in module.URL_LOGGERS))"
    )

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert result.stdout.strip() == "0"
