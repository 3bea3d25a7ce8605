"""Relays the messages of one WebSocket between a browser and Dagster's webserver."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from meeting_assets.webserver_proxy.policy import document_refusal
from meeting_assets.webserver_proxy.upstream import unreachable

PROTOCOL = Subprotocol("graphql-ws")
START = "start"
MESSAGE_TYPES = ("connection_init", START, "stop", "connection_terminate")
# The webserver sends compute logs in parts of a few MB.
MAX_SENT_BYTES = 64 * 2**20
OPEN_TIMEOUT_S = 10.0
POLICY_VIOLATION, GOING_AWAY = 1008, 1001
# Codes for a missing close frame, which must not be sent in one.
UNSENDABLE = (1005, 1006, 1015)


class RefusedMessage(Exception):
    """A message that is not forwarded."""


async def relay(browser: WebSocket, url: str) -> None:
    """Connects a browser's WebSocket with the webserver's until one of them closes.

    Args:
        browser: the WebSocket, not accepted yet; its origin has been checked.
        url: `ws://` address of the webserver's GraphQL endpoint.
    """
    try:
        webserver = await connect(
            url,
            subprotocols=[PROTOCOL],
            # Both ends are on this machine.
            compression=None,
            max_size=MAX_SENT_BYTES,
            open_timeout=OPEN_TIMEOUT_S,
            proxy=None,
        )
    except (OSError, TimeoutError, InvalidHandshake):
        await browser.send_denial_response(unreachable())
        return
    with suppress(WebSocketDisconnect):  # the browser has left
        async with webserver:
            await browser.accept(subprotocol=webserver.subprotocol)
            code = await _first_of(_to_webserver(browser, webserver), _to_browser(browser, webserver))
        with suppress(RuntimeError):  # both ends have closed it
            await browser.close(code)


async def _first_of(*directions: Coroutine[Any, Any, int]) -> int:
    """Runs both directions until one ends, and returns the code with which it closes the WebSocket."""
    tasks = [asyncio.ensure_future(each) for each in directions]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(iter(done)).result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _to_webserver(browser: WebSocket, webserver: ClientConnection) -> int:
    try:
        while True:
            await webserver.send(checked_message(await browser.receive_text()))
    except (RefusedMessage, KeyError):  # KeyError: a binary message
        return POLICY_VIOLATION
    except (WebSocketDisconnect, ConnectionClosed):
        return GOING_AWAY


async def _to_browser(browser: WebSocket, webserver: ClientConnection) -> int:
    with suppress(WebSocketDisconnect, ConnectionClosed):
        async for message in webserver:
            await browser.send_text(message if isinstance(message, str) else message.decode())
    code = webserver.close_code
    return GOING_AWAY if code is None or code in UNSENDABLE else code


def checked_message(text: str) -> str:
    """Returns a message of the protocol `graphql-ws` in the encoding in which it is forwarded.

    >>> checked_message('{"type": "stop", "id": "1"}')
    '{"type": "stop", "id": "1"}'

    Raises:
        RefusedMessage: it is no message of this protocol, or the policy refuses its GraphQL document.
    """
    try:
        message = json.loads(text)
        encoded = json.dumps(message)
    except (ValueError, RecursionError):
        raise RefusedMessage from None
    if not isinstance(message, dict) or message.get("type") not in MESSAGE_TYPES:
        raise RefusedMessage
    if message["type"] == START and document_refusal(message.get("payload")) is not None:
        raise RefusedMessage
    return encoded
