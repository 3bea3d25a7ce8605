"""The command `people`, which lists persons across meetings, and links keys and display names to them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from meeting_assets.cli.authors import author_or_login
from meeting_assets.cli.csv_files import read_csv, write_csv
from meeting_assets.cli.current_settings import read_settings
from meeting_assets.cli.exit_codes import ExitCode
from meeting_assets.cli.opening import opened_for_changes
from meeting_assets.cli.options import AsJson
from meeting_assets.cli.terminal import print_errors, print_json, print_line, print_note
from meeting_assets.core.errors import UsageError
from meeting_assets.core.instants import now

if TYPE_CHECKING:
    from meeting_assets.pipeline.aliases import AliasChange, AliasRequest
    from meeting_assets.pipeline.storage import Storage
    from meeting_assets.settings import Settings

FORM = "--alias KEY=PERSON, such as --alias 'email:ada@old.example=zoom:RiajK'"


def people(
    alias: Annotated[
        list[str] | None, typer.Option(metavar="KEY=PERSON", help="the key, or name:NAME, belongs to this person")
    ] = None,
    undo: Annotated[list[str] | None, typer.Option(metavar="KEY", help="undo the alias of this key")] = None,
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="reason of the aliases")] = None,
    author: Annotated[str | None, typer.Option(metavar="NAME", help="author (default: the login name)")] = None,
    unlinked: Annotated[
        bool, typer.Option("--unlinked", help="list display names without a person, by talk time")
    ] = False,
    export_to: Annotated[
        str | None, typer.Option("--export", metavar="FILE", help="write aliases as CSV; - for standard output")
    ] = None,
    import_from: Annotated[
        str | None, typer.Option("--import", metavar="FILE", help="add the aliases of a CSV file; - for standard input")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Lists persons across meetings. Links keys and display names to persons, and undoes such aliases.

    `--alias` and `--undo` may be repeated. Trends and people are derived again at once.
    """
    is_change = bool(alias or undo)
    if (export_to is not None) + (import_from is not None) + is_change + unlinked > 1:
        raise UsageError("Use only one of --export, --import, --unlinked, and --alias or --undo.")
    if export_to is not None and as_json:
        raise UsageError("--export writes CSV. Omit --json.")
    _check_details(note, author, has_alias=bool(alias), is_import=import_from is not None)
    settings = read_settings()
    if export_to is not None:
        _export(settings, export_to)
    elif import_from is not None:
        _import(settings, import_from, author, as_json=as_json)
    elif is_change:
        _change(settings, _requests(alias or [], note, author), undo or [], author, as_json=as_json)
    elif unlinked:
        _list_unlinked(settings, as_json=as_json)
    else:
        _list_people(settings, as_json=as_json)


def _check_details(note: str | None, author: str | None, *, has_alias: bool, is_import: bool) -> None:
    """Raises a UsageError for a note or an author that belongs to no alias."""
    if note is not None and not has_alias:
        raise UsageError("--note belongs to --alias. Give both.")
    if author is not None and not (has_alias or is_import):
        raise UsageError("--author belongs to --alias or --import. Give one of them.")


def split_alias(text: str) -> tuple[str, str]:
    """Splits `KEY=PERSON` at the first `=` before the beginning of a key. Keys may contain `=`, too.

    >>> split_alias("zoom:RiajK==email:ada@example.com"), split_alias("name:1=1=zoom:RiajK=")
    (('zoom:RiajK=', 'email:ada@example.com'), ('name:1=1', 'zoom:RiajK='))

    Raises:
        ValueError: no part of it begins a key.
    """
    from meeting_assets.artifacts.person_keys import KEY_PREFIXES

    beginning = "|".join(map(re.escape, KEY_PREFIXES))
    if (match := re.fullmatch(rf"(.+?)=\s*((?:{beginning}).+)", text, re.DOTALL)) is None:
        raise ValueError(f"it is not of the form {FORM}")
    return match[1], match[2]


def _requests(aliases: Sequence[str], note: str | None, author: str | None) -> list[AliasRequest]:
    from meeting_assets.pipeline.aliases import alias_request

    found = []
    for number, text in enumerate(aliases, start=1):
        position = f"--alias number {number}: " if len(aliases) > 1 else ""
        try:
            key, target = split_alias(text)
            found.append(alias_request(key, target, author=author, note=note, position=position))
        except ValueError as error:
            raise UsageError(f"Nothing was changed: {position}{error}.") from None
    return found


def _change(
    settings: Settings, requests: Sequence[AliasRequest], undo: Sequence[str], author: str | None, *, as_json: bool
) -> None:
    from meeting_assets.cli.people_table import print_aliases
    from meeting_assets.pipeline.aliases import change_aliases, valid_key
    from meeting_assets.store.person_aliases import all_aliases

    try:
        undone = {valid_key(each) for each in undo}
    except ValueError as error:
        raise UsageError(f"Nothing was changed: --undo: {error}.") from None
    with opened_for_changes(settings) as storage:
        aliases = storage.database.read(all_aliases)
        if undone - {each.person_key for each in aliases}:
            if not as_json:
                print_aliases(aliases)
            raise UsageError("Nothing was changed: --undo names a key without an alias.")
        with _named_as_unchanged("Nothing was changed: "):
            change = change_aliases(storage, requests, undone, author=author_or_login(author), at=now())
        _roll_up(storage, change, as_json=as_json)


def _import(settings: Settings, source: str, author: str | None, *, as_json: bool) -> None:
    """Adds the aliases of a CSV file, and rolls up. With a faulty line it adds none, and exits with USAGE."""
    from meeting_assets.pipeline.alias_csv import read_aliases
    from meeting_assets.pipeline.aliases import change_aliases

    requests, faults = read_aliases(read_csv(source))
    if faults:
        print_errors([*map(str, faults), "Nothing was imported. Correct these lines and import the file again."])
        raise typer.Exit(ExitCode.USAGE)
    with opened_for_changes(settings) as storage:
        with _named_as_unchanged("Nothing was imported: "):
            change = change_aliases(storage, requests, author=author_or_login(author), at=now())
        _roll_up(storage, change, as_json=as_json)


@contextmanager
def _named_as_unchanged(beginning: str) -> Iterator[None]:
    """Puts a beginning before the message of an invalid request, by which nothing was changed."""
    try:
        yield
    except UsageError as error:
        raise UsageError(f"{beginning}{error}") from None


def _roll_up(storage: Storage, change: AliasChange, *, as_json: bool) -> None:
    """Rolls up, also if an earlier roll-up was interrupted, and prints the change."""
    from meeting_assets.cli.documents.people import aliases_change_document
    from meeting_assets.cli.people_table import print_unknown
    from meeting_assets.pipeline.rollup import roll_up, roll_up_people
    from meeting_assets.pipeline.series_rollup import roll_up_series

    changed_weeks = roll_up(storage).changed
    roll_up_people(storage)
    roll_up_series(storage)
    if as_json:
        print_json(aliases_change_document(change, changed_weeks=changed_weeks))
    else:
        print_line(f"{change.as_sentence()} {changed_weeks} weeks were derived again.")
        print_unknown(change.unknown)


def _export(settings: Settings, target: str) -> None:
    from meeting_assets.pipeline.alias_csv import alias_csv
    from meeting_assets.pipeline.storage import open_storage_read_only
    from meeting_assets.store.person_aliases import all_aliases

    with open_storage_read_only(settings) as storage:
        content = alias_csv(storage.database.read(all_aliases))
    write_csv(target, content, what="aliases")


def _list_people(settings: Settings, *, as_json: bool) -> None:
    from meeting_assets.cli.documents.people import people_document
    from meeting_assets.cli.people_table import print_people
    from meeting_assets.pipeline.people_lists import people_list
    from meeting_assets.pipeline.rollup import are_people_outdated
    from meeting_assets.pipeline.storage import open_storage_read_only

    with open_storage_read_only(settings) as storage:
        found = storage.database.read(people_list)
        is_outdated = are_people_outdated(storage)
    if as_json:
        print_json(people_document(found, is_outdated=is_outdated))
    else:
        print_people(found)
        if is_outdated:
            print_note("The list is outdated: meetings have changed since. The next `meeting-assets sync` updates it.")


def _list_unlinked(settings: Settings, *, as_json: bool) -> None:
    from meeting_assets.cli.documents.people import unlinked_document
    from meeting_assets.cli.people_table import print_unlinked
    from meeting_assets.pipeline.people_lists import unlinked_names
    from meeting_assets.pipeline.storage import open_storage_read_only

    with open_storage_read_only(settings) as storage:
        found = storage.database.read(unlinked_names)
    if as_json:
        print_json(unlinked_document(found))
    else:
        print_unlinked(found)
