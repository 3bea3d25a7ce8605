"""The descriptions of all tables and views of this version."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import Column, ColumnElement, Label, Select
from sqlmodel import SQLModel

from meeting_assets.pipeline.view_descriptions import VIEW_DESCRIPTIONS
from meeting_assets.pipeline.views import VIEWS
from meeting_assets.schema.descriptions import Description, Descriptions, description_of
from meeting_assets.store.database import table_of


def descriptions(models: Iterable[type[SQLModel]]) -> Descriptions:
    """The descriptions of these tables, and of all views."""
    return _descriptions(tuple(models))


@cache
def _descriptions(models: tuple[type[SQLModel], ...]) -> Descriptions:
    tables = {table_of(model).name: description_of(model) for model in models}
    views = {name: _of_view(name, view, tables) for name, view in VIEWS.items()}
    return Descriptions(tables | views)


def _of_view(name: str, view: Select[Any], tables: dict[str, Description]) -> Description:
    """The own descriptions of a view. Its other columns have those of the columns that they show.

    A view without descriptions can be used all the same. A test finds it.
    """
    own = VIEW_DESCRIPTIONS.get(name, Description(""))
    columns = {each.name: own.columns.get(each.name) or _shown(each, tables) for each in view.selected_columns}
    return Description(own.text, columns)


def _shown(column: ColumnElement[Any], tables: dict[str, Description]) -> str:
    """The description of the table's column that a column of a view shows; empty if it computes something."""
    source = column.element if isinstance(column, Label) else column
    bases = [each for each in source.base_columns if isinstance(each, Column)]
    shown = (tables.get(each.table.name, Description("")).columns.get(each.name) for each in bases)
    return next((each for each in shown if each), "")
