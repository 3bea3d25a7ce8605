"""The help of the commands: complete, with examples that work, and without slow imports."""

from __future__ import annotations

import ast
import os
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import typer

from meeting_assets.cli.application import LazyCommands, build_app
from meeting_assets.cli.commands import COMMANDS
from meeting_assets.cli.exporting import FORMAT_NAMES
from meeting_assets.core.export_formats import AUDIO_FORMATS
from meeting_assets.publications.exports import FORMATS
from meeting_assets_tests.support.commands import command

SLOW = ("dagster", "sqlalchemy", "sqlmodel", "httpx", "alembic", "pydantic_settings", "rich.progress")
"""Packages whose import takes longer than printing a help."""


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_has_examples(name: str) -> None:
    done = command(name, "-h")

    assert done.returncode == 0, done.stderr
    assert f"Usage: meeting-assets {name}" in done.stdout
    assert "Examples:" in done.stdout
    assert "<bool>" not in done.stdout


@pytest.mark.parametrize("example", [each for source in COMMANDS.values() for each in source.examples])
def test_examples_have_valid_arguments(example: str) -> None:
    name, *arguments = shlex.split(example)
    group = typer.main.get_command(build_app())
    assert isinstance(group, LazyCommands)
    found = group.get_command(None, name)

    context = found.make_context(name, arguments)

    assert context.command is found


def test_help_lists_every_command() -> None:
    done = command("--help")

    assert [line.split()[0] for line in done.stdout.partition("Commands:")[2].splitlines() if line] == [*COMMANDS]


def test_summaries_fit_into_a_terminal() -> None:
    longest = max(map(len, COMMANDS))

    assert all(2 + longest + 2 + len(source.summary) <= 80 for source in COMMANDS.values())


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], *([name, "--help"] for name in COMMANDS)])
def test_help_imports_no_slow_package(arguments: list[str]) -> None:
    assert slow_imports(arguments, {}) == []


COMPLETED = [
    ("meeting-assets s", 1, {"sandbox", "sync", "status", "speakers"}),
    ("meeting-assets sync --re", 2, {"--recording", "--refetch"}),
    ("meeting-assets export --fo", 2, {"--format"}),
]


@pytest.mark.parametrize(("words", "index", "found"), COMPLETED)
def test_completion_finds_commands_and_options(words: str, index: int, found: set[str]) -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("meeting-assets")],
        env={**os.environ, **completion(words, index)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert found <= {*done.stdout.split()}, done.stderr
    assert slow_imports([], completion(words, index)) == []


def completion(words: str, index: int) -> dict[str, str]:
    """The environment in which Bash asks for completions."""
    return {"_MEETING_ASSETS_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(index)}


def slow_imports(arguments: list[str], environment: dict[str, str]) -> list[str]:
    """The slow packages that a command imports."""
    program = (
        "import sys\n"
        "from meeting_assets.cli import main\n"
        f"sys.argv = ['meeting-assets', *{arguments!r}]\n"
        "try:\n    main()\n"
        f"finally:\n    print(sorted({{*sys.modules}} & {{*{SLOW!r}}}), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    return list(ast.literal_eval(done.stderr.strip().splitlines()[-1]))


def test_version_is_that_of_the_package() -> None:
    assert command("--version").stdout == f"meeting-assets {version('meeting-assets')}\n"


def test_help_of_export_lists_all_formats() -> None:
    assert FORMAT_NAMES.split(", ") == [*FORMATS, *AUDIO_FORMATS]
