"""docs/metrics.md describes every column as the code does.

After an intended change, run `make renew` and review the diff.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import fields
from inspect import cleandoc
from typing import Any

import pytest
from sqlalchemy import Column

from meeting_assets.metrics import METRICS
from meeting_assets.metrics.listening import HUMS, LISTENING_WORDS
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.trends import ROLLUPS
from meeting_assets.schema.lineage import lineage_of
from meeting_assets.store.database import table_of
from meeting_assets_tests.conftest import ROOT
from meeting_assets_tests.support.ami_report import report_lines
from meeting_assets_tests.support.corpora import AMI_MEETINGS

DOCUMENT = ROOT / "docs/metrics.md"
BEGIN = "## Columns\n\n"
TABLES = (*METRICS, *ROLLUPS)
UNIT = re.compile(r"(s|0-1|1/min|1/h|ratio|h|persons|turns|1/100 words); (.+)", re.DOTALL)


def written() -> str:
    """The generated part of the document."""
    return "\n".join(line for model in TABLES for line in _section(model))


def _section(model: Any) -> Iterator[str]:
    table = table_of(model)
    yield f"### `{table.name}`"
    yield ""
    yield cleandoc(model.__doc__ or "")
    yield ""
    yield "| column | unit | definition | derived from |"
    yield "|---|---|---|---|"
    for column in table.columns:
        unit, definition = _unit_and_definition(model.model_fields[column.name].description)
        key = " (key)" if column.primary_key else ""
        yield f"| `{column.name}`{key} | {unit} | {definition} | {_sources(column)} |"
    yield ""


def _unit_and_definition(description: str) -> tuple[str, str]:
    found = UNIT.fullmatch(description)
    unit, definition = found.groups() if found else ("", description)
    return unit, definition.replace("|", "\\|")


def _sources(column: Column[Any]) -> str:
    tables = dict.fromkeys(source.partition(".")[0] for source in lineage_of(column) or ())
    return ", ".join(tables)


@pytest.mark.golden
def test_columns_are_those_of_the_tables_with_their_units_and_definitions() -> None:
    prose, _, columns = DOCUMENT.read_text().partition(BEGIN)
    if os.environ.get("RENEW"):
        columns = written()
        DOCUMENT.write_text(prose + BEGIN + columns)

    assert columns == written()


@pytest.mark.parametrize("field", [field for field in fields(Parameters) if isinstance(field.default, float | int)])
def test_every_parameter_is_documented_with_its_default(field: Any) -> None:
    assert re.search(rf"^\| `{field.name}` \| {field.default:g} \| .+ \|$", DOCUMENT.read_text(), re.MULTILINE)


def test_every_column_that_the_prose_names_exists() -> None:
    prose = DOCUMENT.read_text().partition(BEGIN)[0]
    columns = {column.name for model in TABLES for column in table_of(model).columns}
    named = set(re.findall(r"`([a-z_]+_(?:s|ratio|share|count|min|words|sd|ipus|source))`", prose))
    elsewhere = {field.name for field in fields(Parameters)} | {"monologues_count"}

    assert len(named) > 15
    assert named - columns - elsewhere == set()


@pytest.mark.skipif(not AMI_MEETINGS, reason="no corpora of real meetings; MEETING_ASSETS_CORPORA names their folder")
@pytest.mark.deployment
def test_documented_figures_of_annotators_are_those_of_the_benchmark() -> None:
    prose = DOCUMENT.read_text().replace(",", "").replace("−", "-")
    lines = [line.replace(",", "") for line in report_lines(AMI_MEETINGS)]

    scores = re.compile(r"0\.\d+ \(\d+ of \d+\)|F1 0\.\d+|-?0\.\d+ to 0\.\d+")
    figures = {figure for line in lines for figure in scores.findall(line)}
    pooled = {line.rpartition(" ")[2] for line in lines if "pooled" in line}
    alignments = {line.partition(": ")[2] for line in lines if line.startswith("word times")}

    assert (len(figures) > 50, len(pooled), len(alignments)) == (True, 5, 6)
    stated = {figure.removeprefix("F1 ") for figure in figures | pooled | alignments}
    assert [figure for figure in sorted(stated) if figure not in prose] == []


def test_documentation_publishes_the_listening_words() -> None:
    prose = DOCUMENT.read_text()

    for words in (HUMS, *LISTENING_WORDS.values()):
        assert f"| {', '.join(words)} |" in prose
