"""CSV files of commands: a path, or `-` for standard input and output."""

from __future__ import annotations

import sys
from pathlib import Path

from meeting_assets.cli.local_files import STANDARD_STREAM, file_errors_named, replace_file, write_standard_output
from meeting_assets.cli.terminal import print_line
from meeting_assets.core.errors import UsageError


def read_csv(source: str) -> bytes:
    """The content of a file, or of standard input for `-`.

    Raises:
        UsageError: the file cannot be read.
    """
    if source != STANDARD_STREAM:
        with file_errors_named(source):
            return Path(source).read_bytes()
    # Python sets a stream that was closed before the start to None.
    if sys.stdin is None:
        raise UsageError("Standard input is closed. Give a file.")
    with file_errors_named("standard input"):
        return sys.stdin.buffer.read()


def write_csv(target: str, content: str, *, what: str) -> None:
    """Writes a file and says so, or writes to standard output for `-`.

    An existing file is replaced only by a complete one.

    Raises:
        UsageError: the file cannot be written.
    """
    if target == STANDARD_STREAM:
        write_standard_output(content)
        return
    with file_errors_named(target):
        replace_file(Path(target), content.encode())
    print_line(f"The {what} were written to {target}.")
