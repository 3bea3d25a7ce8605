"""The documents of `queries --json`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta, Struct

if TYPE_CHECKING:
    from meeting_assets.publications.queries.answers import Answer
    from meeting_assets.publications.queries.query import Query


class QueryParameter(Struct, frozen=True):
    """A parameter of a query."""

    name: Annotated[str, Meta(description="name for `--param NAME=VALUE`")]
    type: Annotated[str, Meta(description="`text`, `integer` or `number`")]
    default: Annotated[str | int | float, Meta(description="value if none is given")]
    description: Annotated[str, Meta(description="meaning of the parameter")]


class ListedQuery(Struct, frozen=True):
    """A documented query."""

    name: Annotated[str, Meta(description="name for `queries NAME`")]
    question: Annotated[str, Meta(description="the question that the query answers")]
    about: Annotated[str, Meta(description="explanation; empty if the question says all")]
    parameters: Annotated[list[QueryParameter], Meta(description="its parameters")]
    sql: Annotated[str, Meta(description="the statement, with `:name` for each parameter")]


class QueriesDocument(Struct, frozen=True, tag_field="schema", tag="meeting_assets/queries/1"):
    """The documented queries: `queries --json`."""

    queries: Annotated[list[ListedQuery], Meta(description="queries in the order of docs/queries.md")]


class QueryDocument(Struct, frozen=True, tag_field="schema", tag="meeting_assets/query/1"):
    """The result of a documented query: `queries NAME --json`."""

    name: Annotated[str, Meta(description="name of the query")]
    question: Annotated[str, Meta(description="the question that the query answers")]
    parameters: Annotated[dict[str, str | int | float], Meta(description="the values of all parameters")]
    columns: Annotated[list[str], Meta(description="columns of the result, in their order")]
    rows: Annotated[
        list[dict[str, Any]],
        Meta(description="rows, values by column: days as 2026-03-02, instants in UTC as 2026-03-02T09:00:00.000000Z"),
    ]


def queries_document(queries: Iterable[Query]) -> QueriesDocument:
    """The document of some queries."""
    return QueriesDocument(
        [
            ListedQuery(
                each.name,
                each.question,
                each.about,
                [QueryParameter(p.name, p.type, p.default, p.description) for p in each.parameters.values()],
                each.sql,
            )
            for each in queries
        ]
    )


def query_document(query: Query, values: Mapping[str, str | int | float], answer: Answer) -> QueryDocument:
    """The document of a query's result; `values` has those parameters that the user gave."""
    parameters = {name: values.get(name, each.default) for name, each in query.parameters.items()}
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    return QueryDocument(query.name, query.question, parameters, [*answer.columns], rows)
