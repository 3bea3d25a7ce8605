"""Output of `people`: persons, aliases and display names as tables.

Names and keys are printed on standard output only, never as notes or errors, because those may be logged.
"""

from __future__ import annotations

from collections.abc import Sequence

from meeting_assets.cli.documents.people import alias_command
from meeting_assets.cli.key_tables import KeyTable
from meeting_assets.cli.meeting_texts import printable, shell_quoted
from meeting_assets.cli.terminal import print_line
from meeting_assets.pipeline.people_lists import PeopleList, Unlinked
from meeting_assets.store.person_aliases import Alias

UNKNOWN = "·"
NAMES_SHOWN = 40
PERSON = "PERSON"
PEOPLE = KeyTable(
    ("person", "name", "meetings", "hours", "share of talk"),
    numbers=("meetings", "hours", "share of talk"),
    texts=("name",),
)
UNLINKED = KeyTable(
    ("name", "persons of that name", "meetings", "minutes of talk", "share of talk"),
    numbers=("meetings", "minutes of talk", "share of talk"),
    texts=("name",),
)


def print_people(found: PeopleList) -> None:
    """Prints the persons, the share of talk that they cover, and the aliases in force."""
    PEOPLE.print(
        [
            [
                *map(printable, (each.person_key, each.name or UNKNOWN)),
                *(f"{each.meeting_count:,}", _hours(each.attended_s), _percent(each.talk_share)),
            ]
            for each in found.people
        ]
    )
    if found.covered_talk_share is not None:
        print_line(
            f"These persons cover {found.covered_talk_share:.0%} of the talk in all meetings. "
            "`meeting-assets people --unlinked` lists names without a person."
        )
    print_aliases(found.aliases)


def print_aliases(aliases: Sequence[Alias]) -> None:
    """Prints the aliases in force, each with the command that undoes it."""
    if not aliases:
        print_line("No alias is in force.")
    for alias in aliases:
        print_line(_sentence(alias))
        print_line(f"  meeting-assets people --undo {shell_quoted(alias.person_key)}")


def print_unlinked(found: Sequence[Unlinked]) -> None:
    """Prints display names without a person, and the command that links the first one."""
    if not found:
        print_line("Every participant with a name belongs to a person.")
        return
    UNLINKED.print(
        [
            [
                *map(printable, (each.name, ", ".join(each.namesakes) or UNKNOWN)),
                *(f"{each.meeting_count:,}", _minutes(each.talk_time_s), _percent(each.talk_share)),
            ]
            for each in found[:NAMES_SHOWN]
        ]
    )
    if len(found) > NAMES_SHOWN:
        print_line(f"... and {len(found) - NAMES_SHOWN} more. --json lists all of them.")
    print_line(
        "A name counts for participants without a key only. If all participants of a name are one person, link it:"
    )
    if (command := alias_command(found[0])) is not None:
        print_line(f"  {command}")
    else:
        print_line(f"  {alias_form(found[0])}")
        print_line(f"{PERSON} is a key of that person, such as email:ada@example.com. No participant needs to have it.")


def print_unknown(keys: Sequence[str]) -> None:
    """Prints a warning for each key that no participant has."""
    for key in keys:
        print_line(f"! {printable(key)} occurs in no meeting yet. Check the spelling.")


def alias_form(each: Unlinked) -> str:
    """The form of the command that links a name. The command refuses it until the user has put in a person."""
    return f"meeting-assets people --alias {shell_quoted(f'{each.person_key}={PERSON}')}"


def _hours(time_s: float | None) -> str:
    return UNKNOWN if time_s is None else f"{time_s / 3600:,.1f}"


def _minutes(time_s: float | None) -> str:
    return UNKNOWN if time_s is None else f"{time_s / 60:,.1f}"


def _percent(share: float | None) -> str:
    return UNKNOWN if share is None else f"{share:.1%}"


def _sentence(alias: Alias) -> str:
    note = f" ({alias.note})" if alias.note else ""
    return printable(f"{alias.person_key} is {alias.target}: {alias.author}, {alias.at.date()}{note}.")
