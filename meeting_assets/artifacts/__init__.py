"""The seven download artifacts, one module each, and their registry.

Another artifact is one new module and one line in the registry.
"""

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
