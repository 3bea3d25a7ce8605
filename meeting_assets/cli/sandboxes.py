"""Sandboxes of the commands: the meetings they serve, and the settings that point to them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from meeting_assets.core.errors import UsageError

if TYPE_CHECKING:
    from meeting_assets.sandbox import Sandbox, World


def sample_world() -> World:
    """Two weeks of sample meetings that end yesterday."""
    from meeting_assets.sandbox import fortnight

    return fortnight(datetime.now(UTC).date() - timedelta(days=1))


def world_of(folder: Path, first_day: date | None, per_day: int) -> World:
    """The real meetings in a folder.

    Raises:
        UsageError: the folder does not exist or contains no meeting.
    """
    from meeting_assets.sandbox import from_folder

    if not folder.is_dir():
        raise UsageError(f"--from-folder {folder}: there is no such folder. Name an existing folder.")
    world = from_folder(folder, first_day=first_day, per_day=per_day)
    if not world.recordings:
        raise UsageError(f"--from-folder {folder}: no meeting.json below it. Name a folder with exported meetings.")
    return world


def use_sandbox(sandbox: Sandbox, first_day: date) -> None:
    """Points the settings of this process and its children to a sandbox."""
    os.environ["RECALL_BASE_URL"] = sandbox.url
    os.environ["RECALL_API_KEY"] = sandbox.api_key
    os.environ.setdefault("MEETING_ASSETS_FIRST_DAY", first_day.isoformat())
    os.environ.setdefault("MEETING_ASSETS_CALENDAR", "on")


@contextmanager
def live_sandbox() -> Iterator[None]:
    """Runs a sandbox with sample meetings, in which new meetings finish continually."""
    from meeting_assets.sandbox import Sandbox, Workday

    world = sample_world()
    with Sandbox(world) as sandbox, Workday(sandbox):
        use_sandbox(sandbox, world.first_day)
        yield
