"""HTTP server of a sandbox: API and downloads on two loopback ports, in one thread."""

import asyncio
import signal
import socket
from struct import pack
from threading import Event, Thread
from types import TracebackType
from typing import Self

import uvicorn
from starlette.types import ASGIApp, Scope

from .api import Api
from .calendar import CalendarControls
from .clock import Clock
from .controls import Controls
from .downloads import Downloads
from .fault_injection import FaultInjector
from .faults import Ending
from .media import MediaSource, Voices
from .media_controls import MediaControls
from .objects import Objects
from .state import Habits, State
from .stats import Stats
from .world import World

HOST = "127.0.0.1"
START_S = 10.0
SEND_BUFFER_BYTES = 256 * 2**10


class Sandbox(Controls, CalendarControls, MediaControls):
    """Stand-in Recall.ai API that serves a copy of `world` while its `with` block runs.

    `limits=False` switches the rate limits off; port 0 selects a free port. `media=True` serves playable media files
    and shows their sizes; another `MediaSource` serves its own. By default they are placeholders.
    """

    def __init__(
        self,
        world: World,
        api_key: str = "sandbox-key",
        limits: bool = True,
        port: int = 0,
        download_port: int = 0,
        clock: Clock | None = None,
        media: MediaSource | bool = False,
    ) -> None:
        source = Voices() if media is True else media or None
        super().__init__(State(world.copy(), api_key=api_key, limits=limits, clock=clock or Clock(), media=source))
        self._ports = port, download_port
        self._thread: Thread | None = None
        self._origins: tuple[_Origin, ...] = ()

    @property
    def url(self) -> str:
        return self._state.api_origin

    @property
    def download_url(self) -> str:
        return self._state.url_signer.origin

    @property
    def api_key(self) -> str:
        return self._state.api_key

    @property
    def world(self) -> World:
        return self._state.world

    @property
    def stats(self) -> Stats:
        return self._state.stats

    @property
    def habits(self) -> Habits:
        return self._state.habits

    @property
    def clock(self) -> Clock:
        return self._state.clock

    @property
    def signature_marker(self) -> str:
        """Part of every signature and token."""
        return self._state.markers.signature

    @property
    def password_marker(self) -> str:
        """Part of every meeting password."""
        return self._state.markers.password

    def start(self) -> None:
        api, downloads = (_listener(port) for port in self._ports)
        self._state.api_origin = _origin_of(api)
        self._state.url_signer.origin = _origin_of(downloads)
        objects = Objects(self._state)
        self._origins = (
            _Origin(Api(self._state, objects).app(), self._state, api),
            _Origin(Downloads(self._state, objects).app(), self._state, downloads),
        )
        self._thread = Thread(target=self._run, name="sandbox", daemon=True)
        self._thread.start()
        for origin in self._origins:
            if not origin.ready.wait(START_S):
                raise RuntimeError(f"the sandbox did not start within {START_S:.0f} s")

    def stop(self) -> None:
        self.stop_notifying()
        origins, self._origins = self._origins, ()
        for origin in origins:
            origin.stop()
        if self._thread:
            self._thread.join()
            self._thread = None

    @property
    def is_running(self) -> bool:
        return self._thread is not None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        async def both() -> None:
            await asyncio.gather(*(origin.serve([origin.socket]) for origin in self._origins))

        asyncio.run(both())


class _Origin(uvicorn.Server):
    """Server of one port. `stop` takes effect at once; uvicorn itself checks only every 0.1 s."""

    def __init__(self, app: ASGIApp, state: State, listener: socket.socket) -> None:
        super().__init__(
            uvicorn.Config(
                FaultInjector(app, state, self.hang_up),
                log_config=None,
                log_level="critical",
                access_log=False,
                lifespan="off",
                ws="none",
                server_header=False,
                date_header=False,
                timeout_keep_alive=60,
                timeout_graceful_shutdown=1,
            )
        )
        self.socket = listener
        self.ready = Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.ready.set()
        await self._stopping.wait()

    def stop(self) -> None:
        if self._loop:
            self._loop.call_soon_threadsafe(self._stopping.set)

    def hang_up(self, scope: Scope, ending: Ending) -> None:
        for connection in self.server_state.connections:
            transport = connection.transport
            is_client = getattr(connection, "client", None) == tuple(scope["client"])
            if is_client and isinstance(transport, asyncio.Transport):
                if ending == "reset":
                    # Without a time to linger, the kernel sends a reset instead of the rest of its buffer.
                    peer = transport.get_extra_info("socket")
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))
                transport.close() if ending == "close" else transport.abort()


def serve_forever(sandbox: Sandbox) -> None:
    """Serves until SIGINT or SIGTERM; starts the sandbox unless it runs. Call it from the main thread."""
    stopping = Event()
    signals = (signal.SIGINT, signal.SIGTERM)
    previous = {number: signal.signal(number, lambda *_: stopping.set()) for number in signals}
    if not sandbox.is_running:
        sandbox.start()
    try:
        stopping.wait()
    finally:
        sandbox.stop()
        for number, handler in previous.items():
            signal.signal(number, handler)


def _listener(port: int) -> socket.socket:
    """A listening socket.

    The protocol must be given: asyncio sets TCP_NODELAY only then, and without it each response takes 40 ms more.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Bytes in the kernel count as sent although a lost connection loses them; its default buffer is 4 MB.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    try:
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise
    listener.listen()
    return listener


def _origin_of(listener: socket.socket) -> str:
    return f"http://{HOST}:{listener.getsockname()[1]}"
