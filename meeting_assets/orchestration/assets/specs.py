"""Asset specs from the models: columns with descriptions and lineage, table names and metadata."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cache
from inspect import cleandoc
from typing import Any

import dagster as dg
from msgspec import inspect as wire
from sqlalchemy import BigInteger, Column
from sqlmodel import AutoString, SQLModel

from meeting_assets.artifacts.artifact import Artifact
from meeting_assets.orchestration.workspace import Workspace
from meeting_assets.pipeline.storage import derived_tables
from meeting_assets.schema.audio_activity import AUDIO_TABLES
from meeting_assets.schema.lineage import lineage_of
from meeting_assets.schema.media_files import MediaFiles
from meeting_assets.schema.persistent import Recordings
from meeting_assets.settings import Settings
from meeting_assets.store.database import table_of

# The nightly run materializes the daily assets of the last days. Readers see a warning if it did not. Roll-ups have no
# policy, because they run only when meetings of a week changed. For yesterday alone: `ingestion_check`.
FRESHNESS = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=26), warn_window=timedelta(hours=25))

# Columns of every raw asset that are not part of the payload.
BESIDE_THE_PAYLOAD = (
    dg.TableColumn(
        "recording_id", "uuid", "id of the recording at Recall.ai", dg.TableColumnConstraints(nullable=False)
    ),
    dg.TableColumn("artifact_id", "uuid", "id of the object at Recall.ai", dg.TableColumnConstraints(nullable=False)),
    dg.TableColumn("created_at", "instant", "creation of the object at Recall.ai"),
    dg.TableColumn("provider", "string", "transcripts only: Recall.ai's key of the transcription provider"),
)

# Dagster does not order two steps if a selection leaves out the assets between them. A run in one process then executes
# the step of the higher priority first.
RAW_FIRST, PARSED_NEXT, METRICS_NEXT, ROLLUPS_NEXT, PUBLICATIONS_LAST = (
    {"dagster/priority": str(-stage)} for stage in range(5)
)

MAX_LISTED_SOURCES = 4
# Tables of the job of media, for which no metric waits, and which is off by default.
NOT_IN_GRAPH = frozenset({table_of(MediaFiles).name, *(table_of(model).name for model in AUDIO_TABLES)})
_COLUMN_TYPES: Mapping[type[Any], str] = {AutoString: "string", BigInteger: "bigint"}
_PAYLOAD_TYPES: Mapping[type[wire.Type], str] = {
    wire.StructType: "object",
    wire.StrType: "string",
    wire.IntType: "integer",
    wire.FloatType: "float",
    wire.BoolType: "boolean",
    wire.DateTimeType: "instant",
    wire.RawType: "json",
}


def database_kind(settings: Settings) -> str:
    """The database of the tables, as a kind tag of Dagster's UI."""
    return "sqlite" if settings.database_url.startswith("sqlite") else "postgresql"


def table_spec(
    model: type[SQLModel],
    workspace: Workspace,
    *,
    database: str,
    payload: dg.AssetKey | None = None,
    deps: Sequence[Any] = (),
    **spec: Any,
) -> dg.AssetSpec:
    """The spec of a table's asset; `payload` is the raw asset that the table is parsed from."""
    table = table_of(model)
    lineage = column_lineage(model, workspace, payload)
    metadata: dict[str, Any] = {
        "dagster/table_name": table.name,
        "dagster/column_schema": column_schema(model, lineage),
    }
    if lineage.deps_by_column:
        metadata["dagster/column_lineage"] = lineage
    return dg.AssetSpec(
        key=workspace.key(table.name),
        description=cleandoc(model.__doc__ or ""),
        metadata=metadata,
        deps=deps,
        kinds={"sql", database},
        **spec,
    )


def column_schema(model: type[SQLModel], lineage: dg.TableColumnLineage) -> dg.TableSchema:
    """The columns of a model with types, descriptions and sources."""
    fields = model.model_fields
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=_COLUMN_TYPES.get(type(column.type), type(column.type).__name__.lower()),
                description=_with_sources(fields[column.name].description, lineage.deps_by_column.get(column.name, ())),
                constraints=dg.TableColumnConstraints(nullable=bool(column.nullable)),
            )
            for column in table_of(model).columns
        ]
    )


def column_lineage(model: type[SQLModel], workspace: Workspace, payload: dg.AssetKey | None) -> dg.TableColumnLineage:
    """The declared sources of each column of a model."""
    return dg.TableColumnLineage(
        {
            column.name: [_dep(source, workspace, payload) for source in sources]
            for column in table_of(model).columns
            if (sources := _sources(column))
        }
    )


def lineage_deps(model: type[SQLModel], workspace: Workspace) -> list[dg.AssetKey]:
    """The dependencies of a table's asset: the tables that its columns derive from, except implied ones.

    A table is implied if another of them derives from it. Without these edges the graph is legible, and the asset is
    downstream of the same tables. `column_lineage` has all tables (docs/decisions, "Implied dependencies").
    """
    sources = _source_tables(model)
    implied = frozenset[str]().union(*map(_tables_above, sources))
    return [workspace.key(table) for table in sorted(sources - implied)]


def payload_schema(artifact: Artifact) -> dg.TableSchema:
    """The fields of an artifact's payload, named by their paths in the wire format."""
    return dg.TableSchema([*BESIDE_THE_PAYLOAD, *_fields("", wire.type_info(artifact.wire), is_nullable=False)])


@cache
def _tables_above(table: str) -> frozenset[str]:
    """The tables that a table derives from, directly or not. Every payload belongs to a row of `recordings`."""
    models = {table_of(model).name: model for model in derived_tables()}
    if table not in models:
        return frozenset()
    sources = _source_tables(models[table])
    return sources.union({table_of(Recordings).name}, *map(_tables_above, sources))


def _source_tables(model: type[SQLModel]) -> frozenset[str]:
    """The tables that the columns of a model derive from, without the payload."""
    sources = {source for column in table_of(model).columns for source in _sources(column)}
    return frozenset(source.partition(".")[0] for source in sources if not _is_of_payload(source))


def _sources(column: Column[Any]) -> list[str]:
    """The sources of a column in other tables. In `recordings`, the shared `recording_id` names its own table."""
    left_out = {column.table.name, *NOT_IN_GRAPH}
    return [source for source in lineage_of(column) or () if source.partition(".")[0] not in left_out]


def _is_of_payload(source: str) -> bool:
    """Tells the path of a field of the payload from `table.column`; paths with dots also have brackets."""
    table, _, column = source.partition(".")
    return not column or table.endswith("]")


def _dep(source: str, workspace: Workspace, payload: dg.AssetKey | None) -> dg.TableColumnDep:
    """Parses a source of a column."""
    if not _is_of_payload(source):
        table, _, column = source.partition(".")
        return dg.TableColumnDep(workspace.key(table), column)
    if payload is None:
        raise ValueError(f"{source}: the asset has no payload")
    return dg.TableColumnDep(payload, source)


def _with_sources(description: str | None, deps: Sequence[dg.TableColumnDep]) -> str | None:
    """Adds the sources to a column's description, because the open-source UI does not draw column lineage."""
    if not deps:
        return description
    columns = defaultdict(list)
    for dep in deps:
        columns[dep.asset_key.to_user_string()].append(f"`{dep.column_name}`")
    if len(deps) > MAX_LISTED_SOURCES:
        sources = ", ".join(columns)
    else:
        sources = "; ".join(f"{asset} {', '.join(names)}" for asset, names in columns.items())
    return f"{description}\n\nfrom {sources}" if description else f"from {sources}"


def _fields(path: str, info: wire.Type, *, is_nullable: bool) -> Iterator[dg.TableColumn]:
    """The columns of a field of a payload and of its nested fields."""
    if isinstance(info, wire.UnionType):
        members = [each for each in info.types if not isinstance(each, wire.NoneType)]
        yield from _fields(path, members[0], is_nullable=is_nullable or info.includes_none)
        return
    member = info.type if isinstance(info, wire.Metadata) else info
    if isinstance(member, wire.ListType):
        yield from _fields(f"{path}[]", member.item_type, is_nullable=False)
        return
    if path:
        yield _field(path, member, is_nullable=is_nullable)
    if isinstance(member, wire.StructType):
        prefix = f"{path}." if path else ""
        for field in member.fields:
            yield from _fields(f"{prefix}{field.encode_name}", field.type, is_nullable=not field.required)


def _field(path: str, member: wire.Type, *, is_nullable: bool) -> dg.TableColumn:
    return dg.TableColumn(
        name=path,
        type=_PAYLOAD_TYPES[type(member)],
        description=cleandoc(member.cls.__doc__ or "") if isinstance(member, wire.StructType) else None,
        constraints=dg.TableColumnConstraints(nullable=is_nullable),
    )
