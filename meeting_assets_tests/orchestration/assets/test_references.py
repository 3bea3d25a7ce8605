"""References of asset pages: source files, locations without secrets, table names with schema, and owners."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from meeting_assets.core.errors import SettingsError
from meeting_assets.definitions import definitions
from meeting_assets.orchestration.assets.metrics import metrics_assets
from meeting_assets.orchestration.assets.partitions import daily
from meeting_assets.orchestration.assets.references import with_references
from meeting_assets.orchestration.workspace import DEFAULT
from meeting_assets.settings import read_settings
from meeting_assets_tests.conftest import ROOT

RAW, TURNS, RECORDINGS = dg.AssetKey(["raw", "transcript"]), dg.AssetKey("turns"), dg.AssetKey("recordings")
SECRETS = "me", "pa%2Fss", "pa/ss", "hidden"

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")


def specs() -> dict[dg.AssetKey, dg.AssetSpec]:
    return {spec.key: spec for spec in definitions(read_settings()).resolve_all_asset_specs()}


def sources(spec: dg.AssetSpec) -> list[str]:
    value: Any = spec.metadata.get("dagster/code_references")
    return [each.source for each in value.code_references] if value else []


@pytest.mark.parametrize("url", ["postgresql://me:pa%2Fss@host:5432/db?sslpassword=hidden", "sqlite:///my.db"])
def test_uris_of_tables_contain_no_secret(url: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", url)

    uris = {spec.metadata["dagster/uri"] for spec in specs().values() if "sql" in spec.kinds}

    assert uris == {"postgresql://host:5432/db" if url.startswith("p") else f"sqlite:///{home / 'my.db'}"}


@pytest.mark.parametrize(
    ("url", "uri"),
    [("s3://me:hidden@bucket/raw?endpoint=hidden", "s3://bucket/raw"), ("gs://bucket/raw", "gs://bucket/raw")],
)
def test_uris_of_raw_assets_contain_no_secret(url: str, uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_RAW_URL", url)

    assert specs()[RAW].metadata["dagster/uri"] == uri


def test_folder_of_raw_assets_is_a_file_url(home: Path) -> None:
    assert specs()[RAW].metadata["dagster/uri"] == (home / "raw").as_uri()


def test_names_of_postgresql_tables_have_their_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    in_sqlite = specs()
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", "postgresql://localhost/db")
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_SCHEMA", "sales")
    in_postgresql = specs()

    names = [assets[TURNS].metadata["dagster/table_name"] for assets in (in_sqlite, in_postgresql)]

    assert names == ["turns", "sales.turns"]
    assert "dagster/table_name" not in in_postgresql[RAW].metadata


def test_assets_link_to_the_step_that_makes_them() -> None:
    for key, spec in specs().items():
        (source,) = sources(spec)
        path, _, line = source.rpartition(":")
        step = Path(path).read_text().splitlines()[int(line) - 1 :]
        assert Path(path).is_relative_to(ROOT / "meeting_assets" / "orchestration" / "assets"), key
        assert step[0].strip() == "@dg.multi_asset(", key


@pytest.mark.parametrize(
    ("url", "linked"),
    [
        ("https://github.com/acme/repo/tree/main", r"https://github\.com/acme/repo/tree/main/"),
        ("https://git.acme.com/a/b/-/tree/release/2/", r"https://git\.acme\.com/a/b/-/tree/release/2/"),
    ],
)
def test_assets_link_to_the_configured_branch(url: str, linked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_CODE_URL", url)

    (source,) = sources(specs()[TURNS])

    assert re.fullmatch(linked + r"meeting_assets/orchestration/assets/metrics\.py#L\d+", source)


def test_installed_package_without_url_has_no_links(tmp_path: Path) -> None:
    settings = read_settings()

    linked = with_references(
        [metrics_assets(daily(settings.first_day), "sqlite", DEFAULT)], settings, checkout=tmp_path
    )

    assert [sources(spec) for each in linked for spec in each.specs if sources(spec)] == []


def test_owners_of_all_assets_are_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_OWNERS", "ada@example.com, team:people ops")

    assert {tuple(spec.owners) for spec in specs().values()} == {("ada@example.com", "team:people ops")}


OWNERS = ["ada@example.com", "a.b+c@sub.example.org", "team:data", "team:", "data", "ada@", "@example.com", "a b@c.de"]


@pytest.mark.parametrize("owner", OWNERS)
def test_owners_are_valid_if_and_only_if_dagster_accepts_them(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_OWNERS", owner)

    assert _accepts(read_settings, SettingsError) == _accepts(
        lambda: dg.AssetSpec("any", owners=[owner]), dg.DagsterInvalidDefinitionError
    )


def _accepts(call: Any, error: type[Exception]) -> bool:
    try:
        call()
    except error:
        return False
    return True


@pytest.mark.parametrize("url", ["https://github.com/acme/repo", "http://h/a/tree/b", "https://me:key@h/a/tree/b", "x"])
def test_url_of_code_must_name_a_branch(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_CODE_URL", url)

    with pytest.raises(SettingsError, match="MEETING_ASSETS_CODE_URL is wrong: it is not the URL of a branch"):
        read_settings()
