"""Separate audio: one part per continuous stream of one participant, as listed in the manifest."""

from __future__ import annotations

from meeting_assets.artifacts.artifact import Artifact
from meeting_assets.artifacts.parts import MediaPart, MediaPartRow, part_rows
from meeting_assets.schema.columns import KEYED


class AudioParts(MediaPartRow, table=True):
    """The separately recorded audio of participants.

    Grain: one row per (recording, part of the manifest).
    """

    __tablename__ = "audio_parts"
    __table_args__ = KEYED


ARTIFACT = Artifact(
    kind="audio_separate",
    description="The separately recorded audio of each participant, as listed in the manifest.",
    collection="audio_separate",
    wire=list[MediaPart],
    tables=(AudioParts,),
    rows=part_rows,
    parser_version="2",
    contains_signed_urls=True,
)
