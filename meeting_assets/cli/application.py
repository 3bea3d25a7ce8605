"""The command line: the group of all commands, its options, and the messages and exit codes of errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from meeting_assets.cli.commands import COMMANDS
from meeting_assets.cli.exit_codes import ExitCode, exit_code_of
from meeting_assets.cli.streams import flushed_streams, prepare_streams
from meeting_assets.core.errors import CommandRefused, MeetingAssetsError, SettingsError
from meeting_assets.core.gc_tuning import raise_threshold

PRIVATE_UMASK = 0o077
LOG_FORMAT = "MEETING_ASSETS_LOG_FORMAT"


class Interrupted(BaseException):
    """A KeyboardInterrupt on its way through Typer, which would end the process for it."""


class PipeBroken(BaseException):
    """A BrokenPipeError on its way through Typer, which would end the process with code 1 for it."""


@contextmanager
def _untouched_by_typer() -> Iterator[None]:
    """Translates the exceptions that versions of Typer and Click turn into different exit codes and messages."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted from None
    except BrokenPipeError as error:
        raise PipeBroken from error
    except typer.Abort as abort:
        # Ctrl-C at a question, which Click reports like an end of the input.
        if isinstance(abort.__context__, KeyboardInterrupt):
            raise Interrupted from None
        raise CommandRefused("The command was not confirmed, and changed nothing.") from None


class LazyCommands(TyperGroup):
    """The group of all commands. It lists them without importing their modules."""

    _is_completing = False

    def list_commands(self, ctx: Any) -> list[str]:
        return [*COMMANDS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if (source := COMMANDS.get(cmd_name)) is None:
            return None
        if self._is_completing:
            return TyperCommand(cmd_name, help=source.summary, callback=None)
        module = import_module(f"meeting_assets.cli.{source.module}")
        app = typer.Typer(rich_markup_mode=None, add_completion=False)
        # Click wraps paragraphs, except those that begin with \b.
        examples = "\n".join(f"  meeting-assets {each}" for each in source.examples)
        settings = {"help_option_names": ["-h", "--help"]}
        app.command(cmd_name, epilog=f"\b\nExamples:\n{examples}", context_settings=settings)(
            getattr(module, cmd_name.replace("-", "_"))
        )
        return typer.main.get_command(app)

    def make_context(self, *args: Any, **extra: Any) -> Any:
        with _untouched_by_typer():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: Any) -> Any:
        with _untouched_by_typer():
            return super().invoke(ctx)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Completes the name of a command, without the modules of the commands."""
        self._is_completing = True
        try:
            return super().shell_complete(ctx, incomplete)
        finally:
            self._is_completing = False

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, source.summary) for name, source in COMMANDS.items()])


def run() -> None:
    """Runs the command. Errors that this package raises on purpose are printed as one sentence.

    Raises:
        SystemExit: the command has ended; `exit_codes` has the codes.
        KeyboardInterrupt: Ctrl-C or SIGTERM ended the command.
    """
    os.umask(PRIVATE_UMASK)
    prepare_streams()
    raise_threshold()
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    with flushed_streams():
        _run()


def _run() -> None:
    try:
        _configure_logs()
        build_app()()
    except Interrupted:
        raise KeyboardInterrupt from None
    except PipeBroken as error:
        raise BrokenPipeError from error.__cause__
    except MeetingAssetsError as error:
        _print_error(str(error))
        sys.exit(exit_code_of(type(error)))
    except Exception as error:
        from meeting_assets.cli.machine_errors import machine_error

        if (sentence := machine_error(error)) is None:
            raise
        _print_error(sentence)
        sys.exit(ExitCode.UNAVAILABLE)


def _configure_logs() -> None:
    from meeting_assets.recall.log_filters import suppress_request_logs

    suppress_request_logs()
    if LOG_FORMAT not in os.environ:
        return  # perf: reading all settings takes longer than printing the help
    from meeting_assets.core.logs import log_as_json
    from meeting_assets.settings import read_settings

    with suppress(SettingsError):  # each command reports invalid settings itself
        if (settings := read_settings()).log_format == "json":
            log_as_json(settings.secrets)


def _print_error(sentence: str) -> None:
    from meeting_assets.cli.terminal import print_error

    print_error(sentence)


def build_app() -> typer.Typer:
    app = typer.Typer(cls=LazyCommands, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.callback(context_settings={"help_option_names": ["-h", "--help"]})(_meeting_assets)
    return app


def _print_version(is_given: bool) -> None:
    if is_given:
        typer.echo(f"meeting-assets {version('meeting-assets')}")
        raise typer.Exit


def _meeting_assets(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Fetches finished Recall.ai meetings into SQL tables, derives metrics, and exports them."""
