"""Remarks in plain words about gaps and doubts in the data of a meeting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

KIND_NAMES = {
    "participants": "participant list",
    "participant_events": "participant events",
    "speaker_timeline": "speaker timeline",
    "transcript": "transcript",
    "provider_data": "transcript provider's data",
    "audio_separate": "audio per participant",
    "video_separate": "video per participant",
}


def data_notes(row: Mapping[str, Any], *, attributed_share: float) -> Iterator[str]:
    """The remarks about a meeting; none if its data are complete.

    Args:
        row: Columns of `meeting_metrics` and `data_quality`, all None if metrics are not computed yet.
        attributed_share: The parameter of the metrics; below this share of attributed words, the word counts of
            participants are unknown.
    """
    if row["quarantined_artifacts"] is None:
        yield "metrics not computed yet"
        return
    if row["quarantined_artifacts"]:
        yield f"{row['quarantined_artifacts']} unreadable"
    if row["missing_kinds"]:
        yield f"missing: {', '.join(KIND_NAMES.get(kind, kind) for kind in row['missing_kinds'].split(','))}"
    if row["timing_source"] is None:
        yield "no speech times"
    if row["transcript_id"] is None and "transcript" not in (row["missing_kinds"] or "").split(","):
        yield "transcript without words"
    if row["is_single_stream"]:
        yield "source cannot show overlap"
    if row["attributed_word_share"] is not None and row["attributed_word_share"] < attributed_share:
        yield f"speaker known for {row['attributed_word_share']:.0%} of words"
    if row["implausible_duration_s"] is not None:
        yield "implausible duration"
