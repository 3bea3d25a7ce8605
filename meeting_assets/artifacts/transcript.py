"""Transcripts: who said what, in utterances and timed units. A recording may have several transcripts.

One of them is *primary*: among those with at least one word the one created last, ties by the larger id.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Update, bindparam, func, select, update
from sqlmodel import Field, col

from meeting_assets.artifacts.artifact import OF_RECORDING, Artifact, Row, Rows, Source
from meeting_assets.artifacts.wire import Offset, Speaker, participant_key
from meeting_assets.core.words import is_unspaced, word_count
from meeting_assets.schema.columns import KEYED, Instant, Integer64, RecordingRow, Uuid
from meeting_assets.schema.lineage import derived_from


class Word(msgspec.Struct, frozen=True, gc=False):
    """One timed unit: a word, or with platform captions a whole utterance. Times may be null or missing."""

    text: str
    start_timestamp: Offset | None = None
    end_timestamp: Offset | None = None


class Entry(msgspec.Struct, frozen=True):
    """One utterance. The clock times of words are left where they are: they repeat what `relative` says."""

    participant: Speaker
    words: list[Word]
    language_code: str | None = None


WORD_TIMES = ("[].words[].start_timestamp.relative", "[].words[].end_timestamp.relative")


class Transcripts(RecordingRow, table=True):
    """The transcripts that could be read.

    Grain: one row per (recording, transcript).
    """

    __tablename__ = "transcripts"
    __table_args__ = KEYED

    transcript_id: str = Field(
        sa_type=Uuid,
        primary_key=True,
        description="the API's id of the transcript",
        sa_column_kwargs=derived_from("artifact_id"),
    )
    provider: str | None = Field(
        description="who made it: the API's provider key", sa_column_kwargs=derived_from("provider")
    )
    language_codes: str | None = Field(
        description="comma-separated, in order of appearance", sa_column_kwargs=derived_from("[].language_code")
    )
    created_at: datetime | None = Field(
        sa_type=Instant, description="when it was asked for", sa_column_kwargs=derived_from("created_at")
    )
    is_primary: bool = Field(
        description="whether the metrics take words from it",
        sa_column_kwargs=derived_from("created_at", "artifact_id", "[].words[].text"),
    )
    is_unspaced: bool = Field(
        description="whether its script puts no blanks between words", sa_column_kwargs=derived_from("[].words[].text")
    )
    utterance_count: int = Field(description="its utterances", sa_column_kwargs=derived_from("[]"))
    timed_unit_count: int = Field(
        description="elements of words[] in all utterances", sa_column_kwargs=derived_from("[].words[]")
    )
    word_count: int = Field(
        description="runs of non-blank characters with a letter or digit",
        sa_column_kwargs=derived_from("[].words[].text"),
    )


class TranscriptUtterances(RecordingRow, table=True):
    """Who said what at a stretch.

    Grain: one row per (recording, transcript, utterance).
    """

    __tablename__ = "transcript_utterances"
    __table_args__ = KEYED

    transcript_id: str = Field(
        sa_type=Uuid,
        primary_key=True,
        description="the API's id of the transcript",
        sa_column_kwargs=derived_from("artifact_id"),
    )
    utterance_index: int = Field(
        primary_key=True, description="0-based, in the order of the payload", sa_column_kwargs=derived_from("[]")
    )
    participant_key: str = Field(
        description="who: the id as text, else `label:` with the name, else `unknown`",
        sa_column_kwargs=derived_from("[].participant.id", "[].participant.name"),
    )
    participant_id: int | None = Field(
        sa_type=Integer64,
        description="as the API says; NULL under machine diarization",
        sa_column_kwargs=derived_from("[].participant.id"),
    )
    speaker_name: str | None = Field(
        description="display name or diarization label", sa_column_kwargs=derived_from("[].participant.name")
    )
    language_code: str | None = Field(
        description="as the provider names it", sa_column_kwargs=derived_from("[].language_code")
    )
    start_s: float | None = Field(
        description="earliest time of its words; NULL if none is timed", sa_column_kwargs=derived_from(*WORD_TIMES)
    )
    end_s: float | None = Field(
        description="latest time of its words; NULL if none is timed", sa_column_kwargs=derived_from(*WORD_TIMES)
    )
    word_count: int = Field(
        description="runs of non-blank characters with a letter or digit",
        sa_column_kwargs=derived_from("[].words[].text"),
    )
    text: str = Field(description="its words, joined with blanks", sa_column_kwargs=derived_from("[].words[].text"))


class TranscriptWords(RecordingRow, table=True):
    """The timed units of a transcript, mostly words.

    Grain: one row per (recording, transcript, element of words[]).
    """

    __tablename__ = "transcript_words"
    __table_args__ = KEYED

    transcript_id: str = Field(
        sa_type=Uuid,
        primary_key=True,
        description="the API's id of the transcript",
        sa_column_kwargs=derived_from("artifact_id"),
    )
    word_index: int = Field(
        primary_key=True,
        description="0-based, through the whole transcript",
        sa_column_kwargs=derived_from("[].words[]"),
    )
    utterance_index: int = Field(description="the utterance it is in, 0-based", sa_column_kwargs=derived_from("[]"))
    participant_key: str = Field(
        description="who: the id as text, else `label:` with the name, else `unknown`",
        sa_column_kwargs=derived_from("[].participant.id", "[].participant.name"),
    )
    start_s: float | None = Field(
        description="seconds from the start of the recording, as given",
        sa_column_kwargs=derived_from("[].words[].start_timestamp.relative"),
    )
    end_s: float | None = Field(
        description="seconds from the start of the recording, as given",
        sa_column_kwargs=derived_from("[].words[].end_timestamp.relative"),
    )
    text: str = Field(
        description="a word, or with platform captions a whole utterance",
        sa_column_kwargs=derived_from("[].words[].text"),
    )


def transcript_rows(entries: Sequence[Entry], source: Source) -> Rows:
    """Rows of `Transcripts`, `TranscriptUtterances` and `TranscriptWords`, in one pass; `[]` is one row of zeros."""
    recording_id, transcript_id = source.recording_id, source.artifact_id
    utterances: list[Row] = []
    words: list[Row] = []
    for index, entry in enumerate(entries):
        speaker = entry.participant
        key = participant_key(speaker.id, speaker.name)
        times: list[float | None] = []
        for word_index, word in enumerate(entry.words, len(words)):
            # The hot path: no call per word but these.
            start, end = word.start_timestamp, word.end_timestamp
            start_s = None if start is None else start.relative
            end_s = None if end is None else end.relative
            times += (start_s, end_s)
            words.append((recording_id, transcript_id, word_index, index, key, start_s, end_s, word.text))
        text = " ".join([word.text for word in entry.words])
        first_s, last_s = _ends(times)
        utterances.append(
            (
                recording_id,
                transcript_id,
                index,
                key,
                speaker.id,
                speaker.name,
                entry.language_code,
                first_s,
                last_s,
                word_count(text),
                text,
            )
        )
    return Rows(([_summary(entries, utterances, len(words), source)], utterances, words))


def _ends(times_s: list[float | None]) -> tuple[float | None, float | None]:
    """The earliest and the latest of some times, without those that are not known."""
    try:
        return min(times_s), max(times_s)  # type: ignore[type-var]
    except (TypeError, ValueError):
        known = [each for each in times_s if each is not None]
        return min(known, default=None), max(known, default=None)


def _summary(entries: Sequence[Entry], utterances: Sequence[Row], timed_units: int, source: Source) -> Row:
    languages = dict.fromkeys(entry.language_code for entry in entries if entry.language_code)
    return (
        source.recording_id,
        source.artifact_id,
        source.provider,
        ",".join(languages) or None,
        source.created_at,
        False,  # `_primary_marked` decides, once it knows all transcripts of the recording
        is_unspaced(" ".join(row[-1] for row in utterances)),
        len(utterances),
        timed_units,
        sum(row[-2] for row in utterances),
    )


def _primary_marked() -> Update:
    """Marks a recording's primary transcript, and no other."""
    of_recording = col(Transcripts.recording_id) == bindparam(OF_RECORDING)
    primary = (
        select(col(Transcripts.transcript_id))
        .where(of_recording, col(Transcripts.word_count) > 0)
        .order_by(col(Transcripts.created_at).desc().nulls_last(), col(Transcripts.transcript_id).desc())
        .limit(1)
        .scalar_subquery()
    )
    is_primary = func.coalesce(col(Transcripts.transcript_id) == primary, False)
    return (
        update(Transcripts).where(of_recording, col(Transcripts.is_primary) != is_primary).values(is_primary=is_primary)
    )


ARTIFACT = Artifact(
    kind="transcript",
    description="Who said what: utterances and timed words, of every transcript of the recording.",
    collection="transcript",
    url=lambda data: data.download_url,
    wire=list[Entry],
    tables=(Transcripts, TranscriptUtterances, TranscriptWords),
    rows=transcript_rows,
    parser_version="2",
    id_column="transcript_id",
    # Put together once: that takes longer than doing it.
    settling=(_primary_marked(),),
    counted_in={TranscriptUtterances: col(Transcripts.utterance_count)},
)
