"""Purge of person aliases: they belong to no recording, and are deleted with the last meeting of their persons.

An alias is kept while one of the keys that aliases connect with it identifies a participant of a remaining meeting. An
alias of a display name is also deleted when no participant without a key has that name.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from meeting_assets.artifacts.person_keys import NAME_PREFIX
from meeting_assets.metrics.identity import one_person
from meeting_assets.pipeline.deletion.removal import PurgeReport
from meeting_assets.pipeline.key_occurrences import keys_of_recording, names_in_artifacts, occurring_person_keys
from meeting_assets.store.person_aliases import ALIASES, Alias, alias_targets, all_aliases, delete_aliases


def aliased_keys(connection: Connection, recording_id: str) -> set[str]:
    """The keys of a recording, before its rows are deleted; empty if there are no aliases."""
    if not alias_targets(connection):
        return set()
    names = names_in_artifacts(connection, lambda column: column == recording_id)
    return names | keys_of_recording(connection, recording_id)


def delete_unused_aliases(connection: Connection, keys: Collection[str], report: PurgeReport) -> None:
    """Deletes the aliases of a purged recording that no remaining meeting uses. `keys` are those of the recording."""
    if keys and (deleted := delete_aliases(connection, [each.person_key for each in unused_aliases(connection, keys)])):
        report.rows += deleted
        report.tables.add(ALIASES.name)


def unused_aliases(connection: Connection, keys: Collection[str]) -> list[Alias]:
    """The aliases connected with keys of purged recordings that no remaining meeting uses."""
    concerned = connected_aliases(connection, keys)
    if not concerned:
        return []
    persons = one_person([(each.person_key, each.target) for each in concerned])
    used = occurring_person_keys(connection, persons)
    used_persons = {persons[key] for key in used}
    return [
        each
        for each in concerned
        if persons[each.person_key] not in used_persons
        or (each.person_key.startswith(NAME_PREFIX) and each.person_key in keys and each.person_key not in used)
    ]


def connected_aliases(connection: Connection, keys: Collection[str]) -> list[Alias]:
    """The aliases that lead to or from some keys, directly or through other aliases."""
    aliases = all_aliases(connection)
    persons = one_person([(each.person_key, each.target) for each in aliases])
    concerned = {persons[key] for key in keys if key in persons}
    return [each for each in aliases if persons[each.person_key] in concerned]
