"""Pages of stored meetings as documents, and the rows that they show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Table, select

from meeting_assets.pipeline.storage import Storage
from meeting_assets.publications.pages.meeting_data import MeetingData, read_meeting_data
from meeting_assets.publications.pages.meeting_page import meeting_page
from meeting_assets.publications.pages.site import Site
from meeting_assets.store.database import table_of
from meeting_assets_tests.support.html_pages import Element, parsed


def page(connection: Connection, recording_id: str, **given: Any) -> Element:
    html = meeting_page(connection, recording_id, Site.read(connection), **given)
    assert html is not None
    return parsed(html)


def data(connection: Connection, recording_id: str) -> MeetingData:
    meeting = read_meeting_data(connection, recording_id)
    assert meeting is not None
    return meeting


def rows_of(connection: Connection, model: Any, recording_id: str) -> list[Any]:
    table = table_of(model)
    query = select(table).where(table.c.recording_id == recording_id).order_by(*table.primary_key)
    return [*connection.execute(query)]


def section(document: Element, heading: str) -> Element:
    return document.one("section", aria_labelledby=heading)


def cells(table: Element) -> list[list[str]]:
    """The text of each cell of a table's body."""
    return [[cell.words for cell in row.children if isinstance(cell, Element)] for row in table.one("tbody").all("tr")]


@contextmanager
def changed(storage: Storage, table: Table, recording_id: str, *conditions: Any, **values: Any) -> Iterator[Connection]:
    """A connection that sees changed rows of a recording; nothing is stored."""
    with storage.database.engine.connect() as connection:
        of_recording = table.c.recording_id == recording_id
        connection.execute(table.update().where(of_recording, *conditions).values(**values))
        yield connection
        connection.rollback()
