"""Fields of the formats of speech research, which are separated by blanks."""

from __future__ import annotations


def identifier(name: str) -> str:
    """A name as one field. A field must not begin with `;`, which starts a comment.

    >>> identifier("Ada  Lovelace"), identifier(";-)")
    ('Ada_Lovelace', '_;-)')
    """
    joined = "_".join(name.split())
    return f"_{joined}" if joined.startswith(";") else joined
