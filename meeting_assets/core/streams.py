"""Standard streams that no output can break: any encoding, closed, or with a reader that has gone."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

ERRORS = "meeting_assets.readable"
READABLE = {"✓": "+", "✗": "x", "…": "...", "·": ".", "→": "->", "–": "-", "—": "-", "“": '"', "”": '"', "’": "'"}  # noqa: RUF001
"""ASCII for the signs that messages use; every other character that the encoding lacks becomes `?`."""


def prepare_streams() -> None:
    """Lets standard output and error take any character, and opens those that are closed."""
    _open_closed_descriptors()
    codecs.register_error(ERRORS, _readable)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=ERRORS)


@contextmanager
def flushed_streams() -> Iterator[None]:
    """Writes what is buffered at the end; a reader that has gone ends the process without a traceback.

    Raises:
        SystemExit: standard output cannot be written.
    """
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
    except BrokenPipeError:
        _discard_output()
        raise SystemExit(1) from None
    except OSError as error:
        if not _is_unwritable(sys.stdout):
            raise
        _discard_output()
        print(f"Error: standard output cannot be written: {error.strerror}.", file=sys.stderr)  # noqa: T201
        raise SystemExit(1) from None


def _readable(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(READABLE.get(each, "?") for each in lacking), error.end


def _open_closed_descriptors() -> None:
    """A descriptor below 3 that is closed would be given to the next file, such as the database."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
    sys.stdout = sys.stdout or _null()
    sys.stderr = sys.stderr or _null()


def _null() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")


def _is_unwritable(stream: TextIO) -> bool:
    """Whether standard output takes nothing; what it failed to write before is no longer in its buffer."""
    try:
        stream.flush()
        os.write(stream.fileno(), b"\n")
    except OSError:
        return True
    return False


def _discard_output() -> None:
    """The interpreter flushes both streams at its end, and would complain again."""
    null = os.open(os.devnull, os.O_WRONLY)
    for stream, descriptor in ((sys.stdout, 1), (sys.stderr, 2)):
        try:
            stream.flush()
        except OSError:
            os.dup2(null, descriptor)
    os.dup2(null, 1)
