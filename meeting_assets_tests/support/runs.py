"""Runs of Dagster that must succeed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import dagster as dg

from meeting_assets.orchestration.runs import RunOutcome, run_days
from meeting_assets_tests.support.snapshots import fill_once


def run_successfully(defs: dg.Definitions, days: Sequence[date], **options: Any) -> RunOutcome:
    """Runs days like `run_days`. A run that fails or ends early fails the test here, with the reasons."""
    outcome = run_days(defs, days, **options)
    assert outcome.succeeded, f"the run of {', '.join(map(str, days))} did not succeed: {outcome.faults or 'no reason'}"
    return outcome


def run_once(name: str, defs: dg.Definitions, days: Sequence[date]) -> RunOutcome:
    """Runs days in a home without runs, or copies the home after the first call with this name."""
    return fill_once(name, lambda: run_successfully(defs, days))
