"""Asset specs: descriptions and lineage of columns, owners, tags, freshness and kinds."""

from __future__ import annotations

from functools import cache
from typing import Any

import dagster as dg
import pytest

from meeting_assets.definitions import definitions
from meeting_assets.orchestration.assets.raw import FetchConfig, raw_key
from meeting_assets.orchestration.assets.specs import FRESHNESS
from meeting_assets.pipeline.storage import derived_tables
from meeting_assets.schema.lineage import lineage_of
from meeting_assets.settings import read_settings
from meeting_assets.store.database import table_of

FROM_NO_COLUMN = {"config_version", "derived_at", "modified_at"}
"""Columns that settings or a clock alone determine."""
TABLES = [table_of(model).name for model in derived_tables()]

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")


@cache
def specs() -> dict[dg.AssetKey, dg.AssetSpec]:
    """Every asset as it is deployed by default."""
    return specs_of(definitions(read_settings()))


def specs_of(defs: dg.Definitions) -> dict[dg.AssetKey, dg.AssetSpec]:
    return {spec.key: spec for spec in defs.resolve_all_asset_specs()}


def lineage(spec: dg.AssetSpec) -> dict[str, list[dg.TableColumnDep]]:
    found = spec.metadata["dagster/column_lineage"]
    assert isinstance(found, dg.TableColumnLineage)
    return {name: [*deps] for name, deps in found.deps_by_column.items()}


def columns(spec: dg.AssetSpec) -> dict[str, dg.TableColumn]:
    schema = spec.metadata["dagster/column_schema"]
    assert isinstance(schema, dg.TableSchema)
    return {column.name: column for column in schema.columns}


# Columns


@pytest.mark.parametrize("model", derived_tables(), ids=TABLES)
def test_every_column_names_its_sources(model: Any) -> None:
    sources_by_column = {column.name: lineage_of(column) for column in table_of(model).columns}

    assert [name for name, sources in sources_by_column.items() if sources is None] == []
    assert {name for name, sources in sources_by_column.items() if sources == ()} <= FROM_NO_COLUMN


@pytest.mark.parametrize("table", TABLES)
def test_every_source_of_a_column_is_a_column_of_an_asset_above(table: str) -> None:
    assets = specs()
    spec = assets[dg.AssetKey(table)]
    above = _above(assets, spec)

    sources = {(dep.asset_key, dep.column_name) for deps in lineage(spec).values() for dep in deps}

    assert sources
    assert {key for key, _ in sources} <= above
    assert [(key, name) for key, name in sources if name not in columns(assets[key])] == []


def _above(assets: dict[dg.AssetKey, dg.AssetSpec], spec: dg.AssetSpec) -> set[dg.AssetKey]:
    direct = {dep.asset_key for dep in spec.deps}
    return direct.union(*(_above(assets, assets[key]) for key in direct))


def test_a_parsed_column_leads_to_its_field_of_the_payload() -> None:
    spec = specs()[dg.AssetKey("transcript_words")]

    (source,) = lineage(spec)["start_s"]

    assert source == dg.TableColumnDep(raw_key("transcript"), "[].words[].start_timestamp.relative")
    assert "raw/transcript `[].words[].start_timestamp.relative`" in (columns(spec)["start_s"].description or "")


def test_the_fields_of_a_payload_have_the_types_of_the_wire_format() -> None:
    fields = columns(specs()[raw_key("transcript")])

    types = {name: (field.type, field.constraints.nullable) for name, field in fields.items()}

    assert types["[].participant.id"] == ("integer", True)
    assert types["[].words[]"] == ("object", False)
    assert types["[].words[].text"] == ("string", False)
    assert types["[].words[].end_timestamp.relative"] == ("float", True)


@pytest.mark.parametrize("table", TABLES)
def test_every_column_has_a_description(table: str) -> None:
    assert [name for name, column in columns(specs()[dg.AssetKey(table)]).items() if not column.description] == []


# Assets


def test_every_asset_has_an_owner_and_a_description() -> None:
    for key, spec in specs().items():
        name = key.to_user_string()
        assert spec.owners == ["team:data"], name
        assert spec.group_name in {"raw", "context", "parsed", "metrics", "rollups", "publications"}, name
        assert "Grain: one " in (spec.description or ""), name
        assert spec.code_version, name
        if spec.group_name != "publications":
            assert columns(spec), name
            assert (spec.metadata.get("dagster/table_name") == key.path[-1]) == (len(key.path) == 1), name


def test_all_daily_assets_have_a_nightly_freshness_policy() -> None:
    daily = {key: spec for key, spec in specs().items() if spec.freshness_policy is not None}
    without = [spec for key, spec in specs().items() if key not in daily]

    assert {spec.group_name for spec in without if spec.key.path[-1] != "shared_pages"} == {"rollups"}
    assert {spec.freshness_policy for spec in daily.values()} == {FRESHNESS}
    assert "rollups" not in {spec.group_name for spec in daily.values()}


def test_artifacts_can_be_searched_for_by_tag() -> None:
    tagged = {key.to_user_string() for key, spec in specs().items() if spec.tags.get("artifact") == "transcript"}

    assert tagged == {"raw/transcript", "transcripts", "transcript_utterances", "transcript_words"}


@pytest.mark.parametrize(
    ("url", "kind"), [("sqlite:///meetings.db", "sqlite"), ("postgresql://localhost/meetings", "postgresql")]
)
def test_tables_are_of_the_kind_of_their_database(url: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", url)

    kinds = {key.to_user_string(): spec.kinds for key, spec in specs_of(definitions(read_settings())).items()}

    assert kinds["transcript_words"] == {"sql", kind}
    assert kinds["raw/transcript"] == {"json"}


def test_launchpad_explains_the_run_config() -> None:
    assert all(len(field.description or "") > 80 for field in FetchConfig.model_fields.values())
