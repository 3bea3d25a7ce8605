"""Balance of talk between participants: among equals Gini and dominance are 0 and entropy is 1.

Unresolved labels and `unknown` are no participants. If so much speech is theirs that talk times of participants are
NULL, balance is NULL, too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from sqlmodel import SQLModel

from meeting_assets.metrics.lineage import ATTENDEES, SPEECH
from meeting_assets.metrics.speech import Columns, SpokenMeeting
from meeting_assets.schema import fields

# A participant with less talk, but some, is nearly silent.
NEARLY_SILENT_BELOW_US = 1_000_000


class MeetingBalance(SQLModel):
    """Columns of `meeting_metrics`. Attendees are all participants with a row in `participant_metrics`."""

    gini_talk: float | None = fields.share(
        "sum_i sum_j |x_i - x_j| / (2 n^2 mean) over the talk times x of the n participants who spoke; NULL for fewer "
        "than two, and if too little speech is attributed",
        derived_from=SPEECH,
    )
    gini_talk_attendees: float | None = fields.share(
        "the same over all attendees, silent ones as 0; one speaker among n gives (n-1)/n; NULL as gini_talk",
        derived_from=(*SPEECH, *ATTENDEES),
    )
    entropy_talk: float | None = fields.share(
        "-sum p ln p / ln n over the talk shares p of the n participants who spoke; NULL as gini_talk",
        derived_from=SPEECH,
    )
    dominance: float | None = fields.share(
        "(largest talk share - 1/n) / (1 - 1/n) over the n participants who spoke; NULL as gini_talk",
        derived_from=SPEECH,
    )
    silent_participants: int | None = fields.count(
        "attendees without any speech; NULL if too little speech is attributed", derived_from=(*SPEECH, *ATTENDEES)
    )
    nearly_silent_participants: int | None = fields.count(
        "attendees with speech, but less than 1 s of it; NULL if too little speech is attributed",
        derived_from=(*SPEECH, *ATTENDEES),
    )
    participant_count: int = fields.count(
        "attendees: listed participants, and speakers that another artifact names by id; no bots, unresolved labels or "
        "`unknown`",
        derived_from=ATTENDEES,
    )


def meeting_balance(meeting: SpokenMeeting) -> Columns:
    """The columns of `MeetingBalance`."""
    counts: Columns = {"participant_count": len(meeting.people)}
    if meeting.timing_source is None or not meeting.is_speech_attributed:
        return dict.fromkeys(MeetingBalance.model_fields) | counts
    attendee_talk_us = list(meeting.talk_us.values())
    speaker_talk_us = [talk_us for talk_us in attendee_talk_us if talk_us > 0]
    return counts | {
        "gini_talk": gini(speaker_talk_us),
        "gini_talk_attendees": gini(attendee_talk_us),
        "entropy_talk": normalised_entropy(speaker_talk_us),
        "dominance": dominance(speaker_talk_us),
        "silent_participants": len(attendee_talk_us) - len(speaker_talk_us),
        "nearly_silent_participants": sum(talk_us < NEARLY_SILENT_BELOW_US for talk_us in speaker_talk_us),
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
    """(max p - 1/n) / (1 - 1/n) over shares p: 0 among equals, near 1 if one participant has nearly all.

    >>> dominance([5, 5]), dominance([15, 5]), dominance([5])
    (0.0, 0.5, None)
    """
    n, total = len(amounts), sum(amounts)
    if n < 2:
        return None
    return (n * max(amounts) - total) / (total * (n - 1))
