"""The table `speech`: the cleaned speech from which all metrics of speech derive."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from operator import gt

from meeting_assets.core.words import word_count
from meeting_assets.metrics.lineage import LATEST_END, RAW_SPEECH
from meeting_assets.metrics.meeting import Word
from meeting_assets.metrics.speech import Row, SpokenMeeting
from meeting_assets.metrics.timeline.intervals import to_seconds
from meeting_assets.metrics.timeline.speech_segments import SpeechSegment, segments_in_order
from meeting_assets.schema import fields
from meeting_assets.schema.columns import KEYED, RecordingRow


class SpeechRows(RecordingRow, table=True):
    """The speech of the timing source after hygiene, without bots.

    Grain: one row per (recording, uninterrupted interval of one speaker's speech).
    """

    __tablename__ = "speech"
    __table_args__ = KEYED

    segment_index: int = fields.position("by start, end and speaker", primary_key=True, derived_from=RAW_SPEECH)
    participant_key: str = fields.text(
        "the participant; for unresolved speakers `label:` and the label, or `unknown`",
        derived_from=RAW_SPEECH,
    )
    start_s: float = fields.seconds("from the start of the recording", derived_from=RAW_SPEECH)
    end_s: float = fields.seconds("from the start of the recording", derived_from=(*RAW_SPEECH, *LATEST_END))
    source: str = fields.text(
        "timing source of the recording: speaker_timeline, words, speech_events or audio", derived_from=RAW_SPEECH
    )
    word_count: int | None = fields.count(
        "words of the primary transcript that the speaker starts in the segment; NULL without a transcript",
        derived_from=(*RAW_SPEECH, "transcript_words.text"),
    )


def segment_rows(meeting: SpokenMeeting) -> Iterator[Row]:
    """Rows of `SpeechRows`, in column order."""
    given = meeting.given
    segments = segments_in_order(meeting.clean.speech)
    counts = _word_counts(segments, given.words) if given.transcript_id is not None else [None] * len(segments)
    for index, (segment, count) in enumerate(zip(segments, counts, strict=True)):
        start_s, end_s = to_seconds(segment.start_us), to_seconds(segment.end_us)
        yield given.recording_id, index, segment.speaker, start_s, end_s, meeting.timing_source, count


def _word_counts(segments: Iterable[SpeechSegment], words: Sequence[Word]) -> list[int]:
    """The number of words that each segment's speaker starts in the segment."""
    # perf: a meeting has far fewer different texts than words (benchmarks metrics)
    words_in = {text: word_count(text) for text in {word[3] for word in words}}
    by_speaker: dict[str, tuple[Sequence[float], Sequence[int]]] = {}
    for speaker, (starts, texts) in _by_speaker(words).items():
        by_speaker[speaker] = _in_order(starts, [words_in[text] for text in texts])
    counts = []
    for start_us, end_us, speaker in segments:
        starts_s, totals = by_speaker.get(speaker, ((), (0,)))
        # Times of words may be finer than a microsecond.
        first = bisect_left(starts_s, to_seconds(start_us) - 5e-7)
        last = bisect_left(starts_s, to_seconds(end_us) - 5e-7)
        counts.append(totals[last] - totals[first])
    return counts


def _by_speaker(words: Iterable[Word]) -> Mapping[str, tuple[list[float], list[str]]]:
    """Starts and texts of each speaker's timed units."""
    timed: dict[str, tuple[list[float], list[str]]] = defaultdict(lambda: ([], []))
    for speaker, start_s, _, text in words:
        if start_s is not None:
            starts, texts = timed[speaker]
            starts.append(start_s)
            texts.append(text)
    return timed


def _in_order(starts: list[float], counts: list[int]) -> tuple[Sequence[float], Sequence[int]]:
    """The starts in order, and the number of words before each start and in total."""
    if any(map(gt, starts, starts[1:])):
        order = sorted(range(len(starts)), key=starts.__getitem__)
        starts, counts = [starts[index] for index in order], [counts[index] for index in order]
    return starts, list(accumulate(counts, initial=0))
