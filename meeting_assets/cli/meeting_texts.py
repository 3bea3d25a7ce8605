"""Texts of meetings in a terminal: names and keys may contain characters that a terminal or a shell interprets."""

from __future__ import annotations

import json
import shlex


def shell_quoted(text: str) -> str:
    r"""A text quoted for a shell. Characters that a terminal interprets or hides are written as escapes.

    >>> print(shell_quoted("label:Speaker A"), shell_quoted("100"), shell_quoted("a\x1b[31m'"))
    'label:Speaker A' 100 $'a\u001b[31m\''
    """
    if text.isprintable():
        return shlex.quote(text)
    return "$'" + "".join(map(_shell_escape, text)) + "'"


def printable(text: str) -> str:
    r"""A text without characters that a terminal interprets or hides; they are written as escapes.

    >>> print(printable("Ada\x1b[31m\u202e"))
    Ada\u001b[31m\u202e
    """
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text)


def _shell_escape(character: str) -> str:
    if character in "'\\":
        return "\\" + character
    if character.isprintable():
        return character
    return f"\\u{ord(character):04x}" if ord(character) <= 0xFFFF else f"\\U{ord(character):08x}"
