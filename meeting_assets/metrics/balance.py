"""How evenly the talk was spread. Among equals Gini and dominance are 0, entropy is 1; NULL under two."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sqlmodel import Field, SQLModel

from meeting_assets.metrics.lineage import PEOPLE, SPEECH
from meeting_assets.metrics.speech import Columns, SpokenMeeting
from meeting_assets.schema.lineage import derived_from

# Who talked less was silent.
SILENT_BELOW_US = 1_000_000


class MeetingBalance(SQLModel):
    """Columns of `meeting_metrics`. Attendees are all people with a row in `participant_metrics`."""

    gini_talk: float | None = Field(
        description="0-1; sum_i sum_j |x_i - x_j| / (2 n^2 mean) over the talk times x of the n who spoke; "
        "NULL for fewer than two",
        sa_column_kwargs=derived_from(*SPEECH),
    )
    gini_talk_attendees: float | None = Field(
        description="0-1; the same over all attendees, the silent as 0; one speaker among n makes (n-1)/n",
        sa_column_kwargs=derived_from(*SPEECH, *PEOPLE),
    )
    entropy_talk: float | None = Field(
        description="0-1; -sum p ln p / ln n over the talk shares p of the n who spoke; NULL for fewer than two",
        sa_column_kwargs=derived_from(*SPEECH),
    )
    dominance: float | None = Field(
        description="0-1; (largest talk share - 1/n) / (1 - 1/n) over the n who spoke; NULL for fewer than two",
        sa_column_kwargs=derived_from(*SPEECH),
    )
    silent_participants: int | None = Field(
        description="attendees who talked less than 1 s", sa_column_kwargs=derived_from(*SPEECH, *PEOPLE)
    )
    participant_count: int = Field(
        description="attendees: everybody on the participants list or named by another artifact, without "
        "bots and `unknown`",
        sa_column_kwargs=derived_from(*PEOPLE),
    )


def meeting_balance(meeting: SpokenMeeting) -> Columns:
    """The columns of `MeetingBalance`."""
    of_attendees = list(meeting.talk_us.values())
    of_speakers = [talk_us for talk_us in of_attendees if talk_us > 0]
    silent = sum(talk_us < SILENT_BELOW_US for talk_us in of_attendees)
    return {
        "gini_talk": gini(of_speakers),
        "gini_talk_attendees": gini(of_attendees),
        "entropy_talk": normalised_entropy(of_speakers),
        "dominance": dominance(of_speakers),
        "silent_participants": silent if meeting.timing_source is not None else None,
        "participant_count": len(meeting.people),
    }


def gini(amounts: Sequence[int]) -> float | None:
    """Σᵢ Σⱼ |xᵢ - xⱼ| / (2 n² mean), by ranks: Σᵢ (2i - n - 1) xᵢ / (n Σ x), with x in ascending order.

    >>> gini([0, 0, 0, 5]), gini([5, 5]), gini([5])
    (0.75, 0.0, None)
    """
    n, total = len(amounts), sum(amounts)
    if n < 2 or total == 0:
        return None
    ranked = sum((2 * rank - n - 1) * amount for rank, amount in enumerate(sorted(amounts), start=1))
    return ranked / (n * total)


def normalised_entropy(amounts: Sequence[int]) -> float | None:
    """-Σ p ln p / ln n over shares p; all amounts are positive.

    >>> normalised_entropy([5, 5]), normalised_entropy([5])
    (1.0, None)
    """
    n, total = len(amounts), sum(amounts)
    if n < 2:
        return None
    return -math.fsum(amount / total * math.log(amount / total) for amount in amounts) / math.log(n)


def dominance(amounts: Sequence[int]) -> float | None:
    """(max p - 1/n) / (1 - 1/n) over shares p: 0 among equals, towards 1 where one has nearly all.

    >>> dominance([5, 5]), dominance([15, 5]), dominance([5])
    (0.0, 0.5, None)
    """
    n, total = len(amounts), sum(amounts)
    if n < 2:
        return None
    return (n * max(amounts) - total) / (total * (n - 1))
