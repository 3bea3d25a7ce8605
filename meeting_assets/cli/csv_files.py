"""CSV files of commands: a path, or `-` for standard input and output."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from meeting_assets.cli.terminal import print_line
from meeting_assets.core.errors import SettingsError

STANDARD_STREAM = "-"


def read_csv(source: str) -> bytes:
    """The content of a file, or of standard input for `-`.

    Raises:
        SettingsError: the file cannot be read.
    """
    if source != STANDARD_STREAM:
        with _file_errors_named(source):
            return Path(source).read_bytes()
    # Python sets a stream that was closed before the start to None.
    if sys.stdin is None:
        raise SettingsError("Standard input is closed. Give a file.")
    with _file_errors_named("standard input"):
        return sys.stdin.buffer.read()


def write_csv(target: str, content: str, *, what: str) -> None:
    """Writes a file and says so, or writes to standard output for `-`.

    An existing file is replaced only by a complete one.

    Raises:
        SettingsError: the file cannot be written.
    """
    if target == STANDARD_STREAM:
        sys.stdout.flush()
        sys.stdout.buffer.write(content.encode())
        return
    with _file_errors_named(target):
        _replace(Path(target).resolve(), content.encode())
    print_line(f"The {what} were written to {target}.")


def _replace(path: Path, content: bytes) -> None:
    if path.exists() and not path.is_file():
        path.write_bytes(content)  # a device or a pipe, which a file must not replace
        return
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name[:100]}.", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


@contextmanager
def _file_errors_named(name: str) -> Iterator[None]:
    """Raises a SettingsError with the name of a file that cannot be read or written."""
    try:
        yield
    except OSError as error:
        raise SettingsError(f"{error.strerror or type(error).__name__}: {name}. Give another file.") from None
