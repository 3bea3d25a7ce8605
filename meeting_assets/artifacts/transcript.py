"""Transcripts: utterances with speaker and text, and their timed words. A recording may have several transcripts.

The *primary* transcript is the last created one with at least one word; of several created at once, the one with the
largest id.

A transcript's *attribution* is how it names its speakers, which depends on Recall.ai's diarization:

    platform   participant ids (of at least one entry)
    voices     names such as `200-0`: voice 0 at the device of participant 200 (hybrid diarization)
    labels     other names, such as `Speaker A` (machine diarization)
    none       neither ids nor names
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Update, bindparam, func, select, update
from sqlmodel import col

from meeting_assets.artifacts.artifact import OF_RECORDING, Artifact, Row, Rows, Source
from meeting_assets.artifacts.wire import Offset, Speaker, participant_key
from meeting_assets.core.speaker_keys import LABEL_PREFIX, LABELS, NONE, PLATFORM, UNKNOWN, VOICES, key_of_voice
from meeting_assets.core.words import is_unspaced, word_count
from meeting_assets.schema import fields
from meeting_assets.schema.columns import KEYED, RecordingRow


class Word(msgspec.Struct, frozen=True, gc=False):
    """One timed unit: a word, or a whole utterance of platform captions. Times may be null or missing."""

    text: str
    start_timestamp: Offset | None = None
    end_timestamp: Offset | None = None


class Entry(msgspec.Struct, frozen=True):
    """One utterance. The absolute times of its words are not decoded; they repeat the relative times."""

    participant: Speaker
    words: list[Word]
    language_code: str | None = None


WORD_TIMES = ("[].words[].start_timestamp.relative", "[].words[].end_timestamp.relative")
WORD_TEXT = "[].words[].text"
SPEAKER = ("[].participant.id", "[].participant.name")


class TranscriptRow(RecordingRow):
    """The base class of rows about one transcript; recording and transcript are the first parts of the key."""

    transcript_id: str = fields.uuid("the API's id of the transcript", primary_key=True, derived_from="artifact_id")


class Transcripts(TranscriptRow, table=True):
    """The parsed transcripts.

    Grain: one row per (recording, transcript).
    """

    __tablename__ = "transcripts"
    __table_args__ = KEYED

    provider: str | None = fields.text("the API's key of the transcription provider", derived_from="provider")
    language_codes: str | None = fields.text("comma-separated, in order of appearance", derived_from="[].language_code")
    created_at: datetime | None = fields.instant("when the transcript was created", derived_from="created_at")
    is_primary: bool = fields.flag(
        "whether the metrics take words from this transcript", derived_from=("created_at", "artifact_id", WORD_TEXT)
    )
    attribution: str | None = fields.text(
        "how it names its speakers: platform (ids), voices (`200-0`: voice 0 at the device of participant 200), labels "
        "(other names) or none",
        derived_from=SPEAKER,
    )
    is_unspaced: bool = fields.flag("whether its script writes no blanks between words", derived_from=WORD_TEXT)
    utterance_count: int = fields.count("utterances of the transcript", derived_from="[]")
    timed_unit_count: int = fields.count("elements of words[] in all utterances", derived_from="[].words[]")
    word_count: int = fields.count("runs of non-blank characters with a letter or digit", derived_from=WORD_TEXT)


class TranscriptUtterances(TranscriptRow, table=True):
    """The utterances of a transcript: consecutive words of one speaker.

    Grain: one row per (recording, transcript, utterance).
    """

    __tablename__ = "transcript_utterances"
    __table_args__ = KEYED

    utterance_index: int = fields.position("in the order of the payload", primary_key=True, derived_from="[]")
    participant_key: str = fields.participant_key("[].participant")
    participant_id: int | None = fields.participant_id("[].participant")
    speaker_name: str | None = fields.text("display name or diarization label", derived_from="[].participant.name")
    voice: str | None = fields.text(
        "name of a voice at a participant's device, such as `200-0`, where transcripts.attribution is voices",
        derived_from=SPEAKER,
    )
    language_code: str | None = fields.text("as given by the provider", derived_from="[].language_code")
    start_s: float | None = fields.seconds(
        "earliest time of its words; NULL if none has a time", derived_from=WORD_TIMES
    )
    end_s: float | None = fields.seconds("latest time of its words; NULL if none has a time", derived_from=WORD_TIMES)
    word_count: int = fields.count("runs of non-blank characters with a letter or digit", derived_from=WORD_TEXT)
    text: str = fields.text("its words, joined with blanks", derived_from=WORD_TEXT)


class TranscriptWords(TranscriptRow, table=True):
    """The timed units of a transcript, mostly words.

    Grain: one row per (recording, transcript, element of words[]).
    """

    __tablename__ = "transcript_words"
    __table_args__ = KEYED

    word_index: int = fields.position("through the whole transcript", primary_key=True, derived_from="[].words[]")
    utterance_index: int = fields.position("of the utterance that contains the word", derived_from="[]")
    participant_key: str = fields.participant_key("[].participant")
    voice: str | None = fields.text(
        "name of a voice at a participant's device, such as `200-0`, where transcripts.attribution is voices",
        derived_from=SPEAKER,
    )
    start_s: float | None = fields.seconds(
        "from the start of the recording, as given", derived_from="[].words[].start_timestamp.relative"
    )
    end_s: float | None = fields.seconds(
        "from the start of the recording, as given", derived_from="[].words[].end_timestamp.relative"
    )
    text: str = fields.text("a word; with platform captions a whole utterance", derived_from=WORD_TEXT)


def transcript_rows(entries: Sequence[Entry], source: Source) -> Rows:
    """Returns the rows of `Transcripts`, `TranscriptUtterances` and `TranscriptWords`; `[]` gives one row of zeros."""
    recording_id, transcript_id = source.recording_id, source.artifact_id
    utterances: list[Row] = []
    words: list[Row] = []
    keys = {each: participant_key(each.id, each.name) for each in {entry.participant for entry in entries}}
    attribution = attribution_of(keys)
    for index, entry in enumerate(entries):
        speaker = entry.participant
        key = keys[speaker]
        voice = key.removeprefix(LABEL_PREFIX) if attribution == VOICES and key != UNKNOWN else None
        times: list[float | None] = []
        for word_index, word in enumerate(entry.words, len(words)):
            # perf: this loop runs once per word and calls no functions of its own (benchmarks load)
            start, end = word.start_timestamp, word.end_timestamp
            start_s = None if start is None else start.relative
            end_s = None if end is None else end.relative
            times += (start_s, end_s)
            words.append((recording_id, transcript_id, word_index, index, key, voice, start_s, end_s, word.text))
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
                voice,
                entry.language_code,
                first_s,
                last_s,
                word_count(text),
                text,
            )
        )
    return Rows(([_summary(entries, utterances, len(words), attribution, source)], utterances, words))


def _ends(times_s: list[float | None]) -> tuple[float | None, float | None]:
    """Returns the earliest and the latest time; None if no time is known."""
    try:
        return min(times_s), max(times_s)  # type: ignore[type-var]
    except (TypeError, ValueError):
        known = [each for each in times_s if each is not None]
        return min(known, default=None), max(known, default=None)


def attribution_of(keys: Mapping[Speaker, str]) -> str:
    """Returns how a transcript names its speakers, given the key of each speaker.

    >>> attribution_of({Speaker(None, "200-0"): "label:200-0", Speaker(None, None): "unknown"})
    'voices'
    """
    if any(speaker.id is not None for speaker in keys):
        return PLATFORM
    labels = [key for key in keys.values() if key != UNKNOWN]
    if not labels:
        return NONE
    return VOICES if all(map(key_of_voice, labels)) else LABELS


def _summary(
    entries: Sequence[Entry], utterances: Sequence[Row], timed_units: int, attribution: str, source: Source
) -> Row:
    languages = dict.fromkeys(entry.language_code for entry in entries if entry.language_code)
    return (
        source.recording_id,
        source.artifact_id,
        source.provider,
        ",".join(languages) or None,
        source.created_at,
        False,  # `_update_primary` sets it after all transcripts of the recording are loaded
        attribution,
        is_unspaced(" ".join(row[-1] for row in utterances)),
        len(utterances),
        timed_units,
        sum(row[-2] for row in utterances),
    )


def _update_primary() -> Update:
    """Returns the statement that sets `is_primary` of a recording's transcripts."""
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
    description="Utterances and timed words of every transcript of the recording.",
    collection="transcript",
    wire=list[Entry],
    tables=(Transcripts, TranscriptUtterances, TranscriptWords),
    rows=transcript_rows,
    parser_version="3",
    id_column="transcript_id",
    # perf: building this statement takes longer than executing it (benchmarks load)
    post_load=(_update_primary(),),
    row_count_source={TranscriptUtterances: col(Transcripts.utterance_count)},
)
