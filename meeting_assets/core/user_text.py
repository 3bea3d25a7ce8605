"""Texts that users enter: limits and permitted characters."""

from __future__ import annotations

import unicodedata

LONGEST_NAME, LONGEST_NOTE, LONGEST_KEY = 200, 1_000, 1_000
"""In characters. Names are those of speakers and of authors."""


def text_fault(text: str, longest: int, *, lines: bool = False) -> str | None:
    r"""The reason why a text of a user cannot be stored; None if it can. `lines` allows line breaks and tabs.

    >>> text_fault("Ada", 200), text_fault(" ", 200), text_fault("Ada", 2), text_fault("a\tb", 9, lines=True)
    (None, 'is empty', 'is longer than 2 characters', None)
    """
    if not text.strip():
        return "is empty"
    if len(text) > longest:
        return f"is longer than {longest:,} characters"
    allowed = "\n\r\t" if lines else ""
    if any(unicodedata.category(each) in {"Cc", "Cs"} and each not in allowed for each in text):
        return "contains control characters or bytes that are not UTF-8"
    return None
