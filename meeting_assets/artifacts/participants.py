"""Participants: who was in the meeting, as the platform lists them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlmodel import Field

from meeting_assets.artifacts.artifact import Artifact, Row, Rows, Source
from meeting_assets.artifacts.person_keys import person_key
from meeting_assets.artifacts.wire import Int64, kept_json, participant_key
from meeting_assets.core.names import is_one_of
from meeting_assets.schema.columns import KEYED, Integer64, Json, RecordingRow
from meeting_assets.schema.lineage import derived_from


class Participant(msgspec.Struct, frozen=True):
    """One entry of participants.json; `email` came late in 2025 and may be missing."""

    id: Int64 | None
    name: str | None = None
    is_host: bool | None = None
    platform: str | None = None
    extra_data: msgspec.Raw = msgspec.Raw(b"null")
    email: str | None = None


class Participants(RecordingRow, table=True):
    """Who was in the meeting.

    Grain: one row per (recording, participant) of participants.json.
    """

    __tablename__ = "participants"
    __table_args__ = KEYED

    participant_key: str = Field(
        primary_key=True,
        description="the id as text, else label: and the name, else unknown",
        sa_column_kwargs=derived_from("[].id", "[].name"),
    )
    participant_id: int | None = Field(
        sa_type=Integer64, description="unique within one meeting only", sa_column_kwargs=derived_from("[].id")
    )
    name: str | None = Field(description="display name, not unique", sa_column_kwargs=derived_from("[].name"))
    email: str | None = Field(
        description="from a calendar match at Recall.ai; may be wrong", sa_column_kwargs=derived_from("[].email")
    )
    is_host: bool | None = Field(sa_column_kwargs=derived_from("[].is_host"))
    is_bot: bool = Field(
        description="the recording's own bot or a known note-taker, by name",
        sa_column_kwargs=derived_from("[].name", "recordings.bot_name"),
    )
    client_kind: str | None = Field(
        description="the payload's platform: desktop, dial-in, unknown, ...",
        sa_column_kwargs=derived_from("[].platform"),
    )
    extra_data: Any = Field(
        sa_type=Json,
        nullable=True,
        description="what the meeting platform adds, as given",
        sa_column_kwargs=derived_from("[].extra_data"),
    )
    person_key: str | None = Field(
        index=True,
        description="stable across meetings: zoom:, teams: or slack: id, else email:, else NULL",
        sa_column_kwargs=derived_from("[].extra_data", "[].email"),
    )


def participant_rows(participants: Sequence[Participant], source: Source) -> Rows:
    """Rows of `Participants`; of entries with the same key the last one counts."""
    rows: dict[str, Row] = {}
    for index, each in enumerate(participants):
        key = participant_key(each.id, each.name)
        extra_data, extra = kept_json(each.extra_data, f"[{index}].extra_data")
        rows.pop(key, None)
        rows[key] = (
            source.recording_id,
            key,
            each.id,
            each.name,
            each.email,
            each.is_host,
            is_bot(each.name, source.bot_names),
            each.platform,
            extra_data,
            person_key(extra, each.email, name=each.name, client_kind=each.platform),
        )
    return Rows((list(rows.values()),), replaced=len(participants) - len(rows))


def is_bot(name: str | None, bot_names: Collection[str]) -> bool:
    """Whether that is the name of a bot; `bot_names` are comparable names (`core.names`)."""
    return is_one_of(name, bot_names)


ARTIFACT = Artifact(
    kind="participants",
    description="Who was in the meeting, as the platform lists them.",
    collection="participant_events",
    url=lambda data: data.participants_download_url,
    wire=list[Participant],
    tables=(Participants,),
    rows=participant_rows,
    parser_version="2",
    is_listed=False,
    names_bots=True,
)
