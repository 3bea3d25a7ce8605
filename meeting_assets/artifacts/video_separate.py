"""Separate video: one part per continuous stream of one participant, as listed in the manifest."""

from __future__ import annotations

from meeting_assets.artifacts.artifact import Artifact
from meeting_assets.artifacts.parts import MediaPart, MediaPartRow, part_rows
from meeting_assets.schema.columns import KEYED


class VideoParts(MediaPartRow, table=True):
    """The separately recorded video of participants.

    Grain: one row per (recording, part of the manifest).
    """

    __tablename__ = "video_parts"
    __table_args__ = KEYED


ARTIFACT = Artifact(
    kind="video_separate",
    description="The separately recorded video of each participant, as listed in the manifest.",
    collection="video_separate",
    wire=list[MediaPart],
    tables=(VideoParts,),
    rows=part_rows,
    parser_version="2",
    contains_signed_urls=True,
)
