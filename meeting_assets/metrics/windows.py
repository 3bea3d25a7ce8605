"""Balance over time: who talked most in each window of the meeting.

0 s                                                      duration_s
┣━━━━━━ window_s ━━━━━━┫
     ┣━━━━━━━━━━━━━━━━━━━━━━┫
     ↑ window_step_s       ...                  only whole windows; a shorter meeting is one window
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import sub

from sqlmodel import Field

from meeting_assets.core.intervals import Interval, microseconds
from meeting_assets.metrics.arithmetic import ratio
from meeting_assets.metrics.hygiene import NEVER
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.sources import LENGTH, SPEECH
from meeting_assets.metrics.speech import Row, SpokenMeeting
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


def window_rows(meeting: SpokenMeeting, parameters: Parameters) -> list[Row]:
    """Rows of `BalanceWindows`, in column order."""
    duration_us = meeting.clean.duration_us
    if meeting.timing_source is None or not duration_us:
        return []
    windows = windows_us(duration_us, microseconds(parameters.window_s), microseconds(parameters.window_step_s))
    edges = sorted({edge for window in windows for edge in window})
    place = {edge: number for number, edge in enumerate(edges)}.__getitem__
    starts, ends = ([*map(place, times)] for times in zip(*windows, strict=True))
    speech = meeting.known_speech
    keys, talk = [*speech], []
    for spoken in speech.values():
        at = talk_until(edges, spoken).__getitem__
        talk.append(map(sub, map(at, ends), map(at, starts)))
    by_window = zip(*talk, strict=True) if talk else [()] * len(windows)
    recording_id = meeting.given.recording_id
    rows: list[Row] = []
    for index, ((start, end), of_window) in enumerate(zip(windows, by_window, strict=True)):
        total_us, most_us = sum(of_window), max(of_window, default=0)
        top_key = keys[of_window.index(most_us)] if most_us and of_window.count(most_us) == 1 else None
        speaker_count = len(of_window) - of_window.count(0)
        times_s = start / 1_000_000, end / 1_000_000, total_us / 1_000_000  # `seconds` without a call
        rows.append((recording_id, index, *times_s, speaker_count, top_key, ratio(most_us, total_us)))
    return rows


def windows_us(duration_us: int, length_us: int, step_us: int) -> list[Interval]:
    """All whole windows of a meeting, or the meeting where it is no longer than one.

    >>> windows_us(10, 4, 3), windows_us(3, 4, 3)
    ([(0, 4), (3, 7), (6, 10)], [(0, 3)])
    """
    if duration_us <= length_us:
        return [(0, duration_us)]
    return [(start, start + length_us) for start in range(0, duration_us - length_us + 1, step_us)]


def talk_until(edges: Sequence[int], spoken: Sequence[Interval]) -> list[int]:
    """How long somebody has talked by each of some instants, in order; no two stretches of talk overlap.

    >>> talk_until([0, 4, 7], [(1, 2), (3, 8)])
    [0, 2, 5]
    """
    until: list[int] = []
    talked = 0
    rest = iter(edges)
    edge = next(rest, NEVER)
    for start, end in spoken:
        while edge < end:
            until.append(talked if edge <= start else talked + edge - start)
            edge = next(rest, NEVER)
        talked += end - start
    return until + [talked] * (len(edges) - len(until))
