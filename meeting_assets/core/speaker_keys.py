"""Speaker keys: how all tables name speakers, and how a transcript's attribution says what its names mean.

A key is the participant's id as text, else `label:` and the name, else `unknown`. Hybrid diarization names a voice by
the participant at whose device it was recorded:

>>> key_of_voice("label:200-0"), key_of_voice("label:Speaker A")
('200', None)
"""

from __future__ import annotations

import re

UNKNOWN = "unknown"
"""The key of speakers without id and name."""
LABEL_PREFIX = "label:"
"""The start of the keys of speakers with a name, but without an id."""

PLATFORM, VOICES, LABELS, NONE = "platform", "voices", "labels", "none"
"""Values of `transcripts.attribution`."""

# An id has at most 19 digits.
_VOICE = re.compile(rf"{LABEL_PREFIX}(?P<id>[0-9]{{1,19}})-.+", re.DOTALL)


def key_of_voice(key: str) -> str | None:
    """The key of the participant at whose device a voice was recorded; None if the key is not that of a voice."""
    voice = _VOICE.fullmatch(key)
    return str(int(voice["id"])) if voice else None
