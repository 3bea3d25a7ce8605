"""The documents: every link leads to a file, and the README names every command and every document."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from meeting_assets.cli.commands import COMMANDS

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
LINK = re.compile(r"\]\((?!https?:)(?P<target>[^)#\s]+)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(document: Path) -> None:
    targets = [found["target"] for found in LINK.finditer(document.read_text())]

    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_readme_has_a_row_for_every_command() -> None:
    readme = (ROOT / "README.md").read_text()

    assert [name for name in COMMANDS if f"| `{name}` | " not in readme] == []


def test_readme_leads_to_every_document() -> None:
    targets = {found["target"] for found in LINK.finditer((ROOT / "README.md").read_text())}

    assert {f"docs/{path.name}" for path in ROOT.glob("docs/*.md")} <= targets
