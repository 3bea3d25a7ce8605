"""How far the numbers about a meeting can be trusted: where its sources disagree, and what had to be mended.

Agreement is measured between sources that tell the same: the speaker timeline, the words of the primary transcript,
and the platform's speech events, each after hygiene. Bots are left out, but for what a transcript has them say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlmodel import Field

from meeting_assets.core.instants import utc
from meeting_assets.metrics.arithmetic import median, ratio, seconds_or_none
from meeting_assets.metrics.lineage import LENGTH, SPEECH
from meeting_assets.metrics.meeting import MeetingInput, Speech
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.speech import Columns, SpokenMeeting, event_speech, implausible_us
from meeting_assets.metrics.timeline.hygiene import clean_speech
from meeting_assets.metrics.timeline.intervals import length_us, microseconds, seconds, shared_us
from meeting_assets.metrics.timeline.speech_segments import Stretches
from meeting_assets.metrics.words import WordTimes
from meeting_assets.schema.columns import KEYED, RecordingRow
from meeting_assets.schema.lineage import derived_from

TIMELINE = ("speaker_timeline.participant_key", "speaker_timeline.start_s", "speaker_timeline.end_s")
SPEECH_EVENTS = ("participant_events.participant_key", "participant_events.action", "participant_events.at_s")
UNITS = ("transcripts.is_primary", "transcript_words.start_s", "transcript_words.end_s")
ARTIFACTS_HASH = ("recordings.recording_id",)
KINDS = (
    "participants",
    "participant_events",
    "speaker_timeline",
    "transcript",
    "provider_data",
    "video_separate",
    "audio_separate",
)
# As the ledger calls them.
HOME, QUARANTINED, REPLACED = "parsed", "quarantined", "superseded"


class DataQuality(RecordingRow, table=True):
    """How well the sources of a meeting agree, and what had to be mended in them.

    Grain: one row per recording.
    """

    __tablename__ = "data_quality"
    __table_args__ = KEYED

    timeline_word_coverage: float | None = Field(
        description="0-1; part of the speaker timeline's speech, by whomever, in which the primary transcript has "
        "words, gaps under ipu_gap_s closed in both; NULL if one of them has no times",
        sa_column_kwargs=derived_from(*TIMELINE, *UNITS, *LENGTH),
    )
    word_timeline_coverage: float | None = Field(
        description="0-1; part of the time with words in which the speaker timeline has speech, as above",
        sa_column_kwargs=derived_from(*TIMELINE, *UNITS, *LENGTH),
    )
    speech_event_agreement: float | None = Field(
        description="0-1; per speaker, speech in both the speaker timeline and the speech events / speech in either, "
        "summed before the division (Jaccard); NULL if one of them has none",
        sa_column_kwargs=derived_from(*TIMELINE, *SPEECH_EVENTS, *LENGTH),
    )
    unattributed_speech_s: float | None = Field(
        description="s; speech of nobody in particular (`unknown`); NULL without a timing source",
        sa_column_kwargs=derived_from(*SPEECH),
    )
    untimed_words: int | None = Field(
        description="timed units of the primary transcript without start or end; NULL without a transcript",
        sa_column_kwargs=derived_from(*UNITS),
    )
    nonpositive_words: int | None = Field(
        description="timed units of the primary transcript that end no later than they start; NULL without a "
        "transcript",
        sa_column_kwargs=derived_from(*UNITS),
    )
    out_of_range_intervals: int | None = Field(
        description="intervals of the timing source that reach out of the recording; NULL without one",
        sa_column_kwargs=derived_from(*SPEECH),
    )
    self_overlap_s: float | None = Field(
        description="s; what one speaker's intervals of the timing source say more than once, inside the recording",
        sa_column_kwargs=derived_from(*SPEECH),
    )
    open_intervals: int | None = Field(
        description="intervals of the timing source without end; NULL without one",
        sa_column_kwargs=derived_from(*SPEECH),
    )
    clock_skew_s: float | None = Field(
        description="s; median over participant events of their clock time - (started_at + seconds from the start); "
        "NULL if none has both",
        sa_column_kwargs=derived_from("participant_events.at", "participant_events.at_s", "recordings.started_at"),
    )
    missing_artifacts: int = Field(
        description="kinds of artifacts, of seven, of which nothing has come home that counts",
        sa_column_kwargs=derived_from(*ARTIFACTS_HASH),
    )
    missing_kinds: str | None = Field(
        description="which kinds are missing, with commas between; NULL if none is",
        sa_column_kwargs=derived_from(*ARTIFACTS_HASH),
    )
    quarantined_artifacts: int = Field(
        description="artifacts whose bytes cannot be read", sa_column_kwargs=derived_from(*ARTIFACTS_HASH)
    )
    turn_rows: int = Field(
        description="rows of turns about this recording", sa_column_kwargs=derived_from(*ARTIFACTS_HASH)
    )
    transition_rows: int = Field(
        description="rows of speaker_transitions about this recording", sa_column_kwargs=derived_from(*ARTIFACTS_HASH)
    )
    window_rows: int = Field(
        description="rows of balance_windows about this recording", sa_column_kwargs=derived_from(*ARTIFACTS_HASH)
    )
    session_rows: int = Field(
        description="rows of attendance about this recording", sa_column_kwargs=derived_from(*ARTIFACTS_HASH)
    )
    person_rows: int | None = Field(
        default=None,
        description="rows of person_metrics about this recording",
        sa_column_kwargs=derived_from(*ARTIFACTS_HASH),
    )
    implausible_duration_s: float | None = Field(
        default=None,
        description="s; what the recording's instants, or its artifacts, say of its duration where that exceeds "
        "longest_meeting_s; duration_s is unknown then; NULL otherwise",
        sa_column_kwargs=derived_from(*LENGTH),
    )


def quality_rows(meeting: SpokenMeeting, words: WordTimes, parameters: Parameters) -> Iterator[Columns]:
    """The row of `DataQuality`, but for how many rows other tables have."""
    given = meeting.given
    has_source, has_words = meeting.timing_source is not None, given.transcript_id is not None
    missing = _missing(given)
    yield {
        **_agreement(meeting, words, microseconds(parameters.ipu_gap_s)),
        "unattributed_speech_s": seconds(meeting.unattributed_us) if has_source else None,
        "untimed_words": words.untimed if has_words else None,
        "nonpositive_words": words.nonpositive if has_words else None,
        "out_of_range_intervals": meeting.clean.clipped_intervals if has_source else None,
        "self_overlap_s": seconds(meeting.clean.self_overlap_us) if has_source else None,
        "open_intervals": meeting.clean.open_intervals if has_source else None,
        "clock_skew_s": seconds_or_none(median(_skews_us(given))),
        "missing_artifacts": len(missing),
        "missing_kinds": ",".join(missing) or None,
        "quarantined_artifacts": sum(status == QUARANTINED for _, status in given.artifacts),
        "implausible_duration_s": seconds_or_none(implausible_us(given, parameters)),
    }


def _agreement(meeting: SpokenMeeting, words: WordTimes, gap_us: int) -> Columns:
    """What the sources say of each other. Inside the recording as its timing source has it."""
    end_us = meeting.clean.duration_us
    bots = meeting.bot_keys
    events = _cleaned(event_speech(meeting.given.events), bots, end_us)
    if meeting.timing_source == "speaker_timeline":
        timeline = meeting.clean.speech
    else:
        timeline = _cleaned(meeting.given.timeline, bots, end_us)
    units = words.spoken(gap_us, 2**62 if end_us is None else end_us)
    segments = timeline.together().joined(gap_us).intervals() if units else []
    both_us = shared_us(segments, units) if segments and units else None
    return {
        "timeline_word_coverage": None if both_us is None else ratio(both_us, length_us(segments)),
        "word_timeline_coverage": None if both_us is None else ratio(both_us, length_us(units)),
        "speech_event_agreement": _jaccard(timeline, events),
    }


def _cleaned(claims: Iterable[Speech], bots: frozenset[str], end_us: int | None) -> Stretches:
    return clean_speech([*claims], bot_keys=bots, duration_us=end_us).speech


def _jaccard(one: Stretches, other: Stretches) -> float | None:
    if not len(one) or not len(other):
        return None
    of_one, of_other = one.by_name(), other.by_name()
    both_us = sum(shared_us(of_one[key], of_other[key]) for key in of_one.keys() & of_other.keys())
    return ratio(both_us, one.length_us() + other.length_us() - both_us)


def _skews_us(meeting: MeetingInput) -> list[int]:
    if meeting.started_at is None:
        return []
    began = utc(meeting.started_at)
    return [microseconds((utc(at) - began).total_seconds() - at_s) for at_s, at in meeting.moments]


def _missing(meeting: MeetingInput) -> list[str]:
    there = {kind for kind, status in meeting.artifacts if status in {HOME, QUARANTINED, REPLACED}}
    return [kind for kind in KINDS if kind not in there]
