"""Opening the storage for commands that change users' statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meeting_assets.pipeline.storage import Storage
    from meeting_assets.settings import Settings


@contextmanager
def opened_for_changes(settings: Settings) -> Iterator[Storage]:
    """Opens the storage whose database and raw store belong together.

    It binds no new database: if a setting names an empty one by mistake, the real one would lack the statements.
    """
    from meeting_assets.pipeline.storage import open_storage
    from meeting_assets.store.database_id import bind_ids

    with open_storage(settings) as storage:
        bind_ids(storage.database, storage.raw)
        yield storage
