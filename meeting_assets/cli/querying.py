"""The command `queries`, which lists and runs the documented queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated

import typer

from meeting_assets.cli.current_settings import read_settings
from meeting_assets.cli.options import AsJson
from meeting_assets.cli.terminal import print_json, print_line
from meeting_assets.core.errors import UsageError

if TYPE_CHECKING:
    from meeting_assets.publications.queries.answers import Answer
    from meeting_assets.publications.queries.query import Query, Value

LIST = "`meeting-assets queries` lists the queries."


def queries(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="the query to run; without it, all are listed")
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Option("--param", metavar="NAME=VALUE", help="a parameter of the query; may be repeated"),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="largest number of rows")] = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="print the result as CSV and nothing else")] = False,
) -> None:
    """Lists the documented queries, or runs one and prints its result. Queries change nothing."""
    if as_json and as_csv:
        raise UsageError("Use only one of --json and --csv.")
    if name is not None:
        query = _query(name)
        _run(query, _values(query, given or [], limit), as_json=as_json, as_csv=as_csv)
    elif given or limit is not None or as_csv:
        raise UsageError(f"--param, --limit and --csv belong to a query. Name one: {LIST}")
    else:
        _list(as_json=as_json)


def _list(*, as_json: bool) -> None:
    from meeting_assets.publications.queries import queries as all_queries

    if as_json:
        from meeting_assets.cli.documents.queries import queries_document

        print_json(queries_document(all_queries().values()))
        return
    from meeting_assets.cli.key_tables import KeyTable

    rows = [[each.name, each.question] for each in all_queries().values()]
    KeyTable(("name", "question"), texts=("question",)).print(rows)


def _query(name: str) -> Query:
    from meeting_assets.publications.queries import NAMES
    from meeting_assets.publications.queries import queries as all_queries

    if name not in NAMES:
        similar = get_close_matches(name, NAMES, n=1)
        raise UsageError(f"There is no such query.{f' Did you mean {similar[0]}?' if similar else ''} {LIST}")
    return all_queries()[name]


def _values(query: Query, given: Sequence[str], limit: int | None) -> Mapping[str, Value]:
    """The values of the options, by parameter.

    Raises:
        UsageError: an option names no parameter, or its value has another type.
    """
    from meeting_assets.publications.queries.query import LIMIT

    values: dict[str, Value] = {} if limit is None else {LIMIT: limit}
    for text in given:
        name, sign, value = text.partition("=")
        parameter = query.parameters.get(name)
        if not sign or parameter is None:
            names = ", ".join(query.parameters)
            raise UsageError(f"Write --param NAME=VALUE. Parameters of {query.name}: {names}.")
        if name in values:
            raise UsageError(f"Parameter {name} is given twice. Omit one.")
        try:
            values[name] = parameter.value_of(value)
        except ValueError as error:
            raise UsageError(f"Parameter {name} of {query.name} takes {error}.") from None
    return values


def _run(query: Query, values: Mapping[str, Value], *, as_json: bool, as_csv: bool) -> None:
    from meeting_assets.pipeline.storage import open_storage_read_only
    from meeting_assets.publications.queries.answers import answer

    with open_storage_read_only(read_settings()) as storage:
        found = storage.database.read_snapshot(lambda connection: answer(connection, query, values))
    if as_json:
        from meeting_assets.cli.documents.queries import query_document

        print_json(query_document(query, values, found))
    elif as_csv:
        from meeting_assets.cli.answer_tables import answer_csv
        from meeting_assets.cli.local_files import write_standard_output

        write_standard_output(answer_csv(found))
    else:
        _print(query, found)


def _print(query: Query, found: Answer) -> None:
    from meeting_assets.cli.answer_tables import print_answer

    print_line(query.question)
    if found.rows:
        print_answer(found)
    else:
        print_line("No row was found.")
