"""The seven download artifacts, one file each, and their registry. An eighth is one file and one line here."""

from __future__ import annotations

from meeting_assets.artifacts import (
    audio_separate,
    participant_events,
    participants,
    provider_data,
    speaker_timeline,
    transcript,
    video_separate,
)
from meeting_assets.artifacts.artifact import Artifact

ARTIFACTS: dict[str, Artifact] = {
    module.ARTIFACT.kind: module.ARTIFACT
    for module in (
        participants,
        participant_events,
        speaker_timeline,
        transcript,
        provider_data,
        video_separate,
        audio_separate,
    )
}
