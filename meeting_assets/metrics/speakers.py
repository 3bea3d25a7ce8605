"""Resolution of the speakers of each source to participants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from meeting_assets.metrics.analysis import MeetingAnalysis
from meeting_assets.metrics.speech import Row
from meeting_assets.schema import fields
from meeting_assets.schema.columns import KEYED, RecordingRow

KEYS = (
    "participant_events.participant_key",
    "speaker_timeline.participant_key",
    "transcript_utterances.participant_key",
)


class Speakers(RecordingRow, table=True):
    """The speakers of each source, and the participants that they resolve to.

    Grain: one row per (recording, source, speaker key).
    """

    __tablename__ = "speakers"
    __table_args__ = KEYED

    source: str = fields.text("participant_events, speaker_timeline or transcript", primary_key=True, derived_from=KEYS)
    speaker_key: str = fields.text("speaker key of the source", primary_key=True, derived_from=KEYS)
    participant_key: str | None = fields.text("the participant; NULL if unresolved", derived_from=KEYS)
    name: str | None = fields.text("display name", derived_from=KEYS)
    method: str = fields.text("how the speaker was resolved", derived_from=KEYS)
    evidence: float | None = fields.share("share of its speech in the participant's timeline", derived_from=KEYS)
    runner_up: float | None = fields.share("share of the runner-up", derived_from=KEYS)
    word_count: int | None = fields.count("words of the speaker", derived_from=KEYS)


def speaker_rows(analysis: MeetingAnalysis) -> Iterator[Row]:
    """Rows of `Speakers`: platform ids and corrections only."""
    meeting = analysis.spoken.given
    words: Counter[str] = Counter()
    for utterance in meeting.utterances:
        words[utterance.participant_key] += utterance.word_count
    corrected = {each.speaker_key: each for each in meeting.corrections}
    sources = {
        "participant_events": {each.participant_key for each in meeting.events},
        "speaker_timeline": {each.participant_key for each in meeting.timeline},
        "transcript": {*words},
    }
    for source, keys in sources.items():
        for key in sorted(keys):
            own = None if key.startswith("label:") or key == "unknown" else key
            method = "platform_id" if own else "none"
            correction = corrected.get(key)
            if correction is not None and correction.kind == "assign":
                own, method = correction.target, "correction"
            name = correction.target if correction is not None and correction.kind == "name" else None
            count = words[key] if source == "transcript" else None
            yield meeting.recording_id, source, key, own, name, method, None, None, count
