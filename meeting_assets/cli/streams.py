"""Standard streams that accept any output, even if their encoding is limited, or they or their reader are closed."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from meeting_assets.cli.exit_codes import ExitCode

ERRORS = "meeting_assets.readable"
READABLE = {"✓": "+", "✗": "x", "…": "...", "·": ".", "→": "->", "–": "-", "—": "-", "“": '"', "”": '"', "’": "'"}  # noqa: RUF001
"""ASCII replacements for signs in messages; other characters missing from the encoding become `?`."""


def prepare_streams() -> None:
    """Makes standard output and error accept every character, and opens closed streams."""
    _open_closed_descriptors()
    codecs.register_error(ERRORS, _replacement)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=ERRORS)


@contextmanager
def flushed_streams() -> Iterator[None]:
    """Flushes both streams at the end. A closed reader ends the process without a traceback.

    Raises:
        SystemExit: standard output is not writable.
    """
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
    except BrokenPipeError:
        if not (_is_unwritable(sys.stdout) or _is_unwritable(sys.stderr)):
            raise  # another pipe, such as one between processes
        discard_output()
        raise SystemExit(ExitCode.NO_READER) from None
    except OSError as error:
        if not _is_unwritable(sys.stdout):
            raise
        discard_output()
        print(f"Error: standard output cannot be written: {error.strerror}.", file=sys.stderr)  # noqa: T201
        raise SystemExit(ExitCode.UNAVAILABLE) from None


def _replacement(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(READABLE.get(each, "?") for each in lacking), error.end


def _open_closed_descriptors() -> None:
    """Opens closed descriptors below 3; otherwise the next opened file, such as the database, gets one of them."""
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
    """Whether writes to a standard stream fail. Earlier failed output is no longer in its buffer."""
    try:
        stream.flush()
        os.write(stream.fileno(), b"\n")
    except OSError:
        return True
    return False


def discard_output() -> None:
    """Redirects standard output, and standard error if it cannot be flushed, to /dev/null.

    The interpreter flushes both at exit and would report the error again.
    """
    null = os.open(os.devnull, os.O_WRONLY)
    for stream, descriptor in ((sys.stdout, 1), (sys.stderr, 2)):
        try:
            stream.flush()
        except OSError:
            os.dup2(null, descriptor)
    os.dup2(null, 1)
