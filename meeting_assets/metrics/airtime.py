"""How much of the meeting was speech, and whose.

Bots are left out. `unknown` holds the floor: it counts in speech, overlap and silence, and who speaks while
it does is overlapped; but it has no row and no part in any share.

Without a timing source everything here but words and duration is NULL. With one in which nobody speaks,
lengths of speech are 0, while the span, the silence in it, ratios and shares are NULL.
"""

from __future__ import annotations

from sqlmodel import Field, SQLModel

from meeting_assets.metrics.arithmetic import ratio, seconds_or_none
from meeting_assets.metrics.lineage import LENGTH, SPEECH
from meeting_assets.metrics.speech import Columns, SpokenMeeting
from meeting_assets.metrics.timeline.arrays import np
from meeting_assets.metrics.timeline.intervals import seconds
from meeting_assets.metrics.timeline.speech_segments import summed
from meeting_assets.schema.lineage import derived_from

# A silence as long as this is dead air.
DEAD_AIR_US = 10_000_000


class ParticipantAirtime(SQLModel):
    """Columns of `participant_metrics`."""

    talk_time_s: float | None = Field(
        description="s; length of the union of the participant's speech", sa_column_kwargs=derived_from(*SPEECH)
    )
    talk_ratio: float | None = Field(
        description="0-1; talk_time_s / duration_s (as Gong, Fireflies `duration_pct`, Zoom, Amazon Connect)",
        sa_column_kwargs=derived_from(*SPEECH, *LENGTH),
    )
    talk_share: float | None = Field(
        description="0-1; talk_time_s / sum of talk_time_s over the meeting's participants, which makes 1",
        sa_column_kwargs=derived_from(*SPEECH),
    )
    solo_talk_s: float | None = Field(
        description="s; speech while nobody else spoke", sa_column_kwargs=derived_from(*SPEECH)
    )
    overlapped_talk_s: float | None = Field(
        description="s; speech while somebody else spoke; solo_talk_s + overlapped_talk_s = talk_time_s",
        sa_column_kwargs=derived_from(*SPEECH),
    )
    talk_to_listen: float | None = Field(
        description="ratio; talk_time_s / talk_time_s of all other participants; NULL if they said nothing "
        "(Gong's advice to sellers is 43:57)",
        sa_column_kwargs=derived_from(*SPEECH),
    )


class MeetingAirtime(SQLModel):
    """Columns of `meeting_metrics`."""

    duration_s: float | None = Field(
        description="s; completed_at - started_at, or the latest end in any artifact where one is missing; "
        "duration_extended_s included",
        sa_column_kwargs=derived_from(*LENGTH),
    )
    duration_extended_s: float | None = Field(
        description="s; part of duration_s that was added for speech that ends up to 5 s later; 0 if none was",
        sa_column_kwargs=derived_from(*LENGTH, *SPEECH),
    )
    span_s: float | None = Field(
        description="s; from the first start to the last end of speech", sa_column_kwargs=derived_from(*SPEECH)
    )
    speech_s: float | None = Field(
        description="s; length of the union of all speech", sa_column_kwargs=derived_from(*SPEECH)
    )
    talk_s: float | None = Field(
        description="s; sum of talk_time_s over the participants, who talk at once counted each",
        sa_column_kwargs=derived_from(*SPEECH),
    )
    silence_s: float | None = Field(
        description="s; time within the span with nobody speaking", sa_column_kwargs=derived_from(*SPEECH)
    )
    silence_ratio: float | None = Field(description="0-1; silence_s / span_s", sa_column_kwargs=derived_from(*SPEECH))
    longest_silence_s: float | None = Field(
        description="s; longest stretch of silence_s, 0 if there is none", sa_column_kwargs=derived_from(*SPEECH)
    )
    dead_air_count: int | None = Field(
        description="stretches of silence of 10 s and more within the span", sa_column_kwargs=derived_from(*SPEECH)
    )
    first_speech_s: float | None = Field(
        description="s; from the start of the recording to the first speech", sa_column_kwargs=derived_from(*SPEECH)
    )
    overlap_s: float | None = Field(
        description="s; time with two or more speaking", sa_column_kwargs=derived_from(*SPEECH)
    )
    overlap_ratio: float | None = Field(
        description="0-1; overlap_s / speech_s (published: AMI 0.146, VoxConverse 0.037, Earnings-21 0.0003)",
        sa_column_kwargs=derived_from(*SPEECH),
    )
    overlap_ratio_span: float | None = Field(
        description="0-1; overlap_s / span_s", sa_column_kwargs=derived_from(*SPEECH)
    )
    bot_speech_s: float | None = Field(
        description="s; length of the union of the bots' speech, which counts nowhere else",
        sa_column_kwargs=derived_from(*SPEECH),
    )
    unattributed_speech_s: float | None = Field(
        description="s; speech of nobody in particular (`unknown`)", sa_column_kwargs=derived_from(*SPEECH)
    )


def participant_airtime(meeting: SpokenMeeting) -> dict[str, Columns]:
    """The columns of `ParticipantAirtime` for each of the people."""
    if meeting.timing_source is None:
        return {key: dict.fromkeys(ParticipantAirtime.model_fields) for key in meeting.people}
    total_us = sum(meeting.talk_us.values())
    floor = meeting.floor
    solo_us = summed(floor.end - floor.start, floor.sole, floor.names)
    return {
        key: {
            "talk_time_s": seconds(talk_us),
            "talk_ratio": ratio(talk_us, meeting.clean.duration_us),
            "talk_share": ratio(talk_us, total_us),
            "solo_talk_s": seconds(solo_us.get(key, 0)),
            "overlapped_talk_s": seconds(talk_us - solo_us.get(key, 0)),
            "talk_to_listen": ratio(talk_us, total_us - talk_us),
        }
        for key, talk_us in meeting.talk_us.items()
    }


def meeting_airtime(meeting: SpokenMeeting) -> Columns:
    """The columns of `MeetingAirtime`."""
    return {
        "duration_s": seconds_or_none(meeting.clean.duration_us),
        "duration_extended_s": None if meeting.clean.duration_us is None else seconds(meeting.extension_us),
        **(dict.fromkeys(_FLOOR_COLUMNS) if meeting.timing_source is None else _floor_columns(meeting)),
    }


_FLOOR_COLUMNS = tuple(name for name in MeetingAirtime.model_fields if not name.startswith("duration"))


def _floor_columns(meeting: SpokenMeeting) -> Columns:
    """What the sweep shows; the states of the floor lie end to end from the first start to the last end."""
    floor = meeting.floor
    lengths = floor.end - floor.start
    silences = lengths[floor.count == 0]
    silence_us, span_us = int(silences.sum()), int(lengths.sum())
    speech_us = span_us - silence_us
    overlap_us = int(lengths[floor.count > 1].sum())
    somebody_spoke = span_us > 0
    return {
        "span_s": seconds(span_us) if somebody_spoke else None,
        "speech_s": seconds(speech_us),
        "talk_s": seconds(sum(meeting.talk_us.values())),
        "silence_s": seconds(silence_us) if somebody_spoke else None,
        "silence_ratio": ratio(silence_us, span_us),
        "longest_silence_s": seconds(int(silences.max(initial=0))) if somebody_spoke else None,
        "dead_air_count": int(np.count_nonzero(silences >= DEAD_AIR_US)) if somebody_spoke else None,
        "first_speech_s": seconds(int(floor.start[0])) if somebody_spoke else None,
        "overlap_s": seconds(overlap_us),
        "overlap_ratio": ratio(overlap_us, speech_us),
        "overlap_ratio_span": ratio(overlap_us, span_us),
        "bot_speech_s": seconds(meeting.clean.bot_speech_us),
        "unattributed_speech_s": seconds(meeting.unattributed_us),
    }
