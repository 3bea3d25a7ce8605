"""The notice that an empty database replaces the former database of a raw store.

This is intended after the loss of a database, but not after a mistyped or forgotten MEETING_ASSETS_DATABASE_URL.
"""

from __future__ import annotations

from meeting_assets.pipeline.storage import Storage
from meeting_assets.store.database_id import mismatch


def replacement_notice(storage: Storage) -> str | None:
    """The notice if database and raw store do not belong together yet; None otherwise.

    It is true once binding both has succeeded, which it only does for an empty database.
    """
    if mismatch(storage.database, storage.raw) is None:
        return None
    return (
        f"The empty database at {storage.database.address} replaces the former database of this raw store. "
        "If that was not intended, correct MEETING_ASSETS_DATABASE_URL."
    )
