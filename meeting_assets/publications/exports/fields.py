"""Texts in formats without escapes: fields separated by blanks, and substitutes for brackets."""

from __future__ import annotations

from collections.abc import Iterable

from meeting_assets.publications.meeting_text import MeetingText, free_name

BRACKETS = str.maketrans({"<": "‹", ">": "›", "{": "(", "}": ")"})  # noqa: RUF001
"""Substitutes for brackets in formats where they are markup that cannot be escaped."""

_MISSING = frozenset(
    ("na", "n/a", "#na", "#n/a", "<na>", "nan", "-nan", "none", "null", "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan")
)
"""Texts that pandas, with which pyannote reads RTTM, takes for a missing value, in lower case."""


def identifier(name: str) -> str:
    """A name as one field. Quotes, which enclose fields for pyannote, and names for missing values are replaced.

    >>> identifier("Ada  Lovelace"), identifier('Ada "A" Byron'), identifier("None")
    ('Ada_Lovelace', "Ada_'A'_Byron", '_None')
    """
    joined = "_".join(name.split()).replace('"', "'")
    return f"_{joined}" if joined.casefold() in _MISSING else joined


def identifiers(names: Iterable[str]) -> dict[str, str]:
    """A different field for each name. Names of which the same field would result get a number.

    >>> identifiers(["Ada Lovelace", "Ada_Lovelace", "Ada Lovelace"])
    {'Ada Lovelace': 'Ada_Lovelace', 'Ada_Lovelace': 'Ada_Lovelace_2'}
    """
    chosen: dict[str, str] = {}
    taken: set[str] = set()
    for name in dict.fromkeys(names):
        chosen[name] = free_name(identifier(name), taken, "{}_{}")
        taken.add(chosen[name])
    return chosen


def speaker_fields(meeting: MeetingText) -> dict[str, str]:
    """A field for each speaker of a meeting, the same in all formats."""
    return identifiers([*meeting.speakers, *(each.speaker for each in meeting.segments)])
