"""HTTP servers of this package: their sockets, their settings, and the signals that end them."""

from __future__ import annotations

import errno
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from meeting_assets.core.errors import UsageError
from meeting_assets.core.interrupts import left_to_server

HOST_ADVICE = "Give an address of this machine with --host."
PORT_ADVICE = "Choose another port with --port."


def listen(host: str, port: int) -> socket.socket:
    """Returns a socket that listens on an address; port 0 selects a free one.

    Raises:
        UsageError: the address cannot be used.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # asyncio sets TCP_NODELAY only on sockets with an explicit protocol.
        listener = socket.socket(family, kind, socket.IPPROTO_TCP)
    except OSError as error:
        raise UsageError(f"--host {host} cannot be used: {error.strerror}. {HOST_ADVICE}") from None
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen()
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRNOTAVAIL:
            raise UsageError(f"--host {host} cannot be used: {error.strerror}. {HOST_ADVICE}") from None
        raise UsageError(f"--port {port} cannot be used: {error.strerror}. {PORT_ADVICE}") from None
    return listener


def silent_server(application: Any, **options: Any) -> uvicorn.Server:
    """A server that logs nothing, because URLs and headers of its requests contain secrets.

    Args:
        application: an ASGI application with a lifespan.
        options: further options of `uvicorn.Config`.
    """
    return uvicorn.Server(
        uvicorn.Config(
            application,
            lifespan="on",
            log_config=None,
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            **options,
        )
    )


@contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Calls `stop` for SIGINT and SIGTERM while the block runs, also before uvicorn installs its handlers.

    uvicorn raises the signal again after its shutdown. The process then exits with status 0. A second SIGINT ends
    uvicorn without waiting for open requests; a second SIGTERM changes nothing.

    Args:
        stop: makes the server in the block return; it may be called repeatedly.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.signal(number, lambda *_: stop()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with left_to_server():
            yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
