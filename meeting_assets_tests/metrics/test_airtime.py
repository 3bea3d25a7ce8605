from __future__ import annotations

from dataclasses import replace

import pytest

from meeting_assets.metrics.airtime import MeetingAirtime, ParticipantAirtime, meeting_airtime, participant_airtime
from meeting_assets.metrics.meeting import Utterance
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.speech import spoken_meeting
from meeting_assets_tests.support.meeting_builder import (
    TRANSCRIPT_ID,
    Metrics,
    attendees,
    bot,
    meeting_of,
    metrics_of,
    said,
    word,
)

SPEECH_COLUMNS = [
    "span_s",
    "speech_s",
    "silence_s",
    "silence_ratio",
    "longest_silence_s",
    "overlap_s",
    "overlap_ratio",
    "overlap_ratio_span",
    "bot_speech_s",
    "unattributed_speech_s",
    "gini_talk",
    "gini_talk_attendees",
    "entropy_talk",
    "dominance",
    "silent_participants",
    "dropped_intervals",
    "open_intervals",
    "clipped_intervals",
    "timing_source",
]


def worded(*utterances: tuple[str, int], is_unspaced: bool = False) -> Metrics:
    """Ann speaks 30 s, Bo 5 s, both with words."""
    return metrics_of(
        meeting_of(
            said("ann", 0, 30),
            said("bo", 40, 45),
            attendees=attendees("ann", "bo"),
            transcript_id=TRANSCRIPT_ID,
            utterances=[Utterance(key, None, word_count) for key, word_count in utterances],
            is_unspaced=is_unspaced,
        )
    )


def column(metrics: Metrics, name: str) -> dict[str, object]:
    return {key: row[name] for key, row in metrics.participants.items()}


def test_overlapping_speakers_share_the_floor() -> None:
    metrics = metrics_of(meeting_of(said("ann", 10, 40), said("bo", 30, 60), said("ann", 80, 90)))

    assert column(metrics, "talk_time_s") == {"ann": 40, "bo": 30}
    assert column(metrics, "solo_talk_s") == {"ann": 30, "bo": 20}
    assert column(metrics, "overlapped_talk_s") == {"ann": 10, "bo": 10}
    assert column(metrics, "talk_ratio") == {"ann": 0.4, "bo": 0.3}
    assert column(metrics, "talk_share") == {"ann": 40 / 70, "bo": 30 / 70}
    meeting = metrics.meeting
    assert (meeting["span_s"], meeting["speech_s"], meeting["overlap_s"], meeting["silence_s"]) == (80, 60, 10, 20)
    assert (meeting["overlap_ratio"], meeting["overlap_ratio_span"]) == (10 / 60, 10 / 80)
    assert meeting["silence_ratio"] == 20 / 80


def test_silence_outside_the_span_does_not_count() -> None:
    metrics = metrics_of(meeting_of(said("ann", 50, 55), said("bo", 58, 60), said("ann", 61, 62)))

    assert metrics.meeting["silence_s"] == 4
    assert metrics.meeting["longest_silence_s"] == 3


def test_speech_without_a_pause_has_a_longest_silence_of_zero() -> None:
    metrics = metrics_of(meeting_of(said("ann", 50, 55), said("bo", 55, 60)))

    assert (metrics.meeting["silence_s"], metrics.meeting["longest_silence_s"]) == (0, 0)


def test_unknown_holds_the_floor_but_has_no_share() -> None:
    timeline = [said("ann", 0, 10), said("unknown", 5, 30), said("bo", 40, 50)]

    metrics = metrics_of(meeting_of(*timeline), Parameters(attributed_share=0.4))

    meeting = metrics.meeting
    assert (meeting["speech_s"], meeting["overlap_s"], meeting["silence_s"]) == (40, 5, 10)
    assert meeting["unattributed_speech_s"] == 25
    assert column(metrics, "overlapped_talk_s") == {"ann": 5, "bo": 0}
    assert column(metrics, "talk_share") == {"ann": 0.5, "bo": 0.5}
    assert meeting["gini_talk"] == 0


def test_overlap_is_unknown_and_other_columns_are_kept_for_a_source_that_cannot_show_it() -> None:
    words = [word("ann", 0, 10), word("bo", 5, 20), word("ann", 25, 30)]
    captions, engine = (metrics_of(meeting_of(words=words, provider=each)) for each in ("meeting_captions", "other"))

    unknown = {"overlap_s", "overlap_ratio", "overlap_ratio_span", "solo_talk_s", "overlapped_talk_s"}
    for columns in (MeetingAirtime.model_fields, ParticipantAirtime.model_fields):
        for one, other in zip(
            [captions.meeting, *captions.participants.values()],
            [engine.meeting, *engine.participants.values()],
            strict=True,
        ):
            known = [name for name in columns if name in one and name not in unknown]
            assert [one[name] for name in known] == [other[name] for name in known]
            assert {one[name] for name in unknown & columns.keys() & one.keys()} <= {None}
    assert engine.meeting["overlap_s"] == 5


def test_talk_of_participants_is_unknown_if_too_little_speech_has_one() -> None:
    meeting = meeting_of(said("ann", 0, 30), said("unknown", 20, 60), said("bo", 70, 80))
    known = spoken_meeting(meeting, Parameters(attributed_share=0.5))

    unknown = replace(known, is_speech_attributed=False)

    nothing = dict.fromkeys(ParticipantAirtime.model_fields)
    assert participant_airtime(unknown) == {"ann": nothing, "bo": nothing}
    columns = meeting_airtime(known, Parameters())
    assert meeting_airtime(unknown, Parameters()) == columns | {"talk_s": None}
    assert (columns["talk_s"], columns["speakers_talk_s"]) == (40, 80)


@pytest.mark.parametrize(("dead_air_s", "count"), [(5, 2), (5.000_001, 1), (9, 1), (9.1, 0)])
def test_dead_air_is_a_silence_of_at_least_its_parameter(dead_air_s: float, count: int) -> None:
    meeting = meeting_of(said("ann", 0, 5), said("bo", 10, 11), said("ann", 20, 30))

    assert metrics_of(meeting, Parameters(dead_air_s=dead_air_s)).meeting["dead_air_count"] == count


def test_words_of_unknown_and_bots_count_in_nobodys_share() -> None:
    metrics = metrics_of(
        meeting_of(
            said("ann", 0, 30),
            attendees=[*attendees("ann"), bot("recorder")],
            transcript_id=TRANSCRIPT_ID,
            utterances=[Utterance("ann", None, 10), Utterance("unknown", None, 1), Utterance("recorder", None, 9)],
        )
    )

    assert column(metrics, "word_count") == {"ann": 10}
    assert column(metrics, "word_share") == {"ann": 1}


def test_words_are_counted_over_all_utterances() -> None:
    metrics = worded(("ann", 40), ("bo", 20), ("ann", 20))

    assert column(metrics, "word_count") == {"ann": 60, "bo": 20}
    assert column(metrics, "word_share") == {"ann": 0.75, "bo": 0.25}
    assert metrics.meeting["transcript_id"] == TRANSCRIPT_ID


def test_a_rate_of_words_needs_ten_seconds_of_talk() -> None:
    metrics = worded(("ann", 60), ("bo", 20))

    assert column(metrics, "words_per_minute") == {"ann": 120, "bo": None}


def test_ten_seconds_of_talk_are_enough_for_a_rate() -> None:
    meeting = meeting_of(said("ann", 0, 10), transcript_id=TRANSCRIPT_ID, utterances=[Utterance("ann", None, 25)])

    assert column(metrics_of(meeting), "words_per_minute") == {"ann": 150}


def test_scripts_without_blanks_have_counts_but_no_shares_and_rates() -> None:
    metrics = worded(("ann", 60), ("bo", 20), is_unspaced=True)

    assert column(metrics, "word_count") == {"ann": 60, "bo": 20}
    assert column(metrics, "word_share") == {"ann": None, "bo": None}
    assert column(metrics, "words_per_minute") == {"ann": None, "bo": None}


def test_a_transcript_without_words_has_counts_of_zero_and_no_shares() -> None:
    metrics = worded()

    assert column(metrics, "word_count") == {"ann": 0, "bo": 0}
    assert column(metrics, "word_share") == {"ann": None, "bo": None}


def test_without_a_transcript_nobody_has_words() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 30)))

    for name in ("word_count", "word_share", "words_per_minute"):
        assert column(metrics, name) == {"ann": None}
    assert metrics.meeting["transcript_id"] is None


def test_words_count_without_any_speech_times() -> None:
    metrics = metrics_of(meeting_of(transcript_id=TRANSCRIPT_ID, utterances=[Utterance("ann", None, 7)]))

    row = metrics.participants["ann"]
    assert (row["word_count"], row["word_share"], row["words_per_minute"]) == (7, 1, None)
    assert row["talk_time_s"] is None


def test_an_attendee_who_never_speaks_has_a_row_of_zeros() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 30), attendees=attendees("ann", "bo")))

    row = metrics.participants["bo"]
    assert [row[name] for name in ("talk_time_s", "talk_ratio", "talk_share", "solo_talk_s")] == [0, 0, 0, 0]
    assert row["overlapped_talk_s"] == 0


def test_empty_meeting_has_one_row_with_unknown_speech() -> None:
    metrics = metrics_of(meeting_of(duration_s=None))

    assert metrics.participants == {}
    assert {name: metrics.meeting[name] for name in SPEECH_COLUMNS} == dict.fromkeys(SPEECH_COLUMNS)
    assert metrics.meeting["duration_s"] is None
    assert metrics.meeting["participant_count"] == 0


def test_without_a_timing_source_attendees_have_rows_that_know_nothing_of_speech() -> None:
    metrics = metrics_of(meeting_of(attendees=attendees("ann", "bo")))

    for row in metrics.participants.values():
        assert {name: row[name] for name in ParticipantAirtime.model_fields} == dict.fromkeys(
            ParticipantAirtime.model_fields
        )
    assert {name: metrics.meeting[name] for name in SPEECH_COLUMNS} == dict.fromkeys(SPEECH_COLUMNS)
    assert metrics.meeting["duration_s"] == 100
    assert metrics.meeting["participant_count"] == 2


def test_where_only_a_bot_spoke_a_source_is_present_and_nobody_spoke() -> None:
    metrics = metrics_of(meeting_of(said("recorder", 0, 5), attendees=[*attendees("ann"), bot("recorder")]))

    meeting = metrics.meeting
    zero = ("speech_s", "overlap_s", "unattributed_speech_s", "duration_extended_s", "dropped_intervals")
    null = [
        "span_s",
        "silence_s",
        "silence_ratio",
        "longest_silence_s",
        "overlap_ratio",
        "overlap_ratio_span",
        "gini_talk",
        "gini_talk_attendees",
        "entropy_talk",
        "dominance",
    ]
    assert meeting["timing_source"] == "speaker_timeline"
    assert meeting["bot_speech_s"] == 5
    assert {name: meeting[name] for name in zero} == dict.fromkeys(zero, 0)
    assert {name: meeting[name] for name in null} == dict.fromkeys(null)
    assert meeting["silent_participants"] == 1
    row = metrics.participants["ann"]
    assert (row["talk_time_s"], row["talk_ratio"], row["talk_share"]) == (0, 0, None)


def test_where_only_unknown_spoke_nobody_has_a_share() -> None:
    metrics = metrics_of(meeting_of(said("unknown", 0, 5), attendees=attendees("ann", "bo")))

    assert metrics.meeting["speech_s"] == 5
    assert column(metrics, "talk_share") == {"ann": None, "bo": None}
    assert metrics.meeting["gini_talk_attendees"] is None


@pytest.mark.parametrize("speech_end_s", [3, 60])
def test_a_recording_without_length_has_no_talk_ratio_beyond_one(speech_end_s: float) -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, speech_end_s), duration_s=0))

    ratios = [row["talk_ratio"] for row in metrics.participants.values()]
    assert ratios == ([1] if speech_end_s == 3 else [None])
