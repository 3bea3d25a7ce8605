"""Errors of the machine, such as a full disk, as sentences for a person."""

from __future__ import annotations

import errno

from meeting_assets.core.files import file_error_message

FILE_SYSTEM_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO})
"""Error numbers of a full, read-only, protected or defective file system."""


def machine_error(error: BaseException | None) -> str | None:
    """The cause of an error on this machine and the remedy; None for bugs of this package."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in FILE_SYSTEM_ERRORS and error.filename:
            return file_error_message(error, error.filename)
        if "sqlite_errorcode" in dir(error) and type(error).__module__ == "sqlite3":
            advice = (
                "Free disk space in Dagster's home (DAGSTER_HOME), make it writable, or end the process locking it."
            )
            return f"Dagster's own storage cannot be used ({error}). {advice}"
        error = error.__cause__ or error.__context__
    return None
