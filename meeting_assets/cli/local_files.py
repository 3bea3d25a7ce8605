"""Files that commands write: as a whole or not at all, with errors that name the file."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from meeting_assets.core.errors import StoreError, UsageError
from meeting_assets.core.files import file_error_message

STANDARD_STREAM = "-"
"""The argument that stands for standard input or output."""
PRIVATE = 0o600
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def write_standard_output(content: str) -> None:
    """Writes a text to standard output as UTF-8, without a line break of its own."""
    sys.stdout.flush()
    sys.stdout.buffer.write(content.encode())


def replace_file(path: Path, content: bytes) -> None:
    """Writes a file as `replaced_file` does."""
    with replaced_file(path) as unfinished:
        unfinished.write_bytes(content)


@contextmanager
def replaced_file(path: Path) -> Iterator[Path]:
    """Gives the path to write a file at; without an error, the written file then replaces `path`.

    An existing file keeps its permissions; a new one is private. A symbolic link keeps pointing to its file. Devices
    and pipes are written to. If nothing is written, `path` stays as it is.
    """
    path = path.resolve()
    with TemporaryDirectory(dir=None if _is_special(path) else path.parent, prefix=".unfinished.") as folder:
        unfinished = Path(folder) / path.name
        yield unfinished
        if not unfinished.exists():
            return
        if _is_special(path):
            with unfinished.open("rb") as source, path.open("wb") as target:
                shutil.copyfileobj(source, target)
            return
        with unfinished.open("rb") as file:
            os.fchmod(file.fileno(), stat.S_IMODE(path.stat().st_mode) if path.exists() else PRIVATE)
            os.fsync(file.fileno())
        unfinished.replace(path)


def _is_special(path: Path) -> bool:
    return path.exists() and not path.is_file()


@contextmanager
def file_errors_named(name: str) -> Iterator[None]:
    """Names a file that cannot be read or written.

    Raises:
        UsageError: another file may be usable.
        StoreError: the disk is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StoreError(file_error_message(OSError(error.errno, error.strerror), name)) from None
        raise UsageError(f"{error.strerror or type(error).__name__}: {name}. Give another file.") from None
