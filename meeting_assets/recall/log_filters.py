"""Keeps signed URLs and API keys out of the logs of HTTP libraries."""

from __future__ import annotations

import logging

from stamina.instrumentation import set_on_retry_hooks

URL_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpcore.socks")


def suppress_request_logs() -> None:
    """Drops every record of httpx and httpcore, and every retry message of stamina, in this process.

    Each entry point calls this before its first request: httpx and httpcore log URLs and headers, which contain
    secrets, and stamina prints retries to the console. A filter stays effective when a caller changes log levels.
    """
    for name in URL_LOGGERS:
        logging.getLogger(name).addFilter(_drop)
    set_on_retry_hooks([])


def _drop(_: logging.LogRecord) -> bool:
    return False
