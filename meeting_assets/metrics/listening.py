"""Listening words: responses that leave the floor to its holder, such as "mm-hm" and "yeah", by language.

The lists hold continuers and acknowledgements (Schegloff 1982, Jefferson 1984). They leave out words that say more than
"I am listening": assessments and agreement (great, exactly, sure), answers such as no, thanks, and sounds that begin a
turn or show surprise when they stand alone (oh, um, really).

A text is compared word by word, without regard to case, punctuation, hyphens, apostrophes and the length of a hum:

>>> words = listening_words(["en-US"])
>>> [is_listening(text, words) for text in ("Mm-hmm.", "mm hm", "Uh-huh, 'kay", "I see.", "Mmmm", "Yeah, but")]
[True, True, True, True, True, False]
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache

from meeting_assets.core.languages import language_of
from meeting_assets.core.names import comparable_name

HUMS = ("mm", "hm", "hmm", "mm-hm", "mm-hmm", "m-hm", "m-hmm", "uh-huh", "aha", "ok", "okay")
"""Listening words of every language that has a list."""

LISTENING_WORDS: Mapping[str, tuple[str, ...]] = {
    "da": ("ja", "jo", "nå", "okej"),
    "de": ("ja", "jo", "jep", "jup", "jaja", "ach so", "ah ja", "ah okay", "alles klar"),
    "en": (
        *("yeah", "yes", "yep", "yup", "ya", "right", "all right", "alright", "'kay", "mkay", "I see"),
        *("oh yeah", "oh okay", "oh right", "oh I see", "ah okay", "ah right", "ah I see"),
    ),
    "es": ("sí", "ya", "ya veo", "vale", "claro", "ajá", "ah ya", "ah vale", "ah sí"),
    "fi": ("joo", "juu", "niin", "kyllä", "jaa", "okei"),
    "fr": ("oui", "ouais", "d'accord", "hum", "ah oui", "ah ouais", "ah d'accord", "ah ok", "je vois"),
    "it": ("sì", "già", "certo", "capito", "ho capito", "va bene", "ah sì", "ah ok"),
    "ja": ("はい", "はいはい", "うん", "うんうん", "ええ", "ふうん", "ふーん", "なるほど", "なるほどね", "そうですか"),
    "nl": ("ja", "jaja", "jep", "oké", "oke", "hmhm", "oh ja", "ah ja", "ah oké"),
    "no": ("ja", "jo", "jaha", "okei", "å ja"),
    "pl": ("tak", "no", "no tak", "yhm", "yhy", "rozumiem", "okej"),
    "pt": ("sim", "é", "uhum", "aham", "ahã", "hum", "tá", "tá bom", "certo", "pois", "entendi", "ah sim", "ah tá"),
    "sv": ("ja", "jo", "jaha", "japp", "okej", "just det"),
    "zh": ("嗯", "嗯嗯", "对", "对对", "对对对", "對", "是", "是的", "好", "好的"),
}
"""By language (ISO 639-1), without `HUMS`; `docs/metrics.md` publishes them."""

ENGLISH = "en"
"""The language of a transcript that states none."""

SAYS_MORE: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("en", "es", "it"), ("no",)),
    "da": ("tak",),
    "fi": ("no",),
}
"""Words of a language that say more than "I am listening", but are listening words of another language in the list."""
_APOSTROPHES = re.compile(r"['\u2019]")
_WORDS = re.compile(r"[^\W_]+")
_LONG_HUM = re.compile(r"m{3,}")
# "oh I see" and "mm hmm" are one entry of several words.
_LONGEST_ENTRY = 3


def listening_words(language_codes: Collection[str]) -> frozenset[str]:
    """The listening words of all these languages together, normalized; empty if none of them has a list.

    Words that say more in one of the languages are left out: "no" is a listening word in Polish, but not in a
    transcript in Polish and English.

    Args:
        language_codes: as a provider states them, such as `en-US`; without a language, English is assumed.
    """
    stated = frozenset(language for code in language_codes if (language := language_of(code)) is not None)
    return _normalized_lists(stated or frozenset({ENGLISH}))


def is_listening(text: str, words: Collection[str]) -> bool:
    """Whether a text consists of listening words alone, in any number and order.

    Args:
        text: from a transcript; without letters and digits the result is false.
        words: from `listening_words`.
    """
    tokens = _tokens(text)
    ends = {0}
    for start in range(len(tokens)):
        if start in ends:
            nearby = range(start + 1, min(start + _LONGEST_ENTRY, len(tokens)) + 1)
            ends.update(end for end in nearby if "".join(tokens[start:end]) in words)
    return bool(tokens) and len(tokens) in ends


@lru_cache
def _normalized_lists(languages: frozenset[str]) -> frozenset[str]:
    entries = [entry for language in languages for entry in LISTENING_WORDS.get(language, ())]
    say_more = {word for language in languages for word in SAYS_MORE.get(language, ())}
    return frozenset("".join(_tokens(entry)) for entry in (*entries, *HUMS)) - say_more if entries else frozenset()


def _tokens(text: str) -> list[str]:
    """The words of a text in a form that does not depend on spelling: `Uh-huh` and `uh huh` have the same tokens."""
    letters = _APOSTROPHES.sub("", comparable_name(text))
    return [_LONG_HUM.sub("mm", token) for token in _WORDS.findall(letters)]
