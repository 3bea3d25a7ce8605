"""Declares table columns: one function per kind of value, with the column's description, unit and sources.

    class Turns(RecordingRow, table=True):
        start_s: float = fields.seconds("start of the turn", derived_from=FLOOR)
        speaker: str | None = fields.text("display name", derived_from="participants.name")

A column is nullable if its annotation allows None. A description begins with the unit: `s; start of the turn`.
`derived_from` takes sources as `schema.lineage` defines them; `()` means that settings or code alone determine the
values.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, TypedDict, TypeVar, Unpack, cast

from sqlmodel import Field

from meeting_assets.schema import lineage
from meeting_assets.schema.columns import Instant, Integer64, Json, Uuid

Value = TypeVar("Value")


class Options(TypedDict, total=False):
    """Keyword arguments of every function here."""

    derived_from: str | tuple[str, ...]
    primary_key: bool
    index: bool


def seconds(description: str, **options: Unpack[Options]) -> float:
    """A duration or a position in seconds."""
    return number(description, unit="s", **options)


def share(description: str, **options: Unpack[Options]) -> float:
    """A fraction from 0 to 1."""
    return number(description, unit="0-1", **options)


def number(description: str, *, unit: str, **options: Unpack[Options]) -> float:
    """A real number in any other unit."""
    return _field(float, f"{unit}; {description}", **options)


def count(description: str, **options: Unpack[Options]) -> int:
    """A number of things."""
    return _field(int, description, **options)


def position(description: str, **options: Unpack[Options]) -> int:
    """A position in a sequence, from 0."""
    return _field(int, f"0-based, {description}", **options)


def integer64(description: str, **options: Unpack[Options]) -> int:
    """An integer that may exceed 32 bits."""
    return _field(int, description, sa_type=Integer64, **options)


def text(description: str, **options: Unpack[Options]) -> str:
    return _field(str, description, **options)


def uuid(description: str, **options: Unpack[Options]) -> str:
    """An id that the API assigned."""
    return _field(str, description, sa_type=Uuid, **options)


def flag(description: str, **options: Unpack[Options]) -> bool:
    return _field(bool, description, **options)


def day(description: str, **options: Unpack[Options]) -> date:
    """A UTC day."""
    return _field(date, description, **options)


def instant(description: str, **options: Unpack[Options]) -> datetime:
    """An aware UTC datetime."""
    return _field(datetime, description, sa_type=Instant, **options)


def json(description: str, **options: Unpack[Options]) -> Any:
    """A JSON document; always nullable, since its annotation is `Any`."""
    return _field(object, description, sa_type=Json, nullable=True, **options)


def participant_key(speaker: str, *, primary_key: bool = False) -> str:
    """The key of a speaker; `speaker` is the path of the participant in the payload, such as `[].participant`."""
    description = "speaker: the participant's id as text, else `label:` and the name, else `unknown`"
    return text(description, derived_from=(f"{speaker}.id", f"{speaker}.name"), primary_key=primary_key)


def participant_id(speaker: str) -> int:
    """The API's id of a speaker; `speaker` is the path of the participant in the payload."""
    description = "the API's id of the participant, unique within one meeting; NULL under machine diarization"
    return integer64(description, derived_from=f"{speaker}.id")


def _field(kind: type[Value], description: str, **options: Any) -> Value:
    """Declares a column; `kind` is its Python type, which SQLModel reads from the annotation."""
    sources = options.pop("derived_from", None)
    if sources is not None:
        options["sa_column_kwargs"] = lineage.derived_from(*([sources] if isinstance(sources, str) else sources))
    return cast(Value, Field(description=description, **options))
