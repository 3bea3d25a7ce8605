"""Recording ids as entered by users."""

from __future__ import annotations

import re
from uuid import UUID

from meeting_assets.core.errors import SettingsError

EXAMPLE = "0206f11b-68ab-42b1-8a30-b85f60076e83"
_UUID = re.compile(r"(?:urn:uuid:)?(\{)?([0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12})(?(1)\})", re.IGNORECASE)


def canonical_uuid(given: str) -> str:
    """Returns a recording id in the form of the tables: lower case, with dashes.

    >>> canonical_uuid("{0206F11B68AB42B18A30B85F60076E83}")
    '0206f11b-68ab-42b1-8a30-b85f60076e83'

    Raises:
        SettingsError: the text is not a UUID.
    """
    match = _UUID.fullmatch(given.strip())
    if match is None:
        raise SettingsError(f"{given!r} is not a recording id. Expected a UUID such as {EXAMPLE}.")
    return str(UUID(match[2]))
