"""Output of the commands: results on standard output, notes and errors on standard error.

Sentences are printed as they are: they may contain texts of users, in which Rich would find markup.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from meeting_assets.cli.exit_codes import ExitCode
from meeting_assets.cli.streams import discard_output
from meeting_assets.core.logs import is_json


class Terminal(Console):
    """A console that ends the process with `ExitCode.NO_READER` if its reader has ended; Rich itself would use 1."""

    def on_broken_pipe(self) -> None:
        discard_output()
        raise SystemExit(ExitCode.NO_READER)


out = Terminal()
err = Terminal(stderr=True)
PRINTED_WIDTH = 500

logger = logging.getLogger("meeting_assets.cli")


def print_line(sentence: str) -> None:
    """Prints a sentence without wrapping it, so that paths and commands can be copied."""
    out.print(Text(sentence), soft_wrap=True)


def print_table(table: Table) -> None:
    """Prints a table. Output that is no terminal has long lines, because wrapped texts could not be searched for."""
    if out.is_terminal:
        out.print(table)
    else:
        # `print` cannot exceed the width of its console, which is 80 without a terminal.
        Terminal(file=out.file, width=PRINTED_WIDTH).print(table)


def print_json(document: Any) -> None:
    """Prints the one JSON document of a command, a class of `cli.documents`."""
    import msgspec

    print(json.dumps(msgspec.to_builtins(document), indent=2))  # noqa: T201 - the output of the command


def print_note(sentence: str) -> None:
    """Prints a note, or logs it where logs are JSON."""
    if is_json():
        logger.info(sentence)
    else:
        err.print(Text(sentence), soft_wrap=True)


def print_error(sentence: str) -> None:
    """Prints an error, or logs it where logs are JSON."""
    if is_json():
        logger.error(sentence)
    else:
        err.print(Text.assemble(("Error:", "red"), f" {sentence}"), soft_wrap=True)


def print_errors(sentences: Iterable[str]) -> None:
    """Prints errors, one line each."""
    for sentence in sentences:
        print_error(sentence)


@contextmanager
def hidden_warnings() -> Iterator[None]:
    """Hides Python warnings of Dagster, such as those about beta features."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
