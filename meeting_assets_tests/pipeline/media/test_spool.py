"""The spool keeps partial downloads, for one process at a time, and leaves nothing behind."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from meeting_assets.core.errors import StoreError
from meeting_assets.pipeline.media.spool import Spool, SpoolFile, stem_of
from meeting_assets.pipeline.media.spool_state import SpoolState

RECORDING = "0f7a1c52-0000-4000-8000-000000000001"
OTHER_RECORDING = "0f7a1c52-0000-4000-8000-000000000002"
STEM = stem_of(RECORDING, "audio_separate", "part/../1")
CONTENT = b"media" * 1000


def open_file(folder: Path, stem: str = STEM) -> SpoolFile:
    file = Spool(folder).open(stem)
    assert file is not None
    return file


def stored(folder: Path, content: bytes = CONTENT, *, stem: str = STEM, is_synced: bool = False) -> None:
    """Stores the beginning of a file, as a process that was killed leaves it."""
    with open_file(folder, stem) as file:
        file.begin('"one"', 2 * len(CONTENT))
        file.append(content)
        if is_synced:
            file.finish()


def state_path(folder: Path) -> Path:
    return folder / "spool" / f"{STEM}.json"


def rewrite_state(folder: Path, boot_id: str) -> None:
    state = msgspec.json.decode(state_path(folder).read_bytes(), type=SpoolState)
    state_path(folder).write_bytes(msgspec.json.encode(msgspec.structs.replace(state, boot_id=boot_id)))


def test_written_bytes_are_resumed_with_their_hash(tmp_path: Path) -> None:
    stored(tmp_path)

    with open_file(tmp_path) as file:
        file.append(CONTENT)
        sha256 = file.finish()

    assert (file.etag, file.total_bytes, file.size_bytes) == ('"one"', 2 * len(CONTENT), 2 * len(CONTENT))
    assert sha256 == hashlib.sha256(2 * CONTENT).hexdigest()
    assert file.path.read_bytes() == 2 * CONTENT


def test_other_content_replaces_everything(tmp_path: Path) -> None:
    stored(tmp_path)

    with open_file(tmp_path) as file:
        file.begin('"two"', 3)
        file.append(b"new")

    with open_file(tmp_path) as file:
        assert file.etag == '"two"'
        assert file.path.read_bytes() == b"new"


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b'{"etag": "\\"one'),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b'{"total_bytes": 3, "etag": "x"}'),
    ],
)
def test_bytes_without_a_usable_state_are_dropped(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    stored(tmp_path)
    damage(state_path(tmp_path))

    with open_file(tmp_path) as file:
        assert file.size_bytes == 0


def test_after_a_restart_of_the_machine_only_synced_bytes_count(tmp_path: Path) -> None:
    stored(tmp_path, is_synced=True)
    part = tmp_path / "spool" / f"{STEM}.part"
    part.write_bytes(part.read_bytes() + b"not synced")
    rewrite_state(tmp_path, boot_id="another boot")

    with open_file(tmp_path) as file:
        assert file.size_bytes == len(CONTENT)
        assert file.finish() == hashlib.sha256(CONTENT).hexdigest()


def test_files_and_folder_are_private(tmp_path: Path) -> None:
    former = os.umask(0)
    try:
        stored(tmp_path, is_synced=True)
    finally:
        os.umask(former)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "spool").iterdir()}
    assert modes == {f"{STEM}.part": 0o600, f"{STEM}.json": 0o600}
    assert stat.S_IMODE((tmp_path / "spool").stat().st_mode) == 0o700


def test_file_is_open_in_one_process_only(tmp_path: Path) -> None:
    file = open_file(tmp_path)
    program = (
        "import sys; from pathlib import Path; from meeting_assets.pipeline.media.spool import Spool\n"
        "spool = Spool(Path(sys.argv[1]))\n"
        "print(spool.open(sys.argv[2]), spool.remove_abandoned([]))"
    )

    def elsewhere() -> str:
        command = [sys.executable, "-c", program, str(tmp_path), STEM]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert elsewhere() == "None 0\n"
    assert Spool(tmp_path).open(STEM) is None
    file.close()
    assert elsewhere() != "None 0\n"


def test_files_of_unwanted_downloads_are_removed(tmp_path: Path) -> None:
    unwanted = stem_of(OTHER_RECORDING, "video_mixed", "")
    stored(tmp_path)
    stored(tmp_path, stem=unwanted)
    folder = tmp_path / "spool"
    (folder / f"{unwanted}.part.flac").write_bytes(b"x")
    (folder / f"{unwanted}.json.new").write_bytes(b"x")
    (folder / "notes of the user.txt").write_bytes(b"x")

    assert Spool(tmp_path).remove_abandoned([STEM]) == 1

    assert {path.name for path in folder.iterdir()} == {f"{STEM}.part", f"{STEM}.json", "notes of the user.txt"}


def test_converted_file_of_an_interrupted_upload_is_removed_when_the_download_continues(tmp_path: Path) -> None:
    stored(tmp_path)
    (tmp_path / "spool" / f"{STEM}.part.flac").write_bytes(b"x")

    open_file(tmp_path).close()

    assert {path.suffix for path in (tmp_path / "spool").iterdir()} == {".part", ".json"}


def test_file_that_is_linked_into_the_raw_store_is_not_changed(tmp_path: Path) -> None:
    stored(tmp_path)
    (tmp_path / "object").hardlink_to(tmp_path / "spool" / f"{STEM}.part")

    with open_file(tmp_path) as file:
        assert file.size_bytes == 0
        file.begin('"two"', None)

    assert (tmp_path / "object").read_bytes() == CONTENT


def test_purge_removes_all_files_of_a_recording_and_no_other(tmp_path: Path) -> None:
    stored(tmp_path)
    stored(tmp_path, stem=stem_of(RECORDING, "video_mixed", ""))
    stored(tmp_path, stem=stem_of(OTHER_RECORDING, "video_mixed", ""))
    in_use = open_file(tmp_path)

    assert Spool(tmp_path).recordings() == {RECORDING: 4, OTHER_RECORDING: 2}
    assert Spool(tmp_path).purge(RECORDING) == 4

    in_use.close()
    assert Spool(tmp_path).recordings() == {OTHER_RECORDING: 2}


def test_spool_without_folder_is_empty(tmp_path: Path) -> None:
    spool = Spool(tmp_path)

    assert (spool.remove_abandoned([]), spool.purge(RECORDING), spool.recordings()) == (0, 0, {})
    assert not (tmp_path / "spool").exists()


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "spool").write_bytes(b"a file")

    with pytest.raises(StoreError, match=r"/spool\. .*MEETING_ASSETS_HOME"):
        Spool(tmp_path).open(STEM)


def test_link_in_the_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    target = tmp_path / "precious"
    target.write_bytes(b"precious")
    (tmp_path / "spool" / f"{STEM}.part").symlink_to(target)

    with pytest.raises(StoreError):
        Spool(tmp_path).open(STEM)

    assert target.read_bytes() == b"precious"


def test_full_disk_gives_a_sentence_with_the_folder_and_frees_the_room(tmp_path: Path) -> None:
    """A limit of file sizes stands for the full disk: the system reports both while bytes are written."""
    program = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from meeting_assets.core.errors import StoreError; from meeting_assets.pipeline.media.spool import Spool\n"
        "file = Spool(Path(sys.argv[1])).open(sys.argv[2])\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "file.begin('\"one\"', 200_000)\n"
        "try:\n"
        "    file.append(bytes(200_000))\n"
        "    file.finish()\n"
        "except StoreError as error:\n"
        "    print(error)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path), STEM]

    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    folder = tmp_path / "spool"
    assert said.startswith(f"{os.strerror(errno.EFBIG)}: {folder}. Make room there")
    assert "MEETING_ASSETS_HOME" in said
    assert [*folder.iterdir()] == []
