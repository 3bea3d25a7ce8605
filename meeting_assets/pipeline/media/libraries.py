"""The optional libraries for audio and video, imported on first use."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meeting_assets.core.errors import SettingsError, StoreError

if TYPE_CHECKING:
    from types import ModuleType

EXTRA = "meeting_assets[media]"


def pyav() -> Any:
    """The module `av`.

    Raises:
        SettingsError: PyAV is not installed.
    """
    return _imported("av", "Reading and converting media files")


def webrtcvad() -> Any:
    """The module `webrtcvad`.

    Raises:
        SettingsError: webrtcvad is not installed.
    """
    return _imported("webrtcvad", "Voice activity (MEETING_ASSETS_AUDIO_ACTIVITY)")


def _imported(module: str, purpose: str) -> ModuleType:
    try:
        return import_module(module)
    except ImportError as error:
        raise SettingsError(f"{purpose} needs the package {module}. Run: pip install '{EXTRA}'") from error


@contextmanager
def disk_errors_translated(folder: Path) -> Iterator[None]:
    """Turns errors of the local disk into errors that name the folder.

    Raises:
        StoreError: the disk is full, or refuses to be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreError(f"The disk of {folder} is full. Free space there, then run again.") from error
        if error.errno in (errno.EACCES, errno.EROFS, errno.EIO):
            raise StoreError(f"{folder} is not usable: {error.strerror}.") from error
        raise
