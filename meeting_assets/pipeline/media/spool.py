"""The spool: media files on the local disk that are not complete or not uploaded yet.

    {home}/spool/{recording_id}-{hash}.part          the bytes so far
    {home}/spool/{recording_id}-{hash}.json          the content that they belong to: ETag, length
    {home}/spool/{recording_id}-{hash}.part.flac     a converted file, until it is uploaded

Names start with the recording's id, so that a purge finds all files of a recording. Files have mode 0600. A lock on the
`.part` file keeps a second process away; the system removes it when a process ends, however it ends.

After a kill, all written bytes are still there. After a loss of power, some may be missing in the middle; so after a
restart of the machine only the bytes up to the last `fsync` count.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from msgspec.structs import replace

from meeting_assets.core.errors import StoreError
from meeting_assets.core.files import file_error_message
from meeting_assets.core.processes import ProcessIdentity
from meeting_assets.pipeline.media.spool_state import Completed, SpoolState, state_at

FOLDER = "spool"
SYNC_BYTES = 64 * 2**20
"""Bytes between two `fsync`."""
SETTING = "MEETING_ASSETS_HOME"

_READ_BYTES = 2**20
_STEM = re.compile(r"(?P<stem>(?P<recording_id>[0-9a-f-]{36})-[0-9a-f]{16})\.(part|json)(\..+)?")


class Spool:
    """The spool folder of one home."""

    def __init__(self, home: Path) -> None:
        self.folder = home / FOLDER

    def open(self, stem: str) -> SpoolFile | None:
        """Opens a file for one download, with the bytes of earlier ones; None if another process uses it.

        Raises:
            StoreError: the disk is full, or the folder cannot be written.
        """
        with disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return SpoolFile.locked(self.folder, stem)

    def remove_abandoned(self, wanted: Collection[str]) -> int:
        """Removes files of downloads that are not wanted any more and that no process uses; returns their number."""
        removed = 0
        for stem in sorted(self.stems() - set(wanted)):
            with disk_errors(self.folder):
                file = SpoolFile.locked(self.folder, stem, reads=False)
            if file is not None:
                file.discard()
                removed += 1
        return removed

    def purge(self, recording_id: str) -> int:
        """Removes all files of a recording, also those in use; returns their number."""
        names = [name for name in self._names() if recording_of(name) == recording_id]
        for name in names:
            with disk_errors(self.folder), suppress(FileNotFoundError):
                (self.folder / name).unlink()
        return len(names)

    def recordings(self) -> dict[str, int]:
        """The recordings with files in the spool, and the number of these files."""
        found = [recording_id for name in self._names() if (recording_id := recording_of(name))]
        return {recording_id: found.count(recording_id) for recording_id in sorted(set(found))}

    def stems(self) -> set[str]:
        """The names of all files without extensions."""
        return {match["stem"] for name in self._names() if (match := _STEM.fullmatch(name))}

    def _names(self) -> list[str]:
        with suppress(FileNotFoundError):
            return os.listdir(self.folder)
        return []


class SpoolFile:
    """The partial file of one download; a context manager. While it is open, no other process opens it."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._file = os.fdopen(descriptor, "r+b", buffering=0)
        self._state_path = path.with_suffix(".json")
        self._state = SpoolState()
        self._hash = hashlib.sha256()
        self._boot_id = ProcessIdentity.current().boot_id
        self.size_bytes = 0
        self._writer = ThreadPoolExecutor(1, "spool")
        self._pending: Future[None] | None = None

    @classmethod
    def locked(cls, folder: Path, stem: str, *, reads: bool = True) -> Self | None:
        """Opens and locks a file; None if another process has locked it. `reads` keeps the bytes of earlier downloads.

        Raises:
            OSError: the folder cannot be written.
        """
        path = folder / f"{stem}.part"
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            file = cls(path, descriptor)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                return None
            if os.fstat(descriptor).st_nlink > 1:
                path.unlink()  # an interrupted run has linked it into the raw store, where nothing may change it
            elif _is_at(descriptor, path):
                break
            file.close()  # another process has removed the file in the meantime
        if reads:
            file._remove_others()
            file._resume()
        return file

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def etag(self) -> str | None:
        return self._state.etag

    @property
    def total_bytes(self) -> int | None:
        return self._state.total_bytes

    def begin(self, etag: str | None, total_bytes: int | None) -> None:
        """Removes all bytes; those that follow belong to the content with this ETag.

        Raises:
            StoreError: as `append`.
        """
        self._wait()
        with self._translated():
            # Before the bytes: the beginning of other content must never count as that of this one.
            self._file.truncate(0)
            self._file.seek(0)
            self.size_bytes, self._hash = 0, hashlib.sha256()
            self._save(SpoolState(etag, total_bytes, 0, self._boot_id))

    def completed(self, media_object_id: str) -> Completed | None:
        """The facts about the file if it is completely here, and is that of this media object."""
        found = self._state.completed
        is_complete = self.size_bytes > 0 and self.size_bytes == self._state.total_bytes
        return found if found and is_complete and found.media_object_id == media_object_id else None

    def complete(self, facts: Completed) -> None:
        """Records that the file is complete, so that a later attempt needs no download.

        Raises:
            StoreError: as `append`.
        """
        with self._translated():
            self._save(replace(self._state, total_bytes=self.size_bytes, completed=facts))

    def append(self, chunk: bytes) -> None:
        """Writes the next bytes.

        Raises:
            StoreError: the disk is full or broken, maybe since the call before. The file is removed to make room.
        """
        self._wait()
        self.size_bytes += len(chunk)
        # perf: the next bytes are received while a thread writes and hashes these (benchmarks media)
        self._pending = self._writer.submit(self._write, chunk, self.size_bytes)

    def finish(self) -> str:
        """Writes everything to the disk; returns the SHA-256 of the content.

        Raises:
            StoreError: as `append`.
        """
        self._wait()
        with self._translated():
            self._sync()
        return self._hash.hexdigest()

    def discard(self) -> None:
        """Removes the file and everything that belongs to it."""
        self._remove_others()
        for path in (self._state_path, self.path):
            with suppress(OSError):
                path.unlink()
        self.close()

    def close(self) -> None:
        """Unlocks the file and keeps it."""
        self._writer.shutdown()
        self._file.close()

    def _write(self, chunk: bytes, size_bytes: int) -> None:
        rest = memoryview(chunk)
        while rest:
            rest = rest[self._file.write(rest) or 0 :]
        self._hash.update(chunk)
        if size_bytes - self._state.synced_bytes >= SYNC_BYTES:
            self._sync(size_bytes)

    def _wait(self) -> None:
        """Waits for the last write; its error is raised here."""
        pending, self._pending = self._pending, None
        if pending is not None:
            with self._translated():
                pending.result()

    def _resume(self) -> None:
        """Accepts the bytes of earlier downloads, and hashes them."""
        state = state_at(self._state_path)
        size_bytes = os.fstat(self._file.fileno()).st_size
        if state is None:
            size_bytes = 0
        elif self._boot_id is None or state.boot_id != self._boot_id:
            size_bytes = min(size_bytes, state.synced_bytes)
        if state is not None and state.total_bytes is not None and size_bytes > state.total_bytes:
            size_bytes = 0
        self._file.truncate(size_bytes)
        self._state = state or SpoolState()
        self.size_bytes = size_bytes
        while chunk := self._file.read(_READ_BYTES):
            self._hash.update(chunk)

    def _remove_others(self) -> None:
        """Removes converted files and incomplete states of earlier downloads."""
        for path in self.path.parent.glob(f"{self.path.stem}.*"):
            if path not in {self.path, self._state_path}:
                with suppress(OSError):
                    path.unlink()

    def _sync(self, size_bytes: int | None = None) -> None:
        os.fsync(self._file.fileno())
        state, synced_bytes = self._state, self.size_bytes if size_bytes is None else size_bytes
        self._save(replace(state, synced_bytes=synced_bytes, boot_id=self._boot_id))

    def _save(self, state: SpoolState) -> None:
        if not _is_at(self._file.fileno(), self.path):
            return  # a purge has removed the file, and nothing of it may come back
        path = self._state_path.with_name(f"{self._state_path.name}.new")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(state))
            file.flush()
            os.fsync(file.fileno())
        path.replace(self._state_path)
        self._state = state

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.discard()
            message = file_error_message(OSError(error.errno, error.strerror), self.path.parent, SETTING)
        else:
            return
        raise StoreError(message)


def stem_of(recording_id: str, media_kind: str, part_id: str) -> str:
    """The name of a media file in the spool, without extension.

    >>> stem_of("0f7a1c52-0000-4000-8000-000000000001", "audio_separate", "part 1")
    '0f7a1c52-0000-4000-8000-000000000001-0d9df2075ad8256d'
    """
    return f"{recording_id}-{hashlib.sha256(f'{media_kind}/{part_id}'.encode()).hexdigest()[:16]}"


def recording_of(name: str) -> str | None:
    """The recording of a file in the spool; None if the file is none of the spool's."""
    match = _STEM.fullmatch(name)
    return match["recording_id"] if match else None


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Translates errors of the file system.

    Raises:
        StoreError: names the folder and the setting.
    """
    try:
        yield
    except OSError as error:
        message = file_error_message(OSError(error.errno, error.strerror), error.filename or folder, SETTING)
    else:
        return
    raise StoreError(message)


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether a path still leads to an open file."""
    try:
        there = path.stat(follow_symlinks=False)
    except FileNotFoundError:
        return False
    here = os.fstat(descriptor)
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)
