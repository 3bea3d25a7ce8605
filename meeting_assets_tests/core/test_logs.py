"""Structured logs: each record is one line of JSON that says what it is about and tells no secret."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from meeting_assets.core.logs import ROOT, JsonFormatter, log_context, write_json

SIGNED = "https://host/a.mp4?Signature=x9"


def line(message: str, *arguments: object, secrets: Any = (), **extra: Any) -> dict[str, Any]:
    record = logging.getLogger(ROOT).makeRecord(ROOT, logging.WARNING, "f", 1, message, arguments, None, extra=extra)
    told: dict[str, Any] = json.loads(JsonFormatter(secrets, run_id="r1").format(record))
    return told


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    logger = logging.getLogger(ROOT)
    level, handlers = logger.level, logger.handlers[:]
    yield logger
    logger.setLevel(level)
    logger.handlers[:] = handlers


def test_a_line_says_what_it_is_about_and_nothing_else_that_hangs_on_the_record() -> None:
    told = line("%s of %s", "transcript", "0f7a", **log_context("0f7a", "transcript", "c1d2"), attendee="Ada")

    assert told.pop("at").endswith("Z")
    assert told == {
        "level": "WARNING",
        "logger": "meeting_assets",
        "message": "transcript of 0f7a",
        "recording_id": "0f7a",
        "kind": "transcript",
        "artifact_id": "c1d2",
        "run_id": "r1",
    }


def test_secrets_and_signatures_are_taken_out() -> None:
    told = line("%s with key-1 and key-12", SIGNED, secrets=("key-1", "key-12"))

    assert told["message"] == "https://host/a.mp4 with … and …"


def test_of_an_exception_only_its_kind_is_told() -> None:
    try:
        raise ValueError("what Ada said")
    except ValueError:
        record = logging.getLogger(ROOT).makeRecord(ROOT, logging.ERROR, "f", 1, "broken", (), sys.exc_info())

    told = JsonFormatter().format(record)

    assert json.loads(told)["error"] == "ValueError"
    assert "Ada" not in told


def test_line_breaks_and_letters_of_any_script_stay_in_their_line() -> None:
    record = logging.getLogger(ROOT).makeRecord(ROOT, logging.INFO, "f", 1, "a\nb 会議 \ud800", (), None)

    assert "\n" not in JsonFormatter().format(record)
    assert json.loads(JsonFormatter().format(record))["message"] == "a\nb 会議 ?"


def test_to_begin_again_doubles_no_line(root: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    write_json([], run_id="first")
    write_json([], run_id="second")

    root.info("once")

    (told,) = capsys.readouterr().err.splitlines()
    assert json.loads(told)["run_id"] == "second"
