"""The state of a partial media file: the content that its bytes belong to."""

from __future__ import annotations

from pathlib import Path

import msgspec


class Completed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Facts about a complete file, which can be stored without the API."""

    media_object_id: str
    media_format: str | None = None
    content_type: str | None = None


class SpoolState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content that a partial file is the beginning of. It contains no URL."""

    etag: str | None = None
    total_bytes: int | None = None
    synced_bytes: int = 0
    """Bytes that are certainly on the disk."""
    boot_id: str | None = None
    """The boot of the machine in which the file was written."""
    completed: Completed | None = None


def complete_files(folder: Path) -> dict[str, str]:
    """The names, without extensions, of the complete files in a spool folder, with the ids of their media objects."""
    states = {path: state_at(path) for path in folder.glob("*.json")}
    return {
        path.stem: state.completed.media_object_id
        for path, state in states.items()
        if state and state.completed and _is_whole(path, state)
    }


def _is_whole(path: Path, state: SpoolState) -> bool:
    try:
        return path.with_suffix(".part").stat().st_size == state.total_bytes
    except FileNotFoundError:
        return False


def state_at(path: Path) -> SpoolState | None:
    """The stored state of a partial file; None if it is missing or damaged."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=SpoolState)
    except (OSError, ValueError):
        return None
