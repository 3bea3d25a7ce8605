"""The command `people`: lists, aliases, and their CSV files."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import sys
from collections.abc import Callable
from errno import ENOSPC
from pathlib import Path
from typing import Any

import pytest
import typer

from meeting_assets.cli.documents.people import alias_command
from meeting_assets.cli.people import people, split_alias
from meeting_assets.cli.people_table import alias_form
from meeting_assets.core.errors import SettingsError, StoreError, UsageError
from meeting_assets.pipeline import rollup
from meeting_assets.pipeline.people_lists import Unlinked
from meeting_assets.pipeline.rollup import are_people_outdated, outdated_weeks
from meeting_assets.store.person_aliases import Alias, all_aliases
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.environments import open_test_storage
from meeting_assets_tests.support.rollups import Home, roll_up_all
from meeting_assets_tests.support.snapshots import fill_once

HEADER = "person_key,target,author,at,note"
LINE = "email:ada@old.example,zoom:RiajK,ada,2026-03-02T09:30:00.000000Z,"

pytestmark = [sqlite_first, pytest.mark.usefixtures("home_with_meetings"), pytest.mark.with_tables]


@pytest.fixture(autouse=True)
def rolled_up(home_with_meetings: Home) -> Home:
    fill_once("four meetings, rolled up", roll_up_all)
    return home_with_meetings


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs the command and returns its output."""

    def run(**options: Any) -> str:
        capsys.readouterr()
        people(**options)
        return capsys.readouterr().out

    return run


def stored() -> list[Alias]:
    with open_test_storage() as storage:
        return storage.database.read(all_aliases)


def is_rolled_up() -> bool:
    with open_test_storage() as storage:
        return not outdated_weeks(storage) and not are_people_outdated(storage)


def csv_file(folder: Path, *lines: str) -> str:
    path = folder / "aliases.csv"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def test_people_are_listed_with_their_share_of_the_talk(run: Callable[..., str]) -> None:
    document = json.loads(run(as_json=True))

    (*_, last) = document["people"]
    assert document["covered_talk_share"] == 1
    assert [each["meeting_count"] for each in document["people"]] == [4, 4, 4]
    assert sum(each["talk_share"] for each in document["people"]) == pytest.approx(1)
    assert last["known_keys"] == [last["person_key"]]
    assert "cover 100% of the talk" in run()


def test_alias_takes_effect_at_once(run: Callable[..., str]) -> None:
    done = run(alias=["email:person2@northwind.example=email:person1@northwind.example"], note="same", author="Bo")

    assert done.startswith("Aliases: 1 added")
    assert is_rolled_up()
    document = json.loads(run(as_json=True))
    assert len(document["people"]) == 2
    assert [each["note"] for each in document["aliases"]] == ["same"]
    assert "--undo email:person2@northwind.example" in run()

    run(undo=["email:person2@northwind.example"])

    assert is_rolled_up()
    assert len(json.loads(run(as_json=True))["people"]) == 3


def test_unknown_keys_are_reported_on_standard_output(run: Callable[..., str]) -> None:
    assert "zoom:[red]a occurs in no meeting yet" in run(alias=["zoom:[red]a=zoom:b="])
    assert [(each.person_key, each.target) for each in stored()] == [("zoom:[red]a", "zoom:b=")]


def test_names_without_a_person_are_listed_with_a_command_that_links_them(run: Callable[..., str]) -> None:
    assert run(unlinked=True) == "Every participant with a name belongs to a person.\n"
    assert json.loads(run(unlinked=True, as_json=True))["unlinked"] == []


@pytest.mark.parametrize(("count", "target"), [(0, None), (1, "zoom:a"), (2, None)])
def test_printed_command_links_a_name_only_to_its_only_namesake(count: int, target: str | None) -> None:
    found = Unlinked("Ada = B", "name:ada = b", 1, 60.0, 0.5, ("zoom:a", "zoom:b")[:count])

    command, form = alias_command(found), alias_form(found)

    assert command == (target and f"meeting-assets people --alias 'name:ada = b={target}'")
    with pytest.raises(ValueError, match="not of the form"):
        split_alias(shlex.split(form)[-1])


def test_json_of_a_change_is_one_document(run: Callable[..., str], tmp_path: Path) -> None:
    added = json.loads(run(alias=["zoom:a=zoom:b"], as_json=True))
    imported = json.loads(run(import_from=csv_file(tmp_path, HEADER, "zoom:c,zoom:d,,,"), as_json=True))
    undone = json.loads(run(undo=["zoom:a"], as_json=True))

    assert [each["added_count"] for each in (added, imported, undone)] == [1, 1, 0]
    assert added["unknown_keys"] == ["zoom:a", "zoom:b"]
    assert undone["removed_count"] == 1


def test_failed_roll_up_is_no_failed_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise SettingsError("Set something else.")

    monkeypatch.setattr(rollup, "roll_up", refuse)

    with pytest.raises(SettingsError, match=r"^Set something else\.$"):
        people(import_from=csv_file(tmp_path, HEADER, LINE))

    assert [each.person_key for each in stored()] == ["email:ada@old.example"]


def test_closed_standard_input_is_an_error_in_our_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)

    with pytest.raises(UsageError, match=r"Standard input is closed\. Give a file"):
        people(import_from="-")


def test_interrupted_export_keeps_the_former_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(ENOSPC, "No space left on device")

    path = tmp_path / "aliases.csv"
    path.write_text("former")
    monkeypatch.setattr(os, "fsync", fail)

    with pytest.raises(StoreError, match="No space left on device"):
        people(export_to=str(path))

    assert [(each.name, each.read_text()) for each in tmp_path.glob("*aliases*")] == [("aliases.csv", "former")]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"alias": ["zoom:a"]}, "not of the form"),
        ({"alias": ["zoom:a=Ada"]}, "not of the form"),
        ({"alias": ["zoom:a=zoom:b", "Ada=zoom:b"]}, "--alias number 2: this is not a person key"),
        ({"alias": ["zoom:a=name:Ada"]}, "does not identify"),
        ({"alias": ["zoom:a=zoom:b"], "unlinked": True}, "Use only one of"),
        ({"export_to": "-", "import_from": "-"}, "Use only one of"),
        ({"undo": ["zoom:a"]}, "without an alias"),
        ({"undo": ["Ada"]}, "--undo: this is not a person key"),
        ({"note": "why"}, "--note belongs to --alias"),
        ({"author": "Ada"}, "--author belongs to"),
        ({"import_from": "missing.csv"}, "No such file or directory"),
        ({"import_from": "x[/y].csv"}, r"No such file or directory: x\[/y\]\.csv"),
        ({"export_to": "-", "as_json": True}, "Omit --json"),
        ({"alias": ["zoom:a=zoom:b"], "author": " "}, "Nothing was changed: the author is empty"),
    ],
)
def test_wrong_options_are_refused_with_a_reason_and_change_nothing(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        people(**options)

    assert stored() == []


def test_exported_aliases_can_be_imported_again(run: Callable[..., str], tmp_path: Path) -> None:
    run(
        alias=["email:person2@northwind.example=email:person1@northwind.example", "name:=Ada, Lovelace=zoom:a"],
        note='line 1\n"line 2"',
        author="-Ada",
    )
    exported, before = run(export_to="-"), stored()
    run(undo=[each.person_key for each in before])
    path = tmp_path / "aliases.csv"
    path.write_bytes(exported.encode("utf-8-sig"))

    assert run(import_from=str(path)).startswith("Aliases: 2 added, 0 replaced, 0 removed, 0 unchanged.")
    assert stored() == before
    assert run(import_from=str(path)).startswith("Aliases: 0 added, 0 replaced, 0 removed, 2 unchanged.")
    assert run(export_to="-") == exported


def test_import_reads_standard_input_and_fills_empty_cells(
    run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"{HEADER}\n\nzoom:a,zoom:b,,,\n".encode())))

    run(import_from="-", author="Bo")

    (alias,) = stored()
    assert (alias.person_key, alias.author, alias.note) == ("zoom:a", "Bo", None)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "the first line must have these columns"),
        ([LINE], "the first line must have these columns"),
        ([HEADER, LINE, LINE], "line 3: this key is given twice. Give it once"),
        (
            [HEADER, LINE, "zoom:RiajK,email:ada@old.example,,,"],
            "line 2: this alias and the existing ones form a cycle",
        ),
        ([HEADER, 'zoom:a,zoom:b,,,"two', 'lines"', 'zoom:c,"zoom:d'], "line 4 is no CSV"),
    ],
)
def test_import_of_a_wrong_file_names_the_reason_and_imports_nothing(
    lines: list[str], reason: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=f"Nothing was imported: {reason}"):
        people(import_from=csv_file(tmp_path, *lines))

    assert stored() == []


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([HEADER, LINE, "zoom:a,zoom:b"], "Line 3: 2 cells instead of 5"),
        ([HEADER, LINE, "Ada,zoom:b,,,"], "Line 3: this is not a person key"),
        ([HEADER, LINE, "zoom:a,name:Ada,,,"], "Line 3: a display name does not identify"),
        ([HEADER, LINE, ",zoom:b,,,"], "Line 3: the key is empty"),
        ([HEADER, LINE, "zoom:a,zoom:b,,yesterday,"], "Line 3: at is no instant"),
    ],
)
def test_import_with_a_wrong_line_names_it_and_imports_nothing(
    lines: list[str], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit):
        people(import_from=csv_file(tmp_path, *lines))

    assert stored() == []
    printed = capsys.readouterr().err
    assert reason in printed
    assert "Nothing was imported. Correct these lines" in printed


def test_import_refuses_an_author_that_cannot_be_stored(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Nothing was imported: the author contains control characters"):
        people(import_from=csv_file(tmp_path, HEADER, "zoom:a,zoom:b,,,"), author="A\x1b[31m")

    assert stored() == []


def test_import_names_every_wrong_line_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        people(import_from=csv_file(tmp_path, HEADER, "Ada,zoom:b,,,", LINE, "zoom:a", "zoom:a,zoom:b,,yesterday,"))

    assert re.findall(r"Line \d+", capsys.readouterr().err) == ["Line 2", "Line 4", "Line 5"]
