"""The receiver: serves the webhook application on a local port. A proxy in front of it terminates TLS."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from meeting_assets.core.errors import SettingsError
from meeting_assets.core.servers import listen, silent_server, stopped_by_signals
from meeting_assets.pipeline.storage import open_database, origin_of
from meeting_assets.settings import Settings
from meeting_assets.webhooks.application import PATH, Application
from meeting_assets.webhooks.protocol import CONNECTIONS, BoundedProtocol
from meeting_assets.webhooks.signature import WebhookVerifier

MAX_HEADER_BYTES = 8_192
SHUTDOWN_TIMEOUT_S = 15


class Receiver:
    """A server that listens while its `with` block runs; `serve` processes requests."""

    def __init__(self, settings: Settings, *, host: str, port: int) -> None:
        if not settings.webhook_secrets:
            raise SettingsError(
                "RECALL_WEBHOOK_SECRETS is not set. Set it to the secrets from the Recall.ai dashboard: without them, "
                "forged webhooks cannot be recognised."
            )
        self._settings = settings
        self._host, self._port = host, port

    def __enter__(self) -> Self:
        self._database = open_database(self._settings)
        try:
            self._database.bind_origin(origin_of(self._settings.base_url))
            self._listener = listen(self._host, self._port)
        except BaseException:
            self._database.close()
            raise
        application = Application(self._database, WebhookVerifier(self._settings.webhook_secrets))
        self._server = silent_server(
            application.asgi(),
            http=BoundedProtocol,
            ws="none",
            h11_max_incomplete_event_size=MAX_HEADER_BYTES,
            limit_concurrency=CONNECTIONS,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_S,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        self._database.close()

    @property
    def url(self) -> str:
        """The URL to which messages are sent."""
        host, port = self._listener.getsockname()[:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}{PATH}"

    def serve(self) -> None:
        """Serves until SIGTERM, SIGINT or `stop`, then completes the requests in progress."""
        with stopped_by_signals(self.stop):
            self._server.run([self._listener])

    def stop(self) -> None:
        """Makes `serve` return; may be called from any thread."""
        self._server.should_exit = True
