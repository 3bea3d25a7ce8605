"""The query language of the search.

    follow up            utterances with both words
    "follow up"          the words next to each other; `follow-up` means the same
    budget*              words that begin with `budget`
    budget -draft        without a word or "phrase"
    budget OR forecast   either; `budget plan OR forecast` is (budget and plan) or forecast

Everything else is text: no query has a syntax error. Case, accents and punctuation do not matter.

>>> parse_query('budget -"first draft" OR fore*')  # doctest: +NORMALIZE_WHITESPACE
Query(alternatives=(Alternative(required=(Term(tokens=('budget',), is_prefix=False),),
                                excluded=(Term(tokens=('first', 'draft'), is_prefix=False),)),
                    Alternative(required=(Term(tokens=('fore',), is_prefix=True),), excluded=())))
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from meeting_assets.core.errors import UsageError
from meeting_assets.core.search_tokens import MAX_QUERY_TOKENS, query_tokens

_PART = re.compile(r'(?P<minus>-?)(?:"(?P<phrase>[^"]*)"?(?P<star>\*?)|(?P<word>[^\s"]+))')
_QUOTES = str.maketrans(dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u300c\u300d\uff02", '"'))


class Term(NamedTuple):
    """Consecutive tokens; with `is_prefix` the last one stands for all tokens that begin with it."""

    tokens: tuple[str, ...]
    is_prefix: bool = False

    def places(self, tokens: Sequence[str]) -> Iterator[range]:
        """The positions of the term's occurrences in the tokens of a text."""
        size = len(self.tokens)
        for start in range(len(tokens) - size + 1):
            if self._is_at(tokens[start : start + size]):
                yield range(start, start + size)

    def _is_at(self, tokens: Sequence[str]) -> bool:
        last = tokens[-1].startswith(self.tokens[-1]) if self.is_prefix else tokens[-1] == self.tokens[-1]
        return last and tuple(tokens[:-1]) == self.tokens[:-1]


class Alternative(NamedTuple):
    """Terms that a passage must contain, all of them, and terms that it must not contain."""

    required: tuple[Term, ...]
    excluded: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """A query: at least one alternative, each with at least one required term."""

    alternatives: tuple[Alternative, ...]

    def places(self, tokens: Sequence[str]) -> list[range] | None:
        """The positions of the found terms in the tokens of a passage, in their order; None if it does not match."""
        found: set[range] = set()
        is_matching = False
        for alternative in self.alternatives:
            places = [[*term.places(tokens)] for term in alternative.required]
            if all(places) and not any(next(term.places(tokens), None) for term in alternative.excluded):
                is_matching = True
                found.update(each for of_term in places for each in of_term)
        return sorted(found, key=lambda each: (each.start, each.stop)) if is_matching else None

    def as_fts5(self) -> str:
        """The query in the language of SQLite's FTS5. Tokens contain no character that needs an escape."""
        return " OR ".join(map(_fts5_alternative, self.alternatives))

    def as_tsquery(self) -> str:
        """The query as PostgreSQL writes a `tsquery`."""
        return " | ".join(map(_tsquery_alternative, self.alternatives))


def parse_query(text: str) -> Query:
    """Reads a query.

    Raises:
        UsageError: it has no word to find, or too many words.
    """
    parts = [match for match in _PART.finditer(text.translate(_QUOTES)) if not _is_operator(match, "AND")]
    groups = [[*group] for is_or, group in groupby(parts, lambda match: _is_operator(match, "OR")) if not is_or]
    alternatives = [alternative for group in groups if any(alternative := _alternative(group))]
    if not alternatives:
        raise UsageError("The search has no word to find. Give at least one word with a letter or digit.")
    if not all(each.required for each in alternatives):
        raise UsageError("`-` only excludes words. Also give a word to find, on the same side of OR.")
    query = Query(tuple(alternatives))
    if sum(len(term.tokens) for each in alternatives for term in (*each.required, *each.excluded)) > MAX_QUERY_TOKENS:
        raise UsageError(f"The search has more than {MAX_QUERY_TOKENS} words. Give the rarest of them.")
    return query


def _is_operator(match: re.Match[str], name: str) -> bool:
    return match["word"] == name and not match["minus"]


def _alternative(parts: Sequence[re.Match[str]]) -> Alternative:
    terms: dict[bool, list[Term]] = {False: [], True: []}
    for match in parts:
        text = match["phrase"] if match["phrase"] is not None else match["word"]
        tokens, is_prefix = query_tokens(text)
        is_starred = bool(match["star"]) or (match["word"] or "").endswith("*")
        if tokens:
            terms[bool(match["minus"])].append(Term(tokens, is_prefix or is_starred))
    return Alternative(tuple(terms[False]), tuple(terms[True]))


def _fts5_alternative(alternative: Alternative) -> str:
    required = " AND ".join(map(_fts5_term, alternative.required))
    if not alternative.excluded:
        return f"({required})"
    return f"(({required}) NOT ({' OR '.join(map(_fts5_term, alternative.excluded))}))"


def _fts5_term(term: Term) -> str:
    return f'"{" ".join(term.tokens)}"' + ("*" if term.is_prefix else "")


def _tsquery_alternative(alternative: Alternative) -> str:
    required = map(_tsquery_term, alternative.required)
    return f"({' & '.join([*required, *(f'!{_tsquery_term(each)}' for each in alternative.excluded)])})"


def _tsquery_term(term: Term) -> str:
    tokens = " <-> ".join(f"'{token}'" for token in term.tokens)
    return f"({tokens}{':*' if term.is_prefix else ''})"
