"""Descriptions of tables, views and their columns, as the models state them.

PostgreSQL shows them as comments, Datasette on its pages.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from inspect import cleandoc

from sqlmodel import SQLModel


@dataclass(frozen=True)
class Description:
    """The description of a table or view, and those of its columns by name."""

    text: str
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Descriptions:
    """The descriptions of tables and views by name."""

    relations: Mapping[str, Description] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """A hash of all descriptions."""
        document = [[name, each.text, [*each.columns.items()]] for name, each in self.relations.items()]
        return hashlib.sha256(json.dumps(document).encode()).hexdigest()


@cache
def description_of(model: type[SQLModel]) -> Description:
    """The docstring of a model, one line for each paragraph, and the descriptions of its fields."""
    paragraphs = cleandoc(model.__doc__ or "").split("\n\n")
    text = "\n".join(" ".join(each.split()) for each in paragraphs)
    return Description(text, {name: each.description or "" for name, each in model.model_fields.items()})
