"""Balance over time: who talked most in each window of the meeting.

0 s                                                      duration_s
┣━━━━━━ window_s ━━━━━━┫
     ┣━━━━━━━━━━━━━━━━━━━━━━┫
     ↑ window_step_s       ...                  only whole windows; a shorter meeting is one window
"""

from __future__ import annotations

from sqlmodel import Field

from meeting_assets.metrics.arithmetic import ratio
from meeting_assets.metrics.lineage import LENGTH, SPEECH
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.speech import Row, SpokenMeeting
from meeting_assets.metrics.timeline.arrays import Column, np
from meeting_assets.metrics.timeline.intervals import microseconds
from meeting_assets.metrics.timeline.speech_segments import NOBODY, Stretches
from meeting_assets.schema.columns import KEYED, RecordingRow
from meeting_assets.schema.lineage import derived_from


class BalanceWindows(RecordingRow, table=True):
    """Who talked most, as a meeting went on.

    Grain: one row per (recording, window); none where nothing is known of speech or of how long the recording is.
    """

    __tablename__ = "balance_windows"
    __table_args__ = KEYED

    window_index: int = Field(
        primary_key=True, description="0-based, in order of time", sa_column_kwargs=derived_from(*LENGTH)
    )
    start_s: float = Field(
        description="s; from the start of the recording to that of the window", sa_column_kwargs=derived_from(*LENGTH)
    )
    end_s: float = Field(
        description="s; from the start of the recording to the end of the window",
        sa_column_kwargs=derived_from(*LENGTH),
    )
    talk_s: float = Field(
        description="s; talk of all participants in the window, who talk at once counted each",
        sa_column_kwargs=derived_from(*SPEECH),
    )
    speaker_count: int = Field(
        description="participants who talk in the window", sa_column_kwargs=derived_from(*SPEECH)
    )
    top_key: str | None = Field(
        description="participant_key of who talks most in the window; NULL if nobody does, or two alike",
        sa_column_kwargs=derived_from(*SPEECH),
    )
    top_share: float | None = Field(
        description="0-1; the largest talk time in the window / talk_s; NULL if nobody talks",
        sa_column_kwargs=derived_from(*SPEECH),
    )


def window_rows(meeting: SpokenMeeting, parameters: Parameters) -> list[Row]:
    """Rows of `BalanceWindows`, in column order."""
    duration_us = meeting.clean.duration_us
    if meeting.timing_source is None or not duration_us:
        return []
    starts, ends = windows_us(duration_us, microseconds(parameters.window_s), microseconds(parameters.window_step_s))
    speech = meeting.known_speech
    until = talk_until(np.concatenate((starts, ends)), speech)
    talk = until[:, len(starts) :] - until[:, : len(starts)]
    total, most = talk.sum(axis=0), talk.max(axis=0, initial=0)
    is_most = talk == most
    top = np.where((is_most.sum(axis=0) == 1) & (most > 0), is_most.argmax(axis=0), NOBODY)
    keys = [*speech.names, None]  # the last one is that of nobody
    columns = starts, ends, total, most, (talk > 0).sum(axis=0), top
    recording_id = meeting.given.recording_id
    return [
        (
            recording_id,
            index,
            start / 1_000_000,  # `seconds` without a call
            end / 1_000_000,
            total_us / 1_000_000,
            speaker_count,
            keys[place],
            ratio(most_us, total_us),
        )
        for index, (start, end, total_us, most_us, speaker_count, place) in enumerate(
            zip(*(column.tolist() for column in columns), strict=True)
        )
    ]


def windows_us(duration_us: int, length_us: int, step_us: int) -> tuple[Column, Column]:
    """Starts and ends of all whole windows of a meeting, or of the meeting where it is no longer than one.

    >>> [times.tolist() for times in windows_us(10, 4, 3)]
    [[0, 3, 6], [4, 7, 10]]
    >>> [times.tolist() for times in windows_us(3, 4, 3)]
    [[0], [3]]
    """
    if duration_us <= length_us:
        return np.array([0]), np.array([duration_us])
    starts = np.arange(0, duration_us - length_us + 1, step_us)
    return starts, starts + length_us


def talk_until(instants: Column, speech: Stretches) -> Column:
    """How long each name has talked by each of some instants, a row for each name.

    >>> spoken = Stretches(np.array([1, 3]), np.array([2, 8]), np.array([0, 0]), ["ann", "bo"])
    >>> talk_until(np.array([0, 4, 7]), spoken).tolist()
    [[0, 2, 5], [0, 0, 0]]
    """
    # As if the next one spoke when the meeting has ended for the last one.
    whole = max(int(instants.max()), int(speech.end.max(initial=0))) + 1
    shift = np.multiply(range(len(speech.names)), whole, dtype=speech.start.dtype)
    starts, ends = speech.start + shift[speech.who], speech.end + shift[speech.who]
    asked = instants + shift[:, None]
    begun = starts.searchsorted(asked)
    last_end, talked = np.concatenate(([0], ends)), np.concatenate(([0], (speech.end - speech.start).cumsum()))
    of_others = talked[starts.searchsorted(shift)]
    until: Column = talked[begun] - np.maximum(last_end[begun] - asked, 0) - of_others[:, None]
    return until
