"""What Dagster shows of a table: its columns with their meaning, its name, its description, from the model alone."""

from collections.abc import Iterable
from inspect import cleandoc
from typing import Any

import dagster as dg
from sqlmodel import SQLModel

from meeting_assets.store.database import table_of


def table_spec(model: type[SQLModel], **spec: Any) -> dg.AssetSpec:
    """The asset of one table."""
    table = table_of(model)
    return dg.AssetSpec(
        key=table.name,
        description=cleandoc(model.__doc__ or ""),
        metadata={"dagster/table_name": table.name, "dagster/column_schema": column_schema(model)},
        kinds={"sql"},
        **spec,
    )


def column_schema(model: type[SQLModel]) -> dg.TableSchema:
    """The columns of a model with types and descriptions."""
    fields = model.model_fields
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=type(column.type).__name__.lower(),
                description=fields[column.name].description,
                constraints=dg.TableColumnConstraints(nullable=bool(column.nullable)),
            )
            for column in table_of(model).columns
        ]
    )


def results(keys: Iterable[dg.AssetKey], metadata: dict[str, Any]) -> Iterable[dg.MaterializeResult[None]]:
    """A materialization for every key, always: Dagster skips everything below an output that is not there."""
    for key in keys:
        yield dg.MaterializeResult(asset_key=key, metadata=metadata)
