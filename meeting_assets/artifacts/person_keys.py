"""Keys that identify a person across meetings, derived from a participant's payload. Display names are not used.

Users may state that a display name belongs to a person (`person_aliases`); then it has a `name:` key.

| platform | accepted | identifies |
|---|---|---|
| Zoom | `conf_user_id`, any text that is not a number | a signed-in user |
| Teams | `8:orgid:…`, `8:gcch:…`, `8:dod:…` | an organization's account in the public or a government cloud |
| Teams | `8:live:…` | a personal Microsoft account |
| Teams | a bare UUID | the object id of an organization's account |
| Slack | `U…` or `W…`, upper-case letters and digits | a member of a workspace or of an Enterprise Grid |
| any | an e-mail address | the person that Recall.ai matched in the calendar |

Other ids change with each join or identify a telephone line or a bot: Teams' `8:teamsvisitor:…`, `8:guest:…`,
`8:acs:…`, `4:+49…` and `28:…`, and numbers. Ids of a dial-in whose name is a phone number identify a line, too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from meeting_assets.artifacts.wire import indexable
from meeting_assets.core.names import comparable_forms, normalized_name

DIAL_IN_KINDS = frozenset({"dial-in", "dial_in", "phone", "pstn", "sip"})

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_PHONE_NUMBER = re.compile(r"(?:tel:)?[+(]?[0-9][0-9*xX\u2022 ()./\u2010-\u2015-]{3,}")
_STABLE_IDS = (
    ("zoom", ("zoom", "conf_user_id"), re.compile(r".+", re.DOTALL)),
    ("teams", ("microsoft_teams", "user_id"), re.compile(rf"8:(?:orgid|gcch|dod|live):.+|{_UUID}", re.I | re.DOTALL)),
    ("slack", ("slack", "user_id"), re.compile(r"[UW][A-Z0-9]+")),
)

NAME_PREFIX = "name:"
KEY_PREFIXES = (*(f"{prefix}:" for prefix, _, _ in _STABLE_IDS), "email:", NAME_PREFIX)
"""Beginnings of keys. `name:` keys occur in users' aliases only, never in a participant's `person_key`."""


def person_key(extra: Any, email: str | None, *, name: str | None = None, client_kind: str | None = None) -> str | None:
    """Returns the person key of a participant; None if the payload has no id that is stable across meetings.

    >>> person_key({"zoom": {"conf_user_id": "RiajK"}}, "ada@example.com"), person_key(None, "Ada@Example.com")
    ('zoom:RiajK', 'email:ada@example.com')
    >>> person_key({"microsoft_teams": {"user_id": "8:teamsvisitor:0a59"}}, None)
    >>> person_key({"microsoft_teams": {"user_id": "4:+493012345678"}}, None)
    """
    is_telephone = (client_kind or "").strip().casefold() in DIAL_IN_KINDS and is_phone_number(name)
    for prefix, path, stable in () if is_telephone else _STABLE_IDS:
        given = (_text_at(extra, path) or "").strip()
        if stable.fullmatch(given) and not is_phone_number(given):
            return indexable(f"{prefix}:{given}")
    address = (email or "").strip()
    return indexable(f"email:{address.lower()}") if address and not is_phone_number(address) else None


def name_keys(name: str | None) -> list[str]:
    """Returns the `name:` keys of a display name, which users' aliases may contain, the most specific first.

    >>> name_keys("Ada  Lovelace (Guest)")
    ['name:ada lovelace (guest)', 'name:ada lovelace']
    """
    return [indexable(f"{NAME_PREFIX}{form}") for form in comparable_forms(name)]


def canonical_key(given: str) -> str | None:
    """Returns a key that a user entered in the form of the tables; None if it is no key.

    >>> canonical_key("email: Ada@Example.com"), canonical_key("name:Ada  Lovelace"), canonical_key("Ada")
    ('email:ada@example.com', 'name:ada lovelace', None)
    """
    prefix, separator, own = given.strip().partition(":")
    own = own.strip()
    if not separator or not own or f"{prefix}:" not in KEY_PREFIXES:
        return None
    if f"{prefix}:" == NAME_PREFIX:
        return next(iter(name_keys(own)), None)
    if prefix == "email":
        return person_key(None, own) if "@" in own else None
    return indexable(f"{prefix}:{own}")


def is_phone_number(text: str | None) -> bool:
    """Whether the text consists of a phone number, possibly with masked digits, or of another number.

    >>> [is_phone_number(each) for each in ("+49 30 123456", "(030) 12***67", "4930123", "R2D2", "1 Ada")]
    [True, True, True, False, False]
    """
    return _PHONE_NUMBER.fullmatch(normalized_name(text or "")) is not None


def _text_at(document: Any, path: Sequence[str]) -> str | None:
    for name in path:
        document = document.get(name) if isinstance(document, dict) else None
    return document if isinstance(document, str) else None
