"""Every guarantee of the documentation names tests that exist, and marks those that `make test` leaves out."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
PAGE = (ROOT.parent / "docs" / "guarantees.md").read_text()
ROWS = [line.rsplit("|", 2)[:2] for line in PAGE.splitlines() if line.startswith("| **")]
NAMED = sorted({name for _, tests in ROWS for name in re.findall(r"`([^`]+)`", tests)})


def functions(path: str) -> dict[str, ast.FunctionDef]:
    module = ast.parse((ROOT / path).read_text())
    return {each.name: each for each in ast.walk(module) if isinstance(each, ast.FunctionDef)}


@pytest.mark.parametrize("name", NAMED)
def test_a_test_that_a_guarantee_names_is_there(name: str) -> None:
    path, _, test = name.partition("::")

    there = functions(path)

    assert test in there if test else any(each.startswith("test_") for each in there)


def test_every_guarantee_names_a_test() -> None:
    assert len(ROWS) > 20
    assert [guarantee for guarantee, tests in ROWS if not re.search(r"`[^`]+\.py", tests)] == []


def test_what_make_test_leaves_out_is_marked() -> None:
    for guarantee, tests in ROWS:
        named = [name.partition("::") for name in re.findall(r"`([^`]+)`", tests)]
        marks = [ast.unparse(each) for path, _, test in named if test for each in functions(path)[test].decorator_list]
        assert ("◦" in guarantee) == any("deployment" in mark for mark in marks), guarantee
