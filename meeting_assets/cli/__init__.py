"""The `meeting-assets` command: one module per group of commands."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

import typer

from meeting_assets.cli.deletion import purge
from meeting_assets.cli.exporting import export
from meeting_assets.cli.ingestion import demo, rebuild, sync
from meeting_assets.cli.inspection import doctor, status
from meeting_assets.cli.machine_errors import machine_error
from meeting_assets.cli.migration import migrate
from meeting_assets.cli.people import people
from meeting_assets.cli.services import dev, sandbox, webhooks, webserver_proxy
from meeting_assets.cli.speakers import speakers
from meeting_assets.cli.streams import flushed_streams, prepare_streams
from meeting_assets.cli.terminal import print_error
from meeting_assets.core.errors import MeetingAssetsError, SettingsError
from meeting_assets.core.gc_tuning import raise_threshold
from meeting_assets.core.logs import log_as_json
from meeting_assets.recall.log_filters import suppress_request_logs
from meeting_assets.settings import read_settings

PRIVATE_UMASK = 0o077
COMMANDS = (
    demo,
    sandbox,
    sync,
    rebuild,
    status,
    migrate,
    doctor,
    dev,
    webhooks,
    webserver_proxy,
    speakers,
    people,
    export,
    purge,
)


def main() -> None:
    """Runs the command. Errors that this package raises on purpose are printed as one sentence; exit status 1."""
    os.umask(PRIVATE_UMASK)
    prepare_streams()
    raise_threshold()
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    suppress_request_logs()
    with flushed_streams():
        _run()


def _run() -> None:
    try:
        with suppress(SettingsError):  # each command reports invalid settings itself
            if (settings := read_settings()).log_format == "json":
                log_as_json(settings.secrets)
        app = _build_app()
        app()
    except MeetingAssetsError as error:
        print_error(str(error))
        sys.exit(1)
    except Exception as error:
        if (sentence := machine_error(error)) is None:
            raise
        print_error(sentence)
        sys.exit(1)


def _build_app() -> typer.Typer:
    app = typer.Typer(
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        help="Fetches finished Recall.ai meetings into SQL tables and derives metrics.",
    )
    for command in COMMANDS:
        app.command()(command)
    return app
