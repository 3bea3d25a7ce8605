"""Output of `people`: persons, aliases and display names as tables or JSON documents.

Names and keys are printed on standard output only, never as notes or errors, because those may be logged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from meeting_assets.cli.meeting_texts import printable, shell_quoted
from meeting_assets.cli.terminal import out
from meeting_assets.core.instants import to_iso8601
from meeting_assets.pipeline.people_lists import PeopleList, Unlinked
from meeting_assets.store.person_aliases import Alias

UNKNOWN = "·"
NAMES_SHOWN = 40
EXAMPLE = "email:ada@example.com"


def print_people(found: PeopleList) -> None:
    """Prints the persons, the share of talk that they cover, and the aliases in force."""
    table = _table("person", "name", "meetings", "hours", "share of talk")
    for each in found.people:
        numbers = f"{each.meeting_count:,}", _hours(each.attended_s), _percent(each.talk_share)
        table.add_row(*_texts(each.person_key, each.name or UNKNOWN), *numbers)
    out.print(table)
    if found.covered_talk_share is not None:
        out.print(
            f"These persons cover {found.covered_talk_share:.0%} of the talk in all meetings. "
            "`meeting-assets people --unlinked` lists names without a person.",
            highlight=False,
            soft_wrap=True,
        )
    print_aliases(found.aliases)


def print_aliases(aliases: Sequence[Alias]) -> None:
    """Prints the aliases in force, each with the command that undoes it."""
    if not aliases:
        out.print("No alias is in force.", highlight=False)
    for alias in aliases:
        out.print(Text(_sentence(alias)), soft_wrap=True)
        out.print(Text(f"  meeting-assets people --undo {shell_quoted(alias.person_key)}"), soft_wrap=True)


def print_unlinked(found: Sequence[Unlinked]) -> None:
    """Prints display names without a person, and the command that links the first one."""
    if not found:
        out.print("Every participant with a name belongs to a person.", highlight=False)
        return
    table = _table("name", "persons of that name", "meetings", "minutes of talk", "share of talk")
    for each in found[:NAMES_SHOWN]:
        minutes = UNKNOWN if each.talk_time_s is None else f"{each.talk_time_s / 60:,.1f}"
        texts = _texts(each.name, ", ".join(each.namesakes) or UNKNOWN)
        table.add_row(*texts, f"{each.meeting_count:,}", minutes, _percent(each.talk_share))
    out.print(table)
    if len(found) > NAMES_SHOWN:
        out.print(f"... and {len(found) - NAMES_SHOWN} more. --json lists all of them.", highlight=False)
    out.print(
        "A name counts for participants without a key only. Link one if all participants of that name are one person; "
        "a person may have any address:",
        highlight=False,
        soft_wrap=True,
    )
    out.print(Text(f"  {alias_command(found[0])}"), soft_wrap=True)


def print_unknown(keys: Sequence[str]) -> None:
    """Prints a warning for each key that no participant has."""
    for key in keys:
        out.print(Text(f"! {printable(key)} occurs in no meeting yet. Check the spelling."), soft_wrap=True)


def alias_command(each: Unlinked) -> str:
    """The command that links a name: to its only namesake, else to an example."""
    target = each.namesakes[0] if len(each.namesakes) == 1 else EXAMPLE
    return f"meeting-assets people --alias {shell_quoted(f'{each.person_key}={target}')}"


def people_document(found: PeopleList, *, is_outdated: bool) -> dict[str, Any]:
    """The JSON document of all persons and aliases."""
    return {
        "is_outdated": is_outdated,
        "covered_talk_share": found.covered_talk_share,
        "people": [each._asdict() for each in found.people],
        "aliases": [{**each._asdict(), "at": to_iso8601(each.at)} for each in found.aliases],
    }


def unlinked_document(found: Sequence[Unlinked]) -> dict[str, Any]:
    """The JSON document of the names without a person."""
    return {"unlinked": [{**each._asdict(), "command": alias_command(each)} for each in found]}


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="left" if index < 2 else "right", overflow="fold")
    return table


def _texts(*cells: str) -> list[Text]:
    return [Text(printable(each)) for each in cells]


def _hours(time_s: float | None) -> str:
    return UNKNOWN if time_s is None else f"{time_s / 3600:,.1f}"


def _percent(share: float | None) -> str:
    return UNKNOWN if share is None else f"{share:.1%}"


def _sentence(alias: Alias) -> str:
    note = f" ({alias.note})" if alias.note else ""
    return printable(f"{alias.person_key} is {alias.target}: {alias.author}, {alias.at.date()}{note}.")
