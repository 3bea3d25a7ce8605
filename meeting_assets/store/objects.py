"""Objects in a folder or an object store: put, get, list, delete. Faults become `StoreError`s without secrets."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self, TypeVar
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import stamina
from obstore.exceptions import AlreadyExistsError, BaseError, NotSupportedError, PreconditionError
from obstore.store import LocalStore, ObjectStore

from meeting_assets.core.errors import StoreError
from meeting_assets.core.urls import without_url_secrets
from meeting_assets.store.object_stores import cause_of, open_object_store

if TYPE_CHECKING:
    from obstore import ObjectMeta

LISTS_AT_ONCE = 16
NO_BUCKET = "NoSuchBucket"

T = TypeVar("T")

_SYSTEM_FAULT = re.compile(r"[^:\n]+(?= \(os error \d+\))")
_QUOTED = re.compile(r'"[^"]*"|<.*')


class Objects:
    """The objects of one folder or object store. Keys are relative to its root.

    All methods raise `StoreError` if the store does not answer or refuses the operation.
    """

    noun: ClassVar[str]
    """The store in messages, such as `raw store`."""
    setting: ClassVar[str]
    """The variable that names the store, which messages advise to check."""
    error: ClassVar[type[StoreError]] = StoreError
    """The class of all errors of the store."""

    def __init__(self, store: ObjectStore, url: str = "", *, instance_credentials: bool = False) -> None:
        self._client = store
        self.url = url
        """The URL for `at` to open the same store, together with `instance_credentials`; empty if unknown."""
        self.instance_credentials = instance_credentials

    @classmethod
    def at(cls, url: str, *, instance_credentials: bool = False) -> Self:
        """Opens an absolute folder or a `file://`, `s3://`, `gs://` or `az://` URL. Creates a missing folder.

        `instance_credentials` lets an object store take credentials from the machine's metadata service.

        Raises:
            StoreError: the store cannot be opened.
        """
        return cls(
            cls._open(url, instance_credentials=instance_credentials), url, instance_credentials=instance_credentials
        )

    @classmethod
    def _open(cls, url: str, *, instance_credentials: bool) -> ObjectStore:
        try:
            if is_object_store(url):
                return open_object_store(url, cls.setting, instance_credentials=instance_credentials)
            folder = folder_of(url)
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return LocalStore(folder)
        except StoreError as error:
            message = str(error)
        except (BaseError, OSError, ValueError) as error:
            message = f"The {cls.noun} cannot be opened, check {cls.setting}: {_fault(error)}."
        # Raised here, so that the error has no context: foreign text quotes URLs, which may hold secrets.
        raise cls.error(message)

    @property
    def _store(self) -> ObjectStore:
        return self._client

    @property
    def folder(self) -> Path | None:
        """The folder of the store; None for an object store."""
        if not isinstance(self._store, LocalStore) or self._store.prefix is None:
            return None
        return Path(self._store.prefix)

    def put(self, key: str, content: bytes) -> None:
        """Writes an object, as a whole or not at all."""
        self.translated(f"take {key}", lambda: self._store.put(key, content))

    def create(self, key: str, content: bytes) -> None:
        """Writes an object unless it exists. An object store without conditional writes overwrites it."""

        def create() -> None:
            try:
                self._store.put(key, content, mode="create")
            except (AlreadyExistsError, PreconditionError):
                return
            except (NotImplementedError, NotSupportedError):
                self._store.put(key, content)

        self.translated(f"take {key}", create)

    def get(self, key: str) -> bytes | None:
        """The content of an object; None if it does not exist."""

        def get() -> bytes | None:
            try:
                return bytes(self._store.get(key).bytes())
            except FileNotFoundError as error:
                if NO_BUCKET in str(error):
                    raise
                return None

        return self.translated(f"give {key}", get)

    def metadata(self, prefix: str) -> Sequence[ObjectMeta]:
        """Key, size and time of all objects below a prefix."""
        return self.translated(f"list {prefix}", lambda: self._store.list(prefix).collect())

    def keys(self, prefix: str) -> list[str]:
        """The keys of all objects below a prefix."""
        return sorted(each["path"] for each in self.metadata(prefix))

    def prefixes(self, prefix: str) -> list[str]:
        """The names of prefixes directly below a prefix that contain objects."""
        listed = self.translated(f"list {prefix}", lambda: self._store.list_with_delimiter(prefix))
        return [each.rsplit("/", 1)[-1] for each in listed["common_prefixes"]]

    def names(self, prefix: str) -> list[str]:
        """All names directly below a prefix; in a folder also empty folders and incomplete files."""
        if folder := self.folder:
            return self.translated(f"list {prefix}", lambda: _names_in(folder / prefix))
        listed = self.translated(f"list {prefix}", lambda: self._store.list_with_delimiter(prefix))
        paths = [*listed["common_prefixes"], *(each["path"] for each in listed["objects"])]
        return [path.rstrip("/").rsplit("/", 1)[-1] for path in paths]

    def names_below(self, prefixes: Sequence[str]) -> list[list[str]]:
        """All names below each of some top-level prefixes, in the order of the prefixes."""
        with ThreadPoolExecutor(LISTS_AT_ONCE) as pool:
            return [*pool.map(lambda name: self.names(f"{name}/"), prefixes)]

    def delete(self, keys: Sequence[str]) -> None:
        """Deletes objects; a missing object is no error."""

        def delete() -> None:
            for key in keys:
                # One by one: of a bulk deletion, a store reports only the first failure.
                with suppress(FileNotFoundError):
                    self._store.delete(key)

        self.translated("delete objects", delete)

    def probe(self) -> None:
        """Writes an object, reads it and deletes it."""
        key, content = f"probe-{uuid4()}", b"probe"
        self.put(key, content)
        stored = self.get(key)
        self.delete([key])
        if stored != content:
            raise self.error(f"The {self.noun} returned other bytes than were written. Check {self.setting}.")

    def translated(self, operation: str, call: Callable[[], T]) -> T:
        """Calls the store; a fault becomes a `StoreError` in our words."""
        try:
            return call()
        except (BaseError, OSError) as error:
            fault = _fault(error)
        raise self.error(f"The {self.noun} does not {operation}, check {self.setting}: {fault}.")


def incomplete_files(folder: Path, before_s: float) -> list[str]:
    """Files that were being written before an instant, as paths below the folder's parent."""
    found = []
    for parent, _, names in os.walk(folder):
        for path in (Path(parent) / name for name in names if "#" in name):
            with suppress(FileNotFoundError):  # the writer has finished
                if path.stat().st_mtime < before_s:
                    found.append(str(path.relative_to(folder.parent)))
    return sorted(found)


def remove_folder(folder: Path) -> None:
    """Removes a folder with its content, and then its parent if that is empty."""
    _remove_tree(folder)
    with suppress(OSError):  # the parent has other content
        folder.parent.rmdir()


@stamina.retry(on=OSError, attempts=5, wait_initial=0.01, wait_max=0.1, wait_jitter=0.01)
def _remove_tree(folder: Path) -> None:
    # Another process may write into the folder, or remove it as well.
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        shutil.rmtree(folder)


def _names_in(folder: Path) -> list[str]:
    """The names in a folder; none if it is a file or does not exist."""
    with suppress(FileNotFoundError, NotADirectoryError):
        return os.listdir(folder)
    return []


def is_object_store(url: str) -> bool:
    """False for folders, given as a path or as a `file://` URL."""
    return "://" in url and not url.startswith("file://")


def folder_of(url: str) -> Path:
    """The folder of a path or a `file://` URL; blanks in a URL may be escaped.

    Raises:
        ValueError: the URL names another host.
    """
    if not url.startswith("file://"):
        return Path(url)
    parts = urlsplit(url)
    if parts.netloc not in {"", "localhost"}:
        raise ValueError
    return Path(unquote(url.removeprefix("file://").removeprefix(parts.netloc)))


def _fault(error: Exception) -> str:
    """The fault in one line. Foreign text may quote the setting or a response, and with them secrets."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if type(error) is ValueError:
        return "it is no absolute path and no URL"
    if cause := cause_of(error):
        return cause
    text = str(error)
    if said := _SYSTEM_FAULT.search(text):
        return said.group().strip()
    line = text.partition("\n")[0]
    return _QUOTED.sub("…", without_url_secrets(line.encode()).decode())
