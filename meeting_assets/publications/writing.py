"""Writes and removes published files, with their rows in `published_files` (`store.published_files`)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from meeting_assets.pipeline.storage import Storage
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.published_files import NewFile, begin, finish, forget, new_mark


def write_files(storage: Storage, files: Sequence[NewFile]) -> list[NewFile]:
    """Writes some files; returns those that are published, without those of recordings purged meanwhile.

    A file without content is recorded only; an earlier version of it is deleted.

    Raises:
        StoreError: the database or the publications store cannot be written.
    """
    mark = new_mark()
    kept = _begin(storage, files, mark)
    storage.publications.put_all({each.key: each.content for each in kept if each.content is not None})
    storage.publications.delete([each.key for each in kept if each.content is None])
    lost = _finish(storage, kept, mark)
    storage.publications.delete([each.key for each in lost])
    lost_keys = {each.key for each in lost}
    return [each for each in kept if each.key not in lost_keys]


def remove_files(storage: Storage, keys: Collection[str]) -> None:
    """Removes files that this package has written, and then their rows."""
    if keys:
        storage.publications.delete(sorted(keys))
        _forget(storage, keys)


@retry_on_conflict
def _begin(storage: Storage, files: Sequence[NewFile], mark: str) -> list[NewFile]:
    with storage.database.writing() as connection:
        return begin(connection, files, mark)


@retry_on_conflict
def _finish(storage: Storage, files: Sequence[NewFile], mark: str) -> list[NewFile]:
    with storage.database.writing() as connection:
        return finish(connection, files, mark)


@retry_on_conflict
def _forget(storage: Storage, keys: Collection[str]) -> None:
    with storage.database.writing() as connection:
        forget(connection, keys)
