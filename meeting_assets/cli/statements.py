"""Parts that the commands `speakers` and `people` share: authors, CSV files, and opening the storage for changes."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from meeting_assets.cli.terminal import print_line
from meeting_assets.core.errors import SettingsError
from meeting_assets.settings import Settings

if TYPE_CHECKING:
    from meeting_assets.pipeline.storage import Storage

STANDARD_STREAM = "-"


def author_or_login(given: str | None) -> str:
    """The author that the user gave, or the login name.

    Raises:
        SettingsError: the process has no login name.
    """
    if given is not None:
        return given
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        raise SettingsError("This process has no login name. Give --author.") from None


@contextmanager
def opened_for_changes(settings: Settings) -> Iterator[Storage]:
    """Opens the storage whose database and raw store belong together.

    It binds no new database: if a setting names an empty one by mistake, the real one would lack the statements.
    """
    from meeting_assets.pipeline.storage import open_storage
    from meeting_assets.store.database_id import bind_ids

    with open_storage(settings) as storage:
        bind_ids(storage.database, storage.raw)
        yield storage


def read_csv(source: str) -> bytes:
    """The content of a file, or of standard input for `-`.

    Raises:
        SettingsError: the file cannot be read.
    """
    with _file_errors_named():
        return sys.stdin.buffer.read() if source == STANDARD_STREAM else Path(source).read_bytes()


def write_csv(target: str, content: str, *, what: str) -> None:
    """Writes a file and says so, or writes to standard output for `-`.

    Raises:
        SettingsError: the file cannot be written.
    """
    if target == STANDARD_STREAM:
        sys.stdout.flush()
        sys.stdout.buffer.write(content.encode())
        return
    with _file_errors_named():
        Path(target).write_bytes(content.encode())
    print_line(f"The {what} were written to {target}.")


@contextmanager
def _file_errors_named() -> Iterator[None]:
    """Raises a SettingsError for a file that cannot be read or written."""
    try:
        yield
    except OSError as error:
        raise SettingsError(f"{error.strerror or type(error).__name__}: {error.filename}. Give another file.") from None
