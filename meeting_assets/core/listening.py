"""Listening sockets and the signals that end a server."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from meeting_assets.core.errors import SettingsError


def listen(host: str, port: int) -> socket.socket:
    """Returns a socket that listens on an address; port 0 selects a free one.

    Raises:
        SettingsError: the address cannot be used.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # asyncio sets TCP_NODELAY only on sockets with an explicit protocol.
        listener = socket.socket(family, kind, socket.IPPROTO_TCP)
    except OSError as error:
        raise SettingsError(f"--host {host} cannot be used: {error.strerror}.") from None
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen()
    except OSError as error:
        listener.close()
        raise SettingsError(f"--host {host} --port {port} cannot be used: {error.strerror}.") from None
    return listener


@contextmanager
def signals_ignored_after_shutdown() -> Iterator[None]:
    """Ignores the signal that uvicorn raises again after its shutdown, so that the process exits with status 0."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
