"""References of asset pages: the source file, the location of the data, and the owners. None contains a secret."""

import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import cast

import dagster as dg

import meeting_assets
from meeting_assets.core.urls import printable_url
from meeting_assets.settings import Settings

TABLE_NAME, URI = "dagster/table_name", "dagster/uri"
_ANCHOR = Path(meeting_assets.__file__)
CHECKOUT = _ANCHOR.parents[1]
"""The folder of the package, which is a checkout if it contains `pyproject.toml`."""


def with_references(
    assets: Iterable[dg.AssetsDefinition], settings: Settings, checkout: Path = CHECKOUT
) -> list[dg.AssetsDefinition]:
    """Adds code references, URIs, table names with schema, and owners to the specs of assets."""
    described = [each.map_asset_specs(lambda spec: _described(spec, settings)) for each in assets]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        return _with_code(described, settings.code_url, checkout)


def _described(spec: dg.AssetSpec, settings: Settings) -> dg.AssetSpec:
    table = spec.metadata.get(TABLE_NAME)
    metadata = dict(spec.metadata)
    if uri := raw_uri(settings) if table is None else database_uri(settings):
        metadata[URI] = uri
    if table is not None and settings.database_file is None:
        metadata[TABLE_NAME] = f"{settings.database_schema}.{table}"
    return spec.replace_attributes(metadata=metadata, owners=[*settings.owners])


def database_uri(settings: Settings) -> str | None:
    """The URL of the database without driver, user, password and query; None if these cannot be told apart."""
    if settings.database_file is not None:
        return settings.database_url.partition("?")[0]
    return _without_secrets(settings.database_url.replace("+psycopg", "", 1))


def raw_uri(settings: Settings) -> str | None:
    """The URL of the raw store without user and query; None if these cannot be told apart."""
    url = settings.raw_url
    return _without_secrets(url) if "://" in url else Path(url).as_uri()


def _without_secrets(url: str) -> str | None:
    uri = printable_url(url)
    return None if uri.endswith("…") else uri


def _with_code(
    assets: Sequence[dg.AssetsDefinition], code_url: str | None, checkout: Path
) -> list[dg.AssetsDefinition]:
    """Links assets to the functions of their steps. Without URL and checkout there is no page to link to."""
    if code_url is None and not (checkout / "pyproject.toml").is_file():
        return [*assets]
    linked = dg.with_source_code_references(assets)
    if code_url is not None:
        repository, _, branch = code_url.partition("/tree/")
        linked = dg.link_code_references_to_git(
            linked,
            git_url=repository.removesuffix("/-"),
            git_branch=branch,
            platform="gitlab" if repository.endswith("/-") else "github",
            file_path_mapping=dg.AnchorBasedFilePathMapping(_ANCHOR, "meeting_assets/__init__.py"),
        )
    return cast("list[dg.AssetsDefinition]", [*linked])
