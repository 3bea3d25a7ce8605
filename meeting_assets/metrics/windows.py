"""Balance over time: who talked most in each window of the meeting.

0 s                                                      duration_s
┣━━━━━━ window_s ━━━━━━┫
     ┣━━━━━━━━━━━━━━━━━━━━━━┫
     ↑ window_step_s       ...                  only whole windows; a shorter meeting is one window
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlmodel import Field

from meeting_assets.core.intervals import Interval, microseconds, seconds
from meeting_assets.metrics.arithmetic import ratio
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.sources import LENGTH, SPEECH
from meeting_assets.metrics.speech import Columns, SpokenMeeting
from meeting_assets.store.columns import KEYED, RecordingRow
from meeting_assets.store.lineage import made_from


class BalanceWindows(RecordingRow, table=True):
    """Who talked most, as a meeting went on.

    Grain: one row per (recording, window); none where nothing is known of speech or of how long the recording is.
    """

    __tablename__ = "balance_windows"
    __table_args__ = KEYED

    window_index: int = Field(
        primary_key=True, description="0-based, in order of time", sa_column_kwargs=made_from(*LENGTH)
    )
    start_s: float = Field(
        description="s; from the start of the recording to that of the window", sa_column_kwargs=made_from(*LENGTH)
    )
    end_s: float = Field(
        description="s; from the start of the recording to the end of the window", sa_column_kwargs=made_from(*LENGTH)
    )
    talk_s: float = Field(
        description="s; talk of all participants in the window, who talk at once counted each",
        sa_column_kwargs=made_from(*SPEECH),
    )
    speaker_count: int = Field(description="participants who talk in the window", sa_column_kwargs=made_from(*SPEECH))
    top_key: str | None = Field(
        description="participant_key of who talks most in the window; NULL if nobody does, or two alike",
        sa_column_kwargs=made_from(*SPEECH),
    )
    top_share: float | None = Field(
        description="0-1; the largest talk time in the window / talk_s; NULL if nobody talks",
        sa_column_kwargs=made_from(*SPEECH),
    )


def window_rows(meeting: SpokenMeeting, parameters: Parameters) -> Iterator[Columns]:
    """Rows of `BalanceWindows`."""
    duration_us = meeting.clean.duration_us
    if meeting.timing_source is None or not duration_us:
        return
    windows = windows_us(duration_us, microseconds(parameters.window_s), microseconds(parameters.window_step_s))
    talk: list[list[tuple[int, str]]] = [[] for _ in windows]
    for key, spoken in meeting.known_speech.items():
        for place, talk_us in talk_in(windows, spoken):
            talk[place].append((talk_us, key))
    for index, ((start, end), of_window) in enumerate(zip(windows, talk, strict=True)):
        total_us = sum(talk_us for talk_us, _ in of_window)
        most_us = max((talk_us for talk_us, _ in of_window), default=0)
        top = [key for talk_us, key in of_window if talk_us == most_us]
        yield {
            "window_index": index,
            "start_s": seconds(start),
            "end_s": seconds(end),
            "talk_s": seconds(total_us),
            "speaker_count": len(of_window),
            "top_key": top[0] if len(top) == 1 else None,
            "top_share": ratio(most_us, total_us),
        }


def windows_us(duration_us: int, length_us: int, step_us: int) -> list[Interval]:
    """All whole windows of a meeting, or the meeting where it is no longer than one.

    >>> windows_us(10, 4, 3), windows_us(3, 4, 3)
    ([(0, 4), (3, 7), (6, 10)], [(0, 3)])
    """
    if duration_us <= length_us:
        return [(0, duration_us)]
    return [(start, start + length_us) for start in range(0, duration_us - length_us + 1, step_us)]


def talk_in(windows: Sequence[Interval], spoken: Sequence[Interval]) -> Iterator[tuple[int, int]]:
    """Places of the windows in which somebody talks, with how long.

    Windows and talk are in order, and no two stretches of talk overlap.
    """
    first = 0
    for place, (start, end) in enumerate(windows):
        while first < len(spoken) and spoken[first][1] <= start:
            first += 1
        if first == len(spoken):
            return
        talk_us, at = 0, first
        while at < len(spoken) and spoken[at][0] < end:
            since, until = spoken[at]
            talk_us += (until if until < end else end) - (since if since > start else start)
            at += 1
        if talk_us:
            yield place, talk_us
