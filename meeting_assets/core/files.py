"""Messages about errors of the file system."""

from __future__ import annotations

from pathlib import Path


def file_error_message(error: OSError, path: Path | str, setting: str | None = None) -> str:
    """Returns a message with the error, the path and the remedy; `setting` is the setting that can name another folder.

    >>> file_error_message(OSError(28, "No space left on device"), "/srv/raw")
    'No space left on device: /srv/raw. Make room there, or let this user read and write it.'
    """
    sentence = f"{error.strerror or type(error).__name__}: {error.filename or path}."
    another = f" Or set {setting} to another folder." if setting else ""
    return f"{sentence} Make room there, or let this user read and write it.{another}"
