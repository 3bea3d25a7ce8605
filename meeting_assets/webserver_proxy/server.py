"""The process that serves the proxy on a port."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import uvicorn

from meeting_assets.core.listening import listen, signals_ignored_after_shutdown
from meeting_assets.webserver_proxy.application import WebserverProxy
from meeting_assets.webserver_proxy.policy import own_origins
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
        public_url: the address that browsers use, if a TLS proxy runs before this one.

    Raises:
        SettingsError: the address or the public URL cannot be used.
    """

    def __init__(self, upstream: Upstream, *, host: str, port: int, public_url: str | None = None) -> None:
        self._upstream = upstream
        self._host, self._port, self._public_url = host, port, public_url

    def __enter__(self) -> Self:
        self._listener = listen(self._host, self._port)
        try:
            self._origins = own_origins(self._listener.getsockname()[1], self._public_url)
        except BaseException:
            self._listener.close()
            raise
        self._server = uvicorn.Server(
            uvicorn.Config(
                WebserverProxy(self._upstream, self._origins).asgi(),
                http="h11",
                ws="websockets-sansio",
                ws_max_size=MAX_MESSAGE_BYTES,
                h11_max_incomplete_event_size=MAX_HEADER_BYTES,
                lifespan="on",
                log_config=None,
                log_level="critical",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,
                timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_S,
            )
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()

    @property
    def url(self) -> str:
        """The address to open."""
        return self._public_url or next(iter(self._origins.values()))

    def serve(self) -> None:
        """Serves until SIGTERM, SIGINT or `stop`."""
        with signals_ignored_after_shutdown():
            self._server.run([self._listener])

    def stop(self) -> None:
        """Makes `serve` return; may be called from any thread."""
        self._server.should_exit = True
