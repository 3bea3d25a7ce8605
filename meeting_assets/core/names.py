r"""Normalization of names, so that names from different systems can be compared.

    normalized_name   for display: composed (NFC), without invisible characters, with single blanks
    comparable_name   for comparison: the same, with case folded

>>> normalized_name("Re\u0301union\u200b  Notes ") == "Réunion Notes"
True
>>> comparable_name("STRASSE") == comparable_name("Straße")
True

NFC and not NFKC: compatibility forms are different names. NFKC would turn the labels `Speaker ①` and `Speaker 1`, or
`Team²` and `Team2`, into one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator

# Characters of category Cf are invisible: zero-width space and joiners, byte order mark, direction marks, soft hyphen.
# Variation selectors and the combining grapheme joiner are marks, and as invisible.
_INVISIBLE_MARKS = frozenset("\u034f\u180b\u180c\u180d\u180f\ufe0e\ufe0f")

PLATFORM_LABELS = frozenset(
    {
        *("guest", "external", "unverified", "host", "co-host", "organizer", "presenter", "me", "you", "bot"),
        *("gast", "extern", "nicht überprüft", "invité", "externe", "non vérifié", "invitado", "externo"),
        *("no verificado", "convidado", "não verificado", "ospite", "esterno", "non verificato"),
        *("ゲスト", "外部", "未確認"),
    }
)
"""Labels that meeting platforms append to a display name in brackets, such as `(Guest)` or `[External]`."""

_LABEL = re.compile(r"\s*[(\[\uff08\u3010](?P<label>[^()\[\]\uff08\uff09\u3010\u3011]+)[)\]\uff09\u3011]$")


def normalized_name(name: str) -> str:
    """Returns the name composed (NFC), without invisible characters, with single blanks. Case is kept."""
    if not name.isascii():
        visible = [each for each in name if not _is_invisible(each)]
        name = unicodedata.normalize("NFC", "".join(visible))
    return " ".join(name.split())


def comparable_name(name: str) -> str:
    """Returns a form that is equal for equivalent names; empty if the name has no visible characters."""
    normalized = normalized_name(name)
    # Canonical caseless matching as defined by Unicode: it is independent of the encoding of accents.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", normalized).casefold())


def is_one_of(name: str | None, comparable_names: Collection[str]) -> bool:
    """Whether the name is among comparable names, with or without labels appended by a platform.

    >>> is_one_of("Note Taker (Guest)", {"note taker"}), is_one_of("Note Taker (Ada)", {"note taker"})
    (True, False)
    """
    return any(form in comparable_names for form in comparable_forms(name))


def comparable_forms(name: str | None) -> Iterator[str]:
    """Yields the comparable name, then the same without each label appended by a platform; none if it is empty.

    >>> [*comparable_forms("Ada Lovelace (Guest)")]
    ['ada lovelace (guest)', 'ada lovelace']
    """
    comparable = comparable_name(name or "")
    while comparable:
        yield comparable
        label = _LABEL.search(comparable)
        if label is None or label["label"].strip() not in PLATFORM_LABELS:
            return
        comparable = comparable[: label.start()]


def _is_invisible(character: str) -> bool:
    return character in _INVISIBLE_MARKS or unicodedata.category(character) == "Cf"
