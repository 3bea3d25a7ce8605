"""The sources of speech times."""

from __future__ import annotations

from typing import Literal

TimingSource = Literal["speaker_timeline", "words", "speech_events"]
