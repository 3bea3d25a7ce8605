"""Explains every difference to `call-ai-metrics` in real meetings; `support.call_ai_rules` has the rules of both.

Three facts hold for each meeting: by the rules of the tool our code gives the tool's values; by our rules it gives our
published values; and each value that differs changes with one of the named rules on the way.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from meeting_assets.metrics.analysis import MeetingAnalysis, analyse
from meeting_assets.metrics.parameters import Parameters
from meeting_assets_tests.metrics.test_reference_values import meetings
from meeting_assets_tests.support.call_ai_rules import KINDS, TOOL, explained, values_by
from meeting_assets_tests.support.corpora import MEETINGS, REPOSITORY, document, meeting_in
from meeting_assets_tests.support.meeting_builder import meeting_of, said

COUNTS = {
    "turn_count": "turns",
    "reply_count": "replies",
    "interruptions_made": "interruptions",
    "interruptions_received": "interrupted",
    "backchannel_count": "backchannels",
}
TIMES = {
    "mean_turn_s": "mean_turn_s",
    "longest_monologue_s": "longest_monologue_s",
    "response_latency_s": "response_latency_s",
}
TWO_SPEAKERS = [folder for folder in MEETINGS if document(folder / "oracle.json")["n_speakers"] == 2]

pytestmark = pytest.mark.skipif(
    not MEETINGS, reason="no corpora of real meetings; MEETING_ASSETS_CORPORA names their folder"
)


@cache
def analysed(folder: Path) -> MeetingAnalysis:
    return analyse(meeting_in(folder), Parameters())


def reference(folder: Path) -> dict[str, Any]:
    """The tool's values by participant key; counts are those that it finds on whole milliseconds."""
    oracle = document(folder / "oracle.json")
    floats, counts = oracle["call_ai_metrics"]["speakers"], oracle["call_ai_metrics_integer_ms"]["speakers"]
    keys = {name: str(key) for name, key in oracle["participant_ids"].items()}
    return {keys[name]: floats[name] | counts[name] for name in keys.keys() & counts.keys()}


def has_stable_ties(folder: Path) -> bool:
    """Whether the tool decides every tie on seconds as on milliseconds; it gives times on seconds alone."""
    oracle = document(folder / "oracle.json")
    floats, counts = oracle["call_ai_metrics"]["speakers"], oracle["call_ai_metrics_integer_ms"]["speakers"]
    return all(floats[name] | row == floats[name] for name, row in counts.items())


@meetings(MEETINGS)
def test_rules_of_the_tool_give_the_values_of_the_tool(folder: Path) -> None:
    values = values_by(analysed(folder), TOOL)

    for key, row in reference(folder).items():
        for column, name in COUNTS.items():
            assert values[key, column] == row[name], (key, column)
        if has_stable_ties(folder):
            for column, name in TIMES.items():
                # The tool gives 0 as the length of the turns of a speaker without turns.
                assert (values[key, column] or 0) == pytest.approx(row[name] or 0, abs=1e-3), (key, column)


def test_one_meeting_has_a_tie_that_the_tool_decides_both_ways() -> None:
    assert [folder.name for folder in MEETINGS if not has_stable_ties(folder)] == ["IS1009c"]


@meetings(MEETINGS)
def test_every_difference_to_the_tool_has_a_named_kind(folder: Path) -> None:
    meeting = analysed(folder)

    theirs, ours, kinds = explained(meeting)

    for (key, column), value in ours.items():
        assert value == meeting.participants[key][column], (key, column)
    assert all(kinds[name] for name, value in ours.items() if value != theirs[name])


def test_documentation_states_the_number_of_differences_of_each_kind() -> None:
    changed: Counter[tuple[str, str]] = Counter()
    differing: Counter[str] = Counter()
    for folder in MEETINGS:
        theirs, ours, kinds = explained(analysed(folder))
        for name, value in ours.items():
            if value != theirs[name]:
                differing[name[1]] += 1
                changed.update((kind, name[1]) for kind in kinds[name])

    columns = [*COUNTS, *TIMES]
    assert sum(differing.values()) > 0
    table = [f"| {kind} | " + " | ".join(str(changed[kind, column]) for column in columns) + " |" for kind in KINDS]
    table += ["| all differing values | " + " | ".join(str(differing[column]) for column in columns) + " |"]
    prose = (REPOSITORY / "docs" / "metrics.md").read_text()
    assert [row for row in table if row not in prose] == []


def test_two_rules_for_the_floor_can_differ_between_two_speakers() -> None:
    """Ann pauses for 0.22 s: the tool bridges the pause, so that bo's speech is inside; here ann's IPU has ended."""
    meeting = analyse(meeting_of(said("ann", 0, 10), said("ann", 10.22, 20), said("bo", 5, 12)), Parameters())

    theirs, ours, kinds = explained(meeting)

    assert (theirs["bo", "turn_count"], ours["bo", "turn_count"]) == (0, 1)
    assert kinds["bo", "turn_count"] == ["merged speech"]


@meetings(TWO_SPEAKERS)
def test_two_rules_for_the_floor_agree_in_these_meetings_of_two(folder: Path) -> None:
    _, _, kinds = explained(analysed(folder))

    assert not any("merged speech" in own for own in kinds.values())
