"""The sources of speech times that a user can prefer."""

from __future__ import annotations

from typing import Literal

TimingSource = Literal["speaker_timeline", "words", "speech_events", "audio"]
