"""Structured logs: one JSON object a line, with the ids of what it is about, and without secrets.

    {"at": "2026-03-02T09:30:00.123Z", "level": "WARNING", "logger": "meeting_assets.pipeline.load",
     "message": "…", "recording_id": "…", "kind": "transcript", "artifact_id": "…", "run_id": "…"}

Messages hold no secrets to begin with; whatever foreign text might bring along is taken out here once more.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from meeting_assets.core.urls import without_queries

ROOT = "meeting_assets"
SHORTEST = 4
FIELDS = ("recording_id", "kind", "artifact_id")
"""What a record may be about. Nothing else that somebody hangs on a record gets into the line."""


def log_context(recording_id: str, kind: str | None = None, artifact_id: str | None = None) -> dict[str, str]:
    """For a logger's `extra`: what a message is about."""
    given = {"recording_id": recording_id, "kind": kind, "artifact_id": artifact_id}
    return {name: value for name, value in given.items() if value}


def is_json() -> bool:
    """Whether this process writes JSON."""
    return any(isinstance(each, JsonHandler) for each in logging.getLogger(ROOT).handlers)


def write_json(secrets: Collection[str], *, run_id: str | None = None) -> None:
    """Writes what this package logs to standard error from now on, in place of an earlier such handler.

    Args:
        secrets: what must stand in no line, whatever brought it there.
        run_id: of the Dagster run that this process does at present.
    """
    logger = logging.getLogger(ROOT)
    handler = JsonHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(secrets, run_id=run_id))
    logger.handlers[:] = [each for each in logger.handlers if not isinstance(each, JsonHandler)] + [handler]
    logger.setLevel(min(logger.level or logging.INFO, logging.INFO))


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON."""

    def __init__(self, secrets: Collection[str] = (), *, run_id: str | None = None) -> None:
        super().__init__()
        # The longest first: one may be the beginning of another. One of a few letters stands in every second word.
        self._secrets = sorted((each for each in secrets if len(each) >= SHORTEST), key=len, reverse=True)
        self._run_id = run_id

    def format(self, record: logging.LogRecord) -> str:
        """The line, without the text of exceptions, which may quote what was said in a meeting."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields: dict[str, Any] = {
            "at": at.replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": self._redacted(record.getMessage()),
        }
        fields |= {name: str(value) for name in FIELDS if (value := getattr(record, name, None)) is not None}
        if self._run_id is not None:
            fields["run_id"] = self._run_id
        if record.exc_info and record.exc_info[0] is not None:
            fields["error"] = record.exc_info[0].__name__
        return json.dumps(fields, ensure_ascii=False)

    def _redacted(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "…")
        return without_queries(text.encode(errors="replace")).decode()


class JsonHandler(logging.StreamHandler[Any]):
    """The one handler of ours."""
