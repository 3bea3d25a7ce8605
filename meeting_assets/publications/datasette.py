"""The file publications/datasette.yaml: descriptions and documented queries for Datasette.

    datasette data/meetings.db --metadata meeting_assets/publications/datasette.yaml

Datasette gives every parameter of a query as text, and an empty text for one without a value. So the statements convert
each parameter, and use its default for an empty text.
"""

from __future__ import annotations

from typing import Any

import yaml  # type: ignore[import-untyped]

from meeting_assets.pipeline.storage import whole_schema
from meeting_assets.publications.queries import queries
from meeting_assets.publications.queries.query import Parameter, Query

DATABASE = "meetings"
"""Datasette's name of a database is the name of its file without the suffix."""
INTERNAL_TABLES = (
    "meta",
    "run_heartbeats",
    "webhook_events",
    "webhook_object_events",
    "tombstones",
    "artifact_tombstones",
)
"""Tables about operation, which Datasette lists only on request."""
_SQL_TYPES = {"integer": "INTEGER", "number": "REAL"}
_HEADER = "# Written by `make renew` from the models and meeting_assets/publications/queries. Do not edit it.\n"


def datasette_yaml() -> str:
    """The content of the file."""
    return f"{_HEADER}{yaml.dump(_document(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)}"


def datasette_sql(query: Query) -> str:
    """The statement of a query for SQLite with parameters that are texts."""
    return query.with_parameters(_parameter_sql)


def _parameter_sql(parameter: Parameter) -> str:
    name = f":{parameter.name}"
    if parameter.type == "text":
        return f"coalesce(nullif({name}, ''), {parameter.literal})" if parameter.default else name
    return f"coalesce(CAST(nullif({name}, '') AS {_SQL_TYPES[parameter.type]}), {parameter.literal})"


def _document() -> dict[str, Any]:
    return {
        "title": "Meetings",
        "description": "Meetings recorded with Recall.ai: tables, metrics and documented queries of meeting_assets",
        "databases": {
            DATABASE: {
                "description": "Columns ending in _s are seconds, those ending in _at are UTC instants",
                "tables": {name: _table(name) for name in sorted(whole_schema().descriptions.relations)},
                "queries": {name: _query(each) for name, each in queries().items()},
            }
        },
    }


def _table(name: str) -> dict[str, Any]:
    description = whole_schema().descriptions.relations[name]
    table: dict[str, Any] = {"title": name, "description": description.text.replace("\n", " ")}
    if name in INTERNAL_TABLES:
        table["hidden"] = True
    return table | {"columns": dict(description.columns)}


def _query(query: Query) -> dict[str, Any]:
    defaults = [f"{each.name}: {each.description} (default {each.literal})" for each in query.parameters.values()]
    about = [query.about] if query.about else []
    return {
        "title": query.question,
        "description": " ".join([*about, "Parameters:", "; ".join(defaults) + "."]),
        "params": [*query.parameters],
        "sql": datasette_sql(query),
    }


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # the library has no types
    """Writes texts of several lines as they are."""


def _represent_text(dumper: Any, text: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_multi_representer(str, _represent_text)  # names of tables are a subclass
