"""Who talks over whom, and who listens aloud.

    ann  ━━━━━━━━━━━━━━━━━━━━━━━━━━              speech, bridged over gaps shorter than `bridge_s`
    bo          ━━        ━━━━━━━━━━━━━
                ↑ backchannel
                          ↑ interruption: starts strictly inside ann's speech, overlaps it for more than
                            `interruption_grace_s`; successful, for bo still speaks when ann has ended

An IPU overlaps for as long as the speech of others, taken together, goes on under it. The victim is who started first;
where two started first at the same time, it is whoever of them talks more in the whole meeting, and nobody if that is
equal, too. Who starts at the very same time interrupts nobody. Backchannels are no interruptions. `unknown` neither
interrupts nor is interrupted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlmodel import Field, SQLModel

from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.speech import Columns, SpokenMeeting
from meeting_assets.metrics.timeline.arrays import Column, np
from meeting_assets.metrics.timeline.intervals import microseconds
from meeting_assets.metrics.timeline.speech_segments import NOBODY, Stretches, counted
from meeting_assets.metrics.turns import BACKCHANNEL, FLOOR, TurnTaking, ipus
from meeting_assets.schema.lineage import derived_from

# Start and end in microseconds, and the place of who speaks.
Span: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Interruptions:
    """Somebody starts to talk over others, for longer than happens by chance; column by column."""

    by: Column
    of: Column
    """`NOBODY` where no one of those who are talked over can be named."""
    is_successful: Column
    names: Sequence[str]

    def __len__(self) -> int:
        return len(self.by)


class ParticipantInterruptions(SQLModel):
    """Columns of `participant_metrics`."""

    interruptions_made: int | None = Field(
        description="how often they start strictly inside another's speech (bridged over bridge_s) and overlap it "
        "for more than interruption_grace_s, backchannels left out",
        sa_column_kwargs=derived_from(*FLOOR),
    )
    interruptions_successful: int | None = Field(
        description="of interruptions_made those in which they still speak when the interrupted has ended",
        sa_column_kwargs=derived_from(*FLOOR),
    )
    interruptions_received: int | None = Field(
        description="interruptions in which they, of all who spoke, had started first",
        sa_column_kwargs=derived_from(*FLOOR),
    )
    backchannel_count: int | None = Field(
        description="stretches of speech of at most backchannel_max_s and backchannel_max_words, inside another's "
        "floor or between two stretches of it",
        sa_column_kwargs=derived_from(*FLOOR),
    )


class MeetingInterruptions(SQLModel):
    """Columns of `meeting_metrics`."""

    interruption_count: int | None = Field(
        description="sum of interruptions_made over the participants", sa_column_kwargs=derived_from(*FLOOR)
    )
    backchannel_count: int | None = Field(
        description="sum of backchannel_count over the participants", sa_column_kwargs=derived_from(*FLOOR)
    )


def interruptions(meeting: SpokenMeeting, taking: TurnTaking, parameters: Parameters) -> Interruptions:
    """All of a meeting."""
    return talked_over(
        taking.ipus.at(taking.roles != BACKCHANNEL),
        meeting.known_speech,
        talk_us=meeting.talk_us,
        bridge_us=microseconds(parameters.bridge_s),
        grace_us=microseconds(parameters.interruption_grace_s),
        persons=meeting.persons,
    )


def talked_over(
    units: Stretches,
    speech: Stretches,
    *,
    talk_us: Mapping[str, int],
    bridge_us: int,
    grace_us: int,
    persons: Mapping[str, str] = {},
) -> Interruptions:
    """Which of some IPUs, ordered by start, are interruptions; nobody interrupts another device of the same person.

    Args:
        units: the IPUs, with the names of `speech`.
        speech: the speech that can be interrupted.
        talk_us: per name, the talk time in the meeting.
        bridge_us: speech goes on over shorter gaps.
        grace_us: a shorter overlap is no interruption.
        persons: the person of each name that is one of several devices of it.
    """
    spans = ipus(speech, bridge_us)
    person = _person_places(spans.names, persons)
    if not len(spans):
        return Interruptions(units.who[:0], units.who[:0], units.who[:0], units.names)
    # Of the spans that have begun before a unit: how many, and how many of them go on.
    begun = spans.start.searchsorted(units.start)
    ongoing = begun - np.sort(spans.end).searchsorted(units.start, "right")
    may_be = (ongoing > 0) & (units.end - units.start > grace_us)
    units, begun, ongoing = units.at(may_be), begun[may_be], ongoing[may_be]
    # Which of them ends last, and when.
    reach = np.maximum.accumulate(spans.end)
    last = np.maximum.accumulate(np.where(spans.end == reach, np.arange(len(spans)), 0))[begun - 1]
    until = reach[begun - 1]
    # The hot path: one other speaks, for long enough, or nobody follows them soon enough.
    is_other = (ongoing == 1) & (person[spans.who[last]] != person[units.who])
    is_one = is_other & (until - units.start > grace_us)
    following = spans.start.searchsorted(until + bridge_us) - begun
    is_own_next = person[spans.who[np.minimum(begun, len(spans) - 1)]] == person[units.who]
    is_many = (ongoing > 1) | (is_other & ~is_one & (following > is_own_next))
    among_many = _among_many(
        units.at(is_many),
        begun[is_many],
        spans,
        person.tolist(),
        talk_us=talk_us,
        bridge_us=bridge_us,
        grace_us=grace_us,
    )
    of_one = units.who[is_one], spans.who[last[is_one]], (units.end > until)[is_one]
    by, of, is_successful = (np.concatenate(columns) for columns in zip(of_one, among_many.T, strict=True))
    return Interruptions(by, of, is_successful, units.names)


def _person_places(names: Sequence[str], persons: Mapping[str, str]) -> Column:
    """Per name a number that the names of one person share."""
    first: dict[str, int] = {}
    return np.array(
        [first.setdefault(persons.get(name, f"participant:{name}"), place) for place, name in enumerate(names)]
    )


def _among_many(
    units: Stretches,
    begun: Column,
    spans: Stretches,
    person: Sequence[int],
    *,
    talk_us: Mapping[str, int],
    bridge_us: int,
    grace_us: int,
) -> Column:
    """Those of IPUs in whose way are several others: by whom, of whom, and whether they are successful, row by row."""
    found: list[tuple[int, int, bool]] = []
    # Those in which one of the units starts.
    held = spans.at(units.start.searchsorted(spans.end) > units.start.searchsorted(spans.start, "right"))
    rows = held.placed()
    talk = [talk_us.get(name, 0) for name in spans.names]
    underway: list[Span] = []
    known = 0
    for following, (start, end, speaker) in zip(begun.tolist(), units.placed(), strict=True):
        while known < len(rows) and rows[known][0] < start:
            underway.append(rows[known])
            known += 1
        underway = [span for span in underway if span[1] > start]
        others = [span for span in underway if person[span[2]] != person[speaker]]
        if not others:
            continue
        stops_us = until = max([until for _, until, _ in others])
        # Others may take over from each other; only as far as it matters.
        while until - start <= grace_us and following < len(spans) and spans.start[following] - until < bridge_us:
            if person[spans.who[following]] != person[speaker]:
                until = max(until, int(spans.end[following]))
            following += 1
        if until - start > grace_us:
            victim = _first(others, talk)
            if victim:
                stops_us = victim[1]
            found.append((speaker, victim[2] if victim else NOBODY, end > stops_us))
    return np.array(found, int).reshape(-1, 3)


def participant_interruptions(meeting: SpokenMeeting, taking: TurnTaking, found: Interruptions) -> dict[str, Columns]:
    """The columns of `ParticipantInterruptions` for each of the people."""
    if meeting.timing_source is None:
        return {key: dict.fromkeys(ParticipantInterruptions.model_fields) for key in meeting.people}
    made = counted(found.by, found.names)
    successful = counted(found.by[found.is_successful > 0], found.names)
    received = counted(found.of[found.of != NOBODY], found.names)
    backchannels = counted(taking.ipus.who[taking.roles == BACKCHANNEL], taking.ipus.names)
    return {
        key: {
            "interruptions_made": made.get(key, 0),
            "interruptions_successful": successful.get(key, 0),
            "interruptions_received": received.get(key, 0),
            "backchannel_count": backchannels.get(key, 0),
        }
        for key in meeting.people
    }


def meeting_interruptions(meeting: SpokenMeeting, taking: TurnTaking, found: Interruptions) -> Columns:
    """The columns of `MeetingInterruptions`."""
    if meeting.timing_source is None:
        return dict.fromkeys(MeetingInterruptions.model_fields)
    return {"interruption_count": len(found), "backchannel_count": int(np.count_nonzero(taking.roles == BACKCHANNEL))}


def _first(spans: Sequence[Span], talk_us: Sequence[int]) -> Span | None:
    """Of spans in order the one that started first; of several that of who talks most, None if two do."""
    if len(spans) == 1 or spans[0][0] < spans[1][0]:
        return spans[0]
    first, second = sorted(spans, key=lambda span: (span[0], -talk_us[span[2]]))[:2]
    is_tie = first[0] == second[0] and talk_us[first[2]] == talk_us[second[2]]
    return None if is_tie else first
