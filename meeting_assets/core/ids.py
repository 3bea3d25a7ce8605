"""Ids: recording ids as entered by users, whole or abbreviated, and ids in objects of the API."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any
from uuid import UUID

from meeting_assets.core.errors import UsageError

EXAMPLE = "0206f11b-68ab-42b1-8a30-b85f60076e83"
SHORTEST_PREFIX = 4
_PREFIX = re.compile(rf"[0-9a-f-]{{{SHORTEST_PREFIX},35}}", re.IGNORECASE)
_GROUPS = (8, 4, 4, 4, 12)
_UUID = re.compile(r"(?:urn:uuid:)?(\{)?([0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12})(?(1)\})", re.IGNORECASE)


def canonical_uuid(given: str) -> str:
    """Returns a recording id in the form of the tables: lower case, with dashes.

    >>> canonical_uuid("{0206F11B68AB42B18A30B85F60076E83}")
    '0206f11b-68ab-42b1-8a30-b85f60076e83'

    Raises:
        UsageError: the text is not a UUID.
    """
    match = _UUID.fullmatch(given.strip())
    if match is None:
        raise UsageError(f"The given text is not a recording id. Give a UUID such as {EXAMPLE}.")
    return str(UUID(match[2]))


def uuid_of(value: Any) -> str | None:
    """Returns a UUID in a JSON document in the form of the tables; None for any other value.

    >>> uuid_of("0206F11B-68AB-42B1-8A30-B85F60076E83"), uuid_of("rec_123"), uuid_of(7)
    ('0206f11b-68ab-42b1-8a30-b85f60076e83', None, None)
    """
    match = _UUID.fullmatch(value) if isinstance(value, str) else None
    return str(UUID(match[2])) if match else None


def uuid_prefix(given: str) -> str | None:
    """Returns the beginning of an id in the form of the tables; None if the text is no such beginning.

    >>> uuid_prefix("0206F11B68"), uuid_prefix("0206-"), uuid_prefix("020"), uuid_prefix("{0206}")
    ('0206f11b-68', '0206', None, None)
    """
    digits = given.strip().replace("-", "").lower()
    if _PREFIX.fullmatch(given.strip()) is None or not SHORTEST_PREFIX <= len(digits) < sum(_GROUPS):
        return None
    ends = [sum(_GROUPS[:count]) for count in range(len(_GROUPS) + 1)]
    groups = [digits[start:end] for start, end in pairwise(ends)]
    return "-".join(filter(None, groups))
