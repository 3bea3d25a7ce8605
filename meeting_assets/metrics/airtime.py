"""Airtime: the speech of the meeting, each participant's part of it, silence and overlap.

Bots are left out. `unknown` and unresolved labels hold the floor: their speech counts in speech, overlap and silence,
and overlaps other speakers; but they have no row and no part in any share.

Without a timing source every column but duration is NULL. With a source without speech, lengths of speech are 0, while
the span, its silence, ratios and shares are NULL. Columns of participants, and sums over participants, are NULL if too
little speech has a participant. Columns of overlap are NULL if the source cannot show overlap (`single_stream`).
"""

from __future__ import annotations

from collections import Counter

from sqlmodel import SQLModel

from meeting_assets.metrics.arithmetic import ratio, seconds_or_none
from meeting_assets.metrics.lineage import LENGTH, REPAIRS, SPEECH, STREAMS
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.speech import Columns, SpokenMeeting
from meeting_assets.metrics.timeline.intervals import to_microseconds, to_seconds
from meeting_assets.metrics.timeline.speech_segments import talk_times_us
from meeting_assets.schema import fields


class ParticipantAirtime(SQLModel):
    """Columns of `participant_metrics`."""

    talk_time_s: float | None = fields.seconds(
        "length of the union of the participant's speech; NULL without a timing source, or if less than "
        "attributed_share of its speech has a participant",
        derived_from=SPEECH,
    )
    talk_ratio: float | None = fields.share(
        "talk_time_s / duration_s (as Gong, Fireflies `duration_pct`, Zoom, Amazon Connect)",
        derived_from=(*SPEECH, *LENGTH),
    )
    talk_share: float | None = fields.share(
        "talk_time_s / sum of talk_time_s over the meeting's participants; sums to 1; NULL as talk_time_s",
        derived_from=SPEECH,
    )
    solo_talk_s: float | None = fields.seconds(
        "speech while no other speaker spoke; NULL if is_single_stream", derived_from=(*SPEECH, *STREAMS)
    )
    overlapped_talk_s: float | None = fields.seconds(
        "speech while another speaker spoke; solo_talk_s + overlapped_talk_s = talk_time_s; NULL if is_single_stream",
        derived_from=(*SPEECH, *STREAMS),
    )
    talk_to_listen: float | None = fields.number(
        "talk_time_s / talk_time_s of all other participants; NULL if they said nothing "
        "(Gong's advice to sellers is 43:57)",
        unit="ratio",
        derived_from=SPEECH,
    )


class MeetingAirtime(SQLModel):
    """Columns of `meeting_metrics`."""

    duration_s: float | None = fields.seconds(
        "completed_at - started_at, or the latest end in any artifact if one is missing; duration_extended_s included",
        derived_from=(*LENGTH, *SPEECH),
    )
    duration_extended_s: float | None = fields.seconds(
        "part of duration_s that was added for speech that ends up to 5 s later; 0 if none was",
        derived_from=(*LENGTH, *SPEECH),
    )
    span_s: float | None = fields.seconds("from the first start to the last end of speech", derived_from=SPEECH)
    speech_s: float | None = fields.seconds("length of the union of all speech", derived_from=SPEECH)
    talk_s: float | None = fields.seconds(
        "sum of talk_time_s over the participants, overlap counted for each; NULL if too little speech is attributed",
        derived_from=SPEECH,
    )
    speakers_talk_s: float | None = fields.seconds(
        "sum of talk time over all speakers but bots: participants, unresolved labels, `unknown`; overlap counted for "
        "each",
        derived_from=SPEECH,
    )
    silence_s: float | None = fields.seconds("time within the span without speech", derived_from=SPEECH)
    silence_ratio: float | None = fields.share("silence_s / span_s", derived_from=SPEECH)
    longest_silence_s: float | None = fields.seconds(
        "longest interval of silence_s, 0 if there is none", derived_from=SPEECH
    )
    dead_air_count: int | None = fields.count("silences of dead_air_s and more within the span", derived_from=SPEECH)
    first_speech_s: float | None = fields.seconds(
        "from the start of the recording to the first speech", derived_from=SPEECH
    )
    overlap_s: float | None = fields.seconds(
        "time with two or more speakers; NULL if is_single_stream", derived_from=(*SPEECH, *STREAMS)
    )
    overlap_ratio: float | None = fields.share(
        "overlap_s / speech_s (published: AMI 0.146, VoxConverse 0.037, Earnings-21 0.0003)",
        derived_from=(*SPEECH, *STREAMS),
    )
    overlap_ratio_span: float | None = fields.share("overlap_s / span_s", derived_from=(*SPEECH, *STREAMS))
    bot_speech_s: float | None = fields.seconds(
        "length of the union of the bots' speech, which counts nowhere else", derived_from=REPAIRS
    )
    unattributed_speech_s: float | None = fields.seconds("speech without any label (`unknown`)", derived_from=SPEECH)


def participant_airtime(meeting: SpokenMeeting) -> dict[str, Columns]:
    """The columns of `ParticipantAirtime` for each participant."""
    if meeting.timing_source is None or not meeting.is_speech_attributed:
        return {key: dict.fromkeys(ParticipantAirtime.model_fields) for key in meeting.people}
    shows_overlap = not meeting.is_single_stream
    total_us = sum(meeting.talk_us.values())
    solo_us: Counter[str] = Counter()
    for start_us, end_us, _, speaker in meeting.floor:
        if speaker is not None:
            solo_us[speaker] += end_us - start_us
    return {
        key: {
            "talk_time_s": to_seconds(talk_us),
            "talk_ratio": ratio(talk_us, meeting.clean.duration_us),
            "talk_share": ratio(talk_us, total_us),
            "solo_talk_s": to_seconds(solo_us[key]) if shows_overlap else None,
            "overlapped_talk_s": to_seconds(talk_us - solo_us[key]) if shows_overlap else None,
            "talk_to_listen": ratio(talk_us, total_us - talk_us),
        }
        for key, talk_us in meeting.talk_us.items()
    }


def speakers_talk_us(meeting: SpokenMeeting) -> int:
    """Sum of the talk times of all speakers but bots: participants, unresolved labels and `unknown`."""
    return sum(talk_times_us(meeting.clean.speech).values())


def meeting_airtime(meeting: SpokenMeeting, parameters: Parameters) -> Columns:
    """The columns of `MeetingAirtime`."""
    dead_air_us = to_microseconds(parameters.dead_air_s)
    has_source = meeting.timing_source is not None
    return {
        "duration_s": seconds_or_none(meeting.clean.duration_us),
        "duration_extended_s": None if meeting.clean.duration_us is None else to_seconds(meeting.extension_us),
        **(_floor_columns(meeting, dead_air_us) if has_source else dict.fromkeys(_FLOOR_COLUMNS)),
    }


_FLOOR_COLUMNS = tuple(name for name in MeetingAirtime.model_fields if not name.startswith("duration"))


def _floor_columns(meeting: SpokenMeeting, dead_air_us: int) -> Columns:
    """Columns from the floor states, which cover the span without gaps."""
    silences_us = [state.length_us for state in meeting.floor if state.speaker_count == 0]
    span_us = meeting.floor[-1].end_us - meeting.floor[0].start_us if meeting.floor else 0
    speech_us = span_us - sum(silences_us)
    has_speech = span_us > 0
    return {
        "span_s": to_seconds(span_us) if has_speech else None,
        "speech_s": to_seconds(speech_us),
        "talk_s": to_seconds(sum(meeting.talk_us.values())) if meeting.is_speech_attributed else None,
        "speakers_talk_s": to_seconds(speakers_talk_us(meeting)),
        "silence_s": to_seconds(sum(silences_us)) if has_speech else None,
        "silence_ratio": ratio(sum(silences_us), span_us),
        "longest_silence_s": to_seconds(max(silences_us, default=0)) if has_speech else None,
        "dead_air_count": sum(silence_us >= dead_air_us for silence_us in silences_us) if has_speech else None,
        "first_speech_s": to_seconds(meeting.floor[0].start_us) if has_speech else None,
        **_overlap_columns(meeting, speech_us, span_us),
        "bot_speech_s": to_seconds(meeting.clean.bot_speech_us),
        "unattributed_speech_s": to_seconds(meeting.unattributed_us),
    }


def _overlap_columns(meeting: SpokenMeeting, speech_us: int, span_us: int) -> Columns:
    """Overlap of all speakers; NULL if the timing source cannot show it."""
    if meeting.is_single_stream:
        return dict.fromkeys(("overlap_s", "overlap_ratio", "overlap_ratio_span"))
    overlap_us = sum(state.length_us for state in meeting.floor if state.speaker_count > 1)
    return {
        "overlap_s": to_seconds(overlap_us),
        "overlap_ratio": ratio(overlap_us, speech_us),
        "overlap_ratio_span": ratio(overlap_us, span_us),
    }
