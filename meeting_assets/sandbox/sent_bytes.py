"""Counts the bytes of media files that a sandbox sends."""

from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Scope, Send

from .media.ranges import first_sent
from .stats import Stats
from .urls import MEDIA_PREFIX, file_label

CONTENT_STATUSES = (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT)


def counted(send: Send, scope: Scope, stats: Stats) -> Send:
    """`send`, with the content of a media file counted in `stats`; unchanged for requests of anything else."""
    if not scope["path"].startswith(MEDIA_PREFIX) or scope["method"] != "GET":
        return send
    label = ":".join(file_label(scope["path"]))
    at: int | None = None

    async def send_counted(message: MutableMapping[str, Any]) -> None:
        nonlocal at
        if message["type"] == "http.response.start":
            headers = Headers(raw=list(message["headers"]))
            if message["status"] in CONTENT_STATUSES and "etag" in headers:
                at = first_sent(headers.get("content-range"))
                stats.responses_by_file[label] += 1
        elif at is not None:
            stats.count_sent(label, at, len(message.get("body", b"")))
            at += len(message.get("body", b""))
        await send(message)

    return send_counted
