"""Structured logs: one JSON object per line, with the ids of recording and artifact, and without secrets.

    {"at": "2026-03-02T09:30:00.123Z", "level": "WARNING", "logger": "meeting_assets.pipeline.load",
     "message": "…", "recording_id": "…", "kind": "transcript", "artifact_id": "…", "run_id": "…"}

Our messages contain no secrets. As a second safeguard, the formatter removes secrets that text from libraries may
contain.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from meeting_assets.core.urls import without_url_secrets

ROOT = "meeting_assets"
SHORTEST = 4
FIELDS = ("recording_id", "kind", "artifact_id")
"""The attributes of a log record that are written; other attributes are ignored."""


def log_context(recording_id: str, kind: str | None = None, artifact_id: str | None = None) -> dict[str, str]:
    """Returns a logger's `extra`: the ids that a message refers to."""
    given = {"recording_id": recording_id, "kind": kind, "artifact_id": artifact_id}
    return {name: value for name, value in given.items() if value}


def is_json() -> bool:
    """Whether this process logs as JSON."""
    return any(isinstance(each, JsonHandler) for each in logging.getLogger(ROOT).handlers)


def log_as_json(secrets: Collection[str], *, run_id: str | None = None) -> None:
    """Logs this package's messages as JSON to standard error; replaces an earlier JSON handler.

    Args:
        secrets: values that are removed from every line.
        run_id: the Dagster run that this process executes.
    """
    logger = logging.getLogger(ROOT)
    handler = JsonHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(secrets, run_id=run_id))
    logger.handlers[:] = [each for each in logger.handlers if not isinstance(each, JsonHandler)] + [handler]
    logger.setLevel(min(logger.level or logging.INFO, logging.INFO))


class JsonFormatter(logging.Formatter):
    """Formats a log record as one line of JSON."""

    def __init__(self, secrets: Collection[str] = (), *, run_id: str | None = None) -> None:
        super().__init__()
        # Longest first, because one secret may be a prefix of another. Very short ones would occur in ordinary words.
        self._secrets = sorted((each for each in secrets if len(each) >= SHORTEST), key=len, reverse=True)
        self._run_id = run_id

    def format(self, record: logging.LogRecord) -> str:
        """Omits the text of exceptions, which may quote a meeting's transcript."""
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
        return without_url_secrets(text.encode(errors="replace")).decode()


class JsonHandler(logging.StreamHandler[Any]):
    """The handler that `log_as_json` installs."""
