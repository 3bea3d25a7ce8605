"""The description of an artifact kind. Pipeline, ledger and Dagster assets work from it alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import UpdateBase
from sqlmodel import SQLModel

from meeting_assets.schema.columns import RecordingRow

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Values that rows take from the recording, not from the payload."""

    recording_id: str
    artifact_id: str
    created_at: datetime | None = None
    provider: str | None = None
    bot_names: frozenset[str] = frozenset()
    """Comparable names (`core.names`)."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one payload: one list per table of the artifact, values in column order."""

    by_table: tuple[list[Row], ...]
    replaced: int = 0
    """Entries of the payload that a later entry with the same key replaced."""


OF_RECORDING = "of_recording"
"""The parameter for the recording's id in statements of `post_load`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One kind of download artifact: its place in the API, its wire format, its tables and its parser."""

    kind: str
    description: str
    collection: str
    """The API's name of the media object that carries the artifact's URL."""
    url_field: str = "download_url"
    """The field of the media object's `data` that contains the URL."""
    wire: Any
    """The payload's type."""
    tables: tuple[type[RecordingRow], ...]
    """The table with the finest grain comes last; the ledger's `row_count` counts its rows."""
    rows: Callable[[Any, Source], Rows]
    parser_version: str
    is_listed: bool = True
    """Whether the API has a list of the media objects; other media objects are part of the recording."""
    id_column: str | None = None
    """The column with the artifact's id, if a recording may have several current artifacts of this kind."""
    url_optional: bool = False
    """Whether a finished media object may lack the URL of this artifact."""
    contains_signed_urls: bool = False
    """Whether the payload contains signed URLs; their signatures are removed before the payload is stored."""
    depends_on_bot_names: bool = False
    """Whether the rows depend on the name of the recording's bot."""
    post_load: tuple[UpdateBase, ...] = ()
    """Statements that run after rows of a recording were replaced, with the parameter `OF_RECORDING`."""
    row_count_source: Mapping[type[SQLModel], Any] = field(default_factory=dict)
    """For other large tables: the column of a smaller table whose sum is their number of rows."""

    @property
    def allows_multiple(self) -> bool:
        """Whether a recording may have several current artifacts of this kind; else the newest one is current."""
        return self.id_column is not None
