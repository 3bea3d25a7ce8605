"""Files that commands write: as a whole or not at all, with errors that name the file."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from meeting_assets.core.errors import StoreError, UsageError
from meeting_assets.core.files import file_error_message

STANDARD_STREAM = "-"
"""The argument that stands for standard input or output."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def write_standard_output(content: str) -> None:
    """Writes a text to standard output as UTF-8, without a line break of its own."""
    sys.stdout.flush()
    sys.stdout.buffer.write(content.encode())


def replace_file(path: Path, content: bytes) -> None:
    """Writes a file. An existing file keeps its permissions and is replaced only by a complete one.

    A symbolic link keeps pointing to its file. Devices and pipes are written to.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name[:100]}.", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            if path.exists():
                os.fchmod(file.fileno(), stat.S_IMODE(path.stat().st_mode))
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


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
