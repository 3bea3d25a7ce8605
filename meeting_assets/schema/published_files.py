"""The table of files in the publications store."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import SQLModel

from meeting_assets.schema import fields
from meeting_assets.schema.columns import KEYED


class PublishedFiles(SQLModel, table=True):
    """The files that this package has written to the publications store: pages, their downloads, and exports.

    Grain: one row per file, and per file that is left out because its recording has no content for it. Without these
    rows, all files are written again.
    """

    __tablename__ = "published_files"
    __table_args__ = KEYED

    key: str = fields.text("key of the object in the publications store", primary_key=True)
    recording_id: str | None = fields.uuid("the recording that the file is about; NULL for shared files", index=True)
    inputs_hash: str = fields.text("hash over everything that the file depends on; another text during a write")
    size_bytes: int | None = fields.integer64("size of the file; NULL if there is none")
    version: str | None = fields.text(
        "version of the code that wrote the file: of the pages, or of the export format; NULL if an earlier release did"
    )
    written_at: datetime | None = fields.instant("when the file was written")
