"""The table `speech`: the cleaned speech from which all metrics of speech derive."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from operator import itemgetter

from meeting_assets.core.words import word_count
from meeting_assets.metrics.lineage import LATEST_END, RAW_SPEECH
from meeting_assets.metrics.meeting import Word
from meeting_assets.metrics.speech import Row, SpokenMeeting
from meeting_assets.metrics.timeline.intervals import to_seconds
from meeting_assets.metrics.timeline.speech_segments import SpeechSegment, segments_in_order
from meeting_assets.schema import fields
from meeting_assets.schema.columns import KEYED, RecordingRow


class SpeechSegments(RecordingRow, table=True):
    """The speech of the timing source after hygiene, without bots.

    Grain: one row per (recording, uninterrupted interval of one speaker's speech).
    """

    __tablename__ = "speech"
    __table_args__ = KEYED

    segment_index: int = fields.position("by start, end and speaker", primary_key=True, derived_from=RAW_SPEECH)
    participant_key: str = fields.text(
        "the participant; for unresolved speakers `label:` and the label, or `unknown`",
        index=True,
        derived_from=RAW_SPEECH,
    )
    start_s: float = fields.seconds("from the start of the recording", derived_from=RAW_SPEECH)
    end_s: float = fields.seconds("from the start of the recording", derived_from=(*RAW_SPEECH, *LATEST_END))
    source: str = fields.text(
        "timing source of the recording: speaker_timeline, words or speech_events", derived_from=RAW_SPEECH
    )
    word_count: int | None = fields.count(
        "words of the primary transcript that the speaker starts in the segment; NULL without a transcript",
        derived_from=(*RAW_SPEECH, "transcript_words.text"),
    )


def segment_rows(meeting: SpokenMeeting) -> Iterator[Row]:
    """Rows of `SpeechSegments`, in column order."""
    given = meeting.given
    segments = segments_in_order(meeting.clean.speech)
    counts = _word_counts(segments, given.words) if given.transcript_id is not None else [None] * len(segments)
    for index, (segment, count) in enumerate(zip(segments, counts, strict=True)):
        start_s, end_s = to_seconds(segment.start_us), to_seconds(segment.end_us)
        yield given.recording_id, index, segment.speaker, start_s, end_s, meeting.timing_source, count


def _word_counts(segments: Iterable[SpeechSegment], words: Iterable[Word]) -> list[int]:
    """The number of words that each segment's speaker starts in the segment."""
    by_speaker = {speaker: _cumulative(own) for speaker, own in _by_speaker(words).items()}
    counts = []
    for start_us, end_us, speaker in segments:
        starts, totals = by_speaker.get(speaker, ((), (0,)))
        # Times of words may be finer than a microsecond.
        first, last = (bisect_left(starts, to_seconds(edge_us) - 5e-7) for edge_us in (start_us, end_us))
        counts.append(totals[last] - totals[first])
    return counts


def _by_speaker(words: Iterable[Word]) -> Mapping[str, list[tuple[float, str]]]:
    """Start and text of each speaker's timed units, in order."""
    timed: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for speaker, start_s, _, text in words:
        if start_s is not None:
            timed[speaker].append((start_s, text))
    for own in timed.values():
        own.sort(key=itemgetter(0))
    return timed


def _cumulative(units: Iterable[tuple[float, str]]) -> tuple[list[float], list[int]]:
    """The starts of the units, and the number of words before each unit and after the last one."""
    starts, texts = zip(*units, strict=True)
    # perf: most units are one word, which is cheaper to see than to count (benchmarks metrics)
    counts = [1 if text.isalnum() else word_count(text) for text in texts]
    return list(starts), list(accumulate(counts, initial=0))
