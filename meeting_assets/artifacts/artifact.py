"""What an artifact is: the one description that the pipeline, the ledger and Dagster work from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import UpdateBase
from sqlmodel import SQLModel

from meeting_assets.recall.objects import MediaData
from meeting_assets.schema.columns import RecordingRow

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a payload comes from; all that rows may hold besides the payload."""

    recording_id: str
    artifact_id: str
    created_at: datetime | None = None
    provider: str | None = None
    bot_names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one payload, a list per table of the artifact, each in column order."""

    by_table: tuple[list[Row], ...]
    replaced: int = 0  # entries of the payload whose key came again later


OF_RECORDING = "of_recording"
"""The parameter of statements about one recording's rows: its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One kind of download artifact: where it is, what it looks like, what becomes of it."""

    kind: str
    description: str
    collection: str
    """The API's name of the media object the artifact hangs on."""
    url: Callable[[MediaData], str | None]
    wire: Any
    """The payload's type."""
    tables: tuple[type[RecordingRow], ...]
    """The finest one last; the ledger counts its rows."""
    rows: Callable[[Any, Source], Rows]
    parser_version: str
    is_listed: bool = True
    """Whether the media object has to be asked for; the others come along with the recording."""
    id_column: str | None = None
    """The column with the artifact's id, where several of a recording may count; of other kinds the newest counts."""
    may_lack_url: bool = False
    """Whether a finished media object may come without this artifact."""
    holds_urls: bool = False
    """Whether the payload holds URLs, whose signatures are taken off before it is kept."""
    names_bots: bool = False
    """Whether its rows depend on what the recording's bot is called."""
    settling: tuple[UpdateBase, ...] = ()
    """Brings a recording's rows in line with each other after some of them were replaced; takes `OF_RECORDING`."""
    counted_in: Mapping[type[SQLModel], Any] = field(default_factory=dict)
    """Tables other than the finest that may be large: the column of a small table that sums up to their rows."""

    @property
    def is_many(self) -> bool:
        """Whether a recording may have several that count."""
        return self.id_column is not None
