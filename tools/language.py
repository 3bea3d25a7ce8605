"""Checks the language of code, tests and documents: `python -m tools.language`, part of `make check`.

Two rules, both counted per area (the package, its tests, the documents):

- Headless clauses: a clause whose subject is a bare *what, who, whoever, whatever, nobody, somebody, everybody*.
  At most `LIMIT_PER_1000` in 1,000 words of docstrings, comments and prose. Questions do not count, nor does *who*
  after a noun ("the person who calls"), nor *what* before a subject of its own ("what the API lists").
- Private names: no identifier has a word of `PRIVATE_WORDS` in it or is one of `PRIVATE_NAMES`; the field has
  names for these things.

`--list` shows each headless clause with its place.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
LIMIT_PER_1000 = 2.0
AREAS = {
    "code": ["meeting_assets/**/*.py"],
    "tests": ["meeting_assets_tests/**/*.py", "benchmarks/**/*.py", "tools/**/*.py"],
    "docs": ["*.md", "docs/**/*.md"],
}

PRIVATE_WORDS = frozenset(
    [
        "announced",
        "announcement",
        "announcements",
        "breach",
        "breaches",
        "buried",
        "bury",
        "calamities",
        "calamity",
        "claim",
        "claims",
        "crew",
        "deaths",
        "durable",
        "examination",
        "examined",
        "fate",
        "graveyard",
        "households",
        "housekeeping",
        "lane",
        "lanes",
        "leader",
        "overview",
        "portion",
        "remake",
        "seal",
        "seals",
        "sighting",
        "sightings",
        "soiled",
        "soiling",
        "spelled",
        "spell",
        "stretch",
        "stretches",
        "sweep",
        "told",
        "untold",
        "verdict",
        "warehouse",
    ]
)
PRIVATE_NAMES = frozenset(
    [
        "Due",
        "Pace",
        "Patience",
        "Round",
        "Seen",
        "bring_home",
        "close_graveyard",
        "counted_in",
        "dead_runs",
        "holds_urls",
        "is_home",
        "is_many",
        "kept_out",
        "looked_at",
        "made_from",
        "may_lack_url",
        "names_bots",
        "observed",
        "opened",
        "place",
        "prepare",
        "search_less",
        "settling",
        "sources_of",
        "spare_what_is_there",
        "together",
        "united",
        "who",
        "without_cycle_search",
        "words_of",
    ]
)

_SUBJECT = re.compile(r"\b(what|who|whoever|whatever|nobody|somebody|everybody)\b", re.IGNORECASE)
_OWN_SUBJECT = re.compile(
    r"\s+(?:a|an|the|it|they|we|you|he|she|i|this|that|these|those|each|every|any|its|their|our|your|his|her|to|if|"
    r"`[^`]+`|[A-Z]\w+)\b",
)
# Before a relative "who" stands its noun; after these words it is a subject of its own.
_NO_NOUN = frozenset(
    [
        "a",
        "about",
        "after",
        "and",
        "are",
        "as",
        "asks",
        "at",
        "be",
        "because",
        "before",
        "but",
        "by",
        "for",
        "from",
        "has",
        "if",
        "in",
        "into",
        "is",
        "knows",
        "not",
        "of",
        "on",
        "only",
        "or",
        "says",
        "see",
        "shows",
        "so",
        "than",
        "that",
        "then",
        "to",
        "unless",
        "was",
        "were",
        "when",
        "where",
        "whether",
        "which",
        "while",
        "with",
    ]
)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n\s*\n|\n\s*[-*|#]")
_CODE = re.compile(r"```.*?```|~~~.*?~~~|`[^`\n]*`|https?://\S+|^\s*(?:>>>|\.\.\.).*$", re.DOTALL | re.MULTILINE)


@dataclass
class Area:
    """Counts of one area."""

    words: int = 0
    headless: list[str] = field(default_factory=list)
    private: list[str] = field(default_factory=list)

    @property
    def per_1000(self) -> float:
        """Headless clauses in 1,000 words."""
        return 1000 * len(self.headless) / self.words if self.words else 0.0


def headless_clauses(text: str) -> Iterator[str]:
    """Excerpts of the headless clauses of a text.

    >>> list(headless_clauses("Who talks is measured. A person who talks is measured. Who talks?"))
    ['Who talks is measured']
    >>> list(headless_clauses("Returns what is left. Returns what the API lists. Nobody waits."))
    ['what is left', 'Nobody waits']
    """
    for sentence in _SENTENCE_END.split(_CODE.sub("`code`", text)):
        if sentence.rstrip().endswith("?"):
            continue
        for found in _SUBJECT.finditer(sentence):
            word, rest = found[0].lower(), sentence[found.end() :]
            before = re.findall(r"[\w'`)]+|[,;:(\u2013\u2014]", sentence[: found.start()])
            if word == "what" and _OWN_SUBJECT.match(rest):
                continue
            if word == "who" and before and _is_noun(before):
                continue
            yield " ".join((found[0] + rest).split())[:60].rstrip(".")


def _is_noun(before: list[str]) -> bool:
    last = before[-2] if before[-1] == "," and len(before) > 1 else before[-1]
    return last.lower() not in _NO_NOUN and bool(re.fullmatch(r"[\w'`)]+", last))


def prose_of(source: str) -> Iterator[tuple[int, str]]:
    """Docstrings and comments of a Python file with their first lines; comments of adjacent lines are one text."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, node.value.value
    block: list[str] = []
    start = last = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        line = token.start[0]
        if line != last + 1 and block:
            yield start, " ".join(block)
            block = []
        start = start if block else line
        block.append(re.sub(r"^#\s*(?:noqa\S*|type: ignore\S*)?", "", token.string).strip())
        last = line
    if block:
        yield start, " ".join(block)


def private_names(source: str) -> Iterator[tuple[int, str]]:
    """Identifiers that a Python file defines and that the field calls by another name."""
    for node in ast.walk(ast.parse(source)):
        for name in _defined(node):
            words = re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())
            if name.strip("_") in PRIVATE_NAMES or PRIVATE_WORDS.intersection(words):
                yield getattr(node, "lineno", 0), name


def _defined(node: ast.AST) -> Iterable[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return (node.name,)
    if isinstance(node, ast.arg):
        return (node.arg,)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return (node.id,)
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        return (node.attr,)
    return ()


def measured(patterns: Iterable[str], root: Path = ROOT) -> Area:
    """Counts over the files of an area."""
    area = Area()
    for path in sorted({path for pattern in patterns for path in root.glob(pattern)}):
        source, place = path.read_text(), str(path.relative_to(root))
        texts = list(prose_of(source)) if path.suffix == ".py" else [(1, source)]
        for line, text in texts:
            area.words += len(re.findall(r"[A-Za-z][\w'-]*", _CODE.sub(" ", text)))
            area.headless += (f"{place}:{line}: {clause}" for clause in headless_clauses(text))
        if path.suffix == ".py":
            area.private += (f"{place}:{line}: {name}" for line, name in private_names(source))
            area.private += [f"{place}: the module's name"] if path.stem in PRIVATE_WORDS | PRIVATE_NAMES else []
    return area


def main() -> int:
    """Prints the counts; 1 if an area breaks a rule."""
    parser = argparse.ArgumentParser(description="Counts headless clauses and private names.")
    parser.add_argument("--list", action="store_true", help="show every headless clause")
    parser.add_argument("prefix", nargs="?", default="", help="only show places that start with this")
    given = parser.parse_args()
    is_fine = True
    for name, patterns in AREAS.items():
        area = measured(patterns)
        is_within = area.per_1000 <= LIMIT_PER_1000
        is_fine &= is_within and not area.private
        print(f"{name}: {area.per_1000:.1f} headless clauses per 1,000 words ({len(area.headless)} in {area.words})")
        shown = area.private + (area.headless if given.list or not is_within else [])
        print(*(f"  {each}" for each in shown if each.startswith(given.prefix)), sep="\n", end="\n" if shown else "")
    return 0 if is_fine else 1


if __name__ == "__main__":
    sys.exit(main())
