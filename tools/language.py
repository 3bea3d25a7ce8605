"""Checks the language of code, tests and documents: `python -m tools.language`, part of `make check`.

Two rules apply per area (the package, its tests, the documents):

- Headless clauses have a bare pronoun as their subject, such as `what is left`, `who calls` or `nobody`. 1,000 words of
  docstrings, comments and documents may contain at most `LIMIT_PER_1000`. Four uses do not count: questions, quoted
  words, `who` after a noun (`the person who calls`), and `what` before its own subject or a noun (`what the API
  lists`, `in what order`).
- Private names are identifiers and module names with a word of `PRIVATE_WORDS`, or listed in `PRIVATE_NAMES`. The
  output gives the standard name of data engineering for each.

`--list` prints every headless clause with its file and line.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
LIMIT_PER_1000 = 2.0
AREAS = {
    "code": ["meeting_assets/**/*.py"],
    "tests": ["meeting_assets_tests/**/*.py", "benchmarks/**/*.py", "tools/**/*.py"],
    "docs": ["*.md", "docs/**/*.md"],
}

PRIVATE_WORDS = {
    "check": "claim claimed claims",
    "coordinator": "leader",
    "diagnostics": "examination examined",
    "download client": "lane lanes",
    "encode": "spelled",
    "environment": "households",
    "incident": "spell",
    "infrastructure failure": "calamities calamity",
    "noise": "soiled soiling",
    "notified": "told",
    "observation": "sighting sightings",
    "orphaned run": "deaths",
    "outcome": "fate",
    "page budget": "portion",
    "persistent": "durable",
    "recreate": "remake",
    "run retention": "housekeeping sweep",
    "segment": "stretch stretches",
    "severity": "verdict",
    "signature": "seal seals",
    "status": "overview",
    "storage": "warehouse",
    "tombstone": "buried bury graveyard",
    "unnotified": "untold",
    "violation": "breach breaches",
    "webhook trigger": "announced announcement announcements",
    "worker pool": "crew",
}
"""Standard terms with the words that identifiers must not contain."""
PRIVATE_NAMES = {
    "ListingPass": "Round",
    "Observation": "Seen",
    "PendingRecording": "Due",
    "RateLimiter": "Pace",
    "RetryBudget": "Patience",
    "allows_multiple": "is_many",
    "contains_signed_urls": "holds_urls",
    "depends_on_bot_names": "names_bots",
    "derived_from": "made_from sources_of",
    "exclude_tombstoned": "kept_out",
    "fingerprint": "words_of",
    "freeze": "spare_what_is_there",
    "is_stored": "is_home",
    "lock_tombstones": "close_graveyard",
    "migrate": "prepare",
    "observe": "observed looked_at",
    "orphaned_runs": "dead_runs",
    "paused": "without_cycle_search",
    "post_load": "settling",
    "raise_threshold": "search_less",
    "row_count_source": "counted_in",
    "speaker": "who",
    "storage": "opened place",
    "sync": "bring_home",
    "union": "together united",
    "url_optional": "may_lack_url",
}
"""Standard names with whole identifiers that stand for them."""
_STANDARD_WORDS = {private: standard for standard, words in PRIVATE_WORDS.items() for private in words.split()}
_STANDARD_NAMES = {private: standard for standard, names in PRIVATE_NAMES.items() for private in names.split()}

_SUBJECT = re.compile(r"\b(what|who|whoever|whatever|nobody|somebody|everybody|anybody)\b", re.IGNORECASE)
_OWN_SUBJECT = re.compile(
    r"\s+(?:a|an|the|it|they|we|you|he|she|i|this|that|these|those|each|every|any|all|both|some|no|one|another|other|"
    r"others|most|such|people|its|their|our|ours|your|his|her|to|if|`[^`]*`|[A-Z]\w+)(?!\w)",
)
# Before these nouns `what` is a determiner.
_DETERMINED = re.compile(r"\s+(?:way|kind|kinds|sort|order|day|time|size|status|else)\b")
# A relative clause with `who` follows its noun. After these words `who` is a subject of its own.
_NO_NOUN = (
    "a about after and are as ask asks at be because before but by choose decide decides depend depends "
    "for from has if in into is know knows matters measure measures not of on only or say says see sees "
    "show shows so tell tells than that then to unless was were when where whether which while with"
)
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')*_]*\s+|\n\s*\n|\n\s*(?:[-*|#>]|\d+\.\s)|\s\|\s")
_QUESTION_END = re.compile(r"\?[\"')*_\s]*$")
_CODE = re.compile(
    r"```.*?```|~~~.*?~~~|`[^`\n]*`|https?://\S+|^[ \t]*>>>.*?(?=\n[ \t]*\n|\Z)|"
    r"\"[^\"\n]{1,60}\"|\u201c[^\u201d]{1,60}\u201d",
    re.DOTALL | re.MULTILINE,
)


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

    @property
    def is_within_limits(self) -> bool:
        """True if the area violates no rule."""
        return self.per_1000 <= LIMIT_PER_1000 and not self.private


class Clause(NamedTuple):
    """A headless clause: its first words and its 0-based line in the text."""

    line: int
    words: str


def headless_clauses(text: str) -> Iterator[Clause]:
    """The headless clauses of a text.

    >>> [clause.words for clause in headless_clauses("Who talks is measured. A person who talks is measured.")]
    ['Who talks is measured']
    >>> [clause.words for clause in headless_clauses("Returns what is left. Returns what the API lists.")]
    ['what is left']
    """
    prose = _without_code(text)
    start = 0
    for end in [*_SENTENCE_END.finditer(prose), None]:
        sentence = prose[start : end.start() if end else None]
        for found in _headless_subjects(sentence + (end[0] if end else "")):
            words = " ".join(sentence[found.start() :].split())[:60].rstrip(".,;:) |")
            yield Clause(prose.count("\n", 0, start + found.start()), words)
        start = end.end() if end else len(prose)


def _without_code(text: str) -> str:
    """The text with a placeholder in place of code, quotes and URLs; line numbers stay the same."""
    return _CODE.sub(lambda found: "`code`" + "\n" * found[0].count("\n"), text)


def _headless_subjects(sentence: str) -> Iterator[re.Match[str]]:
    if _QUESTION_END.search(sentence):
        return
    has_relative = False
    for found in _SUBJECT.finditer(sentence):
        word, rest = found[0].lower(), sentence[found.end() :]
        if word.startswith("w") and not re.search(r"\w", rest):
            continue
        if word == "what" and (_OWN_SUBJECT.match(rest) or _DETERMINED.match(rest)):
            continue
        if word == "who" and _is_relative(sentence[: found.start()], has_relative=has_relative):
            has_relative = True
            continue
        yield found


def _is_relative(before: str, *, has_relative: bool) -> bool:
    """True if the text before a `who` ends with its noun, or continues an earlier relative clause (`and who`)."""
    tokens = re.findall(r"[\w'`)]+|[,;:(\u2013\u2014]", before.lower())
    if len(tokens) > 1 and tokens[-1] == ",":
        tokens.pop()
    if not tokens:
        return False
    if tokens[-1] in {"and", "or"}:
        return has_relative
    return tokens[-1] not in _NO_NOUN.split() and bool(re.fullmatch(r"[\w'`)]+", tokens[-1]))


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
            yield start, "\n".join(block)
            block = []
        start = start if block else line
        block.append(re.sub(r"^#\s*(?:noqa\S*|type: ignore\S*)?", "", token.string).strip())
        last = line
    if block:
        yield start, "\n".join(block)


def private_names(source: str) -> Iterator[tuple[int, str]]:
    """Private names that a Python file defines, with their lines and their standard names.

    >>> [*private_names("def bury(): ...")]
    [(1, 'bury (standard: tombstone)')]
    """
    for node in ast.walk(ast.parse(source)):
        for name in _defined(node):
            if standard := _standard_name(name):
                yield getattr(node, "lineno", 0), f"{name} (standard: {standard})"


def _standard_name(name: str) -> str | None:
    """The standard name in place of a private one; None for other names."""
    words = re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())
    of_words = (_STANDARD_WORDS[word] for word in words if word in _STANDARD_WORDS)
    return _STANDARD_NAMES.get(name.strip("_")) or next(of_words, None)


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
        source, location = path.read_text(encoding="utf-8"), path.relative_to(root).as_posix()
        texts = list(prose_of(source)) if path.suffix == ".py" else [(1, source)]
        for line, text in texts:
            area.words += len(re.findall(r"[A-Za-z][\w'-]*", _CODE.sub(" ", text)))
            area.headless += (f"{location}:{line + found.line}: {found.words}" for found in headless_clauses(text))
        if path.suffix == ".py":
            area.private += (f"{location}:{line}: {name}" for line, name in private_names(source))
            if standard := _standard_name(path.stem):
                area.private.append(f"{location}:1: name of the module (standard: {standard})")
    return area


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the counts; returns 1 if an area violates a rule."""
    parser = argparse.ArgumentParser(description="Counts headless clauses and private names.")
    parser.add_argument("--list", action="store_true", help="print every headless clause")
    parser.add_argument("--root", type=Path, default=ROOT, help="folder of the repository")
    parser.add_argument("prefix", nargs="?", default="", help="print only locations that start with this")
    options = parser.parse_args(arguments)
    areas = {name: measured(patterns, options.root) for name, patterns in AREAS.items()}
    for name, area in areas.items():
        print(f"{name}: {area.per_1000:.1f} headless clauses per 1,000 words ({len(area.headless)} in {area.words})")
        is_listed = options.list or area.per_1000 > LIMIT_PER_1000
        for each in [*area.private, *(area.headless if is_listed else [])]:
            if each.startswith(options.prefix):
                print(f"  {each}")
    if all(area.is_within_limits for area in areas.values()):
        return 0
    print(
        f"At most {LIMIT_PER_1000:g} headless clauses per 1,000 words and no private names are allowed. "
        "Begin these clauses with a noun, and replace these names with their standard names (see CONTRIBUTING.md)."
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
