"""Column helpers declare type, nullability, description and lineage."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import BigInteger, Boolean, Column, Date, Float, Integer
from sqlmodel import AutoString, SQLModel

from meeting_assets.schema import fields
from meeting_assets.schema.columns import Instant, Json, Uuid
from meeting_assets.schema.lineage import lineage_of
from meeting_assets.store.database import table_of


class Example(SQLModel, table=True):
    """A table with one column of each kind."""

    __tablename__ = "example_of_fields"

    id: str = fields.uuid("the API's id", primary_key=True, derived_from="id")
    seconds: float | None = fields.seconds("start of the turn", derived_from=("[].start", "[].start"))
    share: float = fields.share("talk time / span", derived_from=())
    number: float = fields.number("words per minute", unit="1/min")
    count: int = fields.count("turns", index=True)
    position: int = fields.position("in the order of the payload")
    integer64: int = fields.integer64("size")
    text: str | None = fields.text("display name")
    flag: bool = fields.flag("whether it is a bot")
    day: date = fields.day("the recording's day")
    instant: datetime = fields.instant("when it was created")
    document: Any = fields.json("the document as given")
    participant_key: str = fields.participant_key("[].participant")
    participant_id: int | None = fields.participant_id("[].participant")


TABLE = table_of(Example)
# Other tests compare all registered tables with the assets.
SQLModel.metadata.remove(TABLE)


def column(name: str) -> Column[Any]:
    return TABLE.c[name]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("id", Uuid),
        ("seconds", Float),
        ("share", Float),
        ("number", Float),
        ("count", Integer),
        ("position", Integer),
        ("integer64", BigInteger),
        ("text", AutoString),
        ("flag", Boolean),
        ("day", Date),
        ("instant", Instant),
        ("document", Json),
        ("participant_key", AutoString),
        ("participant_id", BigInteger),
    ],
)
def test_helper_determines_column_type(name: str, kind: type[Any]) -> None:
    assert type(column(name).type) is kind


def test_column_is_nullable_if_annotation_allows_none() -> None:
    nullable = {each.name for each in TABLE.columns if each.nullable}

    assert nullable == {"seconds", "text", "document", "participant_id"}


def test_primary_key_and_index_are_passed_on() -> None:
    assert [each.name for each in TABLE.primary_key] == ["id"]
    assert [each.name for index in TABLE.indexes for each in index.columns] == ["count"]


@pytest.mark.parametrize(
    ("name", "description"),
    [
        ("seconds", "s; start of the turn"),
        ("share", "0-1; talk time / span"),
        ("number", "1/min; words per minute"),
        ("position", "0-based, in the order of the payload"),
        ("count", "turns"),
    ],
)
def test_description_begins_with_unit(name: str, description: str) -> None:
    assert Example.model_fields[name].description == description


@pytest.mark.parametrize(
    ("name", "sources"),
    [
        ("id", ("id",)),
        ("seconds", ("[].start",)),
        ("share", ()),
        ("number", None),
        ("participant_key", ("[].participant.id", "[].participant.name")),
        ("participant_id", ("[].participant.id",)),
    ],
)
def test_lineage_distinguishes_no_sources_from_undeclared_sources(name: str, sources: tuple[str, ...] | None) -> None:
    assert lineage_of(column(name)) == sources
