"""Every guarantee of the documentation names tests that exist, and say what it says they do."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
PAGE = (ROOT.parent / "docs" / "guarantees.md").read_text()
NAMED = re.findall(r"`([a-z_/]+\.py)(?:::(test_\w+))?`", PAGE)
ROWS = [line for line in PAGE.splitlines() if line.startswith("| **")]


@pytest.mark.parametrize(("path", "test"), NAMED)
def test_a_test_that_a_guarantee_names_is_there(path: str, test: str) -> None:
    module = ast.parse((ROOT / path).read_text())

    names = {each.name for each in ast.walk(module) if isinstance(each, ast.FunctionDef)}

    assert test in names or (not test and any(name.startswith("test_") for name in names))


def test_no_guarantee_is_without_a_test() -> None:
    assert len(ROWS) > 20
    assert [row for row in ROWS if not re.search(r"\.py", row.rsplit("|", 2)[1])] == []
