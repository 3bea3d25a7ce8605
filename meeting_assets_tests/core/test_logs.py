"""Structured logs: each record is one line of JSON with ids and without secrets."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from meeting_assets.core.logs import ROOT, JsonFormatter, log_as_json, log_context

SIGNED = "https://host/a.mp4?Signature=x9"


def line(message: str, *arguments: object, secrets: Any = (), **extra: Any) -> dict[str, Any]:
    record = logging.getLogger(ROOT).makeRecord(ROOT, logging.WARNING, "f", 1, message, arguments, None, extra=extra)
    logged: dict[str, Any] = json.loads(JsonFormatter(secrets, run_id="r1").format(record))
    return logged


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    logger = logging.getLogger(ROOT)
    level, handlers = logger.level, logger.handlers[:]
    yield logger
    logger.setLevel(level)
    logger.handlers[:] = handlers


def test_line_contains_known_fields_only() -> None:
    logged = line("%s of %s", "transcript", "0f7a", **log_context("0f7a", "transcript", "c1d2"), attendee="Ada")

    assert logged.pop("at").endswith("Z")
    assert logged == {
        "level": "WARNING",
        "logger": "meeting_assets",
        "message": "transcript of 0f7a",
        "recording_id": "0f7a",
        "kind": "transcript",
        "artifact_id": "c1d2",
        "run_id": "r1",
    }


def test_secrets_and_signatures_are_removed() -> None:
    logged = line("%s with key-1 and key-12", SIGNED, secrets=("key-1", "key-12"))

    assert logged["message"] == "https://host/a.mp4 with … and …"


def test_exception_is_logged_by_class_name_only() -> None:
    try:
        raise ValueError("what Ada said")
    except ValueError:
        record = logging.getLogger(ROOT).makeRecord(ROOT, logging.ERROR, "f", 1, "broken", (), sys.exc_info())

    logged = JsonFormatter().format(record)

    assert json.loads(logged)["error"] == "ValueError"
    assert "Ada" not in logged


def test_message_with_line_breaks_stays_on_one_line() -> None:
    record = logging.getLogger(ROOT).makeRecord(ROOT, logging.INFO, "f", 1, "a\nb 会議 \ud800", (), None)

    assert "\n" not in JsonFormatter().format(record)
    assert json.loads(JsonFormatter().format(record))["message"] == "a\nb 会議 ?"


def test_second_call_does_not_duplicate_lines(root: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    log_as_json([], run_id="first")
    log_as_json([], run_id="second")

    root.info("once")

    (logged,) = capsys.readouterr().err.splitlines()
    assert json.loads(logged)["run_id"] == "second"
