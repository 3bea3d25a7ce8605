"""The rules of `call-ai-metrics` and ours for turns, interruptions and backchannels, switchable one at a time.

`TOOL` are the rules of the tool; each entry of `KINDS` replaces one of them by ours, and all together give our
published metrics. A value that differs between the tool and us is explained by the entries at which it changes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from meeting_assets.metrics.analysis import MeetingAnalysis
from meeting_assets.metrics.arithmetic import median, ratio, seconds_or_none
from meeting_assets.metrics.floor import (
    Response,
    Role,
    floor_roles,
    is_asked,
    ordered_ipus,
    responses_of,
    switches_of,
    turns_of,
)
from meeting_assets.metrics.interruptions import (
    Interruption,
    first_per_overlap,
    interruptions_among,
    simultaneous_talk,
)
from meeting_assets.metrics.listening import listening_words
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.timeline.intervals import Interval, bridged, to_microseconds, to_seconds, union
from meeting_assets.metrics.timeline.speech_segments import SpeechSegment, segments_in_order
from meeting_assets.metrics.timing import LEAST_VALUES, latencies_us

OURS = Parameters()
BRIDGE_US = to_microseconds(OURS.bridge_s)
EDGE_US = to_microseconds(OURS.backchannel_edge_s)
GRACE_US = to_microseconds(OURS.interruption_grace_s)

Values: TypeAlias = Mapping[tuple[str, str], float | None]
"""By participant_key and column of `participant_metrics`."""


@dataclass(frozen=True)
class Rules:
    """Definitions in which the tool and we differ; the defaults are those of the tool."""

    is_merged: bool = True
    """Others hold the floor together, and speech that starts in the pause of one of them interrupts the first other."""
    ipu_gap_us: int = 1
    by_words: bool = False
    """IPUs with known words are backchannels by their words. Otherwise short overlaps are, and hold no floor."""
    by_floor: bool = False
    """IPUs with unknown words are backchannels by the floor. Otherwise short overlaps are."""
    dead_air_us: int = 3_000_001
    resumption_us: int = 0
    is_once_per_overlap: bool = False
    least_values: int = 1
    is_unknown_in_single_streams: bool = False


TOOL = Rules()
KINDS: Mapping[str, Mapping[str, Any]] = {
    "merged speech": {"is_merged": False},
    "inter-pausal units": {"ipu_gap_us": to_microseconds(OURS.ipu_gap_s)},
    "backchannel by words": {"by_words": True},
    "backchannel by floor": {"by_floor": True},
    "dead air": {"dead_air_us": to_microseconds(OURS.dead_air_s)},
    "resumption": {"resumption_us": to_microseconds(OURS.resumption_pause_s)},
    "one per stretch": {"is_once_per_overlap": True},
    "fewer than five values": {"least_values": LEAST_VALUES},
    "single stream": {"is_unknown_in_single_streams": True},
}
"""The difference, and the rule of ours that makes it."""


def explained(meeting: MeetingAnalysis) -> tuple[Values, Values, dict[tuple[str, str], list[str]]]:
    """Values by the rules of the tool, by ours, and the kinds of difference that change each value on the way."""
    rules, first = TOOL, values_by(meeting, TOOL)
    before, kinds = first, defaultdict(list)
    for kind, ours in KINDS.items():
        rules = replace(rules, **ours)
        after = values_by(meeting, rules)
        for name, value in after.items():
            if value != before[name]:
                kinds[name].append(kind)
        before = after
    return first, before, kinds


def values_by(meeting: MeetingAnalysis, rules: Rules) -> Values:
    """The columns of each speaker of a meeting by some rules."""
    speech, talk_us = meeting.spoken.known_speech, meeting.spoken.talk_us
    ipus, tied = ordered_ipus(segments_in_order(speech, gap_us=rules.ipu_gap_us), talk_us)
    responses = _responses(meeting, ipus, rules)
    roles = floor_roles(
        ipus,
        tied=tied,
        responses=responses,
        is_asked=lambda holder, ipu: is_asked(meeting.words, holder, ipu),
        edge_us=EDGE_US,
    )
    is_known = not (rules.is_unknown_in_single_streams and meeting.spoken.is_single_stream)
    found = _interruptions(meeting, ipus, roles, rules)
    made = Counter(each.interrupter for each in found)
    received = Counter(each.interrupted for each in found)
    backchannels = Counter(ipu.speaker for ipu in _backchannels(meeting, ipus, roles, rules))
    values: dict[tuple[str, str], float | None] = {}
    for key in speech:
        values[key, "interruptions_made"] = made[key] if is_known else None
        values[key, "interruptions_received"] = received[key] if is_known else None
        values[key, "backchannel_count"] = backchannels[key]
    return values | _turn_values(meeting, ipus, roles, rules, is_known=is_known)


def underway(spans: Sequence[Interval], at_us: int) -> Interval | None:
    """The span that begins before an instant and continues after it."""
    index = bisect_left(spans, (at_us, at_us)) - 1
    return spans[index] if index >= 0 and spans[index][1] > at_us else None


def inside_others(
    meeting: MeetingAnalysis, ipus: Sequence[SpeechSegment]
) -> Iterator[tuple[SpeechSegment, Interval | None]]:
    """Each IPU with the interval of all others' merged speech in which it starts."""
    speech = meeting.spoken.known_speech
    others = {
        key: bridged(union(each for other in speech if other != key for each in speech[other]), BRIDGE_US)
        for key in speech
    }
    return ((ipu, underway(others[ipu.speaker], ipu.start_us)) for ipu in ipus)


def _responses(meeting: MeetingAnalysis, ipus: Sequence[SpeechSegment], rules: Rules) -> list[Response]:
    words = listening_words(meeting.spoken.given.language_codes)
    in_force = {Response.BY_WORDS: rules.by_words, Response.BY_FLOOR: rules.by_floor, Response.NONE: False}
    responses = responses_of(ipus, meeting.words, words, OURS)
    return [response if in_force[response] else Response.NONE for response in responses]


def _turn_values(
    meeting: MeetingAnalysis, ipus: Sequence[SpeechSegment], roles: Sequence[Role], rules: Rules, *, is_known: bool
) -> dict[tuple[str, str], float | None]:
    on_floor = [ipu for ipu, role in zip(ipus, roles, strict=True) if role is Role.TURN]
    if rules.is_merged:
        inside = inside_others(meeting, ipus)
        on_floor = [ipu for ipu, others in inside if others is None or ipu.end_us > others[1] + EDGE_US]
    turns = turns_of(on_floor, rules.dead_air_us)
    latencies = latencies_us(switches_of(turns))
    values: dict[tuple[str, str], float | None] = {}
    for key in meeting.spoken.known_speech:
        lengths_us = [turn.length_us for turn in turns if turn.speaker == key]
        own = latencies.get(key, [])
        values[key, "turn_count"] = len(lengths_us)
        values[key, "reply_count"] = len(own)
        values[key, "mean_turn_s"] = ratio(to_seconds(sum(lengths_us)), len(lengths_us))
        values[key, "longest_monologue_s"] = seconds_or_none(max(lengths_us, default=None))
        has_median = is_known and len(own) >= rules.least_values
        values[key, "response_latency_s"] = seconds_or_none(median(own)) if has_median else None
    return values


def _interruptions(
    meeting: MeetingAnalysis, ipus: Sequence[SpeechSegment], roles: Sequence[Role], rules: Rules
) -> list[Interruption]:
    speech, persons = meeting.spoken.known_speech, meeting.spoken.persons
    found = interruptions_among(
        [ipu for ipu, role in zip(ipus, roles, strict=True) if role is not Role.BACKCHANNEL],
        segments_in_order(speech, gap_us=BRIDGE_US),
        persons=persons,
        bridge_us=BRIDGE_US,
        grace_us=GRACE_US,
        resumption_us=rules.resumption_us,
    )
    if rules.is_merged:
        found += _in_merged_speech_alone(meeting, ipus)
    if rules.is_once_per_overlap:
        found = first_per_overlap(found, simultaneous_talk(segments_in_order(speech, gap_us=BRIDGE_US)), persons)
    return found


def _in_merged_speech_alone(meeting: MeetingAnalysis, ipus: Sequence[SpeechSegment]) -> list[Interruption]:
    """IPUs that interrupt the merged speech of others, but start in the speech of no single speaker.

    The tool says that the first speaker of the meeting, or the second if the first interrupts, is interrupted.
    """
    speech = {key: bridged(own, BRIDGE_US) for key, own in meeting.spoken.known_speech.items()}
    order = sorted(speech, key=lambda key: speech[key][0][0])
    return [
        Interruption(ipu.start_us, ipu.speaker, next(key for key in order if key != ipu.speaker), False)
        for ipu, others in inside_others(meeting, ipus)
        if others is not None
        and min(ipu.end_us, others[1]) - ipu.start_us > GRACE_US
        and not any(underway(spans, ipu.start_us) for key, spans in speech.items() if key != ipu.speaker)
    ]


def _backchannels(
    meeting: MeetingAnalysis, ipus: Sequence[SpeechSegment], roles: Sequence[Role], rules: Rules
) -> Iterator[SpeechSegment]:
    texts = meeting.words.texts_in(ipus, most_words=OURS.backchannel_max_words)
    for (ipu, others), role, text in zip(inside_others(meeting, ipus), roles, texts, strict=True):
        is_ours = rules.by_floor if text is None else rules.by_words
        is_short_overlap = (
            others is not None
            and ipu.end_us <= others[1] + EDGE_US
            and min(ipu.end_us, others[1]) - ipu.start_us <= GRACE_US
        )
        if role is Role.BACKCHANNEL if is_ours else is_short_overlap:
            yield ipu
