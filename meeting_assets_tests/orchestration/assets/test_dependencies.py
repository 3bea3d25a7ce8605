"""Dependencies of assets: those of their columns without implied ones, few between groups, and the order of steps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg
import pytest

from meeting_assets.definitions import definitions
from meeting_assets.metrics import METRICS
from meeting_assets.metrics.trends import ROLLUPS
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets.settings import read_settings
from meeting_assets.store.database import table_of
from meeting_assets_tests.support.environments import use_sandbox

DAY = date(2026, 3, 2)
DERIVED = [table_of(model).name for model in (*METRICS, *ROLLUPS)]

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")

Graph = dict[str, set[str]]
"""The direct dependencies of each asset."""


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=1)) as running:
        use_sandbox(running, monkeypatch)
        yield running


def deployed() -> dict[str, dg.AssetSpec]:
    """Every asset as it is deployed."""
    return {spec.key.to_user_string(): spec for spec in definitions(read_settings()).resolve_all_asset_specs()}


def direct(assets: dict[str, dg.AssetSpec]) -> Graph:
    return {name: {dep.asset_key.to_user_string() for dep in spec.deps} for name, spec in assets.items()}


def upstream(graph: Graph, name: str) -> set[str]:
    return graph[name].union(*(upstream(graph, each) for each in graph[name]))


def sources(spec: dg.AssetSpec) -> set[str]:
    """The assets that the columns of a table derive from."""
    lineage = spec.metadata["dagster/column_lineage"]
    assert isinstance(lineage, dg.TableColumnLineage)
    return {dep.asset_key.to_user_string() for deps in lineage.deps_by_column.values() for dep in deps}


def steps_of(run: Any) -> list[str]:
    return [event.step_key for event in run.all_events if event.is_step_start]


@pytest.mark.parametrize("table", [table_of(model).name for model in METRICS])
def test_a_metric_table_is_downstream_of_the_sources_of_its_columns_alone(table: str) -> None:
    assets = deployed()
    graph, of_columns = direct(assets), sources(assets[table])

    assert upstream(graph, table) == of_columns.union(*(upstream(graph, each) for each in of_columns))


@pytest.mark.parametrize("table", [table_of(model).name for model in ROLLUPS])
def test_a_rollup_is_downstream_of_the_sources_of_its_columns(table: str) -> None:
    assets = deployed()

    assert sources(assets[table]) <= upstream(direct(assets), table)


@pytest.mark.parametrize("table", DERIVED)
def test_no_dependency_of_a_derived_table_is_implied_by_another(table: str) -> None:
    graph = direct(deployed())

    implied = set().union(*(upstream(graph, each) for each in graph[table]))

    assert graph[table]
    assert graph[table] & implied == set()


def test_all_other_metric_tables_are_downstream_of_speech_and_speakers() -> None:
    graph = direct(deployed())
    of_metrics = {table_of(model).name for model in METRICS} - {"speakers", "speech"}

    assert [name for name in sorted(of_metrics) if not {"speakers", "speech"} <= upstream(graph, name)] == []
    assert graph["speech"] == {"speakers"}


def test_few_edges_lead_from_parsed_tables_to_metrics() -> None:
    assets = deployed()
    edges = [
        (dep, name)
        for name, deps in direct(assets).items()
        for dep in deps
        if (assets[dep].group_name, assets[name].group_name) == ("parsed", "metrics")
    ]

    assert 5 < len(edges) <= 30


@pytest.mark.parametrize(
    ("selected", "steps"),
    [
        (("recordings", "meeting_metrics"), ["raw_artifacts", "metrics"]),
        (("recordings", "transcript_words"), ["raw_artifacts", "parsed_transcript"]),
        (("transcript_words", "meeting_metrics"), ["parsed_transcript", "metrics"]),
        (("raw/transcript", "turns"), ["raw_artifacts", "metrics"]),
    ],
)
def test_steps_run_in_the_order_of_the_graph_if_assets_between_them_are_left_out(
    defs: dg.Definitions, selected: tuple[str, ...], steps: list[str]
) -> None:
    tables = ("transcripts", "transcript_utterances") if "transcript_words" in selected else ()
    keys = [dg.AssetKey(each.split("/")) for each in (*selected, *tables)]
    job = dg.define_asset_job(
        "selected", selection=dg.AssetSelection.assets(*keys).without_checks(), executor_def=dg.in_process_executor
    )
    merged = dg.Definitions.merge(defs, dg.Definitions(jobs=[job]))

    with dg.DagsterInstance.get() as instance:
        run = merged.resolve_job_def("selected").execute_in_process(instance=instance, partition_key=DAY.isoformat())

    assert run.success
    assert steps_of(run) == steps
