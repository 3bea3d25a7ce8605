from __future__ import annotations

import string
import subprocess
import sys
from dataclasses import Field, fields
from datetime import UTC, datetime
from typing import Any

import pytest

from meeting_assets.core.errors import SettingsError
from meeting_assets.metrics import parameters
from meeting_assets.metrics.parameters import LedgerEntry, Parameters, inputs_hash

LEDGER: list[LedgerEntry] = [
    ("speaker_timeline", "a1", "parsed", "ab" * 32, "1"),
    ("transcript", "t1", "parsed", "cd" * 32, "2"),
    ("video_separate", "", "absent", None, None),
]
FACTS: dict[str, Any] = {
    "duration_s": 60.0,
    "started_at": None,
    "scheduled_at": None,
    "bot_names": ["Recorder", "Notes"],
    "config_version": "c",
    "corrections": [("label:A", "assign", "100"), ("100", "name", "Ada")],
}


def test_the_order_of_ledger_rows_and_names_does_not_matter() -> None:
    same = {"bot_names": ["Notes", "Recorder"], "corrections": FACTS["corrections"][::-1]}
    reordered = inputs_hash(reversed(LEDGER), **(FACTS | same))

    assert reordered == inputs_hash(LEDGER, **FACTS)


@pytest.mark.parametrize(
    "change",
    [
        {"duration_s": 61.0},
        {"duration_s": None},
        {"started_at": datetime(2026, 1, 5, 9, tzinfo=UTC)},
        {"scheduled_at": datetime(2026, 1, 5, 9, tzinfo=UTC)},
        {"bot_names": []},
        {"config_version": "d"},
        {"corrections": []},
        {"corrections": [("label:A", "assign", "200"), ("100", "name", "Ada")]},
        {"corrections": [("label:A", "same_as", "100"), ("100", "name", "Ada")]},
        {"corrections": [("label:B", "assign", "100"), ("100", "name", "Ada")]},
    ],
    ids=str,
)
def test_every_input_changes_the_inputs_hash(change: dict[str, Any]) -> None:
    assert inputs_hash(LEDGER, **(FACTS | change)) != inputs_hash(LEDGER, **FACTS)


@pytest.mark.parametrize("changed_field", range(5))
def test_every_field_of_a_ledger_row_changes_the_inputs_hash(changed_field: int) -> None:
    changed: Any = [*LEDGER[:2], tuple("other" if field == changed_field else LEDGER[2][field] for field in range(5))]

    assert inputs_hash(changed, **FACTS) != inputs_hash(LEDGER, **FACTS)


def test_an_additional_ledger_row_changes_the_inputs_hash() -> None:
    assert inputs_hash(LEDGER[:2], **FACTS) != inputs_hash(LEDGER, **FACTS)


def test_the_version_of_the_metrics_is_an_input(monkeypatch: pytest.MonkeyPatch) -> None:
    before = inputs_hash(LEDGER, **FACTS)

    monkeypatch.setattr(parameters, "METRICS_VERSION", "other")

    assert inputs_hash(LEDGER, **FACTS) != before


def test_other_parameters_have_another_name() -> None:
    names = {
        Parameters().config_version,
        Parameters(timing_source="words").config_version,
        Parameters(timing_source="speech_events").config_version,
    }

    assert len(names) == 3
    assert all(len(name) == 12 and set(name) <= set(string.hexdigits) for name in names)


@pytest.mark.parametrize("field", [field for field in fields(Parameters) if isinstance(field.default, float | int)])
def test_every_parameter_can_be_set_and_makes_another_name(field: Field[Any]) -> None:
    value = 0.5 if field.name in {"attributed_share", "label_share", "label_margin"} else 77

    changed = Parameters.of("speaker_timeline", {field.name: value})

    assert getattr(changed, field.name) == value
    assert changed.config_version != Parameters().config_version


def test_what_is_not_set_stays_as_it_is() -> None:
    assert Parameters.of("words", {}) == Parameters(timing_source="words")


def test_own_domains_make_another_name_in_whatever_order_they_are_given() -> None:
    one, other = (Parameters.of("words", {}, domains) for domains in (["a.example", "b.example"], ["b.example"]))

    assert Parameters.of("words", {}, ["b.example", "a.example", "a.example"]) == one
    assert len({one.config_version, other.config_version, Parameters.of("words", {}).config_version}) == 3


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"turn_gap": 3}, "there is no turn_gap"),
        ({"timing_source": 3}, "there is no timing_source"),
        ({"own_domains": 3}, "there is no own_domains"),
        ({"bridge_s": -1}, "bridge_s must be from 0 to 86400"),
        ({"bridge_s": float("nan")}, "bridge_s must be"),
        ({"window_step_s": 0.5}, "window_step_s must be from 1 to 86400"),
    ],
)
def test_invalid_parameter_is_rejected_with_the_valid_choices(given: dict[str, float], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        Parameters.of("speaker_timeline", given)


def test_the_name_of_parameters_is_the_same_in_every_process() -> None:
    program = "from meeting_assets.metrics.parameters import Parameters; print(Parameters().config_version)"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert printed.strip() == Parameters().config_version
