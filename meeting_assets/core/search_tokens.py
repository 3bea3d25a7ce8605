"""Tokens of the search: the same for index and query, on both databases.

Text is folded first: letter case, accents and compatibility forms do not matter.

>>> search_tokens("Café-Besuch, ＡＢＣ")
['cafe', 'besuch', 'abc']

A token is a run of letters and digits. Han, Kana, Thai, Lao and Khmer are written without blanks, so each of their
characters starts a token of two characters; the last one of a run is alone. Blanks between such characters are ignored,
because transcripts may put blanks between the words of these languages.

>>> search_tokens("Q3の予 算")
['q3', 'の予', '予算', '算']

A text is indexed in *passages* of `PASSAGE_TOKENS` tokens, which overlap by `MAX_QUERY_TOKENS`: PostgreSQL stores at
most 255 positions of a token.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from itertools import groupby
from typing import NamedTuple
from unicodedata import category, normalize

from meeting_assets.core.words import UNSPACED

INDEX_VERSION = "1"
"""Version of tokens and passages. A change requires a new one, so that all recordings are indexed again."""
MAX_TOKEN_CHARS = 64
"""Longer tokens are cut: PostgreSQL refuses tokens of 2 kB."""
MAX_QUERY_TOKENS = 64
PASSAGE_TOKENS = 240
PASSAGE_STEP = PASSAGE_TOKENS - MAX_QUERY_TOKENS

_ASCII = re.compile(r"[0-9a-z]+")
# Accents of Latin, Greek and Cyrillic letters, vowel points of Hebrew and Arabic, variation selectors, and characters
# without a width, such as soft hyphens. The voicing marks of Kana and the vowels of other scripts are letters' parts.
_IGNORED = re.compile(
    "[\u00ad\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u1ab0-\u1aff"
    "\u1dc0-\u1dff\u200b-\u200f\u2060\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\ufeff\U000e0100-\U000e01ef]+"
)
_KEPT_MARKS_END = 0x11FFF


class Token(NamedTuple):
    """A token, and its place in the text: `text[start:end]`."""

    text: str
    start: int
    end: int


class QueryTokens(NamedTuple):
    """The consecutive tokens of a word or phrase of a query."""

    tokens: tuple[str, ...]
    is_prefix: bool
    """True if the last token stands for all tokens that begin with it."""


def search_tokens(text: str) -> list[str]:
    """The tokens of a text, in its order."""
    # perf: the general expression takes four times as long as this one (benchmarks search)
    if (simple := folded(text)).isascii():
        return [each[:MAX_TOKEN_CHARS] for each in _ASCII.findall(simple)]
    return [each.text for run in _runs(simple) for each in _tokens_of(run)]


def located_tokens(text: str) -> list[Token]:
    """The tokens of a text with their places in it."""
    clusters = [*_clusters(text)]
    spans = [span for span, cluster in clusters for _ in cluster]
    whole = "".join(cluster for _, cluster in clusters)
    found = (each for run in _runs(whole) for each in _tokens_of(run))
    return [Token(each.text, spans[each.start][0], spans[each.end - 1][1]) for each in found]


def query_tokens(text: str) -> QueryTokens:
    """The tokens of a word or phrase of a query.

    The text found may continue after an unspaced character, so the token of the last one alone is left out; a single
    one stands for all tokens that begin with it.

    >>> query_tokens("予算"), query_tokens("算")
    (QueryTokens(tokens=('予算',), is_prefix=False), QueryTokens(tokens=('算',), is_prefix=True))
    """
    runs = [[*_tokens_of(run)] for run in _runs(folded(text))]
    tokens = [each.text for run in runs for each in run]
    is_unspaced = bool(tokens) and _patterns().unspaced.fullmatch(tokens[-1]) is not None
    if is_unspaced and len(runs[-1]) > 1:
        return QueryTokens(tuple(tokens[:-1]), is_prefix=False)
    return QueryTokens(tuple(tokens), is_prefix=is_unspaced)


def passages(tokens: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
    """The passages of an utterance's tokens, each with the position of its first token.

    >>> [(first, len(each)) for first, each in passages(["word"] * 300)]
    [(0, 240), (176, 124)]
    """
    if tokens:
        yield 0, tokens[:PASSAGE_TOKENS]
    for first in range(PASSAGE_STEP, len(tokens) - MAX_QUERY_TOKENS, PASSAGE_STEP):
        yield first, tokens[first : first + PASSAGE_TOKENS]


def folded(text: str) -> str:
    """The text without differences of case, accents and compatibility forms.

    >>> folded("STRASSE"), folded("Straße"), folded("がｶﾞ")
    ('strasse', 'strasse', 'がガ')
    """
    if text.isascii():
        return text.lower()
    # perf: most characters of most texts are ASCII, and need no look-up (benchmarks search)
    return _patterns().unusual.sub(lambda match: _folded_cluster(match[0]), text).lower()


class _Patterns(NamedTuple):
    cluster: re.Pattern[str]
    """A character with the marks that combine with it."""
    unusual: re.Pattern[str]
    """A cluster that is not one ASCII character."""
    run: re.Pattern[str]
    """A run of unspaced characters and blanks, or of letters and digits of other scripts."""
    unspaced: re.Pattern[str]


@cache
def _patterns() -> _Patterns:
    """The patterns for text that is not ASCII, built on first use."""
    marks = _marks()
    # Medial and final letters of Hangul, and the halfwidth voicing marks of Kana, combine, too.
    extenders = rf"[{marks}{_IGNORED.pattern[1:-2]}\u1160-\u11ff\uff9e\uff9f]"
    letter = rf"(?:[^\W_]|[{marks}])"
    unspaced = rf"(?:(?=[^\W_]|[{marks}])[{UNSPACED}])"
    run = rf"{unspaced}(?:\s*{unspaced})*|(?![{UNSPACED}])[^\W_](?:(?![{UNSPACED}]){letter})*"
    expressions = (rf"(?s:.){extenders}*", rf"(?s:.){extenders}+|[^\x00-\x7f]", run, rf"{unspaced}+")
    return _Patterns(*map(re.compile, expressions))


def _marks() -> str:
    """Ranges of all combining marks, for a class of characters."""
    codes = (code for code in range(0x300, _KEPT_MARKS_END) if category(chr(code))[0] == "M")
    grouped = groupby(enumerate(codes), key=lambda each: each[1] - each[0])
    ranges = [[code for _, code in group] for _, group in grouped]
    return "".join(f"{chr(each[0])}-{chr(each[-1])}" for each in ranges)


def _clusters(text: str) -> Iterator[tuple[tuple[int, int], str]]:
    """The place of each cluster in the text, and its folded characters."""
    for match in _patterns().cluster.finditer(text):
        yield match.span(), _folded_cluster(match[0])


@lru_cache(maxsize=20_000)
def _folded_cluster(cluster: str) -> str:
    # Compatibility forms may decompose into capitals, and lower case of a capital into a letter with an accent.
    decomposed = normalize("NFKD", normalize("NFKD", cluster).casefold())
    cluster = normalize("NFC", _IGNORED.sub("", decomposed)).lower()
    if not cluster or any(char.isalnum() or category(char)[0] == "M" for char in cluster):
        return cluster
    # perf: text with typographic punctuation alone becomes ASCII, which is split much faster (benchmarks search)
    return " " if cluster.isspace() else "."


class _Run(NamedTuple):
    text: str
    start: int
    is_unspaced: bool


def _runs(text: str) -> Iterator[_Run]:
    """The runs of letters and digits of a folded text."""
    unspaced = _patterns().unspaced
    for match in _patterns().run.finditer(text):
        yield _Run(match[0], match.start(), unspaced.match(match[0]) is not None)


def _tokens_of(run: _Run) -> Iterator[Token]:
    """The tokens of a run, with their places in the folded text."""
    if not run.is_unspaced:
        yield Token(run.text[:MAX_TOKEN_CHARS], run.start, run.start + len(run.text))
        return
    positions = [index for index, char in enumerate(run.text) if not char.isspace()]
    for first, following in zip(positions, [*positions[1:], positions[-1]], strict=True):
        end = following if following > first else first
        pair = run.text[first] + (run.text[following] if following > first else "")
        yield Token(pair, run.start + first, run.start + end + 1)
