"""Kinds of users' corrections of speakers."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

CorrectionKind: TypeAlias = Literal["assign", "same_as", "name"]

ASSIGN: Final = "assign"
"""The speaker is a participant."""
SAME_AS: Final = "same_as"
"""The speaker is another speaker."""
NAME: Final = "name"
"""The speaker has a name."""
KINDS = (ASSIGN, SAME_AS, NAME)
