"""Tests of the language check: counted and uncounted clauses, private names, and the exit status."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from tools import language
from tools.language import headless_clauses, main, measured, private_names

HEADLESS = [
    ("What is left is fetched later.", ["What is left is fetched later"]),
    ("Returns what waits.", ["what waits"]),
    ("Returns what there is.", ["what there is"]),
    ("Whoever asks gets an answer.", ["Whoever asks gets an answer"]),
    ("Reads the list, whatever happens.", ["whatever happens"]),
    ("Waits, since nobody answers.", ["nobody answers"]),
    ("Tells somebody.", ["somebody"]),
    ("Everybody leaves.", ["Everybody leaves"]),
    ("A bucket that anybody can own.", ["anybody can own"]),
    ("Measures who talks.", ["who talks"]),
    ("The talk of who joined first.", ["who joined first"]),
    ("Names the caller (who waits).", ["who waits"]),
    ("What is left is what waits.", ["What is left is what waits", "what waits"]),
    ("Counts the calls\nand what failed.", ["what failed"]),
    ("| what waits | what fails |", ["what waits", "what fails"]),
]

ACCEPTED = [
    "Who asks?",
    "Asks: who calls whom, and what is left?",
    "**What is left?** Nothing.",
    "The person who calls waits.",
    "People, who may be late, are counted.",
    "Persons who call and who pay.",
    "Everyone `on_call` who answers.",
    "Returns what the API lists.",
    "Returns what Recall.ai lists.",
    "Returns what `Storage` contains.",
    "Says in what order runs commit.",
    "Says what to do.",
    'Counts clauses such as "what is left".',
    "Counts clauses such as `what is left`.",
    "```\nwhat is left\n```",
    "Adds numbers.\n\n>>> what(is_left)\n'nobody'\n\nReturns the sum.",
    "Whose call it is, decides the caller.",
    "",
]


@pytest.mark.parametrize(("text", "clauses"), HEADLESS)
def test_clause_with_a_bare_pronoun_as_subject_is_found(text: str, clauses: list[str]) -> None:
    assert [clause.words for clause in headless_clauses(text)] == clauses


@pytest.mark.parametrize("text", ACCEPTED)
def test_questions_relative_clauses_and_quotes_are_accepted(text: str) -> None:
    assert list(headless_clauses(text)) == []


def test_text_after_an_example_is_checked() -> None:
    clauses = list(headless_clauses("Adds.\n\n>>> add(1)\n2\n\nReturns what is left."))

    assert [(clause.line, clause.words) for clause in clauses] == [(5, "what is left")]


def test_examples_of_the_module_are_correct() -> None:
    assert doctest.testmod(language).failed == 0


@pytest.mark.parametrize(
    "source",
    [
        "def announced_runs(): ...",
        "async def bury(): ...",
        "class OldWarehouse: ...",
        "def read(claim): ...",
        "def read(*, made_from): ...",
        "place = 1",
        "with open(path) as told: ...",
        "for lane in lanes: ...",
        "self.verdict = 1",
        "_is_home: bool = True",
    ],
)
def test_private_name_is_found_where_it_is_defined(source: str) -> None:
    assert len(list(private_names(source))) == 1


@pytest.mark.parametrize(
    "source", ["replace = 1", "placed = 1", "claimant = 1", "print(place)", "from foreign import claim", "x = 'claim'"]
)
def test_other_identifiers_and_uses_of_names_are_accepted(source: str) -> None:
    assert list(private_names(source)) == []


def test_tree_in_plain_language_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "meeting_assets/runs.py", '"""Runs of a day."""\n\nruns = 1  # Each run has an id.\n')
    write(tmp_path / "docs/runs.md", "# Runs\n\nA run fetches a day.\n")

    assert main(["--root", str(tmp_path)]) == 0
    assert "code: 0.0 headless clauses per 1,000 words (0 in 9)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("path", "text", "location"),
    [
        ("meeting_assets/runs.py", '"""Runs.\n\nFetches what is left.\n"""\n', "runs.py:3: what is left"),
        ("meeting_assets/runs.py", "runs = 1\n# Counts runs.\n# Nobody waits.\n", "runs.py:3: Nobody waits"),
        ("meeting_assets/runs.py", '"""Runs."""\n\nclaim = 1\n', "runs.py:3: claim"),
        ("meeting_assets/old_warehouse.py", '"""Runs."""\n', "old_warehouse.py:1: name of the module"),
        ("meeting_assets_tests/test_runs.py", "def test_a_run_is_told(): ...\n", "test_runs.py:1: test_a_run_is_told"),
        ("docs/runs.md", "# Runs\n\nA list of what is left.\n", "docs/runs.md:3: what is left"),
    ],
)
def test_violation_fails_the_check_and_is_located(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], path: str, text: str, location: str
) -> None:
    write(tmp_path / path, text)

    assert main(["--root", str(tmp_path)]) == 1
    assert location in capsys.readouterr().out


def test_single_clause_in_a_long_text_passes_and_is_listed_on_request(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "README.md", "A run fetches a day. " * 100 + "Returns what is left.")

    assert main(["--root", str(tmp_path)]) == 0
    assert "README.md" not in capsys.readouterr().out
    assert main(["--root", str(tmp_path), "--list", "README"]) == 0
    assert "README.md:1: what is left" in capsys.readouterr().out


def test_messages_and_code_do_not_count_as_prose(tmp_path: Path) -> None:
    write(tmp_path / "runs.py", 'print("what is left")\nwho_waits = 1\n')

    assert measured(["*.py"], tmp_path).words == 0


def write(path: Path, text: str) -> None:
    """Writes a file of the tree."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
