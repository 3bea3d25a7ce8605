"""Language codes as transcription providers state them: `en`, `en-US`, `en_us`, `eng`, `multi`.

>>> [language_of(code) for code in ("en-US", "eng", "ger", "nb-NO", "cmn-Hans-CN", "tlh", "multi", "")]
['en', 'en', 'de', 'no', 'zh', 'tlh', None, None]
"""

from __future__ import annotations

import re

_CODE = re.compile(r"([a-z]{2,3})(?:[-_].*)?")
# ISO 639-2 codes for several, undetermined, uncoded and no languages. Words such as `multi` and `auto` are no codes.
_NO_LANGUAGE = frozenset({"mul", "und", "mis", "zxx"})
# Other codes of the languages that metrics tell apart: ISO 639-2 has two for some languages.
_SAME = {
    **{"dan": "da", "deu": "de", "ger": "de", "eng": "en", "spa": "es", "fin": "fi", "fra": "fr", "fre": "fr"},
    **{"ita": "it", "jpn": "ja", "nld": "nl", "dut": "nl", "pol": "pl", "por": "pt", "swe": "sv"},
    **{"nor": "no", "nob": "no", "nno": "no", "nb": "no", "nn": "no"},
    **{"zho": "zh", "chi": "zh", "cmn": "zh", "yue": "zh"},
}


def language_of(code: str) -> str | None:
    """The language of a code, without region and script; None if the code states no single language.

    Languages that metrics tell apart have their ISO 639-1 code, others the code as given, in lower case.
    """
    found = _CODE.fullmatch(code.strip().casefold())
    if found is None or found[1] in _NO_LANGUAGE:
        return None
    return _SAME.get(found[1], found[1])
