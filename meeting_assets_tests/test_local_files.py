"""Files that commands write are complete, keep their permissions, and have errors that say what to do."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from meeting_assets.cli.local_files import file_errors_named, replace_file, replaced_file
from meeting_assets.core.errors import MeetingAssetsError, StoreError, UsageError


def test_replaced_file_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o664)

    replace_file(path, b"new")

    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o664


def test_symbolic_link_keeps_pointing_to_its_file(tmp_path: Path) -> None:
    path, link = tmp_path / "file", tmp_path / "link"
    path.write_text("old")
    link.symlink_to(path)

    replace_file(link, b"new")

    assert link.is_symlink()
    assert path.read_bytes() == b"new"


def test_file_stays_as_it_is_after_an_error_or_if_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    with pytest.raises(TypeError), replaced_file(path) as unfinished:
        unfinished.write_text(b"new")  # type: ignore[arg-type]
    with replaced_file(path):
        pass

    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_new_file_is_private(tmp_path: Path) -> None:
    replace_file(tmp_path / "file", b"new")

    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("number", "kind", "remedy"),
    [
        (errno.ENOSPC, StoreError, "Make room there, or let this user read and write it."),
        (errno.EDQUOT, StoreError, "Make room there, or let this user read and write it."),
        (errno.EACCES, UsageError, "Give another file."),
        (errno.ENOENT, UsageError, "Give another file."),
    ],
    ids=["full-disk", "full-quota", "forbidden", "missing"],
)
def test_error_of_a_file_names_it_and_the_remedy(number: int, kind: type[MeetingAssetsError], remedy: str) -> None:
    with pytest.raises(kind) as raised, file_errors_named("notes.csv"):
        raise OSError(number, os.strerror(number), ".notes.csv.temporary")

    assert type(raised.value) is kind
    assert str(raised.value) == f"{os.strerror(number)}: notes.csv. {remedy}"
