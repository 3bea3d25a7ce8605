"""Ids of recordings, as people and other programs write them."""

from __future__ import annotations

import re
from uuid import UUID

from meeting_assets.core.errors import SettingsError

EXAMPLE = "0206f11b-68ab-42b1-8a30-b85f60076e83"
_UUID = re.compile(r"(?:urn:uuid:)?(\{)?([0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12})(?(1)\})", re.IGNORECASE)


def canonical_uuid(given: str) -> str:
    """A recording's id in the spelling of the tables: lower case, with dashes.

    >>> canonical_uuid("{0206F11B68AB42B18A30B85F60076E83}")
    '0206f11b-68ab-42b1-8a30-b85f60076e83'

    Raises:
        SettingsError: it is not an id.
    """
    match = _UUID.fullmatch(given.strip())
    if match is None:
        raise SettingsError(f"{given!r} is no id of a recording. Expected a UUID such as {EXAMPLE}.")
    return str(UUID(match[2]))
