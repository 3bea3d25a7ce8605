"""Commands that run until they are stopped: `sandbox`, `dev`, `webhooks` and `webserver-proxy`."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from meeting_assets.cli.current_settings import read_settings
from meeting_assets.cli.options import as_date
from meeting_assets.cli.sandboxes import live_sandbox, sample_world, world_of
from meeting_assets.cli.terminal import err, hidden_warnings, out, print_line, print_note
from meeting_assets.console import print_dev_addresses, print_sandbox_instructions, progress
from meeting_assets.core.errors import UsageError
from meeting_assets.core.gc_tuning import freeze
from meeting_assets.core.logs import is_json

SANDBOX_PORT = 8461
UI_PORT = 3000
WEBHOOK_PORT = 8462
MAX_PORT = 65_535
WEBSERVER_URL = "http://127.0.0.1:3001"
UNPROTECTED = (
    "The webserver's own port is unprotected. Set DAGSTER_WEBSERVER_PATH_PREFIX for both processes, "
    "to //:/ and a secret."
)


def sandbox(
    from_folder: Annotated[
        Path | None, typer.Option(help="serve the real meetings in this folder instead of sample meetings")
    ] = None,
    first_day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="day of the first real meeting")
    ] = None,
    per_day: Annotated[int, typer.Option(min=1, help="real meetings per day")] = 4,
    port: Annotated[
        int, typer.Option(min=0, max=MAX_PORT, help="port of the API; 0 selects a free one")
    ] = SANDBOX_PORT,
    no_limits: Annotated[bool, typer.Option("--no-limits", help="disable the API's rate limits")] = False,
    media: Annotated[bool, typer.Option("--media", help="serve playable audio and video files")] = False,
) -> None:
    """Serves a stand-in for the Recall.ai API on this machine until it is stopped."""
    from meeting_assets.sandbox import Sandbox, serve_forever

    world = sample_world() if from_folder is None else world_of(from_folder, as_date(first_day), per_day)
    try:
        server = Sandbox(world, limits=not no_limits, port=port, media=media)
    except ModuleNotFoundError as error:
        raise UsageError(f"--media cannot be used: {error.msg}") from None
    try:
        server.start()
    except OSError as error:
        raise UsageError(f"--port {port} cannot be used: {error.strerror}. Choose another port.") from None
    print_sandbox_instructions(out, server.url, server.api_key, world)
    serve_forever(server)


PublicUrl = Annotated[str | None, typer.Option(help="address that browsers use, such as https://dagster.example.org")]


def dev(
    port: Annotated[int, typer.Option(min=1, max=MAX_PORT, help="port of Dagster's UI")] = UI_PORT,
    public_url: PublicUrl = None,
) -> None:
    """Runs Dagster's UI, daemon, sensors and schedules; without RECALL_API_KEY on a sandbox with sample meetings."""
    from meeting_assets.orchestration.home_lock import HomeLock
    from meeting_assets.webserver_proxy.policy import allowed_origins

    allowed_origins(port, public_url)  # an unusable address is an error before anything starts
    with ExitStack() as running:
        settings = read_settings()
        lock = running.enter_context(HomeLock(settings, "dev", f"http://127.0.0.1:{port}"))
        is_sandbox = settings.api_key is None
        if is_sandbox:
            running.enter_context(live_sandbox())
        settings = read_settings()
        with progress(err, "Starting Dagster", is_quiet=is_json()), hidden_warnings():
            from meeting_assets.orchestration.dev import DagsterDev

            dagster = running.enter_context(DagsterDev(settings, port, lock, public_url=public_url))
            is_ready = dagster.wait_until_ready()
        if dagster.notice:
            print_note(dagster.notice)
        if is_ready:
            print_dev_addresses(out, settings, dagster.url, is_sandbox=is_sandbox)
            freeze()
            dagster.wait_until_stopped()
            print_note("Stopping. Runs in progress have a few seconds to finish.")


def webhooks(
    host: Annotated[str, typer.Option(help="address to listen on, behind a proxy that terminates TLS")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=MAX_PORT, help="port to listen on; 0 selects a free one")
    ] = WEBHOOK_PORT,
) -> None:
    """Receives Recall.ai's webhooks until it is stopped, so that meetings are fetched seconds after they finish."""
    from meeting_assets.webhooks.receiver import Receiver

    with Receiver(read_settings(), host=host, port=port) as receiver:
        print_line(f"Webhooks are received at {receiver.url}")
        receiver.serve()


def webserver_proxy(
    webserver: Annotated[str, typer.Option(help="address of Dagster's webserver")] = WEBSERVER_URL,
    path_prefix: Annotated[
        str, typer.Option(envvar="DAGSTER_WEBSERVER_PATH_PREFIX", help="secret path prefix of the webserver")
    ] = "",
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=MAX_PORT, help="port to listen on; 0 selects a free one")] = UI_PORT,
    public_url: PublicUrl = None,
) -> None:
    """Refuses requests to Dagster's webserver that other pages of a browser can forge; forwards all others."""
    from meeting_assets.webserver_proxy.server import ProxyServer
    from meeting_assets.webserver_proxy.upstream import Upstream

    with ProxyServer(Upstream(webserver, path_prefix), host=host, port=port, public_url=public_url) as proxy:
        print_line(f"Dagster's UI is at {proxy.url}")
        if not path_prefix:
            print_note(UNPROTECTED)
        freeze()
        proxy.serve()
