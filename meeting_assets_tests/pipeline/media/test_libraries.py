"""Without the extra `media`, a sentence names the command that installs it."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from meeting_assets.core.errors import SettingsError, StoreError
from meeting_assets.pipeline.media.libraries import disk_errors_translated, pyav, webrtcvad


@pytest.mark.parametrize(("module", "library"), [("av", pyav), ("webrtcvad", webrtcvad)])
def test_missing_library_names_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, module: str, library: Callable[[], Any]
) -> None:
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(
        SettingsError, match=rf"needs the package {module}\. Run: pip install 'meeting_assets\[media\]'"
    ):
        library()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EIO])
def test_error_of_the_disk_names_the_folder(number: int) -> None:
    with pytest.raises(StoreError, match="/data/spool"), disk_errors_translated(Path("/data/spool")):
        raise OSError(number, "message")


def test_missing_file_is_no_error_of_the_disk() -> None:
    with pytest.raises(FileNotFoundError), disk_errors_translated(Path("/data/spool")):
        raise FileNotFoundError(errno.ENOENT, "message")
