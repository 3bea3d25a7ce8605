"""A documented query: a comment header, and one SELECT that runs unchanged on SQLite and PostgreSQL.

    -- name: late_starts
    -- question: Which meetings start late?
    -- about: Minutes from the scheduled start to the start of the recording. Lines that continue
    --   a field are indented.
    -- parameter: minutes number = 5; least minutes
    -- parameter: limit integer = 20; largest number of rows
    SELECT ... WHERE minutes_late >= :minutes LIMIT :limit;

A parameter has a type (text, integer or number), a default as an SQL literal, and a description.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

Value: TypeAlias = str | int | float
LIMIT = "limit"
"""The parameter of every query that limits the number of rows."""
MAX_INTEGER = 2**63 - 1

_FIELD = re.compile(r"-- (name|question|about|parameter): (.+)")
_CONTINUED = re.compile(r"--   (.+)")
_PARAMETER = re.compile(r"(\w+) (text|integer|number) = ('(?:[^']|'')*'|[0-9.]+); (.+)")
_NAMED = re.compile(r"(?<![:\w]):(\w+)")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a query; `type` is text, integer or number."""

    name: str
    type: str
    default: Value
    description: str

    def value_of(self, given: str) -> Value:
        """The value of a text that a user gave.

        Raises:
            ValueError: it is no value of the type; the message says which values are.
        """
        if self.type == "text":
            return _text(given)
        if self.type == "integer":
            return _integer(given)
        return _number(given)

    @property
    def literal(self) -> str:
        """The default as an SQL literal."""
        return literal(self.default)


@dataclass(frozen=True, slots=True)
class Query:
    """A documented query. `about` is empty if the question says all."""

    name: str
    question: str
    about: str
    parameters: Mapping[str, Parameter]
    sql: str
    """The statement with `:name` for each parameter, without a semicolon."""

    def with_parameters(self, replacement: Callable[[Parameter], str]) -> str:
        """The statement with other texts in place of the parameters."""
        return _NAMED.sub(lambda match: replacement(self.parameters[match[1]]), self.sql)

    @property
    def with_defaults(self) -> str:
        """The statement with the default of each parameter as a literal."""
        return self.with_parameters(lambda parameter: parameter.literal)


def parse_query(content: str) -> Query:
    """The query of a file.

    Raises:
        ValueError: the header is incomplete, or the statement uses other parameters than the header has.
    """
    lines = content.strip().splitlines()
    size = next(number for number, line in enumerate(lines) if not line.startswith("--"))
    fields = [*_fields(lines[:size])]
    facts = {name: value for name, value in fields if name != "parameter"}
    parameters = {each.name: each for name, value in fields if name == "parameter" for each in [_parameter(value)]}
    sql = "\n".join(lines[size:]).removesuffix(";")
    if used := {*_NAMED.findall(sql)} ^ {*parameters}:
        raise ValueError(f"parameters differ between header and statement: {', '.join(sorted(used))}")
    if missing := {"name", "question"} - {*facts}:
        raise ValueError(f"the header lacks {', '.join(sorted(missing))}")
    return Query(facts["name"], facts["question"], facts.get("about", ""), parameters, sql)


def literal(value: Value) -> str:
    """A value as an SQL literal.

    >>> literal("it's"), literal(0.5)
    ("'it''s'", '0.5')
    """
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


def _fields(lines: list[str]) -> Iterator[tuple[str, str]]:
    """The names and values of the header, with continued lines joined."""
    name, value = "", ""
    for line in lines:
        if found := _FIELD.fullmatch(line):
            if name:
                yield name, value
            name, value = found.groups()
        elif continued := _CONTINUED.fullmatch(line):
            value += f" {continued[1]}"
        else:
            raise ValueError(f"this line of the header is neither a field nor continues one: {line}")
    yield name, value


def _parameter(text: str) -> Parameter:
    if (found := _PARAMETER.fullmatch(text)) is None:
        raise ValueError(f"this is no parameter with type, default and description: {text}")
    name, kind, default, description = found.groups()
    if kind == "text":
        return Parameter(name, kind, default[1:-1].replace("''", "'"), description)
    return Parameter(name, kind, int(default) if kind == "integer" else float(default), description)


def _text(given: str) -> str:
    if not given.isascii() and given != given.encode("utf-8", "replace").decode():
        raise ValueError("a text in UTF-8")
    return given


def _integer(given: str) -> int:
    if not re.fullmatch(r"[0-9]{1,19}", given) or int(given) > MAX_INTEGER:
        raise ValueError("a whole number from 0 on")
    return int(given)


def _number(given: str) -> float:
    try:
        number = float(given)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError("a number such as 0.5")
    return number
