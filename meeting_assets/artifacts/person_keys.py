"""Keys that identify a person across meetings, from what a participant's payload says. A display name is never one.

| platform | accepted | of whom |
|---|---|---|
| Zoom | `conf_user_id`, any text that is no number | a user who is signed in |
| Teams | `8:orgid:…`, `8:gcch:…`, `8:dod:…` | an account of an organization, in the public and the government clouds |
| Teams | `8:live:…` | a personal Microsoft account |
| Teams | a bare UUID | the object id of an account of an organization |
| Slack | `U…` or `W…`, capitals and digits | a member of a workspace or of an Enterprise Grid |
| any | an e-mail address | whoever Recall.ai matched in the calendar |

Everything else is made per join or belongs to a telephone: Teams' `8:teamsvisitor:…`, `8:guest:…`, `8:acs:…` and
`4:+49…`, a bot's `28:…`, numbers. Ids of a dial-in whose name is a phone number identify a line, not a person.
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
    """The key of a participant's person; None if nothing that is known of the participant lasts beyond the meeting.

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
    """Whether a text is nothing but a phone number, in whole or with digits masked, or another bare number.

    >>> [is_phone_number(each) for each in ("+49 30 123456", "(030) 12***67", "4930123", "R2D2", "1 Ada")]
    [True, True, True, False, False]
    """
    return _PHONE_NUMBER.fullmatch(normalized_name(text or "")) is not None


def _text_at(document: Any, path: Sequence[str]) -> str | None:
    for name in path:
        document = document.get(name) if isinstance(document, dict) else None
    return document if isinstance(document, str) else None
