"""An alert is delivered or waits; the receiver's URL is logged nowhere."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import dagster as dg
import pytest

from meeting_assets.core.errors import SettingsError
from meeting_assets.settings import read_settings
from meeting_assets_tests.support.alerts import DAY, HOUR_S, SECRET, Receiver, Watch, fail
from meeting_assets_tests.support.environments import free_port

pytestmark = [
    pytest.mark.deployment,
    pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning"),
]


def test_without_a_receiver_alerts_go_to_the_log(
    defs: dg.Definitions, runs: Watch, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    run_id = fail(defs, monkeypatch)

    shown = runs.tick()

    logged = capfd.readouterr().err
    assert "WARNING" in logged
    assert f"A run of sync_recordings failed, day {DAY}: " in logged
    assert run_id in logged
    assert run_id in shown


@pytest.mark.parametrize("status", [302, 404, 500])
def test_rejected_alert_waits_for_the_next_tick(
    defs: dg.Definitions, runs: Watch, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    run_id = fail(defs, monkeypatch)
    receiver.status = status

    assert "1 alerts wait for delivery" in runs.tick()
    assert receiver.requests == 1
    receiver.status = 200
    runs.tick()
    runs.tick()

    assert [document["run_id"] for document in receiver.documents] == [run_id]


def test_an_alert_waits_for_a_receiver_that_is_down(
    defs: dg.Definitions, runs: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = fail(defs, monkeypatch)
    port = free_port()
    monkeypatch.setenv("MEETING_ASSETS_ALERT_URL", f"http://127.0.0.1:{port}/services/{SECRET}")

    runs.tick()
    with Receiver(port) as receiver:
        runs.tick()

    assert [document["run_id"] for document in receiver.documents] == [run_id]


def test_an_alert_that_waited_too_long_goes_to_the_log(
    defs: dg.Definitions,
    runs: Watch,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    run_id = fail(defs, monkeypatch)
    receiver.status = 500
    runs.tick()
    assert run_id not in capfd.readouterr().err

    runs.let_pass(3 * HOUR_S)
    runs.tick()
    logged = capfd.readouterr().err
    receiver.status = 200
    runs.tick()

    assert "An alert could not be delivered: A run of sync_recordings failed" in logged
    assert run_id in logged
    assert receiver.documents == []


def test_invalid_cursor_of_alerts_is_replaced(runs: Watch, receiver: Receiver) -> None:
    runs.cursor = '{"seen": 3, "of": "another version"}'

    runs.tick()

    assert runs.cursor is not None
    assert receiver.documents == []


@pytest.mark.parametrize("status", [200, 302, 500, None])
def test_url_of_the_alert_receiver_is_logged_nowhere(
    defs: dg.Definitions,
    runs: Watch,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    status: int | None,
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "httpcore.http11", "httpcore.connection", "dagster"):
        caplog.set_level(logging.DEBUG, name)
    fail(defs, monkeypatch)
    with Receiver(free_port()) as receiver:
        monkeypatch.setenv("MEETING_ASSETS_ALERT_URL", receiver.url)
        receiver.status = status or 0
        if status is not None:
            shown = runs.tick()
    if status is None:
        shown = runs.tick()
    runs.let_pass(3 * HOUR_S)
    shown += runs.tick()

    texts = {
        "tick": shown,
        "cursor": str(runs.cursor),
        "log": caplog.text,
        "output": "".join(capfd.readouterr()),
        "settings": repr(read_settings()) + str(read_settings()),
    }
    assert [source for source, text in texts.items() if SECRET in text] == []
    files = [path for path in home.rglob("*") if path.is_file()]
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []
    assert SECRET in os.environ["MEETING_ASSETS_ALERT_URL"]


@pytest.mark.parametrize(
    "url", ["hooks.slack.com/x", "ftp://host/x", "https:///x", "https://ho st/x", "http://h:999999/"]
)
def test_a_url_that_cannot_be_posted_to_is_refused_without_being_quoted(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_ALERT_URL", url + SECRET)

    with pytest.raises(SettingsError) as refused:
        read_settings()

    assert str(refused.value).startswith("MEETING_ASSETS_ALERT_URL is wrong: ")
    assert SECRET not in str(refused.value)
