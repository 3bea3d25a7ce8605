"""The process that serves the proxy on a port."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from meeting_assets.core.errors import UsageError
from meeting_assets.core.servers import listen, silent_server, stopped_by_signals
from meeting_assets.webserver_proxy.application import WebserverProxy
from meeting_assets.webserver_proxy.policy import LOOPBACK_NAMES, allowed_origins
from meeting_assets.webserver_proxy.upstream import Upstream

MAX_MESSAGE_BYTES = 2**20
MAX_HEADER_BYTES = 65_536
# WebSockets of open pages never end by themselves.
SHUTDOWN_TIMEOUT_S = 1


class ProxyServer:
    """A proxy that listens while its `with` block runs; `serve` processes requests.

    Args:
        upstream: the webserver.
        host: address to listen on.
        port: port to listen on; 0 selects a free one.
        public_url: the address that browsers use, if it is not a loopback address with this port.

    Raises:
        UsageError: the address or the public URL cannot be used.
    """

    def __init__(self, upstream: Upstream, *, host: str, port: int, public_url: str | None = None) -> None:
        self._upstream = upstream
        self._host, self._port, self._public_url = host, port, public_url

    def __enter__(self) -> Self:
        self._listener = listen(self._host, self._port)
        try:
            address, port = self._listener.getsockname()[:2]
            self._origins = allowed_origins(port, self._public_url)
            self.url = self._public_url or _loopback_url(self._host, address, port)
            """The address to open."""
        except BaseException:
            self._listener.close()
            raise
        self._server = silent_server(
            WebserverProxy(self._upstream, self._origins).asgi(),
            http="h11",
            ws="websockets-sansio",
            ws_max_size=MAX_MESSAGE_BYTES,
            h11_max_incomplete_event_size=MAX_HEADER_BYTES,
            date_header=False,
            timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_S,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()

    def serve(self) -> None:
        """Serves until SIGTERM, SIGINT or `stop`."""
        with stopped_by_signals(self.stop):
            self._server.run([self._listener])

    def stop(self) -> None:
        """Makes `serve` return; may be called from any thread."""
        self._server.should_exit = True


def _loopback_url(host: str, address: str, port: int) -> str:
    name = f"[{address}]" if ":" in address else address
    if name not in LOOPBACK_NAMES:
        raise UsageError(
            f"--host {host} is neither 127.0.0.1 nor ::1. Add --public-url with the address that browsers use."
        )
    return f"http://{name}:{port}"
