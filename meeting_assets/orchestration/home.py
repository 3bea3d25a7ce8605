"""Dagster's home: the folder with `dagster.yaml` and the files of Dagster's own storage.

Homes of earlier versions name a storage class that no longer exists. Dagster would fail to load it with an import
error, so commands check for it first. Dagster's own storage reads the same files. This module does not import Dagster.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml  # type: ignore[import-untyped]

import meeting_assets
from meeting_assets.core.errors import SettingsError
from meeting_assets.core.files import file_error_message
from meeting_assets.settings import Settings

CONFIG = "dagster.yaml"
REMOVED_STORAGE = "meeting_assets.orchestration.dagster_storage"
# Dagster puts the path of its SQLite files into a URL without escaping it: files would be created elsewhere.
UNREADABLE_BY_DAGSTER = frozenset("?%")


def prepare_home(settings: Settings) -> None:
    """Creates DAGSTER_HOME with the shipped `dagster.yaml` if it is missing, and exports both homes to Dagster.

    Raises:
        SettingsError: the folder cannot be written, Dagster cannot use its path, or `migrate` has to run first.
    """
    home = settings.dagster_home
    if UNREADABLE_BY_DAGSTER.intersection(str(home)):
        raise SettingsError(
            f"Dagster's storage cannot use the folder {home}, because its path contains `?` or `%`. "
            "Set DAGSTER_HOME to a folder without these characters."
        )
    with naming_dagster_home(home):
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (home / CONFIG).exists():
            shutil.copyfile(shipped(CONFIG), home / CONFIG)
        if names_removed_storage(home):
            raise SettingsError(removed_storage_sentence(home))
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ["MEETING_ASSETS_HOME"] = str(settings.home)


def shipped(name: str) -> Path:
    """The path of a file that ships with the package: inside it when installed, beside it in a checkout."""
    package = Path(meeting_assets.__file__).parent
    return next(path for path in (package / name, package.parent / name) if path.exists())


@contextmanager
def naming_dagster_home(home: Path) -> Iterator[None]:
    """Translates errors of the file system into a sentence that names DAGSTER_HOME."""
    try:
        yield
    except OSError as error:
        raise SettingsError(file_error_message(error, home, "DAGSTER_HOME")) from None


def names_removed_storage(home: Path) -> bool:
    """True if `dagster.yaml` names the storage class of earlier versions."""
    return _removed_block(_text(home)) is not None


def removed_storage_sentence(home: Path) -> str:
    """Explains a `dagster.yaml` that names the removed storage class."""
    return (
        f"The `storage` block of {home / CONFIG} names {REMOVED_STORAGE}, which this version no longer has. Run "
        "`meeting-assets migrate`: it changes that block to Dagster's own storage and keeps the run history."
    )


def migrate_home(home: Path, *, is_dry_run: bool) -> str | None:
    """Replaces the removed storage class in `dagster.yaml` by Dagster's own storage on the same files.

    Every other byte of the file is kept. Returns a sentence about the change, or None if there is nothing to change.

    Raises:
        SettingsError: `dagster.yaml` cannot be read or written.
    """
    path = home / CONFIG
    with naming_dagster_home(home):
        text = _text(home)
        if (found := _removed_block(text)) is None:
            return None
        block, base_dir = found
        own = "sqlite: " + yaml.safe_dump({"base_dir": base_dir}, default_flow_style=True, width=1_000).strip()
        if not is_dry_run:
            _replace(path, text[: block.start] + own + text[block.stop :])
    return f"Replace the removed storage class in {path} by Dagster's own storage on the same files."


def _text(home: Path) -> str:
    """The text of `dagster.yaml`; empty if there is no such file or it is not UTF-8."""
    try:
        return (home / CONFIG).read_bytes().decode()
    except (FileNotFoundError, UnicodeDecodeError):
        return ""


def _removed_block(text: str) -> tuple[slice, object] | None:
    """The position of the block `custom: …` that names the removed class, and its `base_dir`; None if there is none."""
    if REMOVED_STORAGE not in text:
        return None
    try:
        config = yaml.safe_load(text)
        custom = config["storage"]["custom"]
        is_removed, base_dir = custom["module"] == REMOVED_STORAGE, custom["config"]["base_dir"]
        _, storage = _entry(yaml.compose(text, Loader=yaml.SafeLoader), "storage")
        key, value = _entry(storage, "custom")
    except (yaml.YAMLError, LookupError, TypeError, AttributeError):
        return None
    return (slice(key.start_mark.index, _end(value)), base_dir) if is_removed else None


def _entry(mapping: yaml.MappingNode, name: str) -> tuple[yaml.Node, yaml.Node]:
    """A key of a YAML mapping and its value."""
    return next((key, value) for key, value in mapping.value if key.value == name)


def _end(node: yaml.Node) -> int:
    """The index behind a node. PyYAML's own mark of a block mapping includes the comments that follow it."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style:
        return int(node.end_mark.index)
    return max(_end(value) for _, value in node.value)


def _replace(path: Path, text: str) -> None:
    """Replaces a file in one step and keeps its mode; a link keeps its place."""
    target = path.resolve()
    new = target.with_name(f"{target.name}.new")
    new.write_bytes(text.encode())
    shutil.copymode(target, new)
    new.replace(target)
