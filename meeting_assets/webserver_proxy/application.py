"""The proxy's ASGI application: asks the policy about each request, then forwards or refuses it."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from meeting_assets.webserver_proxy.policy import ProxyRequest, Refusal, document_refusal, request_refusal
from meeting_assets.webserver_proxy.upstream import Upstream
from meeting_assets.webserver_proxy.websocket_relay import relay

# The request for a backfill of 100,000 days is 2 MB long.
MAX_BODY_BYTES = 16 * 2**20
WEBSOCKET = "websocket"

logger = logging.getLogger(__name__)


class WebserverProxy:
    """Forwards what the policy allows to the webserver.

    Args:
        upstream: the webserver; closed with the application.
        origins: the allowed origin for each accepted `Host` (`policy.allowed_origins`).
    """

    def __init__(self, upstream: Upstream, origins: Mapping[str, str]) -> None:
        self._upstream = upstream
        self._origins = origins

    def asgi(self) -> ASGIApp:
        """The application for an ASGI server."""

        @asynccontextmanager
        async def lifespan(_app: Starlette) -> AsyncIterator[None]:
            yield
            await self._upstream.close()

        return Starlette(routes=[Mount("/", app=self._logged)], lifespan=lifespan)

    async def _logged(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a request, and logs the class and place of an unexpected error, which may quote URL or body."""
        try:
            await self._serve(scope, receive, send)
        except Exception as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            name = f"{type(error).__module__}.{type(error).__qualname__}"
            logger.error("A request failed: %s in %s, line %s", name, frame.filename, frame.lineno)
            raise

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = request_refusal(_parts(HTTPConnection(scope)), self._origins)
        if scope["type"] == WEBSOCKET:
            browser = WebSocket(scope, receive, send)
            if refusal is not None:
                await browser.send_denial_response(_refused(refusal))
            else:
                await relay(browser, self._upstream.websocket_url(scope["path"]))
            return
        response = _refused(refusal) if refusal is not None else await self._forwarded(Request(scope, receive))
        await response(scope, receive, send)

    async def _forwarded(self, request: Request) -> Response:
        body = await _checked_body(request) if request.method == "POST" else None
        if isinstance(body, Refusal):
            return _refused(body)
        # The query string of a POST is a label, and the webserver must not take it for a document.
        query = request.scope["query_string"].decode("latin-1") if body is None else ""
        return await self._upstream.response(request.method, request.scope["path"], query, request.headers.raw, body)


def _parts(connection: HTTPConnection) -> ProxyRequest:
    return ProxyRequest(
        method=connection.scope.get("method", "GET"),
        path=connection.scope["path"],
        query=connection.scope["query_string"].decode("latin-1"),
        headers=connection.headers.items(),
        is_websocket=connection.scope["type"] == WEBSOCKET,
    )


async def _checked_body(request: Request) -> bytes | Refusal:
    """The body of a GraphQL request, encoded again, so that the webserver decodes the checked document."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                limit = f"The body is longer than {MAX_BODY_BYTES:,} bytes."
                return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, limit)
        document = json.loads(bytes(body))
        return document_refusal(document) or json.dumps(document).encode()
    except (ValueError, RecursionError, ClientDisconnect):
        return Refusal(HTTPStatus.BAD_REQUEST, "The body is not valid JSON, or is nested too deeply.")


def _refused(refusal: Refusal) -> Response:
    # Closes the connection instead of reading the rest of a refused body.
    headers = {"connection": "close", "x-content-type-options": "nosniff"}
    return PlainTextResponse(f"{refusal.reason}\n", refusal.status, headers)
