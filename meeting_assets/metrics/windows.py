"""Balance over time: the top speaker of each window of the meeting.

0 s                                                      duration_s
┣━━━━━━ window_s ━━━━━━┫
     ┣━━━━━━━━━━━━━━━━━━━━━━┫
     ↑ window_step_s       ...                  only whole windows; a shorter meeting is one window
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence

from meeting_assets.metrics.arithmetic import ratio
from meeting_assets.metrics.lineage import LENGTH, SPEECH
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.speech import Row, SpokenMeeting
from meeting_assets.metrics.timeline.intervals import Interval, to_microseconds, to_seconds
from meeting_assets.metrics.timeline.speech_segments import SpeechBySpeaker
from meeting_assets.schema import fields
from meeting_assets.schema.columns import KEYED, RecordingRow


class BalanceWindows(RecordingRow, table=True):
    """The top speaker of each window of a meeting.

    Grain: one row per (recording, window); none if talk times or the duration of the recording are unknown.
    """

    __tablename__ = "balance_windows"
    __table_args__ = KEYED

    window_index: int = fields.position("in order of time", primary_key=True, derived_from=LENGTH)
    start_s: float = fields.seconds("start of the window, from the start of the recording", derived_from=LENGTH)
    end_s: float = fields.seconds("end of the window, from the start of the recording", derived_from=LENGTH)
    talk_s: float = fields.seconds(
        "sum over the participants of their talk in the window, overlap counted for each", derived_from=SPEECH
    )
    speaker_count: int = fields.count("participants who talk in the window", derived_from=SPEECH)
    top_key: str | None = fields.text(
        "participant_key with the most talk in the window; NULL without talk, or if two talk equally much",
        derived_from=SPEECH,
    )
    top_share: float | None = fields.share(
        "the largest talk time in the window / talk_s; NULL without talk", derived_from=SPEECH
    )


def window_rows(meeting: SpokenMeeting, parameters: Parameters) -> list[Row]:
    """Rows of `BalanceWindows`, in column order."""
    duration_us = meeting.clean.duration_us
    if not meeting.measures_participants or not duration_us:
        return []
    windows = windows_us(duration_us, to_microseconds(parameters.window_s), to_microseconds(parameters.window_step_s))
    rows: list[Row] = []
    for index, ((start, end), talk) in enumerate(
        zip(windows, talk_in(windows, meeting.participant_speech), strict=True)
    ):
        total_us, most_us = sum(talk.values()), max(talk.values(), default=0)
        top = [speaker for speaker, talk_us in talk.items() if talk_us == most_us]
        top_key = top[0] if len(top) == 1 else None
        columns = to_seconds(total_us), len(talk), top_key, ratio(most_us, total_us)
        rows.append((meeting.given.recording_id, index, to_seconds(start), to_seconds(end), *columns))
    return rows


def windows_us(duration_us: int, length_us: int, step_us: int) -> list[Interval]:
    """All whole windows of a meeting; the whole meeting if it is no longer than one window.

    >>> windows_us(10, 4, 3)
    [(0, 4), (3, 7), (6, 10)]
    >>> windows_us(3, 4, 3)
    [(0, 3)]
    """
    if duration_us <= length_us:
        return [(0, duration_us)]
    return [(start, start + length_us) for start in range(0, duration_us - length_us + 1, step_us)]


def talk_in(windows: Sequence[Interval], speech: SpeechBySpeaker) -> Iterator[dict[str, int]]:
    """Talk time of each speaker in each window, of speakers who talk there.

    From one window to the next only the talk at its edges changes:

         ┣━━━━━━━ window ━━━━━━━┫
              ┣━━━━━━━━ next ━━━━━━━┫
         lost                   gained

    >>> list(talk_in([(0, 4), (3, 7)], {"ann": [(1, 2), (3, 8)]}))
    [{'ann': 2}, {'ann': 4}]
    """
    gained = _talk_between([0, *(end for _, end in windows)], speech)
    lost = _talk_between([0, *(start for start, _ in windows)], speech)
    talk: Counter[str] = Counter()
    for added, removed in zip(gained, lost, strict=True):
        for speaker, talk_us in added.items():
            talk[speaker] += talk_us
        for speaker, talk_us in removed.items():
            talk[speaker] -= talk_us
        yield {speaker: talk_us for speaker, talk_us in talk.items() if talk_us}


def _talk_between(instants: Sequence[int], speech: SpeechBySpeaker) -> list[Counter[str]]:
    """Talk time of each speaker between each two consecutive instants, which are in order."""
    talk: list[Counter[str]] = [Counter() for _ in instants[1:]]
    for speaker, intervals in speech.items():
        for start, end in intervals:
            index = bisect_right(instants, start) - 1
            while start < end and index < len(talk):
                until = min(end, instants[index + 1])
                talk[index][speaker] += until - start
                start, index = until, index + 1
    return talk
