"""The documents of `people --json`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from meeting_assets.cli.documents.values import Instant, Share
from meeting_assets.cli.meeting_texts import shell_quoted
from meeting_assets.core.instants import to_iso8601

if TYPE_CHECKING:
    from meeting_assets.pipeline.aliases import AliasChange
    from meeting_assets.pipeline.people_lists import PeopleList, Unlinked


class Person(Struct, frozen=True):
    """A person across meetings, mostly as in the table `people`."""

    person_key: Annotated[str, Meta(description="key of the person")]
    name: Annotated[str | None, Meta(description="display name; null if unknown")]
    email: Annotated[str | None, Meta(description="e-mail address; null if unknown")]
    known_keys: Annotated[list[str], Meta(description="all keys of the person, as in `person_keys.known_key`")]
    meeting_count: Annotated[int, Meta(description="meetings that the person attended")]
    attended_s: Annotated[float | None, Meta(description="s; time attended")]
    talk_time_s: Annotated[float | None, Meta(description="s; talk time")]
    talk_share: Annotated[Share | None, Meta(description="0-1; part of the talk of all speakers in all meetings")]


class PersonAlias(Struct, frozen=True):
    """A row of `person_aliases`."""

    person_key: Annotated[str, Meta(description="the key, or `name:` and a display name")]
    target: Annotated[str, Meta(description="the person that the key belongs to")]
    author: Annotated[str, Meta(description="author of the alias")]
    at: Annotated[Instant, Meta(description="when the alias was made")]
    note: Annotated[str | None, Meta(description="reason; null if none was given")]


class PeopleDocument(Struct, frozen=True, tag_field="schema", tag="meeting_assets/people/1"):
    """Persons and aliases: `people --json`."""

    is_outdated: Annotated[bool, Meta(description="whether meetings have changed since the list was made")]
    covered_talk_share: Annotated[
        Share | None, Meta(description="0-1; part of the talk of all meetings that persons cover; null without speech")
    ]
    people: Annotated[list[Person], Meta(description="persons by talk time")]
    aliases: Annotated[list[PersonAlias], Meta(description="aliases in force")]


class UnlinkedName(Struct, frozen=True):
    """A display name of participants without a person."""

    name: Annotated[str, Meta(description="the most frequent spelling")]
    person_key: Annotated[str, Meta(description="its `name:` key")]
    meeting_count: Annotated[int, Meta(description="meetings with such a participant")]
    talk_time_s: Annotated[float | None, Meta(description="s; talk time of these participants")]
    talk_share: Annotated[Share | None, Meta(description="0-1; part of the talk of all speakers in all meetings")]
    namesakes: Annotated[list[str], Meta(description="persons of that name, who may be other people")]
    command: Annotated[
        str | None, Meta(description="command that links the name to its only namesake; null with none or several")
    ]


class UnlinkedNamesDocument(Struct, frozen=True, tag_field="schema", tag="meeting_assets/unlinked_names/1"):
    """Display names without a person: `people --unlinked --json`."""

    unlinked: Annotated[list[UnlinkedName], Meta(description="names by talk time")]


class AliasesChangeDocument(Struct, frozen=True, tag_field="schema", tag="meeting_assets/aliases_change/1"):
    """The result of `people` with `--alias`, `--undo` or `--import`."""

    added_count: Annotated[int, Meta(description="aliases that were added")]
    replaced_count: Annotated[int, Meta(description="aliases that were replaced")]
    removed_count: Annotated[int, Meta(description="aliases that were removed")]
    unchanged_count: Annotated[int, Meta(description="aliases that were in force before")]
    unknown_keys: Annotated[list[str], Meta(description="keys that no participant has yet")]
    changed_weeks: Annotated[int, Meta(description="weeks that were derived again")]


def people_document(found: PeopleList, *, is_outdated: bool) -> PeopleDocument:
    """The document of all persons and aliases."""
    people = [Person(each[0], each[1], each[2], [*each.keys], *each[4:]) for each in found.people]
    aliases = [PersonAlias(**{**each._asdict(), "at": to_iso8601(each.at)}) for each in found.aliases]
    return PeopleDocument(is_outdated, found.covered_talk_share, people, aliases)


def unlinked_document(found: Sequence[Unlinked]) -> UnlinkedNamesDocument:
    """The document of the names without a person."""
    return UnlinkedNamesDocument(
        [UnlinkedName(*each[:-1], [*each.namesakes], command=alias_command(each)) for each in found]
    )


def alias_command(each: Unlinked) -> str | None:
    """The command that links a name to its only namesake; None if it has none or several."""
    if len(each.namesakes) != 1:
        return None
    return f"meeting-assets people --alias {shell_quoted(f'{each.person_key}={each.namesakes[0]}')}"


def aliases_change_document(change: AliasChange, *, changed_weeks: int) -> AliasesChangeDocument:
    """The document of a change of aliases."""
    return AliasesChangeDocument(
        change.added, change.replaced, change.removed, change.unchanged, change.unknown, changed_weeks
    )
