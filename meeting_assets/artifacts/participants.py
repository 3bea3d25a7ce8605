"""Participants of the meeting, as listed by the meeting platform."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from meeting_assets.artifacts.artifact import Artifact, Row, Rows, Source
from meeting_assets.artifacts.person_keys import person_key
from meeting_assets.artifacts.wire import Int64, kept_json, participant_key
from meeting_assets.core.names import is_one_of
from meeting_assets.schema import fields
from meeting_assets.schema.columns import KEYED, RecordingRow


class Participant(msgspec.Struct, frozen=True):
    """One entry of participants.json. `email` exists since late 2025."""

    id: Int64 | None
    name: str | None = None
    is_host: bool | None = None
    platform: str | None = None
    extra_data: msgspec.Raw = msgspec.Raw(b"null")
    email: str | None = None


class Participants(RecordingRow, table=True):
    """The participants of the meeting.

    Grain: one row per (recording, participant) of participants.json.
    """

    __tablename__ = "participants"
    __table_args__ = KEYED

    participant_key: str = fields.participant_key("[]", primary_key=True)
    participant_id: int | None = fields.participant_id("[]")
    name: str | None = fields.text("display name, not unique", derived_from="[].name")
    email: str | None = fields.text("from a calendar match at Recall.ai; may be wrong", derived_from="[].email")
    is_host: bool | None = fields.flag("according to the meeting platform", derived_from="[].is_host")
    is_bot: bool = fields.flag(
        "whether the name is that of the recording's bot or of a known note-taker",
        derived_from=("[].name", "recordings.bot_name"),
    )
    client_kind: str | None = fields.text(
        "the payload's platform: desktop, dial-in, unknown, ...", derived_from="[].platform"
    )
    extra_data: Any = fields.json("platform-specific data, as given", derived_from="[].extra_data")
    person_key: str | None = fields.text(
        "stable across meetings: `zoom:`, `teams:` or `slack:` and the id, else `email:` and the address, else NULL",
        index=True,
        derived_from=("[].extra_data", "[].email"),
    )


def participant_rows(participants: Sequence[Participant], source: Source) -> Rows:
    """Returns the rows of `Participants`. The last of several entries with the same key replaces the others."""
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
    """Whether the name is that of a bot; `bot_names` are comparable names (`core.names`)."""
    return is_one_of(name, bot_names)


ARTIFACT = Artifact(
    kind="participants",
    description="The participants of the meeting, as listed by the meeting platform.",
    collection="participant_events",
    url_field="participants_download_url",
    wire=list[Participant],
    tables=(Participants,),
    rows=participant_rows,
    parser_version="2",
    is_listed=False,
    depends_on_bot_names=True,
)
