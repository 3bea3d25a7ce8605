"""Data quality: agreement between the sources of a meeting, and the repairs that they needed.

Sources that state the same fact are compared: the speaker timeline, the words of the primary transcript, and the
platform's speech events, each after hygiene. Bots are left out, except for their words in the transcript. The
separate audio is compared in `audio_agreement`.

    timeline   ━━━━━━━━━━        ━━━━━━        timeline_word_coverage = (a + b) / length of the timeline
    words        ━━━━━━━━━━━━━━    ━━━━        word_timeline_coverage = (a + b) / length of the words
                 └── a ──┘         └ b ┘

Both sides are unions of intervals of whole microseconds, so the order of the words changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from meeting_assets.core.instants import utc
from meeting_assets.metrics.analysis import MeetingAnalysis
from meeting_assets.metrics.arithmetic import median, ratio, seconds_or_none
from meeting_assets.metrics.audio_agreement import AudioAgreement, audio_agreement
from meeting_assets.metrics.lineage import LENGTH, REPAIRS, SPEECH, STREAMS
from meeting_assets.metrics.meeting import MeetingInput, RawSegment, Word
from meeting_assets.metrics.speech import Columns, SpokenMeeting, event_speech, implausible_us
from meeting_assets.metrics.timeline.hygiene import clean_speech
from meeting_assets.metrics.timeline.intervals import (
    Interval,
    bridged,
    clipped,
    intersection_us,
    length_us,
    to_microseconds,
    to_seconds,
    union,
)
from meeting_assets.metrics.timeline.speech_segments import SpeechBySpeaker
from meeting_assets.schema import fields
from meeting_assets.schema.columns import KEYED, RecordingRow

TIMELINE = ("speaker_timeline.participant_key", "speaker_timeline.start_s", "speaker_timeline.end_s")
SPEECH_EVENTS = ("participant_events.participant_key", "participant_events.action", "participant_events.at_s")
UNITS = ("transcripts.is_primary", "transcript_words.start_s", "transcript_words.end_s")
LEDGER = ("recordings.recording_id",)
# States of the ledger; an artifact in one of the others is missing.
PARSED, QUARANTINED, SUPERSEDED = "parsed", "quarantined", "superseded"

MEASURED_KINDS = ("participants", "participant_events", "speaker_timeline", "transcript")
"""The kinds of artifacts on which numbers of a meeting depend."""
LEAST_COVERAGE = 0.5
"""Lower values of both coverages are doubtful: data checks and pages name the meeting."""
LEAST_AGREEMENT = 0.8
"""Lower values of `speech_event_agreement` are doubtful."""
LARGEST_SKEW_S = 5.0
"""Larger absolute values of `clock_skew_s` are doubtful, in seconds."""


class _SourceQuality(RecordingRow):
    timeline_word_coverage: float | None = fields.share(
        "part of the speaker timeline's speech, of any speaker, in which the primary transcript has words, gaps under "
        "ipu_gap_s closed in both; NULL if one of them has no times",
        derived_from=(*TIMELINE, *UNITS, *LENGTH),
    )
    word_timeline_coverage: float | None = fields.share(
        "part of the time with words in which the speaker timeline has speech, as above",
        derived_from=(*TIMELINE, *UNITS, *LENGTH),
    )
    is_single_stream: bool | None = fields.flag(
        "whether the timing source cannot show overlap: caption words, or at least 30 minutes of speech of two or more "
        "speakers with less than 0.01 s of overlap per minute; NULL without a timing source",
        derived_from=(*SPEECH, *STREAMS),
    )
    speech_event_agreement: float | None = fields.share(
        "per speaker, speech in both the speaker timeline and the speech events / speech in either, summed before the "
        "division (Jaccard); NULL if one of them has none",
        derived_from=(*TIMELINE, *SPEECH_EVENTS, *LENGTH),
    )
    unattributed_speech_s: float | None = fields.seconds(
        "speech without any label (`unknown`); NULL without a timing source", derived_from=SPEECH
    )
    untimed_words: int | None = fields.count(
        "timed units of the primary transcript without start or end; NULL without a transcript", derived_from=UNITS
    )
    nonpositive_words: int | None = fields.count(
        "timed units of the primary transcript that end no later than they start; NULL without a transcript",
        derived_from=UNITS,
    )
    out_of_range_intervals: int | None = fields.count(
        "intervals of the timing source that reach out of the recording; NULL without one", derived_from=REPAIRS
    )
    self_overlap_s: float | None = fields.seconds(
        "speech inside the recording that more than one interval of the same speaker covers, beyond the first",
        derived_from=REPAIRS,
    )
    open_intervals: int | None = fields.count(
        "intervals of the timing source without end; NULL without one", derived_from=REPAIRS
    )
    clock_skew_s: float | None = fields.seconds(
        "median over participant events of their clock time - (started_at + seconds from the start); NULL if none has "
        "both",
        derived_from=("participant_events.at", "participant_events.at_s", "recordings.started_at"),
    )
    missing_artifacts: int = fields.count("kinds of artifacts without parsed or quarantined bytes", derived_from=LEDGER)
    missing_kinds: str | None = fields.text(
        "the missing kinds, with commas between; NULL if none is missing", derived_from=LEDGER
    )
    quarantined_artifacts: int = fields.count("artifacts whose bytes cannot be read", derived_from=LEDGER)
    turn_rows: int = fields.count("rows of turns about this recording", derived_from=LEDGER)
    transition_rows: int = fields.count("rows of speaker_transitions about this recording", derived_from=LEDGER)
    window_rows: int = fields.count("rows of balance_windows about this recording", derived_from=LEDGER)
    session_rows: int = fields.count("rows of attendance about this recording", derived_from=LEDGER)
    person_rows: int | None = fields.count("rows of person_metrics about this recording", derived_from=LEDGER)
    speaker_rows: int | None = fields.count("rows of speakers about this recording", derived_from=LEDGER)
    speech_rows: int | None = fields.count("rows of speech about this recording", derived_from=LEDGER)
    attributed_word_share: float | None = fields.share(
        "part of the words of the primary transcript whose speaker is a participant or a bot; NULL without words",
        derived_from=("speakers.participant_key", "speakers.word_count"),
    )
    implausible_duration_s: float | None = fields.seconds(
        "duration by the recording's instants, or its artifacts, if it exceeds longest_meeting_s; duration_s is "
        "unknown then; NULL otherwise",
        derived_from=LENGTH,
    )
    modified_at: datetime | None = fields.instant("when another column last changed", derived_from=())


class DataQuality(AudioAgreement, _SourceQuality, table=True):
    """Agreement between the sources of a meeting, and the repairs that they needed.

    Grain: one row per recording.
    """

    __tablename__ = "data_quality"
    __table_args__ = KEYED


def quality_rows(meeting: MeetingAnalysis) -> Iterator[Columns]:
    """The row of `DataQuality`, without the row counts of other tables; the caller that stores it sets the time."""
    spoken, words = meeting.spoken, _timed_units(meeting.spoken.given.words)
    given, clean = spoken.given, spoken.clean
    has_source, has_words = spoken.timing_source is not None, given.transcript_id is not None
    missing = _missing_kinds(given)
    yield {
        **_agreement(spoken, words.intervals, to_microseconds(meeting.parameters.ipu_gap_s)),
        "is_single_stream": spoken.is_single_stream if has_source else None,
        "unattributed_speech_s": to_seconds(spoken.unattributed_us) if has_source else None,
        "untimed_words": words.untimed if has_words else None,
        "nonpositive_words": words.nonpositive if has_words else None,
        "out_of_range_intervals": clean.clipped_intervals if has_source else None,
        "self_overlap_s": to_seconds(clean.self_overlap_us) if has_source else None,
        "open_intervals": clean.open_intervals if has_source else None,
        "clock_skew_s": seconds_or_none(median(_skews_us(given))),
        "missing_artifacts": len(missing),
        "missing_kinds": ",".join(missing) or None,
        "quarantined_artifacts": sum(status == QUARANTINED for _, status in given.artifacts),
        "attributed_word_share": spoken.attributed_word_share,
        "implausible_duration_s": seconds_or_none(implausible_us(given, meeting.parameters)),
        "modified_at": None,
    }


@dataclass(frozen=True, slots=True)
class _TimedUnits:
    """The timed units of a transcript as intervals, and the number of units that are no intervals."""

    intervals: list[Interval]
    """Of any speaker, as given: not in order, and overlapping."""
    untimed: int
    nonpositive: int


def _timed_units(words: Iterable[Word]) -> _TimedUnits:
    untimed = nonpositive = 0
    touching: list[tuple[float, float]] = []
    start, end = 0.0, 0.0
    for _, start_s, end_s, _ in words:
        if start_s is None or end_s is None:
            untimed += 1
        elif end_s <= start_s:
            nonpositive += 1
        elif start_s == end:
            # perf: most words touch the one before, and rounding costs more than this comparison
            end = end_s
        else:
            touching.append((start, end))
            start, end = start_s, end_s
    touching.append((start, end))
    intervals = [(to_microseconds(first_s), to_microseconds(last_s)) for first_s, last_s in touching]
    return _TimedUnits([each for each in intervals if each[0] < each[1]], untimed, nonpositive)


def _agreement(meeting: SpokenMeeting, words: Iterable[Interval], gap_us: int) -> Columns:
    """Agreement of the sources inside the recording, whose end the timing source decides."""
    end_us = meeting.clean.duration_us
    events = _cleaned(event_speech(meeting.given.events), meeting.bot_keys, end_us)
    if meeting.timing_source == "speaker_timeline":
        timeline = meeting.clean.speech
    else:
        timeline = _cleaned(meeting.given.timeline, meeting.bot_keys, end_us)
    latest_us = 2**62 if end_us is None else end_us
    with_words = clipped(bridged(union(words), gap_us), start=0, end=latest_us)
    with_speech = bridged(union(chain.from_iterable(timeline.values())), gap_us) if with_words else []
    both_us = intersection_us(with_speech, with_words) if with_speech and with_words else None
    return {
        "timeline_word_coverage": None if both_us is None else ratio(both_us, length_us(with_speech)),
        "word_timeline_coverage": None if both_us is None else ratio(both_us, length_us(with_words)),
        "speech_event_agreement": _jaccard(timeline, events),
        **audio_agreement(meeting, timeline, gap_us),
    }


def _cleaned(segments: Iterable[RawSegment], bot_keys: frozenset[str], end_us: int | None) -> SpeechBySpeaker:
    return clean_speech(segments, bot_keys=bot_keys, duration_us=end_us).speech


def _jaccard(one: SpeechBySpeaker, other: SpeechBySpeaker) -> float | None:
    """Speech in both / speech in either, per speaker and summed; None if one has no speech."""
    if not one or not other:
        return None
    both_us = sum(intersection_us(one[speaker], other[speaker]) for speaker in one.keys() & other.keys())
    either_us = sum(map(length_us, (*one.values(), *other.values()))) - both_us
    return ratio(both_us, either_us)


def _skews_us(meeting: MeetingInput) -> list[int]:
    if meeting.started_at is None:
        return []
    started_at = utc(meeting.started_at)
    return [to_microseconds((utc(at) - started_at).total_seconds() - at_s) for at_s, at in meeting.clock_readings]


def _missing_kinds(meeting: MeetingInput) -> list[str]:
    present = {kind for kind, status in meeting.artifacts if status in {PARSED, QUARANTINED, SUPERSEDED}}
    return [kind for kind in meeting.artifact_kinds if kind not in present]
