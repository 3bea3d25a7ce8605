"""Keys that identify a person across meetings, derived from a participant's payload. Display names are not used.

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
from meeting_assets.core.names import normalized_name

DIAL_IN_KINDS = frozenset({"dial-in", "dial_in", "phone", "pstn", "sip"})

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_PHONE_NUMBER = re.compile(r"(?:tel:)?[+(]?[0-9][0-9*xX\u2022 ()./\u2010-\u2015-]{3,}")
_STABLE_IDS = (
    ("zoom", ("zoom", "conf_user_id"), re.compile(r".+", re.DOTALL)),
    ("teams", ("microsoft_teams", "user_id"), re.compile(rf"8:(?:orgid|gcch|dod|live):.+|{_UUID}", re.I | re.DOTALL)),
    ("slack", ("slack", "user_id"), re.compile(r"[UW][A-Z0-9]+")),
)


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
